package rule

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// proportion reports whether what is judged is a share of things that are either good or bad, so that chance can be reckoned with. Balances and averages from −1 to 1 are none.
func (r *Rule) proportion() bool { return r.shape() == kpi.ShapeShare }

// shape returns the shape of the values that are judged.
func (r *Rule) shape() kpi.Shape {
	if def, ok := r.def.Definition(r.Definition); ok {
		return def.Shape()
	}
	return r.def.Shapes()[0] // the definition is a fault already
}

// counts reports whether the KPI counts things, so that nothing is 0.
func counts(d *kpi.Def) bool {
	shape := d.Shapes()[0]
	return shape == kpi.ShapeCount || shape == kpi.ShapeEstimate
}

// leastProportion is the min_count of rules with a confidence that say none: of less than five the Wilson bound is not what it promises (0 of 2 would be beyond 80 % at 99 %,
// and happens by chance to one healthy pair in 25).
const leastProportion = 5

// threshold checks a rule with fire.
func (s *source) threshold(n *document.Node, r *draft) {
	fire, ok := s.condition(r.at["fire"], r.def)
	if !ok {
		return
	}
	r.Fire, r.Clear = fire, opposite(fire)
	if at, given := r.at["clear"]; given {
		clear, ok := s.condition(at, r.def)
		switch {
		case !ok:
		case clear.below() == fire.below():
			at.Fault("clear: %s looks the same way as fire: %s, so it would be over while it is bad; turn it round", clear.Text, fire.Text)
		case fire.below() && clear.Limit < fire.Limit || !fire.below() && clear.Limit > fire.Limit:
			at.Fault("clear: %s is on the bad side of fire: %s, so it would end and fire in turn; give it a limit on the good side", clear.Text, fire.Text)
		default:
			r.Clear = clear
		}
	}
	switch {
	case r.def.Better == kpi.Higher && !fire.below():
		s.warn(r.at["fire"], "%s: of %s a higher number is better, and this fires when it is high", r.Name, r.KPI)
	case r.def.Better == kpi.Lower && fire.below():
		s.warn(r.at["fire"], "%s: of %s a lower number is better, and this fires when it is low", r.Name, r.KPI)
	}
	if r.Stat != StatValue && r.shape() != kpi.ShapeDuration {
		r.at["stat"].Fault("stat: %s has no %s; only durations over a window have a mean and percentiles", r.KPI, r.Stat)
	}
	switch {
	case r.confidence != nil && *r.confidence != 0 && !r.proportion():
		r.at["confidence"].Fault("confidence: %s is not a share of things that are either good or bad; use min_count", r.KPI)
	case r.confidence != nil:
		r.Confidence = *r.confidence
	case !r.proportion():
	case r.Severity == Critical:
		r.Confidence = 0.99
	default:
		r.Confidence = 0.95
	}
	if r.Confidence > 0 && r.MinCount > 2*leastProportion {
		s.warn(r.at["min_count"], "%s: min_count %d blinds small queues, and confidence %s%% allows for small numbers already; one of the two is enough", r.Name, r.MinCount, number(r.Confidence*100))
	}
	if r.Confidence > 0 {
		s.reachable(n, r)
		if r.MinCount < 0 {
			r.MinCount = leastProportion
		}
	}
}

// reachable refuses a limit that no number of contacts could be beyond.
func (s *source) reachable(n *document.Node, r *draft) {
	if r.Fire.below() && r.Fire.Limit <= 0 || !r.Fire.below() && r.Fire.Limit >= 1 {
		r.place(n, "fire").Fault("fire: %s can never hold: shares are from 0 %% to 100 %%", r.Fire.Text)
	}
}

