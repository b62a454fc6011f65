package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxSamples bounds a series: a year of minutes.
const maxSamples = 530_000

// sample is one step of a series.
type sample struct {
	v     float64
	none  bool // _: nothing happened
	stale bool // stale: it is not known what happened
}

// expand reads promtool's notation for series: "1 2 3", "5x3" (5, and 3 times more), "1+2x3" (1 3 5 7), "9-1x2" (9 8 7), "_" (nothing), "_x5" (five times nothing),
// "stale" (not known), "stalex5".
func expand(text string) ([]sample, error) {
	var out []sample
	for word := range strings.FieldsSeq(text) {
		more, err := expandWord(word)
		if err != nil {
			return nil, err
		}
		if len(out)+len(more) > maxSamples {
			return nil, fmt.Errorf("%q is longer than %d steps", text, maxSamples)
		}
		out = append(out, more...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf(`%q has no value; write e.g. "17x29 8x29"`, text)
	}
	return out, nil
}

func expandWord(word string) ([]sample, error) {
	bad := fmt.Errorf(`%q is not a value; write 5, 5x9 (ten times 5), 1+2x3 (1 3 5 7), _ (nothing), _x5 or stale`, word)
	head, times, repeated := strings.Cut(word, "x")
	n := 0
	if repeated {
		var err error
		if n, err = strconv.Atoi(times); err != nil || n < 0 || n > maxSamples {
			return nil, bad
		}
	}
	if head == "_" || head == "stale" {
		out := make([]sample, max(1, n))
		for i := range out {
			out[i] = sample{none: head == "_", stale: head == "stale"}
		}
		return out, nil
	}
	begin, step := head, ""
	// A sign at the begin belongs to the number.
	if i := strings.IndexAny(head[min(1, len(head)):], "+-"); i >= 0 {
		begin, step = head[:i+1], head[i+1:]
	}
	v, err := strconv.ParseFloat(begin, 64)
	by := 0.0
	if err == nil && step != "" {
		if !repeated {
			return nil, bad
		}
		by, err = strconv.ParseFloat(step, 64)
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || math.IsNaN(by) || math.IsInf(by, 0) {
		return nil, bad
	}
	out := make([]sample, n+1)
	for i := range out {
		out[i].v = v + float64(i)*by
	}
	return out, nil
}
