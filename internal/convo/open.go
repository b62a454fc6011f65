package convo

import "github.com/vigia-cx/vigia/internal/sla"

// Open is an open conversation as readers see it: who waits, since when, and what is promised.
type Open struct {
	Conversation                string
	Channel, Queue, Team, Agent string
	Topic                       string
	OpenedAt                    int64
	WaitingSince                int64 // the contact waits for people since, 0 when it does not
	Promises                    []OpenPromise
	Link                        string
	Customer                    string
}

// OpenPromise is a clock that runs.
type OpenPromise struct {
	Clock          sla.Clock
	StartAt, DueAt int64 // DueAt 0: the clock stands in a pause
	WarnAt         int64 // at risk from here on; DueAt when the rule warns at no point
}

// Open returns what readers see of the conversation after the last event or tick; ok is false when it is not open.
func (s *State) Open() (o Open, ok bool) {
	if s.last == nil || s.Truncated {
		return o, false
	}
	end := &s.last.end
	if !end.Begun || end.Void || end.Status == kindResolved || end.Status == kindClosed {
		return o, false
	}
	g := end.Group
	o = Open{Conversation: s.ID, Channel: s.Channel.String(), Queue: g.Queue, Team: g.Team, Agent: g.Agent, Topic: g.Topic, OpenedAt: end.BeganAt, Link: s.Link, Customer: end.Who}
	if end.Contact.State == waiting {
		o.WaitingSince = end.Contact.At
	}
	for _, p := range s.last.promises {
		if p.State == running {
			op := OpenPromise{Clock: p.Clock, StartAt: p.StartAt, DueAt: p.Due, WarnAt: p.Due}
			if len(p.Warn) > 0 {
				op.WarnAt = p.Warn[0]
			}
			o.Promises = append(o.Promises, op)
		}
	}
	return o, true
}
