package rule

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/document"
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
	Warnings document.Findings
}

// defaults are what all rules of a file have unless they say otherwise.
type defaults struct {
	interval, keep int64
	limit          int
	hours          string
	severity       Severity
	labels         map[string]string
}

// Parse reads a file of rules. name is how it is called in messages. The error is [document.Findings]: all mistakes, each with its place.
func Parse(name string, data []byte) (*File, error) {
	s, body := parse(name, data)
	f := &File{Name: name, Calendars: map[string]*sla.Calendar{}}
	d := defaults{interval: defaultInterval, keep: defaultKeep, limit: defaultLimit, severity: Warning}
	var rules *document.Node
	if body != nil {
		version, found := "", false
		fields(body,
			field{"version", func(n *document.Node) {
				found = true
				if version, _ = text(n); version != Version {
					n.Fault("version %q is not one this Vigia reads; write %s", version, Version)
				}
			}},
			field{"defaults", func(n *document.Node) { s.defaults(n, &d) }},
			field{"calendars", func(n *document.Node) { s.calendars(n, f.Calendars) }},
			field{"rules", func(n *document.Node) { rules = n }},
		)
		if !found {
			body.Fault("the file does not say its version; begin it with version: %s", Version)
		}
		if rules == nil {
			body.Fault("the file has no rules; list them under rules:")
		}
	}
	if rules != nil {
		items(rules, func(n *document.Node) {
			if r := s.rule(n, d); r != nil {
				if i := slices.IndexFunc(f.Rules, func(o *Rule) bool { return o.Name == r.Name }); i >= 0 && r.Name != "" {
					n.Fault("the alert %s stands here twice (first in line %d); rename one", r.Name, f.Rules[i].Line)
				}
				f.Rules = append(f.Rules, r)
			}
		})
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	f.Warnings = s.Finish(s.warned)
	return f, nil
}

func (s *source) defaults(n *document.Node, d *defaults) {
	fields(n,
		field{"interval", func(n *document.Node) { d.interval = s.interval(n) }},
		field{"keep_firing_for", func(n *document.Node) { d.keep = duration(n) }},
		field{"limit", func(n *document.Node) { d.limit = int(whole(n, "limit", 1)) }},
		field{"only_in_hours", func(n *document.Node) { d.hours, _ = text(n) }},
		field{"severity", func(n *document.Node) { d.severity = s.severity(n) }},
		field{"labels", func(n *document.Node) { d.labels = s.labels(n) }},
	)
}

// calendars reads opening hours as the configuration writes them, by name.
func (s *source) calendars(n *document.Node, into map[string]*sla.Calendar) {
	for _, pair := range n.Entries() {
		spec := sla.CalendarSpec{Name: pair.Key, Week: map[string][]string{}}
		fields(pair.Value,
			field{"zone", func(n *document.Node) { spec.Zone, _ = text(n) }},
			field{"week", func(n *document.Node) {
				for _, day := range n.Entries() {
					spec.Week[day.Key] = texts(day.Value)
				}
			}},
			field{"holiday_set", func(n *document.Node) { spec.HolidaySet, _ = text(n) }},
			field{"holidays", func(n *document.Node) {
				for _, date := range texts(n) {
					spec.Holidays = append(spec.Holidays, sla.Holiday{Date: date})
				}
			}},
		)
		if spec.Zone == "" {
			pair.Name.Fault("the calendar %s has no zone; write e.g. zone: America/Lima", spec.Name)
			continue
		}
		c, err := sla.Compile(spec)
		if err != nil {
			pair.Name.Fault("%v", err)
			continue
		}
		into[spec.Name] = c
	}
}

func (s *source) severity(n *document.Node) Severity {
	t, ok := text(n)
	if v := Severity(t); !ok || v == Critical || v == Warning || v == Info {
		return v
	}
	n.Fault("severity %q is unknown; use critical, warning or info", t)
	return Warning
}

func (s *source) interval(n *document.Node) int64 {
	ms := duration(n)
	if ms%FinePane != 0 || ms < FinePane || ms > 3_600_000 {
		n.Fault("an interval is a multiple of 10s from 10s to 1h: that is how fine numbers are kept")
		return defaultInterval
	}
	return ms
}

// reserved are the labels that Vigia writes itself.
var reserved = []string{"alertname", "tenant", "severity", "channel", "queue", "team", "agent", "clock", "source", "incident"}

func (s *source) labels(n *document.Node) map[string]string {
	out := map[string]string{}
	for _, pair := range n.Entries() {
		if v, ok := text(pair.Value); ok {
			out[pair.Key] = v
		}
		if slices.Contains(reserved, pair.Key) {
			pair.Name.Fault("the label %s is written by Vigia; give yours another name", pair.Key)
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
