package rule

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

var alertName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// dimensions can be grouped by.
var dimensions = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam, window.DimAgent}

// draft is a rule being read, with the places of what is checked at the end.
type draft struct {
	*Rule
	at         map[string]ast.Node
	confidence *float64
}

// rule reads one rule; nil when there is nothing to go on with.
func (s *source) rule(n ast.Node, d defaults) *Rule {
	line, _ := start(n)
	r := &draft{at: map[string]ast.Node{}, Rule: &Rule{
		File: s.file, Line: line, Kind: Threshold, Stat: StatValue, MinCount: -1, KeepFiringFor: d.keep, Interval: d.interval, Limit: d.limit, OnlyInHours: d.hours,
		Severity: d.severity, Labels: d.labels,
	}}
	note := func(key string, read func(n ast.Node)) field {
		return field{key, func(n ast.Node) { r.at[key] = n; read(n) }}
	}
	s.fields(n, "the rule",
		note("alert", func(n ast.Node) { r.Name, _ = s.text(n) }),
		note("kpi", func(n ast.Node) { r.KPI, _ = s.text(n) }),
		note("definition", func(n ast.Node) { r.Definition, _ = s.text(n) }),
		note("stat", func(n ast.Node) { r.Stat = s.stat(n) }),
		note("by", func(n ast.Node) { r.By = s.by(n) }),
		note("where", func(n ast.Node) { r.Where = s.where(n) }),
		note("window", func(n ast.Node) { r.Window, _ = s.text(n) }),
		note("fire", func(ast.Node) {}), // a number's meaning depends on the KPI: see threshold
		note("clear", func(ast.Node) {}),
		note("for", func(n ast.Node) { r.For = s.duration(n) }),
		note("keep_firing_for", func(n ast.Node) { r.KeepFiringFor = s.duration(n) }),
		note("min_count", func(n ast.Node) { r.MinCount = s.whole(n, "min_count", 1) }),
		note("confidence", func(n ast.Node) { r.confidence = s.confidence(n) }),
		note("burn", func(n ast.Node) { r.Kind = Burn; s.burn(n, &r.Burn) }),
		note("absent", func(n ast.Node) { r.Kind = Absent; s.absent(n, &r.Absent) }),
		note("source_silent", func(n ast.Node) { r.Kind = Silent; r.Silence = s.duration(n) }),
		note("sources", func(n ast.Node) { r.Sources = s.texts(n, "sources") }),
		note("no_data", func(n ast.Node) { r.NoData = s.noData(n) }),
		note("only_in_hours", func(n ast.Node) { r.OnlyInHours, _ = s.text(n) }),
		note("severity", func(n ast.Node) { r.Severity = s.severity(n) }),
		note("labels", func(n ast.Node) { r.Labels = merged(d.labels, s.labels(n)) }),
		note("annotations", func(ast.Node) {}), // their fields depend on the rest: see finishRule
		note("runbook", func(n ast.Node) { r.Runbook, _ = s.text(n) }),
		note("interval", func(n ast.Node) { r.Interval = s.interval(n) }),
		note("limit", func(n ast.Node) { r.Limit = int(s.whole(n, "limit", 1)) }),
	)
	s.finishRule(n, r)
	return r.Rule
}

// place returns where a key of the rule stands, or the rule.
func (r *draft) place(n ast.Node, key string) ast.Node {
	if at, ok := r.at[key]; ok {
		return at
	}
	return n
}

// finishRule checks what depends on several keys.
func (s *source) finishRule(n ast.Node, r *draft) {
	if !alertName.MatchString(r.Name) {
		s.fault(r.place(n, "alert"), "alert: %q is not a name; write one of letters, digits and _, such as ServiceLevelSlipping", r.Name)
	}
	kinds := 0
	for _, key := range []string{"fire", "burn", "absent", "source_silent"} {
		if _, ok := r.at[key]; ok {
			kinds++
		}
	}
	if kinds != 1 {
		s.fault(n, "the rule %s needs exactly one of fire, burn, absent and source_silent: that is what it looks for", r.Name)
		return
	}
	if r.Kind == Silent {
		s.silent(n, r)
	} else if !s.target(n, r) {
		return
	}
	switch r.Kind {
	case Threshold:
		s.threshold(n, r)
	case Burn:
		s.checkBurn(r)
	case Absent:
		s.checkAbsent(n, r)
	}
	s.foreign(r)
	if r.NoData == "" {
		r.NoData = NoDataClear
	}
	if r.MinCount < 0 && r.Unit() == kpi.Count {
		r.MinCount = 0 // a count of nothing is a number too
	} else if r.MinCount < 0 {
		r.MinCount = 1
	}
	if a, ok := r.at["annotations"]; ok {
		s.annotations(a, r.Rule)
	}
	if r.Severity == Critical && r.Runbook == "" {
		s.warn(n, "%s is critical and has no runbook: whoever is called at night should find out what to do; write runbook: deploy/runbooks/%s.md or a URL", r.Name, r.Name)
	}
}

