package replay

import (
	"context"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// harvest adds up the panes of each period. It reads them as late as possible, so that what changes late is in, but before a tick moves them into panes that are longer
// than the periods (or drops them). Longer periods are added up from several readings, cell by cell.
type harvest struct {
	e      *engine
	by     By
	dims   []window.Dimension
	zone   *time.Location
	stages []stage // what to read together

	reach   reach
	tenants []string
	span    map[string]*span // by tenant: from its first to its newest event
	begin   int64            // begin of the first day
	lastDay int64            // end of the day of the last event
	done    int64            // everything before is read
	buckets map[bucketKey]*bucket
}

// home is where the panes of a KPI are.
type home struct {
	customers bool // in the second stage
	family    window.Family
}

// stage is what is read of one of the two.
type stage struct {
	customers bool
	families  []window.Family
}

type span struct{ first, last int64 }

type bucketKey struct {
	tenant string
	from   int64
}

// bucket is one period of one tenant.
type bucket struct {
	tenant   string
	from, to int64
	of       map[home]*window.Sum
	complete bool
}

func newHarvest(e *engine, o *Options, questions []question, tenants []string, policies map[string]*sla.Policy, events []*event.Event) *harvest {
	h := &harvest{e: e, by: o.By, dims: o.Group, zone: policies[tenants[0]].Zone(), tenants: tenants, span: map[string]*span{}, buckets: map[bucketKey]*bucket{}}
	first, last := events[0].At, events[len(events)-1].At
	h.begin, _ = Day.period(first, h.zone)
	_, h.lastDay = Day.period(last, h.zone)
	h.done = h.begin
	if h.by.fine() {
		h.done = floor(first, dayMs)
	}
	h.reach = reachOf(policies, events)
	for _, customers := range []bool{false, true} {
		s := stage{customers: customers}
		for _, q := range questions {
			if q.def.SecondStage() == customers && !slices.Contains(s.families, q.family) {
				s.families = append(s.families, q.family)
			}
		}
		if len(s.families) > 0 {
			h.stages = append(h.stages, s)
		}
	}
	return h
}

// reach is how long after a tenant's last event something can still happen by itself.
type reach struct {
	ms    int64 // until the last contact went stale, the last episode ended, and a day
	grace int64 // how long a deadline waits, at most
	open  bool  // there are promises: how far those of open conversations reach, only the state can tell
}

func reachOf(policies map[string]*sla.Policy, events []*event.Event) reach {
	r := reach{ms: dayMs}
	channels, connectors, threadless := map[string]bool{}, map[string]bool{}, false
	for _, e := range events {
		channels[e.Channel.String()], connectors[e.Source.Connector] = true, true
		threadless = threadless || e.Threadless
	}
	for _, p := range policies {
		r.open = r.open || len(p.Rules()) > 0
		for c := range channels {
			r.ms = max(r.ms, p.StaleMs(c))
		}
		if threadless {
			r.ms = max(r.ms, p.EpisodeGapMs())
		}
		for c := range connectors {
			r.grace = max(r.grace, p.GraceMs(c))
		}
	}
	r.ms += r.grace + minuteMs
	return r
}

// saw notes an event that is about to be shipped.
func (h *harvest) saw(e *event.Event) {
	s := h.span[e.Tenant]
	if s == nil {
		s = &span{first: e.At}
		h.span[e.Tenant] = s
	}
	s.last = e.At
}

// stride is how far time may go at once while things can still happen by themselves: what happens on the way must find panes that are fine enough.
func (h *harvest) stride() int64 {
	if h.by.fine() {
		return 7 * dayMs
	}
	return 300 * dayMs
}

// keeps returns the instant from which panes stay fine enough when time reaches at.
func (h *harvest) keeps(at int64) int64 {
	if h.by.fine() {
		return floor(at-window.MediumKeep, dayMs)
	}
	return window.Kept(at, h.zone)
}

// before reads what a tick at an instant would spoil.
func (h *harvest) before(ctx context.Context, at int64) error {
	until := h.keeps(at)
	if until <= h.done {
		return nil
	}
	if err := h.e.settled(ctx, h.customers()); err != nil {
		return err
	}
	return h.take(ctx, until)
}

// finish reads the rest.
func (h *harvest) finish(ctx context.Context) error {
	if err := h.e.settled(ctx, h.customers()); err != nil {
		return err
	}
	_, end := Day.period(h.e.now(), h.zone)
	if err := h.take(ctx, end); err != nil || !h.by.fine() {
		return err
	}
	return h.verify(ctx)
}

func (h *harvest) customers() bool {
	return slices.ContainsFunc(h.stages, func(s stage) bool { return s.customers })
}

// take adds up everything from where the last reading ended.
func (h *harvest) take(ctx context.Context, until int64) error {
	for _, tenant := range h.tenants {
		s := h.span[tenant]
		if s == nil {
			continue
		}
		from, to := h.done, until
		// Before its first event a tenant has nothing, and long after its last one neither: years of silence cost no reading.
		if begin, _ := Day.period(s.first, h.zone); begin > from {
			from = begin
		}
		if !h.reach.open {
			if _, end := Day.period(s.last+h.reach.ms, h.zone); end < to {
				to = end
			}
		}
		for _, s := range h.stages {
			if err := h.takeStage(ctx, tenant, s, from, to); err != nil {
				return err
			}
		}
	}
	h.done = until
	return nil
}

// takeStage reads one stage in pieces that are not rounded to days, and what is not empty again by period.
func (h *harvest) takeStage(ctx context.Context, tenant string, s stage, from, to int64) error {
	for from < to {
		next := to
		if h.by.fine() {
			next = min(to, from+window.MaxFineWindow)
		}
		sums, err := h.e.reader.Sums(ctx, tenant, s.customers, s.families, h.dims, from, next, h.by.fine())
		if err != nil {
			return err
		}
		empty := true
		for _, sum := range sums.Of {
			empty = empty && len(sum.Groups()) == 0
		}
		for at := from; at < next && !empty; {
			end := h.slice(at, next)
			part := sums
			if at != from || end != next {
				if part, err = h.e.reader.Sums(ctx, tenant, s.customers, s.families, h.dims, at, end, h.by.fine()); err != nil {
					return err
				}
			}
			for family, sum := range part.Of {
				h.add(tenant, at, end, home{s.customers, family}, sum, part.Complete)
			}
			at = end
		}
		from = next
	}
	return nil
}

// slice returns where the piece of one period that begins at an instant ends.
func (h *harvest) slice(at, limit int64) int64 {
	if h.by == Total {
		if at < h.lastDay {
			limit = min(limit, h.lastDay)
		}
		return limit
	}
	_, end := h.by.period(at, h.zone)
	return min(limit, end)
}

// add puts a sum over a part of a period into its bucket.
func (h *harvest) add(tenant string, from, to int64, at home, sum *window.Sum, complete bool) {
	if len(sum.Groups()) == 0 {
		return
	}
	b := &bucket{tenant: tenant, from: h.begin, to: max(to, h.lastDay)}
	if h.by != Total {
		b.from, b.to = h.by.period(from, h.zone)
	}
	key := bucketKey{tenant, b.from}
	if old := h.buckets[key]; old != nil {
		old.to = max(old.to, b.to)
		b = old
	} else {
		b.of, b.complete = map[home]*window.Sum{}, true
		h.buckets[key] = b
	}
	if b.of[at] == nil {
		b.of[at] = window.NewSum(at.family, h.dims, b.from, b.to, h.zone)
	}
	b.of[at].Merge(sum)
	b.complete = b.complete && complete
}
