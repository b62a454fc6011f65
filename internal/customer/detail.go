package customer

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// What most facts leave empty is written behind a bit each.
const (
	hasPlace   = 1 << iota // team, agent, topic, complexity
	hasResolve             // a resolve that stands
	hasPeople              // people took part
	hasSurvey              // answers or requests
	hasTrouble             // a bad mood, an abandonment, a broken promise
	hasWords               // exchanges
	hasSales
)

func encodeDetail(w *pack.Writer, f *event.Fact) {
	var has byte
	if f.Team != "" || f.Agent != "" || f.Topic != "" || f.Complexity != 0 {
		has |= hasPlace
	}
	if f.ResolvedAt != 0 {
		has |= hasResolve
	}
	if f.PeopleAt != 0 || f.Agents != 0 {
		has |= hasPeople
	}
	if len(f.Answers) > 0 || len(f.PromptedAt) > 0 {
		has |= hasSurvey
	}
	if f.Mood != 0 || f.AbandonedAt != 0 || f.Broken {
		has |= hasTrouble
	}
	if len(f.Exchanges) > 0 {
		has |= hasWords
	}
	if len(f.Sales) > 0 {
		has |= hasSales
	}
	w.Byte(has)
	var flags byte
	for i, on := range [...]bool{f.Reopened, f.Transferred, f.Bot, f.Inbound, f.Contained, f.Confirmed} {
		if on {
			flags |= 1 << i
		}
	}
	w.Byte(flags)
	if has&hasPlace != 0 {
		w.String(f.Team)
		w.String(f.Agent)
		w.String(f.Topic)
		w.Byte(f.Complexity)
	}
	if has&hasResolve != 0 {
		w.Int(f.ResolvedAt - f.StartedAt)
	}
	if has&hasPeople != 0 {
		w.Uint(uint64(f.Agents))
		w.Int(f.PeopleAt)
	}
	if has&hasSurvey != 0 {
		w.Uint(uint64(len(f.Answers)))
		for _, a := range f.Answers {
			w.Int(a.At)
			w.Byte(byte(a.Instrument))
			w.Int(a.Score)
			w.Int(a.ScaleMin)
			w.Int(a.ScaleMax)
		}
		w.Uint(uint64(len(f.PromptedAt)))
		for _, at := range f.PromptedAt {
			w.Int(at)
		}
	}
	if has&hasTrouble != 0 {
		w.Int(f.Mood)
		w.Int(f.MoodAt)
		w.Int(f.AbandonedAt)
		w.Bool(f.Broken)
	}
	if has&hasWords != 0 {
		encodeExchanges(w, f)
	}
	if has&hasSales != 0 {
		w.Uint(uint64(len(f.Sales)))
		for _, s := range f.Sales {
			w.Int(s.At)
			w.Byte(byte(s.Type))
			w.Fixed64(s.Order)
			w.Int(s.Amount)
			w.Uint(uint64(s.Currency))
		}
	}
}

func decodeDetail(r *pack.Reader, f *event.Fact) {
	has, flags := r.Byte(), r.Byte()
	for i, on := range [...]*bool{&f.Reopened, &f.Transferred, &f.Bot, &f.Inbound, &f.Contained, &f.Confirmed} {
		*on = flags&(1<<i) != 0
	}
	if has&hasPlace != 0 {
		f.Team, f.Agent, f.Topic, f.Complexity = r.String(), r.String(), r.String(), r.Byte()
	}
	if has&hasResolve != 0 {
		f.ResolvedAt = f.StartedAt + r.Int()
	}
	if has&hasPeople != 0 {
		f.Agents, f.PeopleAt = uint32(r.Uint()), r.Int()
	}
	if has&hasSurvey != 0 {
		for n := r.Len(); n > 0; n-- {
			f.Answers = append(f.Answers, event.Answer{At: r.Int(), Instrument: event.Instrument(r.Byte()), Score: r.Int(), ScaleMin: r.Int(), ScaleMax: r.Int()})
		}
		for n := r.Len(); n > 0; n-- {
			f.PromptedAt = append(f.PromptedAt, r.Int())
		}
	}
	if has&hasTrouble != 0 {
		f.Mood, f.MoodAt, f.AbandonedAt, f.Broken = r.Int(), r.Int(), r.Int(), r.Bool()
	}
	if has&hasWords != 0 {
		decodeExchanges(r, f)
	}
	if has&hasSales != 0 {
		for n := r.Len(); n > 0; n-- {
			f.Sales = append(f.Sales, event.Sale{At: r.Int(), Type: event.PurchaseType(r.Byte()), Order: r.Fixed64(), Amount: r.Int(), Currency: uint16(min(r.Uint(), event.NoCurrency))})
		}
	}
}
