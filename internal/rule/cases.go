package rule

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/document"
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
	node         *document.Node
	file         *document.File
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
	node   *document.Node
}

// defaultStart is where the time line of a case begins that does not say it: a Monday.
var defaultStart = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC).UnixMilli()

// ParseCases reads a file of tests for rules. The error is [document.Findings].
func ParseCases(name string, data []byte) (*CaseFile, error) {
	s, body := parse(name, data)
	f := &CaseFile{Name: name}
	if body != nil {
		fields(body,
			field{"version", func(n *document.Node) {
				if v, _ := text(n); v != Version {
					n.Fault("version %q is not one this Vigia reads; write %s", v, Version)
				}
			}},
			field{"rule_files", func(n *document.Node) { f.RuleFiles = texts(n) }},
			field{"tests", func(n *document.Node) {
				items(n, func(n *document.Node) { f.Cases = append(f.Cases, s.testCase(n)) })
			}},
		)
		if len(f.RuleFiles) == 0 {
			body.Fault("the file does not say which rules it tests; write rule_files: [rules.yaml]")
		}
		if len(f.Cases) == 0 {
			body.Fault("the file has no tests; list them under tests:")
		}
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	return f, nil
}

func (s *source) testCase(n *document.Node) *Case {
	c := &Case{Line: n.Line(), start: defaultStart, step: 60_000, zone: time.UTC, fires: map[string]int{}, node: n, file: s.File}
	var seriesNode, lagNode, holesNode, expectNode *document.Node
	until := int64(0)
	later := func(into **document.Node) func(*document.Node) { return func(n *document.Node) { *into = n } }
	fields(n,
		field{"name", func(n *document.Node) { c.Name, _ = text(n) }},
		field{"start", func(n *document.Node) {
			t, _ := text(n)
			at, err := time.Parse(time.RFC3339, t)
			if err != nil || at.UnixMilli()%window.FinePane != 0 {
				n.Fault("start: %q is not an instant on a full 10 s; write it like 2026-03-02T09:00:00+01:00", t)
				return
			}
			c.start = at.UnixMilli()
		}},
		field{"zone", func(n *document.Node) {
			t, _ := text(n)
			zone, err := sla.LoadZone(t)
			if err != nil {
				n.Fault("%v", err)
				return
			}
			c.zone = zone
		}},
		field{"step", func(n *document.Node) {
			if c.step = duration(n); c.step < window.FinePane || c.step%window.FinePane != 0 {
				n.Fault("step: use a multiple of 10s")
				c.step = 60_000
			}
		}},
		field{"until", func(n *document.Node) { until = duration(n) }},
		field{"series", later(&seriesNode)},
		field{"lag", later(&lagNode)},
		field{"incomplete", later(&holesNode)},
		field{"expect", later(&expectNode)},
		field{"fires", func(n *document.Node) {
			for _, pair := range n.Entries() {
				c.fires[pair.Key] = int(whole(pair.Value, "fires", 0))
			}
		}},
	)
	if c.Name == "" {
		n.Fault("the test has no name")
	}
	if seriesNode == nil {
		n.Fault("the test %s has no series", c.Name)
	} else {
		items(seriesNode, func(n *document.Node) { c.series = append(c.series, s.series(n)) })
	}
	c.lag, c.holes = s.stretches(lagNode, c.start), s.stretches(holesNode, c.start)
	if expectNode != nil {
		items(expectNode, func(n *document.Node) { c.expect = append(c.expect, s.expectation(n, c.start)) })
	}
	if expectNode == nil && len(c.fires) == 0 {
		n.Fault("the test %s expects nothing; write expect: or fires:", c.Name)
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
func (s *source) series(n *document.Node) *series {
	x := &series{group: map[string]string{}}
	read := map[string][]sample{}
	at := map[string]*document.Node{}
	samples := func(key string) field {
		return field{key, func(n *document.Node) {
			t, _ := text(n)
			list, err := expand(t)
			if err != nil {
				n.Fault("%s: %v", key, err)
			}
			read[key], at[key] = list, n
		}}
	}
	fields(n,
		field{"kpi", func(n *document.Node) {
			id, _ := text(n)
			d, err := kpi.ByID(id)
			if err != nil {
				n.Fault("%v", err)
			}
			x.kpi = d
		}},
		field{"definition", func(n *document.Node) { x.definition, _ = text(n) }},
		field{"group", func(n *document.Node) { x.group = words(n) }},
		field{"source", func(n *document.Node) { x.source, _ = text(n) }},
		samples("good"), samples("total"), samples("count"), samples("values"), samples("events"),
	)
	for name := range x.group {
		if !slices.Contains([]string{"channel", "queue", "team", "agent", "topic"}, name) {
			n.Fault("group: %q is not channel, queue, team, agent or topic", name)
		}
	}
	need := func(num, den, why string) {
		x.num, x.den = read[num], read[den]
		if x.num == nil || den != "" && den != "count" && x.den == nil {
			n.Fault("%s", why)
		}
		for key := range read {
			if key != num && key != den {
				at[key].Fault("%s means nothing here: %s", key, why)
			}
		}
	}
	switch {
	case x.source != "":
		need("events", "", "a series of a source needs events: how many came in each step")
	case x.kpi == nil:
		if len(s.Found) == 0 {
			n.Fault("the series needs a kpi or a source")
		}
	case x.kpi.Unit == kpi.Ratio:
		need("good", "total", "a series of "+x.kpi.ID+" needs good and total: how many of how many in each step")
	case counts(x.kpi) && !x.kpi.Instant():
		need("count", "", "a series of "+x.kpi.ID+" needs count: how many in each step")
	case x.kpi.Instant():
		need("values", "", "a series of "+x.kpi.ID+" needs values: what it is at each step")
	default:
		need("values", "count", "a series of "+x.kpi.ID+" needs values (of durations in seconds), and may have count: how many of them in each step")
	}
	return x
}

func (s *source) stretches(n *document.Node, origin int64) []stretch {
	if n == nil {
		return nil
	}
	var out []stretch
	items(n, func(n *document.Node) {
		var x stretch
		fields(n,
			field{"from", func(n *document.Node) { x.from = origin + duration(n) }},
			field{"to", func(n *document.Node) { x.to = origin + duration(n) }},
		)
		if x.to <= x.from {
			n.Fault("from must be before to, as times since the start")
		}
		out = append(out, x)
	})
	return out
}

func (s *source) expectation(n *document.Node, origin int64) expectation {
	e := expectation{at: -1}
	status := func(name string) field {
		return field{name, func(n *document.Node) {
			read := func(n *document.Node) {
				w := want{status: name, node: n, group: map[string]string{}}
				if n.Scalar() {
					w.rule, _ = text(n)
				} else {
					w.group = words(n)
					w.rule = w.group["alert"]
					delete(w.group, "alert")
				}
				if w.rule == "" {
					n.Fault("which alert? Write its name, or {alert: NAME, queue: …}")
				}
				e.wants = append(e.wants, w)
			}
			items(n, read)
		}}
	}
	fields(n,
		field{"at", func(n *document.Node) { e.at = origin + duration(n) }},
		status("none"), status("pending"), status("firing"), status("resolved"), status("unknown"),
	)
	if e.at < 0 {
		n.Fault("the expectation does not say when; write at: and the time since the start, such as 45m")
	}
	if len(e.wants) == 0 {
		n.Fault("the expectation expects nothing; write none, pending, firing, resolved or unknown, and a list of alerts")
	}
	return e
}
