package oracle

import "github.com/vigia-cx/vigia/internal/event"

// said is what a customer knows of a request or an answer.
type said struct {
	customer string
	told     *surveyTold
	settled  bool // its first event is final
}

// askedBefore are the requests and answers of a subject that were told at the look before; one that was forgotten since begins anew when it is found again.
type askedBefore struct {
	said  map[surveyKey]said
	times map[surveyKey]int // how often one was forgotten
}

// inboundEver says whether some episode of the subject is inbound, void or not: rule 18.3.
func (l *life) inboundEver() bool {
	points := func(parts []points) bool {
		for _, p := range parts {
			if len(p.at) > 0 {
				return true
			}
		}
		return false
	}
	for _, e := range l.finished {
		if e.begin != 0 && points(e.parts) {
			return true
		}
	}
	return l.ep.begun && points(l.told())
}

// tellSurveys says what changed of requests and answers since the last look, rule 15.6.
func (s *subject) tellSurveys(l *life, b *book, offset, now int64) {
	if s.asked.said == nil {
		s.asked = askedBefore{map[surveyKey]said{}, map[surveyKey]int{}}
	}
	found := map[surveyKey]said{}
	tell := func(key surveyKey, f belongs, t *surveyTold) {
		if was, ok := s.asked.said[key]; ok && was.settled && !f.settled {
			delete(s.asked.said, key)
			s.asked.times[key]++
		}
		customer := l.customer
		if l.voided(f.episode) || s.dead || customer == "" {
			t = nil
		}
		was, again := s.asked.said[key], key
		again.times = s.asked.times[key]
		h := hearing{partition: s.p.number, offset: offset, at: now, tenant: s.key.tenant, survey: again, zone: b.current().zone, policy: b.current()}
		if was.told != nil && (t == nil || was.customer != customer) {
			h.customer, h.asked = was.customer, nil
			s.hearings = append(s.hearings, h)
		}
		if t != nil && (was.told == nil || was.customer != customer || *was.told != *t) {
			h.customer, h.asked = customer, t
			s.hearings = append(s.hearings, h)
		}
		found[key] = said{customer, t, f.settled}
	}
	inbound := l.inboundEver()
	for _, r := range l.requests {
		key := surveyKey{subject: s, request: true, id: r.first}
		if r.named {
			key.id = uint64(r.id)
		}
		tell(key, r.belongs, &surveyTold{request: true, at: r.at, group: l.place(r.belongs, false), inbound: inbound})
	}
	for _, a := range l.answers {
		v := a.version
		t := &surveyTold{at: a.at, instrument: v.Instrument, score: l.scoreOf(a), min: v.ScaleMin, max: v.ScaleMax, group: l.place(a.belongs, true), inbound: inbound}
		if v.Instrument != event.NPS && v.Instrument != event.CES && v.Instrument != event.CSAT {
			t = nil
		}
		tell(surveyKey{subject: s, id: fnv(a.response + "\x00" + a.question)}, a.belongs, t)
	}
	for key := range s.asked.said {
		if _, ok := found[key]; !ok {
			s.asked.times[key]++
		}
	}
	s.asked.said = found
}

// complexity is what an event tells of it, rule 14.1: 1 to 3.
func complexity(e *event.Event) int64 {
	return map[string]int64{"simple": 1, "medium": 2, "complex": 3}[label(e, event.LabelComplexity)]
}
