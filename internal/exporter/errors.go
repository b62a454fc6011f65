package exporter

import (
	"fmt"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// UnknownError says that nothing is known of some partitions: no worker has begun their state, or the store has lost it. That is not the same as zero.
type UnknownError struct {
	Stage      string
	Partitions []int32
}

// Error implements error.
func (e *UnknownError) Error() string {
	topic := "interactions"
	if e.Stage == stageCustomers {
		topic = "customers"
	}
	return fmt.Sprintf("nothing is known yet of %s partitions %s: start a worker (vigia run worker) or wait until it has begun them",
		topic, strings.Trim(fmt.Sprint(e.Partitions), "[]"))
}

// TenantError says that there is no such tenant.
type TenantError struct{ Tenant string }

// Error implements error.
func (e *TenantError) Error() string {
	return fmt.Sprintf("tenant %q is not configured and no event of it was seen", e.Tenant)
}

// InstantError says that a KPI about now was asked for another instant.
type InstantError struct{ KPI string }

// Error implements error.
func (e *InstantError) Error() string {
	return e.KPI + " is about now and is not kept for the past; leave \"at\" out"
}

// GoneError says that a window ends before everything that is kept.
type GoneError struct {
	Kept int64 // the first instant that is kept, Unix ms
	Zone *time.Location
}

// Error implements error.
func (e *GoneError) Error() string {
	return "the window ends before " + kpi.Timestamp(e.Kept, e.Zone) + "; nothing is kept from before that instant"
}

// AgentsOffError says that numbers by agent were asked for of a tenant whose policy does not keep them.
type AgentsOffError struct{ Tenant, KPI string }

// Error implements error.
func (e *AgentsOffError) Error() string {
	return fmt.Sprintf("%s is not kept by agent for tenant %q: set agent_cells: true in its configuration and apply it; what happens from then on is counted by agent", e.KPI, e.Tenant)
}

// storeError says that the store did not answer.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }
