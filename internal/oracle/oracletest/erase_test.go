package oracletest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// naming lists where a state holds a text, apart from the rules of tenants.
func naming(m fold.Memory, text string) (where []string) {
	for key, fields := range m {
		for field, b := range fields {
			if field == "policies" || field == "params" {
				continue
			}
			if strings.Contains(key, text) || strings.Contains(field, text) || bytes.Contains(b, []byte(text)) {
				where = append(where, key+" "+field)
			}
		}
	}
	return where
}

// panes are the cells of the first stage, whose numbers no erasure may change.
func panes(m fold.Memory) fold.Memory {
	out := fold.Memory{}
	for key, fields := range m {
		if strings.HasPrefix(key, "p:") {
			out[key] = fields
		}
	}
	return out
}

// TestErasedNowhere erases every customer of random logs, wherever their conversations stand by then: nothing in the state of either stage names them, and everything that conversations
// counted stays. VIGIA_ORACLE_ERASED sets the number of logs.
func TestErasedNowhere(t *testing.T) {
	logs := 8
	if s, err := strconv.Atoi(os.Getenv("VIGIA_ORACLE_ERASED")); err == nil {
		logs = s
	}
	erased := 0
	for n := range logs {
		log := visits(uint64(n), 40, 25*day, map[string]bool{})
		at, names := int64(0), map[string]bool{}
		for _, r := range log {
			switch b := r.Body.(type) {
			case event.Tick:
				at = b.At
			case *event.Event:
				if b.Customer != "" {
					names[b.Customer] = true
				}
				if c, ok := b.Body.(event.CustomerIdentity); ok && c.Survivor != "" {
					names[c.Survivor] = true
				}
			}
		}
		first, second, _, _, _ := engine(t, log, false)
		if len(naming(first, "cust")) == 0 || len(naming(second, "cust")) == 0 {
			t.Fatalf("log %d: nothing to erase", n)
		}
		offset := log[len(log)-1].Offset
		for name := range names {
			offset++
			log = append(log, oracle.Placed{Offset: offset, Body: &event.Event{
				ID: fmt.Sprint("erase", name), Tenant: "t", Source: event.Source{Connector: "http"}, At: at, ReceivedAt: at, Customer: name, Actor: event.BySystem, Channel: event.Other,
				Body: event.CustomerIdentity{Change: event.IdentityErased},
			}})
		}
		erased += len(names)
		gone, forgotten, _, _, _ := engine(t, log, false)
		for stage, m := range []fold.Memory{gone, forgotten} {
			if where := naming(m, "cust"); len(where) > 0 {
				t.Fatalf("log %d: %d places of stage %d still name somebody: %v", n, len(where), stage+1, where)
			}
		}
		if d := cmp.Diff(panes(first), panes(gone)); d != "" {
			t.Fatalf("log %d: what conversations counted (-before +after):\n%s", n, d)
		}
	}
	t.Logf("%d customers erased", erased)
}
