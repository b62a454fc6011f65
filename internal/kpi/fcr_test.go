package kpi

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// happened is a source that counts moments in whatever window: it moves them into the golden hour.
type happened struct {
	nothing
	t       *testing.T
	family  window.Family
	moments []convo.Moment
}

// Sum implements [Source].
func (h happened) Sum(by []window.Dimension, from, to int64) *window.Sum {
	var within []convo.Moment
	for _, m := range h.moments {
		if from <= m.At && m.At < to {
			m.At = goldenStart
			within = append(within, m)
		}
	}
	return count(h.t, h.family, by, within)
}

// asked are the values of a KPI in the golden hour by definition, as numerator/denominator = value (n).
func (h happened) asked(id string, f Frame, g window.Group) map[string]string {
	h.t.Helper()
	d, err := ByID(id)
	if err != nil {
		h.t.Fatal(err)
	}
	values, err := d.Values(d.Resolve(d.definitionIDs()), f, []window.Group{g}, h.Sum(f.By, f.Window.From, f.Window.To), h)
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for _, v := range values {
		out[v.Definition] = fmt.Sprintf("%s/%s = %.4f (%d)", v.Numerator, v.Denominator, v.Value.Float(), v.N)
		if v.Hidden {
			out[v.Definition] = "hidden"
		}
	}
	return out
}

// firstContacts are 17 in the golden hour: 10 simple ones by chat, of which 8 held, 5 complex ones by phone, of which 1 held, and 2 by mail that held; and those of
// the weeks before.
func firstContacts() []convo.Moment {
	var out []convo.Moment
	add := func(n int, at int64, channel, queue string, class uint32) {
		for range n {
			out = append(out, convo.Moment{Kind: convo.FirstContact, At: at, Group: window.Group{Channel: channel, Queue: queue, Agent: "7", Topic: "bill"}, Class: class})
		}
	}
	add(6, goldenStart, "web_chat", "a", 1|convo.FirstHeld|convo.FirstFinal|convo.FirstStrict|convo.FirstNet)
	add(2, goldenStart, "web_chat", "a", 1|convo.FirstHeld)
	add(2, goldenStart, "web_chat", "a", 1|convo.FirstFinal|convo.FirstNet)
	add(1, goldenStart, "voice", "a", 3|convo.FirstHeld|convo.FirstFinal)
	add(4, goldenStart, "voice", "a", 3|convo.FirstFinal)
	add(2, goldenStart, "email", "b", convo.FirstHeld)
	const day = 24 * 60 * minute
	before := goldenStart - 1
	add(30, before, "web_chat", "a", 1)
	add(60, before-27*day, "voice", "a", 3)
	add(10, before, "ticket", "a", 0)
	add(7, before-28*day, "web_chat", "a", 1) // too long ago
	return out
}

