package oracletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

var conversations = fold.Config{Stage: fold.Conversations, Topic: "i", Route: func(string, int32) int32 { return 0 }, CustomersTopic: "c", SignalsTopic: "s",
	DeadLettersTopic: "d", Customers: 1, Signals: 1, DeadLetters: 1}

// customers is the configuration of the second stage.
var customers = fold.Config{Stage: fold.Customers, Topic: "c", Sources: 1, Route: func(string, int32) int32 { return 0 }, CustomersTopic: "c", SignalsTopic: "s",
	DeadLettersTopic: "d", Customers: 1, Signals: 1, DeadLetters: 1}

// feed folds records as a worker does, and returns what was stored and sent on.
func feed(t testing.TB, config fold.Config, truncated bool, inputs []fold.Input) (fold.Memory, []fold.Out, int64) {
	t.Helper()
	mem := fold.Memory{}
	slot := fold.New(config, mem.Load, fold.Position{}, fold.Start{Fresh: true, Truncated: truncated, RestateAt: -1})
	var outs []fold.Out
	for i := 0; i < len(inputs); i++ {
		in := inputs[i]
		in.Offset = int64(i)
		for done := false; !done; {
			var err error
			if done, err = slot.Apply(in); err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
		}
		_, policy := in.Record.Body.(event.Policy)
		next := i+1 < len(inputs) && kindOf(inputs[i+1]) == "policy" // what is told before one stands before it in the customers log, too
		if second := config.Stage == fold.Customers; second || policy || next || slot.Weight() > 500 || i == len(inputs)-1 {
			c := slot.Commit()
			for n, o := range c.Outs {
				if second && o.Topic == "c" { // what is told to a customer who was merged goes on to the other
					inputs = slices.Insert(inputs, i+1+n, fold.Input{Key: o.Key, Record: o.Record})
				}
			}
			if policy && config.Stage == fold.Conversations {
				outs = append(outs, fold.Out{Topic: "c", Record: in.Record})
			}
			outs = append(outs, c.Outs...)
			mem.Apply(c)
			slot.Committed(1 << 30)
		}
	}
	return mem, outs, slot.Time()
}

func kindOf(in fold.Input) string {
	if _, ok := in.Record.Body.(event.Policy); ok {
		return "policy"
	}
	return ""
}

// engine folds a log with both stages, and returns the state of both and the times reached.
func engine(t testing.TB, log []oracle.Placed, truncated bool) (first, second fold.Memory, boundary, customersBoundary int64, triggers []event.Signal) {
	t.Helper()
	var inputs, facts []fold.Input
	for _, r := range log {
		inputs = append(inputs, fold.Input{Offset: r.Offset, Key: r.Key, Record: event.Record{Body: r.Body}})
	}
	first, outs, boundary := feed(t, conversations, truncated, inputs)
	for _, o := range outs {
		if o.Topic == "c" {
			facts = append(facts, fold.Input{Key: o.Key, Record: o.Record})
		}
	}
	second, outs, customersBoundary = feed(t, customers, false, facts)
	for _, o := range outs {
		if s, ok := o.Record.Body.(event.Signal); ok && s.Kind == event.SignalTrigger {
			triggers = append(triggers, s)
		}
	}
	return first, second, boundary, customersBoundary, triggers
}

// cell is one number of one group in one pane.
type cell struct {
	key, field string
	metric     int
}

type total struct {
	n, sum  int64
	buckets string
}

// kept are the cells that the engine keeps of one family.
func kept(t testing.TB, mem fold.Memory, family string, until int) map[cell]total {
	t.Helper()
	out := map[cell]total{}
	for key, h := range mem {
		if !strings.HasPrefix(key, "p:"+family+":") {
			continue
		}
		for field, b := range h {
			if _, g, ok := window.ParseField(field); !ok || family == "a" && g.Agent == "" {
				continue
			}
			c, err := window.DecodeCell(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range c.Metrics() {
				m := int(x)
				if m > until || !oracle.Knows(m) {
					continue
				}
				if a := c.Metric(x); a.N != 0 || a.Sum != 0 {
					var buckets strings.Builder
					for _, b := range a.Buckets {
						if b.N != 0 {
							buckets.WriteString(fmt.Sprint(b.Index, "x", b.N, " "))
						}
					}
					out[cell{key, field, m}] = total{a.N, a.Sum, buckets.String()}
				}
			}
		}
	}
	return out
}

// byAgent are the metrics of KPIs that are read by agent, rule 12.4.
var byAgent = map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true, 12: true, 13: true, 25: true}

