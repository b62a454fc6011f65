package fold

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// text computes one episode of written messages up to t; end is where it was cut, 0 when it was not.
func (v *verdict) text(list []told, t, end int64) {
	queue, _, customer := queueOf(list)
	g := window.Group{Channel: list[0].Channel.String(), Queue: queue}
	e0 := list[0]
	if end > 0 {
		t = end
	}
	e := verdict{}
	e.count(started, e0.At, g)
	var (
		owed, owedSerial  int64
		news, newsSerial  int64 // the last reply, after which the next one is owed
		firstDone         bool
		contact, lastWord int64
		contacted         bool
		resolved, void    bool
		pauses            [][2]int64
		settled           *told
		active            []int64
	)
	resume := func(at int64) {
		if n := len(pauses); n > 0 && pauses[n-1][1] == never {
			if pauses[n-1][1] = at; pauses[n-1][0] == at {
				pauses = pauses[:n-1]
			}
		}
	}
	silent := func(to int64) {
		if contact != 0 && to > lastWord+staleAfter(e0.Channel) {
			at := lastWord + staleAfter(e0.Channel)
			e.outcome(lostContact, at, at-contact, g)
			contact, contacted = 0, true
		}
	}
	clock := func() string {
		if firstDone {
			return "next_response"
		}
		return "first_response"
	}
	// stands returns the pauses in which the clock of an update stands.
	stands := func(clock string) [][2]int64 {
		if clock == "periodic_update" {
			return nil
		}
		return pauses
	}
	for i := range list {
		x := &list[i]
		silent(x.At)
		switch b := x.Body.(type) {
		case event.Message:
			if b.Direction == event.Inbound {
				active = append(active, x.At)
				if b.Sentiment != nil {
					p := b.Sentiment.Polarity
					e.sum(sentiment, x.At, g, p, false)
					if p >= 200_000 {
						e.count(27, x.At, g)
					} else if p <= -200_000 {
						e.count(28, x.At, g)
					}
				}
				if !resolved {
					resume(x.At)
				}
				resolved = false
				if owed == 0 {
					owed, owedSerial = x.At, x.serial
				}
				if !contacted {
					if contact == 0 {
						contact = x.At
					}
					lastWord = x.At
				}
				continue
			}
			if contact != 0 {
				e.outcome(answered, x.At, x.At-contact, g)
				contact, contacted = 0, true
			}
			judged := func(d due) {
				d.kept = d.due == 0 || x.At <= d.due
				d.broken = !d.kept
				e.dues = append(e.dues, d)
				if d.kept {
					e.count(clockMetric[d.clock], x.At, g)
				} else {
					e.count(clockMetric[d.clock]+1, d.due, g)
				}
			}
			if owed != 0 {
				m := window.Metric(firstResponse)
				if firstDone {
					m = nextResponse
				}
				e.sum(m, x.At, g, x.At-owed-pausedFor(pauses, owed, x.At), true)
				judged(due{clock: clock(), start: owed, due: dueAt(pauses, owed, targets[owedSerial][clock()])})
				owed, firstDone = 0, true
			}
			for clock, m := range updateMetric {
				if news != 0 {
					e.sum(m, x.At, g, x.At-news-pausedFor(stands(clock), news, x.At), true)
					judged(due{clock: clock, start: news, due: dueAt(stands(clock), news, targets[newsSerial][clock])})
				}
			}
			if news = 0; firstDone && !resolved {
				news, newsSerial = x.At, x.serial
			}
		case event.ConversationState:
			switch b.State {
			case event.StatusReopened, event.StatusOpened:
				if b.State == event.StatusReopened {
					settled, void = nil, false
				}
				resume(x.At)
				resolved = false
			case event.StatusPendingCustomer:
				if !resolved {
					resume(x.At)
					pauses = append(pauses, [2]int64{x.At, never})
				}
			case event.StatusSpam:
				void = true
			case event.StatusResolved:
				resume(x.At)
				if owed != 0 {
					if at := dueAt(pauses, owed, targets[owedSerial][clock()]); at != 0 && at < x.At {
						e.dues = append(e.dues, due{clock: clock(), start: owed, due: at, broken: true})
						e.count(clockMetric[clock()]+1, at, g)
					}
					owed = 0
				}
				for clock := range updateMetric {
					if at := dueAt(stands(clock), news, targets[newsSerial][clock]); news != 0 && at != 0 && at < x.At {
						e.dues = append(e.dues, due{clock: clock, start: news, due: at, broken: true})
						e.count(clockMetric[clock]+1, at, g)
					}
				}
				news = 0
				if contact != 0 {
					e.outcome(flowOut, x.At, x.At-contact, g)
					contact, contacted = 0, true
				}
				if !resolved {
					settled = x
				}
				resolved = true
			}
		}
	}
	silent(t)
	begin := list[0]
	open := func(clock string, start, serial int64, pauses [][2]int64) {
		d := due{clock: clock, start: start, due: dueAt(pauses, start, targets[serial][clock])}
		switch {
		case end == 0:
			if d.runs = true; d.due != 0 && t > d.due {
				e.count(clockMetric[clock]+1, d.due, g)
			}
		case d.due != 0 && d.due < end:
			d.broken = true
			e.count(clockMetric[clock]+1, d.due, g)
		default:
			return
		}
		e.dues = append(e.dues, d)
	}
	if owed != 0 {
		open(clock(), owed, owedSerial, pauses)
	}
	for clock := range updateMetric {
		if news != 0 {
			open(clock, news, newsSerial, stands(clock))
		}
	}
	if settled != nil {
		at := settled.At
		// Pauses that began after the resolve do not count, nor does what a pause took after it.
		e.sum(resolution, at, g, at-begin.At-pausedFor(pauses, begin.At, at), true)
		d := due{clock: "resolution", start: begin.At, due: dueAt(before(pauses, at), begin.At, targets[begin.serial]["resolution"])}
		if d.kept = at <= d.due; d.kept {
			e.count(clockMetric["resolution"], at, g)
		} else {
			d.broken = true
			e.count(clockMetric["resolution"]+1, d.due, g)
		}
		e.dues = append(e.dues, d)
	} else if !resolved {
		open("resolution", begin.At, begin.serial, pauses)
	}
	if contact != 0 && end > 0 {
		e.outcome(lostContact, end, end-contact, g)
	}
	if void {
		return
	}
	v.counts, v.dues = append(v.counts, e.counts...), append(v.dues, e.dues...)
	if len(active) > 0 {
		v.episodes = append(v.episodes, episode{customer, e0.Channel, queue, active})
	}
	if end == 0 && !resolved {
		v.open, v.waiting = true, contact
	}
}

// before cuts pauses off at an instant.
func before(pauses [][2]int64, at int64) (out [][2]int64) {
	for _, p := range pauses {
		if p[0] < at {
			out = append(out, [2]int64{p[0], min(p[1], at)})
		}
	}
	return out
}
