package exporter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// agentsAtWork gives the second stage three agents of a team, who took 1, 2 and 6 contacts, and shows how they are.
func agentsAtWork(w *world) {
	for i, name := range []string{"zoe", "bob", "eve"} {
		x, g := w.stage2[i%2], window.Group{Team: "red", Agent: name}
		at := noon - 10*60_000
		x.count("acme", 1, convo.Moment{Kind: convo.Busy, At: at, Value: 30_000, Group: g}, convo.Moment{Kind: convo.Worked, At: at, Value: 45_000, Group: g},
			convo.Moment{Kind: convo.Idle, At: at, Value: 10_000, Group: g})
		for range []int{1, 2, 6}[i] {
			x.count("acme", 1, convo.Moment{Kind: convo.Taken, At: at, Group: g})
		}
		x.set("o:acme", name, agent.Now{Team: "red", Available: i < 2, Contacts: i}.Encode())
	}
	for _, x := range w.stage2 {
		x.commit()
	}
}

// TestAgents: the time of agents is read from the second stage, by team and by agent, and who is there now too; conversations that are open are no agents.
func TestAgents(t *testing.T) {
	w := newWorld(t)
	w.busy()
	agentsAtWork(w)
	ids := []string{"occupancy", "concurrency", "weighted_handle_time", "workload_spread", "agents_by_state", "contacts_waiting"}
	for _, by := range [][]window.Dimension{nil, {window.DimTeam}} {
		group := []string{}
		if by != nil {
			group = []string{"team", "red"}
		}
		values := w.ask(t, Query{KPIs: ids, By: by, Window: Lasting(time.Hour)})
		for _, c := range []struct{ kpi, definition, want string }{
			{"occupancy", "default", "0.75"}, {"concurrency", "default", "1.5"}, {"weighted_handle_time", "default", "10"}, {"workload_spread", "gini", "0.37037037037037035"},
			{"workload_spread", "max_to_median", "3"}, {"agents_by_state", "available_idle", "1"}, {"agents_by_state", "available_busy", "1"},
			{"agents_by_state", "unavailable_busy", "1"}, {"agents_by_state", "unavailable", "0"},
		} {
			if v := one(t, values, c.kpi, c.definition, group...); string(v.Value) != c.want || !v.Complete {
				t.Errorf("by %v: %s %s is %s, want %s: %+v", by, c.kpi, c.definition, v.Value, c.want, v)
			}
		}
		if v := one(t, values, "contacts_waiting", "default", group...); by == nil && v.Value != "2" || by != nil && v.Value != "0" {
			t.Errorf("by %v: %s contacts wait", by, v.Value)
		}
	}
	values := w.ask(t, Query{KPIs: []string{"occupancy"}, By: []window.Dimension{window.DimAgent}, Window: Lasting(time.Hour)})
	if v := one(t, values, "occupancy", "default", "agent", "zoe"); v.Value != "0.75" {
		t.Errorf("zoe: %+v", v)
	}
	for _, id := range []string{"workload_spread", "agents_by_state"} {
		var not *kpi.GroupError
		if _, err := w.reader.Values(context.Background(), Query{Tenant: "acme", KPIs: []string{id}, By: []window.Dimension{window.DimAgent}, Window: Lasting(time.Hour)}); !errors.As(err, &not) {
			t.Errorf("%s by agent: %v", id, err)
		}
	}
	// Someone leaves.
	w.stage2[0].set("o:acme", "zoe", nil)
	w.stage2[0].commit()
	if v := one(t, w.ask(t, Query{KPIs: ids, Window: Lasting(time.Hour)}), "agents_by_state", "available_idle"); v.Value != "0" {
		t.Errorf("%s agents wait", v.Value)
	}
}

// Metrics never name an agent.
func TestAgentsInMetrics(t *testing.T) {
	w := newWorld(t)
	agentsAtWork(w)
	r := asAcme(newHandler(t, w), "")
	text := r.Body.String()
	for _, want := range []string{
		`vigia_kpi_agents_by_state{definition="available_busy",rollup="tenant",tenant="acme"} 1`,
		`vigia_kpi_occupancy_ratio{rollup="tenant",tenant="acme",window="1h"} 0.75`,
		`vigia_kpi_workload_spread_factor{definition="gini",rollup="tenant",tenant="acme",window="1h"} 0.37`,
	} {
		if !strings.Contains(text, want) {
			var near []string
			for l := range strings.Lines(text) {
				if name, _, _ := strings.Cut(want, "{"); strings.HasPrefix(l, name) {
					near = append(near, l)
				}
			}
			t.Errorf("no %s; there is\n%s", want, strings.Join(near, ""))
		}
	}
	if slices.ContainsFunc([]string{"zoe", "bob", "eve"}, func(name string) bool { return strings.Contains(text, `"`+name+`"`) }) {
		t.Error("an agent is named")
	}
}

// Without agent cells single agents are not looked at, however it is grouped.
func TestAgentsNeedCells(t *testing.T) {
	w := newWorld(t)
	for _, x := range w.stage2 {
		x.enrol(sla.DefaultPolicy("acme", "America/Mexico_City"))
		x.commit()
	}
	agentsAtWork(w)
	var off *AgentsOffError
	if _, err := w.reader.Values(context.Background(), Query{Tenant: "acme", KPIs: []string{"workload_spread"}, Window: Lasting(time.Hour)}); !errors.As(err, &off) {
		t.Errorf("the spread without agent cells: %v", err)
	}
	if _, err := w.reader.Values(context.Background(), Query{Tenant: "acme", KPIs: []string{"occupancy"}, By: []window.Dimension{window.DimAgent}, Window: Lasting(time.Hour)}); !errors.As(err, &off) {
		t.Errorf("occupancy by agent without agent cells: %v", err)
	}
	values := w.ask(t, Query{Window: Lasting(time.Hour)})
	if v := one(t, values, "occupancy", "default"); v.Value != "0.75" {
		t.Errorf("%+v", v)
	}
	if slices.ContainsFunc(values, func(v kpi.Value) bool { return v.KPI == "workload_spread" }) {
		t.Error("the spread is answered")
	}
}
