package kpi

import "github.com/vigia-cx/vigia/internal/window"

// pointsOf reads answers of which only the points are kept, as metrics in a row.
func pointsOf(c *window.Cell, first window.Metric, lowest, highest int64) scores {
	s := scores{lowest: lowest, given: make([]int64, highest-lowest+1)}
	for k := range s.given {
		s.given[k] = c.Metric(first + window.Metric(k)).N
		s.n += s.given[k]
		s.sum += s.given[k] * (lowest + int64(k)) * 1e6
	}
	return s
}
