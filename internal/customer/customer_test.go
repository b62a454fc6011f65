package customer_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// t0 is the instant 0 of the tests: 09:00 on a Monday in Bogota.
var t0 = time.Date(2026, 9, 21, 14, 0, 0, 0, time.UTC).UnixMilli()

const (
	hour = int64(3600_000)
	day  = 24 * hour
)

type faults interface {
	Helper()
	Fatalf(format string, args ...any)
}

// shop folds the facts of one customer as a partition does. After every step it checks that nothing is taken back that was not counted, and that a state that was
// stored and loaded changes like the one in memory.
type shop struct {
	scratch customer.Scratch
	faults
	policy  *sla.Policy
	now     int64
	state   *customer.State
	counted map[convo.Moment]int
	forward []event.Fact
}

func open(f faults) *shop {
	s := &shop{faults: f, now: t0, counted: map[convo.Moment]int{}}
	s.zone("America/Bogota", "24h")
	return s
}

func (s *shop) zone(zone, gap string) {
	spec := sla.DefaultPolicy("t", zone)
	spec.SessionGap = gap
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		s.Fatalf("%v", err)
	}
	s.policy = p
}

func (s *shop) change(do func(*customer.State) (customer.Change, bool)) bool {
	s.Helper()
	twin, err := customer.Decode(s.state.Encode())
	if err != nil {
		s.Fatalf("decode: %v", err)
	}
	s.state.Scratch = &s.scratch // the twin has none
	c, applied := do(s.state)
	tc, _ := do(twin)
	if diff := gocmp.Diff(c, tc); diff != "" {
		s.Fatalf("in memory (-) and loaded (+) states change differently:\n%s", diff)
	}
	if !bytes.Equal(s.state.Encode(), twin.Encode()) {
		s.Fatalf("in memory and loaded states end differently:\n%+v\n%+v", s.state, twin)
	}
	for _, m := range c.Gone {
		if s.counted[m]--; s.counted[m] < 0 {
			s.Fatalf("taken back but never counted: %s; counted:\n%s", show(m), s.moments())
		}
	}
	for _, m := range c.New {
		s.counted[m]++
	}
	if c.Forward != nil {
		s.forward = append(s.forward, *c.Forward)
	}
	switch {
	case c.Forget:
		s.state = nil
	case s.state.Wake == 0 || c.Wake < s.state.Wake:
		s.state.Wake = c.Wake
	}
	return applied
}

func (s *shop) tick(at int64) *shop {
	s.Helper()
	for s.now = max(s.now, t0+at); s.state != nil && s.state.Wake != 0 && s.state.Wake <= s.now; {
		s.state.Wake = 0
		s.change(func(c *customer.State) (customer.Change, bool) { return c.Tick(s.now, s.policy), true })
	}
	return s
}

func (s *shop) fact(f event.Fact) bool {
	s.Helper()
	f.Tenant, f.Customer = "t", cmp.Or(f.Customer, "ana")
	if s.state == nil {
		s.state = customer.New(f)
	}
	return s.change(func(c *customer.State) (customer.Change, bool) { return c.Apply(f, s.now, s.policy) })
}

// contact tells a contact on web chat with these instants of activity.
func (s *shop) contact(subject string, revision uint64, queue string, active ...int64) *shop {
	s.Helper()
	s.fact(contact(subject, revision, queue, active...))
	return s
}

func contact(subject string, revision uint64, queue string, active ...int64) event.Fact {
	f := event.Fact{Subject: subject, Revision: revision, Channel: event.WebChat, Queue: queue, StartedAt: t0 + active[0]}
	for _, at := range active {
		f.ActiveAt = append(f.ActiveAt, t0+at)
	}
	f.EndedAt = f.ActiveAt[len(active)-1]
	return f
}

func show(m convo.Moment) string {
	name := map[convo.MomentKind]string{convo.Active: "active", convo.ActiveDay: "day", convo.SessionBegan: "session"}[m.Kind]
	s := fmt.Sprint(name, " ", time.Duration(m.At-t0)*time.Millisecond)
	if m.Group.Channel != "" {
		s += " " + m.Group.Channel
	}
	if m.Group.Queue != "" {
		s += " q=" + m.Group.Queue
	}
	return s
}

