package replay

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// values reads the answers off the buckets, in the order of period, tenant, group, KPI and definition. A group has values in a period in which anything was counted for
// one of the KPIs; KPIs that nobody named are left out when they have no data at all.
func (h *harvest) values(questions []question, policies map[string]*sla.Policy, named bool) ([]kpi.Value, error) {
	var out []kpi.Value
	found := map[string]bool{}
	buckets := make([]*bucket, 0, len(h.buckets))
	for _, b := range h.buckets {
		buckets = append(buckets, b)
	}
	slices.SortFunc(buckets, func(a, b *bucket) int {
		return cmp.Or(cmp.Compare(a.from, b.from), strings.Compare(a.tenant, b.tenant))
	})
	for _, b := range buckets {
		frame := kpi.Frame{
			Tenant: b.tenant, By: h.dims, AsOf: h.e.now(), Complete: b.complete, Policy: policies[b.tenant],
			Window: kpi.Window{From: b.from, To: b.to, Now: h.e.now(), Zone: h.zone},
		}
		for _, g := range b.groups() {
			values, err := b.answer(questions, frame, g, named)
			if err != nil {
				return nil, err
			}
			counted := false
			for _, v := range values {
				counted = counted || v.N > 0
				found[v.KPI] = found[v.KPI] || v.N > 0
			}
			if counted {
				out = append(out, values...)
			}
		}
	}
	if !named {
		out = slices.DeleteFunc(out, func(v kpi.Value) bool { return !found[v.KPI] })
	}
	return out, nil
}

// groups returns the groups with any contribution in the bucket, in order.
func (b *bucket) groups() []window.Group {
	var out []window.Group
	for _, sum := range b.of {
		out = append(out, sum.Groups()...)
	}
	slices.SortFunc(out, window.Group.Compare)
	return slices.Compact(out)
}

// answer reads the questions of a group. What distinct customers cannot tell of a period in the past is left out, unless it was named.
func (b *bucket) answer(questions []question, f kpi.Frame, g window.Group, named bool) ([]kpi.Value, error) {
	var out []kpi.Value
	for _, q := range questions {
		sum := b.of[home{q.def.SecondStage(), q.family}]
		if sum == nil {
			sum = window.NewSum(q.family, f.By, f.Window.From, f.Window.To, f.Window.Zone)
		}
		for _, def := range q.definitions {
			values, err := q.def.Values([]*kpi.Definition{def}, f, []window.Group{g}, sum, nil)
			if _, past := errors.AsType[*kpi.WindowError](err); past && !named {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, values...)
		}
	}
	return out, nil
}

func iso(at int64) string { return time.UnixMilli(at).UTC().Format(time.RFC3339) }
