package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// Options of a replay.
type Options struct {
	// Mapping says how the inputs are written; Inputs are read one after the other as one body of rows.
	Mapping *mapping.Mapping
	Inputs  []mapping.Input

	// By is the length of the periods, default [Total].
	By By
	// Group holds the dimensions that values are grouped by within a tenant; none is the tenant as a whole.
	Group []window.Dimension
	// KPIs by id, in the order to print; none means all that have data.
	KPIs []string
	// Definitions to answer; a KPI that has none of them answers its default ones.
	Definitions []string
	// Contributions is the id of a KPI: instead of values, every conversation is listed with whether and why it counts.
	Contributions string
	// Zone replaces the zone of the tenants' days that the mapping names; "" does not. How the times in the inputs are read is the mapping's affair.
	Zone string
	// Stack uses servers instead of the embedded engine; nil is the embedded one.
	Stack *Stack

	// Progress is told how far it is: a bar when it is a Terminal, else a line of JSON every 10 s. nil is told nothing.
	Progress io.Writer
	Terminal bool
	// Logger gets what the engine has to say; nil discards it.
	Logger *slog.Logger
}

// Stack says which servers a replay uses. Its topics and keys have a prefix of their own and are removed at the end.
type Stack struct {
	Log   bus.Config
	State store.Config
	// Replication is the number of copies of each topic; 0 leaves it to the brokers.
	Replication int
}

// ParseGroup reads names of dimensions, separated by commas. "tenant" stands for none: values are by tenant anyway.
func ParseGroup(s string) ([]window.Dimension, error) {
	var out []window.Dimension
	for name := range strings.SplitSeq(s, ",") {
		d := window.Dimension(strings.TrimSpace(name))
		switch {
		case d == "" || d == "tenant":
		case !slices.Contains(window.Dimensions, d):
			return nil, fmt.Errorf("%q cannot be grouped by; use tenant, channel, queue, team, agent or topic", name)
		case !slices.Contains(out, d):
			out = append(out, d)
		}
	}
	return out, nil
}

// withDefaults completes and checks the options. A [*UsageError] says that they do not fit together.
func (o Options) withDefaults() (Options, error) {
	if o.By == "" {
		o.By = Total
	}
	if o.Progress == nil {
		o.Progress, o.Terminal = io.Discard, false
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Mapping == nil || len(o.Inputs) == 0 {
		return o, errors.New("replay: a mapping and at least one input are required")
	}
	return o, nil
}

// UsageError says that what was asked for cannot be answered, before anything was read.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// question is one KPI with what is answered of it.
type question struct {
	def         *kpi.Def
	definitions []*kpi.Definition
	family      window.Family
}

// questions returns what is to be answered. Without names that is every KPI which suits periods and grouping.
func (o *Options) questions() ([]question, error) {
	var out []question
	ids := o.KPIs
	if len(ids) == 0 {
		ids = kpi.IDs()
	}
	for _, id := range ids {
		d, err := kpi.ByID(id)
		if err != nil {
			return nil, &UsageError{err}
		}
		if slices.ContainsFunc(out, func(q question) bool { return q.def == d }) {
			continue
		}
		family, err := d.FamilyOf(o.Group)
		switch {
		case err != nil:
		case d.Instant():
			err = fmt.Errorf("%s is about now, and a replay answers periods; leave it out", id)
		case o.By != Day && slices.ContainsFunc(d.Resolve(o.Definitions), func(def *kpi.Definition) bool { return def.Customers != nil }):
			err = fmt.Errorf("%s can only be answered by day: distinct customers do not add up over time", id)
		}
		definitions := slices.DeleteFunc(d.Resolve(o.Definitions), func(def *kpi.Definition) bool { return def.Derive != nil })
		if err == nil && len(definitions) == 0 && !d.Instant() {
			err = fmt.Errorf("%s is derived from several windows, and a replay answers each period by itself; leave it out, and ask a running Vigia (vigia kpis)", id)
		}
		if err == nil {
			out = append(out, question{d, definitions, family})
		} else if len(o.KPIs) > 0 {
			return nil, &UsageError{err}
		}
	}
	for _, name := range o.Definitions {
		if !slices.ContainsFunc(out, func(q question) bool { _, ok := q.def.Definition(name); return ok }) {
			return nil, &UsageError{fmt.Errorf("no KPI that is asked for has a definition %q; service_level has %s", name, strings.Join(serviceLevels(), ", "))}
		}
	}
	return out, nil
}

func serviceLevels() []string {
	d, err := kpi.ByID("service_level")
	if err != nil {
		return nil
	}
	var names []string
	for _, def := range d.Definitions {
		names = append(names, def.ID)
	}
	return names
}

// policies compiles the rules of the tenants that events were found for.
func (o *Options) policies(tenants []string) (map[string]*sla.Policy, error) {
	out := map[string]*sla.Policy{}
	for _, name := range tenants {
		spec := o.Mapping.Policy(name)
		spec.Zone = cmp.Or(o.Zone, spec.Zone)
		spec.AgentCells = spec.AgentCells || slices.Contains(o.Group, window.DimAgent)
		p, err := sla.CompilePolicy(spec, 1)
		if err != nil {
			return nil, err
		}
		out[name] = p
	}
	return out, nil
}
