package convo_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

var kindNames = map[convo.MomentKind]string{convo.Started: "started", convo.FirstResponse: "first_response", convo.NextResponse: "next_response",
	convo.Resolution: "resolution", convo.ClockHit: "hit", convo.ClockMiss: "miss", convo.Answered: "answered", convo.Abandoned: "abandoned", convo.FlowOut: "flow_out",
	convo.Voicemail: "voicemail", convo.Callback: "callback", convo.Lost: "lost", convo.Handled: "handled", convo.Scored: "scored",
	convo.Resolved: "resolved", convo.Reopened: "reopened", convo.OpenSegments: "open_segments", convo.LastSegment: "last_segment", convo.RequesterWait: "requester_wait",
	convo.AgentWork: "agent_work", convo.Replies: "replies", convo.Joined: "joined", convo.Moved: "moved", convo.Talked: "talked", convo.Held: "held", convo.Wrapped: "wrapped",
	convo.Updated: "updated", convo.Prompted: "prompted", convo.Rated: "rated", convo.Mood: "mood", convo.MoodTrend: "mood_trend", convo.LowStart: "low_start",
	convo.Toned: "toned", convo.BotJoined: "bot_joined", convo.HandoffTime: "handoff_time"}

func rel(at int64) string { return ms(at - t0) }

func ms(v int64) string { return (time.Duration(v) * time.Millisecond).String() }

// show writes a moment: when it counts, what it is, its value, the group it counts for.
func show(m convo.Moment) string {
	s := rel(m.At) + " " + kindNames[m.Kind]
	switch m.Kind {
	case convo.Started, convo.Prompted, convo.Resolved, convo.Reopened, convo.Joined, convo.Moved, convo.LowStart, convo.BotJoined:
	case convo.Updated:
		s += " " + m.Clock.String() + " " + ms(m.Value)
	case convo.ClockHit, convo.ClockMiss:
		s += " " + m.Clock.String()
	case convo.Scored, convo.Replies, convo.Rated, convo.Mood, convo.MoodTrend, convo.Toned:
		s += fmt.Sprint(" ", m.Value)
	default:
		s += " " + ms(m.Value)
	}
	switch m.Band {
	case convo.Late:
		s += " late"
	case convo.Short:
		s += " short"
	}
	if m.Class != 0 {
		s += fmt.Sprint(" class=", m.Class)
	}
	if m.Receipt {
		s += " receipt"
	}
	if s += showGroup(m.Group.Queue, m.Group.Team, m.Group.Agent); m.Group.Topic != "" {
		s += " topic=" + m.Group.Topic
	}
	return s
}

func showGroup(queue, team, agent string) (s string) {
	for _, p := range [][2]string{{" q=", queue}, {" team=", team}, {" agent=", agent}} {
		if p[1] != "" {
			s += p[0] + p[1]
		}
	}
	return s
}

func showSignal(g event.Signal) string {
	s := rel(g.At) + " " + strings.TrimPrefix(g.Kind.String(), "breach_")
	if g.WarnPercent != 0 {
		s += fmt.Sprint(" ", g.WarnPercent, "%")
	}
	if s += " " + g.Clock; g.DueAt != 0 {
		s += " due " + rel(g.DueAt)
	}
	if g.FulfilledAt != 0 {
		s += " done " + rel(g.FulfilledAt)
	}
	if g.Cause == event.ByLateFulfilment {
		s += " late"
	}
	return s + showGroup(g.Queue, g.Team, g.Agent)
}

// about makes want look at moments of some kinds only. Scripts that do not say look at the first ones: contacts, responses, resolutions, promises, scores.
func (d *desk) about(kinds ...convo.MomentKind) *desk {
	d.shown = func(k convo.MomentKind) bool { return slices.Contains(kinds, k) }
	return d
}

// aboutAll makes want look at all moments.
func (d *desk) aboutAll() *desk {
	d.shown = func(convo.MomentKind) bool { return true }
	return d
}

// moments lists what counts, by time.
func (d *desk) moments() string {
	var out []string
	for _, m := range slices.SortedFunc(maps.Keys(d.counted), func(a, b convo.Moment) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind), strings.Compare(show(a), show(b)))
	}) {
		if !d.shown(m.Kind) {
			continue
		}
		for range d.counted[m] {
			out = append(out, show(m))
		}
	}
	return strings.Join(out, "\n")
}

// want compares what counts in the end.
func (d *desk) want(moments string) *desk {
	d.Helper()
	if diff := gocmp.Diff(slices.Sorted(slices.Values(lines(moments))), slices.Sorted(slices.Values(lines(d.moments())))); diff != "" {
		d.Fatalf("moments (-want +got):\n%s", diff)
	}
	return d
}

// told compares the signals since the last call.
func (d *desk) told(signals string) *desk {
	d.Helper()
	if diff := gocmp.Diff(lines(signals), d.signals); diff != "" {
		d.Fatalf("signals (-want +got):\n%s", diff)
	}
	d.signals = nil
	return d
}

// facts compares what stage 2 knows: one line a fact that stands.
func (d *desk) known(facts string) *desk {
	d.Helper()
	var got []string
	for _, f := range d.facts {
		if f.Retracted {
			continue
		}
		var s strings.Builder
		s.WriteString(f.Customer)
		for _, at := range f.ActiveAt {
			s.WriteString(" " + rel(at))
		}
		if f.Open {
			s.WriteString(" open")
		} else {
			s.WriteString(" ended " + rel(f.EndedAt))
		}
		got = append(got, s.String()+showGroup(f.Queue, "", ""))
	}
	slices.Sort(got)
	if diff := gocmp.Diff(lines(facts), got); diff != "" {
		d.Fatalf("facts (-want +got):\n%s", diff)
	}
	return d
}

func lines(s string) (out []string) {
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return out
}
