package oracle

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// The moments of rule 22. Their currency is a field of its own, and of attributed the model.
const (
	Sold         Kind = "sold"
	SubscribedTo Kind = "subscribed"
	Bought       Kind = "bought" // value 0: an order, 1: a subscription
	Attributed   Kind = "attributed"
)

const (
	salesKept    = 9 * dayMs
	ordersKept   = 400 * dayMs
	ordersAtOnce = 64
	maxTouches   = 32
	halfLife     = 7 * dayMs
	direct       = "direct"
)

// models are those of rule 22.7, by number.
var models = []string{"first", "last", "linear", "position", "decay"}

// touch is the begin of a contact, rule 22.6.
type touch struct {
	at      int64
	channel string
}

func (t touch) compare(o touch) int {
	return cmp.Or(cmp.Compare(t.at, o.at), strings.Compare(t.channel, o.channel))
}

// order is all that is known of one id, rules 22.2 and 22.3.
type order struct {
	final   []saleTold
	fixed   bool // its touches are
	touches []touch
}

// trade is what a customer has bought.
type trade struct {
	known  map[saleKey]saleTold // that are not final
	orders map[orderKey]*order  // with a final purchase
	past   map[touch]bool       // of contacts that are final
	final  []Moment             // of orders that are forgotten
	floor  [2]int64             // by kind: what was bought up to there is final, rule 22.5
}

func newTrade() *trade {
	return &trade{known: map[saleKey]saleTold{}, orders: map[orderKey]*order{}, past: map[touch]bool{}}
}

// hear notes a purchase, or that it is taken back. What is final was set aside before.
func (t *trade) hear(key saleKey, s *saleTold, now int64) {
	delete(t.known, key)
	if s != nil && s.at >= now-salesKept {
		t.known[key] = *s
	}
}

// knows says whether an order is known, rule 22.4.
func (t *trade) knows(id orderKey, now int64) bool {
	for _, s := range t.known {
		if s.order == id {
			return true
		}
	}
	o := t.orders[id]
	return o != nil && o.last() >= now-ordersKept
}

// last is the instant of the last final purchase.
func (o *order) last() int64 {
	last := int64(0)
	for _, s := range o.final {
		last = max(last, s.at)
	}
	return last
}

// open are the purchases that are not final, by order.
func (t *trade) open() map[orderKey][]saleTold {
	out := map[orderKey][]saleTold{}
	for _, s := range t.known {
		out[s.order] = append(out[s.order], s)
	}
	return out
}

// settle is rules 22.4 and 22.6: what is nine days old becomes final, and what is too old or too much is forgotten. The contacts that become final now are still among those known.
func (t *trade) settle(now int64, p *policy, f *file) {
	for key, s := range t.known {
		if s.at >= now-salesKept {
			continue
		}
		if t.orders[s.order] == nil {
			t.orders[s.order] = &order{}
		}
		t.orders[s.order].final = append(t.orders[s.order].final, s)
		delete(t.known, key)
	}
	for _, o := range t.orders {
		if d, ok := dealOf(o.final, false); ok && !o.fixed {
			o.fixed, o.touches = true, t.touches(d.at, p, f)
		}
	}
	for _, k := range f.known {
		if k.touches() && k.finalAt(now, p.contactsKept()) {
			t.past[touch{k.begin, k.channel}] = true
		}
	}
	maps.DeleteFunc(t.past, func(x touch, _ bool) bool { return x.at < now-p.lookback()-salesKept })
	t.forget(now)
}

// touches says whether the begin of a contact is one.
func (c *contactTold) touches() bool {
	return c.inbound() && c.channel != "commerce" && c.channel != "survey" && c.channel != "task"
}

// touches are those of an order, rule 22.6.
func (t *trade) touches(at int64, p *policy, f *file) []touch {
	w := p.lookback()
	if w == 0 {
		return nil
	}
	found := maps.Clone(t.past)
	for _, k := range f.known {
		if k.touches() {
			found[touch{k.begin, k.channel}] = true
		}
	}
	maps.DeleteFunc(found, func(x touch, _ bool) bool { return x.at < at-w || x.at > at })
	list := slices.SortedFunc(maps.Keys(found), touch.compare)
	if n := len(list); n > maxTouches {
		list = append(list[:1:1], list[n-maxTouches+1:]...)
	}
	return list
}

// forget is the second half of rule 22.4.
func (t *trade) forget(now int64) {
	open := t.open()
	ids := slices.SortedFunc(maps.Keys(t.orders), func(a, b orderKey) int {
		return cmp.Or(cmp.Compare(t.orders[a].last(), t.orders[b].last()), a.compare(b))
	})
	floor, bought := t.floor, []Moment(nil)
	many := len(ids) - ordersAtOnce
	for _, id := range ids {
		if len(open[id]) > 0 || many <= 0 && t.orders[id].last() >= now-ordersKept {
			continue
		}
		many--
		if bought == nil {
			bought = t.bought()
		}
		o := t.orders[id]
		t.final = append(t.final, o.moments(o.final, o.touches)...)
		for i, d := range deals(o.final) {
			if d != nil {
				floor[i] = max(floor[i], d.at)
			}
		}
		delete(t.orders, id)
	}
	for _, m := range bought {
		if m.At <= floor[m.Value] {
			t.final = append(t.final, m)
		}
	}
	t.floor = floor
}

// deal is an order or a subscription with what it is worth.
type deal struct {
	at             int64
	channel, queue string
	amount         int64
	currency       int
}

