package exporter

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/store"
)

// openList is the open conversations of one tenant in one slot. It is immutable.
type openList struct {
	list   []kpi.OpenAt
	blobs  [][]byte       // what they were decoded from
	at     map[string]int // where in list, by conversation
	asOf   int64          // everything before is known, Unix ms
	readAt time.Time
	size   int64
}

// A list changes with nearly every event and is read whole. A long one is therefore read at most once in a while, however many ask for it; answers tell the
// instant that it is of.
const (
	longList  = 1000
	listEvery = time.Second
)

// good reports whether a list need not be read again yet.
func (l *openList) good(now time.Time) bool {
	age := now.Sub(l.readAt)
	return len(l.list) > longList && age >= 0 && age < listEvery
}

// list returns the value of an item that may not be there.
func (it *item) list() *openList {
	if it == nil {
		return nil
	}
	l, _ := it.value.(*openList)
	return l
}

// decodeOpen reads the open conversations of a slot whose time is t. Most are as they were before: those are not decoded again.
func decodeOpen(v store.Value, before *openList, t int64) (*openList, error) {
	l := &openList{list: make([]kpi.OpenAt, 0, len(v.Fields)), blobs: make([][]byte, 0, len(v.Fields)), at: make(map[string]int, len(v.Fields)), size: 300}
	for id, b := range v.Fields {
		var o convo.Open
		if i, ok := before.find(id, b); ok {
			o, b = before.list[i].Open, before.blobs[i] // the older strings, so that the newer ones can go
		} else {
			var err error
			if o, err = convo.DecodeOpen(b); err != nil {
				return nil, fmt.Errorf("open conversation: %w", err)
			}
			o.Conversation = id
		}
		l.at[o.Conversation] = len(l.list)
		l.list, l.blobs = append(l.list, kpi.OpenAt{Open: o, T: t}), append(l.blobs, b)
		l.size += int64(350 + len(id) + 2*len(b))
	}
	return l, nil
}

// decodeAgents reads the agents who are there, of a slot of the second stage.
func decodeAgents(v store.Value, _ *openList, t int64) (*openList, error) {
	l := &openList{list: make([]kpi.OpenAt, 0, len(v.Fields)), size: 300}
	for name, b := range v.Fields {
		n, err := agent.DecodeNow(b)
		if err != nil {
			return nil, fmt.Errorf("agent: %w", err)
		}
		n.Agent = name
		l.list = append(l.list, kpi.OpenAt{Open: convo.Open{Team: n.Team, Agent: name}, T: t, Desk: &n})
		l.size += int64(450 + len(name) + len(b))
	}
	return l, nil
}

// find returns where a conversation stands that has not changed.
func (l *openList) find(id string, b []byte) (int, bool) {
	if l == nil {
		return 0, false
	}
	i, ok := l.at[id]
	return i, ok && bytes.Equal(l.blobs[i], b)
}

// Conversation is an open conversation and how its most pressing promise stands.
type Conversation struct {
	kpi.OpenAt
	State kpi.PromiseState // "" without promises
	DueAt int64            // Unix ms; 0 when nothing is due
	Clock string           // of the most pressing promise
}

// Open is the list of open conversations.
type Open struct {
	List       []Conversation // overdue ones first, then due soonest first, then what has no due time by age
	AsOf, Now  int64          // Unix ms
	Zone       *time.Location
	Incomplete bool

	next                    []Conversation // the first that are not overdue, for the page
	total, overdue, dueSoon int            // of all that were picked from
	waiting, longest        int64          // contacts that wait for people, and ms that the first of them has waited
}

// Conversations lists all open conversations of a tenant, as they are now.
//
// Errors to decide on: [*UnknownError], [*TenantError].
func (r *Reader) Conversations(ctx context.Context, tenant string) (*Open, error) {
	return r.conversations(ctx, tenant, true, everyOpen, 0)
}

func everyOpen(*kpi.OpenAt) bool { return true }

func notOverdue(o *kpi.OpenAt) bool { return press(o).rank != rankOverdue }

// conversations lists the first open conversations that pass.
func (r *Reader) conversations(ctx context.Context, tenant string, fresh bool, pass func(*kpi.OpenAt) bool, limit int) (*Open, error) {
	s, err := r.read(ctx, need{tenant: tenant, stage: stageInteractions, open: true, fresh: fresh})
	if err != nil {
		return nil, err
	}
	return r.list(s, r.now().UnixMilli(), pass, limit), nil
}

// pressing is what conversations are sorted by; it is small, for there may be very many.
type pressing struct {
	rank     uint8
	clock    uint8 // index of the most pressing promise, plus 1
	due      int64
	openedAt int64
	of       *kpi.OpenAt
}

// list picks the first conversations that pass; limit 0 picks all.
func (r *Reader) list(s *snapshot, now int64, pass func(*kpi.OpenAt) bool, limit int) *Open {
	out := &Open{AsOf: s.openAsOf, Now: now, Zone: s.zone, Incomplete: now-s.openAsOf > r.cfg.StaleAfter.Milliseconds()}
	var top []pressing
	var worst *pressing // of those that stay for now, once there are enough
	for _, l := range s.open {
		for i := range l.list {
			o := &l.list[i]
			if !pass(o) {
				continue
			}
			p := press(o)
			out.count(p)
			if worst != nil && comparePressing(*worst, p) <= 0 {
				continue
			}
			if top = append(top, p); limit > 0 && len(top) >= 2*limit+100 {
				slices.SortFunc(top, comparePressing)
				top = top[:limit]
				worst = new(top[limit-1])
			}
		}
	}
	slices.SortFunc(top, comparePressing)
	if limit > 0 && len(top) > limit {
		top = top[:limit]
	}
	out.List = make([]Conversation, len(top))
	for i, p := range top {
		c := Conversation{OpenAt: *p.of, DueAt: p.due}
		if p.clock > 0 {
			promise := p.of.Promises[p.clock-1]
			c.State, c.Clock = kpi.StateOf(promise, c.T), promise.Clock.String()
		}
		out.List[i] = c
	}
	return out
}

// Ranks of conversations.
const (
	rankOverdue uint8 = iota
	rankDue
	rankPaused
	rankNone
)

// press finds the most pressing promise: the one due first.
func press(o *kpi.OpenAt) pressing {
	p := pressing{rank: rankNone, openedAt: o.OpenedAt, of: o}
	for i := range o.Promises {
		due := o.Promises[i].DueAt
		if p.clock == 0 || due != 0 && (p.due == 0 || due < p.due) {
			p.clock, p.due = uint8(min(i+1, 255)), due
		}
	}
	switch {
	case p.clock == 0:
	case p.due == 0:
		p.rank = rankPaused
	case kpi.StateOf(o.Promises[p.clock-1], o.T) == kpi.Overdue:
		p.rank = rankOverdue
	default:
		p.rank = rankDue
	}
	return p
}

func comparePressing(a, b pressing) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.due, b.due), cmp.Compare(a.openedAt, b.openedAt), cmp.Compare(a.of.Conversation, b.of.Conversation))
}

func (o *Open) count(p pressing) {
	o.total++
	switch {
	case p.rank == rankOverdue:
		o.overdue++
	case p.rank == rankDue && p.due-p.of.T <= soon.Milliseconds():
		o.dueSoon++
	}
	if since := p.of.WaitingSince; since != 0 {
		o.waiting, o.longest = o.waiting+1, max(o.longest, p.of.T-since)
	}
}
