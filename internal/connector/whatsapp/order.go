package whatsapp

import (
	"math"
	"strconv"

	"golang.org/x/text/currency"

	"github.com/vigia-cx/vigia/internal/event"
)

// maxAmount is the largest sum of an order in minor units; beyond it nobody means what the basket says.
const maxAmount = 1 << 50

// order is a filled basket: the customer wants to buy, nothing is paid. Items in several currencies, which catalogues do not have, are several orders.
func (r *reader) order(s scope, p person, message *event.Event, m message) {
	var currencies []string
	sums := map[string]float64{}
	for _, raw := range m.Order.Items {
		var x product
		read(raw, &x)
		unit, err := currency.ParseISO(string(x.Currency))
		if err != nil {
			continue
		}
		quantity, err1 := strconv.ParseFloat(string(x.Quantity), 64)
		price, err2 := strconv.ParseFloat(string(x.Price), 64)
		if err1 != nil || err2 != nil || quantity < 0 || price < 0 {
			continue
		}
		code := unit.String()
		if _, ok := sums[code]; !ok {
			currencies = append(currencies, code)
		}
		sums[code] += math.Round(price*math.Pow10(digits(unit))) * quantity
	}
	for i, code := range currencies {
		if !(sums[code] <= maxAmount) { // not NaN either
			continue
		}
		unit := currency.MustParseISO(code)
		e := s.event(p, "")
		e.Threadless, e.Actor, e.At, e.Quality = false, event.ByCustomer, message.At, message.Quality
		by(e, m.ID)
		if i > 0 {
			by(e, m.ID, code)
		}
		e.Body = event.Purchase{Type: ordered, Order: string(m.ID), AmountMinor: int64(math.Round(sums[code])), Currency: code, MinorDigits: uint32(digits(unit)),
			Campaign: string(m.Referral.SourceID)}
		r.Add(r.item, e)
	}
}

// payment is what became of a payment that a message of ours asked for. Only one that was made is a purchase.
func (r *reader) payment(s scope, x status) {
	if x.Status != "captured" {
		r.Ignore(paymentStatus, 1)
		return
	}
	e, ok := r.recipient(s, x)
	if !ok {
		return
	}
	value, err1 := strconv.ParseInt(string(x.Payment.Amount.Value), 10, 64)
	offset, err2 := strconv.ParseInt(string(x.Payment.Amount.Offset), 10, 64)
	places := uint32(0)
	for ; offset > 1 && offset%10 == 0; offset /= 10 {
		places++
	}
	if err1 != nil || err2 != nil || offset != 1 {
		r.Fault(r.item, event.ReasonBadValue, "payment.amount", "is no value and offset (a power of ten)")
		return
	}
	e.Threadless, e.Conversation, e.Actor = false, "", event.ByCustomer
	by(e, x.ID, "payment", string(x.Payment.Reference))
	order := x.Payment.Reference
	if order == "" {
		order = x.ID
	}
	e.Body = event.Purchase{Type: paid, Order: string(order), AmountMinor: value, Currency: string(x.Payment.Currency), MinorDigits: places}
	r.Add(r.item, e)
}

// Types of purchases, as numbered in the proto.
const (
	ordered event.PurchaseType = 1
	paid    event.PurchaseType = 2
)

// digits of the minor unit.
func digits(unit currency.Unit) int {
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}
