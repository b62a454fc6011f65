package exporter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Sums is what the panes of a window add up to, for callers that add up longer spans than panes are kept.
type Sums struct {
	kpi.Frame
	Of map[window.Family]*window.Sum
}

// Sums adds up the panes of [from, to) (Unix ms) by some dimensions, for some families of one stage: that of customers, or that of conversations. Both ends must be edges of panes that survive; to may lie in the future. With fine, panes that are days are left out: a caller who reads shorter ones before they become days has
// counted them already.
//
// Errors: [*UnknownError], [*TenantError], and those of the store.
func (r *Reader) Sums(ctx context.Context, tenant string, customers bool, families []window.Family, by []window.Dimension, from, to int64, fine bool) (*Sums, error) {
	n := need{tenant: tenant, stage: stageInteractions, families: families, fine: fine}
	if customers {
		n.stage = stageCustomers
	}
	frames, _, err := r.frames(ctx, []Query{{Tenant: tenant, By: by, Window: Span{ms: to - from}, At: to}}, r.now().UnixMilli(), n)
	if err != nil {
		return nil, err
	}
	f := frames[0]
	if f.Window.From != from || f.Window.To != to {
		return nil, fmt.Errorf("%s to %s are no edges of panes that survive; the nearest are %s to %s", kpi.Timestamp(from, f.Window.Zone), kpi.Timestamp(to, f.Window.Zone),
			kpi.Timestamp(f.Window.From, f.Window.Zone), kpi.Timestamp(f.Window.To, f.Window.Zone))
	}
	return &Sums{Frame: f.Frame, Of: f.sums}, nil
}

// block is a chunk as the cache keeps it, with the sums of what windows cut out of it: at the next read of the same window most chunks are the same.
type block struct {
	*window.Block
	mu   sync.Mutex
	cuts []cut // newest first
}

type cut struct {
	by       []window.Dimension
	from, to int64
	zone     *time.Location
	sum      *window.Sum // immutable
}

const cutsKept = 28 // the page asks for six, metrics for four windows and, of distinct customers, each of them in four or five roll-ups

// cut returns the sum of the panes in [from, to), which lie in the chunk. The edges come back wider when a pane straddles one: there is no sum then.
func (b *block) cut(f window.Family, by []window.Dimension, from, to int64, zone *time.Location) (sum *window.Sum, wideFrom, wideTo int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.cuts {
		if c.from == from && c.to == to && c.zone == zone && slices.Equal(c.by, by) {
			return c.sum, from, to
		}
	}
	sum = window.NewSum(f, by, from, to, zone)
	a, z, ok := sum.Add(b.Block)
	if !ok {
		return nil, a, z
	}
	b.cuts = slices.Insert(b.cuts[:min(len(b.cuts), cutsKept-1)], 0, cut{slices.Clone(by), from, to, zone, sum})
	return sum, from, to
}

// sum adds up the panes of a window as [window.Round] gives it. The edges come back wider when a pane straddles one: the sum is of no use then.
func (s *snapshot) sum(f window.Family, by []window.Dimension, from, to int64) (sum *window.Sum, wideFrom, wideTo int64) {
	sum, wideFrom, wideTo = window.NewSum(f, by, from, to, s.zone), from, to
	for _, p := range s.blocks[f] {
		a, z := p.chunk.Span(s.zone)
		switch {
		case z <= from || a >= to:
		case a >= from && z <= to:
			_, _, _ = sum.Add(p.block.Block) // whole: nothing straddles
		default:
			part, a, z := p.block.cut(f, by, max(a, from), min(z, to), s.zone)
			if wideFrom, wideTo = min(wideFrom, a), max(wideTo, z); part != nil {
				sum.Merge(part)
			}
		}
	}
	return sum, wideFrom, wideTo
}
