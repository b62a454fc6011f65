package convo_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// t0 is the instant 0 of scripts: 09:00 on a Monday in Bogota.
var t0 = time.Date(2026, 9, 21, 14, 0, 0, 0, time.UTC).UnixMilli()

// faults is the part of testing.TB that a desk needs; rapid.T has it too.
type faults interface {
	Helper()
	Fatalf(format string, args ...any)
}

// desk folds one conversation as a partition does: it keeps time, policies, the agenda, and what all changes add up to. On the way it checks what must hold after
// every step: nothing is taken back that was not counted, and a state that was stored and loaded goes on exactly like the one in memory.
type desk struct {
	faults
	channel    event.Channel
	threadless bool
	spec       sla.PolicySpec
	policies   []*sla.Policy
	reapplied  int64
	gaps       [][2]int64
	now        int64
	state      *convo.State
	counted    map[convo.Moment]int
	signals    []string
	facts      map[string]event.Fact
	agents     map[string]event.AgentFact
	lines      int
	truncated  bool
	anything   bool // repeats need not be marked
	shown      func(convo.MomentKind) bool
	script     strings.Builder
}

func newDesk(f faults, ch event.Channel, spec sla.PolicySpec) *desk {
	d := &desk{faults: f, channel: ch, threadless: ch == event.WhatsApp, spec: spec, counted: map[convo.Moment]int{}, facts: map[string]event.Fact{}, agents: map[string]event.AgentFact{}, now: t0,
		shown: func(k convo.MomentKind) bool { return k <= convo.Scored }}
	d.policy(spec, false)
	return d
}

// policy puts other rules in force.
func (d *desk) policy(spec sla.PolicySpec, reapply bool) {
	d.Helper()
	p, err := sla.CompilePolicy(spec, int64(len(d.policies))+1)
	if err != nil {
		d.Fatalf("%v", err)
	}
	d.policies = append(d.policies, p)
	d.spec = spec
	if reapply {
		d.reapplied = p.Serial
		if d.state != nil {
			d.change(func(s *convo.State, env *convo.Env) (convo.Change, bool) { return s.Tick(env), true })
		}
	}
}

func (d *desk) env() *convo.Env {
	return &convo.Env{
		T: d.now, Current: d.policies[len(d.policies)-1], Reapplied: d.reapplied,
		Policies: func(serial int64) *sla.Policy { return d.policies[min(max(serial, 1), int64(len(d.policies)))-1] },
		Hold: func(due int64, _ string) (until int64) {
			for _, g := range d.gaps {
				if g[0] <= due && due <= g[1] {
					until = max(until, g[1]+5*60_000)
				}
			}
			return until
		},
	}
}

// change does one thing to the state, and to a copy that was stored and loaded: both must agree.
func (d *desk) change(do func(*convo.State, *convo.Env) (convo.Change, bool)) (applied bool) {
	d.Helper()
	twin, err := convo.Decode(d.state.Encode())
	if err != nil {
		d.Fatalf("decode: %v", err)
	}
	c, applied := do(d.state, d.env())
	tc, twinApplied := do(twin, d.env())
	if diff := gocmp.Diff(c, tc); diff != "" || applied != twinApplied {
		d.Fatalf("in memory (-) and loaded (+) states change differently:\n%s\nafter:\n%s", diff, d.script.String())
	}
	if !bytes.Equal(d.state.Encode(), twin.Encode()) {
		d.Fatalf("in memory and loaded states end differently:\n%+v\n%+v\nafter:\n%s", d.state, twin, d.script.String())
	}
	for _, m := range c.Gone {
		if d.counted[m]--; d.counted[m] < 0 {
			d.Fatalf("taken back but never counted: %s\nat T=%s, counted:\n%s\nafter:\n%s", show(m), rel(d.now), d.moments(), d.script.String())
		}
	}
	for _, m := range c.New {
		d.counted[m]++
	}
	for _, s := range c.Signals {
		d.signals = append(d.signals, showSignal(s))
	}
	for _, f := range c.Facts {
		name := f.Customer + " " + f.Subject
		if old, ok := d.facts[name]; ok && old.Revision >= f.Revision {
			d.Fatalf("fact of %s: revision %d after %d", name, f.Revision, old.Revision)
		}
		d.facts[name] = f
	}
	for _, f := range c.Agents {
		name := f.Agent + " " + f.Subject
		if old, ok := d.agents[name]; ok && old.Revision >= f.Revision {
			d.Fatalf("fact of agent %s: revision %d after %d", name, f.Revision, old.Revision)
		}
		d.agents[name] = f
	}
	switch {
	case c.Forget:
		d.state = nil
	case d.state.Wake == 0 || c.Wake < d.state.Wake:
		d.state.Wake = c.Wake
	}
	return applied
}

// tick lets time reach an instant.
func (d *desk) tick(at int64) {
	d.Helper()
	if d.now = max(d.now, at); d.state == nil || d.state.Wake == 0 || d.state.Wake > d.now {
		return
	}
	d.state.Wake = 0
	d.change(func(s *convo.State, env *convo.Env) (convo.Change, bool) { return s.Tick(env), true })
}

