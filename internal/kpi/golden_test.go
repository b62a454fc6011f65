package kpi

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const second = 1000

var goldenStart = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).UnixMilli()

// count folds moments into the cells of a chunk of each pane, as a worker does, and sums them by some dimensions.
func count(t *testing.T, f window.Family, by []window.Dimension, moments []convo.Moment) *window.Sum {
	t.Helper()
	cells := map[window.Chunk]map[string]*window.Cell{}
	for _, m := range moments {
		p, ok := window.Locate(m.At, goldenStart, time.UTC)
		if !ok {
			t.Fatalf("%+v is too old", m)
		}
		Observe(m, true, func(of window.Family, g window.Group, s window.Sample) {
			if of != f {
				return
			}
			if cells[p.Chunk] == nil {
				cells[p.Chunk] = map[string]*window.Cell{}
			}
			name := window.Field(p.Pane, g)
			if cells[p.Chunk][name] == nil {
				cells[p.Chunk][name] = &window.Cell{}
			}
			cells[p.Chunk][name].Add(s, 1)
		})
	}
	sum := window.NewSum(f, by, goldenStart, goldenStart+3600*second, time.UTC)
	for c, fields := range cells {
		encoded := map[string][]byte{}
		for name, cell := range fields {
			encoded[name] = cell.Encode()
		}
		b, err := window.DecodeBlock(c, encoded)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := sum.Add(b); !ok {
			t.Fatalf("chunk %+v straddles the window", c)
		}
	}
	return sum
}

// goldenHour is the hour that every product counts differently: 100 offered, of which 70 answered within 20 s, 15 later, 4 abandoned within 5 s, 3 within
// 20 s, 5 later, and 3 flowed out, 2 of them within 20 s.
func goldenHour() []convo.Moment {
	var out []convo.Moment
	add := func(n int, kind convo.MomentKind, band convo.Band, wait int64) {
		for range n {
			at := goldenStart + int64(len(out))*36*second
			out = append(out, convo.Moment{Kind: kind, At: at, Group: window.Group{Channel: "voice", Queue: "PS", Team: "a", Agent: "7"}, Band: band, Value: wait})
		}
	}
	add(70, convo.Answered, convo.InTarget, 20*second)
	add(15, convo.Answered, convo.Late, 21*second)
	add(4, convo.Abandoned, convo.Short, 5*second)
	add(3, convo.Abandoned, convo.InTarget, 20*second)
	add(5, convo.Abandoned, convo.Late, 60*second)
	add(2, convo.FlowOut, convo.InTarget, 3*second)
	add(1, convo.FlowOut, convo.Late, 30*second)
	return out
}

func goldenFrame(by ...window.Dimension) Frame {
	return Frame{
		Tenant: "t", By: by, AsOf: goldenStart + 3600*second, Complete: true,
		Window: Window{From: goldenStart, To: goldenStart + 3600*second, Now: goldenStart + 3601*second, Zone: time.UTC},
	}
}

