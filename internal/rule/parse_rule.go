package rule

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

var alertName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// draft is a rule being read, with the places of what is checked at the end.
type draft struct {
	*Rule
	at         map[string]*document.Node
	confidence *float64
}

// rule reads one rule; nil when there is nothing to go on with.
func (s *source) rule(n *document.Node, d defaults) *Rule {
	r := &draft{at: map[string]*document.Node{}, Rule: &Rule{
		File: s.Name(), Line: n.Line(), Kind: Threshold, Stat: StatValue, MinCount: -1, KeepFiringFor: d.keep, Interval: d.interval, Limit: d.limit, OnlyInHours: d.hours,
		Severity: d.severity, Labels: d.labels,
	}}
	note := func(key string, read func(n *document.Node)) field {
		return field{key, func(n *document.Node) { r.at[key] = n; read(n) }}
	}
	fields(n,
		note("alert", func(n *document.Node) { r.Name, _ = text(n) }),
		note("kpi", func(n *document.Node) { r.KPI, _ = text(n) }),
		note("definition", func(n *document.Node) { r.Definition, _ = text(n) }),
		note("stat", func(n *document.Node) { r.Stat = s.stat(n) }),
		note("by", func(n *document.Node) { r.By = s.by(n) }),
		note("where", func(n *document.Node) { r.Where = s.where(n) }),
		note("window", func(n *document.Node) { r.Window, _ = text(n) }),
		note("fire", func(*document.Node) {}), // a number's meaning depends on the KPI: see threshold
		note("clear", func(*document.Node) {}),
		note("for", func(n *document.Node) { r.For = duration(n) }),
		note("keep_firing_for", func(n *document.Node) { r.KeepFiringFor = duration(n) }),
		note("min_count", func(n *document.Node) { r.MinCount = whole(n, "min_count", 1) }),
		note("confidence", func(n *document.Node) { r.confidence = s.confidence(n) }),
		note("burn", func(n *document.Node) { r.Kind = Burn; s.burn(n, &r.Burn) }),
		note("absent", func(n *document.Node) { r.Kind = Absent; s.absent(n, &r.Absent) }),
		note("source_silent", func(n *document.Node) { r.Kind = Silent; r.Silence = duration(n) }),
		note("sources", func(n *document.Node) { r.Sources = texts(n) }),
		note("no_data", func(n *document.Node) { r.NoData = s.noData(n) }),
		note("only_in_hours", func(n *document.Node) { r.OnlyInHours, _ = text(n) }),
		note("severity", func(n *document.Node) { r.Severity = s.severity(n) }),
		note("labels", func(n *document.Node) { r.Labels = merged(d.labels, s.labels(n)) }),
		note("annotations", func(*document.Node) {}), // their fields depend on the rest: see finishRule
		note("runbook", func(n *document.Node) { r.Runbook, _ = text(n) }),
		note("interval", func(n *document.Node) { r.Interval = s.interval(n) }),
		note("limit", func(n *document.Node) { r.Limit = int(whole(n, "limit", 1)) }),
	)
	s.finishRule(n, r)
	return r.Rule
}

// place returns where a key of the rule stands, or the rule.
func (r *draft) place(n *document.Node, key string) *document.Node {
	if at, ok := r.at[key]; ok {
		return at
	}
	return n
}

// finishRule checks what depends on several keys.
func (s *source) finishRule(n *document.Node, r *draft) {
	if !alertName.MatchString(r.Name) {
		r.place(n, "alert").Fault("alert: %q is not a name; write one of letters, digits and _, such as ServiceLevelSlipping", r.Name)
	}
	kinds := 0
	for _, key := range []string{"fire", "burn", "absent", "source_silent"} {
		if _, ok := r.at[key]; ok {
			kinds++
		}
	}
	if kinds != 1 {
		n.Fault("the rule %s needs exactly one of fire, burn, absent and source_silent: that is what it looks for", r.Name)
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
	if r.MinCount < 0 && r.def != nil && counts(r.def) {
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
			at.Fault("%s means nothing in a rule with %s; remove it", key, map[Kind]string{Threshold: "fire", Burn: "burn", Absent: "absent", Silent: "source_silent"}[r.Kind])
		}
	}
}