// event folds an event; false when it repeats one, or comes too late.
func (d *desk) event(e *event.Event) bool {
	d.Helper()
	if e.At < d.now-d.policies[len(d.policies)-1].HorizonMs(e.Source.Connector) {
		return false
	}
	if d.state == nil {
		d.state = convo.New(e)
		d.state.Truncated = d.truncated
	}
	return d.change(func(s *convo.State, env *convo.Env) (convo.Change, bool) { return s.Apply(env, e) })
}

// play runs a script: one line an event in the order of arrival, "<when it happened> <what> <key=value>…", besides "<when> tick" and "- policy".
func (d *desk) play(script string) *desk {
	d.Helper()
	for line := range strings.Lines(script) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		d.lines++
		fmt.Fprintln(&d.script, strings.TrimSpace(line))
		at := d.instant(w[0])
		arg := map[string]string{}
		for _, kv := range w[2:] {
			k, v, _ := strings.Cut(kv, "=")
			arg[k] = v
		}
		switch w[1] {
		case "tick":
			d.tick(at)
		case "gap":
			d.gaps = append(d.gaps, [2]int64{at, d.instant(arg["to"])})
		case "policy":
			spec := d.spec
			spec.Rules = slices.Clone(spec.Rules)
			if spec.Rules[0].FirstResponse = cmp.Or(arg["first"], spec.Rules[0].FirstResponse); arg["resolution"] != "" {
				spec.Rules[0].Resolution = arg["resolution"]
			}
			_, reapply := arg["reapply"]
			d.policy(spec, reapply)
		default:
			_, repeat := arg["repeat"]
			if applied := d.event(d.eventOf(at, w[1], arg)); applied == repeat && !d.anything {
				d.Fatalf("line %d, %q: applied %v, want %v", d.lines, strings.TrimSpace(line), applied, !repeat)
			}
		}
	}
	return d
}

// instant is t0 + a duration, or a date and time of Bogota.
func (d *desk) instant(s string) int64 {
	d.Helper()
	if s == "-" {
		return d.now
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		d.Fatalf("%v", err)
	}
	return t0 + v.Milliseconds()
}

var (
	statuses = map[string]event.ConversationStatus{"opened": event.StatusOpened, "pending": event.StatusPendingCustomer, "on_hold": event.StatusOnHold,
		"snoozed": event.StatusSnoozed, "resolved": event.StatusResolved, "closed": event.StatusClosed, "reopened": event.StatusReopened, "deleted": event.StatusDeleted,
		"merged": event.StatusMerged, "spam": event.StatusSpam}
	phases = map[string]event.CallPhase{"started": event.PhaseStarted, "queued": event.PhaseQueued, "offered": event.PhaseOffered, "answered": event.PhaseAnswered,
		"hold": event.PhaseHoldStarted, "unhold": event.PhaseHoldEnded, "transferred": event.PhaseTransferred, "ended": event.PhaseEnded, "abandoned": event.PhaseAbandoned,
		"voicemail": event.PhaseVoicemail, "callback": event.PhaseCallback, "wrap_up": event.PhaseWrapUpEnded, "flow_out": event.PhaseFlowOut}
	causes = map[string]event.AssignmentCause{"assign": event.CauseRouted, "transfer": event.CauseTransfer, "escalate": event.CauseEscalation, "handoff": event.CauseBotToHuman, "to_bot": event.CauseHumanToBot}
)

var outcomes = map[string]event.SelfServiceOutcome{"": event.SelfServiceStarted, "viewed": event.SelfServiceViewed, "contained": event.SelfServiceContained,
	"escalated": event.SelfServiceEscalated, "abandoned": event.SelfServiceAbandoned, "confirmed": event.SelfServiceConfirmed}

// tone reads "frustration/urgency" in millionths.
func tone(s string) *event.Tone {
	frustration, urgency, ok := strings.Cut(s, "/")
	if !ok {
		return nil
	}
	t := &event.Tone{}
	t.Frustration, _ = strconv.ParseInt(frustration, 10, 64)
	t.Urgency, _ = strconv.ParseInt(urgency, 10, 64)
	return t
}

// ratingOf reads an answer: "score=4 of=csat:1-5 resp=r1 question=q1 req=m1 rev=2 survey=s".
func ratingOf(arg map[string]string) event.SurveyAnswered {
	name, scale, _ := strings.Cut(cmp.Or(arg["of"], "csat:1-5"), ":")
	low, high, _ := strings.Cut(scale, "-")
	a := event.SurveyAnswered{Survey: cmp.Or(arg["survey"], "s"), Response: cmp.Or(arg["resp"], "r"), Request: arg["req"], Question: arg["question"],
		Instrument: map[string]event.Instrument{"csat": event.CSAT, "ces": event.CES, "nps": event.NPS}[name]}
	for to, text := range map[*int64]string{&a.Score: arg["score"], &a.ScaleMin: low, &a.ScaleMax: high} {
		v, _ := strconv.ParseFloat(text, 64)
		*to = int64(v * 1e6)
	}
	a.Revision, _ = strconv.ParseUint(arg["rev"], 10, 64)
	return a
}

