package fold

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// couple is a partition of each stage: what the first tells, the second folds at once.
type couple struct {
	*rig        // stage 1
	second *rig // stage 2
	passed int  // outputs of stage 1 that stage 2 has had
}

func newCouple(t *testing.T, spec sla.PolicySpec) *couple {
	t.Helper()
	cfg := testConfig
	cfg.Stage, cfg.Topic, cfg.Sources = Customers, "c", 1
	c := &couple{rig: newRig(t, spec)}
	c.second = &rig{t: t, mem: Memory{}, policy: c.policy}
	c.second.slot = New(cfg, c.second.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	c.second.add(PolicyRecord(c.policy, false), "")
	return c
}

func (c *couple) do(events ...*event.Event) {
	c.t.Helper()
	for _, e := range events {
		c.event(e)
	}
	c.pass()
}

func (c *couple) until(at int64) {
	c.t.Helper()
	c.tick(at)
	c.pass()
}

// pass relays what stage 1 has told.
func (c *couple) pass() {
	c.t.Helper()
	for ; c.passed < len(c.outs); c.passed++ {
		if o := c.outs[c.passed]; o.Topic == "c" {
			decoded, err := event.Decode(event.Encode(o.Record))
			if err != nil {
				c.t.Fatal(err)
			}
			c.second.give(decoded, o.Key)
		}
	}
}

// give folds a record that was relayed.
func (r *rig) give(rec event.Record, key string) {
	r.t.Helper()
	in := Input{Offset: r.offset, Key: key, Record: rec}
	for done := false; !done; {
		var err error
		if done, err = r.slot.Apply(in); err != nil {
			r.t.Fatal(err)
		}
	}
	r.offset++
	commit := r.slot.Commit()
	r.outs = append(r.outs, commit.Outs...)
	r.mem.Apply(commit)
	r.slot.Committed(0) // everything is loaded again: what is not stored is lost
}

// wantCalls compares the triggers that left so far: when, which, how often, about whom.
func (c *couple) wantCalls(want ...string) {
	c.t.Helper()
	var got []string
	for _, o := range c.second.outs {
		if s, ok := o.Record.Body.(event.Signal); ok {
			text := fmt.Sprintf("%v %s %s n=%d %s", since(s.At), s.Trigger, s.Conversation, s.Count, s.Customer)
			if s.HeldOut {
				text += " held out"
			}
			got = append(got, text)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		c.t.Fatalf("triggers (-want +got):\n%s", d)
	}
}

func (c *couple) wantCount(outcome string, n int64) {
	c.t.Helper()
	if got := c.second.slot.Counters()["trigger_"+outcome]; got != n {
		c.t.Errorf("%d triggers ended as %s, want %d", got, outcome, n)
	}
}

func withTriggers(triggers ...sla.TriggerSpec) sla.PolicySpec {
	p := testPolicy()
	p.Calendars = append(p.Calendars, sla.CalendarSpec{Name: "office", Week: map[string][]string{"mon-fri": {"09:00-18:00"}}})
	p.Triggers = triggers
	return p
}

func scored(at int64, conv string, score float64) *event.Event {
	e := message(at, conv, event.Inbound)
	m := e.Body.(event.Message)
	m.Sentiment = &event.Sentiment{Subject: m.ID, Polarity: int64(score * 1e6), Confidence: 1e6, Model: "m"}
	e.Body = m
	return e
}

func bot(at int64, conv string) *event.Event {
	e := message(at, conv, event.Outbound)
	e.Actor, e.Routing = event.ByBot, event.Routing{Bot: "b"}
	return e
}

func TestNegativeStreak(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}))
	c.until(t0)
	c.do(scored(t0+1000, "a", -0.9), scored(t0+2000, "a", -0.5), scored(t0+3000, "a", 0.4), scored(t0+4000, "a", -0.3), scored(t0+5000, "a", -0.25))
	c.wantCalls()
	// The third in a row, whose score comes on its own, and a fourth.
	late := message(t0+6000, "a", event.Inbound)
	score := message(t0+6500, "a", event.Inbound)
	score.Actor, score.Body = event.BySystem, event.Sentiment{Subject: late.Body.(event.Message).ID, Polarity: -800_000, Confidence: 1e6, Model: "m"}
	c.do(late, score)
	c.wantCalls("6.5s angry a n=3 ana")
	c.do(scored(t0+7000, "a", -0.9))
	c.until(t0 + 10_000)
	c.wantCalls("6.5s angry a n=3 ana")
	// A resolve begins anew, and the cooldown still holds; a day later it does not.
	for i := range int64(3) {
		c.do(scored(t0+20_000+i*1000, "b", -1))
	}
	c.wantCalls("6.5s angry a n=3 ana")
	c.wantCount("cooldown", 1)
	const day = 24 * 60 * minute
	c.until(t0 + day)
	for i := range int64(3) {
		c.do(scored(t0+day+10_000+i*1000, "c", -1))
	}
	c.wantCalls("6.5s angry a n=3 ana", "24h0m12s angry c n=3 ana")
}

func TestBotLoop(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "loop", Kind: sla.BotLoop, Count: 2, Cooldown: "0s"}))
	c.until(t0)
	at := int64(t0)
	turn := func(conv string) {
		at += 1000
		c.do(message(at, conv, event.Inbound), bot(at+100, conv))
	}
	turn("a")
	turn("a")
	c.wantCalls()
	turn("a")
	c.wantCalls("3s loop a n=2 ana")
	turn("a")
	c.wantCalls("3s loop a n=2 ana")
	// A person between two answers of the bot ends the loop.
	turn("b")
	turn("b")
	c.do(message(at+200, "b", event.Outbound))
	turn("b")
	c.wantCalls("3s loop a n=2 ana")
}

