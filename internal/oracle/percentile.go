package oracle

import (
	"math"
	"slices"
)

const lastBucket = 1281

// upper is u(i) of rule 12.7.
func upper(i int) int64 {
	if i <= 0 {
		return 0
	}
	return int64(math.Floor(math.Pow(2, float64(i-1)/32)))
}

// uppers are all of them.
var uppers = func() (all [lastBucket + 1]int64) {
	for i := range all {
		all[i] = upper(i)
	}
	return all
}()

// Bucket is the one that holds a duration in ms: the first from 1 on whose upper bound is not below it, or the last one.
func Bucket(v int64) int {
	if v <= 0 {
		return 0
	}
	i, _ := slices.BinarySearch(uppers[1:lastBucket], v)
	return i + 1
}

// bucketValue is what is reported for a bucket, ms.
func bucketValue(i int) int64 {
	if i == 0 {
		return 0
	}
	return int64(math.Round(math.Sqrt(float64(upper(i-1)+1) * float64(upper(i)))))
}

// percentile is that of nearest rank, as it is reported: ms; ok is false without values.
func percentile(values []int64, p int) (ms int64, ok bool) {
	if len(values) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := max(1, (len(sorted)*p+99)/100)
	return bucketValue(Bucket(sorted[rank-1])), true
}
