package kpi

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// Unit of a value.
type Unit string

// The units.
const (
	Seconds Unit = "s"     // durations, exact to the millisecond
	Ratio   Unit = "ratio" // 0.79 is 79 %
	Count   Unit = "1"
	Points  Unit = "points" // −100 to 100
	Factor  Unit = "factor" // 2 is twice as much as planned
	Money   Unit = "money"  // of the currency that the basis names
)

// Better says which direction of a KPI is good.
type Better string

// The directions.
const (
	Higher  Better = "higher"
	Lower   Better = "lower"
	Neither Better = "neither"
)

// Langs are the languages of everything that people read.
var Langs = []string{"en", "es", "pt"}

// Text is a text in the languages of [Langs].
type Text struct {
	EN string `json:"en"`
	ES string `json:"es"`
	PT string `json:"pt"`
}

// In returns the text in a language, in English when the language is another one.
func (t Text) In(lang string) string {
	switch lang {
	case "es":
		return t.ES
	case "pt":
		return t.PT
	}
	return t.EN
}

// Def is a KPI.
type Def struct {
	// ID is the public name, for ever.
	ID      string
	Unit    Unit
	Better  Better
	Version int // grows when a definition changes what it says of the same moments
	Title   Text
	Explain Text
	// Definitions say how the number is computed; the names are public. Default lists those answered when none is asked for.
	Definitions []Definition
	Default     []string
	// Dimensions can be grouped by. With DimAgent the tenant must keep agent cells.
	Dimensions []window.Dimension
	// Family is where the panes are; [window.Routing] also stands for [window.Agent] and [window.Topics]. Empty for KPIs about now.
	Family window.Family
	// ByCustomer is set when the moments come from the second stage, which knows customers over all their contacts.
	ByCustomer bool
	// Goal is what the trade aims at, in symbols that read the same in every language; "" where nobody agrees. The shipped rules alert on it.
	Goal string
	// References is set when it needs numbers that no channel brings.
	References bool
	// MinN hides the values of single groups that rest on less; 0 hides none. Policies may ask for more or less.
	MinN int64
	// Scored is set when values have the mean and the distribution of scores.
	Scored bool
	// Reach is how far before the window's end derived definitions look, in ms; with FromBegin, before its begin.
	Reach     int64
	FromBegin bool
	// Quarterly is the metric that derived definitions count by quarters of an hour; they ask for no sums then but of the window. 0 when they don't.
	Quarterly window.Metric
	// Feeds are the moments that are counted for it.
	Feeds []*Feed
	// PerAgent is set when definitions look at agents one by one, without naming them: the tenant must keep agent cells, however it is grouped.
	PerAgent bool
	// QueueParams is set when values depend on the target and the short-abandon threshold of the queue.
	QueueParams bool
}

// SecondStage reports whether the panes are kept by the second stage, that of customers.
func (d *Def) SecondStage() bool { return d.ByCustomer || d.Family == window.Activity }

// NeedsAgents reports whether it can be answered, grouped by some dimensions, only of tenants that keep agent cells.
func (d *Def) NeedsAgents(by []window.Dimension) bool {
	return d.PerAgent || !d.Instant() && slices.Contains(by, window.DimAgent)
}

// Back returns the first instant that derived definitions read for a window [from, to), Unix ms.
func (d *Def) Back(from, to int64) int64 {
	if d.FromBegin {
		return from - d.Reach
	}
	return to - d.Reach
}

// Definition is one way of computing a KPI. Exactly one of Read, Now, Customers and Derive is set.
type Definition struct {
	ID      string
	Explain Text
	// Read computes it from the sum of the window's panes.
	Read func(c *window.Cell) Reading
	// Now computes it from the open conversations; of a KPI of the second stage from the agents who are there.
	Now func(open []OpenAt) Reading
	// Customers computes it from the distinct-customer index, which can answer only some windows.
	Customers func(c *window.Cell, w Window) (Reading, error)
	// Derive computes it from several sums: of other windows, or of the parts of a group.
	Derive func(v *View) (Reading, error)
	// Optional definitions are left out where they have nothing to say, unless they were asked for by name: scales of surveys that nobody uses.
	Optional bool
}

// View is what a derived definition reads.
type View struct {
	Frame
	Group  window.Group
	Cell   *window.Cell // of the group in the window
	Source Source
}

// Source adds up panes of a KPI's family.
type Source interface {
	// Sum adds up [from, to) (Unix ms; the edges are rounded outward to panes that survive) by some dimensions.
	Sum(by []window.Dimension, from, to int64) *window.Sum
	// Quarters counts a metric in each quarter of an hour of [from, to) (edges of quarters) by some dimensions; groups without any are left out. ok is false when some
	// of them are known only as parts of days.
	Quarters(m window.Metric, by []window.Dimension, from, to int64) (counts map[window.Group][]int64, ok bool)
}

// At is the group's sum in another window.
func (v *View) At(from, to int64) *window.Cell { return v.Source.Sum(v.By, from, to).Cell(v.Group) }

// Parts are the sums of the group's parts in a window, by one more dimension: the parts by name.
func (v *View) Parts(dim window.Dimension, from, to int64) map[string]*window.Cell {
	by := v.By
	if !slices.Contains(by, dim) {
		by = append(slices.Clone(by), dim)
	}
	sum, out := v.Source.Sum(by, from, to), map[string]*window.Cell{}
	for _, g := range sum.Groups() {
		if g.By(v.By) == v.Group {
			out[g.Name(dim)] = sum.Cell(g)
		}
	}
	return out
}

// OpenAt is an open conversation and the instant (Unix ms) up to which it is known; with a Desk it is an agent.
type OpenAt struct {
	convo.Open
	T    int64
	Desk *agent.Now
}

// Instant reports whether the KPI is about now, and has no window.
func (d *Def) Instant() bool { return d.Family == "" }

// Definition returns a definition by name.
func (d *Def) Definition(id string) (*Definition, bool) {
	for i := range d.Definitions {
		if d.Definitions[i].ID == id {
			return &d.Definitions[i], true
		}
	}
	return nil, false
}

// definitionIDs lists the names of all definitions.
func (d *Def) definitionIDs() []string {
	var ids []string
	for i := range d.Definitions {
		ids = append(ids, d.Definitions[i].ID)
	}
	return ids
}

// single makes the definitions of a KPI that has but one.
func single(read func(c *window.Cell) Reading) []Definition {
	return []Definition{{ID: "default", Read: read, Explain: Text{
		EN: "The only definition.",
		ES: "La única definición.",
		PT: "A única definição.",
	}}}
}

var (
	byDefault = []string{"default"}

	// contactDims suits what happens before an agent has the contact: by agent it would be a structural zero.
	contactDims = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam, window.DimTopic}
	// customerDims are what distinct customers are counted by.
	customerDims = []window.Dimension{window.DimChannel, window.DimQueue}
	// deskDims suits the time of agents, who work for several queues at once.
	deskDims = []window.Dimension{window.DimTeam, window.DimAgent}
	// actDims suits what an agent did.
	actDims = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam, window.DimAgent, window.DimTopic}
)