func ask(t *testing.T, id string, definitions []string, f Frame, g window.Group, sum *window.Sum) []Value {
	t.Helper()
	d, err := ByID(id)
	if err != nil {
		t.Fatal(err)
	}
	values, err := d.Values(d.Resolve(definitions), f, []window.Group{g}, sum, nil)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestGoldenHour(t *testing.T) {
	by := []window.Dimension{window.DimQueue}
	sum := count(t, window.Routing, by, goldenHour())
	group := window.Group{Queue: "PS"}
	want := map[string]string{
		"vigia": "70/93 75.3", "connect": "79/100 79.0",
		"genesys": "70/97 72.2", "genesys-no-short": "70/93 75.3", "genesys-flowouts": "70/100 70.0", "genesys-no-abandons": "70/85 82.4",
		"talkdesk-contacts": "70/93 75.3", "talkdesk-calls": "70/85 82.4",
	}
	got := map[string]string{}
	for _, v := range ask(t, "service_level", serviceLevel.definitionIDs(), goldenFrame(by...), group, sum) {
		got[v.Definition] = fmt.Sprintf("%s/%s %.1f", v.Numerator, v.Denominator, 100*v.Value.Float())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("service level (-want +got)", diff)
	}

	counts := map[string]string{}
	for _, id := range []string{"contacts_offered", "contacts_answered", "contacts_abandoned", "contacts_lost", "abandon_rate", "speed_of_answer", "conversations_started"} {
		v := ask(t, id, nil, goldenFrame(by...), group, sum)[0]
		counts[id] = fmt.Sprintf("%s n=%d %s/%s", v.Value, v.N, v.Numerator, v.Denominator)
	}
	if diff := cmp.Diff(map[string]string{
		"contacts_offered": "100 n=100 100/", "contacts_answered": "85 n=85 85/", "contacts_abandoned": "12 n=12 12/", "contacts_lost": "0 n=0 0/",
		"abandon_rate": "0.12 n=100 12/100", "speed_of_answer": "20.176470588235293 n=85 1715/85", "conversations_started": "0 n=0 0/",
	}, counts); diff != "" {
		t.Error("counts (-want +got)", diff)
	}
}

// TestEveryOutcomeIsOffered: whatever the outcome of a contact, it was offered once, and it counts as removed in target at most once.
func TestEveryOutcomeIsOffered(t *testing.T) {
	for kind := convo.Answered; kind <= convo.Lost; kind++ {
		for _, band := range []convo.Band{convo.InTarget, convo.Late, convo.Short} {
			sum := count(t, window.Routing, nil, []convo.Moment{{Kind: kind, At: goldenStart, Band: band}})
			if n := ask(t, "contacts_offered", nil, goldenFrame(), window.Group{}, sum)[0].N; n != 1 {
				t.Errorf("kind %d band %d: offered %d times", kind, band, n)
			}
			v := ask(t, "service_level", []string{"connect"}, goldenFrame(), window.Group{}, sum)[0]
			if f := v.Value.Float(); f != 0 && f != 1 {
				t.Errorf("kind %d band %d: connect %v", kind, band, v.Value)
			}
		}
	}
}

func TestNextResponseReceipts(t *testing.T) {
	sum := count(t, window.Routing, nil, []convo.Moment{
		{Kind: convo.NextResponse, At: goldenStart, Value: 1500},
		{Kind: convo.NextResponse, At: goldenStart, Value: 500, Receipt: true},
	})
	values := ask(t, "next_response_time", []string{"with_receipts", "default"}, goldenFrame(), window.Group{}, sum)
	for i, want := range []string{"with_receipts 1 n=2 2", "default 1.5 n=1 1.5"} {
		v := values[i]
		if got := fmt.Sprintf("%s %s n=%d %s", v.Definition, v.Value, v.N, v.Numerator); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSentimentBalance(t *testing.T) {
	var moments []convo.Moment
	for _, score := range []int64{1_000_000, 200_000, 199_999, 0, -200_000} {
		moments = append(moments, convo.Moment{Kind: convo.Scored, At: goldenStart, Value: score})
	}
	v := ask(t, "sentiment_balance", nil, goldenFrame(), window.Group{}, count(t, window.Routing, nil, moments))[0]
	if v.Value != "0.2" || v.N != 5 || v.Numerator != "1" || v.Denominator != "5" || v.Low.Known() {
		t.Errorf("%+v", v)
	}
}

func TestComplianceByClock(t *testing.T) {
	var moments []convo.Moment
	for c := range sla.Clock(sla.NumClocks) {
		for range int(c) + 1 {
			moments = append(moments, convo.Moment{Kind: convo.ClockHit, At: goldenStart, Clock: c})
		}
		moments = append(moments, convo.Moment{Kind: convo.ClockMiss, At: goldenStart, Clock: c})
	}
	got := map[string]string{}
	for _, v := range ask(t, "sla_compliance", nil, goldenFrame(), window.Group{}, count(t, window.Routing, nil, moments)) {
		got[v.Definition] = string(v.Numerator + "/" + v.Denominator)
	}
	if diff := cmp.Diff(map[string]string{"first_response": "1/2", "next_response": "2/3", "resolution": "3/4", "periodic_update": "4/5", "pausable_update": "5/6"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNow(t *testing.T) {
	const at = 1_000_000
	promise := func(c sla.Clock, warn, due int64) convo.OpenPromise {
		return convo.OpenPromise{Clock: c, StartAt: 1, WarnAt: warn, DueAt: due}
	}
	open := []OpenAt{
		{T: at, Open: convo.Open{Queue: "a", WaitingSince: at - 90_500, Promises: []convo.OpenPromise{promise(sla.FirstResponse, at-2, at-1), promise(sla.Resolution, at+5, at+9)}}},
		{T: at, Open: convo.Open{Queue: "a", WaitingSince: at + 5, Promises: []convo.OpenPromise{promise(sla.FirstResponse, at, at+1)}}},
		{T: at, Open: convo.Open{Queue: "b", Promises: []convo.OpenPromise{promise(sla.FirstResponse, 0, 0), promise(sla.NextResponse, at, at),
			promise(sla.PausableUpdate, at-1, at+1)}}},
	}
	f := goldenFrame(window.DimQueue)
	got := map[string]string{}
	for _, id := range []string{"contacts_waiting", "longest_wait", "sla_running", "sla_at_risk", "sla_overdue"} {
		d, _ := ByID(id)
		for _, v := range d.ValuesNow(d.Resolve(nil), f, []window.Group{{Queue: "a"}, {Queue: "b"}}, ByGroup(open, f.By)) {
			got[id] += fmt.Sprintf("%s=%q ", v.Group["queue"], v.Value)
			if v.From != v.AsOf || v.To != v.AsOf {
				t.Errorf("%s is about %s to %s, not about now", id, v.From, v.To)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{
		"contacts_waiting": `a="2" b="0" `,
		"longest_wait":     `a="90.5" b="" `,
		"sla_running":      `a="2" a="0" a="1" a="0" a="0" b="1" b="1" b="0" b="0" b="1" `,
		"sla_at_risk":      `a="1" a="0" a="0" a="0" a="0" b="0" b="0" b="0" b="0" b="1" `,
		"sla_overdue":      `a="1" a="0" a="0" a="0" a="0" b="0" b="0" b="0" b="0" b="0" `,
	}, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
}
