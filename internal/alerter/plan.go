package alerter

import (
	"strings"
	"time"
)

// group is what is told together to one receiver. Only groups of several incidents are stored.
type group struct {
	Key      string `json:"key"`
	Tenant   string `json:"tenant"`
	Receiver string `json:"receiver"`
	Route    string `json:"route"`
	Digest   bool   `json:"digest,omitempty"`
	Single   bool   `json:"single,omitempty"`
	LastSent int64  `json:"last_sent"`
	Repeats  int    `json:"repeats,omitempty"`

	pending map[string]struct{} // incidents with news
	open    map[string]struct{} // incidents that the receiver knows of and that last
	due     int64               // when the news go out, 0 when there are none
	attempt string              // on its way
	retry   *tried              // of the attempt that the next one takes the place of
}

// Pace of digests.
const (
	digestWait     = 10 * time.Second
	digestInterval = 15 * time.Minute
)

// review looks at what each receiver must hear of an incident, and plans it.
func (d *desk) review(i *incident, now int64) {
	if d.catching {
		d.late[i.ID] = struct{}{}
		return
	}
	t := d.tenants[i.Tenant]
	if t == nil {
		return
	}
	if at := i.gone(); at != 0 {
		d.agenda.add(at, dueIncident, i.ID)
	}
	if i.HeldOut {
		return
	}
	d.escalate(t, i, now)
	for _, x := range t.targets(i) {
		if x.receiver.Panel {
			d.show(t, i, x, now)
			continue
		}
		d.consider(t, i, x, now)
	}
}

// consider plans what one receiver must hear of an incident now.
func (d *desk) consider(t *tenant, i *incident, x target, now int64) {
	name := x.receiver.Name
	if _, onItsWay := d.busy[i.ID+" "+name]; onItsWay {
		return // it is looked at again when that is over
	}
	k := i.of(name)
	if i.news(k) == "" {
		d.mind(i, x, k)
		return
	}
	m := d.sift(t, i, x, now)
	if m == never {
		return
	}
	key, route := x.key(i), x.route.Name
	if m == digested {
		key, route = digestKey(t.Name, name), x.route.Name
	}
	g := d.groupFor(key, t.Name, name, route, m == digested)
	g.pending[i.ID] = struct{}{}
	due := now + x.wait(i).Milliseconds()
	if m == digested {
		due = now + digestWait.Milliseconds()
	}
	if g.LastSent != 0 && !g.Single {
		due = max(due, g.LastSent+g.interval(x.route).Milliseconds())
	}
	if g.attempt == "" && (g.due == 0 || due < g.due) {
		g.due = due
		d.agenda.add(due, dueGroup, key)
	}
}

func (g *group) interval(r *Route) time.Duration {
	if g.Digest {
		return digestInterval
	}
	return r.GroupInterval
}

// sift says how news are told to a receiver at this moment, and notes what is never told; waiting news come back when what they wait for ends.
func (d *desk) sift(t *tenant, i *incident, x target, now int64) manner {
	name := x.receiver.Name
	k := i.of(name)
	ends := i.over() && k.knows()
	if until := d.silencedUntil(i, now); until > 0 && !ends {
		if i.over() {
			d.waive(i, name, "silenced")
			d.tally.silenced++
		} else {
			d.agenda.add(until, dueIncident, i.ID)
		}
		return never
	}
	m := i.mannerOf(k, x.receiver, now)
	if m == never {
		d.waive(i, name, "too old to be told")
		d.tally.tooOld++
		return never
	}
	if until := t.quietUntil(name, i.Severity, now); until > 0 {
		d.agenda.add(until, dueIncident, i.ID)
		return never
	}
	return m
}

// waive notes why a receiver is not told of the newest revision.
func (d *desk) waive(i *incident, receiver, why string) {
	k := i.note(receiver)
	k.Rev, k.Err = i.Rev, why
	d.save(i)
}