// moments lists what was counted of the customer's activity.
func (s *shop) moments() string {
	var out []string
	for m, n := range s.counted {
		switch m.Kind {
		case convo.Active, convo.ActiveDay, convo.SessionBegan:
		default:
			continue
		}
		for range n {
			out = append(out, show(m))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (s *shop) want(moments string) *shop {
	s.Helper()
	var want []string
	for line := range strings.Lines(moments) {
		if line = strings.TrimSpace(line); line != "" {
			want = append(want, line)
		}
	}
	slices.Sort(want)
	got := strings.Split(s.moments(), "\n")
	if s.moments() == "" {
		got = nil
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		s.Fatalf("moments (-want +got):\n%s", diff)
	}
	return s
}

// A customer counts once in every roll-up, at the last activity: the contribution moves along.
func TestDistinctActivityMoves(t *testing.T) {
	s := open(t).contact("a", 1, "sales", 0).want(`
		active 0s
		active 0s web_chat
		active 0s q=sales
		active 0s web_chat q=sales
		day -9h0m0s
		day -9h0m0s web_chat
		day -9h0m0s q=sales
		day -9h0m0s web_chat q=sales
		session 0s
	`)
	s.contact("b", 1, "", 2*hour).contact("a", 2, "sales", 0, hour).want(`
		active 2h0m0s
		active 2h0m0s web_chat
		active 1h0m0s q=sales
		active 1h0m0s web_chat q=sales
		day -9h0m0s
		day -9h0m0s web_chat
		day -9h0m0s q=sales
		day -9h0m0s web_chat q=sales
		session 0s
	`)
}

// A customer is active once on each local day and roll-up, however many contacts there are.
func TestActiveDayOncePerRollUp(t *testing.T) {
	open(t).contact("a", 1, "", 0, hour).contact("b", 1, "", 2*hour).contact("c", 1, "", 15*hour).contact("d", 1, "", 14*hour).want(`
		active 15h0m0s
		active 15h0m0s web_chat
		day -9h0m0s
		day -9h0m0s web_chat
		day 15h0m0s
		day 15h0m0s web_chat
		session 0s
	`)
}

// A session begins when the customer comes back after more than the session gap.
func TestSessions(t *testing.T) {
	s := open(t).contact("a", 1, "", 0, 24*hour).contact("b", 1, "", 48*hour+1)
	sessions := func(want ...int64) {
		t.Helper()
		var got []int64
		for m, n := range s.counted {
			if m.Kind == convo.SessionBegan && n > 0 {
				got = append(got, m.At-t0)
			}
		}
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("sessions (-want +got):\n%s", diff)
		}
	}
	sessions(0, 48*hour+1)
	s.contact("c", 1, "", 30*hour) // told late, in between
	sessions(0)
	// Sessions go on across contacts that are forgotten.
	s.contact("d", 1, "", 10*day)
	s.tick(11*day+2).contact("e", 1, "", 11*day)
	sessions(0, 10*day)
}

// A contact that is taken back (spam, another customer) leaves nothing; older revisions of it that arrive later change nothing.
func TestRetraction(t *testing.T) {
	s := open(t).contact("a", 1, "sales", 0).contact("b", 3, "help", hour)
	back := contact("b", 4, "help", hour)
	back.Retracted = true
	if !s.fact(back) || s.fact(back) || s.fact(contact("b", 3, "help", hour)) {
		t.Fatal("a retraction must apply once, and nothing older after it")
	}
	s.want(open(t).contact("a", 1, "sales", 0).moments())
	if total, opened := s.state.Contacts(); total != 1 || opened != 0 {
		t.Errorf("%d contacts, %d open, want 1 and 0", total, opened)
	}
	s.contact("b", 5, "help", 2*hour).want(open(t).contact("a", 1, "sales", 0).contact("b", 1, "help", 2*hour).moments())
}

// A merge applies forward: later facts go to the survivor under a subject of their own, what was counted stays, and the alias is forgotten in the end.
func TestMergeForwards(t *testing.T) {
	s := open(t).contact("a", 1, "sales", 0)
	counted := s.moments()
	s.fact(event.Fact{MergedInto: "bob"})
	s.contact("a", 2, "sales", 0, hour).want(counted)
	if len(s.forward) != 1 || s.forward[0].Customer != "bob" || s.forward[0].Revision != 2 || !strings.HasPrefix(s.forward[0].Subject, "a") || s.forward[0].Subject == "a" {
		t.Fatalf("forwarded %+v", s.forward)
	}
	s.tick(200*day).contact("z", 1, "sales", 200*day)
	if len(s.forward) != 2 {
		t.Fatal("after 200 days the merge is forgotten")
	}
	if s.tick(600 * day); s.state == nil {
		t.Fatal("400 days after the last forward the merge is forgotten too early")
	}
	if s.tick(600*day + 1); s.state != nil {
		t.Fatalf("a merge is remembered for ever: %+v", s.state)
	}
}

// Customers merged into themselves, or into each other, do not send facts around for ever.
func TestMergeInCircles(t *testing.T) {
	self := open(t)
	self.fact(event.Fact{MergedInto: "ana"})
	self.contact("a", 1, "", 0)
	if len(self.forward) != 0 {
		t.Fatal("a customer merged into itself forwards to itself")
	}
	shops := map[string]*shop{"ana": open(t), "bob": open(t), "eva": open(t)}
	for from, to := range map[string]string{"ana": "bob", "bob": "eva", "eva": "ana"} {
		shops[from].fact(event.Fact{Customer: from, MergedInto: to})
	}
	f := contact("a", 1, "", 0)
	f.Customer = "bob"
	for range 4 {
		s := shops[f.Customer]
		s.forward = nil
		if s.fact(f); len(s.forward) == 0 {
			if f.Customer != "bob" || s.moments() == "" {
				t.Fatalf("the fact ended at %s", f.Customer)
			}
			return
		}
		f = s.forward[0]
	}
	t.Fatal("the fact goes around for ever")
}

// Erasure removes the state; what was counted stays.
func TestErasure(t *testing.T) {
	s := open(t).contact("a", 1, "sales", 0)
	counted := s.moments()
	s.fact(event.Fact{Erased: true})
	if s.state != nil {
		t.Fatal("the customer is still known")
	}
	s.want(counted)
}

// Contacts are forgotten nine days after their end and leave a trace, so that the customer still counts once; of silent customers the visits of the
// last months are left, in the end nothing.
func TestForgetting(t *testing.T) {
	f := contact("a", 1, "sales", 0)
	f.EndedAt = t0 + day // the contact ended long after the customer's last word
	s := open(t)
	s.fact(f)
	s.tick(10 * day)
	if total, _ := s.state.Contacts(); total != 1 {
		t.Fatal("forgotten after nine days, not later")
	}
	s.tick(10*day + 1)
	if total, _ := s.state.Contacts(); total != 0 {
		t.Fatal("not forgotten after nine days")
	}
	s.contact("b", 1, "sales", 20*day).want(`
		active 480h0m0s
		active 480h0m0s q=sales
		active 480h0m0s web_chat
		active 480h0m0s web_chat q=sales
		day -9h0m0s
		day -9h0m0s q=sales
		day -9h0m0s web_chat
		day -9h0m0s web_chat q=sales
		day 471h0m0s
		day 471h0m0s q=sales
		day 471h0m0s web_chat
		day 471h0m0s web_chat q=sales
		session 0s
		session 480h0m0s
	`)
	counted := s.moments()
	// Whether the customer stays in the month after October is known nine days after it.
	known := 9*day + 15*hour + 72*day
	if s.tick(known); s.state == nil {
		t.Fatal("forgotten before the next month is final")
	}
	if s.tick(known + 1); s.state != nil {
		t.Fatalf("still known after the next month: %+v", s.state)
	}
	s.want(counted)
}

// A contact that is silent for weeks and comes back tells its first days again: they count once.
func TestContactComesBack(t *testing.T) {
	for _, silence := range []int64{8 * day, 12 * day, 30 * day, 60 * day} {
		s := open(t).contact("a", 1, "", 0).tick(silence)
		s.contact("a", 2, "", 0, silence)
		days := 0
		for m, n := range s.counted {
			if m.Kind == convo.ActiveDay && m.Group.Channel == "" && n > 0 {
				days += n
			}
		}
		if days != 2 {
			t.Errorf("after %d days: %d active days, want 2", silence/day, days)
		}
	}
}

// A day that a forgotten contact has counted in a queue counts no more when another contact of that day turns out to belong there.
func TestDayOfForgottenContact(t *testing.T) {
	s := open(t).contact("a", 1, "sales", 0).contact("b", 1, "", hour, 8*day).tick(12 * day)
	s.contact("b", 2, "sales", hour, 8*day)
	for _, m := range []convo.Moment{{Group: window.Group{Queue: "sales"}}, {Group: window.Group{Channel: "web_chat", Queue: "sales"}}} {
		m.Kind, m.At = convo.ActiveDay, t0-9*hour
		if n := s.counted[m]; n != 1 {
			t.Errorf("%s counts %d times", show(m), n)
		}
	}
}

// What was counted does not depend on a zone or session gap that comes later, nor on whether the state was loaded in between.
func TestZoneChange(t *testing.T) {
	s := open(t).contact("a", 1, "", 0)
	s.zone("Asia/Tokyo", "1h")
	s.contact("b", 1, "", hour+1).want(`
		active 1h0m0.001s
		active 1h0m0.001s web_chat
		day -9h0m0s
		day -9h0m0s web_chat
		day 1h0m0s
		day 1h0m0s web_chat
		session 0s
		session 1h0m0.001s
	`)
}
