package kpi

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// pastPromises answers for any window.
type pastPromises struct {
	Source
	t       *testing.T
	moments []convo.Moment
}

func (p *pastPromises) Sum(by []window.Dimension, from, to int64) *window.Sum {
	var in []convo.Moment
	for _, m := range p.moments {
		if from <= m.At && m.At < to {
			m.At = goldenStart
			in = append(in, m)
		}
	}
	return count(p.t, window.Routing, by, in)
}

// add counts promises of all clocks in turn at some minutes before the end of the golden hour.
func (p *pastPromises) add(queue string, ago int64, kept, broken int) {
	for i := range kept + broken {
		kind := convo.ClockHit
		if i >= kept {
			kind = convo.ClockMiss
		}
		p.moments = append(p.moments, convo.Moment{Kind: kind, At: goldenStart + (60-ago)*minute, Clock: sla.Clock(i % sla.NumClocks), Group: window.Group{Queue: queue}})
	}
}

// Of 5 % that may be broken: 8 % of the hour is 1.6 times too much, however bad its last five minutes are.
func TestBurnRate(t *testing.T) {
	p := &pastPromises{t: t}
	p.add("a", 5, 7, 3)      // the last 5 min: 0.3
	p.add("a", 60, 85, 5)    // the hour: 8 of 100
	p.add("a", 61, 890, 10)  // six hours: 18 of 1000
	p.add("b", 60, 10, 10)   // nothing in the last five minutes
	p.add("b", 30, 1, 0)     // half an hour: 0 of 1
	p.add("a", 361, 0, 1000) // too long ago
	f := goldenFrame(window.DimQueue)
	read := func(f Frame) map[string]string {
		got := map[string]string{}
		for _, queue := range []string{"a", "b"} {
			values, err := slaBurnRate.Values(slaBurnRate.Resolve(nil), f, []window.Group{{Queue: queue}}, p.Sum(f.By, f.Window.From, f.Window.To), p)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				got[queue+" "+v.Definition] = fmt.Sprintf("%s = %s/%s n=%d %s", v.Value, v.Numerator, v.Denominator, v.N, v.Unit)
			}
		}
		return got
	}
	want := map[string]string{
		"a fast": "1.6 = 8/5 n=100 factor", "a slow": "0.36 = 18/50 n=1000 factor",
		"b fast": " = 0/0 n=0 factor", "b slow": "0 = 0/0.05 n=1 factor",
	}
	if diff := cmp.Diff(want, read(f)); diff != "" {
		t.Error("objective 95 % (-want +got)", diff)
	}
	spec := sla.DefaultPolicy("t", "UTC")
	spec.SLAObjective = new(0.99)
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	f.Policy = policy
	if got := read(f); got["a fast"] != "8 = 8/1 n=100 factor" || got["a slow"] != "1.8 = 18/10 n=1000 factor" {
		t.Errorf("objective 99 %%: %v", got)
	}
	if n := burnOf(8, 100, 50_000).Number(); n != 1.6 {
		t.Errorf("number %v", n)
	}
}

// Where both windows burn alike the longer one says on how much that rests.
func TestBurnRateTie(t *testing.T) {
	p := &pastPromises{t: t}
	p.add("a", 5, 1, 1)
	p.add("a", 60, 4, 4)
	v, err := slaBurnRate.Values(slaBurnRate.Resolve([]string{"fast"}), goldenFrame(), []window.Group{{}}, p.Sum(nil, goldenStart, goldenStart+60*minute), p)
	if err != nil || v[0].N != 10 || v[0].Value != "10" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestPredictedBreaches(t *testing.T) {
	const at = 1_000_000
	due := func(c sla.Clock, in int64) convo.OpenPromise { return convo.OpenPromise{Clock: c, DueAt: at + in} }
	open := []OpenAt{{T: at, Open: convo.Open{Promises: []convo.OpenPromise{
		{Clock: sla.FirstResponse}, due(sla.NextResponse, -1), due(sla.NextResponse, 0), due(sla.PeriodicUpdate, 1), due(sla.PausableUpdate, 5*minute),
		due(sla.Resolution, 5*minute+1), due(sla.Resolution, 15*minute), due(sla.Resolution, 15*minute+1), due(sla.Resolution, 60*minute), due(sla.Resolution, 60*minute+1),
	}}}, {T: at + 1, Open: convo.Open{Promises: []convo.OpenPromise{due(sla.FirstResponse, 1), due(sla.FirstResponse, 5*minute+1)}}}}
	got := map[string]Number{}
	for _, v := range slaPredictedBreaches.ValuesNow(slaPredictedBreaches.Resolve(nil), goldenFrame(), []window.Group{{}}, ByGroup(open, nil)) {
		got[v.Definition] = v.Value
	}
	if diff := cmp.Diff(map[string]Number{"5m": "3", "15m": "5", "60m": "7"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateTime(t *testing.T) {
	sum := count(t, window.Agent, []window.Dimension{window.DimAgent}, []convo.Moment{
		{Kind: convo.Updated, At: goldenStart, Clock: sla.PeriodicUpdate, Value: 90 * minute, Group: window.Group{Agent: "7"}},
		{Kind: convo.Updated, At: goldenStart, Clock: sla.PausableUpdate, Value: 30 * minute, Group: window.Group{Agent: "7"}},
		{Kind: convo.Updated, At: goldenStart, Clock: sla.PeriodicUpdate, Value: 30 * minute, Group: window.Group{Agent: "8"}},
	})
	for definition, want := range map[string]string{"": "periodic 5400 n=1", "pausable": "pausable 1800 n=1"} {
		v := ask(t, "update_time", []string{definition}, goldenFrame(window.DimAgent), window.Group{Agent: "7"}, sum)[0]
		if got := fmt.Sprintf("%s %s n=%d", v.Definition, v.Value, v.N); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
