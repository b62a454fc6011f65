package kpi

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// inWords prints what a value says in one line.
func inWords(v Value) string {
	s := fmt.Sprintf("%s %s n=%d %s/%s", v.Definition, v.Value, v.N, v.Numerator, v.Denominator)
	if v.P50 != nil {
		s += " with percentiles"
	}
	return s
}

// The golden hour's abandonments: 4 of 5 s, 3 of 20 s, 5 of 60 s. Callbacks are contacts of their own, not abandonments (Amazon Connect).
func TestAbandonmentsOfTheGoldenHour(t *testing.T) {
	moments := append(goldenHour(), convo.Moment{Kind: convo.Callback, At: goldenStart, Band: convo.Late, Group: window.Group{Channel: "voice", Queue: "PS"}})
	by := []window.Dimension{window.DimQueue}
	sum := count(t, window.Routing, by, moments)
	got := map[string]string{}
	for _, id := range []string{"short_abandon_rate", "average_abandon_time", "callbacks", "abandon_rate"} {
		got[id] = inWords(ask(t, id, nil, goldenFrame(by...), window.Group{Queue: "PS"}, sum)[0])
	}
	if diff := cmp.Diff(map[string]string{
		"short_abandon_rate":   "default 0.3333333333333333 n=12 4/12",
		"average_abandon_time": "default 31.666666666666668 n=12 380/12",
		"callbacks":            "default 1 n=1 1/",
		"abandon_rate":         "default 0.1188118811881188 n=101 12/101",
	}, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
	for _, id := range []string{"short_abandon_rate", "average_abandon_time"} {
		if v := ask(t, id, nil, goldenFrame(by...), window.Group{Queue: "none"}, sum)[0]; v.Value.Known() || v.N != 0 {
			t.Errorf("%s of nothing is %+v", id, v)
		}
	}
}

// Two resolves, one of them undone; the conversation went through two hands.
func TestWorkOfPeople(t *testing.T) {
	g := window.Group{Channel: "email", Queue: "q", Team: "t", Agent: "7", Topic: "card"}
	var moments []convo.Moment
	add := func(kind convo.MomentKind, value int64) {
		moments = append(moments, convo.Moment{Kind: kind, At: goldenStart, Group: g, Value: value})
	}
	for _, kind := range []convo.MomentKind{convo.Resolved, convo.Resolved, convo.Resolved, convo.Resolved, convo.Reopened, convo.Joined, convo.Joined, convo.Moved} {
		add(kind, 0)
	}
	for i := range int64(2) {
		add(convo.Resolution, (100+i)*second)
		add(convo.OpenSegments, (60+i)*second)
		add(convo.LastSegment, (20+i)*second)
		add(convo.RequesterWait, (50+i)*second)
		add(convo.AgentWork, (40+i)*second)
		add(convo.Replies, 2+i)
		add(convo.Handled, (30+i)*second)
		add(convo.Talked, (15+i)*second)
		add(convo.Held, 5*second)
		add(convo.Wrapped, 10*second)
	}
	want := map[string][]string{
		"resolution_time":       {"from_creation 100.5 n=2 201/2 with percentiles"},
		"requester_wait_time":   {"default 50.5 n=2 101/2 with percentiles"},
		"agent_work_time":       {"default 40.5 n=2 81/2 with percentiles"},
		"replies_to_resolution": {"default 2.5 n=2 5/2"},
		"reopen_rate":           {"default 0.25 n=4 1/4"},
		"transfer_rate":         {"default 0.5 n=2 1/2"},
		"handle_time":           {"default 30.5 n=2 61/2 with percentiles"},
		"talk_time":             {"default 15.5 n=2 31/2 with percentiles"},
		"hold_time":             {"default 5 n=2 10/2 with percentiles"},
		"wrap_up_time":          {"default 10 n=2 20/2 with percentiles"},
	}
	for family, f := range map[window.Family]struct {
		by    []window.Dimension
		group window.Group
	}{
		window.Routing: {[]window.Dimension{window.DimQueue}, window.Group{Queue: "q"}},
		window.Agent:   {[]window.Dimension{window.DimAgent}, window.Group{Agent: "7"}},
		window.Topics:  {[]window.Dimension{window.DimTopic}, window.Group{Topic: "card"}},
	} {
		sum, got := count(t, family, f.by, moments), map[string][]string{}
		for id := range want {
			for _, v := range ask(t, id, nil, goldenFrame(f.by...), f.group, sum) {
				got[id] = append(got[id], inWords(v))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %v (-want +got) %s", f.by, diff)
		}
	}
	sum := count(t, window.Routing, nil, moments)
	var got []string
	for _, v := range ask(t, "resolution_time", []string{"open_segments", "last_segment"}, goldenFrame(), window.Group{}, sum) {
		got = append(got, inWords(v))
	}
	if diff := cmp.Diff([]string{"open_segments 60.5 n=2 121/2 with percentiles", "last_segment 20.5 n=2 41/2 with percentiles"}, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
}
