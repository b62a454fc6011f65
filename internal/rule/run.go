package rule

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Outcome is what became of one test.
type Outcome struct {
	File, Case string
	Line       int
	Failures   document.Findings // empty when the test passes
	// Changes is everything that happened to the rules, in order; At less Start is the time since the begin of the time line.
	Changes []Change
	Start   int64
	// Rules are those that the test ran.
	Rules []*Rule
}

// Selector reports whether a test is to be run, by its name.
type Selector func(name string) bool

// RunTests runs tests against rules. files holds the rule files under the names that the test files call them by; calendar looks up calendars of the tenant (see [NewSet]) and
// may be nil, and so may only, which selects tests. The error says that rules and tests do not fit together.
func RunTests(files map[string]*File, tests []*CaseFile, calendar func(string) *sla.Calendar, only Selector) ([]Outcome, error) {
	var out []Outcome
	for _, t := range tests {
		var used []*File
		for _, name := range t.RuleFiles {
			f := files[name]
			if f == nil {
				return nil, fmt.Errorf("%s: the rule file %q is not there", t.Name, name)
			}
			used = append(used, f)
		}
		set, err := NewSet("test", calendar, used...)
		if err != nil {
			return nil, err
		}
		for _, c := range t.Cases {
			if only == nil || only(c.Name) {
				out = append(out, c.run(t.Name, set))
			}
		}
	}
	return out, nil
}

// trial is a case being run.
type trial struct {
	*Case
	out    Outcome
	tracks []*track
	fired  map[string]int
}

// track is one group of one rule along the time line.
type track struct {
	rule     *Rule
	group    map[string]string
	feeds    []*feed // one for each query; nil for rules about sources
	source   *series
	state    State
	resolved bool // an incident has ended
	measures []Measure
	quiet    bool // the last evaluation saw nothing and was complete: the same numbers will change nothing
}

func (c *Case) run(file string, set *Set) Outcome {
	t := &trial{Case: c, out: Outcome{File: file, Case: c.Name, Line: c.Line, Start: c.start}, fired: map[string]int{}}
	used := map[*series]bool{}
	for _, r := range set.Rules {
		before := len(t.tracks)
		t.lay(r, used)
		if len(t.tracks) > before {
			t.out.Rules = append(t.out.Rules, r)
		}
	}
	for _, x := range c.series {
		if !used[x] {
			t.fail(want{node: c.node}, "no rule reads the series of %s; the test would pass whatever it says", cmp.Or(x.source, x.name()))
		}
	}
	expect := slices.Clone(c.expect)
	slices.SortStableFunc(expect, func(a, b expectation) int { return cmp.Compare(a.at, b.at) })
	asOf := c.start
	for at := c.start; at <= c.until; at += FinePane {
		if !inside(c.lag, at) {
			asOf = at
		}
		for _, tr := range t.tracks {
			if at%tr.rule.Interval == 0 {
				t.evaluate(tr, at, asOf)
			}
		}
		for len(expect) > 0 && expect[0].at < at+FinePane {
			for _, w := range expect[0].wants {
				t.check(set, w, expect[0].at)
			}
			expect = expect[1:]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.fires)) {
		if n := t.fired[name]; n != c.fires[name] {
			t.fail(want{node: c.node}, "%s fired %d times, want %d", name, n, c.fires[name])
		}
		if set.Rule(name) == nil {
			t.fail(want{node: c.node}, "there is no alert %s", name)
		}
	}
	t.out.Failures = c.file.Finish(t.out.Failures)
	return t.out
}

func (x *series) name() string {
	if x.kpi == nil {
		return ""
	}
	return x.kpi.ID
}

func inside(list []stretch, at int64) bool {
	return slices.ContainsFunc(list, func(s stretch) bool { return at >= s.from && at < s.to })
}

// lay makes the tracks of a rule: one for each group that the series it reads have.
func (t *trial) lay(r *Rule, used map[*series]bool) {
	groups := map[string][]*series{}
	var order []string
	for _, x := range t.series {
		if r.Kind == Silent {
			if x.source != "" && (len(r.Sources) == 0 || slices.Contains(r.Sources, x.source)) {
				used[x] = true
				t.tracks = append(t.tracks, &track{rule: r, group: map[string]string{"source": x.source}, source: x})
			}
			continue
		}
		if x.name() != r.KPI || x.definition != "" && x.definition != r.Definition || !r.Covers(x.group) {
			continue
		}
		used[x] = true
		key := groupKey(project(x.group, r))
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], x)
	}
	for _, key := range order {
		tr := &track{rule: r, group: project(groups[key][0].group, r)}
		sums := newTotals(groups[key])
		for _, q := range r.Queries() {
			span, _ := ParseSpan(q.Window)
			tr.feeds = append(tr.feeds, newFeed(t.Case, r, span, groups[key], sums))
		}
		tr.measures = make([]Measure, len(tr.feeds))
		t.tracks = append(t.tracks, tr)
	}
}

