package rule

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Severity says how much a firing rule matters.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // somebody must look now
	Warning  Severity = "warning"  // somebody should look today
	Info     Severity = "info"
)

// Kind of a rule.
type Kind string

// The kinds.
const (
	Threshold Kind = "threshold"     // a number is beyond a limit
	Burn      Kind = "burn"          // promises are broken faster than the objective allows
	Absent    Kind = "absent"        // nothing comes where something should
	Silent    Kind = "source_silent" // a source of events says nothing
)

// Stat says which number of a KPI is judged.
type Stat string

// The stats. Mean is the value of durations; the percentiles exist for durations only.
const (
	StatValue Stat = "value"
	StatMean  Stat = "mean"
	StatP50   Stat = "p50"
	StatP90   Stat = "p90"
	StatP95   Stat = "p95"
	StatP99   Stat = "p99"
)

// NoData says what it means that nothing happened in the window which could be measured.
type NoData string

// The meanings.
const (
	NoDataClear NoData = "clear" // nothing is bad: a firing rule ends
	NoDataHold  NoData = "hold"  // unknown: whatever is, stays
	NoDataFire  NoData = "fire"  // that is what the rule is about
)

// Condition is a comparison with a limit.
type Condition struct {
	Op    string  // <, <=, > or >=
	Limit float64 // seconds for durations, 0.8 for 80 %
	Text  string  // as people read it: "< 80 %"
}

// Holds reports whether the condition holds for a number.
func (c Condition) Holds(v float64) bool {
	switch c.Op {
	case "<":
		return v < c.Limit
	case "<=":
		return v <= c.Limit
	case ">":
		return v > c.Limit
	case ">=":
		return v >= c.Limit
	}
	return false
}

// below reports whether small numbers are bad.
func (c Condition) below() bool { return c.Op == "<" || c.Op == "<=" }

// BurnRate is how fast promises may be broken: Rate times what Objective allows, over a long and a short window.
type BurnRate struct {
	Rate        float64
	Objective   float64 // 0.8 is 80 %
	Long, Short string  // windows as written
}

// Absence is a silence in which Expected contacts should have come: by the pace of the Baseline window before it, and by what came in the same stretch of time Like ago. The
// second keeps a rule without opening hours from firing when the centre closes; it needs that much history. "" does without it.
type Absence struct {
	Expected       float64
	Baseline, Like string
}

// Rule is one checked rule. It is immutable and safe to share.
type Rule struct {
	Name string // of the alert; unique among the rules of a tenant
	File string
	Line int
	Kind Kind

	KPI        string // empty for [Silent]
	Definition string
	Stat       Stat
	By         []window.Dimension
	Where      map[window.Dimension][]string // limits the rule to groups with these names
	Window     string                        // as written: 15m, 1h, today; empty for KPIs about now

	Fire  Condition // of thresholds
	Clear Condition // holds when a firing threshold is over; the opposite of Fire unless the file says otherwise
	// Confidence is the level (0.99 is 99 %) at which a share must be beyond Fire: its Wilson bound is compared. 0 compares the number itself.
	Confidence float64
	// MinCount is how many contributions a number must rest on to fire.
	MinCount int64
	Burn     BurnRate
	Absent   Absence
	// Silence is after how many ms without an event a source is silent; Sources limits the rule to some, as connector/account.
	Silence int64
	Sources []string

	For           int64 // ms that the condition must hold before it fires
	KeepFiringFor int64 // ms that it must be over before it ends
	Interval      int64 // ms between evaluations, on the grid of data time
	NoData        NoData
	// OnlyInHours names a calendar: outside of its hours the rule is off.
	OnlyInHours string
	// Limit is how many groups that fire at the same time are told one by one; more are told as one storm.
	Limit int

	Severity    Severity
	Labels      map[string]string
	Summary     map[string]string // by language; one language at least, or none for the built-in words
	Description map[string]string // by language
	Runbook     string

	tenant   string
	calendar *sla.Calendar
	def      *kpi.Def
	gaps     []gap // of [Absent], shortest first
	baseline int64 // ms
	like     int64 // ms, 0 without
}

