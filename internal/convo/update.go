package convo

import (
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
)

// update is the promise to keep the customer informed: after each reply, from the first response on, the next one is owed.
type update struct {
	At     int64 // the last reply; 0: nothing is owed
	ID     uint64
	Serial int64
}

// updateClocks are the two ways of counting the time between replies.
var updateClocks = [...]sla.Clock{sla.PeriodicUpdate, sla.PausableUpdate}

func (x update) clone() update { return x }

func (x *update) encode(w *pack.Writer) {
	if w.Int(x.At); x.At != 0 {
		w.Fixed64(x.ID)
		w.Int(x.Serial)
	}
}

func (x *update) decode(r *pack.Reader) {
	if x.At = r.Int(); x.At != 0 {
		x.ID, x.Serial = r.Fixed64(), r.Int()
	}
}

// updated: a reply tells the customer how things stand. It ends what the one before began, and as long as the conversation is open the next one is owed. Before the
// first response nothing is: that one has its own promise, and a customer who has not written waits for no news.
func (r *run) updated(e *Entry) {
	if r.Update.At != 0 {
		serial, rule := r.updateRule()
		for _, clock := range updateClocks {
			r.emit(Updated, e.At, r.silence(clock, rule, e.At)).Clock = clock
			r.fulfil(clock, r.Update.At, r.Update.ID, serial, rule, e.At)
		}
	}
	r.Update = update{}
	if r.FirstDone && r.Status != kindResolved && r.Status != kindClosed && !r.channel.Voiced() {
		r.Update = update{At: e.At, ID: e.ID, Serial: e.Serial}
	}
}

// endUpdate: no news is owed any more.
func (r *run) endUpdate(at int64) {
	if r.Update.At == 0 {
		return
	}
	serial, rule := r.updateRule()
	for _, clock := range updateClocks {
		r.endPromise(clock, r.Update.At, r.Update.ID, serial, rule, at, false)
	}
	r.Update = update{}
}

// openUpdate appends the promises of news that run on at the end of the entries.
func (r *run) openUpdate(out []promise) []promise {
	if r.Update.At == 0 {
		return out
	}
	serial, rule := r.updateRule()
	for _, clock := range updateClocks {
		if p, ok := r.promise(clock, r.Update.At, r.Update.ID, serial, rule); ok {
			out = append(out, p)
		}
	}
	return out
}

func (r *run) updateRule() (serial int64, rule *sla.Rule) {
	serial = r.serial(r.Update.Serial)
	return serial, r.rule(serial, r.Update.At)
}

// silence is the time since the last reply as a clock counts it.
func (r *run) silence(clock sla.Clock, rule *sla.Rule, at int64) int64 {
	var calendar *sla.Calendar // without a rule it is always open
	if rule != nil {
		calendar = rule.Calendar
	}
	return sla.Elapsed(calendar, r.Update.At, at, r.stops(clock, rule))
}

// stops returns the pauses in which a clock stands.
func (r *run) stops(clock sla.Clock, rule *sla.Rule) []sla.Pause {
	var out []sla.Pause
	switch clock {
	case sla.PeriodicUpdate:
	case sla.PausableUpdate:
		for _, p := range r.Pauses {
			if p.Kind == kindPending || rule != nil && rule.PausesOn(pauseNames[p.Kind]) {
				out = append(out, sla.Pause{From: p.From, To: p.To})
			}
		}
	default:
		out = pausesOf(rule, r.Pauses)
	}
	return out
}