func init() {
	for m := 200; m <= 243; m++ {
		byAgent[m] = true
	}
	for m := 31; m <= 48; m++ { // rule 14
		byAgent[m] = true
	}
	for m := range 9 { // rule 15
		byAgent[100+m] = true
		for k := range 16 {
			byAgent[1000+16*m+k] = true
		}
	}
}

// expected are the cells that the oracle's moments make.
func expected(moments []oracle.Moment, family window.Family, boundary int64, zone window.Zone) map[cell]total {
	type sums struct {
		n, sum  int64
		buckets map[int]int
	}
	all := map[cell]*sums{}
	for _, m := range moments {
		if m.RolledUp() != (family == window.Activity) || m.OfAgents() != (family == window.Work) {
			continue
		}
		g := window.Group{Channel: m.Group.Channel, Queue: m.Group.Queue, Team: m.Group.Team}
		switch family {
		case window.Agent:
			if m.Group.Agent == "" {
				continue
			}
			g.Team, g.Agent = "", m.Group.Agent
		case window.Work:
			g = window.Group{Team: m.Group.Team, Agent: m.Group.Agent}
		case window.Topics:
			if m.Group.Topic == "" {
				continue
			}
			g = window.Group{Channel: m.Group.Channel, Topic: m.Group.Topic}
		}
		p, ok := window.Locate(m.At, boundary, zone)
		if !ok {
			continue
		}
		for _, c := range m.Counts() {
			if family == window.Agent && !byAgent[c.Metric] {
				continue
			}
			k := cell{p.Chunk.Key(m.Tenant, family), window.Field(p.Pane, g), c.Metric}
			if all[k] == nil {
				all[k] = &sums{buckets: map[int]int{}}
			}
			v, distributed := c.Sum()
			all[k].n++
			all[k].sum += v
			if distributed {
				all[k].buckets[oracle.Bucket(v)]++
			}
		}
	}
	out := map[cell]total{}
	for k, s := range all {
		t := total{n: s.n, sum: s.sum}
		for _, i := range slices.Sorted(maps.Keys(s.buckets)) {
			t.buckets += fmt.Sprint(i, "x", s.buckets[i], " ")
		}
		out[k] = t
	}
	return out
}

// differences lists the cells in which engine and oracle differ.
func differences(want, got map[cell]total) []string {
	var out []string
	for k, w := range want {
		if g := got[k]; g != w {
			out = append(out, fmt.Sprintf("metric %d in %s %q: engine %v, oracle %v", k.metric, k.key, k.field, g, w))
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			out = append(out, fmt.Sprintf("metric %d in %s %q: engine %v, oracle nothing", k.metric, k.key, k.field, g))
		}
	}
	slices.Sort(out)
	return out
}

func joined(a, b map[cell]total) map[cell]total {
	maps.Copy(a, b)
	return a
}

// compared is a log that was folded and computed again.
type compared struct {
	mem      fold.Memory
	second   fold.Memory // of customers
	world    *oracle.World
	boundary int64
	diffs    []string // cells that are not equal
	cells    int
	triggers int
}

// compare folds a log and computes it again.
func compare(t testing.TB, log []oracle.Placed, truncated bool) compared {
	t.Helper()
	var c compared
	var customersBoundary int64
	var triggers []event.Signal
	c.mem, c.second, c.boundary, customersBoundary, triggers = engine(t, log, truncated)
	c.triggers = len(triggers)
	var err error
	if c.world, err = oracle.Read(log, oracle.Options{Zone: sla.LoadZone, Truncated: map[int32]bool{0: truncated}, Triggers: triggers, Heard: customersBoundary}); err != nil {
		t.Fatal(err)
	}
	policy, err := policyIn(log)
	if err != nil {
		t.Fatal(err)
	}
	zone := policy.Zone()
	for _, f := range []window.Family{window.Routing, window.Agent, window.Topics, window.Work} {
		if f == window.Agent && !policy.AgentCells() {
			continue
		}
		want := expected(c.world.Moments(), f, c.boundary, zone)
		c.diffs = append(c.diffs, differences(want, joined(kept(t, c.mem, string(f), 1200), kept(t, c.second, string(f), 1200)))...)
		c.cells += len(want)
	}
	want := expected(c.world.Moments(), window.Activity, customersBoundary, zone)
	c.diffs = append(c.diffs, differences(want, kept(t, c.second, "d", 12_000))...)
	c.cells += len(want)
	return c
}
