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
func stage2(t *testing.T, copied memory, from int64, log []fromFirst) *rig {
	t.Helper()
	cfg := testConfig
	cfg.Stage, cfg.Topic, cfg.Sources = Customers, "c", 1
	r := &rig{t: t, mem: memory{}, offset: from}
	for key, fields := range copied {
		r.mem[key] = maps.Clone(fields)
	}
	r.slot = New(cfg, r.mem.load, Position{Offset: from}, Start{Fresh: from == 0, RestateAt: -1})
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
func (m memory) names(who string) bool {
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
func (m memory) panes() map[string]map[string][]byte {
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
