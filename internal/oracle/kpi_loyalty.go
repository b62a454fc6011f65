package oracle

import (
	"fmt"
	"math"
	"time"
)

// Customers over all their contacts: rules 18.3 to 18.7.
func init() {
	nps := func(first int, now bool) Formula {
		return Formula{Metrics: points11(first), RollUps: true, Customers: func(s Sums, w Window) (Reading, error) {
			if now && w.To < w.Now {
				return Reading{}, fmt.Errorf("the latest answers are known of windows that end now, not of [%s, %s)", stamp(w.From), stamp(w.To))
			}
			return npsOf(s, first), nil
		}}
	}
	add(KPI{ID: "nps", Default: []string{"transactional"}, Definitions: map[string]Formula{
		"relational": nps(260, true), "transactional": nps(280, true), "relational_all": nps(300, false), "transactional_all": nps(320, false),
	}})
	journeys := map[string]Formula{}
	for w, name := range []string{"0", "1", "2+"} {
		first := 400 + 10*w
		journeys[name] = of([]int{first + 4, first + 5, first + 6}, []int{first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6})
	}
	add(KPI{ID: "ces_journey", Default: []string{"0", "1", "2+"}, Definitions: journeys})
	add(KPI{ID: "survey_fatigue", Default: []string{"default"}, Definitions: only(of([]int{91}, []int{90}))})
	add(KPI{ID: "repeat_engagement_rate", Default: []string{"default"}, Definitions: only(Formula{Metrics: []int{92, 29}, RollUps: true,
		Customers: func(s Sums, w Window) (Reading, error) {
			if w.To < w.Now {
				return Reading{}, fmt.Errorf("who came again is known of windows that end now, not of [%s, %s)", stamp(w.From), stamp(w.To))
			}
			return shareOf(min(s.N(92), s.N(29)), s.N(29)), nil
		}})})
	retention := func(seen, stayed int, begin func(int64, int, *time.Location) int64) Formula {
		return Formula{Metrics: []int{seen, stayed}, RollUps: true, Ask: func(q question) (Reading, error) {
			from := begin(q.window.To-1, -2, q.window.Zone)
			s := q.within(from, from+1)
			r := shareOf(s.N(stayed), s.N(seen))
			r.Basis = time.UnixMilli(from).In(q.window.Zone).Format(time.DateOnly)
			return r, nil
		}}
	}
	add(KPI{ID: "retention_rate", Default: []string{"month", "week"}, Definitions: map[string]Formula{"week": retention(93, 94, week), "month": retention(95, 96, month)}})
}

func points11(first int) []int {
	var out []int
	for k := range 11 {
		out = append(out, first+k)
	}
	return out
}

// sides are the answers of all, of promoters and of detractors.
func sides(s Sums, first int) (n, up, down int64) {
	for k := range 11 {
		x := s.N(first + k)
		n += x
		if k >= 9 {
			up += x
		} else if k <= 6 {
			down += x
		}
	}
	return n, up, down
}

func npsOf(s Sums, first int) Reading {
	n, up, down := sides(s, first)
	r := Reading{N: n}
	if n == 0 {
		return r
	}
	r.Known, r.Value = true, round6(float64(100*(up-down))/float64(n))
	all := float64(n) + 3
	p, d := (float64(up)+0.75)/all, (float64(down)+0.75)/all
	half := z * math.Sqrt((p+d-(p-d)*(p-d))/all)
	r.Share, r.Low, r.High = true, round6(max(-100, 100*(p-d-half))), round6(min(100, 100*(p-d+half)))
	return r
}
