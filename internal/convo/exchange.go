package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// maxExchanges bounds how often in an episode people and the customer are known to have taken turns. A constant of the state schema.
const maxExchanges = 20

// words is how people of ours and the customer took turns in the episode: what was done for a customer whom a trigger called for is told by it.
type words struct {
	HeardAt   int64 // the last sign of the customer
	Exchanges []event.Exchange
}

func (x words) clone() words {
	x.Exchanges = slices.Clone(x.Exchanges)
	return x
}

// signed: a sign of the customer.
func (r *run) signed(at int64) {
	if !r.watching() {
		return
	}
	x := &r.Words
	x.HeardAt = at
	if n := len(x.Exchanges); n > 0 && x.Exchanges[n-1].Back == 0 {
		x.Exchanges[n-1].Back = at
	}
}

// spoke: a person of ours wrote to the customer, or talks to them. On a call the customer answers at once.
func (r *run) spoke(at int64) {
	if !r.watching() {
		return
	}
	x := &r.Words
	if n := len(x.Exchanges); n > 0 && x.Exchanges[n-1].Back == 0 {
		x.Exchanges[n-1].To = at
		return
	}
	e := event.Exchange{Heard: x.HeardAt, From: at, To: at}
	if r.channel.Voiced() {
		e.Back = at
	}
	x.Exchanges = append(x.Exchanges[max(0, len(x.Exchanges)+1-maxExchanges):], e)
}

func (x *words) encode(w *pack.Writer) {
	w.Int(x.HeardAt)
	w.Uint(uint64(len(x.Exchanges)))
	for _, e := range x.Exchanges {
		w.Int(e.Heard)
		w.Int(e.From)
		w.Int(e.To)
		w.Int(e.Back)
	}
}

func (x *words) decode(r *pack.Reader) {
	x.HeardAt = r.Int()
	for n := r.Len(); n > 0; n-- {
		x.Exchanges = append(x.Exchanges, event.Exchange{Heard: r.Int(), From: r.Int(), To: r.Int(), Back: r.Int()})
	}
}
