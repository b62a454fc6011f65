package alerter

import (
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
)

// panel is one alert of a receiver that wants to hear again and again what is firing: an Alertmanager, which forgets what it does not hear of. Of promises it shows one alert for
// all open breaches of a queue, channel and clock; of rules each. It is made of the incidents and stored nowhere.
type panel struct {
	tenant, receiver, route string

	incidents map[string]struct{} // open
	since     int64               // begin of the oldest of them when the alert began
	sample    *incident           // what the labels are taken from
	changed   int64               // when it last changed
	endedAt   int64               // when the last one ended, 0 while it fires
	shownAt   int64               // last told with success
	flying    bool
	again     bool // it has changed while it was on its way
	retry     *tried
}

// Pace of panels, as Alertmanager expects it of Prometheus.
const (
	panelEvery = time.Minute
	panelLasts = 4 * time.Minute  // an alert that is not repeated is over
	panelEnds  = 15 * time.Minute // for how long an end is repeated
	panelGap   = time.Second      // between two that say something new
)

// panelKey names the alert of an incident at a receiver, "" if such things are not shown.
func panelKey(i *incident, receiver string) string {
	switch {
	case i.Rule != "":
		return strings.Join([]string{i.Tenant, receiver, "rule", i.ID}, "\x00")
	case i.Name == nameBreach:
		return strings.Join([]string{i.Tenant, receiver, "queue", i.Queue, i.Channel, i.Clock, string(i.Severity)}, "\x00")
	}
	return "" // single customers are not for an Alertmanager
}

// show brings the alert of an incident up to date.
func (d *desk) show(t *tenant, i *incident, x target, now int64) {
	key := panelKey(i, x.receiver.Name)
	if key == "" {
		return
	}
	p := d.panels[key]
	silenced := d.silencedUntil(i, now)
	open := !i.over() && silenced == 0
	if silenced > 0 {
		d.agenda.add(silenced, dueIncident, i.ID)
	}
	switch {
	case p == nil && !open && (i.EndedAt == 0 || now-i.EndedAt > panelEnds.Milliseconds() || !i.of(x.receiver.Name).knows()):
		return // it was never shown, or ended long ago
	case p == nil:
		p = &panel{tenant: t.Name, receiver: x.receiver.Name, route: x.route.Name, incidents: map[string]struct{}{}, since: i.StartedAt, sample: i, endedAt: i.EndedAt}
		d.panels[key] = p
	}
	_, was := p.incidents[i.ID]
	if open == was && p.shownAt != 0 {
		return
	}
	if open {
		if len(p.incidents) == 0 {
			p.since, p.sample = i.StartedAt, i
		}
		p.incidents[i.ID] = struct{}{}
		p.endedAt = 0
	} else {
		delete(p.incidents, i.ID)
		if len(p.incidents) == 0 {
			p.endedAt = max(p.endedAt, i.EndedAt, 1)
		}
	}
	p.changed, p.again = now, true
	d.agenda.add(max(now, p.shownAt+panelGap.Milliseconds()), duePanel, key)
}

// refresh tells a panel what its alert is now.
func (d *desk) refresh(key string, now int64) {
	p := d.panels[key]
	if p == nil || p.flying {
		return
	}
	if p.endedAt != 0 && now-max(p.endedAt, p.changed) > panelEnds.Milliseconds() {
		delete(d.panels, key)
		return
	}
	if !p.again && now-p.shownAt < panelEvery.Milliseconds() {
		return
	}
	p.flying, p.again = true, false
	if p.retry == nil {
		p.retry = &tried{at: now}
	}
	d.launch = append(d.launch, &attempt{ID: "", Tenant: p.tenant, Receiver: p.receiver, Route: p.route, At: now, panel: key})
}

// shown takes in what came of showing an alert.
func (d *desk) shown(a *attempt, r answer, now int64) {
	p := d.panels[a.panel]
	if p == nil {
		return
	}
	p.flying = false
	if r.err != nil {
		p.again = true
		d.agenda.add(now+max(p.retry.next(), r.after).Milliseconds(), duePanel, a.panel)
		return
	}
	p.retry, p.shownAt = nil, now
	for id := range p.incidents {
		i := d.incidents[id]
		if i == nil {
			delete(p.incidents, id)
			continue
		}
		if k := i.of(p.receiver); k.Rev != i.Rev {
			k = i.note(p.receiver)
			k.Rev, k.Type, k.At, k.Route = i.Rev, i.Type, now, p.route
			d.save(i)
		}
	}
	next := now + panelEvery.Milliseconds()
	if p.again {
		next = now + panelGap.Milliseconds()
	}
	d.agenda.add(next, duePanel, a.panel)
}

// severest returns the highest severity among members.
func severest(d *desk, members []member) notify.Severity {
	out := notify.Info
	for _, m := range members {
		if i := d.incidents[m.Incident]; i != nil && rank(i.Severity) > rank(out) {
			out = i.Severity
		}
	}
	return out
}

func rank(s notify.Severity) int {
	switch s {
	case notify.Critical:
		return 2
	case notify.Warning:
		return 1
	}
	return 0
}
