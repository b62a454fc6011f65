package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// The moments of rules 18.1 and 18.2. The value of first contacts is their tier.
const (
	FirstContact    Kind = "first contact"
	FirstHeld       Kind = "first contact held"
	FirstFinal      Kind = "first contact final"
	FirstFinalHeld  Kind = "first contact final and held"
	FirstStrict     Kind = "first contact strict"
	FirstNet        Kind = "first contact net"
	FirstNetHeld    Kind = "first contact net and held"
	Served          Kind = "served"
	ServedDeflected Kind = "deflected"
	ServedContained Kind = "contained"
	ServedVerified  Kind = "verified"
	ServedConfirmed Kind = "confirmed"
	servedLook           = 3 * dayMs
	satisfiedLook        = dayMs
	journeyLook          = 7 * dayMs
	atHandLook           = 9 * dayMs
)

// episodeKey names a contact of a customer.
type episodeKey struct {
	subject *subject
	episode int
	via     string
}

func (k contactKey) whole() episodeKey { return episodeKey{k.subject, k.episode, k.via} }

// known is a contact that a customer has heard of.
type known struct {
	*contactTold
	key    episodeKey
	part   int
	policy *policy // when it was last told
}

// buried is a contact that was taken back before it was final.
type buried struct {
	conversation string
	*contactTold
}

// marks are what contacts that are final mean for one, and from when on its moments count.
type marks struct {
	since                               int64 // moments before it are not counted
	before, repeated, joined, satisfied bool
}

// file is what a customer's contacts are judged by.
type file struct {
	known   map[episodeKey]*known
	heard   map[episodeKey]*known       // also those that are final, as they are now: rule 18.8
	gone    map[episodeKey]*contactTold // that were taken back
	buried  []buried                    // of those what is final
	marks   map[episodeKey]*marks
	final   []Moment
	settled int64 // t when it was last looked for what is final
}

func newFile() *file {
	return &file{known: map[episodeKey]*known{}, heard: map[episodeKey]*known{}, gone: map[episodeKey]*contactTold{}, marks: map[episodeKey]*marks{}}
}

func (k *known) group() Group {
	return Group{Channel: k.channel, Queue: k.queue, Team: k.acts.team, Agent: k.acts.agent, Topic: k.acts.subject}
}

// inbound: it has begun and has points.
func (c *contactTold) inbound() bool { return c.begin != 0 && len(c.at) > 0 }

// over: an open one has no end.
func (c *contactTold) ends() int64 {
	if c.open {
		return forever
	}
	return c.end
}

// contained is that of rule 18.
func (c *contactTold) contained() bool {
	a := c.acts
	return a.bot && a.joined == 0 && !c.open && (a.outcome == event.SelfServiceContained || a.outcome == event.SelfServiceConfirmed || a.resolved != 0)
}

// latest is the last instant at which anything of it was.
func (c *contactTold) latest() int64 {
	last := max(c.begin, c.end)
	if n := len(c.at); n > 0 {
		last = max(last, c.at[n-1])
	}
	return last
}

// hear notes a contact, or that it is taken back. What is final was set aside before.
func (f *file) hear(h hearing) {
	key := h.key.whole()
	if h.told == nil || !h.told.whole {
		if was := f.known[key]; was != nil && was.part == h.key.part {
			delete(f.known, key)
		}
		if was := f.heard[key]; was != nil && was.part == h.key.part {
			delete(f.heard, key)
		}
		if h.told == nil && h.back.whole {
			f.gone[key] = h.back
			f.mark(key, h)
		}
		return
	}
	f.mark(key, h)
	delete(f.gone, key)
	f.known[key] = &known{h.told, key, h.key.part, h.policy}
	f.heard[key] = f.known[key]
}

// mark notes from when on the moments of a contact count, when the customer hears of it for the first time.
func (f *file) mark(key episodeKey, h hearing) {
	if f.marks[key] == nil {
		f.marks[key] = &marks{since: h.since()}
	}
}

// settle makes contacts final, rule 11.4.
func (f *file) settle(now int64, p *policy, a *answers) {
	for key, c := range f.gone {
		if c.finalAt(now, p.contactsKept()) {
			f.buried = append(f.buried, buried{key.subject.key.conversation, c})
			delete(f.gone, key)
			delete(f.marks, key)
		}
	}
	for _, k := range f.inOrder() {
		if !k.finalAt(now, p.contactsKept()) {
			continue
		}
		f.final = append(f.final, f.judge(k, max(f.settled, min(now, k.latest()+k.keptFor(p.contactsKept()))), a)...) // as it was when time made it final
		for _, o := range f.known {
			if o != k {
				f.marks[o.key].from(o, k)
			}
		}
		delete(f.known, k.key)
		delete(f.marks, k.key)
	}
	f.settled = now
}

