package oracle

// The moments of rule 17.
const (
	BotJoined         Kind = "bot joined"
	HandedOff         Kind = "handed off"
	HandedOffOutHours Kind = "handed off out of hours"
	HandOffTime       Kind = "hand-off time"
)

// way is an episode's way from a bot to people.
type way struct {
	met    bool
	first  int64 // instant of the first bot act
	group  *Group
	handed bool
	at     int64
	out    bool // out of hours
}

// meets is a bot act.
func (l *life) meets(at int64) {
	if w := &l.ep.way; !w.met {
		w.met, w.first = true, at
	}
}

// hands looks whether an event brought the episode to people, who was in charge before.
func (l *life) hands(e *taken, charge int) {
	ep := &l.ep
	w := &ep.way
	if !w.met || w.handed || charge == people || ep.charge != people {
		return
	}
	w.handed, w.at = true, e.At
	if r := l.rule(l.book.clock(ep.serial, e.serial), ep.begin); r != nil {
		w.out = r.hours.opened(e.At, e.At+1) == 0
	}
}

// ways are the moments of the episode at hand.
func (l *life) ways() []found {
	w := l.ep.way
	if !w.met {
		return nil
	}
	out := []found{l.fixed(Moment{Kind: BotJoined, At: w.first}, w.group)}
	if w.handed {
		out = append(out, l.fixed(Moment{Kind: HandedOff, At: w.first}, w.group), l.fixed(Moment{Kind: HandOffTime, At: w.first, Value: w.at - w.first}, w.group))
		if w.out {
			out = append(out, l.fixed(Moment{Kind: HandedOffOutHours, At: w.first}, w.group))
		}
	}
	return out
}
