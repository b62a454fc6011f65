package oracle

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// CalledFor is the moment of rule 21.4. Its value is the number of the trigger's kind, and for each thing that is so one of the powers below.
const CalledFor Kind = "called for"

const (
	calledHeldOut = 8 << iota
	calledTried
	calledAsked
	calledEngaged
	calledAnswered
	calledCleared
	exchangesKept = 20
	callsKept     = 32
	callFinal     = 9 * dayMs
)

// triggerNumbers are those of the table of rule 21.
var triggerNumbers = []string{"deadline_at_risk", "negative_streak", "repeat_contact", "gone_silent", "bot_loop"}

// triggerSpec is a trigger of a policy.
type triggerSpec struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Holdout int    `json:"holdout"`
	Span    string `json:"span"`
	Match   struct {
		Channel, Queue, Priority, Team []string
	} `json:"match"`
}

// silences are the instants at which, by rule 1.10, it is looked whether the customer has gone silent.
func (l *life) silences() []int64 {
	var out []int64
	if l.ep.wrote == 0 || l.customer == "" || !l.ep.open() {
		return nil
	}
	for _, t := range l.book.current().Triggers {
		m, g := t.Match, l.routing
		if t.Kind == "gone_silent" && holds(m.Channel, g.Channel) && holds(m.Queue, g.Queue) && holds(m.Team, g.Team) && holds(m.Priority, l.priority) {
			out = append(out, l.ep.wrote+span(t.Span, 0))
		}
	}
	return out
}

// writes notes our last message, of people or a bot, and that it is over with it.
func (l *life) writes(e *taken) {
	switch e.kind {
	case reply, unsure, botReply:
		l.ep.wrote = 0
		if len(l.book.current().Triggers) > 0 {
			l.ep.wrote = e.At
		}
	case inbound, resolved, closed:
		l.ep.wrote = 0
	}
}

func (p *customerPolicy) holdsOut(trigger string) bool {
	return slices.ContainsFunc(p.Triggers, func(t triggerSpec) bool { return t.Name == trigger && t.Holdout > 0 })
}

func (p *customerPolicy) proactiveWindow() int64 { return span(p.ProactiveWindow, dayMs) }

// utterance is a word of ours or a sign of the customer, rule 21.1.
type utterance struct {
	at   int64
	ours bool
}

// exchange is one of rule 21.1; 0 is none.
type exchange struct{ heard, from, to, back int64 }

// utter notes one, while somebody wants to know.
func (l *life) utter(at int64, ours bool) {
	if len(l.book.current().Triggers) > 0 {
		l.ep.acts.said = append(slices.Clone(l.ep.acts.said), utterance{at, ours})
	}
}

// exchanges are those of an episode.
func exchanges(said []utterance, call bool) []exchange {
	var out []exchange
	heard := int64(0)
	for i := 0; i < len(said); i++ {
		u := said[i]
		if !u.ours {
			heard = u.at
			continue
		}
		x := exchange{heard, u.at, u.at, 0}
		for !call && i+1 < len(said) && said[i+1].ours {
			i++
			x.to = said[i].at
		}
		switch {
		case call:
			x.back = u.at
		case i+1 < len(said):
			x.back = said[i+1].at
		}
		out = append(out, x)
	}
	return out[max(0, len(out)-exchangesKept):]
}

// word is that of an exchange as seen from a call, rule 21.3.
func (x exchange) word(call int64) int64 {
	if x.from > call {
		return x.from
	}
	return x.to
}

// call is a trigger that was told or held out, rule 21.2.
type call struct {
	event.Signal
	number int
	policy *policy // in force when the customer heard of it
	over   bool    // it is final, or was ended
}

// calls are those of a customer, in the order in which they were told.
type calls struct {
	list  []*call
	final []Moment
}

// callsOf sorts the signals of triggers by customer.
func callsOf(signals []event.Signal, tenant, customer string) *calls {
	out := &calls{}
	for _, s := range signals {
		number := slices.Index(triggerNumbers, s.TriggerKind)
		if s.Kind != event.SignalTrigger || s.Tenant != tenant || s.Customer != customer || number < 0 {
			continue
		}
		known := 0
		for _, c := range out.list {
			if c.At >= s.At-callFinal {
				known++
			}
			if c.Conversation == s.Conversation && c.Trigger == s.Trigger && c.Instance == s.Instance {
				known = callsKept // told twice
			}
		}
		if known < callsKept {
			out.list = append(out.list, &call{Signal: s, number: number})
		}
	}
	return out
}

// settle makes final what is nine days old, rule 21.4.
func (c *calls) settle(now int64, p *policy, f *file) {
	for _, k := range c.list {
		if k.policy == nil && now >= k.At {
			k.policy = p
		}
		if !k.over && k.At < now-callFinal {
			c.final = append(c.final, f.became(k)...)
			k.over = true
		}
	}
}

