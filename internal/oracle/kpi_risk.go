package oracle

import "fmt"

// Customers at risk: rule 23.
func init() {
	definitions := map[string]Formula{}
	for class, name := range []string{"any", "silent", "falling", "negative"} {
		no := 540 + class
		metrics = append(metrics, metric{no, counted, func(m Moment) bool { return m.Kind == AtRisk && m.Value == int64(class) }})
		definitions[name] = Formula{Metrics: []int{no}, RollUps: true, Customers: func(s Sums, w Window) (Reading, error) {
			if w.To < w.Now {
				return Reading{}, fmt.Errorf("who is at risk is known of windows that end now, not of [%s, %s)", stamp(w.From), stamp(w.To))
			}
			return countOf(s.N(no)), nil
		}}
	}
	add(KPI{ID: "customers_at_risk", Default: []string{"any"}, Definitions: definitions})
}
