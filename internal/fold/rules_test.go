package fold

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// told lists the signals of a clock so far: when each was called, what it is, what was due.
func (r *rig) told(clock string) []string {
	var out []string
	for _, o := range r.outs {
		if s, ok := o.Record.Body.(event.Signal); ok && s.Clock == clock {
			out = append(out, fmt.Sprintf("%v %v due %v", since(s.At), s.Kind, since(s.DueAt)))
		}
	}
	return out
}

func since(at int64) time.Duration { return time.Duration(at-t0) * time.Millisecond }

func (r *rig) wantTold(clock string, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.told(clock)); diff != "" {
		r.t.Fatalf("signals of %s (-want +got):\n%s", clock, diff)
	}
}

// metrics reads count and sum by the numbers of internal/kpi/metrics.go.
func (r *rig) wantMetric(m window.Metric, n, sum int64) {
	r.t.Helper()
	if a := r.total().Metric(m); a.N != n || a.Sum != sum {
		r.t.Fatalf("metric %d: n=%d sum=%d, want %d and %d", m, a.N, a.Sum, n, sum)
	}
}

func (r *rig) gap(connector string, from, to int64) {
	r.t.Helper()
	g := event.Gap{Tenant: "t", Connector: connector, From: from, To: to}
	r.add(g, "")
}

const minute = 60_000

// frtOnly promises a first response in two minutes and nothing else.
func frtOnly() sla.PolicySpec {
	p := testPolicy()
	p.Rules[0].NextResponse, p.Rules[0].Resolution, p.Rules[0].Warn = "", "", []int{}
	return p
}

// Protocol T3: a deadline fires when T > due + grace, the grace of its source; 13: at T = due + grace it has not fired.
func TestDeadlineFiresAfterGrace(t *testing.T) {
	spec := frtOnly()
	spec.Grace = map[string]string{"mailbox": "1m"}
	r := newRig(t, spec)
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	polled := message(t0, "b", event.Inbound)
	polled.Source.Connector = "mailbox"
	r.event(polled)
	r.tick(t0 + 2*minute + 2000)
	r.wantTold("first_response")
	r.tick(t0 + 2*minute + 2001)
	r.wantTold("first_response", "2m2.001s breach due 2m0s")
	r.wantMetric(8, 1, 0)
	r.tick(t0 + 3*minute)
	r.wantMetric(8, 1, 0)
	r.tick(t0 + 3*minute + 1)
	r.wantTold("first_response", "2m2.001s breach due 2m0s", "3m0.001s breach due 2m0s")
	r.wantMetric(8, 2, 0)
}

// The log says when the next tick is worth while.
func TestNextDeadline(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0+1000, "a", event.Inbound))
	if at, err := r.slot.NextDeadline(); err != nil || at != t0+1000+2*minute+2001 {
		t.Fatalf("next deadline %v, %v, want %v", since(at), err, since(t0+1000+2*minute+2001))
	}
}

// Protocol T4: an open gap holds deadlines until it is closed and five minutes have passed; other sources' deadlines fire.
func TestOpenGap(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	other := message(t0, "b", event.Inbound)
	other.Source.Connector = "mail"
	r.event(other)
	r.gap("http", t0+minute, 0)
	r.gap("http", t0+minute, 0) // repeated until every partition has acknowledged
	r.tick(t0 + 10*minute)
	r.wantTold("first_response", "10m0s breach due 2m0s")
	r.gap("http", t0+minute, t0+11*minute)
	r.gap("http", t0+minute, 0) // a repetition of the opening does not open it again
	r.tick(t0 + 16*minute - 1)
	r.wantTold("first_response", "10m0s breach due 2m0s")
	r.tick(t0 + 16*minute)
	r.wantTold("first_response", "10m0s breach due 2m0s", "16m0s breach due 2m0s")
}

// Protocol T4: a gap that nobody closes ends by itself after an hour.
func TestGapEndsByItself(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.gap("", t0+minute, 0)
	for at := int64(t0); at < t0+66*minute; at += minute {
		r.tick(at)
	}
	r.wantTold("first_response")
	r.tick(t0 + 66*minute)
	r.wantTold("first_response", "1h6m0s breach due 2m0s")
}

