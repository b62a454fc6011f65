package rule

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// CaseFile is a checked file of tests for rules.
type CaseFile struct {
	Name string
	// RuleFiles are the files with the rules, relative to the test file.
	RuleFiles []string
	Cases     []*Case
}

// Case is one test: numbers along an invented time line, and what the rules must make of them.
type Case struct {
	Name string
	Line int

	start, until int64 // Unix ms
	step         int64 // ms of one step of the series
	zone         *time.Location
	series       []*series
	lag, holes   []stretch // knowledge stands still; knowledge is incomplete
	expect       []expectation
	fires        map[string]int
	node         ast.Node
	source       *source
}

// stretch is [from, to) in Unix ms.
type stretch struct{ from, to int64 }

// series is what happened in one group (or from one source), step by step.
type series struct {
	kpi        *kpi.Def
	definition string
	group      map[string]string
	source     string
	num, den   []sample // good and total of shares; of counts num; of durations and KPIs about now the values, and how many there are of each
}

// expectation is what must be at one instant.
type expectation struct {
	at    int64 // Unix ms
	wants []want
}

// want expects a status of a rule, in one group or (without a group) in any.
type want struct {
	status string // none, pending, firing, resolved, unknown
	rule   string
	group  map[string]string
	node   ast.Node
}

// defaultStart is where the time line of a case begins that does not say it: a Monday.
var defaultStart = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC).UnixMilli()

