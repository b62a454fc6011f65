package oracle

import (
	"cmp"
	"math"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// number is one that no channel brings, from an instant on: rule 20.1.
type number struct {
	at, value int64
	key       string
	currency  string
}

// references are the numbers of a kind, ascending by instant; of those at one instant the last in the log.
func (w *World) references(tenant string, t event.ReferenceType) []number {
	var out []number
	for _, e := range w.told {
		r, ok := e.Body.(event.Reference)
		if !ok || e.Tenant != tenant || r.Type != t {
			continue
		}
		out = slices.DeleteFunc(out, func(n number) bool { return n.at == e.At && n.key == r.Key })
		out = append(out, number{e.At, r.Value, r.Key, r.Currency})
	}
	slices.SortStableFunc(out, func(a, b number) int { return cmp.Compare(a.at, b.at) })
	return out
}

func init() {
	all := append(points11(300), points11(320)...)
	add(KPI{ID: "nps_evolution", Definitions: map[string]Formula{
		"relational":    {Metrics: all, Ask: func(q question) (Reading, error) { return evolution(q, 300), nil }},
		"transactional": {Metrics: all, Ask: func(q question) (Reading, error) { return evolution(q, 320), nil }},
	}})
	add(KPI{ID: "engagement_rate", Default: []string{"default"}, Definitions: only(Formula{Metrics: []int{29, 30}, RollUps: true, Current: true, Ask: func(q question) (Reading, error) {
		s := q.within(q.window.From, q.window.To)
		active, err := activeCustomers(s, q.window)
		if err != nil {
			return active, err
		}
		basis, base := "active_31d", q.at(q.window.To-31*dayMs, q.window.To).N(29)
		for _, n := range q.references(q.tenant, event.CustomerBase) {
			if n.at <= q.window.To && n.key == "" {
				basis, base = "customer_base", n.value/1_000_000_000
			}
		}
		r := shareOf(active.N, max(active.N, base))
		r.N, r.Basis = active.N, basis
		return r, nil
	}})})
}

// evolution is rule 20.3.
func evolution(q question, first int) Reading {
	var marker *number
	for _, n := range q.references(q.tenant, event.EventMarker) {
		if n.at < q.window.To {
			marker = &n
		}
	}
	if marker == nil {
		return Reading{}
	}
	long := q.window.To - marker.at
	after, before := q.at(marker.at, q.window.To), q.at(marker.at-long, marker.at)
	n1, u1, d1 := sides(before, first)
	n2, u2, d2 := sides(after, first)
	r := Reading{N: n1 + n2}
	if n1 == 0 || n2 == 0 {
		return r
	}
	net := func(n, up, down int64) (value, square float64) {
		p, d := float64(up)/float64(n), float64(down)/float64(n)
		return p - d, (p + d - (p-d)*(p-d)) / float64(n)
	}
	v1, s1 := net(n1, u1, d1)
	v2, s2 := net(n2, u2, d2)
	r.Known, r.Value = true, round6(100*(v2-v1))
	half := z * math.Sqrt(s1+s2) // the z of 12.6
	r.Share, r.Low, r.High = true, round6(100*(v2-v1-half)), round6(100*(v2-v1+half))
	r.Basis = marker.key + " not_significant"
	if n1 >= 30 && n2 >= 30 && math.Abs(v2-v1)/math.Sqrt(s1+s2) > 1.96 {
		r.Basis = marker.key + " significant"
	}
	return r
}