// A gap that is announced after the breach was called takes nothing back; one that a reply in time follows does.
func TestGapAnnouncedLate(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.tick(t0 + 3*minute)
	r.gap("http", t0+minute, t0+4*minute)
	r.tick(t0 + 5*minute)
	r.wantTold("first_response", "3m0s breach due 2m0s")
	r.event(message(t0+minute, "a", event.Outbound))
	r.wantTold("first_response", "3m0s breach due 2m0s", "5m0s breach_retracted due 2m0s")
	r.wantMetric(8, 0, 0)
	r.wantMetric(7, 1, 0)
}

// Protocol T4: a breach that a late reply settled inside a gap is signalled after it, also when the reply was folded before any tick passed the due time.
func TestSettledBreachInGap(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.gap("http", t0+minute, t0+10*minute)
	r.tick(t0 + minute)
	r.event(message(t0+130_000, "a", event.Outbound))
	r.wantTold("first_response")
	r.wantMetric(8, 1, 0) // it counts at once
	for at := int64(t0 + minute); at < t0+15*minute; at += 7000 {
		r.tick(at)
	}
	r.wantTold("first_response")
	r.tick(t0 + 15*minute)
	r.wantTold("first_response", "15m0s breach due 2m0s")
}

// Protocol T5: an event older than T − horizon is too late: counted, not folded; the last one that is not, is folded.
func TestTooLate(t *testing.T) {
	spec := frtOnly()
	spec.Horizon = map[string]string{"slow": "48h"}
	r := newRig(t, spec)
	r.tick(t0)
	r.event(message(t0-24*60*minute-1, "a", event.Inbound))
	r.wantMetric(1, 0, 0)
	r.event(message(t0-24*60*minute, "b", event.Inbound))
	slow := message(t0-48*60*minute, "c", event.Inbound)
	slow.Source.Connector = "slow"
	r.event(slow)
	r.wantMetric(1, 2, 0)
	if n := r.slot.Counters(); n["dead_too_late"] != 1 || n["applied"] != 2 {
		t.Errorf("counters %v, want one too late and two applied", n)
	}
}

// Duplicates at the source are normal (Chatwoot #1747, #5966, #7402, #11901): within the horizon they are counted as such and change nothing.
func TestDuplicates(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	in, out := message(t0, "a", event.Inbound), message(t0+minute, "a", event.Outbound)
	r.event(in)
	r.event(out)
	before := r.summary()
	r.event(out)
	r.event(in)
	if diff := cmp.Diff(before, r.summary()); diff != "" || r.slot.Counters()["duplicate"] != 2 {
		t.Errorf("counters %v, change:\n%s", r.slot.Counters(), diff)
	}
}

// Where a contribution counts: the start at the first event, the answer and the response at the reply, in their own panes.
func TestPanesOfContributions(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.event(message(t0+95_000, "a", event.Outbound))
	at := func(instant int64, m window.Metric) int64 {
		place, _ := window.Locate(instant, t0, r.policy.Zone())
		blob := r.mem[place.Chunk.Key("t", window.Routing)][window.Field(place.Pane, window.Group{Channel: "web_chat", Queue: "sales"})]
		c, err := window.DecodeCell(blob)
		if err != nil {
			t.Fatal(err)
		}
		return c.Metric(m).N
	}
	for _, m := range []window.Metric{2, 7, 13} {
		if at(t0, m) != 0 || at(t0+95_000, m) != 1 {
			t.Errorf("metric %d: %d at the start and %d at the reply, want 0 and 1", m, at(t0, m), at(t0+95_000, m))
		}
	}
	if at(t0, 1) != 1 || at(t0+95_000, 1) != 0 {
		t.Error("the conversation did not start where it started")
	}
}

// Rule 8: spam takes everything back from where it lives now, also after its panes have moved up; reopened, it counts again.
func TestSpamAfterPanesMoved(t *testing.T) {
	r := newRig(t, testPolicy())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.event(message(t0+minute, "a", event.Outbound))
	r.tick(t0 + 20*60*minute)
	r.wantMetric(2, 1, minute)
	r.wantMetric(12, 1, 0)
	status := func(s event.ConversationStatus) {
		e := message(t0+20*60*minute, "a", event.Inbound)
		e.Actor, e.Body = event.BySystem, event.ConversationState{State: s}
		r.event(e)
	}
	status(event.StatusSpam)
	if c := r.total(); !c.Empty() {
		t.Errorf("after spam the panes hold %x", c.Encode())
	}
	status(event.StatusReopened)
	r.wantMetric(1, 0, 0) // both states stand at one instant, and spam is ranked after
	r.tick(t0 + 20*60*minute + 1)
	again := message(t0+20*60*minute+1, "a", event.Inbound)
	again.Actor, again.Body = event.BySystem, event.ConversationState{State: event.StatusReopened}
	r.event(again)
	r.wantMetric(1, 1, 0)
	r.wantMetric(2, 1, minute)
}