// dealOf makes one of purchases; ok is false where there is none that begins it.
func dealOf(list []saleTold, subscription bool) (d deal, ok bool) {
	var first, last *saleTold
	for i := range list {
		s := &list[i]
		if subscription != (s.kind == event.Subscribed) || !subscription && s.kind != event.Ordered && s.kind != event.Paid {
			continue
		}
		if first == nil || cmp.Or(cmp.Compare(s.at, first.at), strings.Compare(s.channel, first.channel), strings.Compare(s.queue, first.queue)) < 0 {
			first = s
		}
		if last == nil || cmp.Or(cmp.Compare(s.at, last.at), cmp.Compare(s.amount, last.amount), cmp.Compare(s.currency, last.currency)) > 0 {
			last = s
		}
	}
	if first == nil {
		return d, false
	}
	d = deal{first.at, first.channel, first.queue, last.amount, last.currency}
	if !subscription {
		back := int64(0)
		for _, s := range list {
			if s.kind == event.Refunded && s.currency == d.currency {
				back = min(back+s.amount, maxAmount)
			}
		}
		d.amount -= back
		return d, true
	}
	for _, s := range list {
		if s.kind == event.Unsubscribed && s.at >= last.at {
			return d, false
		}
	}
	return d, true
}

// deals are the order and the subscription that count of purchases with one id.
func deals(list []saleTold) (out [2]*deal) {
	for i := range out {
		if d, ok := dealOf(list, i == 1); ok && d.amount > 0 {
			out[i] = &d
		}
	}
	return out
}

func (d *deal) group() Group { return Group{Channel: d.channel, Queue: d.queue} }

// moments are what an order and a subscription count by themselves.
func (o *order) moments(list []saleTold, touches []touch) []Moment {
	var out []Moment
	for i, d := range deals(list) {
		if d == nil {
			continue
		}
		kind := []Kind{Sold, SubscribedTo}[i]
		for _, g := range d.group().rollUps() {
			out = append(out, Moment{Kind: kind, At: d.at, Value: d.amount, Currency: d.currency, Group: g})
		}
		if kind == SubscribedTo {
			continue
		}
		for model := range models {
			for channel, part := range divide(d.amount, d.at, touches, model) {
				for _, g := range (Group{Channel: channel}).rollUps() {
					out = append(out, Moment{Kind: Attributed, At: d.at, Value: part, Currency: d.currency, Model: model, Group: g})
				}
			}
		}
	}
	return out
}

// weight is that of the touch numbered i of n, rule 22.7.
func weight(model, i, n int, ago int64) int64 {
	ends := i == 0 || i == n-1
	switch models[model] {
	case "first":
		if i == 0 {
			return 1
		}
		return 0
	case "last":
		if i == n-1 {
			return 1
		}
		return 0
	case "position":
		if n > 2 && ends {
			return 2 * int64(n-2)
		}
	case "decay":
		return int64(math.Round(1e6 * math.Exp2(-float64(ago)/float64(halfLife))))
	}
	return 1
}

// divide is rule 22.7: the parts above 0, by channel.
func divide(worth, at int64, touches []touch, model int) map[string]int64 {
	if len(touches) == 0 {
		return map[string]int64{direct: worth}
	}
	weights, all := map[string]int64{}, int64(0)
	for i, t := range touches {
		w := weight(model, i, len(touches), at-t.at)
		weights[t.channel] += w
		all += w
	}
	parts, rests, left := map[string]int64{}, map[string]*big.Int{}, worth
	for channel, w := range weights {
		part, rest := new(big.Int).DivMod(new(big.Int).Mul(big.NewInt(worth), big.NewInt(w)), big.NewInt(all), new(big.Int))
		parts[channel], rests[channel] = part.Int64(), rest
		left -= part.Int64()
	}
	names := slices.SortedFunc(maps.Keys(weights), func(a, b string) int { return cmp.Or(rests[b].Cmp(rests[a]), strings.Compare(a, b)) })
	for _, name := range names[:left] {
		parts[name]++
	}
	maps.DeleteFunc(parts, func(_ string, part int64) bool { return part == 0 })
	return parts
}

// moments are all that the customer's purchases count.
func (t *trade) moments(p *policy, f *file) []Moment {
	out := slices.Clone(t.final)
	for id, list := range t.all() {
		o := t.orders[id]
		if o == nil {
			o = &order{}
		}
		touches := o.touches
		if d, ok := dealOf(list, false); ok && !o.fixed {
			touches = t.touches(d.at, p, f)
		}
		out = append(out, o.moments(list, touches)...)
	}
	return append(out, t.bought()...)
}

// all are the purchases that are known, by order.
func (t *trade) all() map[orderKey][]saleTold {
	out := t.open()
	for id, o := range t.orders {
		out[id] = append(out[id], o.final...)
	}
	return out
}

// bought are the latest order and the latest subscription in each roll-up, rule 22.5.
func (t *trade) bought() []Moment {
	type place struct {
		sort int64
		Group
	}
	found := map[place]Moment{}
	for _, list := range t.all() {
		for i, d := range deals(list) {
			if d == nil || d.at <= t.floor[i] {
				continue
			}
			for _, g := range d.group().rollUps() {
				k := place{int64(i), g}
				if was, ok := found[k]; !ok || d.at > was.At {
					found[k] = Moment{Kind: Bought, At: d.at, Value: int64(i), Group: g}
				}
			}
		}
	}
	return slices.Collect(maps.Values(found))
}
