package exporter

import (
	"context"
	"fmt"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Sums is what the panes of a window add up to, for callers that add up longer spans than panes are kept.
type Sums struct {
	kpi.Frame
	Of map[window.Family]*window.Sum
}

// Sums adds up the panes of [from, to) (Unix ms) by some dimensions, for some families of one stage: [window.Activity] cannot be asked for together with another. Both ends
// must be edges of panes that survive; to may lie in the future.
//
// Errors: [*UnknownError], [*TenantError], and those of the store.
func (r *Reader) Sums(ctx context.Context, tenant string, families []window.Family, by []window.Dimension, from, to int64) (*Sums, error) {
	n := need{tenant: tenant, stage: stageInteractions, families: families}
	for _, f := range families {
		if f == window.Activity {
			n.stage = stageCustomers
		}
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