func opposite(c Condition) Condition {
	op := map[string]string{"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[c.Op]
	return Condition{op, c.Limit, op + strings.TrimPrefix(c.Text, c.Op)}
}

// condition reads "< 80%", "> 2m" or ">= 5", as suits the KPI's unit.
func (s *source) condition(n *document.Node, d *kpi.Def) (Condition, bool) {
	t, ok := text(n)
	if !ok {
		return Condition{}, false
	}
	c, err := parseCondition(t, d)
	if err != nil {
		n.Fault("%v", err)
		return Condition{}, false
	}
	return c, true
}

func parseCondition(t string, d *kpi.Def) (Condition, error) {
	rest := strings.TrimLeft(t, "<>=")
	op, value := strings.TrimSpace(t[:len(t)-len(rest)]), strings.TrimSpace(rest)
	example := map[kpi.Unit]string{kpi.Ratio: "< 80%", kpi.Seconds: "> 2m", kpi.Count: "> 5", kpi.Points: "< 30", kpi.Factor: "> 2", kpi.Money: "< 300"}[d.Unit]
	bad := fmt.Errorf("%q is not a condition for %s; write one like %q", t, d.ID, example)
	if op != "<" && op != "<=" && op != ">" && op != ">=" {
		return Condition{}, bad
	}
	c := Condition{Op: op}
	var err error
	switch d.Unit {
	case kpi.Ratio:
		digits, percent := strings.CutSuffix(value, "%")
		c.Limit, err = strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if !percent || err != nil || !(c.Limit >= -100 && c.Limit <= 100) {
			return Condition{}, bad
		}
		c.Limit, c.Text = c.Limit/100, op+" "+strings.TrimSpace(digits)+" %"
	case kpi.Seconds:
		var ms int64
		if ms, err = parseDuration(strings.ReplaceAll(value, " ", "")); err != nil {
			return Condition{}, bad
		}
		c.Limit, c.Text = float64(ms)/1000, op+" "+spanText(ms)
	default:
		least := 0.0
		if d.Unit != kpi.Count {
			least = -1e15
		}
		if c.Limit, err = strconv.ParseFloat(value, 64); err != nil || !(c.Limit >= least && c.Limit < 1e15) {
			return Condition{}, bad
		}
		c.Text = op + " " + value
	}
	return c, nil
}

func (s *source) burn(n *document.Node, b *BurnRate) {
	b.Long, b.Short = "1h", "15m"
	fields(n,
		field{"rate", func(n *document.Node) {
			t, _ := text(n)
			v, err := strconv.ParseFloat(strings.TrimSuffix(t, "x"), 64)
			if err != nil || !(v > 0 && v <= 1000) {
				n.Fault("rate: %q is not how many times too fast; write e.g. 1.5", t)
			}
			b.Rate = v
		}},
		field{"long", func(n *document.Node) { b.Long, _ = text(n) }},
		field{"short", func(n *document.Node) { b.Short, _ = text(n) }},
		field{"objective", func(n *document.Node) {
			if b.Objective = percent(n, "objective"); b.Objective >= 1 {
				n.Fault("objective: 100 %% leaves nothing to burn; use less")
				b.Objective = 0
			}
		}},
	)
	for _, w := range []string{b.Long, b.Short} {
		if _, err := ParseSpan(w); err != nil {
			n.Fault("burn: %v", err)
		}
	}
}

// checkBurn refuses a burn rate that cannot be reached: the share of broken promises can never exceed 1.
func (s *source) checkBurn(r *draft) {
	at, b := r.at["burn"], r.Burn
	if !r.proportion() {
		r.at["kpi"].Fault("burn: %s is not a share of promises kept; use sla_compliance, service_level or abandon_rate", r.KPI)
	}
	if b.Rate == 0 || b.Objective == 0 {
		at.Fault("burn needs rate and objective; write e.g. burn: {rate: 1.5, objective: 80%%, long: 1h, short: 15m}")
		return
	}
	if most := 1 / (1 - b.Objective); b.Rate > most*(1+1e-9) {
		at.Fault("burn: with an objective of %s %% the rate can never exceed 1/(1−%s) = %s; %s would mean that %s %% of promises are broken. Use less, such as 1.5 over 1h and 15m",
			number(b.Objective*100), number(b.Objective), number(most), number(b.Rate), number(b.Rate*(1-b.Objective)*100))
	}
	long, err1 := ParseSpan(b.Long)
	short, err2 := ParseSpan(b.Short)
	if err1 == nil && err2 == nil && !long.Today && (short.Today || short.Ms >= long.Ms) {
		at.Fault("burn: short (%s) must be shorter than long (%s)", b.Short, b.Long)
	}
	if r.MinCount < 0 {
		r.MinCount = 20
	}
}

func (s *source) absent(n *document.Node, a *Absence) {
	a.Expected, a.Baseline = 10, "2h"
	fields(n,
		field{"expected", func(n *document.Node) {
			t, _ := text(n)
			v, err := strconv.ParseFloat(t, 64)
			if err != nil || !(v >= 3 && v <= 1e6) {
				n.Fault("expected: %q is not a number of 3 or more; with fewer, chance alone makes such gaps", t)
			}
			a.Expected = v
		}},
		field{"baseline", func(n *document.Node) { a.Baseline, _ = text(n) }},
		field{"like", func(n *document.Node) {
			a.Like, _ = text(n)
			if w, err := ParseSpan(a.Like); a.Like != "none" && (err != nil || w.Today || w.Ms%86_400_000 != 0 || w.Ms > 7*86_400_000) {
				n.Fault("like: %q is not 1d to 7d, or none; use 7d to compare with the same hour of the same weekday", a.Like)
			}
		}},
	)
	if w, err := ParseSpan(a.Baseline); err != nil || w.Today {
		n.Fault("baseline: %q is not a window such as 2h or 1d", a.Baseline)
	}
}

func (s *source) checkAbsent(n *document.Node, r *draft) {
	if r.shape() != kpi.ShapeCount || r.def.Instant() {
		r.at["kpi"].Fault("absent: %s is not a count over a window; use conversations_started or contacts_offered", r.KPI)
	}
	baseline, err1 := ParseSpan(r.Absent.Baseline)
	gap, err2 := ParseSpan(r.Window)
	if err1 == nil && err2 == nil && (gap.Today || 2*gap.Ms > baseline.Ms) {
		r.place(n, "absent").Fault("absent: the baseline (%s) must be at least twice the window (%s), or there is no pace to compare with", r.Absent.Baseline, r.Window)
	}
	if r.baseline, r.gaps = baseline.Ms, gapsWithin(gap.Ms); err2 == nil && len(r.gaps) == 0 {
		r.place(n, "window").Fault("absent: use a window of 1m or more")
	}
	switch {
	case r.Absent.Like == "" && r.OnlyInHours == "":
		r.Absent.Like = "7d"
	case r.Absent.Like == "none" && r.OnlyInHours == "":
		s.warn(n, "%s has neither only_in_hours nor like: when the centre closes, nothing comes either", r.Name)
	}
	if r.Absent.Like == "none" {
		r.Absent.Like = ""
	}
	if like, err := ParseSpan(r.Absent.Like); err == nil {
		r.like = like.Ms
	}
}

func (s *source) silent(n *document.Node, r *draft) {
	if r.Silence < 60_000 || r.Silence > 7*24*3_600_000 {
		r.place(n, "source_silent").Fault("source_silent: use 1m to 7d")
	}
}
