package customer_test

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

const (
	usd = 840
	eur = 978
)

// worth are the kinds of moments that purchases lead to.
var worth = []convo.MomentKind{convo.Bought, convo.Sold, convo.Attributed}

// sale is a fact about a purchase: "o1" is the order.
func sale(subject string, at int64, order byte, what event.PurchaseType, amount int64, currency uint16) event.Fact {
	return event.Fact{Subject: subject, Revision: 1, Channel: event.Commerce, StartedAt: t0 + at, EndedAt: t0 + at,
		Sales: []event.Sale{{At: t0 + at, Type: what, Order: uint64(order), Amount: amount * 1e6, Currency: currency}}}
}

// valued is a shop that divides orders among the contacts of 30 days.
func valued(f faults) *shop {
	s := open(f)
	spec := sla.DefaultPolicy("t", "America/Bogota")
	spec.Value.Currency = "USD"
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		s.Fatalf("%v", err)
	}
	s.policy = p
	return s
}

// totals is what was sold in all, and for every model what channels have in it: they must agree.
func (s *shop) totals() (sold map[uint16]int64) {
	s.Helper()
	sold = map[uint16]int64{}
	models := map[uint32]int64{}
	for m, n := range s.counted {
		switch {
		case m.Kind == convo.Sold && m.Class < convo.Monthly:
			sold[uint16(m.Class)] += int64(n) * m.Value
		case m.Kind == convo.Attributed:
			models[m.Class] += int64(n) * m.Value
		}
	}
	for currency, amount := range sold {
		for model := uint32(0); model < convo.EndOfModel; model += 1000 {
			if got := models[model+uint32(currency)]; got != amount {
				s.Fatalf("model %d of currency %d: channels have %d of %d", model, currency, got, amount)
			}
			delete(models, model+uint32(currency))
		}
	}
	for class, amount := range models {
		if amount != 0 {
			s.Fatalf("class %d: channels have %d of nothing", class, amount)
		}
	}
	return sold
}

// shares is what each channel has by each model: "voice 40/20/33.333333/…".
func (s *shop) shares() map[string]string {
	out := map[string]string{}
	for _, channel := range []string{"whatsapp", "voice", "email", "direct"} {
		for model := uint32(0); model < convo.EndOfModel; model += 1000 {
			var sum int64
			for m, n := range s.counted {
				if m.Kind == convo.Attributed && m.Group.Channel == channel && m.Class/1000*1000 == model {
					sum += int64(n) * m.Value
				}
			}
			out[channel] += fmt.Sprintf("%g ", float64(sum)/1e6)
		}
	}
	return out
}

// TestGoldenAttribution: an order of 100 after contacts by WhatsApp 14 days before, by phone 7 days before and by e-mail at the same instant. First, last, linear, position
// 40/20/40, decay with a half-life of 7 days (1 : 2 : 4). The channels have all of it by every model, to the millionth: what remains of a third goes to the first by name.
func TestGoldenAttribution(t *testing.T) {
	s := valued(t).facts(visit("w#1", event.WhatsApp, "", 0), visit("v#1", event.Voice, "", 7*day), visit("e#1", event.Email, "", 14*day),
		sale("s#p.1", 14*day, 1, event.Ordered, 100, usd))
	got := s.shares()
	for channel, want := range map[string]string{
		"whatsapp": "100 0 33.333333 40 14.285714 ", "voice": "0 0 33.333333 20 28.571429 ", "email": "0 100 33.333334 40 57.142857 ", "direct": "0 0 0 0 0 ",
	} {
		if got[channel] != want {
			t.Errorf("%s has %s, want %s", channel, got[channel], want)
		}
	}
	if sold := s.totals()[usd]; sold != 100e6 {
		t.Errorf("sold %d", sold)
	}
}

