package oracletest

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// promises of updates, which surveys are read the other way round, and what customers are worth.
func (g *traffic) moreRules(p *sla.PolicySpec) {
	p.Value.Currency = "COP"
	if g.on("update") {
		p.Rules[0].PeriodicUpdate, p.Rules[0].PausableUpdate = "2m", "90s"
		p.Rules[1].PeriodicUpdate, p.Rules[1].PausableUpdate = "10m", pick(g, "", "4m")
		p.Rules[3].PeriodicUpdate, p.Rules[3].PausableUpdate = pick(g, "", "1h"), fmt.Sprint(1+g.IntN(90), "m")
	}
	p.Surveys = map[string]sla.SurveySpec{"turned": {Reversed: true}, "either": {Reversed: g.chance(50), Widget: pick(g, "", "faces", "form"), Moment: pick(g, "", "later")},
		"s": {Widget: pick(g, "", "stars", "thumbs"), Moment: pick(g, "", "resolution", "conversation")}}
}

// surveyScales are the scales that answers come on; some are none of ours.
var surveyScales = []struct {
	instrument event.Instrument
	min, max   int64
}{
	{event.CSAT, 0, 1}, {event.CSAT, 1, 2}, {event.CSAT, 1, 3}, {event.CSAT, 1, 5}, {event.CSAT, 1, 5}, {event.CSAT, 1, 7}, {event.CSAT, 1, 10}, {event.CSAT, 0, 10}, {event.CSAT, 0, 100},
	{event.CES, 1, 5}, {event.CES, 1, 7}, {event.CES, 1, 7}, {event.CES, 0, 10}, {event.NPS, 0, 10}, {event.MicroFeedback, 0, 1},
}

// survey is a request, an answer or what became of a request, of the n-th conversation; the more events it has, the more there are.
func (g *traffic) survey(e *event.Event, n, events int) event.Body {
	variety := 6 + events/3
	request := fmt.Sprint("q", n, ".", g.IntN(variety))
	if g.chance(15) {
		request = ""
	}
	e.Actor = event.BySystem
	switch g.IntN(7) {
	case 0, 1, 2:
		return event.SurveyRequested{Survey: pick(g, "s", "s", "turned", "either"), Request: request, Instrument: event.CSAT, Displayed: g.chance(25)}
	case 3:
		if request == "" {
			request = "none"
		}
		return event.MessageState{MessageID: request, State: pick(g, event.MessageSent, event.MessageDelivered, event.MessageDelivered, event.MessageRead, event.MessagePlayed, event.MessageFailed)}
	}
	e.Actor = event.ByCustomer
	s := surveyScales[g.IntN(len(surveyScales))]
	const million = 1_000_000
	score := s.min*million + g.Int64N((s.max-s.min)*million+1)
	if g.chance(60) {
		score = score / million * million
	}
	return event.SurveyAnswered{Survey: pick(g, "s", "s", "turned", "either"), Response: fmt.Sprint("r", n, ".", g.IntN(variety)), Request: request, Question: pick(g, "", "", "why"), Instrument: s.instrument,
		Score: score, ScaleMin: s.min * million, ScaleMax: s.max * million, Revision: uint64(g.IntN(3)), Final: g.chance(20)}
}

// tone is what some scores tell beside their polarity.
func (g *traffic) tone() *event.Tone {
	if !g.on("tone") || g.chance(50) {
		return nil
	}
	return &event.Tone{Frustration: pick(g, 0, 500_000, g.Int64N(1_000_001)), Urgency: pick(g, 499_999, 1_000_000, g.Int64N(1_000_001))}
}
