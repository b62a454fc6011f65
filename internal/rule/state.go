package rule

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/vigia-cx/vigia/internal/pack"
)

// stateVersion grows when the encoding changes.
const stateVersion = 1

// Encode writes the state; equal states give equal bytes.
func (s State) Encode() []byte {
	var w pack.Writer
	w.Byte(stateVersion)
	w.String(s.Tenant)
	w.String(s.Rule)
	w.Uint(uint64(len(s.Group)))
	for _, name := range slices.Sorted(maps.Keys(s.Group)) {
		w.String(name)
		w.String(s.Group[name])
	}
	w.Int(s.At)
	w.Byte(byte(s.Status))
	w.Bool(s.Unknown)
	w.Int(s.Since)
	w.Int(s.FiredAt)
	w.Int(s.OverAt)
	w.String(s.Incident)
	w.Fixed64(math.Float64bits(s.Number))
	w.Int(s.N)
	w.Uint(uint64(len(s.fired)))
	for _, at := range s.fired {
		w.Int(at)
	}
	w.Uint(uint64(s.doublings))
	w.Int(s.dampedAt)
	w.Bool(s.sticky)
	return w.Bytes()
}

// DecodeState reads what Encode wrote. The error says what to do.
func DecodeState(b []byte) (State, error) {
	r := pack.NewReader(b)
	if v := r.Byte(); r.Err() == nil && v != stateVersion {
		return State{}, fmt.Errorf("rule: a state of version %d: run the version of Vigia that wrote it, or delete the state", v)
	}
	s := State{Tenant: r.String(), Rule: r.String()}
	if n := r.Len(); r.Err() == nil {
		s.Group = make(map[string]string, n)
		for range n {
			name := r.String()
			s.Group[name] = r.String()
		}
	}
	s.At = r.Int()
	s.Status = Status(r.Byte())
	s.Unknown = r.Bool()
	s.Since, s.FiredAt, s.OverAt = r.Int(), r.Int(), r.Int()
	s.Incident = r.String()
	s.Number = math.Float64frombits(r.Fixed64())
	s.N = r.Int()
	for range r.Len() {
		s.fired = append(s.fired, r.Int())
	}
	doublings := r.Uint()
	s.dampedAt = r.Int()
	s.sticky = r.Bool()
	if err := r.Err(); err != nil || r.More() || s.Status > Keeping || doublings > 10 || len(s.fired) > 64 {
		return State{}, fmt.Errorf("rule: %w", pack.ErrDamaged)
	}
	s.doublings = int(doublings)
	return s, nil
}
