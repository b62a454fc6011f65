package kpi

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// sentiments are the kinds of moments that tell how customers sound.
var sentiments = []convo.MomentKind{convo.Scored, convo.Mood, convo.MoodTrend, convo.LowStart, convo.Toned}

// TestNoSentimentByAgent: what an agent's customers feel is never kept by agent, whoever asks: inferring emotions about workers is restricted in the EU.
func TestNoSentimentByAgent(t *testing.T) {
	read := map[string]bool{}
	for _, d := range catalog {
		for _, f := range d.Feeds {
			if !slices.Contains(sentiments, f.Kind) {
				continue
			}
			read[d.ID] = true
			if slices.Contains(d.Dimensions, window.DimAgent) {
				t.Errorf("%s can be grouped by agent", d.ID)
			}
			if _, err := d.FamilyOf([]window.Dimension{window.DimAgent}); err == nil {
				t.Errorf("%s is answered by agent", d.ID)
			}
		}
	}
	want := []string{"frustration_rate", "sentiment_balance", "sentiment_recovery", "sentiment_score", "sentiment_trend", "urgency_rate"}
	var got []string
	for id := range read {
		got = append(got, id)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("KPIs of sentiment (-want +got)", diff)
	}
	for _, m := range everyMoment() {
		if !slices.Contains(sentiments, m.Kind) {
			continue
		}
		m.Group = window.Group{Channel: "voice", Queue: "q", Team: "t", Agent: "7", Topic: "bill"}
		Observe(m, true, func(f window.Family, g window.Group, s window.Sample) {
			if f == window.Agent || g.Agent != "" {
				t.Errorf("metric %d is kept by agent", s.Metric)
			}
		})
	}
}

// read asks for one definition of a KPI over some moments.
func read(t *testing.T, id, definition string, moments ...convo.Moment) string {
	t.Helper()
	for i := range moments {
		moments[i].At = goldenStart
	}
	v := ask(t, id, []string{definition}, goldenFrame(), window.Group{}, count(t, window.Routing, nil, moments))[0]
	s := fmt.Sprintf("%s %s n=%d %s/%s", v.Definition, v.Value, v.N, v.Numerator, v.Denominator)
	if v.Mean != nil {
		s += fmt.Sprint(" mean=", *v.Mean)
	}
	return s
}

func TestSentimentKPIs(t *testing.T) {
	mood := func(v int64) convo.Moment { return convo.Moment{Kind: convo.Mood, Value: v} }
	scored := func(v int64) convo.Moment { return convo.Moment{Kind: convo.Scored, Value: v} }
	trend := func(v int64) convo.Moment { return convo.Moment{Kind: convo.MoodTrend, Value: v} }
	low, recovered := convo.Moment{Kind: convo.LowStart}, convo.Moment{Kind: convo.LowStart, Class: 1}
	toned := func(frustration int64, urgency uint32) convo.Moment {
		return convo.Moment{Kind: convo.Toned, Value: frustration, Class: urgency}
	}
	for _, c := range []struct {
		id, definition string
		moments        []convo.Moment
		want           string
	}{
		{"sentiment_score", "", []convo.Moment{mood(-500_000), mood(250_000), scored(1_000_000)}, "conversations -0.125 n=2 -0.25/2"},
		{"sentiment_score", "messages", []convo.Moment{mood(-500_000), scored(-1_000_000), scored(1), scored(0)}, "messages -0.333333 n=3 -0.999999/3"},
		{"sentiment_score", "", nil, "conversations  n=0 0/0"},
		{"sentiment_trend", "", []convo.Moment{trend(1_000_000), trend(-250_000), mood(1)}, "default 0.375 n=2 0.75/2"},
		{"sentiment_recovery", "", []convo.Moment{low, recovered, low, low}, "default 0.25 n=4 1/4"},
		{"frustration_rate", "", []convo.Moment{toned(500_000, 0), toned(499_999, 1_000_000), toned(1, 0), toned(0, 0)}, "default 0.25 n=4 1/4 mean=0.25"},
		{"urgency_rate", "", []convo.Moment{toned(500_000, 0), toned(0, 1_000_000), toned(0, 500_000), toned(0, 499_999)}, "default 0.5 n=4 2/4 mean=0.49999975"},
		{"frustration_rate", "", nil, "default  n=0 0/0"},
	} {
		if got := read(t, c.id, c.definition, c.moments...); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.id, c.definition, got, c.want)
		}
	}
}

func TestBotKPIs(t *testing.T) {
	joined := func(class uint32) convo.Moment { return convo.Moment{Kind: convo.BotJoined, Class: class} }
	moments := []convo.Moment{joined(0), joined(0), joined(convo.HandedOff), joined(convo.HandedOffClosed), {Kind: convo.HandoffTime, Value: 1500}, {Kind: convo.HandoffTime, Value: 500}}
	for want, of := range map[string][2]string{
		"all 0.5 n=4 2/4":           {"bot_handoff_rate", ""},
		"out_of_hours 0.25 n=4 1/4": {"bot_handoff_rate", "out_of_hours"},
		"default 1 n=2 2/2":         {"bot_handoff_time", ""},
	} {
		if got := read(t, of[0], of[1], slices.Clone(moments)...); got != want {
			t.Errorf("%s: %s, want %s", of[0], got, want)
		}
	}
}

// Few contributions are not shown for single groups.
func TestSentimentIsHidden(t *testing.T) {
	by := []window.Dimension{window.DimQueue}
	var moments []convo.Moment
	for range 4 {
		moments = append(moments, convo.Moment{Kind: convo.Mood, At: goldenStart, Group: window.Group{Queue: "q"}})
	}
	v := ask(t, "sentiment_score", nil, goldenFrame(by...), window.Group{Queue: "q"}, count(t, window.Routing, by, moments))[0]
	if !v.Hidden || v.Value.Known() || v.N != 4 {
		t.Errorf("%+v", v)
	}
}
