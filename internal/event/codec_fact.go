package event

import (
	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

func factFrom(f *vigiav1.CustomerFact) Fact {
	fact := Fact{Tenant: f.GetTenant(), Customer: f.GetCustomer(), Subject: f.GetSubject(), Revision: f.GetRevision(), Retracted: f.GetRetracted(), Channel: enum[Channel](f.GetChannel()),
		Queue: f.GetQueue(), StartedAt: f.GetStartedAt(), ActiveAt: f.GetActiveAt(), Open: f.GetOpen(), EndedAt: f.GetEndedAt(), MergedInto: f.GetMergedInto(), Erased: f.GetErased(),
		OptedOut: f.GetOptedOut(), Team: f.GetTeam(), Agent: f.GetAgent(), Topic: f.GetTopic(), Complexity: uint8(min(f.GetComplexity(), 3)), ResolvedAt: f.GetResolvedAt(),
		Reopened: f.GetReopened(), Transferred: f.GetTransferred(), Agents: f.GetAgents(), PeopleAt: f.GetPeopleAt(), Bot: f.GetBot(), Inbound: f.GetInbound(),
		Contained: f.GetContained(), Confirmed: f.GetConfirmed(), PromptedAt: f.GetPromptedAt(),
		Mood: f.GetMood(), MoodAt: f.GetMoodAt(), AbandonedAt: f.GetAbandonedAt(), Broken: f.GetBroken()}
	for _, a := range f.GetAnswers() {
		fact.Answers = append(fact.Answers, Answer{a.GetAt(), enum[Instrument](a.GetInstrument()), a.GetScore(), a.GetScaleMin(), a.GetScaleMax()})
	}
	for _, x := range f.GetExchanges() {
		fact.Exchanges = append(fact.Exchanges, Exchange{x.GetHeard(), x.GetFrom(), x.GetTo(), x.GetBack()})
	}
	for _, s := range f.GetSales() {
		fact.Sales = append(fact.Sales, Sale{s.GetAt(), enum[PurchaseType](s.GetType()), s.GetOrder(), s.GetAmount(), uint16(min(s.GetCurrency(), NoCurrency))})
	}
	if c := f.GetCue(); c != nil {
		fact.Cue = new(signalFrom(c))
	}
	return fact
}

func factTo(f Fact) *vigiav1.CustomerFact {
	m := &vigiav1.CustomerFact{Tenant: f.Tenant, Customer: f.Customer, Subject: f.Subject, Revision: f.Revision, Retracted: f.Retracted, Channel: vigiav1.Channel(f.Channel),
		Queue: f.Queue, StartedAt: f.StartedAt, ActiveAt: f.ActiveAt, Open: f.Open, EndedAt: f.EndedAt, MergedInto: f.MergedInto, Erased: f.Erased,
		OptedOut: f.OptedOut, Team: f.Team, Agent: f.Agent, Topic: f.Topic, Complexity: uint32(f.Complexity), ResolvedAt: f.ResolvedAt, Reopened: f.Reopened,
		Transferred: f.Transferred, Agents: f.Agents, PeopleAt: f.PeopleAt, Bot: f.Bot, Inbound: f.Inbound, Contained: f.Contained, Confirmed: f.Confirmed, PromptedAt: f.PromptedAt,
		Mood: f.Mood, MoodAt: f.MoodAt, AbandonedAt: f.AbandonedAt, Broken: f.Broken}
	for _, a := range f.Answers {
		m.Answers = append(m.Answers, &vigiav1.FactAnswer{At: a.At, Instrument: vigiav1.Instrument(a.Instrument), Score: a.Score, ScaleMin: a.ScaleMin, ScaleMax: a.ScaleMax})
	}
	for _, x := range f.Exchanges {
		m.Exchanges = append(m.Exchanges, &vigiav1.FactExchange{Heard: x.Heard, From: x.From, To: x.To, Back: x.Back})
	}
	for _, s := range f.Sales {
		m.Sales = append(m.Sales, &vigiav1.FactSale{At: s.At, Type: vigiav1.Purchase_Type(s.Type), Order: s.Order, Amount: s.Amount, Currency: uint32(s.Currency)})
	}
	if f.Cue != nil {
		m.Cue = signalTo(*f.Cue)
	}
	return m
}

func signalFrom(s *vigiav1.Signal) Signal {
	return Signal{Tenant: s.GetTenant(), Conversation: s.GetConversation(), Clock: s.GetClock(), Instance: s.GetInstance(), Kind: enum[SignalKind](s.GetKind()), Revision: s.GetRevision(),
		StartedAt: s.GetStartedAt(), DueAt: s.GetDueAt(), FulfilledAt: s.GetFulfilledAt(), At: s.GetAt(), Cause: enum[BreachCause](s.GetCause()), Channel: enum[Channel](s.GetChannel()),
		Queue: s.GetQueue(), Team: s.GetTeam(), Agent: s.GetAgent(), PolicySerial: s.GetPolicySerial(), Rule: s.GetRule(), WarnPercent: s.GetWarnPercent(),
		Customer: s.GetCustomer(), Link: s.GetLink(), Trigger: s.GetTrigger(), TriggerKind: s.GetTriggerKind(), Count: s.GetCount(), SpanMs: s.GetSpanMs(),
		HeldOut: s.GetHeldOut()}
}

func signalTo(s Signal) *vigiav1.Signal {
	return &vigiav1.Signal{Tenant: s.Tenant, Conversation: s.Conversation, Clock: s.Clock, Instance: s.Instance, Kind: vigiav1.Signal_Kind(s.Kind), Revision: s.Revision,
		StartedAt: s.StartedAt, DueAt: s.DueAt, FulfilledAt: s.FulfilledAt, At: s.At, Cause: vigiav1.Signal_Cause(s.Cause), Channel: vigiav1.Channel(s.Channel),
		Queue: s.Queue, Team: s.Team, Agent: s.Agent, PolicySerial: s.PolicySerial, Rule: s.Rule, WarnPercent: s.WarnPercent, Customer: s.Customer, Link: s.Link, Trigger: s.Trigger,
		TriggerKind: s.TriggerKind, Count: s.Count, SpanMs: s.SpanMs, HeldOut: s.HeldOut}
}
