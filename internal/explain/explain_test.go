package explain

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const begin = 1_790_000_000_000

// TestFormulas: of nearly every definition that is read off one sum the formula gives what it reads, whatever the counters are.
func TestFormulas(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w := kpi.Window{From: begin, To: begin + 1, Now: begin + 1, Zone: time.UTC}
	linear, others := 0, []string{}
	for _, d := range kpi.Catalog() {
		for i := range d.Definitions {
			def := &d.Definitions[i]
			read := reader(def, w)
			if read == nil {
				continue
			}
			always := true
			for range 20 {
				c := &window.Cell{}
				for _, m := range metricsOf(d) {
					c.Add(window.Sample{Metric: m, N: r.Int64N(50), Sum: r.Int64N(1e9)}, 1)
				}
				_, ok := formulaOf(d, read, c, &window.Cell{})
				always = always && ok
			}
			if linear++; !always {
				linear--
				others = append(others, d.ID+" "+def.ID)
			}
		}
	}
	// The first of several bases, and the smaller of two counters: their formulas hold of what is at hand. Nothing else should be like them without need.
	few := slices.DeleteFunc(slices.Clone(others), func(s string) bool { return strings.HasPrefix(s, "feedback_conversion ") })
	if len(few) > linear/20 || !slices.Contains(others, "feedback_conversion best") {
		t.Errorf("%d formulas; no sums of counters are %v", linear, others)
	}
	d, _ := kpi.ByID("feedback_conversion")
	best, _ := d.Definition("best")
	c := &window.Cell{}
	for m, n := range map[window.Metric]int64{60: 9, 61: 7, 63: 3, 64: 2} {
		c.Add(window.Sample{Metric: m, N: n}, 1)
	}
	f := formula(d, best, w, c)
	if len(f.Numerator) != 1 || f.Numerator[0].Metric != 64 || len(f.Denominator) != 1 || f.Denominator[0].Amount != 7 {
		t.Errorf("%+v", f)
	}
	d, _ = kpi.ByID("service_level")
	vigia, _ := d.Definition("vigia")
	f = formula(d, vigia, w, c)
	var got []string
	for _, term := range f.Denominator {
		got = append(got, fmt.Sprint(term.Times, "×", term.Metric, term.Of))
	}
	if diff := cmp.Diff([]string{"1×13n", "1×15n", "-1×16n"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestNames: every metric, every kind of moment and every thing that happens has a name, in all languages.
func TestNames(t *testing.T) {
	seen := map[string]window.Metric{}
	for _, d := range kpi.Catalog() {
		for _, m := range metricsOf(d) {
			name := MetricName(d, m)
			if name.EN == "" || name.ES == "" || name.PT == "" {
				t.Errorf("metric %d has no name: %+v", m, name)
			}
			if other, taken := seen[name.EN]; taken && other != m {
				t.Errorf("metrics %d and %d are both called %q", m, other, name.EN)
			}
			seen[name.EN] = m
		}
		for _, f := range d.Feeds {
			if what(f.Kind) == "other" {
				t.Errorf("%s: moments of kind %d have no name", d.ID, f.Kind)
			}
			if (f.Timed || f.Spread || f.Sum != nil) != (SumUnit(d, f.Metric) != "") {
				t.Errorf("%s: the sum of metric %d is of %q", d.ID, f.Metric, SumUnit(d, f.Metric))
			}
		}
	}
	for i, name := range convo.StepKinds() {
		if name == "" {
			t.Errorf("kind %d has no name", i)
		}
	}
}

// story is a log of one partition.
type story struct {
	t    *testing.T
	h    *History
	next int64
}

func (s *story) add(body event.RecordBody) {
	s.t.Helper()
	if err := s.h.Add(s.next, event.Record{Body: body}); err != nil {
		s.t.Fatal(err)
	}
	s.next++
}

func (s *story) tell(after time.Duration, id, conversation string, actor event.ActorKind, body event.Body) {
	s.t.Helper()
	e := &event.Event{ID: id, Tenant: "t", At: begin + after.Milliseconds(), Source: event.Source{Connector: "http"}, Conversation: conversation, Channel: event.Email, Actor: actor,
		Routing: event.Routing{Queue: "q"}, Body: body}
	s.add(e)
}

func newStory(t *testing.T, truncated bool) *story {
	t.Helper()
	spec := sla.DefaultPolicy("t", "UTC")
	spec.Rules = []sla.RuleSpec{{Name: "all", FirstResponse: "10m"}}
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t: t, h: NewHistory("t", "c", truncated)}
	s.add(fold.PolicyRecord(policy, false))
	s.add(event.Tick{At: begin})
	return s
}

var (
	inbound  = event.Message{ID: "m1", Direction: event.Inbound}
	outbound = event.Message{ID: "m2", Direction: event.Outbound}
)

// sums adds up what a history made and took back, by metric and instant.
func sums(c *Conversation) map[string]int64 {
	out := map[string]int64{}
	add := func(list []Counted, sign int64) {
		for _, x := range list {
			for _, m := range x.Metrics {
				k := fmt.Sprint(x.At, " ", m.Metric, " ", m.Sum)
				if out[k] += sign * m.N; out[k] == 0 {
					delete(out, k)
				}
			}
		}
	}
	for _, x := range c.History {
		add(x.Made, 1)
		add(x.Retracted, -1)
	}
	return out
}

// TestHistory: the log tells what a conversation made and took back, with what did it, and both add up to what it counts in the end.
func TestHistory(t *testing.T) {
	s := newStory(t, false)
	s.tell(0, "e1", "c", event.ByCustomer, inbound)
	s.tell(time.Minute, "x1", "other", event.ByCustomer, inbound)
	s.add(event.Tick{At: begin + (11 * time.Minute).Milliseconds()}) // the promise is broken
	s.tell(2*time.Minute, "e2", "c", event.ByAgent, outbound)        // it was not: the reply comes late
	s.tell(20*time.Minute, "e3", "c", event.ByAgent, event.ConversationState{State: event.StatusSpam})
	s.tell(21*time.Minute, "e4", "c", event.ByAgent, event.ConversationState{State: event.StatusReopened})
	s.tell(21*time.Minute, "e4", "c", event.ByAgent, event.ConversationState{State: event.StatusReopened}) // told twice
	s.add(event.Tick{At: begin + (22 * time.Minute).Milliseconds()})
	c, err := s.h.Conversation()
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for _, x := range c.History {
		causes = append(causes, fmt.Sprint(x.Cause, " +", len(x.Made), " -", len(x.Retracted)))
	}
	// Spam takes back what was made, the reopening makes it again.
	if diff := cmp.Diff([]string{"inbound +1 -0", "time +1 -0", "reply +4 -1", "spam +0 -5", "reopened +5 -0"}, causes); diff != "" {
		t.Errorf("%s", diff)
	}
	if diff := cmp.Diff(sums(&Conversation{History: []Change{{Made: c.Contributions}}}), sums(c)); diff != "" || len(c.Contributions) != 5 {
		t.Errorf("what it made less what it took back is not what it counts: %s", diff)
	}
	if s.h.Events() != 5 || len(c.Timeline) != 4 || c.Counts != "yes" {
		t.Errorf("%d events: %+v", s.h.Events(), c)
	}
}

// TestHistoryEnds: of a conversation that is forgotten the log still knows what it counted; one that begins in the middle counts nowhere.
func TestHistoryEnds(t *testing.T) {
	s := newStory(t, false)
	s.tell(0, "e1", "c", event.ByCustomer, inbound)
	s.tell(time.Minute, "e2", "c", event.ByAgent, event.ConversationState{State: event.StatusClosed})
	for day := range int64(40) {
		s.add(event.Tick{At: begin + (day+1)*86_400_000})
	}
	c, err := s.h.Conversation()
	if err != nil {
		t.Fatal(err)
	}
	if c.Counts != "forgotten" || len(c.History) == 0 || len(c.Contributions) > 0 {
		t.Errorf("%+v", c)
	}
	s = newStory(t, true)
	s.tell(time.Minute, "e2", "c", event.ByAgent, outbound)
	if c, err = s.h.Conversation(); err != nil || c.Counts != "unknown" || len(c.History) > 0 || len(c.Timeline) != 1 {
		t.Errorf("%v %+v", err, c)
	}
}
