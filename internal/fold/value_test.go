package fold

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// sums counts metrics of the second stage in each group that has any: "channel/queue metric n".
func (c *couple) sums(metrics ...window.Metric) []string {
	var out []string
	for _, m := range metrics {
		for g, n := range c.second.cells(window.Activity, m) {
			out = append(out, fmt.Sprintf("%s/%s %d n=%d", g.Channel, g.Queue, m, n))
		}
	}
	slices.Sort(out)
	return out
}

// Orders come from conversations and from outside of them, and meet at the customer: a refund that is told elsewhere, long after, leaves everything as if there had been no order.
func TestOrdersMeetAtTheCustomer(t *testing.T) {
	spec := testPolicy()
	spec.Value.Currency = "EUR"
	c := newCouple(t, spec)
	const day = 24 * 60 * minute
	buy := func(at int64, conv string, what event.PurchaseType, order string, minor int64) {
		e := message(at, conv, event.Inbound)
		e.Actor, e.Body = event.ByCustomer, event.Purchase{Type: what, Order: order, AmountMinor: minor, Currency: "EUR", MinorDigits: 2}
		if conv == "" {
			e.Channel, e.Routing = event.Commerce, event.Routing{}
		}
		c.do(e)
	}
	c.do(message(t0, "a", event.Inbound))
	buy(t0+minute, "a", event.Ordered, "o1", 1000)
	buy(t0+2*minute, "", event.Paid, "o1", 1200)
	buy(t0+3*minute, "", event.Ordered, "o2", 500)
	const bought, sold, linear = 5000, 5978, 8978
	want := []string{
		"/ 5000 n=1", "commerce/ 5000 n=1", "web_chat/ 5000 n=1", "/sales 5000 n=1", "web_chat/sales 5000 n=1",
		"/ 5978 n=2", "commerce/ 5978 n=1", "web_chat/ 5978 n=1", "/sales 5978 n=1", "web_chat/sales 5978 n=1",
		"/ 8978 n=2", "web_chat/ 8978 n=2",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, c.sums(bought, sold, linear)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.until(t0 + 60*day)
	buy(t0+60*day, "", event.Refunded, "o2", 500)
	buy(t0+60*day+minute, "", event.Refunded, "o1", 1200)
	if got := c.sums(bought, sold, linear, 6978, 7978, 9978, 10978); len(got) != 0 {
		t.Errorf("after the refunds: %v", got)
	}
}
