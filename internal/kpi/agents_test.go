package kpi

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// desk makes the moments of an agent's hour: ms busy, worked and idle, and contacts taken.
func desk(team, name string, busy, worked, idle int64, taken int) []convo.Moment {
	g := window.Group{Team: team, Agent: name}
	var out []convo.Moment
	for _, m := range []convo.Moment{{Kind: convo.Busy, Value: busy}, {Kind: convo.Worked, Value: worked}, {Kind: convo.Idle, Value: idle}} {
		if m.Value > 0 {
			m.At, m.Group = goldenStart, g
			out = append(out, m)
		}
	}
	for range taken {
		out = append(out, convo.Moment{Kind: convo.Taken, At: goldenStart, Group: g})
	}
	return out
}

// Amazon Connect's occupancy is handle over handle and idle, at most 100 %, breaks left out; concurrency says what it leaves out.
func TestTimeOfAgents(t *testing.T) {
	var moments []convo.Moment
	moments = append(moments, desk("red", "zoe", 45*60*second, 90*60*second, 5*60*second, 10)...) // and ten minutes of pause
	moments = append(moments, desk("red", "bob", 30*60*second, 30*60*second, 30*60*second, 5)...)
	moments = append(moments, desk("blue", "eve", 60*60*second, 60*60*second, 0, 1)...)
	moments = append(moments, desk("blue", "idle", 0, 0, 60*60*second, 0)...)
	for _, c := range []struct {
		by    []window.Dimension
		group window.Group
		want  map[string]string
	}{
		{nil, window.Group{}, map[string]string{
			"occupancy": "default 0.5869565217391305 n=6 8100000/13800000", "concurrency": "default 1.3333333333333333 n=3 10800000/8100000", "weighted_handle_time": "default 506.25 n=16 8100/16",
		}},
		{[]window.Dimension{window.DimTeam}, window.Group{Team: "red"}, map[string]string{
			"occupancy": "default 0.6818181818181818 n=4 4500000/6600000", "concurrency": "default 1.6 n=2 7200000/4500000", "weighted_handle_time": "default 300 n=15 4500/15",
		}},
		{[]window.Dimension{window.DimAgent}, window.Group{Agent: "zoe"}, map[string]string{
			"occupancy": "default 0.9 n=2 2700000/3000000", "concurrency": "default 2 n=1 5400000/2700000", "weighted_handle_time": "default 270 n=10 2700/10",
		}},
		{[]window.Dimension{window.DimTeam, window.DimAgent}, window.Group{Team: "blue", Agent: "eve"}, map[string]string{
			"occupancy": "default 1 n=1 3600000/3600000", "concurrency": "default 1 n=1 3600000/3600000", "weighted_handle_time": "default 3600 n=1 3600/1",
		}},
		{[]window.Dimension{window.DimTeam}, window.Group{Team: "none"}, map[string]string{
			"occupancy": "default  n=0 0/0", "concurrency": "default  n=0 0/0", "weighted_handle_time": "default  n=0 0/0",
		}},
	} {
		sum := count(t, window.Work, c.by, moments)
		got := map[string]string{}
		for id := range c.want {
			got[id] = inWords(ask(t, id, nil, goldenFrame(c.by...), c.group, sum)[0])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("by %v (-want +got):\n%s", c.by, diff)
		}
	}
}

// The Gini coefficient of 1, 2, 3, 4 is 0.25; of nothing but one who does all, (n − 1)/n. Fewer than three agents are no spread.
func TestWorkloadSpread(t *testing.T) {
	for _, c := range []struct {
		loads             []int
		gini, maxToMedian string
	}{
		{[]int{3, 1, 4, 2}, "gini 0.25 n=4 10/40", "max_to_median 1.6 n=4 8/5"},
		{[]int{5, 5, 5}, "gini 0 n=3 0/45", "max_to_median 1 n=3 10/10"},
		{[]int{0, 6, 0}, "gini 0.6666666666666666 n=3 12/18", "max_to_median  n=3 12/0"},
		{[]int{0, 0, 0}, "gini  n=3 0/0", "max_to_median  n=3 0/0"},
		{[]int{9, 1}, "gini  n=2 0/0", "max_to_median  n=2 0/0"},
		{nil, "gini  n=0 0/0", "max_to_median  n=0 0/0"},
	} {
		var moments []convo.Moment
		for i, n := range c.loads {
			moments = append(moments, desk("red", string(rune('a'+i)), 0, 0, second, n)...)
		}
		moments = append(moments, desk("red", window.Overflow, second, second, 0, 70)...) // more agents than names are kept of
		moments = append(moments, desk("blue", "z", second, second, 0, 9)...)
		by := []window.Dimension{window.DimTeam}
		d, err := ByID("workload_spread")
		if err != nil {
			t.Fatal(err)
		}
		values, err := d.Values(d.Resolve(nil), goldenFrame(by...), []window.Group{{Team: "red"}}, count(t, window.Work, by, moments), told{t, moments})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := []string{inWords(values[0]), inWords(values[1])}, []string{c.gini, c.maxToMedian}; !cmp.Equal(got, want) {
			t.Errorf("%v: %v, want %v", c.loads, got, want)
		}
	}
	if d, _ := ByID("workload_spread"); !d.NeedsAgents(nil) {
		t.Error("the spread can be read without agent cells")
	}
}

// told is a source of moments.
type told struct {
	t       *testing.T
	moments []convo.Moment
}

func (s told) Sum(by []window.Dimension, _, _ int64) *window.Sum {
	return count(s.t, window.Work, by, s.moments)
}

func (told) Quarters(window.Metric, []window.Dimension, int64, int64) (map[window.Group][]int64, bool) {
	return nil, true
}

func TestAgentsByState(t *testing.T) {
	d, err := ByID("agents_by_state")
	if err != nil {
		t.Fatal(err)
	}
	of := func(available bool, contacts int) OpenAt {
		return OpenAt{Open: convo.Open{Team: "red", Agent: "x"}, Desk: &agent.Now{Team: "red", Available: available, Contacts: contacts}}
	}
	by := []window.Dimension{window.DimTeam}
	open := ByGroup([]OpenAt{of(true, 0), of(true, 0), of(true, 2), of(false, 1), of(false, 0), of(false, 0), of(false, 0), {Open: convo.Open{Team: "red"}}}, by)
	got := map[string]string{}
	for _, v := range d.ValuesNow(d.Resolve(nil), goldenFrame(by...), []window.Group{{Team: "red"}}, open) {
		got[v.Definition] = string(v.Value)
	}
	if diff := cmp.Diff(map[string]string{"available_idle": "2", "available_busy": "1", "unavailable_busy": "1", "unavailable": "3"}, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
}
