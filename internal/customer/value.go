package customer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// value is what a customer's purchases leave behind. Each purchase is final by itself, as surveys are, but an order is remembered for as long as panes are: it may be given
// back, paid or ended long after, and then what was counted of it is taken back.
type value struct {
	lookback int64 // how long before an order contacts have a share in it, by the policy in force at the last evaluation, ms
	orders   []order
	touches  []touch  // of contacts that are forgotten
	floor    [2]int64 // by class: the instant of the latest order that was forgotten; what was the latest up to it stays counted as such
}

// Constants of the state schema.
const (
	orderKeep     = 400 * day // after its last purchase
	maxOrders     = 64        // that are remembered
	maxCurrencies = 4         // in which an order can be given back
	maxTouches    = 32        // that have a share in an order: the first, and the last others
)

// order is what the final purchases of one order, or subscription, say; ascending by these two.
type order struct {
	id      uint64
	monthly bool // a subscription
	settled bool // all is final, and what it counts for stays counted without being derived anew

	at      int64 // of the first purchase that is not taking anything back, 0 when there is none; where that was
	channel event.Channel
	queue   string
	via     []touch // that have a share in it, once it is final

	newest   int64 // the one that says what it costs
	amount   int64
	currency uint16
	ended    int64
	refunds  []refund // ascending by currency
}

type refund struct {
	currency uint16
	amount   int64
}

func (o *order) place(x order) int {
	return cmp.Or(cmp.Compare(o.id, x.id), cmp.Compare(class(o.monthly), class(x.monthly)))
}

// orderOf names what a purchase is about.
func orderOf(s event.Sale) order {
	return order{id: s.Order, monthly: s.Type == event.Subscribed || s.Type == event.Unsubscribed}
}

func find(orders []order, o order) (int, bool) {
	return slices.BinarySearchFunc(orders, o, func(a, b order) int { return a.place(b) })
}

// hear adds a purchase to its order. The order of purchases does not matter.
func hear(orders []order, c *contact, s event.Sale) []order {
	o := orderOf(s)
	i, found := find(orders, o)
	if !found {
		orders = slices.Insert(orders, i, o)
	}
	orders[i].hear(c, s)
	return orders
}

func (o *order) hear(c *contact, s event.Sale) {
	switch s.Type {
	case event.Refunded:
		o.refund(s)
		return
	case event.Unsubscribed:
		o.ended = max(o.ended, s.At)
		return
	}
	if o.at == 0 || cmp.Or(cmp.Compare(s.At, o.at), strings.Compare(c.Channel.String(), o.channel.String()), strings.Compare(c.Queue, o.queue)) < 0 {
		o.at, o.channel, o.queue = s.At, c.Channel, c.Queue
	}
	if cmp.Or(cmp.Compare(s.At, o.newest), cmp.Compare(s.Amount, o.amount), cmp.Compare(s.Currency, o.currency)) > 0 {
		o.newest, o.amount, o.currency = s.At, s.Amount, s.Currency
	}
}

func (o *order) refund(s event.Sale) {
	i, found := slices.BinarySearchFunc(o.refunds, s.Currency, func(r refund, c uint16) int { return cmp.Compare(r.currency, c) })
	switch {
	case found:
		o.refunds = slices.Clone(o.refunds) // it may be that of the state
		o.refunds[i].amount = min(o.refunds[i].amount+s.Amount, event.MaxAmount)
	case len(o.refunds) < maxCurrencies:
		o.refunds = slices.Insert(slices.Clone(o.refunds), i, refund{s.Currency, s.Amount})
	}
	o.ended = max(o.ended, s.At) // for how long it is remembered; orders do not end
}

// worth is what the order costs, or the subscription a month; 0 when it counts nowhere.
func (o *order) worth() int64 {
	if o.at == 0 || o.monthly && o.ended >= o.newest {
		return 0
	}
	for _, r := range o.refunds {
		if r.currency == o.currency {
			return max(0, o.amount-r.amount)
		}
	}
	return max(0, o.amount)
}

// last is the instant of its last purchase.
func (o *order) last() int64 { return max(o.newest, o.ended) }

// sales calls do with every purchase from an instant to another that was not taken back.
func (s *State) sales(from, to int64, do func(c *contact, x event.Sale)) {
	for i := range s.facts {
		c := &s.facts[i]
		for _, x := range c.Sales {
			if !c.Retracted && x.At >= from && x.At < to {
				do(c, x)
			}
		}
	}
}

// book is all orders as they stand.
func (s *State) book() []order {
	orders, mine := s.value.orders, false
	s.sales(s.loyal.done, 1<<62, func(c *contact, x event.Sale) {
		if !mine {
			orders, mine = slices.Clone(orders), true
		}
		orders = hear(orders, c, x)
	})
	return orders
}

