package digest

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// mostHeadlines is how many numbers stand in front.
const mostHeadlines = 8

// headlineKPIs stand for their themes; of a KPI without a definition here, all that is known.
var headlineKPIs = []struct{ kpi, definition string }{
	{"conversations_started", ""}, {"service_level", ""}, {"first_response_time", ""}, {"sla_compliance", "first_response"}, {"resolution_time", ""}, {"csat", ""}, {"fcr", ""},
	{"nps", "transactional_all"}, {"self_service_rate", ""}, {"abandon_rate", ""},
}

// theme is a section and the KPIs that belong into it, in order.
type theme struct {
	id   string
	kpis []string
}

// sections are the themes. KPIs that no theme names follow under "other", so that a new one is never forgotten.
var sections = []theme{
	{"volume", []string{"conversations_started", "contacts_offered", "contacts_answered", "contacts_abandoned", "contacts_lost", "abandon_rate", "short_abandon_rate", "average_abandon_time", "callbacks"}},
	{"response", []string{
		"service_level", "speed_of_answer", "first_response_time", "next_response_time", "update_time", "resolution_time", "requester_wait_time", "agent_work_time", "handle_time", "talk_time",
		"hold_time", "wrap_up_time", "weighted_handle_time", "occupancy", "concurrency", "workload_spread", "replies_to_resolution", "reopen_rate", "transfer_rate",
	}},
	{"sla", []string{"sla_compliance"}},
	{"voice", []string{
		"csat", "ces", "ces_journey", "feedback_conversion", "survey_fatigue", "sentiment_score", "sentiment_balance", "sentiment_trend", "sentiment_recovery", "frustration_rate", "urgency_rate",
	}},
	{"resolution", []string{"fcr", "self_service_rate", "bot_handoff_rate", "bot_handoff_time", "proactive_resolution_rate"}},
	{"relationship", []string{"nps", "nps_evolution", "retention_rate", "active_customers", "engagement_rate", "repeat_engagement_rate", "customers_at_risk", "clv", "clv_by_channel", "clv_to_cac"}},
}

// leftOut are KPIs about a moment, which say nothing of a period; the profile is told in its own words.
var leftOut = []string{Profile, "volume_forecast", "volume_anomaly", "sla_burn_rate"}

// Profile is the KPI that tells the busiest quarter hours.
const Profile = "volume_profile"

// settles is how long after its instant what a KPI counts can still change by what happens next: customers come back about the same (within the longest `fcr.window`), ask a
// person after all, answer a survey, reopen what was resolved.
var settles = map[string]time.Duration{"fcr": 30 * day, "proactive_resolution_rate": 9 * day, "self_service_rate": 3 * day, "feedback_conversion": 7 * day, "reopen_rate": 30 * day}

const day = 24 * time.Hour

// provisional reports whether a value can still change much by what happens after its window.
func provisional(v *kpi.Value) bool {
	to, errTo := time.Parse(time.RFC3339, v.To)
	asOf, errAsOf := time.Parse(time.RFC3339, v.AsOf)
	wait, waits := settles[v.KPI]
	return waits && errTo == nil && errAsOf == nil && asOf.Before(to.Add(wait))
}

// themes returns the sections with everything that the catalogue has.
func themes() []theme {
	out := slices.Clone(sections)
	other := theme{id: "other"}
	for _, d := range kpi.Catalog() {
		named := slices.ContainsFunc(sections, func(t theme) bool { return slices.Contains(t.kpis, d.ID) })
		if !named && !d.Instant() && !slices.Contains(leftOut, d.ID) {
			other.kpis = append(other.kpis, d.ID)
		}
	}
	return append(out, other)
}

// KPIs lists what to ask for. What cannot be told of the period is left out of the answers, and of the parts what cannot be told by them.
func KPIs() []string {
	var out []string
	for _, t := range themes() {
		out = append(out, t.kpis...)
	}
	return out
}

// Definitions lists how to compute it: as the tenant wants its numbers; but of net scores those definitions that can be told of a time that is over.
func Definitions(tenant []string) []string {
	return append(slices.Clone(tenant), "transactional_all", "relational_all")
}