// mind keeps what a group has told and lasts, so that it can be told again.
func (d *desk) mind(i *incident, x target, k *told) {
	if x.route.Repeat == 0 || !k.knows() {
		return
	}
	key := x.key(i)
	if i.over() || i.AckAt != 0 {
		if g := d.groups[key]; g != nil {
			delete(g.open, i.ID)
		}
		return
	}
	g := d.groupFor(key, i.Tenant, x.receiver.Name, x.route.Name, false)
	g.LastSent = max(g.LastSent, k.At)
	g.open[i.ID] = struct{}{}
	d.agenda.add(g.LastSent+x.route.Repeat.Milliseconds(), dueGroup, key)
}

func digestKey(tenant, receiver string) string {
	return strings.Join([]string{escapePart(tenant), escapePart(receiver), "", "digest"}, "/")
}

func (d *desk) groupFor(key, tenant, receiver, route string, digest bool) *group {
	g := d.groups[key]
	if g == nil {
		parts := strings.Split(key, "/")
		g = &group{Key: key, Tenant: tenant, Receiver: receiver, Route: route, Digest: digest, Single: len(parts) > 3 && parts[3] == byIncident}
		d.groups[key] = g
	}
	if g.pending == nil {
		g.pending, g.open = map[string]struct{}{}, map[string]struct{}{}
	}
	return g
}

// escalate calls others when nobody has acknowledged in time, once.
func (d *desk) escalate(t *tenant, i *incident, now int64) {
	if i.over() || i.AckAt != 0 || i.Escalated {
		return
	}
	for _, name := range sortedKeys(i.Told) {
		k := i.Told[name]
		r := t.routes[k.Route]
		if r == nil || r.AckWithin == 0 || k.Type == "" {
			continue
		}
		since := k.First
		if since == 0 {
			since = k.At
		}
		at := since + r.AckWithin.Milliseconds()
		if now < at {
			d.agenda.add(at, dueIncident, i.ID)
			continue
		}
		i.Escalated = true
		for _, to := range r.EscalateTo {
			i.join(to, r.Name)
		}
		d.tally.escalated++
		d.save(i)
		return
	}
}

// join adds a receiver to an incident.
func (i *incident) join(receiver, route string) bool {
	for _, x := range i.Extra {
		if x.Receiver == receiver {
			return false
		}
	}
	i.Extra = append(i.Extra, extra{receiver, route})
	return true
}

// advance does everything that is due. What is to be sent is in d.launch afterwards.
func (d *desk) advance(now int64) {
	for !d.catching {
		e, ok := d.agenda.pop(now)
		if !ok {
			return
		}
		switch e.kind {
		case dueGroup:
			if g := d.groups[e.key]; g != nil {
				d.fire(g, now)
			}
		case dueAttempt:
			if a := d.attempts[e.key]; a != nil {
				d.attemptAgain(a, now)
			}
		case dueDeadline:
			if a := d.attempts[e.key]; a != nil {
				d.fallBack(d.tenants[a.Tenant], a, now)
			}
		case dueReceiver:
			d.admit(e.key, now)
		case duePanel:
			d.refresh(e.key, now)
		case dueSilence:
			if s := d.silences[e.key]; s != nil && now >= s.EndsAt {
				delete(d.silences, e.key)
				d.touch(keySilences, e.key)
			}
		case dueIncident:
			d.look(e.key, now)
		}
	}
}

// look returns to an incident that waited for something, and forgets it when it is long over.
func (d *desk) look(id string, now int64) {
	i := d.incidents[id]
	if i == nil {
		return
	}
	if at := i.gone(); at == 0 || now < at {
		d.review(i, now)
		return
	}
	for name := range i.Told {
		if _, onItsWay := d.busy[id+" "+name]; onItsWay {
			d.agenda.add(now+time.Hour.Milliseconds(), dueIncident, id)
			return
		}
	}
	delete(d.incidents, id)
	d.save(i)
}
