package alerter

import (
	"context"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/rule"
)

// judgement is what the rules of one tenant see at one instant of the grid.
type judgement struct {
	tenant  string
	at      int64
	asOf    int64
	answers [][]kpi.Value // to the queries of all rules, in order
	sources []rule.Source
}

// evaluate reads what rules ask for, tenant by tenant on the grid, until ctx ends.
func (x *session) evaluate(ctx context.Context, wg *sync.WaitGroup) {
	for _, name := range x.shard.tenants {
		if t := x.shard.a.tenants[name]; len(t.Rules) > 0 {
			wg.Go(func() { x.evaluateTenant(ctx, t) })
		}
	}
}

func (x *session) evaluateTenant(ctx context.Context, t *tenant) {
	a := x.shard.a
	every := a.cfg.RuleEvery.Milliseconds()
	var queries []rule.Query
	silent := false
	for _, r := range t.Rules {
		queries = append(queries, r.Queries()...)
		silent = silent || r.Kind == rule.Silent
	}
	for {
		now := a.now()
		if !retry.Sleep(ctx, time.Duration(every-now%every)*time.Millisecond) {
			return
		}
		j := judgement{tenant: t.Name, at: a.now() / every * every}
		read, cancel := context.WithTimeout(ctx, 2*a.cfg.RuleEvery)
		var err error
		if len(queries) > 0 {
			j.answers, j.asOf, err = a.values.Read(read, t.Name, j.at, queries)
		}
		if err == nil && silent {
			var asOf int64
			j.sources, asOf, err = a.values.Sources(read, t.Name)
			if len(queries) == 0 {
				j.asOf = asOf
			}
		}
		cancel()
		if err != nil {
			// Unknown: nothing fires and nothing is resolved.
			a.metrics.ruleErrors.WithLabelValues(t.Name).Inc()
			x.shard.log.Warn("rules cannot be evaluated", "tenant", t.Name, "err", err)
			continue
		}
		a.metrics.ruleAsOf.WithLabelValues(t.Name).Set(float64(j.asOf) / 1000)
		select {
		case x.judged <- j:
		case <-ctx.Done():
			return
		}
	}
}

// rule takes the states of a tenant's rules on by what was seen.
func (x *session) rule(j judgement, now int64) {
	d := x.desk
	t := d.tenants[j.tenant]
	answers := j.answers
	for _, r := range t.Rules {
		n := len(r.Queries())
		mine := answers[:min(n, len(answers))]
		answers = answers[len(mine):]
		if j.at%max(r.Interval, 1) != 0 {
			continue
		}
		observations := r.Observe(j.at, mine, j.asOf)
		if r.Kind == rule.Silent {
			observations = r.ObserveSources(j.at, j.sources, j.asOf)
		}
		seen := map[string]bool{}
		for _, o := range observations {
			seen[d.stepRule(t, r, o, now)] = true
		}
		// Groups that nothing was said about: nothing happened there, as far as everything was read.
		for _, key := range sortedKeys(d.rules) {
			if s := d.rules[key]; s.Tenant == t.Name && s.Rule == r.Name && !seen[key] && r.Kind != rule.Silent {
				d.stepRule(t, r, r.Missing(j.at, j.asOf, s.Group, true), now)
			}
		}
	}
}

// stepRule takes one state on and returns its key.
func (d *desk) stepRule(t *tenant, r *rule.Rule, o rule.Observation, now int64) string {
	key := rule.Fingerprint(t.Name, r.Name, o.Group)
	state, changes := r.Step(d.rules[key], o)
	d.keepRule(key, state)
	for _, c := range changes {
		d.ruled(t, r, c, now)
	}
	return key
}

func (d *desk) keepRule(key string, s rule.State) {
	if _, known := d.rules[key]; s.Idle() && !known {
		return
	}
	if s.Idle() {
		delete(d.rules, key)
	} else {
		d.rules[key] = s
	}
	d.touch(keyRules, key)
}

// ruled makes an incident of what a rule says.
func (d *desk) ruled(t *tenant, r *rule.Rule, c rule.Change, now int64) {
	if c.What != rule.Fired && c.What != rule.Resolved || c.Incident == "" {
		return
	}
	i := d.incidents[c.Incident]
	if i == nil {
		if c.What == rule.Resolved {
			return // of a firing that nobody heard of and that is long forgotten
		}
		i = &incident{ID: c.Incident, Tenant: t.Name, Rule: c.Rule, Name: c.Rule, Severity: notify.Warning, Labels: map[string]string{}, StartedAt: c.FiredAt}
		d.incidents[i.ID] = i
	}
	i.At, i.Value = c.At, c.Seen.Value
	if r != nil {
		i.Severity, i.Condition, i.Runbook, i.Reason = notify.Severity(r.Severity), r.Condition(), r.Runbook, r.SummaryOf(t.Lang, c)
		maps.Copy(i.Labels, r.Labels)
	}
	for name, value := range c.Group {
		switch name {
		case "queue":
			i.Queue = value
		case "channel":
			i.Channel = value
		case "team":
			i.Team = value
		case "agent":
			i.Agent = value
		default:
			i.Labels[name] = value
		}
	}
	if i.Team != "" {
		i.Labels["team"] = i.Team
	}
	switch {
	case c.What == rule.Fired && i.Rev == 0:
		i.Type, i.Rev = notify.KPIFiring, 1<<revBits
		i.Storm = r != nil && r.Limit > 0 && d.firing(i) >= r.Limit
	case c.What == rule.Resolved && i.Type != notify.KPIResolved:
		i.Type, i.Rev, i.EndedAt = notify.KPIResolved, 2<<revBits, c.At
	default:
		return
	}
	d.change(i, now)
}

// firing counts the other groups that the rule of an incident fires for.
func (d *desk) firing(of *incident) (n int) {
	for _, i := range d.incidents {
		if i != of && i.Rule == of.Rule && i.Tenant == of.Tenant && i.Type == notify.KPIFiring {
			n++
		}
	}
	return n
}

// retire ends what rules said that are gone or group differently now.
func (x *session) retire(now int64) {
	d := x.desk
	for _, key := range sortedKeys(d.rules) {
		s := d.rules[key]
		t := d.tenants[s.Tenant]
		if t == nil {
			delete(d.rules, key)
			d.touch(keyRules, key)
			continue
		}
		reason := rule.RuleRemoved
		var of *rule.Rule
		for _, r := range t.Rules {
			if r.Name == s.Rule {
				reason, of = rule.RuleChanged, r
				if r.Fits(s) && r.Covers(s.Group) {
					of, reason = r, ""
				}
			}
		}
		if reason == "" {
			continue
		}
		_, changes := rule.Retire(s, now, reason)
		for _, c := range changes {
			d.ruled(t, of, c, now)
		}
		delete(d.rules, key)
		d.touch(keyRules, key)
	}
}

// incidentLink is what a link to acknowledge is signed over.
func incidentLink(tenant, incident string, until int64) string {
	return event.OutputID("ack", tenant, incident, strconv.FormatInt(until, 10))
}