func (f *file) inOrder() []*known {
	var out []*known
	for _, k := range f.known {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *known) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), strings.Compare(a.key.subject.key.conversation, b.key.subject.key.conversation), cmp.Compare(a.key.episode, b.key.episode), strings.Compare(a.key.via, b.key.via))
	})
	return out
}

// from adds what a contact means for one.
func (m *marks) from(of, by *known) {
	m.before = m.before || of.cameBefore(by)
	m.repeated = m.repeated || of.repeatedBy(by)
	m.joined = m.joined || of.joinedBy(by)
}

func (k *known) cameBefore(o *known) bool {
	w := k.policy.returning(k.channel)
	return o.inbound() && k.policy.oneTopic(k.acts.subject, o.acts.subject) && o.begin >= k.begin-w && o.begin < k.begin
}

func (k *known) repeatedBy(o *known) bool {
	w, at := k.policy.returning(k.channel), k.acts.resolved
	return at != 0 && o.inbound() && k.policy.oneTopic(k.acts.subject, o.acts.subject) && o.begin > at && o.begin <= at+w
}

func (k *known) joinedBy(o *known) bool {
	at := o.acts.joined
	return at != 0 && k.policy.oneTopic(k.acts.subject, o.acts.subject) && at > k.begin && at <= k.ends()+servedLook
}

// judge is what a contact counts, rules 18.1 and 18.2.
func (f *file) judge(k *known, now int64, a *answers) []Moment {
	m := *f.marks[k.key]
	for _, o := range f.known {
		if o != k {
			m.from(k, o)
		}
	}
	var out []Moment
	count := func(at, value int64, kinds ...Kind) {
		for _, kind := range kinds {
			if at >= m.since {
				out = append(out, Moment{Kind: kind, At: at, Value: value, Group: k.group(), Conversation: k.key.subject.key.conversation})
			}
		}
	}
	acts, p := k.acts, k.policy
	if at := acts.resolved; at != 0 && k.inbound() && !m.before {
		held := !acts.reopened && !m.repeated
		count(at, acts.tier, FirstContact)
		if held {
			count(at, acts.tier, FirstHeld)
		}
		if now >= at+p.returning(k.channel) {
			count(at, acts.tier, FirstFinal)
			if held {
				count(at, acts.tier, FirstFinalHeld)
			}
			if held && !acts.moved && len(acts.agents) <= 1 {
				count(at, acts.tier, FirstStrict)
			}
			if p.firstLevel(acts.subject) {
				count(at, acts.tier, FirstNet)
				if held {
					count(at, acts.tier, FirstNetHeld)
				}
			}
		}
	}
	if !k.inbound() || k.open || k.channel == "commerce" || k.channel == "survey" || k.channel == "task" {
		return out
	}
	count(k.begin, 0, Served)
	if acts.bot && acts.joined == 0 {
		count(k.begin, 0, ServedDeflected)
	}
	if !k.contained() {
		return out
	}
	count(k.begin, 0, ServedContained)
	if m.joined {
		return out
	}
	count(k.begin, 0, ServedVerified)
	if acts.confirmed || m.satisfied || a.satisfied(k) {
		count(k.begin, 0, ServedConfirmed)
	}
	return out
}

// moments are all that the customer's contacts count.
func (f *file) moments(now int64, a *answers) []Moment {
	out := slices.Clone(f.final)
	for _, k := range f.inOrder() {
		out = append(out, f.judge(k, now, a)...)
	}
	return out
}

// atHand is the contact that an answer of a subject is about, rule 18.4.
func (f *file) atHand(s *subject, at int64) *known {
	var found *known
	for _, k := range f.heard {
		if k.key.subject.key == s.key && k.inbound() && k.begin <= at && k.latest() >= at-atHandLook && (found == nil || k.begin > found.begin) {
			found = k
		}
	}
	return found
}

// switches are the changes of channel on the way to an answer.
func (f *file) switches(k *known, at int64) int64 {
	var way []*known
	for _, o := range f.heard {
		if o == k || o.inbound() && k.policy.oneTopic(k.acts.subject, o.acts.subject) && o.begin > at-journeyLook && o.begin <= at {
			way = append(way, o)
		}
	}
	slices.SortStableFunc(way, func(a, b *known) int { return cmp.Compare(a.begin, b.begin) })
	n := int64(0)
	for i := 1; i < len(way); i++ {
		if way[i].channel != way[i-1].channel {
			n++
		}
	}
	return min(n, 2)
}
