package customer

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// What most customers have none of is written behind a bit each.
const (
	hasAsked    = 1 << iota // survey requests
	hasOpinions             // final NPS answers
	hasLegs
	hasVisits
	hasLast   // a final point
	hasBefore // a final session before the one of it
)

func (s *State) encodeLoyalty(w *pack.Writer) {
	l := &s.loyal
	var has byte
	asked := s.wasAsked()
	for i, on := range [...]bool{asked, len(l.opinions) > 0, len(l.legs) > 0, len(l.visits) > 0, l.sessions.last.at != 0, l.sessions.before.at != 0} {
		if on {
			has |= 1 << i
		}
	}
	w.Byte(has)
	w.Int(l.done)
	if asked {
		w.Int(l.asked)
		w.Int(l.rest)
	}
	if has&hasOpinions != 0 {
		w.Uint(uint64(len(l.opinions)))
		for _, o := range l.opinions {
			w.Byte(byte(o.channel))
			w.String(o.queue)
			w.Bool(o.relational)
			w.Int(o.at)
			w.Byte(byte(o.point))
		}
	}
	if has&hasLegs != 0 {
		w.Uint(uint64(len(l.legs)))
		for _, g := range l.legs {
			w.String(g.subject)
			w.Byte(byte(g.channel))
			w.String(g.topic)
			w.Bool(g.any)
			w.Int(g.began)
			w.Int(g.last - g.began)
		}
	}
	if has&hasVisits != 0 {
		w.Uint(uint64(len(l.visits)))
		for _, v := range l.visits {
			w.Byte(byte(v.channel))
			w.Bool(v.month)
			w.Int(l.done - v.begin)
		}
	}
	if has&hasLast != 0 {
		encodePoint(w, l.sessions.last)
	}
	if has&hasBefore != 0 {
		encodePoint(w, l.sessions.before)
	}
}

func (s *State) decodeLoyalty(r *pack.Reader) {
	l := &s.loyal
	has := r.Byte()
	l.done = r.Int()
	if has&hasAsked != 0 {
		l.asked, l.rest = r.Int(), r.Int()
	}
	if has&hasOpinions != 0 {
		for n := r.Len(); n > 0; n-- {
			l.opinions = append(l.opinions, opinion{channel: event.Channel(r.Byte()), queue: r.String(), relational: r.Bool(), at: r.Int(), point: int64(r.Byte())})
		}
	}
	if has&hasLegs != 0 {
		for n := r.Len(); n > 0; n-- {
			g := leg{subject: r.String(), channel: event.Channel(r.Byte()), topic: r.String(), any: r.Bool(), began: r.Int()}
			g.last = g.began + r.Int()
			l.legs = append(l.legs, g)
		}
	}
	if has&hasVisits != 0 {
		for n := r.Len(); n > 0; n-- {
			l.visits = append(l.visits, visit{channel: event.Channel(r.Byte()), month: r.Bool(), begin: l.done - r.Int()})
		}
	}
	if has&hasLast != 0 {
		l.sessions.last = decodePoint(r)
	}
	if has&hasBefore != 0 {
		l.sessions.before = decodePoint(r)
	}
}

func encodePoint(w *pack.Writer, p point) {
	w.Int(p.at)
	w.Byte(byte(p.channel))
	w.String(p.queue)
}

func decodePoint(r *pack.Reader) point {
	return point{r.Int(), event.Channel(r.Byte()), r.String()}
}

// encode writes begins as they lie before an instant.
func (b begins) encode(w *pack.Writer, from int64) {
	w.Uint(uint64(len(b)))
	for _, at := range b {
		w.Int(from - at)
	}
}

func decodeBegins(r *pack.Reader, from int64) (b begins) {
	for n := r.Len(); n > 0; n-- {
		b = append(b, from-r.Int())
	}
	return b
}
