package alerter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
)

// attempt is one notice on its way to one receiver. It is stored before it is made: whoever repeats it, after an error or a crash, repeats the same under the same id.
type attempt struct {
	ID       string   `json:"id"`
	Tenant   string   `json:"tenant"`
	Receiver string   `json:"receiver"`
	Route    string   `json:"route"`
	Groups   []string `json:"groups,omitempty"`
	Members  []member `json:"members"`
	Digest   bool     `json:"digest,omitempty"`
	Repeat   int      `json:"repeat,omitempty"`
	At       int64    `json:"at"` // when it was first tried
	Tries    int      `json:"tries,omitempty"`
	Err      string   `json:"err,omitempty"`
	// Unsure says that an earlier try may have arrived although it failed.
	Unsure bool `json:"unsure,omitempty"`

	panel  string // the alert of a panel that is shown; such attempts are not stored
	retry  *tried
	flying bool
}

// member is what an attempt tells of one incident.
type member struct {
	Incident string      `json:"incident"`
	Rev      int64       `json:"rev"`
	Type     notify.Type `json:"type"`
}

// tried is how often, and since when, something was tried.
type tried struct {
	at    int64
	tries int
	pause *backoff.ExponentialBackOff
}

// next returns how long to wait: anything up to 1 s, 2 s, 4 s, … 60 s, so that those that failed together do not come back together.
func (r *tried) next() time.Duration {
	if r.pause == nil {
		r.pause = &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 1, Multiplier: 2, MaxInterval: 30 * time.Second}
		r.pause.Reset()
		for range min(r.tries, 8) {
			r.pause.NextBackOff()
		}
	}
	r.tries++
	return r.pause.NextBackOff()
}

// fire tells what a group has to tell, or tells again what lasts.
func (d *desk) fire(g *group, now int64) {
	t := d.tenants[g.Tenant]
	if g.attempt != "" || t == nil {
		return // looked at again when it is over
	}
	route := t.routes[g.Route]
	if g.due == 0 || now < g.due {
		d.repeat(t, g, route, now)
		return
	}
	g.due = 0
	members := d.gather(t, g, now)
	if len(members) == 0 {
		d.drop(g)
		return
	}
	if wait := d.allow(g.Tenant, g.Receiver, now); wait > 0 {
		for _, m := range members {
			g.pending[m.Incident] = struct{}{}
		}
		g.due = now
		key := receiverKey(g.Tenant, g.Receiver)
		d.waiting[key] = append(d.waiting[key], g.Key)
		d.agenda.add(now+wait, dueReceiver, key)
		return
	}
	d.start(&attempt{Tenant: g.Tenant, Receiver: g.Receiver, Route: g.Route, Digest: g.Digest, Groups: []string{g.Key}, Members: members}, now)
}

// gather takes what is pending in a group and may be told now; the rest is planned anew.
func (d *desk) gather(t *tenant, g *group, now int64) []member {
	var out []member
	receiver, route := t.receivers[g.Receiver], t.routes[g.Route]
	for _, id := range sortedKeys(g.pending) {
		delete(g.pending, id)
		i := d.incidents[id]
		if i == nil || receiver == nil {
			continue
		}
		if _, onItsWay := d.busy[id+" "+g.Receiver]; onItsWay {
			continue
		}
		news := i.news(i.of(g.Receiver))
		if news == "" {
			continue
		}
		x := target{receiver, route}
		if route == nil {
			d.review(i, now)
			continue
		}
		switch m := d.sift(t, i, x, now); {
		case m == never:
		case m == digested != g.Digest:
			d.review(i, now)
		default:
			out = append(out, member{id, i.Rev, news})
		}
	}
	return out
}

// drop forgets a group of which nothing needs to be remembered.
func (d *desk) drop(g *group) {
	if g.attempt == "" && len(g.pending) == 0 && len(g.open) == 0 && (g.Single || g.LastSent == 0) {
		delete(d.groups, g.Key)
		d.touch(keyGroups, g.Key)
	}
}

