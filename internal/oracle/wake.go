package oracle

// wakeAt is rule 1.10.
func (s *subject) wakeAt(l *life, b *book, offset, now int64) int64 {
	grace := b.current().grace(l.connector)
	at := int64(forever)
	if n := len(s.events); n > 0 {
		at = s.events[n-1].At + s.horizon + 1
	}
	if s.dead {
		return at
	}
	at = min(at, l.silence()+grace+1, l.gapEnd()+grace+1)
	if rests := l.rests(); b.current().Agents && rests < forever {
		at = min(at, rests+grace+1)
	}
	base := *s.base
	base.book = b
	if end := base.gapEnd() + s.horizon + 1; end > now {
		at = min(at, end)
	}
	memory := s.memory(l)
	if memory > 0 {
		at = min(at, memory+1)
	}
	if r := s.retention(l, b); r < forever {
		at = min(at, max(r, memory+1))
	} else if aged := max(s.last+s.horizon+1, memory+1); aged > now {
		at = min(at, aged)
	}
	for _, due := range l.silences() {
		if due+grace+1 > now {
			at = min(at, due+grace+1)
		}
	}
	for _, r := range s.running {
		for _, w := range r.warn {
			if w < forever && w+grace+1 > now {
				at = min(at, w+grace+1)
			}
		}
		switch {
		case r.due == forever || s.spoken[verdict{r.clock, r.due}]:
		case r.due+grace+1 > now:
			at = min(at, r.due+grace+1)
		default:
			at = min(at, s.p.hold(s.key.tenant, l.connector, l.account, r.due, offset, now), now+60_000)
		}
	}
	return at
}

// retention is the end of rule 1.11 (d), forever where it need not be waited for.
func (s *subject) retention(l *life, b *book) int64 {
	ep := &l.ep
	if s.dead || ep.gone || voiced(l.channel) && ep.status == isClosed {
		return forever
	}
	return over(l, b)
}

// over is when nothing but requests and answers keeps a subject with an id, rule 1.11 (d).
func over(l *life, b *book) int64 {
	ep := &l.ep
	if l.threadless || !ep.begun {
		return forever
	}
	r := b.current().retain()
	if ep.status == isResolved || ep.status == isClosed {
		r = min(r, 30*dayMs)
	}
	return ep.last + r
}

// forget is rule 1.11.
func (s *subject) forget(l *life, b *book, now int64) bool {
	if now <= s.last+s.horizon {
		return false
	}
	if s.dead {
		return true
	}
	if len(s.base.requests)+len(s.base.answers) > 0 {
		return false
	}
	if now >= over(l, b) {
		return true
	}
	if s.retention(l, b) < forever {
		return false
	}
	if l.threadless {
		if l.ep.begun {
			return false
		}
		for _, f := range l.finished {
			if now <= f.end+s.horizon {
				return false
			}
		}
	}
	if l.ep.contact != nil && l.silence() < forever {
		return false
	}
	for _, r := range s.running {
		if r.due < forever && !s.spoken[verdict{r.clock, r.due}] {
			return false
		}
	}
	return true
}
