package oracle

import "slices"

const (
	maxOpenEvents = 512
	finalAtOnce   = 128
)

// settle makes events final that are older than a limit, or too many.
func (s *subject) settle(l *life, b *book, limit int64) {
	n := 0
	for n < len(s.events) && s.events[n].At < limit {
		n++
	}
	if len(s.events) > maxOpenEvents {
		n = max(n, finalAtOnce)
	}
	if n == 0 {
		return
	}
	for i := range l.out {
		m := &l.out[i]
		if m.by < n && !l.voided(m.episode) && !s.dead {
			s.final = append(s.final, s.finished(l, *m))
		}
	}
	base := s.base.clone()
	base.book, base.direct, base.scores = b, l.direct, l.scores
	for i, e := range s.events[:n] {
		base.step(e, i)
	}
	base.out, base.purchases = nil, nil // what is final stays as it was told, rule 22.1
	if h := base.ep.handling; h != nil && l.unwrapped(base.ep.n, *h, n) {
		base.countHandling()
		for _, m := range base.out {
			if !l.voided(m.episode) && !s.dead {
				s.final = append(s.final, s.finished(l, m))
			}
		}
	}
	settleScores(s.events, n, l.direct)
	base.settleWork(l)
	base.settleMoods(l)
	base.settleSurveys(l, s.events[:n])
	s.settleStints(base, l)
	base.history = remembered(base, l, s.running)
	s.base, s.floor, s.hasLast = base, s.events[n-1].At, true
	s.events = slices.Clone(s.events[n:])
}

// unwrapped says whether an end of handling has no wrap-up, in what the events from a place on make of it.
func (l *life) unwrapped(episode int, h handling, from int) bool {
	if l.ep.n == episode && l.ep.handling != nil && *l.ep.handling == h {
		return true
	}
	for _, m := range l.out {
		if m.Kind == Handled && m.episode == episode && m.by >= from && m.At == h.at && m.Value == h.value {
			return true
		}
	}
	return false
}

// remembered are the routings that final events leave, rule 1.9; the topics are among them.
func remembered(l, now *life, promises []running) []told {
	h := l.history
	from := len(h) - 1
	for from > 0 && (!l.ep.begun || h[from].at > l.ep.begin) && (l.ep.begun) {
		from--
	}
	h = h[max(0, from):]
	if len(h) > 32 {
		inForce, asked := map[int]bool{}, []int64{}
		for _, p := range promises {
			asked = append(asked, p.origin, p.due)
		}
		for _, m := range slices.Concat(l.ep.resolution, now.ep.resolution) {
			asked = append(asked, m.At)
		}
		for _, has := range []func(told) bool{func(r told) bool { return r.Queue != "" }, func(r told) bool { return r.Topic != "" }} {
			if i := slices.IndexFunc(h, has); i >= 0 {
				inForce[i], asked = true, append(asked, h[i].at)
			}
		}
		for _, t := range asked {
			for i, r := range h {
				if r.at <= t && (i+1 == len(h) || h[i+1].at > t) {
					inForce[i] = true
				}
			}
		}
		var kept []told
		for i, r := range h {
			if i == 0 || i >= len(h)-31 || inForce[i] {
				kept = append(kept, r)
			}
		}
		h = kept
		l.topics = slices.DeleteFunc(l.topics, func(t topic) bool { return t.episode == l.ep.n })
		for _, r := range h {
			if r.Topic != "" && (r.at >= l.ep.begin || l.ep.n == 0) {
				l.topics = append(l.topics, topic{l.ep.n, r.at, r.Topic})
			}
		}
	}
	return slices.Clone(h)
}

// voided says whether an episode is void in the end.
func (l *life) voided(n int) bool {
	if n == l.ep.n {
		return l.ep.void
	}
	return l.voids[n]
}
