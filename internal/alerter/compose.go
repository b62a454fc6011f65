package alerter

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
)

// maxItems is how many incidents a notice about several names; Total tells how many there are.
const maxItems = 20

// compose makes the notice of an attempt.
func (d *desk) compose(a *attempt, link func(t *Tenant, incident string) string) notify.Notice {
	t := d.tenants[a.Tenant]
	if a.panel != "" {
		return d.composePanel(t, a)
	}
	items := make([]*incident, 0, len(a.Members))
	types := make(map[*incident]notify.Type, len(a.Members))
	counts := map[notify.Type]int{}
	for _, m := range a.Members {
		counts[m.Type]++
		if i := d.incidents[m.Incident]; i != nil {
			items, types[i] = append(items, i), m.Type
		}
	}
	slices.SortFunc(items, func(x, y *incident) int {
		return cmp.Or(cmp.Compare(urgency(types[y]), urgency(types[x])), cmp.Compare(rank(y.Severity), rank(x.Severity)), cmp.Compare(x.eventAt(), y.eventAt()), cmp.Compare(x.ID, y.ID))
	})
	if len(a.Members) == 1 && len(items) == 1 && !a.Digest {
		n := t.notice(items[0], a.Members[0].Type)
		n.ID, n.Acknowledge = a.ID, ""
		if !n.Type.Over() && items[0].AckAt == 0 {
			n.Acknowledge = link(&t.Tenant, items[0].ID)
		}
		return n
	}
	n := notify.Notice{
		ID: a.ID, Incident: event.OutputID(append([]string{"group"}, a.Groups...)...), Revision: int(a.At / 1000), Type: notify.Digest, Severity: notify.Info, Tenant: t.Name, Lang: t.Lang, Zone: t.Zone,
		At: time.UnixMilli(a.At), Labels: common(items), Total: len(a.Members), Counts: counts,
	}
	if !a.Digest && len(items) > 0 {
		n.Type, n.Severity = types[items[0]], severest(d, a.Members)
	}
	for _, i := range items {
		if at := time.UnixMilli(i.StartedAt); i.StartedAt != 0 && (n.StartsAt.IsZero() || at.Before(n.StartsAt)) {
			n.StartsAt = at
		}
		if i.DueAt != 0 && (n.DueAt.IsZero() || i.DueAt < n.DueAt.UnixMilli()) {
			n.DueAt = time.UnixMilli(i.DueAt)
		}
	}
	n.Labels["tenant"] = t.Name
	for _, i := range items[:min(len(items), maxItems)] {
		item := t.notice(i, types[i])
		item.ID = a.ID
		n.Items = append(n.Items, item)
	}
	return n
}

// urgency orders the types of what stands in one notice.
func urgency(t notify.Type) int {
	switch t {
	case notify.SLABreached:
		return 6
	case notify.KPIFiring:
		return 5
	case notify.TriggerFired:
		return 4
	case notify.SLAWarning:
		return 3
	case notify.SLASettled:
		return 2
	}
	return 1
}

// common are the labels that all of several incidents have with the same value.
func common(items []*incident) map[string]string {
	out := map[string]string{}
	for n, i := range items {
		l := i.labels()
		if n == 0 {
			out = l
			continue
		}
		for k, v := range out {
			if l[k] != v {
				delete(out, k)
			}
		}
	}
	return out
}

// notice is what is said about one incident.
func (t *tenant) notice(i *incident, typ notify.Type) notify.Notice {
	n := notify.Notice{
		Incident: i.ID, Revision: int(i.Rev), Type: typ, Severity: i.Severity, Tenant: i.Tenant, Lang: t.Lang, Zone: t.Zone, Labels: i.labels(), At: time.UnixMilli(i.At),
		Conversation: i.Conversation, Customer: i.Customer, Team: i.Team, Agent: i.Agent, Link: i.Link, Runbook: i.Runbook, Reason: i.Reason, Condition: i.Condition, Value: i.Value,
	}
	set := func(into *time.Time, ms int64) {
		if ms != 0 {
			*into = time.UnixMilli(ms)
		}
	}
	set(&n.StartsAt, i.StartedAt)
	set(&n.EndsAt, i.EndedAt)
	set(&n.DueAt, i.DueAt)
	if i.Unknown {
		n.Reason = words[t.Lang]["unknown"]
	}
	return n
}

// words are the sentences that only the alerter can say.
var words = map[string]map[string]string{
	"en": {"unknown": "After a rebuild it is no longer known to be open; nobody knows how it ended."},
	"es": {"unknown": "Tras una reconstrucción ya no consta como abierta; no se sabe cómo terminó."},
	"pt": {"unknown": "Após uma reconstrução já não consta como aberta; não se sabe como terminou."},
}

// composePanel makes the notice of an alert that is repeated: how many are open, the most pressing of them, and until when it holds.
func (d *desk) composePanel(t *tenant, a *attempt) notify.Notice {
	p := d.panels[a.panel]
	n := t.notice(p.sample, p.sample.Type)
	n.StartsAt = time.UnixMilli(p.since)
	n.EndsAt = time.UnixMilli(a.At).Add(panelLasts)
	var open []*incident
	for id := range p.incidents {
		if i := d.incidents[id]; i != nil {
			open = append(open, i)
		}
	}
	slices.SortFunc(open, func(x, y *incident) int {
		return cmp.Or(cmp.Compare(x.eventAt(), y.eventAt()), cmp.Compare(x.ID, y.ID))
	})
	if p.sample.Rule == "" {
		count := kpi.Number(strconv.Itoa(len(open)))
		n.Incident, n.Conversation, n.Customer, n.Team, n.Agent, n.Link = event.OutputID("panel", a.panel), "", "", "", "", ""
		n.Total, n.Counts = len(open), map[notify.Type]int{notify.SLABreached: len(open)}
		n.Value = &kpi.Value{
			KPI: "sla_overdue", Definition: p.sample.Clock, Version: 1, Tenant: t.Name, Group: map[string]string{"queue": p.sample.Queue, "channel": p.sample.Channel},
			Value: count, Unit: kpi.Count, N: int64(len(open)), Numerator: count, AsOf: kpi.Timestamp(a.At, t.Zone), Complete: true,
		}
		n.Type = notify.SLABreached
		for _, i := range open[:min(len(open), maxItems)] {
			n.Items = append(n.Items, t.notice(i, i.Type))
		}
		if len(open) > 0 {
			n.DueAt = time.UnixMilli(open[0].DueAt)
		}
	}
	if p.endedAt != 0 {
		n.EndsAt = time.UnixMilli(p.endedAt)
		n.Type = notify.SLASettled
		if p.sample.Rule != "" {
			n.Type = notify.KPIResolved
		}
	}
	n.Revision = int(a.At / 1000)
	n.ID = event.OutputID("panel", a.panel, strconv.FormatInt(a.At, 10))
	return n
}
