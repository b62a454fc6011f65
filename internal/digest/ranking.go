package digest

import (
	"cmp"
	"math"
	"slices"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// ranked are the KPIs by which groups are compared.
var ranked = []string{"service_level", "sla_compliance", "first_response_time", "resolution_time", "abandon_rate", "csat", "fcr", "reopen_rate"}

// Ranking is the best and the worst group by one measure.
type Ranking struct {
	Best  kpi.Value `json:"best"`
	Worst kpi.Value `json:"worst"`
	// Groups is how many groups had [LeastN] contributions.
	Groups int `json:"groups"`
	// Apart says whether the 95 % intervals of the two lie apart; null where there are none, as of durations.
	Apart *bool `json:"apart"`
}

// rankings compares groups by what has a better direction. What has fewer than two groups of enough contributions, or no difference, is not ranked.
func (d *Digest) rankings(groups []kpi.Value) {
	for _, id := range ranked {
		def, err := kpi.ByID(id)
		if err != nil || def.Better == kpi.Neither {
			continue
		}
		for _, definition := range def.Definitions {
			var list []kpi.Value
			for _, v := range groups {
				name := v.Group[d.By]
				if v.KPI == id && v.Definition == definition.ID && v.Value.Known() && v.N >= LeastN && name != "" && name != window.Overflow {
					list = append(list, v)
				}
			}
			if len(list) < 2 {
				continue
			}
			slices.SortStableFunc(list, func(a, b kpi.Value) int {
				if def.Better == kpi.Higher {
					a, b = b, a
				}
				return cmp.Compare(a.Value.Float(), b.Value.Float())
			})
			r := Ranking{Best: list[0], Worst: list[len(list)-1], Groups: len(list)}
			if r.Best.Value == r.Worst.Value {
				continue
			}
			r.Apart = apart(&r.Best, &r.Worst)
			d.Rankings = append(d.Rankings, r)
		}
	}
}

// apart reports whether the intervals of two values do not touch; nil when they have none.
func apart(a, b *kpi.Value) *bool {
	if !a.Low.Known() || !a.High.Known() || !b.Low.Known() || !b.High.Known() {
		return nil
	}
	return new(a.Low.Float() > b.High.Float() || b.Low.Float() > a.High.Float())
}

// Busiest are the quarter hours of a typical week in which most conversations start.
type Busiest struct {
	// N is how many conversations of four weeks the profile rests on.
	N int64 `json:"n"`
	// To is the instant before whose day these four weeks lie, RFC 3339.
	To       string     `json:"to"`
	Complete bool       `json:"complete"`
	Steps    []kpi.Step `json:"steps"`
}

// mostBusy is how many quarter hours are named.
const mostBusy = 5

// busiest takes the highest steps of the profile; of equal ones the earlier. A quarter in which usually nothing starts is none.
func (d *Digest) busiest(profile []kpi.Value) {
	if len(profile) == 0 || len(profile[0].Series) == 0 {
		return
	}
	v := &profile[0]
	b := &Busiest{N: v.N, To: v.To, Complete: v.Complete, Steps: []kpi.Step{}}
	steps := slices.Clone(v.Series)
	slices.SortStableFunc(steps, func(a, b kpi.Step) int { return cmp.Compare(known(b.Value), known(a.Value)) })
	for _, s := range steps[:min(mostBusy, len(steps))] {
		if known(s.Value) > 0 {
			b.Steps = append(b.Steps, s)
		}
	}
	d.Busiest = b
}

// known is a number, 0 when there is none.
func known(n kpi.Number) float64 {
	if f := n.Float(); !math.IsNaN(f) {
		return f
	}
	return 0
}
