package oracletest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// blocks are the chunks of a family as readers hold them.
func blocks(t testing.TB, mem fold.Memory, family window.Family) []*window.Block {
	t.Helper()
	var out []*window.Block
	for key, fields := range mem {
		parts := strings.Split(key, ":")
		if len(parts) != 5 || parts[0] != "p" || parts[1] != string(family) {
			continue
		}
		tier, err1 := strconv.Atoi(parts[2])
		start, err2 := strconv.ParseInt(parts[3], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("the key %q is not that of a chunk", key)
		}
		b, err := window.DecodeBlock(window.Chunk{Tier: window.Tier(tier), Start: start}, fields)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// groupings that values are compared by.
var groupings = [][]window.Dimension{{}, {window.DimChannel}, {window.DimQueue}, {window.DimTeam}, {window.DimChannel, window.DimQueue}, {window.DimQueue, window.DimTeam}, {window.DimAgent}, {window.DimTopic}, {window.DimChannel, window.DimTopic}}

// values compares all KPIs that the oracle knows over some windows, by all groupings, and returns how many values there were.
func values(t testing.TB, policy *sla.Policy, refs kpi.References, mem, customers fold.Memory, world *oracle.World, boundary, spread int64, seed uint64) int {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	zone, err := sla.LoadZone("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	var open []kpi.OpenAt
	for _, b := range mem["o:t"] {
		o, err := convo.DecodeOpen(b)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, kpi.OpenAt{Open: o, T: boundary})
	}
	var desks []kpi.OpenAt
	for name, b := range customers["o:t"] {
		d, err := agent.DecodeNow(b)
		if err != nil {
			t.Fatal(err)
		}
		desks = append(desks, kpi.OpenAt{Open: convo.Open{Team: d.Team, Agent: name}, T: boundary, Desk: &d})
	}
	n := 0
	windows, memories := 3, map[bool]fold.Memory{false: mem, true: customers}
	for i := range windows {
		from := boundary - hour - r.Int64N(spread)
		w := kpi.Window{From: from, To: from + 10*second + r.Int64N(spread*2/3), Now: boundary, Zone: zone}
		if i == 0 {
			w.To = boundary + 10*second // it ends now
		}
		asked := w
		w.From, w.To = window.Round(w.From, w.To, boundary, zone)
		sums := map[string]*window.Sum{}
		sumOf := func(second bool, family window.Family, by []window.Dimension) *window.Sum {
			k := fmt.Sprint(second, family, by)
			if sums[k] == nil {
				sums[k] = window.NewSum(family, by, w.From, w.To, zone)
				for _, b := range blocks(t, memories[second], family) {
					sums[k].Add(b)
				}
			}
			return sums[k]
		}
		for _, id := range oracle.IDs() {
			def, err := kpi.ByID(id)
			if err != nil {
				t.Fatal(err)
			}
			distinct := oracle.Distinct(id)
			if (distinct || strings.HasPrefix(id, "volume_")) && i > 0 {
				continue
			}
			for _, definition := range oracle.Definitions(id) {
				d, ok := def.Definition(definition)
				if !ok {
					t.Fatalf("the catalogue has no definition %s of %s", definition, id)
				}
				for _, by := range groupings {
					if slices.Contains(by, window.DimAgent) && !oracle.ByAgent(id) || by != nil && !allowed(def, by) {
						continue
					}
					var names []string
					for _, dim := range by {
						names = append(names, string(dim))
					}
					want, err := world.Values("t", id, definition, names, asked.From, asked.To, asked.Now)
					if ofValue(id) && err != nil {
						n += refused(t, def, d, kpi.Frame{Tenant: "t", By: by, Window: w, AsOf: boundary, Policy: policy, References: refs}, err)
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					f := kpi.Frame{Tenant: "t", By: by, Window: w, AsOf: boundary, Policy: policy, References: refs}
					var got []kpi.Value
					groups := make([]window.Group, len(want))
					for i, v := range want {
						groups[i] = window.Group{Channel: v.Group.Channel, Queue: v.Group.Queue, Team: v.Group.Team, Agent: v.Group.Agent, Topic: v.Group.Topic}
					}
					if oracle.Instant(id) {
						list := open
						if def.SecondStage() {
							list = desks
						}
						got = def.ValuesNow([]*kpi.Definition{d}, f, groups, kpi.ByGroup(list, by))
					} else {
						family, err := def.FamilyOf(by)
						if err != nil {
							t.Fatal(err)
						}
						if got, err = def.Values([]*kpi.Definition{d}, f, groups, sumOf(def.SecondStage(), family, by), source{func(by []window.Dimension, from, to int64) *window.Sum {
							from, to = window.Round(from, to, boundary, zone)
							s := window.NewSum(family, by, from, to, zone)
							for _, b := range blocks(t, memories[def.SecondStage()], family) {
								s.Add(b)
							}
							return s
						}, world}); err != nil {
							t.Fatal(err)
						}
					}
					if len(got) != len(want) {
						t.Fatalf("%s %s by %v: %d values, oracle %d", id, definition, by, len(got), len(want))
					}
					for i, v := range want {
						n++
						if fault := differ(got[i], v, oracle.Instant(id)); fault != "" {
							t.Fatalf("%s %s by %v [%d, %d): %s\nengine %+v\noracle %+v", id, definition, by, w.From, w.To, fault, got[i], v)
						}
					}
				}
			}
		}
	}
	return n
}

// allowed says whether the catalogue has a KPI by these dimensions.
func allowed(def *kpi.Def, by []window.Dimension) bool {
	for _, d := range by {
		if !slices.Contains(def.Dimensions, d) {
			return false
		}
	}
	return true
}

// source gives derived definitions sums of other windows. What it counts by quarters are the oracle's moments: their cells have been compared.
type source struct {
	sum   func(by []window.Dimension, from, to int64) *window.Sum
	world *oracle.World
}

func (s source) Sum(by []window.Dimension, from, to int64) *window.Sum { return s.sum(by, from, to) }

func (s source) Quarters(m window.Metric, by []window.Dimension, from, to int64) (map[window.Group][]int64, bool) {
	out := map[window.Group][]int64{}
	for _, x := range s.world.Counting(int(m)) {
		if x.At < from || x.At >= to {
			continue
		}
		var g window.Group
		for _, d := range by {
			switch d {
			case window.DimChannel:
				g.Channel = x.Group.Channel
			case window.DimQueue:
				g.Queue = x.Group.Queue
			case window.DimTeam:
				g.Team = x.Group.Team
			case window.DimTopic:
				g.Topic = x.Group.Topic
			}
		}
		if out[g] == nil {
			out[g] = make([]int64, (to-from)/(15*minute))
		}
		out[g][(x.At-from)/(15*minute)]++
	}
	return out, true
}

// differ compares one value with what is expected.
func differ(got kpi.Value, want oracle.Value, now bool) string {
	number := func(known bool, v float64) kpi.Number {
		if !known {
			return ""
		}
		return kpi.Number(strconv.FormatFloat(v, 'f', -1, 64))
	}
	if v := number(want.Known, want.Value); got.Hidden && got.N == want.N {
		return ""
	} else if got.Value != v {
		return "value " + string(v)
	}
	if got.N != want.N {
		return "n"
	}
	if want.Money {
		switch {
		case got.Basis != want.Basis:
			return "basis"
		case want.Known && (string(got.Numerator) != want.Top || string(got.Denominator) != want.Bottom):
			return "numerator or denominator"
		}
		return ""
	}
	if !now && !want.Known {
		return ""
	}
	if want.Share && (got.Low != number(true, want.Low) || got.High != number(true, want.High)) {
		return "interval"
	}
	for p, n := range map[int]*kpi.Number{50: got.P50, 90: got.P90, 95: got.P95, 99: got.P99} {
		if ms, ok := want.Percentiles[p]; ok && (n == nil || *n != kpi.SecondsOf(ms)) {
			return fmt.Sprint("percentile ", p)
		}
	}
	if want.Percentiles != nil && got.Numerator != kpi.SecondsOf(want.Numerator) {
		return "numerator"
	}
	bins := map[kpi.Number]int64{}
	for _, b := range got.Distribution {
		bins[b.Score] = b.N
	}
	for k, n := range want.Bins {
		if bins[kpi.Number(strconv.FormatInt(want.Lowest+int64(k), 10))] != n {
			return fmt.Sprint("distribution ", want.Bins)
		}
	}
	if want.HasMean && (got.Mean == nil || *got.Mean != number(true, want.Mean)) {
		return fmt.Sprint("mean ", want.Mean)
	}
	if got.Basis != want.Basis && want.Basis != "" {
		return "basis"
	}
	for i, step := range want.Series {
		if i >= len(got.Series) || got.Series[i].Value != number(true, step.Value) || step.Bounded && (got.Series[i].Low != number(true, step.Low) || got.Series[i].High != number(true, step.High)) {
			return fmt.Sprint("series ", step, len(got.Series))
		}
	}
	if want.Denominator > 0 && got.Denominator != kpi.Number(strconv.FormatInt(want.Denominator, 10)) {
		return "denominator"
	}
	return ""
}