// stages drives a rig together with the second stage that reads its facts and watermarks.
type stages struct {
	*rig
	second *rig
	fed    int
}

func newStages(t *testing.T, spec sla.PolicySpec) *stages {
	s := &stages{rig: newRig(t, spec), second: &rig{t: t, mem: Memory{}}}
	c := testConfig
	c.Stage, c.Topic, c.Sources = Customers, "c", 1
	s.second.slot = New(c, s.second.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	s.second.add(PolicyRecord(s.policy, false), "")
	return s
}

// relay hands the outputs of stage 1 for stage 2 over.
func (s *stages) relay() {
	s.t.Helper()
	for ; s.fed < len(s.outs); s.fed++ {
		if o := s.outs[s.fed]; o.Topic == "c" {
			in := Input{Offset: s.second.offset, Key: o.Key, Record: o.Record}
			for {
				done, err := s.second.slot.Apply(in)
				if err != nil {
					s.t.Fatal(err)
				}
				if done {
					break
				}
			}
			s.second.offset++
			s.second.mem.Apply(s.second.slot.Commit())
			s.second.slot.Committed(1 << 30)
		}
	}
}

// active sums the customers that were last active in a roll-up.
func (s *stages) active(g window.Group) (n, days int64) {
	s.t.Helper()
	s.relay()
	for key, h := range s.second.mem {
		if !strings.HasPrefix(key, "p:d:") {
			continue
		}
		for field, b := range h {
			if _, of, _ := window.ParseField(field); of == g {
				c, err := window.DecodeCell(b)
				if err != nil {
					s.t.Fatal(err)
				}
				n, days = n+c.Metric(29).N, days+c.Metric(30).N
			}
		}
	}
	return n, days
}

// Protocol T6: a conversation may learn its customer late, or learn that it is another: distinct counts follow, over all channels.
func TestFactsToStageTwo(t *testing.T) {
	s := newStages(t, frtOnly())
	want := func(g window.Group, n, days int64) {
		t.Helper()
		if a, d := s.active(g); a != n || d != days {
			t.Fatalf("%+v: %d active customers and %d customer days, want %d and %d", g, a, d, n, days)
		}
	}
	s.tick(t0)
	nobody := message(t0, "a", event.Inbound)
	nobody.Customer = ""
	s.event(nobody)
	want(window.Group{}, 0, 0)
	s.event(message(t0+1000, "a", event.Outbound)) // names ana
	s.event(message(t0+2000, "b", event.Inbound))  // ana again
	want(window.Group{}, 1, 1)
	want(window.Group{Channel: "web_chat", Queue: "sales"}, 1, 1)
	other := message(t0+3000, "b", event.Inbound)
	other.Customer, other.Routing.Queue = "bob", "help"
	s.event(other)
	want(window.Group{}, 2, 2)
	want(window.Group{Queue: "sales"}, 1, 1)
	want(window.Group{Queue: "help"}, 1, 1)
	spam := message(t0+4000, "b", event.Inbound)
	spam.Actor, spam.Customer, spam.Body = event.BySystem, "", event.ConversationState{State: event.StatusSpam}
	s.event(spam)
	want(window.Group{}, 1, 1)
	if at := s.second.slot.Time(); at != t0 {
		t.Errorf("time of stage 2 is %v, want the watermark of the tick", since(at))
	}
}

// A customer on a channel without threads comes back after the conversation was forgotten: another day counts, and the customer still once.
func TestCustomerComesBack(t *testing.T) {
	s := newStages(t, frtOnly())
	for i, at := range []int64{0, 3, 30, 50} {
		e := message(t0+at*24*60*minute, "w", event.Inbound)
		e.Channel, e.Threadless = event.WhatsApp, true
		s.tick(e.At)
		s.relay()
		s.event(e)
		s.tick(e.At + 6000)
		if n, days := s.active(window.Group{}); n != 1 || days != int64(i+1) {
			t.Errorf("after %d days: %d active customers and %d customer days, want 1 and %d", at, n, days, i+1)
		}
	}
}