func TestGoneSilent(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "quiet", Kind: sla.GoneSilent, Span: "30m"}))
	c.until(t0)
	c.do(message(t0, "a", event.Inbound), message(t0+minute, "a", event.Outbound))
	c.do(message(t0, "b", event.Inbound), message(t0+minute, "b", event.Outbound), message(t0+20*minute, "b", event.Inbound))
	resolved := message(t0+3*minute, "c", event.Outbound)
	resolved.Body = event.ConversationState{State: event.StatusResolved}
	c.do(message(t0, "c", event.Inbound), message(t0+minute, "c", event.Outbound), resolved)
	c.until(t0 + 31*minute + 2000)
	c.wantCalls()
	if at, err := c.slot.NextDeadline(); err != nil || at > t0+31*minute+2001 {
		t.Errorf("the next tick is not due before %v, %v", since(at), err)
	}
	c.until(t0 + 31*minute + 2001)
	c.wantCalls("31m0s quiet a n=0 ana")
	c.until(t0 + 40*minute)
	c.wantCalls("31m0s quiet a n=0 ana")
}

func TestDeadlineAtRisk(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "risk", Kind: sla.DeadlineAtRisk, Percent: 80, Match: sla.Match{Queue: []string{"sales"}}}))
	c.until(t0)
	c.do(message(t0, "a", event.Inbound))
	c.until(t0 + 108_000 + 2000) // 90 % of two minutes, and grace
	c.wantCalls()
	c.until(t0 + 108_000 + 2001)
	c.wantCalls("1m48s risk a n=0 ana")
	for _, o := range c.second.outs {
		if s, ok := o.Record.Body.(event.Signal); ok && (s.Clock != "first_response" || s.DueAt != t0+2*minute || s.WarnPercent != 90 || s.Rule != "chat" || s.TriggerKind != "deadline_at_risk") {
			t.Errorf("%+v", s)
		}
	}
}

func TestRepeatContact(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "again", Kind: sla.RepeatContact, Span: "2h"}))
	c.until(t0)
	c.do(message(t0, "a", event.Inbound))
	c.until(t0 + 60*minute)
	c.do(message(t0+60*minute, "b", event.Inbound), message(t0+61*minute, "b", event.Inbound))
	c.until(t0 + 121*minute)
	c.do(message(t0+121*minute, "c", event.Inbound)) // the first is too long ago
	c.wantCalls()
	c.do(message(t0+122*minute, "d", event.Inbound))
	c.wantCalls("2h2m0s again d n=3 ana")
}

// What is decided about a customer: opted out, hours, hold-out, a customer who is not known yet, one who was merged, a trigger that is gone, events that come too late.
func TestWhoIsCalledFor(t *testing.T) {
	angry := func(c *couple, from int64, conv, customer string) {
		for i := range int64(3) {
			e := scored(from+i*1000, conv, -1)
			e.Customer = customer
			c.do(e)
		}
	}
	identity := func(at int64, customer string, b event.CustomerIdentity) *event.Event {
		e := message(at, "", event.Inbound)
		e.Customer, e.Body = customer, b
		return e
	}
	t.Run("opted out", func(t *testing.T) {
		c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}))
		c.until(t0)
		c.do(identity(t0, "ana", event.CustomerIdentity{Change: event.IdentityOptedOut}))
		angry(c, t0+1000, "a", "ana")
		c.wantCalls()
		c.wantCount("opted_out", 1)
	})
	t.Run("hours", func(t *testing.T) {
		c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak, Hours: "office"}))
		const night = t0 + 14*60*minute // t0 is 09:13 on a Monday in Bogota
		c.until(night)
		angry(c, night, "a", "ana")
		c.wantCalls()
		c.wantCount("closed", 1)
	})
	t.Run("held out", func(t *testing.T) {
		spec := withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak, Holdout: 50})
		c := newCouple(t, spec)
		c.until(t0)
		held := int64(0)
		for i := range 20 {
			name := fmt.Sprint("c", i)
			angry(c, t0+int64(i)*10_000, fmt.Sprint("v", i), name)
			if c.policy.Trigger("angry").HeldOut(name) {
				held++
			}
		}
		c.wantCount("held_out", held)
		c.wantCount("told", 20-held)
		if held == 0 || held == 20 {
			t.Errorf("%d of 20 are held out at 50 %%", held)
		}
	})
	t.Run("known later", func(t *testing.T) {
		c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}))
		c.until(t0)
		angry(c, t0+1000, "a", "")
		c.wantCalls()
		e := message(t0+10_000, "a", event.Inbound)
		c.do(e)
		c.wantCalls("3s angry a n=3 ana")
	})
	t.Run("merged", func(t *testing.T) {
		c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}))
		c.until(t0)
		c.do(identity(t0, "ana", event.CustomerIdentity{Change: event.IdentityMerged, Survivor: "eva"}))
		angry(c, t0+1000, "a", "ana")
		c.wantCalls()
		var forwarded []event.Fact
		for _, o := range c.second.outs {
			if f, ok := o.Record.Body.(event.Fact); ok && f.Cue != nil {
				forwarded = append(forwarded, f)
				c.second.give(o.Record, o.Key)
				c.second.give(o.Record, o.Key) // at least once
			}
		}
		if len(forwarded) != 1 {
			t.Fatalf("%d facts were forwarded, want 1", len(forwarded))
		}
		c.wantCalls("3s angry a n=3 eva")
	})
	t.Run("too late", func(t *testing.T) {
		c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}, sla.TriggerSpec{Name: "again", Kind: sla.RepeatContact, Count: 1}))
		c.until(t0 + 60*minute)
		angry(c, t0, "a", "ana")
		c.until(t0 + 62*minute)
		c.wantCalls()
	})
}