// gap is a silence that an absence rule looks at.
type gap struct {
	text string
	ms   int64
}

// FinePane is the length of the finest pane in ms: windows end on its edges.
const FinePane = window.FinePane

// staleAfter is how far (ms) knowledge may lag behind a window's end: two of the finest panes. A window's end is always in them.
const staleAfter = 2 * window.FinePane

// Query is one question that a rule needs answered at every evaluation.
type Query struct {
	KPI, Definition string
	By              []window.Dimension
	Window          string // 15m, 1h, today; empty for KPIs about now
}

// Queries returns what must be read to judge the rule. [Silent] rules need none: they look at sources (see [Rule.ObserveSources]).
func (r *Rule) Queries() []Query {
	ask := func(window string) Query { return Query{r.KPI, r.Definition, r.By, window} }
	switch r.Kind {
	case Silent:
		return nil
	case Burn:
		return []Query{ask(r.Burn.Long), ask(r.Burn.Short)}
	case Absent:
		var out []Query
		for _, g := range r.gaps {
			out = append(out, ask(g.text))
		}
		out = append(out, ask(r.Absent.Baseline))
		if r.like > 0 {
			out = append(out, ask(spanText(r.like)))
			for _, g := range r.gaps {
				out = append(out, ask(spanText(r.like+g.ms)))
			}
		}
		return out
	}
	return []Query{ask(r.Window)}
}

// gapWindows are the silences that an absence rule looks at.
var gapWindows = []string{"1m", "2m", "5m", "10m", "15m", "30m", "1h"}

// gapsWithin returns the silences that are not longer than a window.
func gapsWithin(ms int64) []gap {
	var out []gap
	for _, text := range gapWindows {
		if s, err := ParseSpan(text); err == nil && s.Ms <= ms {
			out = append(out, gap{text, s.Ms})
		}
	}
	return out
}

// Unit returns the unit of the number that is judged.
func (r *Rule) Unit() kpi.Unit {
	if r.def == nil {
		return kpi.Seconds
	}
	return r.def.Unit
}

// Instant reports whether the rule is about now, and has no window.
func (r *Rule) Instant() bool { return r.Kind == Silent || r.def.Instant() }

// Tenant returns whose rule it is; "" before [NewSet].
func (r *Rule) Tenant() string { return r.tenant }

// Covers reports whether the rule is about a group: [Rule.Where] may leave it out.
func (r *Rule) Covers(group map[string]string) bool {
	for d, names := range r.Where {
		if !slices.Contains(names, group[string(d)]) {
			return false
		}
	}
	return true
}

// Grid returns the newest instant (Unix ms) at which the rule is evaluated when everything up to asOf is known.
func (r *Rule) Grid(asOf int64) int64 {
	m := asOf % r.Interval
	if m < 0 {
		m += r.Interval
	}
	return asOf - m
}

// Condition is the rule's condition as people read it.
func (r *Rule) Condition() string {
	switch r.Kind {
	case Burn:
		return fmt.Sprintf("≥ %s× (%s, %s)", number(r.Burn.Rate), r.Burn.Long, r.Burn.Short)
	case Absent:
		return "0 / ≥ " + number(r.Absent.Expected)
	case Silent:
		return "≥ " + spanText(r.Silence)
	}
	return r.Fire.Text
}

func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*1e4)/1e4, 'f', -1, 64)
}

// spanText writes ms as 90s, 15m, 2h.
func spanText(ms int64) string {
	switch {
	case ms%3_600_000 == 0 && ms != 0:
		return strconv.FormatInt(ms/3_600_000, 10) + "h"
	case ms%60_000 == 0 && ms != 0:
		return strconv.FormatInt(ms/60_000, 10) + "m"
	case ms%1000 == 0:
		return strconv.FormatInt(ms/1000, 10) + "s"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}