func TestAttribution(t *testing.T) {
	for _, c := range []struct {
		name     string
		contacts []event.Fact
		channel  string
		want     string
	}{
		{"nobody came before", nil, "direct", "10 10 10 10 10 "},
		{"too long before", []event.Fact{visit("v#1", event.Voice, "", 10*day-1)}, "direct", "10 10 10 10 10 "},
		{"just in time", []event.Fact{visit("v#1", event.Voice, "", 10*day)}, "voice", "10 10 10 10 10 "},
		{"after the order", []event.Fact{visit("v#1", event.Voice, "", 40*day+1)}, "direct", "10 10 10 10 10 "},
		{"two share the ends", []event.Fact{visit("v#1", event.Voice, "", 33*day), visit("e#1", event.Email, "", 40*day)}, "voice", "10 0 5 5 3.333333 "},
		{"four", []event.Fact{visit("v#1", event.Voice, "", 20*day), visit("e#1", event.Email, "", 30*day), visit("e#2", event.Email, "", 35*day), visit("v#2", event.Voice, "", 40*day)},
			"voice", "10 10 5 8 5.370467 "},
		{"one channel twice", []event.Fact{visit("v#1", event.Voice, "", 38*day), visit("v#2", event.Voice, "", 39*day)}, "voice", "10 10 10 10 10 "},
		{"the shop itself leads to nothing", []event.Fact{visit("c#1", event.Commerce, "", 39*day)}, "direct", "10 10 10 10 10 "},
		{"a survey is no contact", []event.Fact{nps("n#s", 39*day, 9)}, "direct", "10 10 10 10 10 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := valued(t)
			for _, f := range c.contacts {
				s.tick(f.StartedAt - t0).fact(f)
			}
			s.tick(40 * day).facts(sale("s#p.1", 40*day, 1, event.Ordered, 10, usd))
			if got := s.shares()[c.channel]; got != c.want {
				t.Errorf("%s has %s, want %s", c.channel, got, c.want)
			}
			s.totals()
			s.tick(60 * day).facts(sale("s#p.2", 59*day, 1, event.Refunded, 4, usd))
			if got := s.totals()[usd]; got != 6e6 {
				t.Errorf("after the refund: %d", got)
			}
			s.tick(100 * day).facts(sale("s#p.3", 99*day, 1, event.Refunded, 6, usd)).expect(worth)
			if s.tick(600 * day); s.state != nil {
				t.Errorf("still known: %+v", s.state)
			}
		})
	}
}

// Without a currency to tell amounts in, no touches are remembered, and orders are not divided.
func TestUnvalued(t *testing.T) {
	s := open(t).facts(visit("v#1", event.Voice, "", 0), sale("s#p.1", hour, 1, event.Ordered, 10, usd))
	if got := s.shares()["direct"]; got != "10 10 10 10 10 " || s.totals()[usd] != 10e6 {
		t.Errorf("direct has %s", got)
	}
}

func TestOrders(t *testing.T) {
	sold := []convo.MomentKind{convo.Bought, convo.Sold}
	for _, c := range []struct {
		name  string
		facts []event.Fact
		want  []string
	}{
		{"the newest says what it costs, the first when", []event.Fact{sale("a#p.2", 2*hour, 1, event.Paid, 12, usd), sale("a#p.1", hour, 1, event.Ordered, 10, usd)},
			[]string{"bought 1h0m0s", "bought 1h0m0s commerce", "sold 1h0m0s =12 /840 commerce"}},
		{"another order", []event.Fact{sale("a#p.1", hour, 1, event.Ordered, 10, usd), sale("a#p.2", 2*hour, 2, event.Paid, 12, eur)},
			[]string{"bought 2h0m0s", "bought 2h0m0s commerce", "sold 1h0m0s =10 /840 commerce", "sold 2h0m0s =12 /978 commerce"}},
		{"given back in part, in the same currency", []event.Fact{sale("a#p.1", hour, 1, event.Ordered, 10, usd), sale("a#p.2", 2*hour, 1, event.Refunded, 3, usd), sale("a#p.3", 2*hour, 1, event.Refunded, 3, usd),
			sale("a#p.4", 2*hour, 1, event.Refunded, 3, eur)}, []string{"bought 1h0m0s", "bought 1h0m0s commerce", "sold 1h0m0s =4 /840 commerce"}},
		{"given back before it was told", []event.Fact{sale("a#p.2", 2*hour, 1, event.Refunded, 10, usd), sale("a#p.1", hour, 1, event.Ordered, 10, usd)}, nil},
		{"nothing paid", []event.Fact{sale("a#p.1", hour, 1, event.Ordered, 0, usd)}, nil},
		{"a subscription", []event.Fact{sale("a#p.1", hour, 1, event.Subscribed, 10, usd)}, []string{"bought 1h0m0s /1", "bought 1h0m0s /1 commerce", "sold 1h0m0s =10 /1840 commerce"}},
		{"and its end", []event.Fact{sale("a#p.1", hour, 1, event.Subscribed, 10, usd), sale("a#p.2", 2*hour, 1, event.Unsubscribed, 0, usd)}, nil},
		{"and another begin", []event.Fact{sale("a#p.3", 3*hour, 1, event.Subscribed, 15, usd), sale("a#p.1", hour, 1, event.Subscribed, 10, usd), sale("a#p.2", 2*hour, 1, event.Unsubscribed, 0, usd)},
			[]string{"bought 1h0m0s /1", "bought 1h0m0s /1 commerce", "sold 1h0m0s =15 /1840 commerce"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, wait := range []int64{0, 20 * day} {
				s := valued(t)
				for _, f := range c.facts {
					s.facts(f)
				}
				s.tick(wait).expect(sold, c.want...)
				s.totals()
			}
		})
	}
}

