package kpi

import (
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Window is the time that a value is about, as rounded to panes (see [window.Round]).
type Window struct {
	From, To int64 // [From, To), Unix ms
	Now      int64 // the instant of asking, Unix ms; a window that reaches it ends now
	Zone     *time.Location
}

func (w Window) singleDay() bool {
	d := window.Day(w.From, w.Zone)
	return w.From == window.DayStart(d, w.Zone) && w.To == window.DayStart(d+1, w.Zone)
}

// WindowError says that a KPI cannot be answered for a window.
type WindowError struct {
	KPI    string
	Window Window
	Reason string // why, and what can be asked instead
}

// Error implements error.
func (e *WindowError) Error() string {
	return fmt.Sprintf("%s cannot be answered for %s to %s: %s", e.KPI, Timestamp(e.Window.From, e.Window.Zone), Timestamp(e.Window.To, e.Window.Zone), e.Reason)
}

// GroupError says that a KPI cannot be grouped as asked.
type GroupError struct {
	KPI     string
	By      window.Dimension
	Allowed []window.Dimension
}

// Error implements error.
func (e *GroupError) Error() string {
	return fmt.Sprintf("%s cannot be grouped by %s; it can be grouped by %v", e.KPI, e.By, e.Allowed)
}

// Frame is what all values of an answer share.
type Frame struct {
	Tenant   string
	By       []window.Dimension // the dimensions that groups have names in
	Window   Window
	AsOf     int64 // everything before is known, Unix ms
	Complete bool
	Policy   *sla.Policy // nil when the queues' parameters are not known
	Asked    []string    // definitions asked for by name
	// References are the numbers that no channel brings.
	References References
	Plain      bool // leave out series: only the number is of use
}

// FamilyOf returns the family whose panes answer a KPI grouped by some dimensions, or a [*GroupError]. KPIs about now have none.
func (d *Def) FamilyOf(by []window.Dimension) (window.Family, error) {
	family := d.Family
	if family == window.Routing && slices.Contains(by, window.DimTopic) {
		family = window.Topics
	}
	for _, dim := range by {
		if !slices.Contains(d.Dimensions, dim) {
			return "", &GroupError{d.ID, dim, d.Dimensions}
		}
		if dim == window.DimAgent && family == window.Routing {
			family = window.Agent
		}
	}
	if family == window.Topics {
		for _, dim := range by {
			if dim != window.DimTopic && dim != window.DimChannel {
				return "", &GroupError{d.ID, dim, []window.Dimension{window.DimChannel, window.DimTopic}}
			}
		}
	}
	if family == window.Agent && slices.Contains(by, window.DimTeam) {
		return "", &GroupError{d.ID, window.DimTeam, []window.Dimension{window.DimChannel, window.DimQueue, window.DimAgent}}
	}
	return family, nil
}

// Resolve returns the definitions to answer: those of the names asked that the KPI has, or its default ones. A name is that of a definition, or of a [Preset].
func (d *Def) Resolve(asked []string) []*Definition {
	var out []*Definition
	add := func(name string) {
		if def, ok := d.Definition(name); ok && !slices.Contains(out, def) {
			out = append(out, def)
		}
	}
	for _, name := range asked {
		if _, own := d.Definition(name); own {
			add(name)
			continue
		}
		for _, id := range d.preset(name) {
			add(id)
		}
	}
	if len(out) == 0 {
		for _, id := range d.Default {
			add(id)
		}
	}
	return out
}

// Values reads a KPI off a sum over the window: for each group, one value per definition. It fails with a [*WindowError] when the KPI cannot be answered for
// the window. Without a source, derived definitions are left out.
func (d *Def) Values(definitions []*Definition, f Frame, groups []window.Group, sum *window.Sum, source Source) ([]Value, error) {
	var out []Value
	for _, g := range groups {
		if d.Family == window.Activity && !g.Names(f.By) {
			continue // distinct customers are kept by name; "no name" is not one, and 0 would be untrue
		}
		if slices.Contains(f.By, window.DimTopic) && g.Topic == "" {
			continue // what has no topic is not kept by topic
		}
		cell := sum.Cell(g)
		for _, def := range definitions {
			var r Reading
			var err error
			switch {
			case def.Customers != nil:
				r, err = def.Customers(cell, f.Window)
			case def.Derive != nil && source == nil:
				continue
			case def.Derive != nil:
				r, err = def.Derive(&View{Frame: f, Group: g, Cell: cell, Source: source})
			default:
				r = def.Read(cell)
			}
			if err != nil {
				return nil, err
			}
			if def.Optional && r.n == 0 && !slices.Contains(f.Asked, def.ID) {
				continue
			}
			out = append(out, d.value(def, f, g, r))
		}
	}
	return out, nil
}

// ValuesNow reads a KPI about now off the open conversations, as [ByGroup] sorts them: for each group, one value per definition.
func (d *Def) ValuesNow(definitions []*Definition, f Frame, groups []window.Group, open map[window.Group][]OpenAt) []Value {
	f.Window.From, f.Window.To = f.AsOf, f.AsOf
	var out []Value
	for _, g := range groups {
		for _, def := range definitions {
			out = append(out, d.value(def, f, g, def.Now(open[g])))
		}
	}
	return out
}

// ByGroup sorts open conversations into groups.
func ByGroup(open []OpenAt, by []window.Dimension) map[window.Group][]OpenAt {
	of := map[window.Group][]OpenAt{}
	for i := range open {
		g := GroupOf(&open[i]).By(by)
		of[g] = append(of[g], open[i])
	}
	return of
}

// GroupOf returns the group that an open conversation counts for.
func GroupOf(o *OpenAt) window.Group {
	return window.Group{Channel: o.Channel, Queue: o.Queue, Team: o.Team, Agent: o.Agent, Topic: o.Topic}
}

func (d *Def) value(def *Definition, f Frame, g window.Group, r Reading) Value {
	v := Value{
		KPI: d.ID, Definition: def.ID, Version: d.Version, Tenant: f.Tenant, Group: map[string]string{}, Params: map[string]Number{},
		From: Timestamp(f.Window.From, f.Window.Zone), To: Timestamp(f.Window.To, f.Window.Zone), Unit: d.Unit,
		AsOf: Timestamp(f.AsOf, f.Window.Zone), FreshnessS: seconds(max(0, f.Window.Now-f.AsOf)), Complete: f.Complete,
	}
	for _, dim := range f.By {
		v.Group[string(dim)] = g.Name(dim)
	}
	if p, ok := params(f, g); ok && d.QueueParams {
		v.Params["target_s"], v.Params["short_abandon_s"] = seconds(p.TargetMs), seconds(p.ShortAbandonMs)
	}
	if f.Plain {
		r.series = nil
	}
	r.put(&v)
	if least := f.minN(d); least > 0 && len(f.By) > 0 {
		if v.MinN = least; v.N < least {
			v.hide()
		}
	}
	return v
}

// minN is below how many contributions the value of a single group is hidden.
func (f Frame) minN(d *Def) int64 {
	if f.Policy == nil {
		return d.MinN
	}
	return f.Policy.MinN(d.ID, d.MinN)
}

// params returns the parameters of the group's queue, or those that all queues share.
func params(f Frame, g window.Group) (sla.QueueParams, bool) {
	if f.Policy == nil {
		return sla.QueueParams{}, false
	}
	if g.Queue != "" && g.Queue != window.Overflow {
		return f.Policy.Queue(g.Queue), true
	}
	all := f.Policy.Queue("")
	for name := range f.Policy.Spec().Queues {
		if f.Policy.Queue(name) != all {
			return sla.QueueParams{}, false
		}
	}
	return all, true
}
