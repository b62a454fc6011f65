package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Alerting says who of a tenant is told what. Lengths of time are written like 30s, 5m, 4h or 2d.
type Alerting struct {
	// PublicURL begins the links by which people acknowledge, such as https://vigia.example; without it messages have none.
	PublicURL string `yaml:"public_url"`
	// Tokens may acknowledge and silence, which read tokens may not.
	Tokens     []Secret `yaml:"tokens"`
	TokensFile string   `yaml:"tokens_file"`

	Receivers  []Receiver   `yaml:"receivers"`
	Routes     []Route      `yaml:"routes"`
	QuietHours []QuietHours `yaml:"quiet_hours"`
	// Rules are files of rules, relative to the folder of the configuration; * stands for any part of a name.
	Rules []string `yaml:"rules"`

	files []*rule.File
}

// Receiver is a destination. What it wants is known from its kind; everything can be said otherwise.
type Receiver struct {
	Name string        `yaml:"name"`
	To   notify.Config `yaml:"to"`
	// Fallback is told instead what was not delivered within Deadline (5m), or was refused for good.
	Fallback string `yaml:"fallback"`
	Deadline string `yaml:"deadline"`
	// Rate is how many notices a second it takes, Burst how many at once; 0 is no limit.
	Rate  *float64 `yaml:"rate"`
	Burst int      `yaml:"burst"`
	// Concurrency is how many notices may be on their way at a time.
	Concurrency int `yaml:"concurrency"`
	// MaxAge is for how long an undelivered notice is tried.
	MaxAge string `yaml:"max_age"`
}

// Route sends what it matches to receivers. The first route that matches is taken, those after it only if it says continue.
type Route struct {
	// Name may be left out; it is then the number of the route.
	Name          string    `yaml:"name"`
	Match         Match     `yaml:"match"`
	Receivers     []string  `yaml:"receivers"`
	GroupBy       *[]string `yaml:"group_by"`
	GroupWait     string    `yaml:"group_wait"`
	GroupInterval string    `yaml:"group_interval"`
	Repeat        string    `yaml:"repeat"`
	AckWithin     string    `yaml:"ack_within"`
	EscalateTo    []string  `yaml:"escalate_to"`
	Continue      bool      `yaml:"continue"`
}

// Match lists the values that a route takes; an empty list takes all.
type Match struct {
	Severity  []string `yaml:"severity"`
	Type      []string `yaml:"type"`
	Queue     []string `yaml:"queue"`
	Channel   []string `yaml:"channel"`
	Clock     []string `yaml:"clock"`
	Alertname []string `yaml:"alertname"`
}

// QuietHours leave people alone: what is not critical waits until their end.
type QuietHours struct {
	Days      []string `yaml:"days"` // mon to sun, those on which they begin; none are all
	From      string   `yaml:"from"` // HH:MM in the tenant's zone
	To        string   `yaml:"to"`   // may be on the next day
	Receivers []string `yaml:"receivers"`
	Critical  bool     `yaml:"critical"` // even critical alerts wait
}

// days by their names.
var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Weekdays returns the days as numbers, Sunday is 0. Names that [Config.Validate] refuses are left out.
func (q QuietHours) Weekdays() (out []time.Weekday) {
	for _, d := range q.Days {
		if n := slices.Index(days, d); n >= 0 {
			out = append(out, time.Weekday(n))
		}
	}
	return out
}

// Minutes returns begin and end in minutes of the day.
func (q QuietHours) Minutes() (from, to int, err error) {
	for _, x := range []struct {
		text string
		into *int
	}{{q.From, &from}, {q.To, &to}} {
		h, m, ok := strings.Cut(x.text, ":")
		hour, err1 := strconv.Atoi(h)
		minute, err2 := strconv.Atoi(m)
		if !ok || err1 != nil || err2 != nil || hour < 0 || minute < 0 || minute > 59 || hour*60+minute > 24*60 {
			return 0, 0, fmt.Errorf("%q is no time of day; write it like 22:00", x.text)
		}
		*x.into = hour*60 + minute
	}
	if from == to {
		return 0, 0, errors.New("from and to are the same; leave people alone for some time, or not at all")
	}
	return from, to, nil
}