// What was final is taken back by a refund a year later, also after the customer was merged into another one; later the order is forgotten.
func TestLateRefund(t *testing.T) {
	s := valued(t).facts(sale("a#p.1", 0, 1, event.Ordered, 10, usd), sale("a#p.2", day, 2, event.Ordered, 5, usd))
	s.tick(20 * day).facts(event.Fact{MergedInto: "bob"})
	s.tick(380 * day).facts(sale("a#p.3", 379*day, 1, event.Refunded, 10, usd))
	if got := s.totals()[usd]; got != 5e6 || len(s.forward) != 0 {
		t.Errorf("sold %d, forwarded %v", got, s.forward)
	}
	s.tick(390 * day).facts(sale("b#p.1", 390*day, 3, event.Ordered, 7, usd))
	if got := s.totals()[usd]; got != 5e6 || len(s.forward) != 1 || len(s.forward[0].Sales) != 1 {
		t.Errorf("a new order is the survivor's: sold %d, forwarded %v", got, s.forward)
	}
	s.tick(402 * day).facts(sale("a#p.4", 401*day, 2, event.Refunded, 5, usd))
	if got := s.totals()[usd]; got != 5e6 {
		t.Errorf("a refund of an order that is forgotten: %d", got)
	}
}

// Of more orders than are remembered those go of which nothing was heard for longest. That the customer bought the latest of them stays, and is counted beside what is bought later; nothing
// older takes its place.
func TestManyOrders(t *testing.T) {
	s := valued(t)
	for i := range byte(64) {
		s.facts(sale(fmt.Sprint("a#p.", i), 0, i, event.Ordered, 1, usd))
	}
	s.tick(day).facts(sale("a#p.last", day, 64, event.Ordered, 1, usd))
	for i := range byte(64) {
		s.tick(2 * day).facts(sale(fmt.Sprint("a#p.paid", i), 2*day, i, event.Paid, 1, usd))
	}
	s.tick(20 * day).facts(sale("a#p.new", 20*day, 65, event.Ordered, 1, usd))
	s.expect([]convo.MomentKind{convo.Bought}, "bought 24h0m0s", "bought 24h0m0s commerce", "bought 480h0m0s", "bought 480h0m0s commerce")
	s.tick(21 * day).facts(sale("a#p.late", 21*day, 64, event.Refunded, 1, usd)) // of the one that is forgotten
	if got := s.totals()[usd]; got != 66e6 {
		t.Errorf("sold %d", got)
	}
}

// An order and a subscription of one id are two: what is told of the one does not keep the other in mind.
func TestManyOrdersOfOneID(t *testing.T) {
	s := valued(t)
	for i := range byte(65) {
		s.tick(int64(i) * hour).facts(sale(fmt.Sprint("a#p.", i), int64(i)*hour, i, event.Ordered, 1, usd))
	}
	s.tick(9 * day).facts(sale("a#p.monthly", 9*day, 0, event.Subscribed, 1, usd))
	s.tick(12 * day).facts(sale("a#p.back", 12*day, 0, event.Refunded, 1, usd))
	if got := s.totals()[usd]; got != 65e6 {
		t.Errorf("sold %d: the oldest order is still remembered", got)
	}
}
