package convo

import (
	"github.com/vigia-cx/vigia/internal/sla"
)

// rule finds the promise for a clock: the policy in force where its turn began, matched by the queue at the start (or the first one known after) and the
// priority in force now.
func (r *run) rule(serial, start int64) *sla.Rule {
	g := r.groupOf(start)
	return r.env.policy(serial).Match(g.Channel, g.Queue, g.Team, r.Prio)
}

// elapsed is the time of a clock in the rule's calendar without its pauses; without a rule, by the wall clock.
func elapsed(rule *sla.Rule, start, end int64, pauses []pause) int64 {
	if rule == nil {
		return max(0, end-start)
	}
	return sla.Elapsed(rule.Calendar, start, end, pausesOf(rule, pauses))
}

var pauseNames = map[Kind]string{kindPending: "pending_customer", kindOnHold: "on_hold", kindSnoozed: "snoozed"}

func pausesOf(rule *sla.Rule, pauses []pause) []sla.Pause {
	var out []sla.Pause
	for _, p := range pauses {
		if rule.PausesOn(pauseNames[p.Kind]) {
			out = append(out, sla.Pause{From: p.From, To: p.To})
		}
	}
	return out
}

// promise builds the promise of a clock; ok is false when the rule promises nothing for it.
func (r *run) promise(clock sla.Clock, start int64, id uint64, serial int64, rule *sla.Rule) (promise, bool) {
	if rule == nil || rule.Targets[clock] == 0 {
		return promise{}, false
	}
	p := promise{Clock: clock, StartAt: start, StartID: id, Serial: serial, Rule: rule.Name, Source: r.Source}
	pauses := r.stops(clock, rule)
	if due, ok := sla.Due(rule.Calendar, start, rule.Targets[clock], pauses); ok {
		p.Due = due
	}
	if p.Due != 0 && len(rule.Warn) > 0 {
		p.Warn, p.Percent = make([]int64, 0, len(rule.Warn)), make([]int, 0, len(rule.Warn))
		for _, percent := range rule.Warn {
			if at, ok := sla.Due(rule.Calendar, start, rule.WarnAfter(clock, percent), pauses); ok {
				p.Warn, p.Percent = append(p.Warn, at), append(p.Percent, percent)
			}
		}
	}
	p.Group, p.AtDue = r.Group, r.groupOf(p.Due)
	return p, true
}

// origin is the instant whose routing decides on the rule of a running promise.
func (m *core) origin(p *promise) int64 {
	switch p.Clock {
	case sla.FirstResponse, sla.NextResponse:
		return m.Turn.At
	case sla.Resolution:
		return m.BeganAt
	default:
		return p.StartAt
	}
}

// judge settles a promise fulfilled at an instant and returns the moment that counts it. A clock that stands in a pause is not due.
func (r *run) judge(p *promise, at int64) Moment {
	p.Fulfilled = at
	if p.Due == 0 || at <= p.Due {
		p.State = hit
		return Moment{Kind: ClockHit, At: at, Group: r.groupOf(at), Clock: p.Clock}
	}
	p.State, p.Group = missed, r.groupOf(p.Due)
	return Moment{Kind: ClockMiss, At: p.Due, Group: p.Group, Clock: p.Clock}
}

// fulfil settles the promise of a response clock.
func (r *run) fulfil(clock sla.Clock, start int64, id uint64, serial int64, rule *sla.Rule, at int64) {
	p, ok := r.promise(clock, start, id, serial, rule)
	if !ok {
		return
	}
	m := r.judge(&p, at)
	r.Work.Broken = r.Work.Broken || p.State == missed
	r.out = append(r.out, pending{Moment: m, fixed: true})
	r.promises = append(r.promises, p)
}

// endPromise ends a clock without fulfilment: missed when its due time had passed, else neither hit nor miss, unless the rule says that a resolve misses it.
func (r *run) endPromise(clock sla.Clock, start int64, id uint64, serial int64, rule *sla.Rule, at int64, resolve bool) {
	p, ok := r.promise(clock, start, id, serial, rule)
	if !ok {
		return
	}
	switch {
	case p.Due != 0 && p.Due < at:
		p.State, p.Cut, p.Group = missed, at, r.groupOf(p.Due)
		r.Work.Broken = true
		m := r.emitFor(ClockMiss, p.Due, 0, p.Group)
		m.Clock = clock
		r.promises = append(r.promises, p)
	case resolve && rule.ResolveMisses:
		m := r.emit(ClockMiss, at, 0)
		m.Clock = clock
		r.Work.Broken = true
	}
}

// endTurn ends the response clock that runs, if one does.
func (r *run) endTurn(at int64, resolve bool) {
	if r.Turn.At != 0 && !r.Bots {
		clock, serial := r.turnClock(), r.serial(r.Turn.Serial)
		rule := r.rule(serial, r.Turn.At)
		r.endPromise(clock, r.turnStart(clock, rule), r.Turn.ID, serial, rule, at, resolve)
	}
	r.Turn = turn{}
}

func (r *run) turnClock() sla.Clock {
	if r.FirstDone {
		return sla.NextResponse
	}
	return sla.FirstResponse
}

// serial is the version of the policy a clock runs under: the one it began with, unless a later one was applied to running clocks too before the entry at hand.
func (r *run) serial(began int64) int64 {
	for i := len(r.reapplied) - 1; i >= 0; i-- {
		if re := r.reapplied[i]; re > began && re <= r.now {
			return re
		}
	}
	return began
}

// open appends the promises that run on at the end of the entries.
func (r *run) open(out []promise) []promise {
	if r.Void || !r.Begun {
		return out
	}
	if r.Turn.At != 0 && !r.Bots {
		clock, serial := r.turnClock(), r.serial(r.Turn.Serial)
		rule := r.rule(serial, r.Turn.At)
		if p, ok := r.promise(clock, r.turnStart(clock, rule), r.Turn.ID, serial, rule); ok {
			out = append(out, p)
		}
	}
	if r.Settled == nil && r.Status != kindResolved && r.Status != kindClosed && !r.channel.Voiced() {
		serial := r.serial(r.Serial)
		if p, ok := r.promise(sla.Resolution, r.BeganAt, r.BeganID, serial, r.rule(serial, r.BeganAt)); ok {
			out = append(out, p)
		}
	}
	return r.openUpdate(out)
}
