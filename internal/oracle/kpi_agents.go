package oracle

import (
	"maps"
	"slices"
)

// otherNames is the name of those without one of their own, rule 12.3.
const otherNames = "__other__"

// Agents: rule 24.
func init() {
	for i, k := range []Kind{Busy, Worked, Idle} {
		metrics = append(metrics, metric{500 + i, summed, func(m Moment) bool { return m.Kind == k }})
	}
	metrics = append(metrics, metric{503, counted, func(m Moment) bool { return m.Kind == Taken }})
	single := func(id string, f Formula) {
		add(KPI{ID: id, ByAgent: true, Default: []string{"default"}, Definitions: only(f)})
	}
	single("occupancy", Formula{Metrics: []int{500, 502}, Read: func(s Sums) Reading {
		r := balanceOf(s.sum(500), s.sum(500)+s.sum(502))
		r.N = s.N(500, 502)
		return r
	}})
	single("concurrency", Formula{Metrics: []int{500, 501}, Read: func(s Sums) Reading {
		r := balanceOf(s.sum(501), s.sum(500))
		r.N = s.N(500)
		return r
	}})
	single("weighted_handle_time", Formula{Metrics: []int{500, 503}, Read: func(s Sums) Reading {
		r := Reading{N: s.N(503), Numerator: s.sum(500), Denominator: s.N(503)}
		if r.N > 0 {
			r.Known, r.Value = true, float64(r.Numerator)/float64(r.N*1000)
		}
		return r
	}})
	add(KPI{ID: "workload_spread", Default: []string{"gini", "max_to_median"}, Definitions: map[string]Formula{
		"gini": spreadOf(func(x []int64) (up, of int64) {
			m := int64(len(x))
			for i, v := range x {
				up += (2*int64(i+1) - (m + 1)) * v
				of += m * v
			}
			return up, of
		}),
		"max_to_median": spreadOf(func(x []int64) (up, of int64) {
			m := len(x)
			return 2 * x[m-1], x[(m-1)/2] + x[m/2]
		}),
	}})
	states := map[string]Formula{}
	for name, state := range map[string]Desk{"available_idle": {Available: true}, "available_busy": {Available: true, Busy: true}, "unavailable_busy": {Busy: true}, "unavailable": {}} {
		states[name] = Formula{Desks: true, Now: func(desks []Open) Reading {
			n := int64(0)
			for _, o := range desks {
				if *o.Desk == state {
					n++
				}
			}
			return countOf(n)
		}}
	}
	add(KPI{ID: "agents_by_state", Default: []string{"available_idle", "available_busy", "unavailable_busy", "unavailable"}, Definitions: states})
}

// OfAgents says whether a moment is one of rule 24, which counts by team and agent alone.
func (m Moment) OfAgents() bool {
	return m.Kind == Busy || m.Kind == Worked || m.Kind == Idle || m.Kind == Taken
}

func (s Sums) sum(metric int) (v int64) {
	for _, m := range s[metric] {
		v += m.Value
	}
	return v
}

// spreadOf reads how many each agent has taken, ascending.
func spreadOf(of func(taken []int64) (up, of int64)) Formula {
	return Formula{Metrics: []int{500, 502, 503}, Read: func(s Sums) Reading {
		taken := map[string]int64{}
		for _, no := range []int{500, 502, 503} {
			for _, m := range s[no] {
				n := int64(0)
				if no == 503 {
					n = 1
				}
				taken[m.Group.Agent] += n
			}
		}
		delete(taken, otherNames)
		r := Reading{N: int64(len(taken))}
		if r.N >= 3 {
			r.Numerator, r.Denominator = of(slices.Sorted(maps.Values(taken)))
		}
		if r.Denominator > 0 {
			r.Known, r.Value = true, float64(r.Numerator)/float64(r.Denominator)
		}
		return r
	}}
}
