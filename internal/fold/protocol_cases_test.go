package fold

import (
	"errors"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// The cases here were found by the simulation of the protocol: each is the short story behind a long script.

func kinds(outs []Out) (out []string) {
	for _, o := range outs {
		switch b := o.Record.Body.(type) {
		case event.Signal:
			if b.Kind != event.SignalWarning {
				out = append(out, b.Clock+" "+b.Kind.String())
			}
		case event.Watermark:
			if o.Topic == testConfig.SignalsTopic {
				out = append(out, "all told")
			}
		}
	}
	return out
}

func wantKinds(t *testing.T, outs []Out, want ...string) {
	t.Helper()
	if got := kinds(outs); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("people are told %q, want %q", got, want)
	}
}

func status(at int64, conv string, s event.ConversationStatus) *event.Event {
	e := message(at, conv, event.Outbound)
	e.Body = event.ConversationState{State: s}
	return e
}

// quick promises a first response in 2 min and a resolution in 10 min, and forgets after 20 min.
func quick() sla.PolicySpec {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.Rules = []sla.RuleSpec{{Name: "all", FirstResponse: "2m", Resolution: "10m", Warn: []int{}}}
	p.Horizon, p.EpisodeGap = map[string]string{"*": "20m"}, "15m"
	return p
}

// A source may be blind for longer than entries are kept: the breach is told all the same when the verdict is due.
func TestBreachOutlivesItsEntries(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	r.add(event.Gap{Tenant: "t", Connector: "http", From: t0}, "")
	r.event(message(t0+1000, "a", event.Inbound))
	r.event(message(t0+5*minute, "a", event.Outbound))
	r.event(status(t0+6*minute, "a", event.StatusResolved))
	for at := int64(1); at < 9; at++ {
		r.tick(t0 + at*10*minute)
	}
	wantKinds(t, r.outs, "first_response breach")
}

// A resolve that came too late and is undone before time has reached the due time leaves nothing broken yet: another one may be on its way.
func TestUndoneResolveIsNotLate(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	r.event(status(t0, "a", event.StatusOpened))
	r.event(status(t0+11*minute, "a", event.StatusResolved))
	wantKinds(t, r.outs, "resolution breach")
	r.event(status(t0+12*minute, "a", event.StatusReopened))
	wantKinds(t, r.outs, "resolution breach", "resolution breach_retracted")
	r.tick(t0 + 13*minute)
	wantKinds(t, r.outs, "resolution breach", "resolution breach_retracted", "resolution breach")
}

// An episode that is over and whose entries are forgotten may still turn out to have gone on, as long as such an event can come.
func TestLateEventJoinsForgottenEpisode(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	say := func(at int64, d event.Direction) {
		e := message(at, "a", d)
		e.Channel, e.Threadless = event.WhatsApp, true
		r.event(e)
	}
	say(t0, event.Inbound)
	r.tick(t0 + 21*minute)
	say(t0+2*minute, event.Outbound)
	r.tick(t0 + 60*minute)
	if n := r.total().Metric(1).N; n != 1 {
		t.Errorf("%d episodes began, want 1", n)
	}
	if n := r.total().Metric(2).N; n != 1 {
		t.Errorf("%d first responses, want 1", n)
	}
}

// Records were deleted before they were applied: whoever waits may have been answered in them.
func TestOpenAtLossIsKeptOut(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.tick(t0 + 3*minute)
	r.event(message(t0+3*minute, "b", event.Inbound))
	r.outs = nil
	r.offset += 10
	r.slot = New(testConfig, r.mem.Load, Position{Offset: r.offset}, Start{StateLineage: 2, Truncated: true, Loss: &Loss{From: r.offset - 10, To: r.offset}, RestateAt: r.offset})
	r.event(message(t0+4*minute, "c", event.Inbound))
	r.tick(t0 + 8*minute)
	// What people knew to be open, a, is not told again before the mark; b is not called.
	wantKinds(t, r.outs, "first_response breach", "all told")
	for _, o := range r.outs {
		if s, ok := o.Record.Body.(event.Signal); ok && s.Conversation != "c" {
			t.Errorf("a breach of %s is told, want only c", s.Conversation)
		}
	}
	if n := r.slot.Counters()["left_truncated"]; n != 2 {
		t.Errorf("%d conversations are kept out, want 2", n)
	}
}

// A new lineage tells again what is open, also what is put off to a far day in the same tick, and says when that is all.
func TestNewLineageTellsAgain(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.tick(t0 + 11*minute)
	wantKinds(t, r.outs, "first_response breach", "resolution breach")
	r.outs = nil
	r.slot = New(testConfig, r.mem.Load, Position{Offset: r.offset}, Start{StateLineage: 2, RestateAt: r.offset})
	r.tick(t0 + 60*minute)
	wantKinds(t, r.outs, "first_response breach", "resolution breach", "all told")
	for i, o := range r.outs {
		if i == 0 && !o.Record.Seq.Prev.Restart {
			t.Error("the first output of a lineage must not be missed for what it names")
		}
	}
	r.outs = nil
	r.tick(t0 + 61*minute)
	wantKinds(t, r.outs)
}

