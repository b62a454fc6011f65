package exporter

import (
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/window"
)

// panes adds up other windows, and parts of what is being answered, for derived definitions: each once for all groups and KPIs of an answer. It is for one goroutine.
type panes struct {
	s        *snapshot
	family   window.Family
	sums     map[string]*window.Sum
	quarters map[string]*quarters
}

// quarters are counts by quarter of an hour.
type quarters struct {
	counts map[window.Group][]int64
	ok     bool
}

// source returns the source of a family's panes. What it is asked for must lie in the stretches that were read.
func (s *snapshot) source(f window.Family) *panes {
	if s.sources == nil {
		s.sources = map[window.Family]*panes{}
	}
	if s.sources[f] == nil {
		s.sources[f] = &panes{s, f, map[string]*window.Sum{}, map[string]*quarters{}}
	}
	return s.sources[f]
}

// Sum implements [kpi.Source].
func (p *panes) Sum(by []window.Dimension, from, to int64) *window.Sum {
	key := fmt.Sprint(by, from, to)
	if sum := p.sums[key]; sum != nil {
		return sum
	}
	var sum *window.Sum
	if every := window.Dimensions; p.family == window.Activity || slices.Equal(by, every) {
		sum = p.add(by, from, to)
	} else {
		// First by all that there is, for which many panes are read; other groupings are made of that. (Distinct customers don't add up.)
		sum = window.NewSum(p.family, by, from, to, p.s.zone)
		sum.Merge(p.Sum(every, from, to))
	}
	p.sums[key] = sum
	return sum
}

func (p *panes) add(by []window.Dimension, from, to int64) *window.Sum {
	from, to = window.Round(from, to, p.s.boundary, p.s.zone)
	for {
		sum, a, z := p.s.sum(p.family, by, from, to)
		if a == from && z == to {
			return sum
		}
		from, to = a, z // panes that are being moved up right now: take them in whole
	}
}

// Quarters implements [kpi.Source].
func (p *panes) Quarters(m window.Metric, by []window.Dimension, from, to int64) (map[window.Group][]int64, bool) {
	key := fmt.Sprint(m, by, from, to)
	q := p.quarters[key]
	if q == nil {
		// First by all that there is, which is much, then by less of it.
		whole := fmt.Sprint(m, from, to)
		all := p.quarters[whole]
		if all == nil {
			all = p.count(m, from, to)
			p.quarters[whole] = all
		}
		q = &quarters{map[window.Group][]int64{}, all.ok}
		for g, counts := range all.counts {
			of := g.By(by)
			if q.counts[of] == nil {
				q.counts[of] = make([]int64, len(counts))
			}
			for i, n := range counts {
				q.counts[of][i] += n
			}
		}
		p.quarters[key] = q
	}
	return q.counts, q.ok
}

// count counts a metric by quarter and group.
func (p *panes) count(m window.Metric, from, to int64) *quarters {
	q := &quarters{map[window.Group][]int64{}, true}
	for _, x := range p.s.blocks[p.family] {
		known := x.block.Quarters(m, from, to, p.s.zone, func(at int64, g window.Group, n int64) {
			if q.counts[g] == nil {
				q.counts[g] = make([]int64, (to-from)/window.MediumPane)
			}
			q.counts[g][(at-from)/window.MediumPane] += n
		})
		q.ok = q.ok && known
	}
	return q
}
