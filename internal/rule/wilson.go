package rule

import "math"

// wilson returns the score interval of a proportion at a level (0.99 is 99 %), two-sided.
func wilson(num, den int64, level float64) (low, high float64) {
	if den <= 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(level)
	n := float64(den)
	p := float64(num) / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
