package app

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/alerter"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/store"
)

// startAlerter builds and starts the role that tells people.
func (a *App) startAlerter() error {
	cfg, err := a.alerterConfig(a.cfg)
	if err != nil {
		return err
	}
	values := &ruleValues{state: a.state, cfg: a.cfg, now: a.opts.Now}
	if a.exporter != nil {
		values.reader = a.exporter.Reader() // one cache for both
	} else {
		values.reader = exporter.NewReader(a.exporterConfig(a.cfg), a.state)
	}
	if a.alerter, err = alerter.New(cfg, a.bus, a.state, values, a.log, a.opts.Registry); err != nil {
		return err
	}
	if a.alerts, err = a.alerter.Handler(); err != nil {
		return err
	}
	a.background("alerter", a.alerter.Run)
	return nil
}

// alertRoutes is what people and programs ask the alerter.
func (a *App) alertRoutes(mux *http.ServeMux) {
	if a.alerter == nil {
		return
	}
	protect := http.NewCrossOriginProtection().Handler(a.alerts)
	for _, path := range alerter.Paths {
		mux.Handle(path, protect)
	}
}

// recentAlerts is what the page shows of alerts. A process without the role shows none.
func (a *App) recentAlerts(ctx context.Context, tenant string, most int) ([]exporter.Alert, error) {
	incidents, err := a.alerts.Recent(ctx, tenant, most)
	if err != nil {
		return nil, err
	}
	at := func(stamp string) time.Time {
		t, _ := time.Parse(time.RFC3339, stamp) // ours, or empty
		return t
	}
	var out []exporter.Alert
	for _, i := range incidents {
		x := exporter.Alert{
			Name: i.Labels["alertname"], Queue: i.Labels["queue"], Channel: i.Labels["channel"], Clock: i.Labels["clock"], Open: i.Open, At: at(cmp.Or(i.DueAt, i.StartsAt)),
		}
		for _, d := range i.Delivered {
			x.Told = append(x.Told, exporter.Told{Receiver: d.Receiver, At: at(d.At), Failed: d.Error != ""})
		}
		out = append(out, x)
	}
	return out, nil
}

// alerterProgress sums up the shards of the alerter.
func alerterProgress(x *alerter.Alerter) (string, error) {
	total, assigned := x.Assigned()
	if !assigned {
		return "", errors.New("no shards are assigned yet")
	}
	done, first := 0, ""
	for _, s := range x.Status() {
		switch {
		case s.CaughtUp():
			done++
		case first == "":
			first = fmt.Sprintf("; shard %d is %s", s.Shard, s.State)
			if s.Err != "" {
				first += ": " + s.Err
			}
		}
	}
	detail := fmt.Sprintf("%d of %d shards are up to date%s", done, total, first)
	if done < total {
		return "", errors.New(detail)
	}
	return detail, nil
}

// manners are how the kinds of destinations want to be treated.
var manners = map[string]alerter.Receiver{
	"webhook":      {PerIncident: true, Concurrency: 16, MaxAge: 72 * time.Hour},
	"slack":        {Rate: 1, Burst: 3, Concurrency: 1, MaxAge: time.Hour},
	"teams":        {Rate: 1, Burst: 3, Concurrency: 1, MaxAge: time.Hour},
	"email":        {Rate: 1, Burst: 5, Concurrency: 2, MaxAge: time.Hour},
	"alertmanager": {Panel: true, Concurrency: 4, MaxAge: time.Hour},
	"bitrix24":     {PerIncident: true, NoMerge: true, Rate: 2, Burst: 20, Concurrency: 2, MaxAge: 72 * time.Hour},
	"zendesk":      {PerIncident: true, NoMerge: true, Rate: 5, Burst: 10, Concurrency: 2, MaxAge: 72 * time.Hour},
	"stdout":       {PerIncident: true, Concurrency: 1, MaxAge: time.Hour},
}

// alerterConfig turns the configuration into that of the role, and opens the destinations.
func (a *App) alerterConfig(cfg *config.Config) (alerter.Config, error) {
	c := alerter.Config{
		Group: cfg.Kafka.Prefix + "vigia-alerter", Signals: a.names.Signals.Name, Alerts: a.names.Alerts.Name, Partitions: a.names.Signals.Partitions, Clock: a.opts.Now,
		Open: config.Loopback(cfg.Listen),
	}
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		tenant, err := a.alerterTenant(t)
		if err != nil {
			return c, fmt.Errorf("tenant %s: alerting: %w", t.Name, err)
		}
		if len(tenant.ReadTokens)+len(tenant.AlertTokens) > 0 {
			c.Open = false // who has made a token wants it asked for
		}
		c.Tenants = append(c.Tenants, tenant)
	}
	return c, nil
}

func (a *App) alerterTenant(t *config.Tenant) (alerter.Tenant, error) {
	out := alerter.Tenant{Name: t.Name, Lang: t.Lang(), Zone: t.Location(), PublicURL: t.Alerting.PublicURL}
	// A key of its own for links: who could make one must not learn anything about pseudonyms.
	mac := hmac.New(sha256.New, t.Key())
	_, _ = mac.Write([]byte("vigia links to acknowledge")) // a hash never fails
	out.LinkKey = mac.Sum(nil)
	out.ReadTokens, out.AlertTokens = tokens(t.ReadTokens), tokens(t.Alerting.Tokens)
	set, err := t.RuleSet()
	if err != nil {
		return out, err
	}
	out.Rules = set.Rules
	for i := range t.Alerting.Receivers {
		r, err := a.receiver(&t.Alerting.Receivers[i])
		if err != nil {
			return out, err
		}
		out.Receivers = append(out.Receivers, r)
	}
	if out.Routes, err = routesOf(&t.Alerting); err != nil {
		return out, err
	}
	for _, q := range t.Alerting.QuietHours {
		from, to, err := q.Minutes()
		if err != nil {
			return out, err
		}
		out.Quiet = append(out.Quiet, alerter.Quiet{Days: q.Weekdays(), From: from, To: to, Receivers: q.Receivers, Critical: q.Critical})
	}
	return out, nil
}

