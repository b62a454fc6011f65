package oracle

// rule is rule 8.1: that of a clock that began at an instant, in the policy of its serial, by what is known so far.
func (l *life) rule(serial, at int64) *rule {
	return l.book.of(serial).match(l.groupAt(at), l.priority)
}

// start is rule 6.7: where the clock of the turn begins.
func (l *life) start(clock string, r *rule) int64 {
	t := l.ep.turn
	switch {
	case r == nil:
	case clock == NextResponse && r.NextFrom == "last":
		return t.last
	case clock == FirstResponse && r.BotTime && l.ep.firstWord != 0:
		return l.ep.firstWord
	}
	return t.at
}

// clock names that of the turn.
func (l *life) clock() string {
	if l.ep.replied {
		return NextResponse
	}
	return FirstResponse
}

// judge is rule 8.3: the promise of a clock that is fulfilled at t.
func (l *life) judge(clock string, r *rule, start, t int64) []found {
	target := r.target(clock)
	if target == 0 {
		return nil
	}
	m := Moment{Kind: Kept, Clock: clock, At: t}
	if due := r.due(start, target, l.ep.pauses); due < t {
		m.Kind, m.At = Broken, due
		l.ep.acts.broken = l.ep.acts.broken || clock != Resolving
	}
	m.Group = l.groupAt(m.At)
	return []found{{Moment: m, by: l.at, episode: l.ep.n}}
}

// owed is rule 8.4: the response owed ends without one.
func (l *life) owed(t int64, resolve bool) {
	ep := &l.ep
	if ep.turn == nil || ep.charge == bots {
		ep.turn = nil
		return
	}
	clock := l.clock()
	serial := l.book.clock(ep.turn.serial, l.serial)
	start := l.start(clock, l.rule(serial, ep.turn.at))
	l.endPromise(clock, ep.turn.serial, ep.turn.at, start, t, resolve)
	ep.turn = nil
}

// endPromise is rules 8.4 and 8.5. serial and at are those of what began the clock.
func (l *life) endPromise(clock string, serial, at, start, t int64, resolve bool) {
	r := l.rule(l.book.clock(serial, l.serial), at).under(clock)
	target := r.target(clock)
	if target == 0 {
		return
	}
	switch due := r.due(start, target, l.ep.pauses); {
	case due < t:
		l.count(Moment{Kind: Broken, Clock: clock, At: due, Group: l.groupAt(due)})
		l.ep.acts.broken = true
	case resolve && r.Missed == "miss":
		l.countAll(Moment{Kind: Broken, Clock: clock, At: t, Closed: true}, false)
		l.ep.acts.broken = true
	}
}

// running is a promise that runs at the end of the events, rule 8.7.
type running struct {
	clock  string
	due    int64 // forever: none
	warn   []int64
	group  Group
	origin int64 // instant at which it began
}

// promises are those that run.
func (l *life) promises() []running {
	ep := &l.ep
	var out []running
	if !ep.begun || ep.void {
		return nil
	}
	add := func(clock string, serial, at int64, start func(*rule) int64) {
		r := l.rule(l.book.clock(serial, l.book.now()), at).under(clock)
		target := r.target(clock)
		if target == 0 {
			return
		}
		p := running{clock: clock, origin: at, due: r.due(start(r), target, ep.pauses)}
		for _, w := range r.Warn {
			p.warn = append(p.warn, r.due(start(r), target*int64(w)/100, ep.pauses))
		}
		if p.due < forever {
			p.group = l.groupAt(p.due).withoutAgent()
		}
		out = append(out, p)
	}
	if ep.turn != nil && ep.charge != bots {
		add(l.clock(), ep.turn.serial, ep.turn.at, func(r *rule) int64 { return l.start(l.clock(), r) })
	}
	if u := ep.work.update; u != nil {
		for _, clock := range updateClocks {
			add(clock, u.serial, u.at, func(*rule) int64 { return u.at })
		}
	}
	if len(ep.resolution) == 0 && ep.status != isResolved && ep.status != isClosed && !voiced(l.channel) {
		add(Resolving, ep.serial, ep.begin, func(*rule) int64 { return ep.begin })
	}
	return out
}