// repeat tells again what lasts and nobody has acknowledged.
func (d *desk) repeat(t *tenant, g *group, route *Route, now int64) {
	if route == nil || route.Repeat == 0 || len(g.open) == 0 || now < g.LastSent+route.Repeat.Milliseconds() {
		return
	}
	var members []member
	for _, id := range sortedKeys(g.open) {
		i := d.incidents[id]
		if i == nil || i.over() || i.AckAt != 0 {
			delete(g.open, id)
			continue
		}
		_, onItsWay := d.busy[id+" "+g.Receiver]
		if k := i.of(g.Receiver); !onItsWay && k.Type != "" && d.silencedUntil(i, now) == 0 {
			members = append(members, member{id, k.Rev, k.Type})
		}
	}
	if until := t.quietUntil(g.Receiver, severest(d, members), now); until > 0 {
		d.agenda.add(until, dueGroup, g.Key)
		return
	}
	if len(members) == 0 {
		g.LastSent = now
		d.agenda.add(now+route.Repeat.Milliseconds(), dueGroup, g.Key)
		return
	}
	if wait := d.allow(g.Tenant, g.Receiver, now); wait > 0 {
		d.agenda.add(now+wait, dueGroup, g.Key)
		return
	}
	g.Repeats++
	d.start(&attempt{Tenant: g.Tenant, Receiver: g.Receiver, Route: g.Route, Groups: []string{g.Key}, Members: members, Repeat: g.Repeats}, now)
}

// admit lets the groups that waited for a receiver's bucket go: together, if they share a route and the destination can take it.
func (d *desk) admit(key string, now int64) {
	keys := d.waiting[key]
	delete(d.waiting, key)
	tenant, receiver := splitReceiverKey(key)
	t := d.tenants[tenant]
	if t == nil || t.receivers[receiver] == nil {
		return
	}
	byRoute := map[string][]*group{}
	for _, k := range keys {
		g := d.groups[k]
		if g == nil || g.attempt != "" || g.due == 0 {
			continue
		}
		how := g.Route
		if g.Digest || t.receivers[receiver].NoMerge {
			how = g.Key // alone
		}
		byRoute[how] = append(byRoute[how], g)
	}
	for _, how := range sortedKeys(byRoute) {
		groups := byRoute[how]
		if len(groups) == 1 {
			groups[0].due = min(groups[0].due, now)
			d.fire(groups[0], now)
			continue
		}
		if wait := d.allow(tenant, receiver, now); wait > 0 {
			for _, g := range groups {
				d.waiting[key] = append(d.waiting[key], g.Key)
			}
			d.agenda.add(now+wait, dueReceiver, key)
			continue
		}
		a := &attempt{Tenant: tenant, Receiver: receiver, Route: groups[0].Route}
		for _, g := range groups {
			g.due = 0
			if members := d.gather(t, g, now); len(members) > 0 {
				a.Groups, a.Members = append(a.Groups, g.Key), append(a.Members, members...)
			} else {
				d.drop(g)
			}
		}
		if len(a.Members) > 0 {
			d.tally.merged += len(a.Groups)
			d.start(a, now)
		}
	}
}

// start stores a new attempt and has it made.
func (d *desk) start(a *attempt, now int64) {
	parts := []string{"delivery", a.Tenant, a.Receiver, strconv.FormatBool(a.Digest), strconv.Itoa(a.Repeat)}
	for _, m := range a.Members {
		parts = append(parts, m.Incident, strconv.FormatInt(m.Rev, 10), string(m.Type))
	}
	a.ID, a.At, a.retry = event.OutputID(parts...), now, &tried{at: now}
	for _, key := range a.Groups {
		g := d.groups[key]
		if g.retry != nil {
			a.retry, a.At = g.retry, g.retry.at
			a.Tries = a.retry.tries
			g.retry = nil
		}
		g.attempt = a.ID
	}
	for _, m := range a.Members {
		d.busy[m.Incident+" "+a.Receiver] = a.ID
		if i := d.incidents[m.Incident]; !a.Digest && i.of(a.Receiver).First == 0 {
			i.note(a.Receiver).First = now
			d.save(i)
		}
	}
	if a.Digest {
		d.tally.digested += len(a.Members)
	}
	d.attempts[a.ID] = a
	d.touch(keyAttempts, a.ID)
	d.launch = append(d.launch, a)
	d.watch(a)
}

