package exporter

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// The stages, as slots name them.
const (
	stageInteractions = "i"
	stageCustomers    = "c"
)

// facts is what a slot tells readers beside panes and conversations: about itself, and about one tenant.
type facts struct {
	time       int64 // newest time folded, Unix ms
	boundary   int64 // time of the last finished tick: all of it is counted, panes are moved up to here; 0 = none yet
	incomplete int64 // values of windows that begin before are incomplete, because records were lost

	enrolled bool // the slot knows the tenant
	dir      *window.Dir
	zone     string
	params   string // JSON of the policy in force
	capped   []string
	numbers  kpi.References    // of stage 1
	counts   map[string][]byte // contributions that chunks have had so far, by key
}

// factRefs are what facts are decoded from.
func factRefs(tenant string) []store.Ref {
	tn := "tn:" + tenant
	return []store.Ref{{Key: "pub", Field: "t"}, {Key: "pub", Field: "b"}, {Key: "pub", Field: "inc"}, {Key: tn, Field: "dir"}, {Key: tn, Field: "zone"},
		{Key: tn, Field: "params"}, {Key: tn, Field: "capped"}, {Key: "chg:" + tenant}, {Key: "ref:" + tenant}}
}

const factCount = 9 // the length of factRefs

func decodeFacts(v []store.Value) (f facts, err error) {
	for i, into := range []*int64{&f.time, &f.boundary, &f.incomplete} {
		if !v[i].Found {
			continue
		}
		n, used := binary.Varint(v[i].Blob)
		if used <= 0 {
			return f, fmt.Errorf("field %d of the slot's public facts is damaged: restore a snapshot or rebuild the partition", i)
		}
		*into = n
	}
	f.enrolled = v[4].Found
	if f.dir, err = window.DecodeDir(v[3].Blob); err != nil {
		return f, err
	}
	f.zone, f.params = string(v[4].Blob), string(v[5].Blob)
	if capped := string(v[6].Blob); capped != "" {
		f.capped = strings.Split(capped, ",")
	}
	f.counts = v[7].Fields
	for field, b := range v[8].Fields {
		name, ok := kpi.ParseReferenceName(field)
		if !ok {
			continue // of a newer version
		}
		if f.numbers == nil {
			f.numbers = kpi.References{}
		}
		if f.numbers[name], err = kpi.DecodeHistory(b); err != nil {
			return f, fmt.Errorf("reference number %s is damaged: restore a snapshot or rebuild the partition: %w", name.Type, err)
		}
	}
	return f, nil
}

// changes returns how many contributions a chunk has had. Within a lineage, a chunk that had as many is the same.
func (f *facts) changes(key string) (n int64, ok bool) {
	n, used := binary.Varint(f.counts[key])
	return n, used > 0
}
