package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
)

// reloadable are the sections of the configuration that are taken while the process runs; within tenants everything but the pseudonym key.
var reloadable = []string{"limits", "metrics_tokens", "metrics_tokens_file", "tenants"}

// reloadMetrics tell whether what runs is what the file says.
type reloadMetrics struct {
	successful, at prometheus.Gauge
}

func newReloadMetrics() reloadMetrics {
	return reloadMetrics{
		successful: prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_config_last_reload_successful", Help: "1 if the last attempt to load the configuration worked, else 0."}),
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vigia_config_last_reload_success_timestamp_seconds", Help: "Unix time at which the configuration that is in force was loaded.",
		}),
	}
}

// ErrNoFile: the configuration did not come from a place that could be read again.
var ErrNoFile = errors.New("this process has no configuration file to read again")

// ReloadFile reads the configuration again, as [Options].Load does, and takes it; see [App.Reload]. A bad file changes nothing. The outcome is logged and shown in the
// metrics. One reload runs at a time.
func (a *App) ReloadFile(ctx context.Context) error {
	if a.opts.Load == nil {
		return ErrNoFile
	}
	defer a.opts.Notifier.Reloading()()
	a.reloading.Lock()
	defer a.reloading.Unlock()
	cfg, err := a.opts.Load()
	if err == nil {
		err = a.reload(ctx, cfg)
	}
	if err != nil {
		a.reloads.successful.Set(0)
		a.log.Error("the configuration was not reloaded; the old one stays in force", "err", err)
		return err
	}
	a.reloaded()
	return nil
}

func (a *App) reloaded() {
	a.reloads.successful.Set(1)
	a.reloads.at.Set(float64(a.opts.Now().UnixMilli()) / 1000)
}

// Reload takes a new configuration: rules, tokens, sources and what else stands under tenants and limits. What needs a restart stays as it was, and the log names it.
func (a *App) Reload(ctx context.Context, cfg *config.Config) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	return a.reload(ctx, cfg)
}

func (a *App) reload(ctx context.Context, cfg *config.Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	next, left := a.effective(cfg)
	if len(left) > 0 {
		a.log.Warn("some of the configuration is only taken at a start; restart the process for it", "changed", strings.Join(left, ", "))
	}
	// What may fail because of others comes first: then nothing has changed.
	var changed []string
	if a.bus != nil && (a.has(Connector) || a.has(Worker)) {
		var err error
		if changed, err = ApplyPolicies(ctx, a.bus, a.state, next, a.opts.Now()); err != nil {
			return err
		}
	}
	if a.connector != nil {
		if err := a.connector.Reload(keepSources(a.connectorConfig(a.cfg), a.connectorConfig(next))); err != nil {
			return fmt.Errorf("connector: %w", err)
		}
	}
	if a.exporter != nil {
		if err := a.exporter.Reload(a.exporterConfig(next)); err != nil {
			return fmt.Errorf("exporter: %w", err)
		}
	}
	a.log.Info("configuration reloaded", "policies_put_in_force", changed)
	return nil
}

// effective returns the configuration of the start with everything of another that can be taken now, and the names of what cannot.
func (a *App) effective(cfg *config.Config) (next *config.Config, left []string) {
	merged := *a.cfg
	from, to, start := reflect.ValueOf(cfg).Elem(), reflect.ValueOf(&merged).Elem(), reflect.ValueOf(a.cfg).Elem()
	for i := range from.NumField() {
		key, _, _ := strings.Cut(from.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case key == "":
		case slices.Contains(reloadable, key):
			to.Field(i).Set(from.Field(i))
		case !reflect.DeepEqual(from.Field(i).Interface(), start.Field(i).Interface()):
			left = append(left, key)
		}
	}
	merged.Tenants = slices.Clone(cfg.Tenants)
	for i := range merged.Tenants {
		t := &merged.Tenants[i]
		old := a.cfg.Tenant(t.Name)
		if old == nil {
			continue
		}
		if t.PseudonymKey.Reveal() != old.PseudonymKey.Reveal() || t.KeyVersion != old.KeyVersion {
			left = append(left, "pseudonym_key of tenant "+t.Name)
		}
		t.PseudonymKey, t.KeyVersion = old.PseudonymKey, old.KeyVersion
		if !reflect.DeepEqual(t.Alerting, old.Alerting) {
			left = append(left, "alerting of tenant "+t.Name)
		}
		if a.alerter != nil && !reflect.DeepEqual(t.Alerting, old.Alerting) {
			left = append(left, "alerting of tenant "+t.Name)
		}
		if len(old.Sources) == 0 && len(t.Sources) > 0 {
			// The workers listen for the one heartbeat of a tenant without sources.
			left = append(left, "the first sources of tenant "+t.Name)
			t.Sources = nil
		}
	}
	return &merged, left
}

// keepSources keeps the sources of the start that are gone: the workers still listen for their heartbeats and would take the silence for a fault. Nobody has a token for
// a tenant that is gone.
func keepSources(start, next connector.Config) connector.Config {
	for _, old := range start.Tenants {
		i := slices.IndexFunc(next.Tenants, func(t connector.TenantConfig) bool { return t.Name == old.Name })
		if i < 0 {
			next.Tenants = append(next.Tenants, connector.TenantConfig{Name: old.Name, PseudonymKey: old.PseudonymKey, KeyVersion: old.KeyVersion, Sources: old.Sources})
			continue
		}
		t := &next.Tenants[i]
		for _, s := range old.Sources {
			if !slices.ContainsFunc(t.Sources, func(n connector.SourceConfig) bool { return n.Connector == s.Connector && n.Account == s.Account }) {
				t.Sources = append(t.Sources, s)
			}
		}
	}
	return next
}

// serveReload answers POST /-/reload.
func (a *App) serveReload(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := a.ReloadFile(r.Context()); err != nil {
		http.Error(w, "not reloaded; the old configuration stays in force:\n"+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("reloaded\n"))
}