// watch has a fallback told when an attempt does not arrive in time, whether or not it was its turn by then.
func (d *desk) watch(a *attempt) {
	if r := d.tenants[a.Tenant].receivers[a.Receiver]; r.Fallback != "" {
		d.agenda.add(a.At+r.Deadline.Milliseconds(), dueDeadline, a.ID)
	}
}

// end removes an attempt and frees what it held.
func (d *desk) end(a *attempt) {
	delete(d.attempts, a.ID)
	d.touch(keyAttempts, a.ID)
	for _, m := range a.Members {
		delete(d.busy, m.Incident+" "+a.Receiver)
	}
	for _, key := range a.Groups {
		if g := d.groups[key]; g != nil {
			g.attempt = ""
		}
	}
}

// reviewMembers looks at the incidents of an attempt that is over.
func (d *desk) reviewMembers(a *attempt, now int64) {
	for _, m := range a.Members {
		if i := d.incidents[m.Incident]; i != nil {
			d.review(i, now)
		}
	}
	for _, key := range a.Groups {
		g := d.groups[key]
		if g == nil {
			continue
		}
		// What came into the group while the attempt was on its way.
		if len(g.pending) > 0 && g.due == 0 && g.attempt == "" {
			g.due = now
			if route := d.tenants[g.Tenant].routes[g.Route]; g.LastSent != 0 && !g.Single && route != nil {
				g.due = max(now, g.LastSent+g.interval(route).Milliseconds())
			}
			d.agenda.add(g.due, dueGroup, key)
		}
		d.drop(g)
	}
}

// attemptAgain repeats an attempt as it was, unless what it tells is no longer what is to be told: then another one takes its place.
func (d *desk) attemptAgain(a *attempt, now int64) {
	if a.flying {
		return
	}
	if d.holds(a, now) {
		if a.retry == nil { // of an earlier owner
			a.retry = &tried{at: a.At, tries: a.Tries}
			a.Unsure = true
			d.touch(keyAttempts, a.ID)
		}
		d.launch = append(d.launch, a)
		return
	}
	unsure := a.Unsure || a.retry == nil
	for _, m := range a.Members {
		if i := d.incidents[m.Incident]; i != nil && unsure {
			i.note(a.Receiver).Maybe = true
			i.note(a.Receiver).Route = a.Route
			d.save(i)
		}
	}
	d.end(a)
	r := a.retry
	if r == nil {
		r = &tried{at: a.At, tries: a.Tries}
	}
	for _, key := range a.Groups {
		if g := d.groups[key]; g != nil {
			g.retry = r
		}
	}
	d.reviewMembers(a, now)
}

// holds reports whether all that an attempt tells is still to be told in the same manner.
func (d *desk) holds(a *attempt, now int64) bool {
	t := d.tenants[a.Tenant]
	for _, m := range a.Members {
		i := d.incidents[m.Incident]
		if i == nil || i.Rev != m.Rev {
			return false
		}
		k := i.of(a.Receiver)
		if a.Repeat > 0 {
			if i.over() || i.AckAt != 0 || k.Rev != m.Rev {
				return false
			}
			continue
		}
		if i.news(k) != m.Type || !(i.over() && k.knows()) && d.silencedUntil(i, now) > 0 || t.quietUntil(a.Receiver, i.Severity, now) > 0 {
			return false
		}
		if m := i.mannerOf(k, t.receivers[a.Receiver], now); m == never || (m == digested) != a.Digest {
			return false
		}
	}
	return true
}

// String names an attempt in logs.
func (a *attempt) String() string { return fmt.Sprintf("%s to %s of %s", a.ID, a.Receiver, a.Tenant) }
