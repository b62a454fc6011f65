package replay

import (
	"math"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// desk keeps the open conversations that a KPI about now counts, group by group.
type desk struct {
	waits bool // it counts who waits, not what is promised
	of    map[*talk]place
}

type place struct {
	group *tracked
	index int
}

// open is the conversations of one group.
type open struct {
	list  []kpi.OpenAt
	talks []*talk
	fresh bool  // the list has changed
	next  int64 // when the number may change by itself, Unix ms
}

func newDesk(d *kpi.Definition) *desk {
	somebody := []kpi.OpenAt{{Open: convo.Open{WaitingSince: 1}, T: 2}}
	return &desk{waits: d.Now(somebody).Count() > 0, of: map[*talk]place{}}
}

// show puts a conversation where it belongs now.
func (p *probe) show(x *talk, o convo.Open, shown bool) {
	d := p.desk
	counts := shown && (d.waits && o.WaitingSince != 0 || !d.waits && promised(o, p.rule.Definition))
	old, was := d.of[x]
	if !was && !counts {
		return
	}
	if was {
		list := &old.group.open
		last := len(list.list) - 1
		list.list[old.index], list.talks[old.index] = list.list[last], list.talks[last]
		d.of[list.talks[old.index]] = old
		list.list, list.talks, list.fresh = list.list[:last], list.talks[:last], true
		delete(d.of, x)
	}
	if !counts {
		return
	}
	seen := kpi.OpenAt{Open: o}
	group := p.of(kpi.GroupOf(&seen).By(p.rule.By))
	d.of[x] = place{group, len(group.open.list)}
	group.open.list, group.open.talks, group.open.fresh = append(group.open.list, seen), append(group.open.talks, x), true
}

// promised reports whether a promise of the clock that a definition counts runs.
func promised(o convo.Open, clock string) bool {
	for _, p := range o.Promises {
		if p.Clock.String() == clock {
			return true
		}
	}
	return false
}

// at returns the conversations as of an instant.
func (o *open) at(at int64) []kpi.OpenAt {
	for i := range o.list {
		o.list[i].T = at
	}
	return o.list
}

// next returns when the number may change though no conversation does: who waits waits longer all the time, promises come near and pass.
func (d *desk) next(list []kpi.OpenAt, at int64) int64 {
	next := int64(math.MaxInt64)
	if d.waits {
		if len(list) > 0 {
			next = at + window.FinePane
		}
		return next
	}
	for i := range list {
		for _, p := range list[i].Promises {
			for _, t := range [...]int64{p.WarnAt, p.WarnAt + 1, p.DueAt, p.DueAt + 1} {
				if t > at {
					next = min(next, t)
				}
			}
		}
	}
	return next
}