func TestFCR(t *testing.T) {
	spec := sla.DefaultPolicy("t", "UTC")
	spec.FCR.Weights = map[string]int64{"voice": 3, "complex": 2}
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"provisional": "11/17 = 0.6471 (17)", "final": "7/13 = 0.5385 (13)", "strict": "6/13 = 0.4615 (13)", "net": "6/8 = 0.7500 (8)",
		// (8 + 6·1 + 2) of (10 + 6·5 + 2)
		"weighted": "16/42 = 0.3810 (17)",
		// (30·8/10 + 60·1/5) / 90: mail was not there before, tickets are not now
		"mix_adjusted": "400000/1000000 = 0.4000 (15)",
	}
	ofA := map[string]string{
		"provisional": "9/15 = 0.6000 (15)", "final": "7/13 = 0.5385 (13)", "strict": "6/13 = 0.4615 (13)", "net": "6/8 = 0.7500 (8)",
		"weighted": "14/40 = 0.3500 (15)", "mix_adjusted": "400000/1000000 = 0.4000 (15)",
	}
	ofVoice := map[string]string{
		"provisional": "1/5 = 0.2000 (5)", "final": "1/5 = 0.2000 (5)", "strict": "0/5 = 0.0000 (5)", "net": "hidden", "weighted": "6/30 = 0.2000 (5)",
		"mix_adjusted": "200000/1000000 = 0.2000 (5)",
	}
	hidden := map[string]string{"provisional": "hidden", "final": "hidden", "strict": "hidden", "net": "hidden", "weighted": "hidden", "mix_adjusted": "hidden"}
	for _, c := range []struct {
		by   []window.Dimension
		of   window.Group
		want map[string]string
	}{
		{nil, window.Group{}, all},
		{[]window.Dimension{window.DimQueue}, window.Group{Queue: "a"}, ofA},
		{[]window.Dimension{window.DimQueue}, window.Group{Queue: "b"}, hidden},
		{[]window.Dimension{window.DimChannel}, window.Group{Channel: "voice"}, ofVoice},
		{[]window.Dimension{window.DimAgent}, window.Group{Agent: "7"}, all},
		{[]window.Dimension{window.DimTopic}, window.Group{Topic: "bill"}, all},
		{[]window.Dimension{window.DimChannel, window.DimTopic}, window.Group{Channel: "voice", Topic: "bill"}, ofVoice},
	} {
		family, err := fcr.FamilyOf(c.by)
		if err != nil {
			t.Fatal(err)
		}
		f := goldenFrame(c.by...)
		f.Policy = policy
		if diff := cmp.Diff(c.want, happened{t: t, family: family, moments: firstContacts()}.asked("fcr", f, c.of)); diff != "" {
			t.Errorf("by %v (-want +got):\n%s", c.by, diff)
		}
	}
	empty := happened{t: t, family: window.Routing}.asked("fcr", goldenFrame(), window.Group{})
	if empty["provisional"] != "0/0 = NaN (0)" || empty["weighted"] != "0/0 = NaN (0)" || empty["mix_adjusted"] != "0/0 = NaN (0)" {
		t.Errorf("of nothing: %v", empty)
	}
}

// TestFCRBounds: shares have an interval, what is weighted has none.
func TestFCRBounds(t *testing.T) {
	h := happened{t: t, family: window.Routing, moments: firstContacts()}
	values, err := fcr.Values(fcr.Resolve([]string{"provisional", "weighted", "mix_adjusted"}), goldenFrame(), []window.Group{{}}, h.Sum(nil, goldenStart, goldenStart+1), h)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if v.Low.Known() != (i == 0) || v.High.Known() != (i == 0) {
			t.Errorf("%s: %s to %s", v.Definition, v.Low, v.High)
		}
	}
	if fcr.Back(goldenStart, goldenStart+hour) > goldenStart-mixReference {
		t.Error("the weeks before are not read")
	}
}

func TestSelfServiceRate(t *testing.T) {
	var moments []convo.Moment
	for rung, n := range []int{10, 5, 4, 3, 2} {
		for range n {
			moments = append(moments, convo.Moment{Kind: convo.Served, At: goldenStart, Group: window.Group{Channel: "web_chat", Topic: "bill"}, Class: uint32(rung)})
		}
	}
	want := map[string]string{"deflected": "14/24 = 0.5833 (24)", "contained": "9/24 = 0.3750 (24)", "verified": "5/24 = 0.2083 (24)", "confirmed": "2/24 = 0.0833 (24)"}
	for _, by := range [][]window.Dimension{nil, {window.DimTopic}} {
		family, err := selfServiceRate.FamilyOf(by)
		if err != nil {
			t.Fatal(err)
		}
		g := moments[0].Group.By(by)
		if diff := cmp.Diff(want, happened{t: t, family: family, moments: moments}.asked("self_service_rate", goldenFrame(by...), g)); diff != "" {
			t.Errorf("by %v (-want +got):\n%s", by, diff)
		}
	}
	if slices.Contains(selfServiceRate.Dimensions, window.DimAgent) {
		t.Error("what no person took part in cannot be counted by agent")
	}
}
