package fold

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// fromFirst is a record of the customers log.
type fromFirst struct {
	record event.Record
	key    string
}

// stage2 folds records of the customers log from a copy of the state on.
func stage2(t *testing.T, copied Memory, from int64, log []fromFirst) *rig {
	t.Helper()
	cfg := testConfig
	cfg.Stage, cfg.Topic, cfg.Sources = Customers, "c", 1
	r := &rig{t: t, mem: Memory{}, offset: from}
	for key, fields := range copied {
		r.mem[key] = maps.Clone(fields)
	}
	r.slot = New(cfg, r.mem.Load, Position{Offset: from}, Start{Fresh: from == 0, RestateAt: -1})
	for _, h := range log[from:] {
		if _, ok := h.record.Body.(event.Policy); ok {
			r.add(h.record.Body, "")
			continue
		}
		r.give(h.record, h.key)
	}
	return r
}

// names reports whether anything kept names somebody.
func (m Memory) names(who string) bool {
	for key, fields := range m {
		if strings.Contains(key, who) {
			return true
		}
		for field, b := range fields {
			if strings.Contains(field, who) || bytes.Contains(b, []byte(who)) {
				return true
			}
		}
	}
	return false
}

// panes are the numbers that are kept.
func (m Memory) panes() map[string]map[string][]byte {
	out := map[string]map[string][]byte{}
	for key, fields := range m {
		if strings.HasPrefix(key, "p:") {
			out[key] = maps.Clone(fields)
		}
	}
	return out
}

// TestErasure: an erased customer leaves nothing in the second stage but what they were counted in; and whoever replays the log, or goes on from any older copy of the state,
// comes to the same bytes.
func TestErasure(t *testing.T) {
	c := newCouple(t, withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak}))
	log := []fromFirst{{event.Record{Body: PolicyRecord(c.policy, false)}, ""}}
	told := 0
	var before map[string]map[string][]byte
	pass := func() {
		for ; told < len(c.outs); told++ {
			if o := c.outs[told]; o.Topic == "c" {
				decoded, err := event.Decode(event.Encode(o.Record))
				if err != nil {
					t.Fatal(err)
				}
				log = append(log, fromFirst{decoded, o.Key})
			}
		}
		c.pass()
	}
	c.tick(t0)
	for i := range int64(3) {
		c.event(scored(t0+1000+i*1000, "a", -1))
	}
	c.event(message(t0+10*minute, "a", event.Outbound))
	other := message(t0+11*minute, "b", event.Inbound)
	other.Customer = "eva"
	c.event(other)
	out := message(t0+12*minute, "", event.Inbound)
	out.Customer, out.Body = "ana", event.CustomerIdentity{Change: event.IdentityOptedOut}
	c.event(out)
	c.tick(t0 + 20*minute)
	pass()
	if before = c.second.mem.panes(); len(before) == 0 || !c.second.mem.names("ana") || !c.second.mem.names("eva") {
		t.Fatalf("nothing to erase in %d panes", len(before))
	}
	erase := message(t0+21*minute, "", event.Inbound)
	erase.Customer, erase.Body = "ana", event.CustomerIdentity{Change: event.IdentityErased}
	c.event(erase)
	pass()
	if c.second.mem.names("ana") || !c.second.mem.names("eva") {
		t.Error("after the erasure the customer is still named, or somebody else is not")
	}
	if d := cmp.Diff(before, c.second.mem.panes()); d != "" {
		t.Errorf("what was counted (-before +after the erasure):\n%s", d)
	}
	c.tick(t0 + 3*24*60*minute)
	pass()
	if c.second.mem.names("ana") {
		t.Error("later the customer is named again")
	}
	// A copy of every instant: that of the empty state is the replay.
	for from := range int64(len(log)) {
		older := stage2(t, nil, 0, log[:from])
		again := stage2(t, older.mem, from, log)
		if d := cmp.Diff(c.second.mem, again.mem); d != "" {
			t.Fatalf("from the copy at %d of %d (-as it went +again):\n%s", from, len(log), d)
		}
	}
}

// stage1 folds records of the interactions log from a copy of the state on, committing after each.
func stage1(t *testing.T, copied Memory, from int64, log []event.RecordBody) *rig {
	t.Helper()
	r := &rig{t: t, mem: Memory{}, offset: from}
	for key, fields := range copied {
		r.mem[key] = maps.Clone(fields)
	}
	r.slot = New(testConfig, r.mem.Load, Position{Offset: from}, Start{Fresh: from == 0, RestateAt: -1})
	for _, b := range log[from:] {
		key := ""
		if e, ok := b.(*event.Event); ok {
			key = e.Key()
		}
		r.add(b, key)
	}
	return r
}

