package alerter

import "time"

// answer is what came of an attempt.
type answer struct {
	attempt *attempt
	ref     string
	err     error // nil when it was delivered
	retry   bool
	after   time.Duration
	unsure  bool
}

// finish takes in what came of an attempt.
func (d *desk) finish(r answer, now int64) {
	a := r.attempt
	a.flying = false
	if a.panel != "" {
		d.shown(a, r, now)
		return
	}
	if d.attempts[a.ID] != a {
		return
	}
	if r.err != nil && r.retry {
		a.Unsure = a.Unsure || r.unsure
		a.Err = r.err.Error()
		wait := max(a.retry.next(), r.after)
		a.Tries = a.retry.tries
		d.touch(keyAttempts, a.ID)
		d.agenda.add(now+wait.Milliseconds(), dueAttempt, a.ID)
		d.keepRef(a, r.ref)
		return
	}
	d.end(a)
	for _, m := range a.Members {
		i := d.incidents[m.Incident]
		if i == nil {
			continue
		}
		k := i.note(a.Receiver)
		k.Rev, k.Route = max(k.Rev, m.Rev), a.Route
		if r.err != nil {
			k.Err = r.err.Error()
		} else {
			k.Type, k.At, k.Err, k.Maybe = m.Type, now, "", false
		}
		d.save(i)
	}
	d.keepRef(a, r.ref)
	if r.err == nil {
		for _, key := range a.Groups {
			if g := d.groups[key]; g != nil {
				g.LastSent, g.retry = now, nil
				d.touch(keyGroups, key)
			}
		}
	} else {
		d.fallBack(d.tenants[a.Tenant], a, now)
	}
	d.reviewMembers(a, now)
}

// keepRef stores what a destination calls an incident.
func (d *desk) keepRef(a *attempt, ref string) {
	if len(a.Members) != 1 || ref == "" {
		return
	}
	if i := d.incidents[a.Members[0].Incident]; i != nil && i.of(a.Receiver).Ref != ref {
		i.note(a.Receiver).Ref = ref
		d.save(i)
	}
}

// fallBack has somebody else told what one receiver could not be, once.
func (d *desk) fallBack(t *tenant, a *attempt, now int64) {
	to := t.receivers[a.Receiver].Fallback
	if to == "" {
		return
	}
	for _, m := range a.Members {
		if i := d.incidents[m.Incident]; i != nil && i.join(to, a.Route) {
			d.tally.fallbacks++
			d.save(i)
			d.review(i, now)
		}
	}
}
