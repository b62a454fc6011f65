package kpi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/window"
)

// catalog lists every KPI, in the order in which people read them.
var catalog = []*Def{
	&contactsOffered,
	&contactsAnswered,
	&contactsAbandoned,
	&contactsLost,
	&abandonRate,
	&shortAbandonRate,
	&averageAbandonTime,
	&callbacks,
	&serviceLevel,
	&speedOfAnswer,
	&handleTime,
	&talkTime,
	&holdTime,
	&wrapUpTime,
	&occupancy,
	&concurrency,
	&weightedHandleTime,
	&workloadSpread,
	&agentsByState,
	&contactsWaiting,
	&longestWait,
	&conversationsStarted,
	&firstResponseTime,
	&nextResponseTime,
	&resolutionTime,
	&requesterWaitTime,
	&agentWorkTime,
	&repliesToResolution,
	&reopenRate,
	&transferRate,
	&updateTime,
	&slaCompliance,
	&slaRunning,
	&slaAtRisk,
	&slaOverdue,
	&slaPredictedBreaches,
	&slaBurnRate,
	&csat,
	&ces,
	&feedbackConversion,
	&sentimentScore,
	&sentimentBalance,
	&sentimentTrend,
	&sentimentRecovery,
	&frustrationRate,
	&urgencyRate,
	&botHandoffRate,
	&botHandoffTime,
	&fcr,
	&selfServiceRate,
	&proactiveResolutionRate,
	&activeCustomers,
	&engagementRate,
	&repeatEngagementRate,
	&retentionRate,
	&customersAtRisk,
	&clv,
	&clvByChannel,
	&clvToCAC,
	&nps,
	&npsEvolution,
	&cesJourney,
	&surveyFatigue,
	&volumeProfile,
	&volumeForecast,
	&volumeAnomaly,
}

// Catalog returns every KPI. Treat them as read-only.
func Catalog() []*Def { return slices.Clone(catalog) }

// IDs lists the names of all KPIs.
func IDs() []string {
	var ids []string
	for _, d := range catalog {
		ids = append(ids, d.ID)
	}
	return ids
}

// ByID returns a KPI by its name. The error lists the names that exist.
func ByID(id string) (*Def, error) {
	for _, d := range catalog {
		if d.ID == id {
			return d, nil
		}
	}
	return nil, fmt.Errorf("kpi %q is unknown; use %s", id, strings.Join(IDs(), ", "))
}

// Example is a command that shows the KPI.
func (d *Def) Example() string {
	words := []string{"vigia kpis", d.ID}
	if slices.Contains(d.Dimensions, window.DimQueue) {
		words = append(words, "--group queue")
	}
	if !d.Instant() {
		words = append(words, "--window 24h")
	}
	if len(d.Definitions) > 1 {
		words = append(words, "--definition "+strings.Join(d.definitionIDs(), ","))
	}
	return strings.Join(words, " ")
}