// foreign faults keys that mean nothing for the kind of the rule: whoever wrote them expects something of them.
func (s *source) foreign(r *draft) {
	var not []string
	switch r.Kind {
	case Threshold:
		not = []string{"sources"}
	case Burn:
		not = []string{"window", "clear", "confidence", "stat", "sources", "no_data"}
	case Absent:
		not = []string{"clear", "confidence", "stat", "sources", "min_count", "no_data"}
	case Silent:
		not = []string{"kpi", "definition", "by", "where", "window", "clear", "confidence", "stat", "min_count", "no_data"}
	}
	for _, key := range not {
		if at, ok := r.at[key]; ok {
			s.fault(at, "%s means nothing in a rule with %s; remove it", key, map[Kind]string{Threshold: "fire", Burn: "burn", Absent: "absent", Silent: "source_silent"}[r.Kind])
		}
	}
}

// target checks what is read: KPI, definition, groups and window.
func (s *source) target(n ast.Node, r *draft) bool {
	if r.KPI == "" {
		s.fault(n, "the rule %s does not say which number it is about; write kpi: and one of %s", r.Name, strings.Join(kpi.IDs(), ", "))
		return false
	}
	def, err := kpi.ByID(r.KPI)
	if err != nil {
		s.fault(r.at["kpi"], "%v", err)
		return false
	}
	r.def = def
	var ids []string
	for i := range def.Definitions {
		ids = append(ids, def.Definitions[i].ID)
	}
	switch _, known := def.Definition(r.Definition); {
	case r.Definition == "" && len(def.Default) > 1:
		s.fault(n, "%s has several definitions and the rule %s says none; write definition: and one of %s", r.KPI, r.Name, strings.Join(ids, ", "))
	case r.Definition == "":
		r.Definition = def.Default[0]
	case !known:
		s.fault(r.at["definition"], "%s has no definition %q; use %s", r.KPI, r.Definition, strings.Join(ids, ", "))
	}
	for _, d := range dimensions {
		if r.Where[d] != nil && !slices.Contains(r.By, d) {
			s.fault(r.at["where"], "where: the rule is not by %s, so it cannot tell them apart; add %s to by", d, d)
		}
	}
	family, err := def.FamilyOf(r.By)
	if err != nil {
		s.fault(r.place(n, "by"), "by: %v", err)
	}
	switch _, given := r.at["window"]; {
	case def.Instant() && given:
		s.fault(r.at["window"], "%s is about now and has no window; remove it", r.KPI)
	case def.Instant() || r.Kind == Burn:
	case !given && r.Kind == Absent:
		r.Window = "1h"
	case !given:
		s.fault(n, "the rule %s does not say over which window; write e.g. window: 15m", r.Name)
	default:
		if _, err := ParseSpan(r.Window); err != nil {
			s.fault(r.at["window"], "%v", err)
		}
	}
	if family == window.Activity && r.Kind != Threshold {
		s.fault(r.at["kpi"], "%s counts different customers, which do not add up over time; use conversations_started or contacts_offered", r.KPI)
	}
	return true
}

func (s *source) stat(n ast.Node) Stat {
	t, _ := s.text(n)
	stats := []Stat{StatValue, StatMean, StatP50, StatP90, StatP95, StatP99}
	if !slices.Contains(stats, Stat(t)) {
		s.fault(n, "stat %q is unknown; use value, mean, p50, p90, p95 or p99", t)
		return StatValue
	}
	return Stat(t)
}

func (s *source) noData(n ast.Node) NoData {
	t, _ := s.text(n)
	if v := NoData(t); v == NoDataClear || v == NoDataHold || v == NoDataFire {
		return v
	}
	s.fault(n, "no_data %q is unknown; use clear (nothing is bad), hold (whatever is, stays) or fire", t)
	return NoDataClear
}

func (s *source) by(n ast.Node) []window.Dimension {
	var out []window.Dimension
	for _, name := range s.texts(n, "by") {
		switch d := window.Dimension(name); {
		case name == "tenant":
		case !slices.Contains(dimensions, d):
			s.fault(n, "by: %q cannot be grouped by; use channel, queue, team, agent, or nothing for the tenant as a whole", name)
		case !slices.Contains(out, d):
			out = append(out, d)
		}
	}
	return out
}

// where reads names by dimension: {channel: [chat, whatsapp]}.
func (s *source) where(n ast.Node) map[window.Dimension][]string {
	out := map[window.Dimension][]string{}
	for _, pair := range s.pairs(n, "where") {
		d := window.Dimension(keyOf(pair))
		if !slices.Contains(dimensions, d) {
			s.fault(pair, "where: %q is not channel, queue, team or agent", d)
			continue
		}
		out[d] = s.texts(pair.Value, string(d))
	}
	return out
}

func (s *source) confidence(n ast.Node) *float64 {
	none := 0.0
	if t, ok := n.(*ast.StringNode); ok && t.Value == "none" {
		return &none
	}
	level := s.percent(n, "confidence")
	if level != 0 && (level < 0.5 || level > 0.9999) {
		s.fault(n, "confidence: use 50%% to 99.99%%, or none to compare the number itself")
	}
	return &level
}
