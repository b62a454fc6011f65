package oracle

import (
	"cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

const (
	maxAmount = 100_000_000_000 * million // millionths, rule 22.1
)

// purchase is one that a subject knows of and that is not final.
type purchase struct {
	id      uint64 // hash of the id of its event
	at      int64
	episode int
	event.Purchase
}

// saleKey names a purchase that a customer was told of.
type saleKey struct {
	subject *subject
	id      uint64
	via     string
}

// orderKey names an order with its refunds, or a subscription with its ends: with one id both are known apart from each other, rule 22.4.
type orderKey struct {
	id           uint64 // hash of the order's id
	subscription bool
}

func (k orderKey) compare(o orderKey) int {
	if k.id == o.id && k.subscription != o.subscription {
		if o.subscription {
			return -1
		}
		return 1
	}
	return cmp.Compare(k.id, o.id)
}

func orderOf(b event.Purchase) orderKey {
	return orderKey{fnv(b.Order), b.Type == event.Subscribed || b.Type == event.Unsubscribed}
}

// saleTold is a purchase as it was told, rule 22.1.
type saleTold struct {
	at             int64
	kind           event.PurchaseType
	order          orderKey
	amount         int64 // millionths
	currency       int   // number of ISO 4217
	channel, queue string
}

// sold is what a customer knows of a purchase.
type sold struct {
	customer string
	told     *saleTold
}

// buys notes a purchase.
func (l *life) buys(e *taken) {
	if b, ok := e.Body.(event.Purchase); ok {
		l.purchases = append(l.purchases, purchase{e.hash, e.At, l.ep.n, b})
	}
}

// amount is that of rule 22.1 in millionths; ok is false for one that counts nowhere.
func amount(b event.Purchase) (v int64, ok bool) {
	if b.AmountMinor < 0 && b.Type != event.Refunded {
		return 0, true
	}
	minor := uint64(b.AmountMinor)
	if b.AmountMinor < 0 {
		minor = -minor
	}
	for range max(0, 6-int(b.MinorDigits)) {
		if minor > uint64(maxAmount) {
			return 0, false
		}
		minor *= 10
	}
	scale := uint64(1)
	for range max(0, int(b.MinorDigits)-6) {
		scale *= 10
	}
	whole, rest := minor/scale, minor%scale
	if 2*rest >= scale && scale > 1 {
		whole++
	}
	return int64(min(whole, uint64(maxAmount)+1)), whole <= uint64(maxAmount)
}

// tellPurchases says what changed of purchases since the last look, rule 22.1.
func (s *subject) tellPurchases(l *life, b *book, offset, now int64) {
	if s.bought == nil {
		s.bought = map[saleKey]sold{}
	}
	for _, p := range l.purchases {
		customer := l.customer
		var told *saleTold
		if v, ok := amount(p.Purchase); ok && customer != "" && !l.voided(p.episode) && !s.dead {
			g := l.groupAt(p.at)
			told = &saleTold{p.at, p.Type, orderOf(p.Purchase), v, int(event.CurrencyNumber(p.Currency)), g.Channel, g.Queue}
		}
		key := saleKey{subject: s, id: p.id}
		was := s.bought[key]
		h := hearing{partition: s.p.number, offset: offset, at: now, tenant: s.key.tenant, sale: key, order: orderOf(p.Purchase), zone: b.current().zone, policy: b.current()}
		if was.told != nil && (told == nil || was.customer != customer) {
			h.customer = was.customer
			s.hearings = append(s.hearings, h)
		}
		if told != nil && (was.told == nil || was.customer != customer || *was.told != *told) {
			h.customer, h.sold = customer, told
			s.hearings = append(s.hearings, h)
		}
		s.bought[key] = sold{customer, told}
	}
}