// receiver opens a destination.
func (a *App) receiver(r *config.Receiver) (alerter.Receiver, error) {
	out := manners[r.To.Kind()]
	out.Name, out.Fallback = r.Name, r.Fallback
	var err error
	if out.Notifier, err = notify.New(r.To, notify.Options{Logger: a.log.With("component", "notify", "receiver", r.Name), Dial: a.opts.DialOut}); err != nil {
		return out, fmt.Errorf("receiver %s: %w", r.Name, err)
	}
	if r.Rate != nil {
		out.Rate = *r.Rate
	}
	out.Burst = cmp.Or(r.Burst, out.Burst)
	out.Concurrency = cmp.Or(r.Concurrency, out.Concurrency)
	var err1, err2 error
	out.MaxAge, err1 = config.Span(r.MaxAge, out.MaxAge)
	out.Deadline, err2 = config.Span(r.Deadline, out.Deadline)
	return out, errors.Join(err1, err2)
}

// routesOf turns the configured routes into those of the role. Without any, every receiver that does not stand in for another one is told everything.
func routesOf(c *config.Alerting) ([]alerter.Route, error) {
	if len(c.Routes) == 0 {
		all := alerter.Route{Name: "default", GroupWait: -1}
		for _, r := range c.Receivers {
			if !slices.ContainsFunc(c.Receivers, func(x config.Receiver) bool { return x.Fallback == r.Name }) {
				all.Receivers = append(all.Receivers, r.Name)
			}
		}
		return []alerter.Route{all}, nil
	}
	var out []alerter.Route
	for i, r := range c.Routes {
		x := alerter.Route{Name: cmp.Or(r.Name, fmt.Sprintf("%d", i)), Match: alerter.Match(r.Match), Receivers: r.Receivers, EscalateTo: r.EscalateTo, Continue: r.Continue}
		if r.GroupBy != nil {
			x.GroupBy = append([]string{}, *r.GroupBy...)
		}
		var errs [4]error
		x.GroupWait, errs[0] = config.Span(r.GroupWait, -1)
		x.GroupInterval, errs[1] = config.Span(r.GroupInterval, 0)
		x.Repeat, errs[2] = config.Span(r.Repeat, 0)
		x.AckWithin, errs[3] = config.Span(r.AckWithin, 0)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("route %s: %w", x.Name, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// ruleValues answers rules from the state, as the API answers people.
type ruleValues struct {
	reader *exporter.Reader
	state  *store.Store
	cfg    *config.Config
	now    func() time.Time
}

// Read implements [alerter.Values].
func (v *ruleValues) Read(ctx context.Context, tenant string, at int64, queries []rule.Query) (answers [][]kpi.Value, asOf int64, err error) {
	known := map[string][]kpi.Value{}
	for _, q := range queries {
		key := fmt.Sprint(q)
		values, ok := known[key]
		if !ok {
			ask := exporter.Query{Tenant: tenant, KPIs: []string{q.KPI}, By: q.By, Window: exporter.Lasting(5 * time.Minute)}
			if q.Definition != "" {
				ask.Definitions = []string{q.Definition}
			}
			if q.Window != "" {
				if ask.At = at; endsNow(q) {
					ask.At = 0
				}
				if ask.Window, err = exporter.ParseSpan(q.Window); err != nil {
					return nil, 0, err
				}
			}
			if values, err = v.reader.Values(ctx, ask); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", q.KPI, err)
			}
			known[key] = values
		}
		answers = append(answers, values)
		for _, value := range values {
			t, err := time.Parse(time.RFC3339, value.AsOf)
			if err != nil {
				return nil, 0, fmt.Errorf("%s: as_of %q: %w", q.KPI, value.AsOf, err)
			}
			if ms := t.UnixMilli(); asOf == 0 || ms < asOf {
				asOf = ms
			}
		}
	}
	return answers, asOf, nil
}

// endsNow reports whether a rule's number is known only for windows that end now: of distinct customers. The instant of the rule lies a moment before.
func endsNow(q rule.Query) bool {
	d, err := kpi.ByID(q.KPI)
	if err != nil || d.Instant() {
		return false
	}
	def := d.Resolve([]string{q.Definition})[0]
	return def.Customers != nil
}

// Sources implements [alerter.Values]: a declared source is as alive as its newest heartbeat.
func (v *ruleValues) Sources(ctx context.Context, tenant string) (sources []rule.Source, asOf int64, err error) {
	t := v.cfg.Tenant(tenant)
	if t == nil {
		return nil, 0, nil
	}
	var names []store.Source
	for _, s := range t.Sources {
		names = append(names, store.Source{Tenant: tenant, Source: event.SourceName(s.Connector, s.Account)})
		name := s.Connector
		if s.Account != "" {
			name += "/" + s.Account
		}
		sources = append(sources, rule.Source{Name: name})
	}
	beats, err := v.state.LastHeartbeats(ctx, names)
	if err != nil {
		return nil, 0, err
	}
	for i, beat := range beats {
		if !beat.IsZero() {
			sources[i].LastAt = beat.UnixMilli()
		}
	}
	return sources, v.now().UnixMilli(), nil
}
