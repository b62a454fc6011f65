package oracle

import (
	"fmt"
	"maps"
	"slices"
)

// KPI is one of the catalogue, as rule 12.4, 12.5 and those after 13 write it.
type KPI struct {
	ID          string
	ByAgent     bool // marked a
	Default     []string
	Definitions map[string]Formula
}

// Formula reads one definition. Exactly one of its functions is set.
type Formula struct {
	Metrics   []int // that the number rests on
	Whole     []int // that it rests on as they are in all groups together
	Read      func(s Sums) Reading
	Now       func(open []Open) Reading
	Customers func(s Sums, w Window) (Reading, error)
	Ask       func(q question) (Reading, error)
	Current   bool // Ask answers windows that end now and whole days only
	Desks     bool // Now reads agents
	RollUps   bool // it reads moments that count in their own roll-up alone
}

// Sums are the moments of a group in a window, by metric.
type Sums map[int][]Moment

// N is how many there are of some metrics together.
func (s Sums) N(metrics ...int) int64 {
	var n int64
	for _, m := range metrics {
		n += int64(len(s[m]))
	}
	return n
}

var catalog = map[string]*KPI{}

// add enters a KPI; every family has a file of its own that does.
func add(k KPI) { catalog[k.ID] = &k }

// IDs are those of all KPIs, ascending.
func IDs() []string { return slices.Sorted(maps.Keys(catalog)) }

// Definitions are those of a KPI, ascending.
func Definitions(id string) []string {
	if k := catalog[id]; k != nil {
		return slices.Sorted(maps.Keys(k.Definitions))
	}
	return nil
}

// ByAgent says whether a KPI can be read by agent, Instant whether a definition is about now.
func ByAgent(id string) bool { return catalog[id] != nil && catalog[id].ByAgent }

// Instant says whether a KPI is about now.
func Instant(id string) bool {
	k := catalog[id]
	if k == nil {
		return false
	}
	for _, d := range k.Definitions {
		return d.Now != nil
	}
	return false
}

// Distinct says whether a KPI counts customers, each once in a window.
func Distinct(id string) bool {
	k := catalog[id]
	if k == nil {
		return false
	}
	for _, d := range k.Definitions {
		return d.Customers != nil || d.Current
	}
	return false
}

func find(id, definition string) (*KPI, Formula, error) {
	k := catalog[id]
	if k == nil {
		return nil, Formula{}, fmt.Errorf("the oracle has no KPI %q; it knows %v", id, IDs())
	}
	f, ok := k.Definitions[definition]
	if !ok {
		return nil, Formula{}, fmt.Errorf("KPI %s has no definition %q; it has %v", id, definition, Definitions(id))
	}
	return k, f, nil
}

// total counts the moments of some metrics.
func total(metrics ...int) Formula {
	return Formula{Metrics: metrics, Read: func(s Sums) Reading { return countOf(s.N(metrics...)) }}
}

// of is the share of some metrics in others.
func of(part, whole []int) Formula {
	return Formula{Metrics: append(slices.Clone(part), whole...), Read: func(s Sums) Reading { return shareOf(s.N(part...), s.N(whole...)) }}
}

// durations are those of some metrics together.
func durations(metrics ...int) Formula {
	return Formula{Metrics: metrics, Read: func(s Sums) Reading {
		var list []int64
		for _, m := range metrics {
			for _, x := range s[m] {
				list = append(list, x.Value)
			}
		}
		return durationsOf(list)
	}}
}

// only makes the one definition most KPIs have.
func only(f Formula) map[string]Formula { return map[string]Formula{"default": f} }
