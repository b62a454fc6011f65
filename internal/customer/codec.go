package customer

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// Encode writes the state; equal states give equal bytes.
func (s *State) Encode() []byte {
	w := &pack.Writer{}
	w.String(s.Tenant)
	w.String(s.ID)
	w.String(s.Alias)
	w.Int(s.Wake)
	w.Int(s.aliasAt)
	w.Int(s.outAt)
	w.Uint(uint64(len(s.rests)))
	for _, r := range s.rests {
		w.String(r.trigger)
		w.Int(r.until)
	}
	s.encodeHelps(w)
	w.Int(s.gap)
	w.Int(s.keep)
	w.Uint(uint64(len(s.facts)))
	for _, f := range s.facts {
		w.String(f.Subject)
		w.Uint(f.Revision)
		w.Bool(f.Retracted)
		w.Byte(byte(f.Channel))
		w.String(f.Queue)
		w.Int(f.StartedAt)
		encodeDetail(w, &f.Fact)
		w.Byte(byte(f.marks))
		if f.Inbound {
			w.Int(f.window)
		}
		w.Bool(f.Open)
		w.Int(f.EndedAt)
		w.Int(f.counted)
		w.Uint(uint64(len(f.ActiveAt)))
		for _, at := range f.ActiveAt {
			w.Int(at - f.StartedAt)
		}
		w.Uint(uint64(len(f.days)))
		for _, at := range f.days {
			w.Int(at - f.StartedAt)
		}
		f.weeks.encode(w, f.StartedAt)
		f.months.encode(w, f.StartedAt)
	}
	s.encodeLoyalty(w)
	s.risk.encode(w)
	s.value.encode(w)
	w.Int(s.over)
	w.Uint(uint64(len(s.past)))
	for _, tr := range s.past {
		w.Byte(byte(tr.channel))
		w.String(tr.queue)
		w.Int(tr.at)
		w.Uint(uint64(len(tr.days)))
		for _, d := range tr.days {
			w.Int(tr.at - d)
		}
	}
	return w.Bytes()
}

// Decode reads what Encode wrote; anything else is pack.ErrDamaged.
func Decode(b []byte) (*State, error) {
	r := pack.NewReader(b)
	s := &State{Tenant: r.String(), ID: r.String(), Alias: r.String(), Wake: r.Int(), aliasAt: r.Int(), outAt: r.Int()}
	for n := r.Len(); n > 0; n-- {
		s.rests = append(s.rests, rest{r.String(), r.Int()})
	}
	s.decodeHelps(r)
	s.gap, s.keep = r.Int(), r.Int()
	for n := r.Len(); n > 0; n-- {
		f := contact{Fact: event.Fact{Tenant: s.Tenant, Customer: s.ID, Subject: r.String(), Revision: r.Uint(), Retracted: r.Bool(), Channel: event.Channel(r.Byte()),
			Queue: r.String(), StartedAt: r.Int()}}
		decodeDetail(r, &f.Fact)
		f.marks = marks(r.Byte())
		if f.Inbound {
			f.window = r.Int()
		}
		f.Open, f.EndedAt, f.counted = r.Bool(), r.Int(), r.Int()
		for m := r.Len(); m > 0; m-- {
			f.ActiveAt = append(f.ActiveAt, f.StartedAt+r.Int())
		}
		for m := r.Len(); m > 0; m-- {
			f.days = append(f.days, f.StartedAt+r.Int())
		}
		f.weeks, f.months = decodeBegins(r, f.StartedAt), decodeBegins(r, f.StartedAt)
		s.facts = append(s.facts, f)
	}
	s.decodeLoyalty(r)
	s.risk.decode(r)
	s.value.decode(r)
	s.over = r.Int()
	for n := r.Len(); n > 0; n-- {
		tr := trace{channel: event.Channel(r.Byte()), queue: r.String(), at: r.Int()}
		for d := r.Len(); d > 0; d-- {
			tr.days = append(tr.days, tr.at-r.Int())
		}
		s.past = append(s.past, tr)
	}
	if r.More() {
		return nil, pack.ErrDamaged
	}
	return s, r.Err()
}
