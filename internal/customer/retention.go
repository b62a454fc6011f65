package customer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// point is an instant of activity, and where it was.
type point struct {
	at      int64
	channel event.Channel
	queue   string
}

func (p point) compare(o point) int {
	return cmp.Or(cmp.Compare(p.at, o.at), strings.Compare(p.channel.String(), o.channel.String()), strings.Compare(p.queue, o.queue))
}

// sessions is how far the customer's sessions have come. The zero point is none.
type sessions struct {
	last   point // the latest point
	before point // the last one of the session before that of the latest
}

func (s *sessions) visit(p point, gap int64) {
	if s.last.at != 0 && p.at-s.last.at > gap {
		s.before = s.last
	}
	s.last = p
}

// drop forgets what no window reaches, and reports whether there was any.
func (s *sessions) drop(t int64) bool {
	was := *s
	for _, p := range []*point{&s.last, &s.before} {
		if p.at+Keep < t {
			*p = point{}
		}
	}
	return *s != was
}

// visit is a week or month in which the customer was active on a channel, finally.
type visit struct {
	channel event.Channel
	month   bool
	begin   int64
}

func (v visit) compare(o visit) int {
	return cmp.Or(cmp.Compare(class(v.month), class(o.month)), cmp.Compare(v.channel, o.channel), cmp.Compare(v.begin, o.begin))
}

// Constants of the state schema: how long after its begin a period is needed, in ms. It is for as long as a visit in the next one is not final; the hours are for
// clocks that are put back.
const (
	weekKeep  = 14*day + factKeep + day
	monthKeep = 62*day + factKeep + day
)

func (v visit) keep() int64 {
	if v.month {
		return monthKeep
	}
	return weekKeep
}

// note adds the week and the month of an instant of a contact's activity.
func note(visits []visit, c *contact, at int64) []visit {
	for _, v := range [...]visit{{c.Channel, false, c.weeks.begin(at)}, {c.Channel, true, c.months.begin(at)}} {
		if i, found := slices.BinarySearchFunc(visits, v, visit.compare); !found {
			visits = slices.Insert(visits, i, v)
		}
	}
	return visits
}

// begins are the begins of the local weeks, or months, of a contact's activity, ascending: in the zone in force when the fact came, for what was counted must not
// depend on a later one.
type begins []int64

// begin returns the begin of the period of an instant of the activity.
func (b begins) begin(at int64) int64 {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] <= at {
			return b[i]
		}
	}
	return at
}

// Within these spans, in ms, after the begin of a period no clock change can have ended it.
const (
	surelyWeek  = 5 * day
	surelyMonth = 26 * day
)

// calendar finds begins of weeks and months. Facts come day by day, so the last answer is kept.
type calendar struct {
	zone        window.Zone
	week, month int64
}

func (k *calendar) find(at int64, zone window.Zone) (week, month int64) {
	if k.zone != zone || at < k.week || at >= k.week+surelyWeek || at < k.month || at >= k.month+surelyMonth {
		d := window.Day(at, zone)
		date := time.UnixMilli(d * day).UTC()
		sinceMonday, sinceFirst := int64(date.Weekday()+6)%7, int64(date.Day()-1)
		*k = calendar{zone, window.DayStart(d-sinceMonday, zone), window.DayStart(d-sinceFirst, zone)}
	}
	return k.week, k.month
}

// date notes the weeks and months of a contact's activity.
func (s *State) date(c *contact, zone window.Zone) {
	c.weeks, c.months = nil, nil
	for _, at := range c.ActiveAt {
		if at < s.loyal.done {
			continue
		}
		week, month := s.calendar.find(at, zone)
		c.weeks, c.months = c.weeks.with(week), c.months.with(month)
	}
}

func (b begins) with(at int64) begins {
	if n := len(b); n > 0 && b[n-1] == at {
		return b
	}
	return append(b, at)
}

// visitMoments derives where the customer came back to, and in which weeks and months they came.
func (s *State) visitMoments(out []convo.Moment) []convo.Moment {
	// Most customers have a few: no need to allocate.
	points, fresh := make([]point, 0, 16), make([]visit, 0, 8)
	for i := range s.facts {
		c := &s.facts[i]
		if c.Retracted {
			continue
		}
		for _, at := range c.ActiveAt {
			if at >= s.loyal.done {
				points = append(points, point{at, c.Channel, c.Queue})
				fresh = note(fresh, c, at)
			}
		}
	}
	slices.SortFunc(points, point.compare)
	way := s.loyal.sessions
	for _, p := range points {
		way.visit(p, s.gap)
	}
	if p := way.before; p.at != 0 {
		groups, n := rollUps(p.channel, p.queue)
		for _, g := range groups[:n] {
			out = append(out, convo.Moment{Kind: convo.Returned, At: p.at, Group: g})
		}
	}
	if len(fresh) == 0 {
		return out
	}
	months, _ := slices.BinarySearchFunc(fresh, true, func(v visit, month bool) int { return cmp.Compare(class(v.month), class(month)) })
	return s.stay(s.stay(out, fresh[:months]), fresh[months:])
}

// stay tells the visits of one class, weeks or months, over all channels and by channel.
func (s *State) stay(out []convo.Moment, fresh []visit) []convo.Moment {
	month := fresh[0].month
	every, marks := make([]mark, 0, 8), make([]mark, 0, 8)
	for i := 0; i < len(fresh); {
		channel := fresh[i].channel
		marks = marks[:0]
		for _, v := range s.loyal.visits {
			if v.month == month && v.channel == channel {
				marks = append(marks, mark{v.begin, true})
			}
		}
		for ; i < len(fresh) && fresh[i].channel == channel; i++ {
			marks = append(marks, mark{fresh[i].begin, false})
		}
		every = append(every, marks...)
		out = tell(out, marks, month, window.Group{Channel: channel.String()})
	}
	for _, v := range s.loyal.visits {
		if v.month == month && !slices.ContainsFunc(fresh, func(o visit) bool { return o.channel == v.channel }) {
			every = append(every, mark{v.begin, true})
		}
	}
	return tell(out, every, month, window.Group{})
}

// mark is a period with a visit.
type mark struct {
	begin int64
	final bool // counted for good
}

// tell counts the periods with a visit, and those whose next one has one too.
func tell(out []convo.Moment, marks []mark, month bool, g window.Group) []convo.Moment {
	slices.SortFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), -cmp.Compare(class(a.final), class(b.final)))
	})
	marks = slices.CompactFunc(marks, func(a, b mark) bool { return a.begin == b.begin })
	least, most := int64(5*day), int64(9*day) // between the begins of neighbours, whatever clocks do
	if month {
		least, most = 26*day, 33*day
	}
	for i, m := range marks {
		if !m.final {
			out = append(out, convo.Moment{Kind: convo.SeenIn, At: m.begin, Group: g, Class: class(month)})
		}
		stayed, counted := false, false // a change of the zone may leave several that are next
		for _, next := range marks[i+1:] {
			if d := next.begin - m.begin; d >= least && d <= most {
				stayed, counted = true, counted || m.final && next.final
			}
		}
		if stayed && !counted {
			out = append(out, convo.Moment{Kind: convo.StayedIn, At: m.begin, Group: g, Class: class(month)})
		}
	}
	return out
}
