package customer

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// Most customers have nothing of it: a byte says so.
const (
	hasLookback = 1 << iota
	hasOrders
	hasTouches
	hasFloor
)

func (v *value) encode(w *pack.Writer) {
	var has byte
	if v.lookback != 0 {
		has |= hasLookback
	}
	if len(v.orders) > 0 {
		has |= hasOrders
	}
	if len(v.touches) > 0 {
		has |= hasTouches
	}
	if v.floor != [2]int64{} {
		has |= hasFloor
	}
	if w.Byte(has); has&hasLookback != 0 {
		w.Int(v.lookback)
	}
	if has&hasOrders != 0 {
		w.Uint(uint64(len(v.orders)))
		for i := range v.orders {
			v.orders[i].encode(w)
		}
	}
	if has&hasTouches != 0 {
		encodeTouches(w, v.touches, 0)
	}
	if has&hasFloor != 0 {
		w.Int(v.floor[0])
		w.Int(v.floor[1])
	}
}

func (v *value) decode(r *pack.Reader) {
	has := r.Byte()
	if has&hasLookback != 0 {
		v.lookback = r.Int()
	}
	if has&hasOrders != 0 {
		for n := r.Len(); n > 0; n-- {
			v.orders = append(v.orders, decodeOrder(r))
		}
	}
	if has&hasTouches != 0 {
		v.touches = decodeTouches(r, 0)
	}
	if has&hasFloor != 0 {
		v.floor[0], v.floor[1] = r.Int(), r.Int()
	}
}

func (o *order) encode(w *pack.Writer) {
	w.Fixed64(o.id)
	w.Byte(byte(class(o.monthly) | class(o.settled)<<1))
	w.Int(o.at)
	w.Byte(byte(o.channel))
	w.String(o.queue)
	w.Int(o.newest - o.at)
	w.Int(o.amount)
	w.Uint(uint64(o.currency))
	w.Int(o.ended)
	w.Uint(uint64(len(o.refunds)))
	for _, r := range o.refunds {
		w.Uint(uint64(r.currency))
		w.Int(r.amount)
	}
	encodeTouches(w, o.via, o.at)
}

func decodeOrder(r *pack.Reader) order {
	o := order{id: r.Fixed64()}
	flags := r.Byte()
	o.monthly, o.settled = flags&1 != 0, flags&2 != 0
	o.at, o.channel, o.queue = r.Int(), event.Channel(r.Byte()), r.String()
	o.newest, o.amount, o.currency, o.ended = o.at+r.Int(), r.Int(), uint16(r.Uint()), r.Int()
	for n := r.Len(); n > 0; n-- {
		o.refunds = append(o.refunds, refund{uint16(r.Uint()), r.Int()})
	}
	o.via = decodeTouches(r, o.at)
	return o
}

// encodeTouches writes touches, each as it lies after the one before.
func encodeTouches(w *pack.Writer, touches []touch, from int64) {
	w.Uint(uint64(len(touches)))
	for _, x := range touches {
		w.Int(x.at - from)
		w.Byte(byte(x.channel))
		from = x.at
	}
}

func decodeTouches(r *pack.Reader, from int64) (touches []touch) {
	for n := r.Len(); n > 0; n-- {
		from += r.Int()
		touches = append(touches, touch{from, event.Channel(r.Byte())})
	}
	return touches
}