// project keeps the dimensions that the rule groups by.
func project(group map[string]string, r *Rule) map[string]string {
	out := map[string]string{}
	for _, d := range r.By {
		out[string(d)] = group[string(d)]
	}
	return out
}

// evaluate lets a rule look at one group.
func (t *trial) evaluate(tr *track, at, asOf int64) {
	var o Observation
	if tr.source != nil {
		list := tr.rule.ObserveSources(at, []Source{{Name: tr.source.source, LastAt: tr.source.last(t.Case, at)}}, asOf)
		if len(list) == 0 {
			return
		}
		o = list[0]
	} else {
		complete, moved := !inside(t.holes, at), false
		for i, f := range tr.feeds {
			tr.measures[i] = f.at(at)
			tr.measures[i].Complete = tr.measures[i].Complete && complete
			moved = moved || f.moved
		}
		if tr.quiet && !moved && complete && asOf == at && tr.rule.calendar == nil {
			return
		}
		o = tr.rule.Judge(at, asOf, tr.measures)
		o.Group = tr.group
	}
	var changes []Change
	tr.state, changes = tr.rule.Step(tr.state, o)
	tr.quiet = tr.state.Status == Inactive && o.Fire == False
	for _, c := range changes {
		if c.What == Fired {
			t.fired[c.Rule]++
		}
		tr.resolved = tr.resolved && c.What != Fired || c.What == Resolved
	}
	t.out.Changes = append(t.out.Changes, changes...)
}

// is reports whether a track has a status.
func (tr *track) is(status string) bool {
	s := tr.state
	switch status {
	case "none":
		return s.Status == Inactive && !s.Unknown
	case "pending":
		return s.Status == Pending
	case "firing":
		return s.Status.Open()
	case "resolved":
		return tr.resolved && !s.Status.Open()
	}
	return s.Unknown
}

// check compares a rule with what is expected of it.
func (t *trial) check(set *Set, w want, at int64) {
	var of []*track
	for _, tr := range t.tracks {
		if tr.rule.Name == w.rule && covers(tr.group, w.group) {
			of = append(of, tr)
		}
	}
	has := func(tr *track) bool { return tr.is(w.status) }
	switch {
	case set.Rule(w.rule) == nil:
		t.fail(w, "there is no alert %s", w.rule)
	case w.status == "none" && slices.ContainsFunc(of, func(tr *track) bool { return !has(tr) }),
		w.status != "none" && !slices.ContainsFunc(of, has):
		t.fail(w, "at %s: %s is not %s; %s", since(at-t.start), describe(w.rule, w.group), w.status, t.instead(of))
	}
}

func covers(group, part map[string]string) bool {
	for k, v := range part {
		if group[k] != v {
			return false
		}
	}
	return true
}

// instead says what the groups are, and what they last saw.
func (t *trial) instead(of []*track) string {
	if len(of) == 0 {
		return "no series has such a group"
	}
	var list []string
	for _, tr := range of {
		text := describe("", tr.group)
		if text == "" {
			text = "it"
		}
		text += " is " + tr.state.Status.String()
		if tr.state.Unknown {
			text += ", unknown"
		}
		list = append(list, fmt.Sprintf("%s (last saw %s, n = %d)", text, tr.rule.Say("en", tr.state.Number), tr.state.N))
	}
	return strings.Join(list, "; ")
}

// describe names a rule and a group: Slipping{queue="sales"}.
func describe(rule string, group map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(group)) {
		parts = append(parts, fmt.Sprintf("%s=%q", k, group[k]))
	}
	if len(parts) == 0 {
		return rule
	}
	return rule + "{" + strings.Join(parts, ", ") + "}"
}

func (t *trial) fail(w want, format string, args ...any) {
	t.out.Failures = append(t.out.Failures, w.node.Finding("%s: %s", t.Name, fmt.Sprintf(format, args...)))
}

// since writes a time since the start: 34m, 1h20m, 45s.
func since(ms int64) string {
	text := (time.Duration(ms) * time.Millisecond).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
