package convo

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// sale is what an entry says of an order.
type sale struct {
	Type     event.PurchaseType
	Order    uint64 // hash of its id
	Amount   int64  // millionths; -1: too much to be counted
	Currency uint16
}

func saleOf(b event.Purchase) *sale {
	s := &sale{Type: b.Type, Order: hash64(b.Order), Currency: event.CurrencyNumber(b.Currency)}
	var ok bool
	if s.Amount, ok = b.Millionths(); !ok {
		s.Amount = -1
	} else if b.AmountMinor < 0 && b.Type != event.Refunded {
		s.Amount = 0
	}
	return s
}

// bought: the purchase is told by itself. It belongs to the episode as other activity does, and is taken back with it.
func (r *run) bought(e *Entry) {
	if e.Sale.Amount < 0 {
		return
	}
	r.facts = append(r.facts, contactFact{of: subjectOf{sale: true, number: int64((e.ID ^ scatter(uint64(e.At))) &^ (1 << 63))}, Fact: event.Fact{
		StartedAt: e.At, EndedAt: e.At, Sales: []event.Sale{{At: e.At, Type: e.Sale.Type, Order: e.Sale.Order, Amount: e.Sale.Amount, Currency: e.Sale.Currency}},
	}})
}

// scatter spreads instants over all bits (the finalizer of SplitMix64). Hashes of ids that follow each other, such as those of a shop, must not meet instants that do: two purchases would be
// one.
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// flushSales tells purchases of the customer who is known by now, in the queue at their instant.
func (r *run) flushSales() {
	for i := range r.facts {
		if f := &r.facts[i]; f.of.sale {
			f.Customer, f.Queue = r.Who, r.groupOf(f.StartedAt).Queue
		}
	}
}

func (s *sale) encode(w *pack.Writer) {
	w.Byte(byte(s.Type))
	w.Fixed64(s.Order)
	w.Int(s.Amount)
	w.Uint(uint64(s.Currency))
}

func (s *sale) decode(r *pack.Reader) {
	s.Type, s.Order, s.Amount, s.Currency = event.PurchaseType(r.Byte()), r.Fixed64(), r.Int(), uint16(min(r.Uint(), event.NoCurrency))
}
