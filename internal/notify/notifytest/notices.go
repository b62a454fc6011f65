// Package notifytest holds the promises that every sink keeps: [Exercise] plays a receiver with all its moods, [Notices] are samples of everything that is told.
package notifytest

import (
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
)

// Now is the clock of the suite; the samples happen around it.
var Now = time.Date(2026, time.March, 2, 13, 32, 3, 0, time.UTC)

// Sample is a notice with a name.
type Sample struct {
	Name   string
	Notice notify.Notice
}

// Notices returns samples of every type in a language, of groups and of what may be missing. The instants are those of a winter's day in Madrid.
func Notices(lang string) []Sample {
	madrid := time.FixedZone("CET", 3600)
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, time.March, 2, hour, minute, second, 0, time.UTC)
	}
	base := notify.Notice{
		ID: "d-7f3a.crm.1", Incident: "i-7f3a", Revision: 1, Severity: notify.Critical, Tenant: "acme", Lang: lang, Zone: madrid,
		Labels: map[string]string{"alertname": "FirstReplyLate", "tenant": "acme", "queue": "support", "channel": "whatsapp", "clock": "first_response", "severity": "critical"},
		At:     at(13, 32, 3), StartsAt: at(13, 32, 0), DueAt: at(13, 32, 0),
		Conversation: "c-91b2", Customer: "p-00aa", Team: "tier 1",
		Link: "https://desk.example.org/conversations/91b2", Runbook: "https://example.org/runbooks/first-reply", Acknowledge: "https://vigia.example.org/ack/i-7f3a?sig=abc",
	}
	with := func(change func(n *notify.Notice)) notify.Notice {
		n := base
		change(&n)
		return n
	}
	p90 := kpi.Number("312.4")
	level := func(value, num, den, low, high string) *kpi.Value {
		return &kpi.Value{
			KPI: "service_level", Definition: "default", Version: 1, Tenant: "acme", Group: map[string]string{"queue": "sales"}, Params: map[string]kpi.Number{"target_s": "20"},
			From: "2026-03-02T14:15:00+01:00", To: "2026-03-02T14:30:00+01:00", Value: kpi.Number(value), Unit: kpi.Ratio, N: 48, Numerator: kpi.Number(num),
			Denominator: kpi.Number(den), Low: kpi.Number(low), High: kpi.Number(high), AsOf: "2026-03-02T14:30:02+01:00", FreshnessS: "1.5", Complete: true,
		}
	}
	sales := map[string]string{"alertname": "ServiceLevelSlipping", "tenant": "acme", "queue": "sales", "channel": "voice", "severity": "critical", "site": "madrid"}
	rule := func(n *notify.Notice) {
		n.Labels, n.DueAt, n.Conversation, n.Customer, n.Team = sales, time.Time{}, "", "", ""
		n.Type, n.Value, n.Condition = notify.KPIFiring, level("0.7083333333333334", "34", "48", "0.567621", "0.818116"), "< 80 %"
	}
	var items []notify.Notice
	for i, minute := range []int{20, 25, 31} {
		items = append(items, with(func(n *notify.Notice) {
			n.Type, n.DueAt, n.Conversation = notify.SLABreached, at(13, minute, 0), []string{"c-1", "c-2", "c-3"}[i]
			n.Link = "https://desk.example.org/conversations/" + n.Conversation
		}))
	}
	return []Sample{
		{"warning", with(func(n *notify.Notice) {
			n.Type, n.Severity, n.DueAt, n.StartsAt = notify.SLAWarning, notify.Warning, at(13, 37, 3), at(13, 32, 3)
		})},
		{"breached", with(func(n *notify.Notice) { n.Type = notify.SLABreached })},
		{"retracted", with(func(n *notify.Notice) {
			n.Type, n.EndsAt, n.Revision = notify.SLARetracted, at(13, 40, 0), 2
		})},
		{"settled", with(func(n *notify.Notice) {
			n.Type, n.EndsAt, n.At, n.Revision = notify.SLASettled, at(13, 44, 30), at(13, 44, 30), 2
		})},
		{"firing", with(rule)},
		{"firing on a percentile", with(func(n *notify.Notice) {
			rule(n)
			n.Severity = notify.Warning
			n.Value, n.Condition = &kpi.Value{
				KPI: "first_response_time", Definition: "default", Version: 1, Tenant: "acme", From: "2026-03-02T14:00:00+01:00", To: "2026-03-02T14:30:00+01:00", Value: "101.35",
				Unit: kpi.Seconds, N: 23, P90: &p90, AsOf: "2026-03-02T14:30:02+01:00", FreshnessS: "1.5",
			}, "p90 > 120 s"
			n.Reason = map[string]string{
				"es": "Desde las 14:10 hay la mitad de agentes.", "pt": "Desde as 14:10 há metade dos agentes.",
			}[lang]
			if n.Reason == "" {
				n.Reason = "Half of the agents have been away since 14:10."
			}
		})},
		{"firing on a count, unknown zone and nothing else", notify.Notice{
			ID: "d-1", Incident: "i-1", Type: notify.KPIFiring, Severity: notify.Info, Tenant: "acme", Lang: lang, At: at(13, 32, 3), Condition: "> 25",
			Value: &kpi.Value{
				KPI: "contacts_waiting", From: "2026-03-02T13:32:02Z", To: "2026-03-02T13:32:02Z", Value: "31", Unit: kpi.Count, N: 31, AsOf: "2026-03-02T13:32:02Z", Complete: true,
			},
		}},
		{"resolved", with(func(n *notify.Notice) {
			rule(n)
			n.Type, n.Value, n.EndsAt, n.At, n.Revision = notify.KPIResolved, level("0.9976", "419", "420", "0.986727", "0.999579"), at(14, 7, 0), at(14, 7, 0), 4
		})},
		{"trigger", with(func(n *notify.Notice) {
			n.Type, n.DueAt, n.Severity = notify.TriggerFired, time.Time{}, notify.Warning
			n.Labels = map[string]string{"alertname": "RepeatContact", "queue": "support", "channel": "voice"}
			n.Reason = map[string]string{"es": "Es el tercer contacto en 7 días.", "pt": "É o terceiro contato em 7 dias."}[lang]
			if n.Reason == "" {
				n.Reason = "This is the third contact in 7 days."
			}
		})},
		{"group", with(func(n *notify.Notice) {
			n.Type, n.Conversation, n.Customer, n.Items, n.Total, n.Link = notify.SLABreached, "", "", items, 37, ""
			n.Counts = map[notify.Type]int{notify.SLABreached: 37}
		})},
		{"group of several types", with(func(n *notify.Notice) {
			n.Type, n.Conversation, n.Customer, n.Items, n.Total, n.Link = notify.SLABreached, "", "", items[:1], 40, ""
			n.Counts = map[notify.Type]int{notify.SLABreached: 37, notify.SLAWarning: 3}
		})},
		{"what is overdue now", with(func(n *notify.Notice) {
			n.Type, n.Conversation, n.Customer, n.Items, n.Total, n.Link = notify.SLABreached, "", "", items[:2], 2, ""
			n.Value = &kpi.Value{KPI: "sla_overdue", Value: "2", Unit: kpi.Count, N: 2, AsOf: "2026-03-02T14:32:03+01:00", Complete: true}
		})},
		{"digest of one", notify.Notice{
			ID: "d-2", Incident: "i-2", Type: notify.Digest, Severity: notify.Info, Tenant: "acme", Lang: lang, Zone: madrid, At: at(13, 32, 3), Items: items[:1], Total: 1,
			Counts: map[notify.Type]int{notify.SLABreached: 1},
		}},
		{"digest", with(func(n *notify.Notice) {
			n.Type, n.Severity, n.Conversation, n.Customer, n.Items, n.Total, n.Link, n.Acknowledge = notify.Digest, notify.Info, "", "", items, 14, "", ""
			n.DueAt, n.Team, n.Labels = time.Time{}, "", map[string]string{"tenant": "acme"}
			n.Counts = map[notify.Type]int{notify.SLASettled: 11, notify.SLABreached: 3}
		})},
	}
}

// Notice returns one sample by name.
func Notice(name, lang string) notify.Notice {
	for _, s := range Notices(lang) {
		if s.Name == name {
			return s.Notice
		}
	}
	panic("notifytest: no sample " + name)
}