func (d *desk) eventOf(at int64, what string, arg map[string]string) *event.Event {
	d.Helper()
	n := strconv.Itoa(d.lines)
	e := &event.Event{
		ID: cmp.Or(arg["id"], "e"+n), Tenant: "t", Source: event.Source{Connector: cmp.Or(arg["src"], "http")}, At: at, ReceivedAt: at, Conversation: "c", Threadless: d.threadless,
		Customer: arg["who"], Channel: d.channel, Actor: event.BySystem, OrderHint: arg["hint"], ActorID: arg["actor"],
		Routing: event.Routing{Queue: arg["q"], Team: arg["team"], Agent: arg["agent"], Bot: arg["bot"]},
	}
	for _, key := range []string{event.LabelTopic, event.LabelComplexity} {
		if arg[key] != "" {
			e.Labels = append(e.Labels, event.Label{Key: key, Value: arg[key]})
		}
	}
	ms := func(key string) int64 {
		if arg[key] == "" {
			return event.NotReported
		}
		return d.instant(arg[key]) - t0
	}
	m := event.Message{ID: cmp.Or(arg["msg"], "m"+n), Direction: event.Outbound}
	if s := arg["score"]; s != "" {
		v, _ := strconv.ParseInt(s, 10, 64)
		m.Sentiment = &event.Sentiment{Polarity: v, Tone: tone(arg["tone"])}
	}
	_, m.Automated = arg["automated"]
	switch what {
	case "in", "reaction":
		e.Actor, m.Direction = event.ByCustomer, event.Inbound
		if what == "reaction" {
			m.ContentType = what
		}
		_, m.Receipt = arg["receipt"]
	case "out", "note", "receipt":
		e.Actor, m.Internal, m.Receipt = event.ByAgent, what == "note", what == "receipt"
	case "bot":
		e.Actor = event.ByBot
	case "system", "campaign":
		m.Automated = what == "campaign"
	case "score":
		v, _ := strconv.ParseInt(arg["score"], 10, 64)
		e.Body = event.Sentiment{Subject: arg["msg"], Polarity: v, Tone: tone(arg["tone"])}
		return e
	case "self":
		e.Actor, e.Body = event.ByCustomer, event.SelfService{Outcome: outcomes[arg["outcome"]]}
		return e
	case "asked":
		_, shown := arg["shown"]
		e.Body = event.SurveyRequested{Survey: cmp.Or(arg["survey"], "s"), Request: arg["req"], Instrument: event.CSAT, Displayed: shown}
		return e
	case "rated":
		e.Actor, e.Body = event.ByCustomer, ratingOf(arg)
		return e
	case "bought":
		amount, _ := strconv.ParseInt(cmp.Or(arg["amount"], "10"), 10, 64)
		types := map[string]event.PurchaseType{"": event.Ordered, "refund": event.Refunded}
		e.Actor, e.Body = event.ByCustomer, event.Purchase{Type: types[arg["type"]], Order: cmp.Or(arg["order"], "o"), AmountMinor: amount, Currency: cmp.Or(arg["cur"], "USD")}
		return e
	case "visit":
		e.Actor, e.Body = event.ByCustomer, event.Engagement{Action: "visit"}
		return e
	case "delivered":
		e.Body = event.MessageState{MessageID: arg["msg"], State: event.MessageDelivered}
		return e
	case "read":
		e.Body = event.MessageState{MessageID: arg["msg"], State: event.MessageRead}
		return e
	default:
		if s, ok := statuses[what]; ok {
			e.Body = event.ConversationState{State: s, Priority: arg["prio"]}
		} else if c, ok := causes[what]; ok {
			e.Body = event.Assignment{Cause: c, To: event.Routing{Queue: arg["to"], Agent: arg["to_agent"]}}
		} else if p, ok := phases[what]; ok {
			e.Body = event.Call{ID: "call", Phase: p, Wait: ms("wait"), Ring: event.NotReported, Talk: ms("talk"), Hold: ms("held"), Wrap: ms("wrap")}
		} else {
			d.Fatalf("no event %q", what)
		}
		return e
	}
	e.Body = m
	return e
}

// plain promises nothing; promised promises two minutes, five minutes and an hour.
func plain() sla.PolicySpec { return sla.DefaultPolicy("t", "America/Bogota") }

func promised(edit ...func(*sla.RuleSpec)) sla.PolicySpec {
	p := plain()
	r := sla.RuleSpec{Name: "chat", FirstResponse: "2m", NextResponse: "5m", Resolution: "1h", Warn: []int{}}
	for _, f := range edit {
		f(&r)
	}
	p.Rules = []sla.RuleSpec{r}
	return p
}

func chat(t *testing.T, spec sla.PolicySpec) *desk {
	t.Helper()
	return newDesk(t, event.WebChat, spec)
}
func call(t *testing.T, spec sla.PolicySpec) *desk { t.Helper(); return newDesk(t, event.Voice, spec) }
func whatsapp(t *testing.T, spec sla.PolicySpec) *desk {
	t.Helper()
	return newDesk(t, event.WhatsApp, spec)
}