// erasing is a log in which a customer with an open, a closed and a bought-something line is erased, and then writes again.
func erasing(t *testing.T, p *sla.Policy) (log []event.RecordBody, erased, again int) {
	t.Helper()
	linked := func(e *event.Event) *event.Event {
		e.Link = "https://desk.example.com/77"
		return e
	}
	from := func(who string, e *event.Event) *event.Event {
		e.Customer = who
		return e
	}
	silent := func(e *event.Event) *event.Event { return from("", e) }
	bought := from("ana", message(t0+3*minute, "", event.Inbound))
	bought.Channel, bought.Body = event.Commerce, event.Purchase{Type: event.Ordered, Order: "o1", Currency: "USD"}
	resolved := message(t0+9*minute, "closed", event.Outbound)
	resolved.Body = event.ConversationState{State: event.StatusResolved}
	taken := silent(message(t0+8*minute, "open", event.Outbound))
	taken.Routing.Agent = "bob"
	log = []event.RecordBody{PolicyRecord(p, false), event.Tick{At: t0},
		linked(message(t0+1*minute, "open", event.Inbound)), message(t0+2*minute, "closed", event.Inbound), bought,
		linked(from("eva", message(t0+4*minute, "hers", event.Inbound))), silent(message(t0+5*minute, "closed", event.Outbound)), taken, resolved,
		event.Tick{At: t0 + 10*minute}}
	erased = len(log)
	wish := message(t0+11*minute, "", event.Inbound)
	wish.Customer, wish.Body = "nobody", event.CustomerIdentity{Change: event.IdentityErased, Identities: []event.Identity{{Value: "ana"}}}
	log = append(log, wish)
	again = len(log)
	late := message(t0+6*minute, "open", event.Inbound)
	log = append(log, log[2], log[4], late, silent(message(t0+7*minute, "closed", event.Outbound)), wish, event.Tick{At: t0 + 12*minute},
		silent(message(t0+13*minute, "open", event.Outbound)), event.Tick{At: t0 + 40*minute})
	return log, erased, again
}

// TestErasureOfConversations: the first stage gives up every conversation with an erased customer, tells people that nothing is left to do, and keeps what was counted. What happened
// before and comes again is not taken in; what goes on afterwards began in the middle. Replays and older copies of the state end in the same bytes.
func TestErasureOfConversations(t *testing.T) {
	spec := testPolicy()
	spec.Agents = true
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	log, erased, again := erasing(t, p)
	before := stage1(t, nil, 0, log[:erased])
	if !before.mem.names("ana") || !before.mem.names("desk.example.com/77") || before.mem["o:t"]["open"] == nil {
		t.Fatal("nothing to erase")
	}
	after := stage1(t, nil, 0, log[:again])
	if after.mem.names("ana") || !after.mem.names("eva") {
		t.Error("after the erasure the customer is still named, or somebody else is not")
	}
	if d := cmp.Diff(before.mem.panes(), after.mem.panes()); d != "" {
		t.Errorf("what was counted (-before +after the erasure):\n%s", d)
	}
	var kinds []string
	for _, o := range after.outs[len(before.outs):] {
		switch b := o.Record.Body.(type) {
		case event.Signal:
			kinds = append(kinds, b.Kind.String()+" "+b.Conversation)
			if b.Customer != "" || b.Link != "" {
				t.Errorf("the signal names somebody: %+v", b)
			}
		case event.Fact:
			if !b.Erased {
				t.Errorf("stage 2 is told %+v", b)
			}
			kinds = append(kinds, "stage 2 of "+b.Customer)
		case event.AgentFact:
			if n := len(b.Stints); n == 0 || b.Stints[n-1].To != t0+10*minute {
				t.Errorf("the agent is told %+v, want that the contact ends now", b)
			}
			kinds = append(kinds, b.Agent)
		}
	}
	if d := cmp.Diff([]string{"erased closed", "erased open", "bob", "stage 2 of nobody", "stage 2 of ana"}, kinds); d != "" {
		t.Errorf("what was told (-want +got):\n%s", d)
	}
	whole := stage1(t, nil, 0, log)
	if whole.mem.names("ana") {
		t.Error("what was repeated names the customer again")
	}
	if d := cmp.Diff(before.mem.panes(), whole.mem.panes()); d != "" {
		t.Errorf("what came again was counted (-before +after):\n%s", d)
	}
	for from := range log {
		older := stage1(t, nil, 0, log[:from])
		if d := cmp.Diff(whole.mem, stage1(t, older.mem, int64(from), log).mem); d != "" {
			t.Fatalf("from the copy at %d of %d (-as it went +again):\n%s", from, len(log), d)
		}
	}
	// When nothing of before can come again, nothing is left of the erasure itself.
	if whole.tick(t0 + 40*24*60*minute); whole.mem["tn:t"]["erased"] != nil {
		t.Error("the erasure is remembered for ever")
	}
}

// TestErasureSparesLater: an erasure that comes twice does not touch what began in between.
func TestErasureSparesLater(t *testing.T) {
	r := newRig(t, testPolicy())
	r.tick(t0)
	r.event(message(t0+1000, "before", event.Inbound))
	wish := message(t0+2000, "", event.Inbound)
	wish.Body = event.CustomerIdentity{Change: event.IdentityErased}
	r.add(wish, "")
	r.event(message(t0+3000, "after", event.Inbound))
	r.add(wish, "")
	if open := r.mem["o:t"]; len(open) != 1 || open["after"] == nil {
		t.Errorf("open are %d conversations, want the one that began later", len(open))
	}
}