// Span reads a length of time such as 30s, 5m, 4h or 2d; otherwise is that of an empty text.
func Span(text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := model.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no length of time; write it like 30s, 5m, 4h or 2d", text)
	}
	return time.Duration(d), nil
}

// RuleSet returns the tenant's rules. The error has all that is wrong with them.
func (t *Tenant) RuleSet() (*rule.Set, error) {
	return rule.NewSet(t.Name, func(name string) *sla.Calendar {
		for _, spec := range t.Calendars {
			if spec.Name != name {
				continue
			}
			if spec.Zone == "" {
				spec.Zone = t.Zone
			}
			if c, err := sla.Compile(spec); err == nil {
				return c
			}
		}
		return nil
	}, t.Alerting.files...)
}

// readAlerting reads the files of secrets and of rules.
func (c *Config) readAlerting(dir string, many func(at, file string, into *[]Secret)) (found document.Findings) {
	within := func(file string) string {
		if filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(dir, file)
	}
	for i := range c.Tenants {
		a, at := &c.Tenants[i].Alerting, fmt.Sprintf("tenants[%d].alerting.", i)
		many(at+"tokens_file", a.TokensFile, &a.Tokens)
		for n := range a.Receivers {
			for _, f := range a.Receivers[n].To.Files() {
				path := fmt.Sprintf("%sreceivers[%d].to.%s", at, n, f.Field)
				if f.Path == "" {
					continue
				}
				if f.Given {
					found = append(found, c.source.Finding(path, "the secret is given here and in a file; keep one"))
					continue
				}
				text, err := os.ReadFile(within(f.Path))
				if err == nil && strings.TrimSpace(string(text)) == "" {
					err = errors.New("the file is empty")
				}
				if err != nil {
					found = append(found, c.source.Finding(path, fmt.Sprintf("the secret cannot be read: %v", err)))
					continue
				}
				f.Set(string(text))
			}
		}
		for n, pattern := range a.Rules {
			path := fmt.Sprintf("%srules[%d]", at, n)
			files, err := filepath.Glob(within(pattern))
			if err == nil && len(files) == 0 {
				err = errors.New("there is no such file")
			}
			if err != nil {
				found = append(found, c.source.Finding(path, fmt.Sprintf("rules %s: %v", pattern, err)))
			}
			for _, file := range files {
				if strings.HasSuffix(file, "_test.yaml") || strings.HasSuffix(file, "_test.yml") {
					continue // the tests of rules stand beside them
				}
				text, err := os.ReadFile(file)
				var parsed *rule.File
				if err == nil {
					parsed, err = rule.Parse(file, text)
				}
				if err != nil {
					found = append(found, c.source.Finding(path, fmt.Sprintf("rules: %v", err)))
					continue
				}
				a.files = append(a.files, parsed)
			}
		}
	}
	return found
}

var (
	receiverName = tenantName
	severities   = []string{string(notify.Critical), string(notify.Warning), string(notify.Info)}
	alertTypes   = []string{
		string(notify.SLAWarning), string(notify.SLABreached), string(notify.SLARetracted), string(notify.SLASettled), string(notify.KPIFiring), string(notify.KPIResolved),
		string(notify.TriggerFired),
	}
)

