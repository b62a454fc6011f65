package verify

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/window"
)

func TestChunkNames(t *testing.T) {
	for _, c := range []struct {
		key    string
		family window.Family
		chunk  window.Chunk
		tenant string
		ok     bool
	}{
		{window.Chunk{Tier: window.Fine, Start: 1_987_654}.Key("shop", window.Routing), window.Routing, window.Chunk{Tier: window.Fine, Start: 1_987_654}, "shop", true},
		{window.Chunk{Tier: window.Coarse, Start: -3}.Key("a:b", window.Activity), window.Activity, window.Chunk{Tier: window.Coarse, Start: -3}, "a:b", true},
		{key: "p:r:3:1:shop"},
		{key: "p:r:-1:1:shop"},
		{key: "p:r:2:9223372036854775807:shop"},
		{key: "p:r:0:x:shop"},
		{key: "p:r:0"},
		{key: "s"},
	} {
		family, chunk, tenant, ok := chunkOf(c.key)
		if family != c.family || chunk != c.chunk || tenant != c.tenant || ok != c.ok {
			t.Errorf("%q: %q %+v %q %v", c.key, family, chunk, tenant, ok)
		}
	}
}

// TestPlaces: names beyond the limit are one, rule 12.3.
func TestPlaces(t *testing.T) {
	c := &custom{agents: true, names: map[window.Dimension][]string{window.DimQueue: {"a", "b"}}, full: map[window.Dimension]bool{window.DimQueue: true}}
	m := oracle.Moment{Kind: oracle.Started, Group: oracle.Group{Channel: "voice", Queue: "z", Team: "t", Agent: "ana", Topic: "bill"}}
	want := map[window.Family]window.Group{
		window.Routing: {Channel: "voice", Queue: window.Overflow, Team: "t"},
		window.Agent:   {Channel: "voice", Queue: window.Overflow, Agent: "ana"},
		window.Topics:  {Channel: "voice", Topic: "bill"},
	}
	if diff := cmp.Diff(want, c.places(m)); diff != "" {
		t.Error(diff)
	}
	c.agents = false
	delete(want, window.Agent)
	if diff := cmp.Diff(want, c.places(m)); diff != "" {
		t.Error("agent_cells is off:", diff)
	}
}

// TestAgentMetrics: by agent are the metrics that a KPI is read by agent of, and the sums of scales.
func TestAgentMetrics(t *testing.T) {
	for metric, want := range map[int]bool{1: false, 2: true, 13: true, 14: false, 15: false, 25: true, 29: false, 31: true, 48: true, 60: false, 100: true, 108: true, 1000: true, 200: true, 243: true, 250: false, 300: false, 400: false} {
		if got := (oracle.Count{Metric: metric}).ByAgent(); got != want {
			t.Errorf("metric %d: %v, want %v", metric, got, want)
		}
	}
}

func TestTotals(t *testing.T) {
	a, b := total{2, 50, map[int]int64{3: 1, 4: 1}}, total{1, 20, map[int]int64{3: 1}}
	if got := a.less(b); !got.equal(total{1, 30, map[int]int64{4: 1}}) {
		t.Errorf("%+v", got)
	}
	if got := a.less(b).plus(b); !got.equal(a) {
		t.Errorf("%+v", got)
	}
}
