package window

import "math"

// Buckets follow the Prometheus native histogram of schema 5: each is 2^(1/32) ≈ 1.0219 times as wide as the one before, so a bucket spans
// at most 2.2 % of its value. Values are positive integers (ms); index 0 holds exactly 0.
//
// Bucket i ≥ 1 holds values v with bound(i-1) < v ≤ bound(i), bound(i) = 2^((i-1)/32).
const bucketsPerOctave = 32

// MaxBucket is the index of the last bucket: 2^40 ms, about 35 years.
const MaxBucket = 40*bucketsPerOctave + 1

// bounds[i] is the inclusive upper bound of bucket i in whole units; integers compare exactly on every machine, logarithms may not.
var bounds = func() [MaxBucket + 1]int64 {
	var b [MaxBucket + 1]int64
	for i := 1; i <= MaxBucket; i++ {
		b[i] = int64(math.Floor(math.Exp2(float64(i-1) / bucketsPerOctave)))
	}
	return b
}()

// Bucket returns the bucket of a value; negative values count as 0.
func Bucket(v int64) int {
	if v <= 0 {
		return 0
	}
	lo, hi := 1, MaxBucket
	for lo < hi {
		mid := (lo + hi) / 2
		if bounds[mid] >= v {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// Bounds returns the values of bucket i: lower (exclusive) and upper (inclusive). Bucket 0 is (-1, 0].
func Bounds(i int) (lower, upper int64) {
	if i <= 0 {
		return -1, 0
	}
	if i > MaxBucket {
		i = MaxBucket
	}
	return bounds[i-1], bounds[i]
}

// representative is the value reported for a bucket: the geometric middle of the whole values inside, rounded to one of them. It is at most 1.1 %
// (or half a unit) from any value inside.
func representative(i int) int64 {
	lower, upper := Bounds(i)
	return int64(math.Round(math.Sqrt(float64(lower+1) * float64(upper))))
}
