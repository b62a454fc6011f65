package reference

import "slices"

// Durations is every single value of a duration KPI, in whole seconds.
type Durations struct {
	// Seconds holds the values in ascending order.
	Seconds []int64
}

// durationsOf sorts a copy of the values.
func durationsOf(seconds []int64) Durations {
	sorted := slices.Clone(seconds)
	slices.Sort(sorted)
	return Durations{Seconds: sorted}
}

// N is how many values there are.
func (d Durations) N() int64 { return int64(len(d.Seconds)) }

// Sum is their exact sum in seconds.
func (d Durations) Sum() int64 {
	var sum int64
	for _, s := range d.Seconds {
		sum += s
	}
	return sum
}

// Percentile is the nearest-rank percentile in seconds: the smallest value that at
// least percent (1 to 100) of all values do not exceed. It is false when there is no
// value at all.
func (d Durations) Percentile(percent int) (int64, bool) {
	if len(d.Seconds) == 0 {
		return 0, false
	}
	rank := (percent*len(d.Seconds) + 99) / 100 // percent/100 × n, rounded up
	return d.Seconds[max(rank, 1)-1], true
}
