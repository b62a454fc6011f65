package verify

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// maxTried bounds how many events are left out in search of the one that was skipped.
const maxTried = 5000

// skipped looks for the events that were not applied, when fewer records were applied than the log has and the state does not tell which: an event without which what its
// conversation counts is what the panes hold.
func (f *firstStage) skipped(s side, moments []oracle.Moment) {
	named := map[int64]bool{}
	suspects := map[string]bool{}
	for _, d := range f.report.Differences {
		if d.Topic != f.topic || d.Partition != f.p {
			continue
		}
		if d.Kind == Event && d.Offset != nil {
			named[*d.Offset] = true
		}
		if d.Kind == Pane || d.Kind == Open {
			for _, name := range d.Conversations {
				suspects[event.ConversationKey(d.Tenant, name)] = true
			}
			for _, name := range d.Customers {
				suspects[event.CustomerKey(d.Tenant, name)] = true
			}
		}
	}
	all := expect(moments, s.tenants, s.boundary, everything)
	tried := 0
	for _, key := range slices.Sorted(maps.Keys(suspects)) {
		own := slices.DeleteFunc(slices.Clone(moments), func(m oracle.Moment) bool { return m.Key() != key })
		is := expect(own, s.tenants, s.boundary, everything)
		for _, r := range f.x.records {
			e, ok := r.Body.(*event.Event)
			if !ok || r.Key != key || named[r.Offset] {
				continue
			}
			if tried++; tried > maxTried {
				return
			}
			without, open := f.w.Without(r)
			same, changed := f.explains(all, is, expect(without, s.tenants, s.boundary, everything))
			if !same || !f.opens(e, open) || !changed && !f.differs(e, Open) {
				continue
			}
			d := Difference{Kind: Event, Topic: f.topic, Partition: f.p, Offset: &r.Offset, Tenant: e.Tenant, Key: "s", Field: key, State: "is what follows when it was not applied",
				Log: fmt.Sprintf("event %s of %s at offset %d", e.ID, stamp(e.At), r.Offset)}
			if e.Conversation != "" {
				d.Conversations = []string{e.Conversation}
			}
			f.report.add(d)
			break
		}
	}
}

func everything(*oracle.Moment) bool { return true }

// explains says whether the panes hold what is expected of all when a subject counts other than it should, and whether that is something else than what it should.
func (f *firstStage) explains(all, is, would map[cellKey]*wanted) (same, changed bool) {
	for k := range joined(is, would) {
		got := map[int]*total{}
		if b, ok := f.c.Hashes[k.key][k.field]; ok {
			var err error
			if got, err = held(b); err != nil {
				return false, false
			}
		}
		for _, m := range metricsOf(got, cellMetrics(all, k), cellMetrics(is, k), cellMetrics(would, k)) {
			was, now := cellValue(is, k, m), cellValue(would, k, m)
			want := cellValue(all, k, m).less(was).plus(now)
			if !value(got, m).equal(want) {
				return false, false
			}
			changed = changed || !was.equal(now)
		}
	}
	return true, changed
}

// opens says whether the state holds what readers would see of a conversation.
func (f *firstStage) opens(e *event.Event, would []oracle.Open) bool {
	b, ok := f.c.Hashes["o:"+e.Tenant][e.Conversation]
	if !ok || len(would) == 0 {
		return !ok && len(would) == 0
	}
	o, err := convo.DecodeOpen(b)
	return err == nil && lineOf(o) == lineOfLog(would[0])
}

// differs says whether a difference of a kind was found of the conversation of an event.
func (f *firstStage) differs(e *event.Event, kind Kind) bool {
	return slices.ContainsFunc(f.report.Differences, func(d Difference) bool {
		return d.Kind == kind && d.Tenant == e.Tenant && slices.Equal(d.Conversations, []string{e.Conversation})
	})
}

func joined(a, b map[cellKey]*wanted) map[cellKey]bool {
	out := map[cellKey]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

func cellValue(cells map[cellKey]*wanted, k cellKey, metric int) total {
	return value(cellMetrics(cells, k), metric)
}

func cellMetrics(cells map[cellKey]*wanted, k cellKey) map[int]*total {
	if w := cells[k]; w != nil {
		return w.metrics
	}
	return nil
}

func (t total) plus(o total) total { return t.times(o, 1) }
func (t total) less(o total) total { return t.times(o, -1) }

// times adds o sign times.
func (t total) times(o total, sign int64) total {
	out := total{n: t.n + sign*o.n, sum: t.sum + sign*o.sum, buckets: maps.Clone(t.buckets)}
	for i, n := range o.buckets {
		if out.buckets == nil {
			out.buckets = map[int]int64{}
		}
		if out.buckets[i] += sign * n; out.buckets[i] == 0 {
			delete(out.buckets, i)
		}
	}
	return out
}