// ParseCases reads a file of tests for rules. The error is [Findings].
func ParseCases(name string, data []byte) (*CaseFile, error) {
	s := newSource(name, data)
	f := &CaseFile{Name: name}
	if body := s.document(data); body != nil {
		s.fields(body, "the file",
			field{"version", func(n ast.Node) {
				if v, _ := s.text(n); v != Version {
					s.fault(n, "version %q is not one this Vigia reads; write %s", v, Version)
				}
			}},
			field{"rule_files", func(n ast.Node) { f.RuleFiles = s.texts(n, "rule_files") }},
			field{"tests", func(n ast.Node) {
				s.items(n, "tests", func(_ int, n ast.Node) { f.Cases = append(f.Cases, s.testCase(n)) })
			}},
		)
		if len(f.RuleFiles) == 0 {
			s.fault(body, "the file does not say which rules it tests; write rule_files: [rules.yaml]")
		}
		if len(f.Cases) == 0 {
			s.fault(body, "the file has no tests; list them under tests:")
		}
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	return f, nil
}

func (s *source) testCase(n ast.Node) *Case {
	line, _ := start(n)
	c := &Case{Line: line, start: defaultStart, step: 60_000, zone: time.UTC, fires: map[string]int{}, node: n, source: s}
	var seriesNode, lagNode, holesNode, expectNode ast.Node
	until := int64(0)
	later := func(into *ast.Node) func(ast.Node) { return func(n ast.Node) { *into = n } }
	s.fields(n, "the test",
		field{"name", func(n ast.Node) { c.Name, _ = s.text(n) }},
		field{"start", func(n ast.Node) {
			t, _ := s.text(n)
			at, err := time.Parse(time.RFC3339, t)
			if err != nil || at.UnixMilli()%window.FinePane != 0 {
				s.fault(n, "start: %q is not an instant on a full 10 s; write it like 2026-03-02T09:00:00+01:00", t)
				return
			}
			c.start = at.UnixMilli()
		}},
		field{"zone", func(n ast.Node) {
			t, _ := s.text(n)
			zone, err := sla.LoadZone(t)
			if err != nil {
				s.fault(n, "%v", err)
				return
			}
			c.zone = zone
		}},
		field{"step", func(n ast.Node) {
			if c.step = s.duration(n); c.step < window.FinePane || c.step%window.FinePane != 0 {
				s.fault(n, "step: use a multiple of 10s")
				c.step = 60_000
			}
		}},
		field{"until", func(n ast.Node) { until = s.duration(n) }},
		field{"series", later(&seriesNode)},
		field{"lag", later(&lagNode)},
		field{"incomplete", later(&holesNode)},
		field{"expect", later(&expectNode)},
		field{"fires", func(n ast.Node) {
			for _, pair := range s.pairs(n, "fires") {
				c.fires[keyOf(pair)] = int(s.whole(pair.Value, "fires", 0))
			}
		}},
	)
	if c.Name == "" {
		s.fault(n, "the test has no name")
	}
	if seriesNode == nil {
		s.fault(n, "the test %s has no series", c.Name)
	} else {
		s.items(seriesNode, "series", func(_ int, n ast.Node) { c.series = append(c.series, s.series(n)) })
	}
	c.lag, c.holes = s.stretches(lagNode, c.start), s.stretches(holesNode, c.start)
	if expectNode != nil {
		s.items(expectNode, "expect", func(_ int, n ast.Node) { c.expect = append(c.expect, s.expectation(n, c.start)) })
	}
	if expectNode == nil && len(c.fires) == 0 {
		s.fault(n, "the test %s expects nothing; write expect: or fires:", c.Name)
	}
	c.until = c.start + until
	if until == 0 {
		for _, x := range c.series {
			c.until = max(c.until, c.start+int64(max(len(x.num), len(x.den)))*c.step)
		}
	}
	for _, e := range c.expect {
		c.until = max(c.until, e.at)
	}
	return c
}

// series reads one line of numbers.
func (s *source) series(n ast.Node) *series {
	x := &series{group: map[string]string{}}
	read := map[string][]sample{}
	at := map[string]ast.Node{}
	samples := func(key string) field {
		return field{key, func(n ast.Node) {
			t, _ := s.text(n)
			list, err := expand(t)
			if err != nil {
				s.fault(n, "%s: %v", key, err)
			}
			read[key], at[key] = list, n
		}}
	}
	s.fields(n, "the series",
		field{"kpi", func(n ast.Node) {
			id, _ := s.text(n)
			d, err := kpi.ByID(id)
			if err != nil {
				s.fault(n, "%v", err)
			}
			x.kpi = d
		}},
		field{"definition", func(n ast.Node) { x.definition, _ = s.text(n) }},
		field{"group", func(n ast.Node) { x.group = s.words(n, "group") }},
		field{"source", func(n ast.Node) { x.source, _ = s.text(n) }},
		samples("good"), samples("total"), samples("count"), samples("values"), samples("events"),
	)
	for name := range x.group {
		if !slices.Contains([]string{"channel", "queue", "team", "agent"}, name) {
			s.fault(n, "group: %q is not channel, queue, team or agent", name)
		}
	}
	need := func(num, den, why string) {
		x.num, x.den = read[num], read[den]
		if x.num == nil || den != "" && den != "count" && x.den == nil {
			s.fault(n, "%s", why)
		}
		for key := range read {
			if key != num && key != den {
				s.fault(at[key], "%s means nothing here: %s", key, why)
			}
		}
	}
	switch {
	case x.source != "":
		need("events", "", "a series of a source needs events: how many came in each step")
	case x.kpi == nil:
		if len(s.found) == 0 {
			s.fault(n, "the series needs a kpi or a source")
		}
	case x.kpi.Unit == kpi.Ratio:
		need("good", "total", "a series of "+x.kpi.ID+" needs good and total: how many of how many in each step")
	case x.kpi.Unit == kpi.Count && !x.kpi.Instant():
		need("count", "", "a series of "+x.kpi.ID+" needs count: how many in each step")
	case x.kpi.Instant():
		need("values", "", "a series of "+x.kpi.ID+" needs values: what it is at each step")
	default:
		need("values", "count", "a series of "+x.kpi.ID+" needs values in seconds, and may have count: how many of them in each step")
	}
	return x
}

func (s *source) stretches(n ast.Node, origin int64) []stretch {
	if n == nil {
		return nil
	}
	var out []stretch
	s.items(n, "the list", func(_ int, n ast.Node) {
		var x stretch
		s.fields(n, "the stretch",
			field{"from", func(n ast.Node) { x.from = origin + s.duration(n) }},
			field{"to", func(n ast.Node) { x.to = origin + s.duration(n) }},
		)
		if x.to <= x.from {
			s.fault(n, "from must be before to, as times since the start")
		}
		out = append(out, x)
	})
	return out
}

func (s *source) expectation(n ast.Node, origin int64) expectation {
	e := expectation{at: -1}
	status := func(name string) field {
		return field{name, func(n ast.Node) {
			read := func(_ int, n ast.Node) {
				w := want{status: name, node: n, group: map[string]string{}}
				if _, single := n.(ast.ScalarNode); single {
					w.rule, _ = s.text(n)
				} else {
					w.group = s.words(n, "the alert")
					w.rule = w.group["alert"]
					delete(w.group, "alert")
				}
				if w.rule == "" {
					s.fault(n, "which alert? Write its name, or {alert: NAME, queue: …}")
				}
				e.wants = append(e.wants, w)
			}
			s.items(n, name, read)
		}}
	}
	s.fields(n, "the expectation",
		field{"at", func(n ast.Node) { e.at = origin + s.duration(n) }},
		status("none"), status("pending"), status("firing"), status("resolved"), status("unknown"),
	)
	if e.at < 0 {
		s.fault(n, "the expectation does not say when; write at: and the time since the start, such as 45m")
	}
	if len(e.wants) == 0 {
		s.fault(n, "the expectation expects nothing; write none, pending, firing, resolved or unknown, and a list of alerts")
	}
	return e
}
