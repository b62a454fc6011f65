package explain

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Counted is one moment: one countable thing.
type Counted struct {
	At    string            `json:"at"`   // where it counts
	What  string            `json:"what"` // kind of moment: answered, first_response, promise_kept, …
	Value int64             `json:"value,omitempty"`
	Unit  string            `json:"unit,omitempty"` // of the value: ms, millionths or 1
	Clock string            `json:"clock,omitempty"`
	Band  string            `json:"band,omitempty"` // of contacts: in_target, late, short
	State string            `json:"state,omitempty"`
	Group map[string]string `json:"group"`
	// Metrics are the counters that it is counted under, KPIs those that read them; told of single conversations and customers.
	Metrics []Counter `json:"metrics,omitempty"`
	KPIs    []string  `json:"kpis,omitempty"`
}

// What open conversations count for KPIs about now.
const (
	Waits    = "waiting"
	Promised = "promise"
)

// whats names the kinds of moments.
var whats = [convo.LastKind + 1]string{
	convo.Started: "started", convo.FirstResponse: "first_response", convo.NextResponse: "next_response", convo.Resolution: "resolution", convo.ClockHit: "promise_kept",
	convo.ClockMiss: "promise_broken", convo.Answered: "answered", convo.Abandoned: "abandoned", convo.FlowOut: "flow_out", convo.Voicemail: "voicemail", convo.Callback: "callback",
	convo.Lost: "lost", convo.Handled: "handled", convo.Scored: "scored", convo.Active: "active", convo.ActiveDay: "active_day", convo.SessionBegan: "session_began",
	convo.Resolved: "resolved", convo.Reopened: "reopened", convo.OpenSegments: "open_segments", convo.LastSegment: "last_segment", convo.RequesterWait: "requester_wait",
	convo.AgentWork: "agent_work", convo.Replies: "replies", convo.Joined: "joined", convo.Moved: "moved", convo.Talked: "talked", convo.Held: "held", convo.Wrapped: "wrapped",
	convo.Updated: "updated", convo.Prompted: "prompted", convo.Rated: "rated", convo.Mood: "mood", convo.MoodTrend: "mood_trend", convo.LowStart: "low_start", convo.Toned: "toned",
	convo.BotJoined: "bot_joined", convo.HandoffTime: "handoff_time", convo.FirstContact: "first_contact", convo.Served: "served", convo.Recommends: "recommends",
	convo.Recommended: "recommended", convo.Journeyed: "journeyed", convo.Asked: "asked", convo.Returned: "returned", convo.SeenIn: "seen_in", convo.StayedIn: "stayed_in",
	convo.AtRisk: "at_risk", convo.CalledFor: "trigger_set_off", convo.Bought: "bought", convo.Sold: "sold", convo.Attributed: "attributed", convo.Busy: "busy",
	convo.Worked: "worked", convo.Idle: "idle", convo.Taken: "taken",
}

// what names a kind of moment; one that nobody has named is "other".
func what(k convo.MomentKind) string {
	if int(k) < len(whats) && whats[k] != "" {
		return whats[k]
	}
	return "other"
}

var bands = map[convo.Band]string{convo.InTarget: "in_target", convo.Late: "late", convo.Short: "short"}

func countedOf(m convo.Moment, zone *time.Location, agents bool) Counted {
	c := Counted{At: kpi.Timestamp(m.At, zone), What: what(m.Kind), Value: m.Value, Unit: valueUnit(m), Band: bands[m.Band], Group: groupMap(m.Group, agents)}
	switch m.Kind {
	case convo.ClockHit, convo.ClockMiss, convo.Updated:
		c.Clock = m.Clock.String()
	}
	return c
}

// valueUnit is what the value of a moment is made of; "" when it has none.
func valueUnit(m convo.Moment) string {
	switch m.Kind {
	case convo.Scored, convo.Rated, convo.Mood, convo.MoodTrend, convo.Toned, convo.Recommends, convo.Recommended, convo.Journeyed, convo.Sold, convo.Attributed:
		return Millionths
	case convo.Replies:
		return Plain
	case convo.FirstResponse, convo.NextResponse, convo.Resolution, convo.Answered, convo.Abandoned, convo.FlowOut, convo.Voicemail, convo.Callback, convo.Lost, convo.Handled,
		convo.OpenSegments, convo.LastSegment, convo.RequesterWait, convo.AgentWork, convo.Talked, convo.Held, convo.Wrapped, convo.Updated, convo.HandoffTime, convo.Busy,
		convo.Worked, convo.Idle:
		return Milliseconds
	}
	if m.Value != 0 {
		return Plain
	}
	return ""
}

// groupMap is a group by dimension, without what it has no name in. Agents are named only where numbers by agent are kept.
func groupMap(g window.Group, agents bool) map[string]string {
	out := map[string]string{}
	for _, dim := range window.Dimensions {
		if name := g.Name(dim); name != "" && (agents || dim != window.DimAgent) {
			out[string(dim)] = name
		}
	}
	return out
}

// fully tells a moment with its counters, and the KPIs that read them.
func fully(m convo.Moment, zone *time.Location, agents bool) Counted {
	c := countedOf(m, zone, agents)
	kpi.Observe(m, agents, func(_ window.Family, _ window.Group, s window.Sample) {
		if slices.ContainsFunc(c.Metrics, func(x Counter) bool { return x.Metric == int(s.Metric) }) {
			return // the same in another roll-up
		}
		n := Counter{Metric: int(s.Metric), N: s.N, Sum: s.Sum}
		for _, d := range kpi.Catalog() {
			if !d.Reads(s.Metric) {
				continue
			}
			if n.Name == (kpi.Text{}) {
				n.Name, n.Unit = MetricName(d, s.Metric), SumUnit(d, s.Metric)
			}
			if !slices.Contains(c.KPIs, d.ID) {
				c.KPIs = append(c.KPIs, d.ID)
			}
		}
		c.Metrics = append(c.Metrics, n)
	})
	return c
}
