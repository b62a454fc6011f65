package alerter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/rule"
)

// Config says who is told what. Zero durations mean the defaults.
type Config struct {
	// Group is the consumer group that shares the shards, default "vigia-alerter".
	Group string
	// Signals and Alerts are the topics; Partitions is the partition count of both.
	Signals, Alerts string
	Partitions      int
	// Tenants are those that are served. Signals of others are counted and left alone.
	Tenants []Tenant
	// Open answers the API without tokens: only for listeners on loopback.
	Open bool
	// LinkFor is how long such a link works, default 24 h.
	LinkFor time.Duration
	// Clock is the wall clock, default time.Now.
	Clock func() time.Time
	// Drain bounds the time in which what is being sent may still arrive at the end, default 5 s.
	Drain time.Duration
	// RuleEvery is how often rules are evaluated, on the grid of data time, default 10 s.
	RuleEvery time.Duration
}

// Tenant is one organisation and its people.
type Tenant struct {
	Name string
	Lang string         // of what people read: es, pt or en
	Zone *time.Location // nil is UTC
	// PublicURL begins the links by which an incident is acknowledged, such as https://vigia.example; empty makes none.
	PublicURL string
	// LinkKey signs links that acknowledge, at least 32 bytes; none makes no links.
	LinkKey []byte
	// ReadTokens may read incidents and silences, AlertTokens may also acknowledge and silence.
	ReadTokens, AlertTokens []httpapi.Token
	Receivers               []Receiver
	Routes                  []Route
	Quiet                   []Quiet
	Rules                   []*rule.Rule
	// Grace is what promises are called after, for the measure of latency; default 2 s.
	Grace time.Duration
}

// Receiver is a destination and how it wants to be treated.
type Receiver struct {
	Name     string
	Notifier notify.Notifier
	// PerIncident says that incidents are told one by one unless a route groups them: webhooks, tasks, tickets.
	PerIncident bool
	// NoMerge says that incidents must never share a notice, for the destination keeps one thing for each.
	NoMerge bool
	// Panel says that the destination wants to hear again and again what is firing, per queue and not per conversation, as an Alertmanager does.
	Panel bool
	// Rate is how many notices a second it takes, Burst how many at once; 0 is no limit. While it takes none, groups merge.
	Rate  float64
	Burst int
	// Concurrency is how many notices may be on their way at a time, default 4.
	Concurrency int
	// MaxAge is for how long an undelivered notice is tried, default 1 h. What could not be told within an hour by then goes to the digest.
	MaxAge time.Duration
	// Fallback is told what was not delivered within Deadline, default 5 min, or was refused for good.
	Fallback string
	Deadline time.Duration
	// Timeout bounds one attempt, default 20 s.
	Timeout time.Duration
}

// Route sends what it matches to receivers. Routes are tried in order; the first that matches is taken, and those after it only if it says Continue.
type Route struct {
	// Name stays the same when routes are reordered: it is part of the identity of groups.
	Name      string
	Match     Match
	Receivers []string
	// GroupBy are the labels that incidents told together have in common: alertname, queue, channel, clock, severity, team, agent, conversation, customer, and those of rules.
	// nil leaves it to the receiver; "incident" tells each alone; an empty list makes one group.
	GroupBy []string
	// GroupWait is how long the first notice of a group waits for company; below 0 is the default: none for critical incidents, 30 s for others.
	GroupWait time.Duration
	// GroupInterval is the shortest time between two notices of a group, 10 s or more, default 1 min.
	GroupInterval time.Duration
	// Repeat is when what is open and not acknowledged is told again; 0 never.
	Repeat time.Duration
	// EscalateTo are told, once, what nobody has acknowledged within AckWithin.
	AckWithin  time.Duration
	EscalateTo []string
	Continue   bool
}

// Match compares incidents with lists of values; an empty list matches all, all lists must match.
type Match struct {
	Severity, Type, Queue, Channel, Clock, Alertname []string
}

// Quiet is a time in which people are left alone: what is not critical waits until its end.
type Quiet struct {
	// Days are those on which it begins, Sunday is 0; none are all.
	Days []time.Weekday
	// From and To are minutes of the tenant's day; To before From ends on the next day.
	From, To int
	// Receivers that it is for; none are all.
	Receivers []string
	// Critical says that even critical incidents wait.
	Critical bool
}

