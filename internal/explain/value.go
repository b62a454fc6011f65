package explain

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Value is why a value is what it is.
type Value struct {
	Value   kpi.Value `json:"value"`
	Meaning Meaning   `json:"meaning"`
	Formula Formula   `json:"formula"`
	// Inputs are what was added up: first the window, then what else a derived definition looked at.
	Inputs []Input `json:"inputs"`
	// Parts is null where the value is hidden.
	Parts    *Parts        `json:"parts"`
	Heaviest []Contributor `json:"heaviest"`
	LeftOut  []LeftOut     `json:"left_out"`
	// Notes are what a reader must know beside; see [Notes].
	Notes []string `json:"notes"`
}

// Meaning is what the KPI and the definition say.
type Meaning struct {
	KPI        string     `json:"kpi"`
	Version    int        `json:"version"`
	Title      kpi.Text   `json:"title"`
	Explain    kpi.Text   `json:"explain"`
	Definition string     `json:"definition"`
	How        kpi.Text   `json:"how"`
	Unit       kpi.Unit   `json:"unit"`
	Better     kpi.Better `json:"better"`
	Presets    []string   `json:"presets"` // that stand for this definition
	MinN       int64      `json:"min_n,omitempty"`
}

// Counter is what is known of one raw metric.
type Counter struct {
	Metric int      `json:"metric"`
	Name   kpi.Text `json:"name"`
	N      int64    `json:"n"`
	Sum    int64    `json:"sum,omitempty"`
	Unit   string   `json:"unit,omitempty"` // of the sum: ms, millionths or 1
}

// Input is a time that was added up, and its panes. Instants are RFC 3339.
type Input struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Counters []Counter `json:"counters"`
	Panes    []Pane    `json:"panes"` // those that hold something
}

// Pane is one of them.
type Pane struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Counters []Bare `json:"counters"`
}

// Bare is a counter without its name.
type Bare struct {
	Metric int   `json:"metric"`
	N      int64 `json:"n"`
	Sum    int64 `json:"sum,omitempty"`
}

// Parts are what the counters come from. Remembered and Forgotten add up to the counters of the input of the same place, metric by metric. KPIs about now have no counters: there the
// subjects themselves add up to the value.
type Parts struct {
	Of         string   `json:"of"`       // conversations or customers
	Looked     int      `json:"looked"`   // how many are remembered of the tenant, and were looked at
	Subjects   int      `json:"subjects"` // how many of them count here
	N          int64    `json:"n"`        // what they count, of KPIs about now
	Remembered [][]Bare `json:"remembered"`
	Forgotten  [][]Bare `json:"forgotten"`
	Moved      bool     `json:"moved"` // events came in meanwhile: what they changed may stand among the forgotten
	Cut        bool     `json:"cut"`   // there are more than were looked at
}

// Contributor is a conversation, a customer or an agent, and what it adds. Agents are named only where numbers by agent are kept.
type Contributor struct {
	Conversation string    `json:"conversation,omitempty"`
	Customer     string    `json:"customer,omitempty"`
	Agent        string    `json:"agent,omitempty"`
	Link         string    `json:"link,omitempty"`
	Counters     []Counter `json:"counters"`
	Counts       []Counted `json:"counts"`  // at most 20
	Without      *Without  `json:"without"` // null where a definition cannot be read without it
	weight       float64
	size, sum    int64
	at           int // of open conversations: which
}

// Without is what the value would be without a contributor.
type Without struct {
	Value      kpi.Number `json:"value"`
	Difference kpi.Number `json:"difference"` // of the value less that; null when one of them is
}

// LeftOut is what was left out for one reason; see [Reasons].
type LeftOut struct {
	Reason string `json:"reason"`
	// N is how many; null when that is not known.
	N             *int64   `json:"n"`
	Metric        int      `json:"metric,omitempty"`        // the counter that tells it
	Conversations []string `json:"conversations,omitempty"` // the first ten
}

// The notes.
const (
	NoteHidden    = "hidden"    // so few would be given away
	NoteDerived   = "derived"   // the definition is more than a sum of counters
	NoteForgotten = "forgotten" // something is known only as a sum
	NoteMoved     = "moved"
	NoteCut       = "cut"
	NoteNow       = "now" // about now: made of open conversations
	NoteZero      = "nothing"
)

// Notes lists the notes.
var Notes = []string{NoteHidden, NoteDerived, NoteForgotten, NoteMoved, NoteCut, NoteNow, NoteZero}

// The reasons why something is left out.
const (
	OutSpam       = "spam"
	OutDeleted    = "deleted"
	OutOutbound   = "outbound"
	OutShort      = "short_abandon"
	OutHours      = "out_of_hours"
	OutUnknown    = "unknown"     // seen from the middle on, or without rules
	OutNobody     = "no_customer" // nobody knows whose they are
	OutUnfinished = "unfinished"
	OutNothing    = "nothing" // nothing that is counted here has happened in them
	OutOther      = "not_in_definition"
)

// Reasons lists them, in the order in which they are told.
var Reasons = []string{OutSpam, OutDeleted, OutOutbound, OutShort, OutHours, OutUnknown, OutNobody, OutUnfinished, OutNothing, OutOther}

const (
	mostHeavy    = 10
	mostCounts   = 20
	mostExamples = 10
)

// Meant says what a KPI and one of its definitions mean.
func Meant(d *kpi.Def, def *kpi.Definition, minN int64) Meaning {
	m := Meaning{KPI: d.ID, Version: d.Version, Title: d.Title, Explain: d.Explain, Definition: def.ID, How: def.Explain, Unit: d.Unit, Better: d.Better, Presets: []string{}, MinN: minN}
	for _, p := range kpi.Presets() {
		if defs := d.Resolve([]string{p.Name}); slices.ContainsFunc(defs, func(x *kpi.Definition) bool { return x.ID == def.ID }) {
			m.Presets = append(m.Presets, p.Name)
		}
	}
	return m
}

// countersOf lists what a cell knows of the metrics of a KPI.
func countersOf(d *kpi.Def, c *window.Cell) []Counter {
	out := []Counter{}
	for _, b := range bareOf(d, c) {
		m := window.Metric(b.Metric)
		out = append(out, Counter{b.Metric, MetricName(d, m), b.N, b.Sum, SumUnit(d, m)})
	}
	return out
}

func bareOf(d *kpi.Def, c *window.Cell) []Bare {
	out := []Bare{}
	for _, m := range metricsOf(d) {
		if a := c.Metric(m); a.N != 0 || a.Sum != 0 {
			out = append(out, Bare{int(m), a.N, a.Sum})
		}
	}
	return out
}