// alerting checks who is told what.
func (k *checker) alerting(at string, t *Tenant, owners map[[32]byte]string) {
	a := &t.Alerting
	at += ".alerting"
	k.tokens(at, "tokens", t.Name, a.Tokens, owners)
	if u, err := url.Parse(a.PublicURL); a.PublicURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		k.add(at+".public_url", "%q is no web address; write it like https://vigia.example", a.PublicURL)
	}
	names := map[string]bool{}
	for i := range a.Receivers {
		k.receiver(fmt.Sprintf("%s.receivers[%d]", at, i), &a.Receivers[i], names)
	}
	known := func(path string, list ...string) {
		for _, name := range list {
			if !names[name] {
				k.add(path, "there is no receiver %q; it must stand under receivers", name)
			}
		}
	}
	for i, r := range a.Receivers {
		path := fmt.Sprintf("%s.receivers[%d].fallback", at, i)
		switch {
		case r.Fallback == r.Name && r.Name != "":
			k.add(path, "a receiver cannot stand in for itself; name another one")
		case r.Fallback != "":
			known(path, r.Fallback)
		}
	}
	routes := map[string]bool{}
	for i := range a.Routes {
		path, r := fmt.Sprintf("%s.routes[%d]", at, i), &a.Routes[i]
		if r.Name != "" && routes[r.Name] {
			k.add(path+".name", "the route %q stands here twice; give it another name", r.Name)
		}
		routes[r.Name] = true
		known(path+".receivers", r.Receivers...)
		known(path+".escalate_to", r.EscalateTo...)
		k.route(path, r)
	}
	for i, q := range a.QuietHours {
		path := fmt.Sprintf("%s.quiet_hours[%d]", at, i)
		if _, _, err := q.Minutes(); err != nil {
			k.add(path, "%v", err)
		}
		for _, d := range q.Days {
			if !slices.Contains(days, d) {
				k.add(path+".days", "%q is no day; use %s", d, strings.Join(days, ", "))
			}
		}
		known(path+".receivers", q.Receivers...)
	}
	if _, err := t.RuleSet(); err != nil {
		k.add(at+".rules", "%v", err)
	}
}

func (k *checker) receiver(path string, r *Receiver, names map[string]bool) {
	switch {
	case !receiverName.MatchString(r.Name):
		k.add(path+".name", "%q cannot be the name of a receiver; use 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit", r.Name)
	case names[r.Name]:
		k.add(path+".name", "the receiver %q stands here twice; keep one", r.Name)
	}
	names[r.Name] = true
	if found, ok := errors.AsType[notify.FieldErrors](r.To.Validate()); ok {
		for _, f := range found {
			k.add(strings.TrimSuffix(path+".to."+f.Field, ".receiver"), "%s", strings.TrimPrefix(f.Error(), "receiver: "))
		}
	}
	k.span(path+".deadline", r.Deadline, 10*time.Second)
	k.span(path+".max_age", r.MaxAge, time.Minute)
	if r.Rate != nil && !(*r.Rate >= 0 && *r.Rate <= 10_000) || r.Burst < 0 || r.Concurrency < 0 || r.Concurrency > 256 {
		k.add(path, "rate is 0 to 10000 notices a second, burst not negative, concurrency 1 to 256")
	}
}

func (k *checker) route(path string, r *Route) {
	k.span(path+".group_wait", r.GroupWait, 0)
	k.span(path+".group_interval", r.GroupInterval, 10*time.Second)
	k.span(path+".repeat", r.Repeat, time.Minute)
	k.span(path+".ack_within", r.AckWithin, 10*time.Second)
	if r.AckWithin != "" && len(r.Receivers) == 0 {
		k.add(path+".ack_within", "the route has no receivers, so that nobody could acknowledge; name some under receivers")
	}
	if (r.AckWithin == "") != (len(r.EscalateTo) == 0) {
		k.add(path, "ack_within and escalate_to belong together: after how long, and to whom")
	}
	one := func(key string, list, allowed []string) {
		for _, v := range list {
			if !slices.Contains(allowed, v) {
				k.add(path+".match."+key, "%q is none; use %s", v, strings.Join(allowed, ", "))
			}
		}
	}
	one("severity", r.Match.Severity, severities)
	one("type", r.Match.Type, alertTypes)
}

// span checks a length of time that may be left out.
func (k *checker) span(path, text string, least time.Duration) {
	d, err := Span(text, least)
	switch {
	case err != nil:
		k.add(path, "%v", err)
	case d < least:
		k.add(path, "%s is too short; use %v or more", text, model.Duration(least))
	}
}
