package kpi

import (
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
	// Family is where the panes are; [window.Routing] also stands for [window.Agent]. Empty for KPIs about now.
	Family window.Family
	// Feeds are the moments that are counted for it.
	Feeds []*Feed
	// QueueParams is set when values depend on the target and the short-abandon threshold of the queue.
	QueueParams bool
}

// Definition is one way of computing a KPI. Exactly one of Read, Now and Customers is set.
type Definition struct {
	ID      string
	Explain Text
	// Read computes it from the sum of the window's panes.
	Read func(c *window.Cell) Reading
	// Now computes it from the open conversations.
	Now func(open []OpenAt) Reading
	// Customers computes it from the distinct-customer index, which can answer only some windows.
	Customers func(c *window.Cell, w Window) (Reading, error)
}

// OpenAt is an open conversation and the instant (Unix ms) up to which it is known.
type OpenAt struct {
	convo.Open
	T int64
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
	contactDims = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam}
	// actDims suits what an agent did.
	actDims = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam, window.DimAgent}
)