// finishSales makes purchases of [from, to) final, and drops what nothing needs any more. It reports whether moments are no longer derived from it: they stay counted.
func (s *State) finishSales(from, to, t int64) (moved bool) {
	v := &s.value
	var touches []touch
	s.sales(from, to, func(c *contact, x event.Sale) {
		if touches == nil {
			touches = s.allTouches()
		}
		v.orders, moved = hear(v.orders, c, x), true
	})
	for i := range v.orders {
		if o := &v.orders[i]; o.at >= from && o.at < to {
			o.via = v.shares(touches, o.at)
		}
	}
	v.touches = slices.DeleteFunc(v.touches, func(x touch) bool { return x.at+v.lookback+factKeep < t })
	if len(v.orders) == 0 {
		return moved
	}
	type name struct {
		id      uint64
		monthly bool
	}
	pending := make(map[name]bool)
	s.sales(to, 1<<62, func(_ *contact, x event.Sale) {
		o := orderOf(x)
		pending[name{o.id, o.monthly}] = true
	})
	for i := range v.orders {
		if o := &v.orders[i]; !o.settled && !pending[name{o.id, o.monthly}] {
			o.settled, moved = true, true
		}
	}
	orders := len(v.orders)
	v.orders = slices.DeleteFunc(v.orders, func(o order) bool {
		old := o.settled && o.last()+orderKeep < t
		if old {
			v.leave(&o)
		}
		return old
	})
	for len(v.orders) > maxOrders {
		i := oldest(v.orders)
		if i < 0 {
			break
		}
		v.leave(&v.orders[i])
		v.orders = slices.Delete(v.orders, i, i+1)
	}
	return moved || len(v.orders) < orders
}

// leave notes an order that is about to be forgotten. An older one must not become the customer's latest by it: that was never counted.
func (v *value) leave(o *order) {
	if k := class(o.monthly); o.worth() > 0 {
		v.floor[k] = max(v.floor[k], o.at)
	}
}

// oldest is the settled order whose last purchase lies furthest back, -1 when there is none.
func oldest(orders []order) int {
	at := -1
	for i := range orders {
		if orders[i].settled && (at < 0 || orders[i].last() < orders[at].last()) {
			at = i
		}
	}
	return at
}

// unsettle derives the moments of the orders anew that a fact is about: it may take them back.
func (s *State) unsettle(f *event.Fact) {
	for _, x := range f.Sales {
		if i, found := find(s.value.orders, orderOf(x)); found && s.value.orders[i].settled {
			s.value.orders[i].settled, s.known = false, false
		}
	}
}

// soldTo reports whether a fact is about an order of this customer, whoever it was merged into since.
func (s *State) soldTo(f *event.Fact) bool {
	for _, x := range f.Sales {
		if _, found := find(s.book(), orderOf(x)); found {
			return true
		}
	}
	return false
}

// valueMoments derives what the customer bought, and the indices that move with them.
func (s *State) valueMoments(out []convo.Moment) []convo.Moment {
	orders := s.book()
	if len(orders) == 0 {
		return out
	}
	var latest []convo.Moment
	var touches []touch
	for i := range orders {
		o := &orders[i]
		amount := o.worth()
		if amount == 0 {
			continue
		}
		groups, n := rollUps(o.channel, o.queue)
		if o.at <= s.value.floor[class(o.monthly)] {
			n = 0 // it is final what was the latest up to there
		}
		for _, g := range groups[:n] {
			k := slices.IndexFunc(latest, func(m convo.Moment) bool { return m.Group == g && m.Class == class(o.monthly) })
			if k < 0 {
				latest = append(latest, convo.Moment{Kind: convo.Bought, At: o.at, Group: g, Class: class(o.monthly)})
			} else {
				latest[k].At = max(latest[k].At, o.at)
			}
		}
		if o.settled {
			continue
		}
		sold := convo.Moment{Kind: convo.Sold, At: o.at, Group: window.Group{Channel: o.channel.String(), Queue: o.queue}, Value: amount, Class: uint32(o.currency)}
		if o.monthly {
			sold.Class += convo.Monthly
			out = append(out, sold)
			continue
		}
		out = append(out, sold)
		via := o.via
		if o.at >= s.loyal.done {
			if touches == nil {
				touches = s.allTouches()
			}
			via = s.value.shares(touches, o.at)
		}
		out = attribute(out, o.at, amount, o.currency, via)
	}
	return append(out, latest...)
}

// until is the last instant at which something of it is needed, 0 when nothing is.
func (v *value) until() (t int64) {
	for i := range v.orders {
		t = max(t, v.orders[i].last()+orderKeep)
	}
	for _, x := range v.touches {
		t = max(t, x.at+v.lookback+factKeep)
	}
	return t
}