// end ends those whose time is not over: the customer goes on as another, or is forgotten. Those after it are of whom the customer is then; as t lags behind the events of a log,
// those up to the instant of the merge itself are not.
func (c *calls) end(now, occurred int64) (after *calls) {
	after = &calls{}
	for _, k := range c.list {
		if !k.over && k.policy == nil && k.At > max(now, occurred) {
			after.list = append(after.list, &call{Signal: k.Signal, number: k.number})
		}
		k.over = k.over || k.policy == nil || now < k.At+k.policy.proactiveWindow()
	}
	return after
}

func (c *calls) moments(now int64, f *file) []Moment {
	out := slices.Clone(c.final)
	for _, k := range c.list {
		if !k.over && k.policy != nil && now >= k.At+k.policy.proactiveWindow() {
			out = append(out, f.became(k)...)
		}
	}
	return out
}

// origin is the contact of rule 21.2; taken: it was taken back.
func (f *file) origin(c *call) (o *known, taken bool) {
	for _, k := range f.heard {
		if k.key.subject.key.conversation == c.Conversation && k.inbound() && k.begin <= c.At && !k.finalAt(c.At, c.policy.contactsKept()) && (o == nil || k.begin > o.begin || k.begin == o.begin && k.key.via < o.key.via) {
			o = k
		}
	}
	begin := int64(0)
	back := slices.Clone(f.buried)
	for key, b := range f.gone {
		back = append(back, buried{key.subject.key.conversation, b})
	}
	for _, b := range back {
		if b.conversation == c.Conversation && b.inbound() && b.begin <= c.At && !b.finalAt(c.At, c.policy.contactsKept()) {
			begin = max(begin, b.begin)
		}
	}
	return o, begin != 0 && (o == nil || o.latest() < begin)
}

// became is rule 21.3.
func (f *file) became(c *call) []Moment {
	origin, taken := f.origin(c)
	if taken {
		return nil
	}
	end := c.At + c.policy.proactiveWindow()
	within := func(t int64) bool { return t > c.At && t <= end }
	topic := ""
	if origin != nil {
		topic = origin.acts.subject
	}
	what := int64(0)
	if c.HeldOut {
		what |= calledHeldOut
	}
	if c.policy.holdsOut(c.Trigger) {
		what |= calledTried
	}
	if origin != nil && within(origin.acts.resolved) {
		what |= calledCleared
	}
	for _, k := range f.heard {
		its := k.key.subject.key.conversation == c.Conversation
		same := topic == k.acts.subject || topic == "" || k.acts.subject == ""
		if origin != nil {
			same = origin.policy.oneTopic(topic, k.acts.subject)
		}
		if !k.inbound() || !its && !same {
			continue
		}
		asks := its || within(k.begin)
		spoke := false
		for _, x := range exchanges(k.acts.said, voicedName(k.channel)) {
			if !within(x.word(c.At)) {
				continue
			}
			if !spoke && asks && within(x.heard) {
				what |= calledAsked
			}
			spoke = true
			what |= calledEngaged
			if within(x.back) {
				what |= calledAnswered
			}
			if its && c.Clock != "" && c.Clock != Resolving && x.word(c.At) <= c.DueAt {
				what |= calledCleared
			}
		}
		if !spoke && asks && slices.ContainsFunc(k.at, within) {
			what |= calledAsked
		}
	}
	return []Moment{{Kind: CalledFor, At: c.At, Value: int64(c.number) | what, Conversation: c.Conversation,
		Group: Group{Channel: c.Channel.String(), Queue: c.Queue, Team: c.Team, Topic: topic}}}
}

func voicedName(channel string) bool { return channel == "voice" || channel == "video" }

// The metrics of rule 21.
func init() {
	is := func(no int, yes, not int64) {
		metrics = append(metrics, metric{no, counted, func(m Moment) bool { return m.Kind == CalledFor && m.Value&yes == yes && m.Value&not == 0 }})
	}
	is(560, 0, calledHeldOut)
	is(561, calledCleared, calledHeldOut|calledAsked)
	is(562, calledEngaged, calledHeldOut)
	is(563, calledAnswered, calledHeldOut)
	is(564, calledAsked, calledHeldOut)
	is(565, calledHeldOut, 0)
	is(566, calledHeldOut|calledAsked, 0)
	is(567, calledTried, calledHeldOut)
	is(568, calledTried|calledAsked, calledHeldOut)
	for k := range triggerNumbers {
		of := func(no int, yes, not int64) {
			metrics = append(metrics, metric{no + k, counted, func(m Moment) bool {
				return m.Kind == CalledFor && m.Value%8 == int64(k) && m.Value&yes == yes && m.Value&not == 0
			}})
		}
		of(570, 0, calledHeldOut)
		of(580, calledCleared, calledHeldOut|calledAsked)
	}
}
