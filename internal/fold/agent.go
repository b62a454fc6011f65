package fold

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/event"
)

// tellAgent tells stage 2 about an agent.
func (s *Slot) tellAgent(f event.AgentFact) {
	key := event.AgentKey(f.Tenant, f.Agent)
	s.emit(dest{s.cfg.CustomersTopic, s.cfg.Route(key, s.cfg.Customers)}, key, f,
		event.OutputID("agent", f.Tenant, f.Agent, f.Subject, fmt.Sprint(f.Revision), fmt.Sprint(f.Presence != nil)))
}

// agentFact folds what stage 1 tells about an agent.
func (s *Slot) agentFact(in Input, f event.AgentFact) error {
	if f.Tenant == "" || f.Agent == "" || f.Subject == "" {
		return &event.Error{Reason: event.ReasonMissingField, Field: "agent_fact", Detail: "tenant, agent and subject are required"}
	}
	fresh, err := s.receive(in)
	if err != nil {
		return err
	}
	if !fresh {
		s.count("duplicate")
		return nil
	}
	t := s.tenant(f.Tenant)
	if s.err != nil {
		return s.err
	}
	if len(t.policies) == 0 {
		return &event.Error{Reason: event.ReasonNoTenant, Field: "agent_fact", Detail: "its tenant has no policy in this partition: run vigia config apply"}
	}
	x := s.subject(in.Key)
	if s.err != nil {
		return s.err
	}
	if !t.current().Agents() {
		s.count("applied")
		if x.agent != nil {
			s.lookAtAgent(x)
		}
		return s.err
	}
	if x.agent == nil {
		x.agent, x.gone = agent.New(f.Tenant, f.Agent, s.root.T), false
	}
	s.enrol(t)
	change, applied := x.agent.Apply(f, s.root.T)
	if applied {
		s.count("applied")
	} else {
		s.count("duplicate")
	}
	s.concludeAgent(t, x, change)
	return s.err
}

// lookAtAgent lets time pass for an agent. An agent who is not to be followed any longer is shown no more, and nothing more is counted.
func (s *Slot) lookAtAgent(x *subject) {
	t := s.tenant(x.agent.Tenant)
	if t.current().Agents() {
		s.concludeAgent(t, x, x.agent.Tick(s.root.T))
		return
	}
	s.concludeAgent(t, x, x.agent.Rest(s.root.T))
}

func (s *Slot) concludeAgent(t *tenant, x *subject, c agent.Change) {
	s.contribute(t, c.Gone, -1)
	s.contribute(t, c.New, +1)
	var b []byte
	if now, ok := x.agent.Now(s.root.T); ok && !c.Forget {
		b = now.Encode()
	}
	s.list(t, x, x.agent.ID, b)
	s.schedule(x, c.Wake, c.Forget)
}
