package replay

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

// flapMs is how short an incident is that was not worth calling anybody for.
const flapMs = 5 * minuteMs

// RuleReport is what one rule would have done to the people who are called.
type RuleReport struct {
	Tenant   string        `json:"tenant"`
	Alert    string        `json:"alert"`
	Severity rule.Severity `json:"severity"`
	// Fired counts incidents, Flapped those that were over within five minutes, Open those that lasted to the end of the log.
	Fired   int `json:"fired"`
	Flapped int `json:"flapped"`
	Open    int `json:"open"`
	// PerShift is how often it fired in a shift of 12 hours (from 8 and from 20 o'clock in the tenant's zone) on average over the log, WorstShift in the worst one.
	PerShift   float64 `json:"per_shift"`
	WorstShift int     `json:"worst_shift"`
	// MedianS and P95S are how long incidents that ended lasted, in seconds; null without one.
	MedianS kpi.Number `json:"median_s"`
	P95S    kpi.Number `json:"p95_s"`
	// First and Last are when it fired, RFC 3339 in the tenant's zone; empty when it never did.
	First string `json:"first"`
	Last  string `json:"last"`
	// Groups are those that it fired for, the most frequent first.
	Groups []GroupReport `json:"groups"`
	// Skipped says why the log cannot tell; empty when it can.
	Skipped string `json:"skipped,omitempty"`
}

// GroupReport is how often a rule fired for a group.
type GroupReport struct {
	Group map[string]string `json:"group"`
	Fired int               `json:"fired"`
}

// Report sums up a back-test rule by rule, in the order of tenants and of their rules.
func (b *Backtested) Report(policies map[string]*sla.Policy, rules map[string]*rule.Set) []RuleReport {
	out := []RuleReport{}
	for _, tenant := range sortedKeys(rules) {
		zone := time.UTC
		if p := policies[tenant]; p != nil {
			zone = p.Zone()
		}
		for _, r := range rules[tenant].Rules {
			x := RuleReport{Tenant: tenant, Alert: r.Name, Severity: r.Severity, Groups: []GroupReport{}, Skipped: b.Skipped[r.Name]}
			b.tell(&x, zone)
			out = append(out, x)
		}
	}
	return out
}

func (b *Backtested) tell(x *RuleReport, zone *time.Location) {
	var lasted []int64
	shifts := map[int64]int{}
	groups := map[string]int{} // fingerprint → index
	for _, c := range b.Changes {
		if c.Tenant != x.Tenant || c.Rule != x.Alert {
			continue
		}
		switch c.What {
		case rule.Fired:
			x.Fired++
			x.Open++
			shifts[shiftOf(c.At, zone)]++
			x.WorstShift = max(x.WorstShift, shifts[shiftOf(c.At, zone)])
			if x.First == "" {
				x.First = kpi.Timestamp(c.At, zone)
			}
			x.Last = kpi.Timestamp(c.At, zone)
			i, ok := groups[c.Fingerprint]
			if !ok {
				i = len(x.Groups)
				groups[c.Fingerprint] = i
				x.Groups = append(x.Groups, GroupReport{Group: c.Group})
			}
			x.Groups[i].Fired++
		case rule.Resolved:
			x.Open--
			lasted = append(lasted, c.At-c.FiredAt)
			if c.At-c.FiredAt < flapMs {
				x.Flapped++
			}
		}
	}
	slices.SortStableFunc(x.Groups, func(a, b GroupReport) int { return cmp.Compare(b.Fired, a.Fired) })
	if length := shiftOf(b.To-1, zone) - shiftOf(b.From, zone) + 1; length > 0 {
		x.PerShift = float64(x.Fired) / float64(length)
	}
	slices.Sort(lasted)
	if n := len(lasted); n > 0 {
		x.MedianS, x.P95S = kpi.SecondsOf(lasted[(n-1)/2]), kpi.SecondsOf(lasted[(95*n+99)/100-1])
	}
}

// shiftOf numbers the shifts of 12 hours from 8 and from 20 o'clock.
func shiftOf(at int64, zone *time.Location) int64 {
	const shift = 12 * hourMs
	_, offset := time.UnixMilli(at).In(zone).Zone()
	return floor(at+int64(offset)*1000-8*hourMs, shift) / shift
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// ReadLog reads logs with a mapping, as [Run] does: their events in the order of time, and the policies of the tenants found. zone replaces the mapping's, "" does not.
func ReadLog(ctx context.Context, m *mapping.Mapping, inputs []mapping.Input, zone string) ([]*event.Event, map[string]*sla.Policy, mapping.Ledger, error) {
	read, err := m.Read(ctx, inputs, mapping.Options{})
	if err != nil {
		return nil, nil, mapping.Ledger{}, err
	}
	o := Options{Mapping: m, Zone: zone}
	policies, err := o.policies(read.Tenants)
	return read.Events, policies, read.Ledger, err
}
