package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// The surveys of the shop. The second asks how much effort it took: few points are good ones.
const (
	satisfaction = "satisfaccion"
	effort       = "esfuerzo"
)

// topics is what people talk about, by queue.
var topics = map[string][]string{
	"ventas": {"precio", "envio"}, "soporte": {"instalacion", "cuenta"}, "reclamos": {"reembolso", "envio"}, "atencion": {"factura", "cuenta", "envio"},
}

// labels are the words that the shop's people may note.
func labels() map[string][]string {
	words := map[string][]string{event.LabelComplexity: event.Complexities}
	for _, queue := range slices.Sorted(maps.Keys(topics)) {
		words[event.LabelTopic] = append(words[event.LabelTopic], topics[queue]...)
	}
	slices.Sort(words[event.LabelTopic])
	words[event.LabelTopic] = slices.Compact(words[event.LabelTopic])
	return words
}

// aside is chance of its own for what is told beside a conversation, so that it changes nothing in any conversation.
func (s *script) aside() *rand.Rand { return rand.New(rand.NewPCG(s.t.shift.Seed, uint64(s.no)|1<<63)) }

// noted is what the agent notes when the work is done; some don't.
func (s *script) noted(rng *rand.Rand) []event.Label {
	about := topics[s.l.queue]
	if rng.Float64() < 0.2 {
		return nil
	}
	return []event.Label{{Key: event.LabelComplexity, Value: event.Complexities[min(int(rng.ExpFloat64()), 2)]}, {Key: event.LabelTopic, Value: about[rng.IntN(len(about))]}}
}

// ask asks some how it was; of these some look, and some of them answer, and a few think better of it.
func (s *script) ask(rng *rand.Rand) {
	if rng.Float64() > 0.5 {
		return
	}
	ask := event.SurveyRequested{Survey: satisfaction, Request: fmt.Sprintf("%s-%d-survey", s.t.run, s.no), Instrument: event.CSAT}
	answer := event.SurveyAnswered{Survey: satisfaction, Request: ask.Request, Response: ask.Request, Instrument: event.CSAT, ScaleMin: 1e6, ScaleMax: 5e6, Revision: 1}
	mood := 4.2 + 2*s.l.mood
	if rng.Float64() < 0.3 {
		ask.Survey, ask.Instrument = effort, event.CES
		answer.Survey, answer.Instrument, answer.ScaleMax = effort, event.CES, 7e6
		mood = 2.5 - 2*s.l.mood
	}
	wait := func(minutes float64) {
		s.at = s.at.Add(time.Duration(rng.ExpFloat64() * minutes * float64(time.Minute)))
	}
	score := func() int64 {
		return 1e6 * int64(max(1, min(float64(answer.ScaleMax/1e6), mood+1.1*rng.NormFloat64()+0.5)))
	}
	wait(1)
	s.add(event.BySystem, "", ask)
	if s.l.channel != event.Email && rng.Float64() < 0.7 {
		wait(5)
		s.add(event.ByCustomer, "", event.MessageState{MessageID: ask.Request, State: event.MessageRead})
	} else if s.l.channel != event.Email {
		return
	}
	if rng.Float64() > 0.45 {
		return
	}
	wait(10)
	answer.Score = score()
	s.add(event.ByCustomer, "", answer)
	if rng.Float64() < 0.08 {
		wait(15)
		answer.Score, answer.Revision = score(), 2
		s.add(event.ByCustomer, "", answer)
	}
}
