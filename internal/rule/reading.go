package rule

import "github.com/vigia-cx/vigia/internal/kpi"

// MeasureOf takes from a reading what the rule judges: the same as [Rule.Observe] takes from the value that the reading prints.
func (r *Rule) MeasureOf(x kpi.Reading) Measure {
	m := Measure{Number: x.Number(), N: x.Count(), Complete: true}
	switch r.Stat {
	case StatP50:
		m.Number = x.Percentile(50)
	case StatP90:
		m.Number = x.Percentile(90)
	case StatP95:
		m.Number = x.Percentile(95)
	case StatP99:
		m.Number = x.Percentile(99)
	}
	if r.proportion() {
		m.Num, m.Den = x.Parts()
	}
	return m
}