// target checks what is read: KPI, definition, groups and window.
func (s *source) target(n *document.Node, r *draft) bool {
	if r.KPI == "" {
		n.Fault("the rule %s does not say which number it is about; write kpi: and one of %s", r.Name, strings.Join(kpi.IDs(), ", "))
		return false
	}
	def, err := kpi.ByID(r.KPI)
	if err != nil {
		r.at["kpi"].Fault("%v", err)
		return false
	}
	r.def = def
	var ids []string
	for i := range def.Definitions {
		ids = append(ids, def.Definitions[i].ID)
	}
	switch _, known := def.Definition(r.Definition); {
	case r.Definition == "" && len(def.Default) > 1:
		n.Fault("%s has several definitions and the rule %s says none; write definition: and one of %s", r.KPI, r.Name, strings.Join(ids, ", "))
	case r.Definition == "":
		r.Definition = def.Default[0]
	case !known:
		r.at["definition"].Fault("%s has no definition %q; use %s", r.KPI, r.Definition, strings.Join(ids, ", "))
	}
	for _, d := range window.Dimensions {
		if r.Where[d] != nil && !slices.Contains(r.By, d) {
			r.at["where"].Fault("where: the rule is not by %s, so it cannot tell them apart; add %s to by", d, d)
		}
	}
	family, err := def.FamilyOf(r.By)
	if err != nil {
		r.place(n, "by").Fault("by: %v", err)
	}
	switch _, given := r.at["window"]; {
	case def.Instant() && given:
		r.at["window"].Fault("%s is about now and has no window; remove it", r.KPI)
	case def.Instant() || r.Kind == Burn:
	case !given && r.Kind == Absent:
		r.Window = "1h"
	case !given:
		n.Fault("the rule %s does not say over which window; write e.g. window: 15m", r.Name)
	default:
		if _, err := ParseSpan(r.Window); err != nil {
			r.at["window"].Fault("%v", err)
		}
	}
	if family == window.Activity && r.Kind != Threshold {
		r.at["kpi"].Fault("%s counts different customers, which do not add up over time; use conversations_started or contacts_offered", r.KPI)
	}
	return true
}

func (s *source) stat(n *document.Node) Stat {
	t, _ := text(n)
	stats := []Stat{StatValue, StatMean, StatP50, StatP90, StatP95, StatP99}
	if !slices.Contains(stats, Stat(t)) {
		n.Fault("stat %q is unknown; use value, mean, p50, p90, p95 or p99", t)
		return StatValue
	}
	return Stat(t)
}

func (s *source) noData(n *document.Node) NoData {
	t, _ := text(n)
	if v := NoData(t); v == NoDataClear || v == NoDataHold || v == NoDataFire {
		return v
	}
	n.Fault("no_data %q is unknown; use clear (nothing is bad), hold (whatever is, stays) or fire", t)
	return NoDataClear
}

func (s *source) by(n *document.Node) []window.Dimension {
	var out []window.Dimension
	for _, name := range texts(n) {
		switch d := window.Dimension(name); {
		case name == "tenant":
		case !slices.Contains(window.Dimensions, d):
			n.Fault("by: %q cannot be grouped by; use channel, queue, team, agent, topic, or nothing for the tenant as a whole", name)
		case !slices.Contains(out, d):
			out = append(out, d)
		}
	}
	return out
}

// where reads names by dimension: {channel: [chat, whatsapp]}.
func (s *source) where(n *document.Node) map[window.Dimension][]string {
	out := map[window.Dimension][]string{}
	for _, pair := range n.Entries() {
		d := window.Dimension(pair.Key)
		if !slices.Contains(window.Dimensions, d) {
			pair.Name.Fault("where: %q is not channel, queue, team, agent or topic", d)
			continue
		}
		out[d] = texts(pair.Value)
	}
	return out
}

func (s *source) confidence(n *document.Node) *float64 {
	none := 0.0
	if n.Scalar() {
		if t, _ := text(n); t == "none" {
			return &none
		}
	}
	level := percent(n, "confidence")
	if level != 0 && (level < 0.5 || level > 0.9999) {
		n.Fault("confidence: use 50%% to 99.99%%, or none to compare the number itself")
	}
	return &level
}
