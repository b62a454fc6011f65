package kpi

import (
	"fmt"
	"slices"
	"strings"
)

// catalog lists every KPI, in the order in which people read them.
var catalog = []*Def{
	&contactsOffered,
	&contactsAnswered,
	&contactsAbandoned,
	&contactsLost,
	&abandonRate,
	&serviceLevel,
	&speedOfAnswer,
	&handleTime,
	&contactsWaiting,
	&longestWait,
	&conversationsStarted,
	&firstResponseTime,
	&nextResponseTime,
	&resolutionTime,
	&slaCompliance,
	&slaRunning,
	&slaAtRisk,
	&slaOverdue,
	&sentimentBalance,
	&activeCustomers,
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
