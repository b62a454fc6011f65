package oracletest

import (
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestExplainedByChance explains values of logs made of chance (bots, spam, merges, gaps, reapplied policies, late and repeated events): what conversations and customers are
// remembered to count is never more than what the panes hold, and is all of it where nothing can be final yet.
func TestExplainedByChance(t *testing.T) {
	zone, err := sla.LoadZone("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	values, whole, recent := 0, 0, 0
	for seed := range uint64(7) {
		l := log(seed, 60, 12*hour, 1, map[string]bool{})
		l = l[:len(l)*3/5] // in the midst of things
		first, people, boundary, customersBoundary, _ := engine(t, l, seed == 5)
		p, err := policyIn(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range kpi.Catalog() {
			if d.Instant() {
				continue
			}
			mem, stage, T := first, fold.Conversations, boundary
			if d.SecondStage() {
				mem, stage, T = people, fold.Customers, customersBoundary
			}
			look, err := fold.NewLook(stage, "t", mem.Load)
			if err != nil {
				t.Fatal(err)
			}
			keys, err := look.Keys()
			if err != nil {
				t.Fatal(err)
			}
			// All of it, and the time in which nothing is final: the shortest horizon is 3 h.
			for _, ago := range []int64{48 * hour, 150 * minute} {
				w := kpi.Window{To: T + 10*second, Now: T, Zone: zone}
				w.From, w.To = window.Round(T-ago, w.To, T, zone)
				for _, by := range [][]window.Dimension{nil, {window.DimQueue}, {window.DimAgent}, {window.DimTopic}} {
					family, err := d.FamilyOf(by)
					if err != nil {
						continue
					}
					sum := window.NewSum(family, by, w.From, w.To, zone)
					all := blocks(t, mem, family)
					for _, b := range all {
						sum.Add(b)
					}
					groups := sum.Groups()
					if by == nil {
						groups = []window.Group{{}}
					}
					for _, g := range groups[:min(len(groups), 2)] {
						if family == window.Agent && g.Agent == "" || family == window.Topics && g.Topic == "" {
							continue
						}
						x := explain.NewValue(d, &d.Definitions[0], kpi.Frame{Tenant: "t", By: by, Window: w, Policy: p}, family, g, kpi.Value{}, sum.Cell(g))
						for _, b := range all {
							b.Panes(zone, x.Pane)
						}
						if err := look.Each(keys, func(k fold.Known) error { x.Add(look, k); return nil }); err != nil {
							t.Fatal(err)
						}
						v := x.Value(false, false)
						for _, c := range v.Parts.Forgotten[0] {
							if c.N < 0 || !d.SecondStage() && T-w.From < 3*hour {
								t.Errorf("seed %d: %s of %v over %s: metric %d: %d (%d) forgotten of %v", seed, d.ID, g, time.Duration(ago)*time.Millisecond, c.Metric, c.N, c.Sum, v.Inputs[0].Counters)
							}
						}
						if ago < 3*hour && len(v.Inputs[0].Counters) > 0 {
							recent++
						}
						if values++; len(v.Parts.Forgotten[0]) == 0 && len(v.Inputs[0].Counters) > 0 {
							whole++
						}
					}
				}
			}
		}
		histories(t, l, first)
	}
	if recent < 100 {
		t.Errorf("only %d values of what cannot be final", recent)
	}
	t.Logf("%d values, of %d all is remembered, %d of what cannot be final", values, whole, recent)
}

// histories replays conversations of a log one by one: each counts in the end what it counts among all others.
func histories(t *testing.T, l []oracle.Placed, mem fold.Memory) {
	t.Helper()
	ids := map[string]bool{}
	for _, r := range l {
		if e, ok := r.Body.(*event.Event); ok && e.Conversation != "" {
			ids[e.Conversation] = true
		}
	}
	look, err := fold.NewLook(fold.Conversations, "t", mem.Load)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for id := range ids {
		if n++; n > 10 {
			break
		}
		h := explain.NewHistory("t", id, false)
		for _, r := range l {
			if err := h.Add(r.Offset, event.Record{Body: r.Body}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := h.Conversation()
		if err != nil {
			t.Fatal(err)
		}
		if err := look.Each([]string{event.ConversationKey("t", id)}, func(k fold.Known) error {
			if now := explain.ExplainConversation(look, k); k.Convo != nil && !k.Convo.Truncated && (len(now.Contributions) != len(c.Contributions) || len(now.Timeline) != len(c.Timeline)) {
				t.Errorf("%s: alone it counts %d, among others %d", id, len(c.Contributions), len(now.Contributions))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
