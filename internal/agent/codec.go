package agent

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// Encode writes the state; equal states give equal bytes.
func (s *State) Encode() []byte {
	w := &pack.Writer{}
	w.Grow(64 + 24*len(s.contacts) + 12*len(s.presences))
	w.String(s.Tenant)
	w.String(s.ID)
	w.Int(s.Wake)
	w.Int(s.from)
	w.Int(s.counted)
	w.Int(s.last)
	w.String(s.team)
	w.Uint(uint64(len(s.contacts)))
	for i := range s.contacts {
		c := &s.contacts[i]
		w.Fixed64(c.key)
		w.Uint(c.revision)
		w.Bool(c.silent)
		w.Uint(uint64(len(c.stints)))
		if len(c.stints) == 0 {
			w.Int(c.heard - s.from)
		}
		for _, x := range c.stints {
			w.Int(x.From - s.from)
			if x.To == 0 {
				w.Uint(0)
			} else {
				w.Uint(uint64(max(x.To-x.From, 0)) + 1)
			}
			w.String(x.Team)
		}
	}
	w.Uint(uint64(len(s.presences)))
	for _, p := range s.presences {
		w.Int(p.at - s.from)
		w.Fixed64(p.id)
		w.Bool(p.available)
		w.String(p.team)
	}
	return w.Bytes()
}

// Decode reads what Encode wrote; anything else is pack.ErrDamaged.
func Decode(b []byte) (*State, error) {
	r := pack.NewReader(b)
	s := &State{Tenant: r.String(), ID: r.String(), Wake: r.Int(), from: r.Int(), counted: r.Int(), last: r.Int(), team: r.String()}
	for n := r.Len(); n > 0; n-- {
		c := contact{key: r.Fixed64(), revision: r.Uint(), silent: r.Bool()}
		m := r.Len()
		if m == 0 {
			c.heard = s.from + r.Int()
		}
		for ; m > 0; m-- {
			x := event.Stint{From: s.from + r.Int()}
			if lasted := r.Uint(); lasted > 0 {
				x.To = x.From + int64(lasted-1)
			}
			x.Team = r.String()
			c.stints = append(c.stints, x)
		}
		s.contacts = append(s.contacts, c)
	}
	for n := r.Len(); n > 0; n-- {
		s.presences = append(s.presences, presence{s.from + r.Int(), r.Fixed64(), r.Bool(), r.String()})
	}
	if r.More() {
		return nil, pack.ErrDamaged
	}
	return s, r.Err()
}

// Encode writes what readers see of the agent.
func (n Now) Encode() []byte {
	w := &pack.Writer{}
	w.String(n.Team)
	w.Bool(n.Available)
	w.Uint(uint64(n.Contacts))
	return w.Bytes()
}

// DecodeNow reads what [Now.Encode] wrote, but for the name.
func DecodeNow(b []byte) (Now, error) {
	r := pack.NewReader(b)
	n := Now{Team: r.String(), Available: r.Bool(), Contacts: int(min(r.Uint(), 1<<30))}
	if r.More() {
		return Now{}, pack.ErrDamaged
	}
	return n, r.Err()
}
