package event

import vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"

func agentFactFrom(f *vigiav1.AgentFact) AgentFact {
	out := AgentFact{Tenant: f.GetTenant(), Agent: f.GetAgent(), Subject: f.GetSubject(), Revision: f.GetRevision(), Continued: f.GetContinued()}
	for _, s := range f.GetStints() {
		out.Stints = append(out.Stints, Stint{s.GetFrom(), s.GetTo(), s.GetTeam()})
	}
	if p := f.GetPresence(); p != nil {
		out.Presence = &Availability{p.GetAt(), p.GetAvailable(), p.GetTeam()}
	}
	return out
}

func agentFactTo(f AgentFact) *vigiav1.AgentFact {
	m := &vigiav1.AgentFact{Tenant: f.Tenant, Agent: f.Agent, Subject: f.Subject, Revision: f.Revision, Continued: f.Continued}
	for _, s := range f.Stints {
		m.Stints = append(m.Stints, &vigiav1.AgentStint{From: s.From, To: s.To, Team: s.Team})
	}
	if p := f.Presence; p != nil {
		m.Presence = &vigiav1.AgentAvailability{At: p.At, Available: p.Available, Team: p.Team}
	}
	return m
}
