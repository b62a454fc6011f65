package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// The feeds of survey answers: one metric for each scale, and one for each of its points.
var (
	rated      = Feed{Metric: mRated, Kind: convo.Rated, Timed: true, Of: func(m convo.Moment) window.Metric { return window.Metric(m.Class) }, Wide: 9}
	ratedPoint = Feed{Metric: mRatedPoint, Kind: convo.Rated, Wide: 16 * 9, Of: func(m convo.Moment) window.Metric {
		return pointsPerScale*window.Metric(m.Class) + window.Metric(convo.Point(m.Class, m.Value))
	}}
)

// pointsPerScale is how many metrics a scale has room for.
const pointsPerScale = 16

// scores are the answers on one scale.
type scores struct {
	lowest int64   // point of the scale
	given  []int64 // how often each point was given, from the lowest on
	n      int64
	sum    int64 // of the scores, millionths
}

// scoresOf reads the answers on one of the scales that [convo.ScaleOf] numbers.
func scoresOf(c *window.Cell, scale uint32) scores {
	lowest, highest := convo.ScaleEnds(scale)
	s := scores{lowest: lowest, given: make([]int64, highest-lowest+1), sum: c.Metric(mRated + window.Metric(scale)).Sum}
	for k := range s.given {
		s.given[k] = c.Metric(mRatedPoint + pointsPerScale*window.Metric(scale) + window.Metric(k)).N
		s.n += s.given[k]
	}
	return s
}

// between is how many answers gave a point from one to another, both included.
func (s scores) between(from, to int64) (n int64) {
	for k, given := range s.given {
		if p := s.lowest + int64(k); from <= p && p <= to {
			n += given
		}
	}
	return n
}

// beside puts mean and distribution beside a reading.
func (s scores) beside(r Reading) Reading {
	if s.n == 0 {
		return r
	}
	r.mean = float(float64(s.sum) / float64(s.n*1e6))
	for k, given := range s.given {
		r.bins = append(r.bins, Bin{Score: integer(s.lowest + int64(k)), N: given})
	}
	return r
}
