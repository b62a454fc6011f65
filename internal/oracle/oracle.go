// Package oracle computes the numbers of the catalogue again, by internal/kpi/DEFINITIONS.md alone: it reads the events of the log, sorts and counts.
//
// It has no panes and no incremental state, shares no code with what it judges and imports nothing of ours but the event type. Everything is simple before it is
// fast: calendars are stepped minute by minute, percentiles are those of sorted lists. Comments name the rules.
//
// A KPI needs one file, kpi_<family>.go: it enters the metrics that its moments count in (append to metrics) and its definitions with their formulas (add). A moment
// that nobody makes yet is a [Kind] of its own, made where its rule says: life.count when its group is known there, life.countAll when it is looked up in the history of
// all events. What a rule needs to remember of an episode is a field of it, and life.clone copies what a step changes in place.
package oracle

import (
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// World is a log that has been read to its end.
type World struct {
	parts    map[int32]*partition
	subjects []*subject
	moments  []Moment
	places   map[int][]int  // of the moments that count in a metric; nil until somebody asks
	told     []*event.Event // numbers that no channel brings
	triggers []event.Signal // that were set off
	heard    int64          // t of rule 11.3
	desks    []Open         // agents who are there
}

// Read computes what the records of the interactions log say, in the order of their offsets. The error says which policy cannot be read.
func Read(records []Placed, o Options) (*World, error) {
	w, err := read(records, o)
	if err != nil {
		return nil, err
	}
	w.moments = append(w.moments, w.customers()...)
	w.moments = append(w.moments, w.agents()...)
	slices.SortFunc(w.moments, Moment.compare)
	return w, nil
}

// read is the first stage: what conversations and own lines count.
func read(records []Placed, o Options) (*World, error) {
	parts, err := split(records, o)
	if err != nil {
		return nil, err
	}
	w := &World{parts: parts, triggers: o.Triggers, heard: o.Heard}
	if w.heard == 0 {
		w.heard = w.Time()
	}
	for _, r := range records {
		if e, ok := r.Body.(*event.Event); ok && e.Body.Kind() == event.KindReference && parts[r.Partition].book(e.Tenant, r.Offset) != nil {
			w.told = append(w.told, e)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		p := parts[n]
		keys := slices.SortedFunc(maps.Keys(p.subjects), func(a, b subjectKey) int {
			return strings.Compare(a.tenant+"\x00"+a.conversation+"\x00"+a.customer+"\x00"+a.agent, b.tenant+"\x00"+b.conversation+"\x00"+b.customer+"\x00"+b.agent)
		})
		for _, key := range keys {
			w.subjects = append(w.subjects, p.follow(key)...)
		}
	}
	for _, s := range w.subjects {
		w.moments = append(w.moments, s.moments...)
	}
	return w, nil
}

// Moments are all that counts, in the order of tenants and instants. The list is the world's own.
func (w *World) Moments() []Moment { return w.moments }

// Counting are the moments that count in a metric, in the order of [World.Moments].
func (w *World) Counting(metric int) []Moment {
	if w.places == nil {
		w.places = map[int][]int{}
		for i, m := range w.moments {
			for _, c := range m.Counts() {
				w.places[c.Metric] = append(w.places[c.Metric], i)
			}
		}
	}
	var out []Moment
	for _, i := range w.places[metric] {
		out = append(out, w.moments[i])
	}
	return out
}

// Breaches are the promises that count as broken.
func (w *World) Breaches() []Moment {
	return slices.DeleteFunc(slices.Clone(w.moments), func(m Moment) bool { return m.Kind != Broken })
}
