package fold

import (
	"maps"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// Standing is what the state of a slot says of itself: how far it has come, and what became of the records.
type Standing struct {
	T, Boundary  int64 // newest time folded; time up to which panes are moved
	Truncated    bool  // it began, or goes on after a loss, where the log no longer reaches back
	Restated     bool
	RestateAt    int64 // the first tick from this offset on looked at everything once more; -1 none did
	LostN        int64 // records that were lost before they were applied
	Counters     map[string]int64
	Sources      map[int32]int64 // stage 2: offset of the newest record of each source whose outputs were applied
	StateLineage int64
}

// StandingOf reads the root of a slot, in the hash "root".
func StandingOf(root map[string][]byte) (Standing, error) {
	r, err := decodeRoot(root["r"])
	if err != nil {
		return Standing{}, err
	}
	s := Standing{T: r.T, Boundary: r.Boundary, Truncated: r.Start.Truncated, Restated: r.Restated, RestateAt: r.Start.RestateAt, LostN: r.LostN,
		Counters: maps.Clone(r.counters), Sources: map[int32]int64{}, StateLineage: r.Start.StateLineage}
	for p, x := range r.sources {
		s.Sources[p] = x.last.Offset
	}
	return s, nil
}

// NamesOf reads a list of names of a tenant, a field of the hash "names:" + tenant. full says that there were more.
func NamesOf(b []byte) (list []string, full bool, err error) {
	r := pack.NewReader(b)
	full = r.Bool()
	for n := r.Len(); n > 0; n-- {
		list = append(list, string(r.Blob()))
	}
	return list, full, r.Err()
}

// PoliciesOf reads the versions of a tenant's policy that a slot knows, the field "policies" of the hash "tn:" + tenant: ascending by serial, as they stood in the log.
func PoliciesOf(b []byte) ([]event.Policy, error) {
	t := &tenant{}
	if err := t.decodePolicies(b, &variant{}); err != nil {
		return nil, err
	}
	var out []event.Policy
	for _, p := range t.policies {
		out = append(out, PolicyRecord(p, false))
	}
	return out, nil
}