// byIncident is the label by which every incident is a group of its own.
const byIncident = "incident"

const minGroupInterval = 10 * time.Second

func (c Config) withDefaults() Config {
	c.Group = cmp.Or(c.Group, "vigia-alerter")
	c.LinkFor = cmp.Or(c.LinkFor, 24*time.Hour)
	c.Drain = cmp.Or(c.Drain, 5*time.Second)
	c.RuleEvery = cmp.Or(c.RuleEvery, 10*time.Second)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.Tenants = slices.Clone(c.Tenants)
	for i := range c.Tenants {
		c.Tenants[i] = c.Tenants[i].withDefaults()
	}
	return c
}

func (t Tenant) withDefaults() Tenant {
	t.Grace = cmp.Or(t.Grace, 2*time.Second)
	t.Lang = cmp.Or(t.Lang, "en")
	if t.Zone == nil {
		t.Zone = time.UTC
	}
	t.Receivers, t.Routes = slices.Clone(t.Receivers), slices.Clone(t.Routes)
	for i := range t.Receivers {
		r := &t.Receivers[i]
		r.Concurrency = cmp.Or(r.Concurrency, 4)
		r.MaxAge = cmp.Or(r.MaxAge, time.Hour)
		r.Deadline = cmp.Or(r.Deadline, 5*time.Minute)
		r.Timeout = cmp.Or(r.Timeout, 20*time.Second)
		if r.Rate > 0 {
			r.Burst = max(r.Burst, 1)
		}
	}
	for i := range t.Routes {
		t.Routes[i].GroupInterval = cmp.Or(t.Routes[i].GroupInterval, time.Minute)
	}
	return t
}

// Validate reports every mistake, each with its place. No message contains a secret.
func (c Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Signals == "" || c.Alerts == "" || c.Partitions <= 0 {
		add("topics: both names and their partition count are required")
	}
	seen := map[string]bool{}
	for i, t := range c.Tenants {
		if t.Name == "" || seen[t.Name] {
			add("tenants[%d]: the name %q is empty or there twice", i, t.Name)
		}
		seen[t.Name] = true
		for _, err := range t.check() {
			add("tenant %s: %w", t.Name, err)
		}
	}
	return errors.Join(errs...)
}

func (t Tenant) check() (errs []error) {
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	names := map[string]bool{}
	for i, r := range t.Receivers {
		switch {
		case r.Name == "" || names[r.Name]:
			add("receivers[%d]: the name %q is empty or there twice", i, r.Name)
		case r.Notifier == nil:
			add("receiver %s: no destination", r.Name)
		case r.Rate < 0 || r.Burst < 0 || r.Concurrency < 0 || r.MaxAge < 0 || r.Deadline < 0 || r.Timeout < 0:
			add("receiver %s: nothing may be negative", r.Name)
		}
		names[r.Name] = true
	}
	for _, r := range t.Receivers {
		if r.Fallback != "" && (!names[r.Fallback] || r.Fallback == r.Name) {
			add("receiver %s: fallback %q is not another receiver", r.Name, r.Fallback)
		}
	}
	routes := map[string]bool{}
	for i, r := range t.Routes {
		at := fmt.Sprintf("routes[%d]", i)
		if r.Name == "" || routes[r.Name] {
			add("%s: the name %q is empty or there twice", at, r.Name)
		}
		routes[r.Name] = true
		for _, name := range slices.Concat(r.Receivers, r.EscalateTo) {
			if !names[name] {
				add("%s: there is no receiver %q", at, name)
			}
		}
		if r.GroupInterval != 0 && r.GroupInterval < minGroupInterval {
			add("%s: group_interval: %v is shorter than %v: people would be flooded; use %v or more", at, r.GroupInterval, minGroupInterval, minGroupInterval)
		}
		if r.Repeat < 0 || r.AckWithin < 0 || (r.AckWithin > 0) != (len(r.EscalateTo) > 0) {
			add("%s: ack_within and escalate_to belong together, and nothing is negative", at)
		}
	}
	for i, q := range t.Quiet {
		if q.From < 0 || q.From > 24*60 || q.To < 0 || q.To > 24*60 || q.From == q.To {
			add("quiet[%d]: from and to are different minutes of a day", i)
		}
		for _, name := range q.Receivers {
			if !names[name] {
				add("quiet[%d]: there is no receiver %q", i, name)
			}
		}
	}
	return errs
}
