package rule

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/vigia-cx/vigia/internal/sla"
)

// Version is the format of rule files.
const Version = "vigia/v1"

// What rules have unless they or the file's defaults say otherwise.
const (
	defaultInterval = 10_000
	defaultKeep     = 5 * 60_000
	defaultLimit    = 50
)

// File is a checked file of rules.
type File struct {
	Name  string
	Rules []*Rule
	// Calendars are those of the file, by name; rules may also name calendars of the tenant.
	Calendars map[string]*sla.Calendar
	// Warnings are what works and is probably not meant.
	Warnings Findings
}

// defaults are what all rules of a file have unless they say otherwise.
type defaults struct {
	interval, keep int64
	limit          int
	hours          string
	severity       Severity
	labels         map[string]string
}

// Parse reads a file of rules. name is how it is called in messages. The error is [Findings]: all mistakes, each with its place.
func Parse(name string, data []byte) (*File, error) {
	s := newSource(name, data)
	f := &File{Name: name, Calendars: map[string]*sla.Calendar{}}
	d := defaults{interval: defaultInterval, keep: defaultKeep, limit: defaultLimit, severity: Warning}
	var rules ast.Node
	if body := s.document(data); body != nil {
		version, found := "", false
		s.fields(body, "the file",
			field{"version", func(n ast.Node) {
				found = true
				if version, _ = s.text(n); version != Version {
					s.fault(n, "version %q is not one this Vigia reads; write %s", version, Version)
				}
			}},
			field{"defaults", func(n ast.Node) { s.defaults(n, &d) }},
			field{"calendars", func(n ast.Node) { s.calendars(n, f.Calendars) }},
			field{"rules", func(n ast.Node) { rules = n }},
		)
		if !found {
			s.fault(body, "the file does not say its version; begin it with version: %s", Version)
		}
		if rules == nil {
			s.fault(body, "the file has no rules; list them under rules:")
		}
	}
	if rules != nil {
		s.items(rules, "rules", func(_ int, n ast.Node) {
			if r := s.rule(n, d); r != nil {
				if i := slices.IndexFunc(f.Rules, func(o *Rule) bool { return o.Name == r.Name }); i >= 0 && r.Name != "" {
					s.fault(n, "the alert %s stands here twice (first in line %d); rename one", r.Name, f.Rules[i].Line)
				}
				f.Rules = append(f.Rules, r)
			}
		})
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	f.Warnings = s.sorted(s.warned)
	return f, nil
}

func (s *source) defaults(n ast.Node, d *defaults) {
	s.fields(n, "defaults",
		field{"interval", func(n ast.Node) { d.interval = s.interval(n) }},
		field{"keep_firing_for", func(n ast.Node) { d.keep = s.duration(n) }},
		field{"limit", func(n ast.Node) { d.limit = int(s.whole(n, "limit", 1)) }},
		field{"only_in_hours", func(n ast.Node) { d.hours, _ = s.text(n) }},
		field{"severity", func(n ast.Node) { d.severity = s.severity(n) }},
		field{"labels", func(n ast.Node) { d.labels = s.labels(n) }},
	)
}

// calendars reads opening hours as the configuration writes them, by name.
func (s *source) calendars(n ast.Node, into map[string]*sla.Calendar) {
	for _, pair := range s.pairs(n, "calendars") {
		spec := sla.CalendarSpec{Name: keyOf(pair), Week: map[string][]string{}}
		s.fields(pair.Value, "the calendar "+spec.Name,
			field{"zone", func(n ast.Node) { spec.Zone, _ = s.text(n) }},
			field{"week", func(n ast.Node) {
				for _, day := range s.pairs(n, "week") {
					spec.Week[keyOf(day)] = s.texts(day.Value, keyOf(day))
				}
			}},
			field{"holiday_set", func(n ast.Node) { spec.HolidaySet, _ = s.text(n) }},
			field{"holidays", func(n ast.Node) {
				for _, date := range s.texts(n, "holidays") {
					spec.Holidays = append(spec.Holidays, sla.Holiday{Date: date})
				}
			}},
		)
		if spec.Zone == "" {
			s.fault(pair, "the calendar %s has no zone; write e.g. zone: America/Lima", spec.Name)
			continue
		}
		c, err := sla.Compile(spec)
		if err != nil {
			s.fault(pair, "%v", err)
			continue
		}
		into[spec.Name] = c
	}
}

func (s *source) severity(n ast.Node) Severity {
	t, ok := s.text(n)
	if v := Severity(t); !ok || v == Critical || v == Warning || v == Info {
		return v
	}
	s.fault(n, "severity %q is unknown; use critical, warning or info", t)
	return Warning
}

func (s *source) interval(n ast.Node) int64 {
	ms := s.duration(n)
	if ms%FinePane != 0 || ms < FinePane || ms > 3_600_000 {
		s.fault(n, "an interval is a multiple of 10s from 10s to 1h: that is how fine numbers are kept")
		return defaultInterval
	}
	return ms
}

// reserved are the labels that Vigia writes itself.
var reserved = []string{"alertname", "tenant", "severity", "channel", "queue", "team", "agent", "clock", "source", "incident"}

func (s *source) labels(n ast.Node) map[string]string {
	out := s.words(n, "labels")
	for _, pair := range s.pairs(n, "labels") {
		if slices.Contains(reserved, keyOf(pair)) {
			s.fault(pair, "the label %s is written by Vigia; give yours another name", keyOf(pair))
		}
	}
	return out
}

// Set is the rules of one tenant.
type Set struct {
	Tenant string
	Rules  []*Rule
}

// NewSet binds the rules of files to a tenant. calendar looks up those calendars that a file does not have itself (the tenant's policy has them) and returns nil when there is
// none by the name. The error joins every mistake: a calendar that nobody has, an alert that two files have.
func NewSet(tenant string, calendar func(name string) *sla.Calendar, files ...*File) (*Set, error) {
	set := &Set{Tenant: tenant}
	var errs []error
	seen := map[string]*Rule{}
	for _, f := range files {
		for _, r := range f.Rules {
			if first := seen[r.Name]; first != nil {
				errs = append(errs, fmt.Errorf("%s:%d: the alert %s is also in %s:%d; rename one", r.File, r.Line, r.Name, first.File, first.Line))
				continue
			}
			bound := *r
			bound.tenant = tenant
			if r.OnlyInHours != "" {
				bound.calendar = f.Calendars[r.OnlyInHours]
				if bound.calendar == nil && calendar != nil {
					bound.calendar = calendar(r.OnlyInHours)
				}
				if bound.calendar == nil {
					errs = append(errs, fmt.Errorf("%s:%d: %s: no calendar is called %q; write it under calendars: in this file, or among the calendars of tenant %q in the configuration",
						r.File, r.Line, r.Name, r.OnlyInHours, tenant))
				}
			}
			seen[r.Name] = &bound
			set.Rules = append(set.Rules, &bound)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return set, nil
}

// Rule returns a rule by the name of its alert, nil when there is none.
func (s *Set) Rule(name string) *Rule {
	if i := slices.IndexFunc(s.Rules, func(r *Rule) bool { return r.Name == name }); i >= 0 {
		return s.Rules[i]
	}
	return nil
}

// merged lays labels over others.
func merged(base, over map[string]string) map[string]string {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}