// A chunk that is counted in and moved up in one batch leaves nothing behind.
func TestMovedChunkLeavesNothing(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	for _, b := range []event.RecordBody{message(t0, "a", event.Inbound), event.Tick{At: t0 + 3*60*minute}} {
		key := ""
		if e, ok := b.(*event.Event); ok {
			key = e.Key()
		}
		for done := false; !done; {
			var err error
			if done, err = r.slot.Apply(Input{Offset: r.offset, Key: key, Record: event.Record{Body: b}}); err != nil {
				t.Fatal(err)
			}
		}
		r.offset++
	}
	r.mem.Apply(r.slot.Commit())
	for key := range r.mem[prefixChanges+"t"] {
		if len(r.mem[key]) == 0 {
			t.Errorf("%q is gone, its changes are left", key)
		}
	}
}

// A load that fails is reported as it is: a worker would set the record aside for a panic.
func TestLoadErrorsSurface(t *testing.T) {
	r := newRig(t, quick())
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	down := errors.New("down")
	for n := range 10 {
		calls := 0
		load := func(refs []Ref) ([]Value, error) {
			if calls++; calls > n {
				return nil, down
			}
			return r.mem.Load(refs)
		}
		s := New(testConfig, load, Position{Offset: r.offset}, Start{RestateAt: -1})
		err := s.Err()
		for _, b := range []event.RecordBody{message(t0+1, "a", event.Inbound), event.Tick{At: t0 + 60*minute}} {
			for done := err != nil; !done && err == nil; {
				in := Input{Offset: s.Position().Offset, Record: event.Record{Body: b}}
				if e, ok := b.(*event.Event); ok {
					in.Key = e.Key()
				}
				done, err = s.Apply(in)
			}
		}
		if err != nil && !errors.Is(err, down) {
			t.Errorf("after %d loads: %v", n, err)
		}
	}
}

// relayed is an output of stage 1 as stage 2 reads it.
func relayed(offset int64, step int32, id string, prev event.PrevSeq, b event.RecordBody) event.Record {
	return event.Record{Body: b, OutputID: id, Seq: &event.Seq{Topic: "i", LogLineage: 1, Offset: offset, Step: step, Prev: prev}}
}

func stageTwo(t *testing.T, spec sla.PolicySpec) *rig {
	t.Helper()
	r := newRig(t, spec)
	cfg := testConfig
	cfg.Stage, cfg.Topic, cfg.Sources = Customers, "c", 1
	p := PolicyRecord(r.policy, false)
	*r = rig{t: t, mem: Memory{}, policy: r.policy}
	r.slot = New(cfg, r.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	r.add(p, "")
	return r
}

func (r *rig) receive(rec event.Record) error {
	r.t.Helper()
	_, err := r.slot.Apply(Input{Offset: r.offset, Record: rec})
	r.offset++
	return err
}

// A new lineage, or a later version, says the same at a later step of the same record. What it says next names that step.
func TestRepeatAtLaterStepIsNoHole(t *testing.T) {
	r := stageTwo(t, quick())
	at := func(offset int64, step int32) event.PrevSeq { return event.PrevSeq{Offset: offset, Step: step} }
	for _, rec := range []event.Record{
		relayed(7, 2, "A", event.PrevSeq{Offset: -1}, event.Watermark{At: t0}),
		relayed(7, 5, "A", event.PrevSeq{Offset: -1, Restart: true}, event.Watermark{At: t0}),
		relayed(9, 0, "B", at(7, 5), event.Watermark{At: t0 + 5000}),
	} {
		if err := r.receive(rec); err != nil {
			t.Fatal(err)
		}
	}
	if r.slot.Time() != t0+5000 {
		t.Errorf("time is %d", r.slot.Time())
	}
	if err := r.receive(relayed(12, 0, "D", at(11, 0), event.Watermark{At: t0 + 9000})); !errors.Is(err, ErrHole) {
		t.Errorf("a hole goes unnoticed: %v", err)
	}
}

// After records of stage 2 were lost, what follows next may follow one of them; what follows that may not.
func TestHoleAfterLoss(t *testing.T) {
	r := stageTwo(t, quick())
	if err := r.receive(relayed(1, 0, "A", event.PrevSeq{Offset: -1}, event.Watermark{At: t0})); err != nil {
		t.Fatal(err)
	}
	r.mem.Apply(r.slot.Commit())
	r.offset += 5
	r.slot = New(r.slot.cfg, r.mem.Load, Position{Offset: r.offset}, Start{StateLineage: 2, Loss: &Loss{From: r.offset - 5, To: r.offset}, RestateAt: r.offset})
	if err := r.receive(relayed(9, 0, "E", event.PrevSeq{Offset: 8}, event.Watermark{At: t0 + 5000})); err != nil {
		t.Fatal(err)
	}
	if err := r.receive(relayed(12, 0, "G", event.PrevSeq{Offset: 11}, event.Watermark{At: t0 + 9000})); !errors.Is(err, ErrHole) {
		t.Errorf("a hole goes unnoticed: %v", err)
	}
}

// Before its tenant has rules a fact counts nowhere: nobody knows where the tenant's days begin, so it could never be taken back.
func TestFactBeforePolicy(t *testing.T) {
	r := stageTwo(t, quick())
	r.mem, r.offset, r.outs = Memory{}, 0, nil
	r.slot = New(r.slot.cfg, r.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	f := event.Fact{Tenant: "t", Customer: "ana", Subject: "a#1", Revision: 1, Channel: event.WebChat, StartedAt: t0, ActiveAt: []int64{t0}}
	if err := r.receive(relayed(1, 0, "A", event.PrevSeq{Offset: -1}, f)); err != nil {
		t.Fatal(err)
	}
	if n := r.slot.Counters()["dead_"+string(event.ReasonNoTenant)]; n != 1 {
		t.Errorf("counters are %v", r.slot.Counters())
	}
}
