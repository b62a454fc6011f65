package customer

import "slices"

// Constants of the state schema.
const (
	maxGaps    = 8       // of the newest gaps between sessions a customer's rhythm is made
	minGaps    = 3       // with fewer nobody knows it
	leastQuiet = 7 * day // no one is missed before
)

// rhythm is how a customer comes and goes. The zero rhythm is of nobody.
type rhythm struct {
	last point          // the latest point
	gaps [maxGaps]int64 // between sessions, ms, the oldest first
	n    int            // how many of them are known
}

// visit takes the next point, in the order of time; a session is over after so many ms without any.
func (r *rhythm) visit(p point, session int64) {
	switch gap := p.at - r.last.at; {
	case r.last.at == 0 || gap > r.span():
		*r = rhythm{}
	case gap > session:
		if r.n == maxGaps {
			copy(r.gaps[:], r.gaps[1:])
			r.n--
		}
		r.gaps[r.n] = gap
		r.n++
	}
	r.last = p
}

// span is the longest gap, in ms, after which the customer still is the same in this.
func (r *rhythm) span() int64 {
	if r.n < minGaps {
		return Keep
	}
	return riskKeep
}

// until is the last instant at which it is needed: a point may be told late.
func (r *rhythm) until() int64 { return r.last.at + r.span() + factKeep }

// limit is how long, in ms, the customer may be silent as before: twice the median of the gaps, which must be known.
func (r *rhythm) limit() int64 {
	sorted := r.gaps
	gaps := sorted[:r.n]
	slices.Sort(gaps)
	return max(leastQuiet, gaps[(r.n-1)/2]+gaps[r.n/2])
}

// quiet is the instant after which the customer is silent beyond the rhythm; ok is false when that will never be.
func (r *rhythm) quiet() (at int64, ok bool) {
	if r.n < minGaps {
		return 0, false
	}
	limit := r.limit()
	return r.last.at + limit, limit < riskKeep
}

// beat is the rhythm with what is not final yet.
func (s *State) beat() rhythm {
	r, n := s.risk.rhythm, 0
	for i := range s.facts {
		if !s.facts[i].Retracted {
			n += len(s.facts[i].ActiveAt)
		}
	}
	if r.n+n < minGaps {
		return rhythm{} // most customers: nobody knows it
	}
	points := make([]point, 0, n)
	for i := range s.facts {
		c := &s.facts[i]
		if c.Retracted {
			continue
		}
		for _, at := range c.ActiveAt {
			if at >= s.loyal.done {
				points = append(points, point{at, c.Channel, c.Queue})
			}
		}
	}
	slices.SortFunc(points, point.compare)
	for _, p := range points {
		r.visit(p, s.gap)
	}
	return r
}
