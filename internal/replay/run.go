package replay

import (
	"context"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Result is what a replay has found.
type Result struct {
	// Values are in the order of period, tenant, group, KPI and definition; periods and groups without data are left out.
	Values []kpi.Value
	// Contributions are there instead when they were asked for, in the order in which the conversations begin.
	Contributions []Contribution
	// Ledger accounts for every row of the inputs.
	Ledger mapping.Ledger
	// Refused is empty unless the engine has a defect.
	Refused Refusals
	Events  int
	// Took is how long the engine was at it.
	Took time.Duration
}

// Run replays inputs and returns what came of it.
//
// Errors: [*UsageError]; those of the mapping, which name file and line; those of the servers.
func Run(ctx context.Context, options Options) (*Result, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	questions, err := o.questions()
	if err != nil {
		return nil, err
	}
	read, err := o.Mapping.Read(ctx, o.Inputs, mapping.Options{})
	if err != nil {
		return nil, err
	}
	policies, err := o.policies(read.Tenants)
	if err != nil {
		return nil, err
	}
	result := &Result{Ledger: read.Ledger, Events: len(read.Events)}
	switch {
	case o.Contributions != "":
		result.Contributions, err = o.contributions(read.Events, policies)
	case len(read.Events) > 0:
		err = o.replay(ctx, result, questions, read, policies)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// replay sends the events through an engine of its own.
func (o *Options) replay(ctx context.Context, result *Result, questions []question, read *mapping.Result, policies map[string]*sla.Policy) error {
	began := time.Now()
	e, ctx, err := begin(ctx, o, policies, read.Events)
	if err != nil {
		return err
	}
	defer e.end()
	h := newHarvest(e, o, questions, read.Tenants, policies, read.Events)
	p := watch(o.Progress, o.Terminal, len(read.Events), e.applied)
	s := &shipper{e: e, h: h, progress: p}
	if err = s.ship(ctx, read.Events); err == nil {
		err = s.finish(ctx)
	}
	p.close()
	if err != nil {
		return err
	}
	if err := e.relayed(ctx); err != nil {
		return err
	}
	if result.Refused, err = e.refused(ctx); err != nil {
		return err
	}
	result.Took = time.Since(began)
	result.Values, err = h.values(questions, policies, len(o.KPIs) > 0)
	return err
}
