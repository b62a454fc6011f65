package replay

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

// quiet writes the events of healthy queues: arrivals by chance from 9 to 19 o'clock on weekdays, 20 in a quarter of an hour at the most, outcomes by chance too.
type quiet struct {
	*rand.Rand
	t    *testing.T
	hide event.Pseudonymizer
	n    int
	out  []*event.Event
}

func (q *quiet) add(ch event.Channel, queue, conversation string, at int64, by event.ActorKind, b event.Body) {
	q.n++
	e, err := complete(&event.Event{
		Source: event.Source{Connector: "sim", NativeID: fmt.Sprint(q.n)}, At: at, ReceivedAt: at, Quality: event.QualitySubsecond, Conversation: conversation, Customer: conversation,
		Actor: by, Channel: ch, Routing: event.Routing{Queue: queue, Agent: map[bool]string{true: "ana"}[by == event.ByAgent]}, OrderHint: fmt.Sprint(q.n), Body: b,
	}, "shop", q.hide)
	if err != nil {
		q.t.Fatal(err)
	}
	q.out = append(q.out, e)
}

// lasting draws a log-normal time in ms.
func (q *quiet) lasting(median float64) int64 {
	return int64(median * math.Exp(0.5*q.NormFloat64()) * 1000)
}

// call is a phone call: 85 % are answered within 20 s, 3 % give up.
func (q *quiet) call(queue string, at int64) {
	id := fmt.Sprintf("call-%d", q.n)
	step := func(at int64, p event.CallPhase, by event.ActorKind) {
		q.add(event.Voice, queue, id, at, by, event.Call{ID: id, Phase: p, Direction: event.Inbound, Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1})
	}
	step(at, event.PhaseStarted, event.ByCustomer)
	step(at+1000, event.PhaseQueued, event.ByCustomer)
	wait := 2000 + q.Int64N(16_000)
	if q.Float64() < 0.12 {
		wait = 21_000 + q.Int64N(60_000)
	}
	if q.Float64() < 0.03 {
		step(at+1000+wait+10_000, event.PhaseAbandoned, event.ByCustomer)
		return
	}
	step(at+1000+wait, event.PhaseAnswered, event.ByAgent)
	step(at+1000+wait+q.lasting(180), event.PhaseEnded, event.ByCustomer)
}

// text is a chat or a mail: a question, a reply after a time around the median, and its resolve.
func (q *quiet) text(ch event.Channel, queue string, at int64, median float64) {
	id := fmt.Sprintf("text-%d", q.n)
	mood := event.Sentiment{Polarity: int64(max(-1, min(1, 0.1+0.4*q.NormFloat64())) * 1e6), Confidence: 900_000, Model: "lexicon"}
	q.add(ch, queue, id, at, event.ByCustomer, event.Message{ID: id + "-1", Direction: event.Inbound, ContentType: "text", TextChars: 40, Sentiment: &mood})
	at += q.lasting(median)
	q.add(ch, queue, id, at, event.ByAgent, event.Message{ID: id + "-2", Direction: event.Outbound, ContentType: "text", TextChars: 40})
	q.add(ch, queue, id, at+q.lasting(300), event.ByAgent, event.ConversationState{State: event.StatusResolved})
}

// TestShippedRulesAreQuiet: on 14 simulated days on which nothing is wrong, all shipped rules together fire at most once in two days for a queue.
func TestShippedRulesAreQuiet(t *testing.T) {
	spec := sla.DefaultPolicy("shop", "UTC")
	spec.Rules = []sla.RuleSpec{
		{Name: "chat", Match: sla.Match{Channel: []string{"web_chat"}}, FirstResponse: "2m", Resolution: "2h"},
		{Name: "mail", Match: sla.Match{Channel: []string{"email"}}, FirstResponse: "2h", Resolution: "24h"},
	}
	target := int64(120)
	spec.Queues = map[string]sla.QueueSpec{"chats": {TargetSeconds: &target}}
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	hide, err := event.NewPseudonymizer("shop", make([]byte, event.MinKeyBytes), '0')
	if err != nil {
		t.Fatal(err)
	}
	lines := []struct {
		queue     string
		perWindow float64
		write     func(q *quiet, queue string, at int64)
	}{
		{"calls", 20, (*quiet).call},
		{"few calls", 5, (*quiet).call},
		{"chats", 20, func(q *quiet, queue string, at int64) { q.text(event.WebChat, queue, at, 45) }},
		{"mails", 5, func(q *quiet, queue string, at int64) { q.text(event.Email, queue, at, 1800) }},
	}
	const days = 14
	q := &quiet{Rand: rand.New(rand.NewPCG(1, 14)), t: t, hide: hide}
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixMilli()
	queueDays := 0
	for d := range int64(days) {
		if wd := time.UnixMilli(begin + d*dayMs).UTC().Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		for _, l := range lines {
			queueDays++
			for at := begin + d*dayMs; ; {
				at += int64(q.ExpFloat64() / l.perWindow * 15 * minuteMs)
				if at > begin+d*dayMs+10*hourMs {
					break
				}
				l.write(q, l.queue, at)
			}
		}
	}
	slices.SortStableFunc(q.out, func(a, b *event.Event) int { return cmp.Compare(a.At, b.At) })
	set := shippedRules(t)
	got, err := Backtest(t.Context(), BacktestOptions{Events: q.out, Policies: map[string]*sla.Policy{"shop": policy}, Rules: map[string]*rule.Set{"shop": set}})
	if err != nil {
		t.Fatal(err)
	}
	fired := 0
	for _, c := range got.Changes {
		if c.What == rule.Fired {
			fired++
			t.Logf("%s %s %v: %.3f (n = %d)", iso(c.At), c.Rule, c.Group, c.Seen.Number, c.Seen.N)
		}
	}
	rate := float64(fired) / float64(queueDays)
	t.Logf("%d events, %d false firings in %d queue-days: %.3f", len(q.out), fired, queueDays, rate)
	if rate > 0.5 {
		t.Errorf("%.3f false firings per queue-day, want at most 0.5", rate)
	}
}
