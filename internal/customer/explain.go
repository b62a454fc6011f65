package customer

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// Counted returns the moments that the customer counts now: what the panes hold of them beside what is forgotten. They are the caller's.
func (s *State) Counted() []convo.Moment { return slices.Clone(s.moments()) }

// Told returns what conversations have told of the customer and is still known, in the order of their subjects. Those taken back are among them.
func (s *State) Told() []event.Fact {
	out := make([]event.Fact, len(s.facts))
	for i := range s.facts {
		out[i] = s.facts[i].Fact
		out[i].Tenant, out[i].Customer = s.Tenant, s.ID
	}
	return out
}
