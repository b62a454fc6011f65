package oracle

import (
	"fmt"
	"time"
)

func init() {
	is := func(k Kind) func(Moment) bool { return func(m Moment) bool { return m.Kind == k } }
	metrics = append(metrics, metric{29, counted, is(Active)}, metric{30, counted, is(ActiveDay)})
	add(KPI{ID: "active_customers", Default: []string{"default"}, Definitions: only(Formula{Metrics: []int{29, 30}, RollUps: true, Customers: activeCustomers})})
}

// activeCustomers is exact for windows that end now and for whole local days, rule 12.4.
func activeCustomers(s Sums, w Window) (Reading, error) {
	switch {
	case w.To >= w.Now:
		return countOf(s.N(29)), nil
	case startOfDay(w.From, w.Zone) == w.From && endOfDay(w.From, w.Zone) == w.To:
		return countOf(s.N(30)), nil
	}
	return Reading{}, fmt.Errorf("active_customers knows windows that end now and whole days, not [%s, %s)", stamp(w.From), stamp(w.To))
}

func stamp(t int64) string { return time.UnixMilli(t).UTC().Format(time.RFC3339) }
