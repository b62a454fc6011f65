package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// gcPercent is how much garbage of a worker may gather before it is collected, in percent of what is in use: it keeps a bounded set of conversations and makes much garbage
// beside them, so that collecting less often than Go does saves a sixth of its processor time.
const gcPercent = 400

// tune sets the collector for a worker. memory is what its conversations may take; the limit, above which garbage is collected at once, leaves three times as much for garbage
// and 256 MiB for batches at hand: 768 MiB at the default of 128 MiB. With 512 MiB a worker that drains a log loses a fifth of its throughput; keeping more conversations gains
// nothing, for most that are asked for again were asked for lately.
// GOGC and GOMEMLIMIT in the environment take precedence.
func tune(memory int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(4*memory + 256<<20)
	}
}

// startRoles builds and starts the roles. The worker comes first: what comes in is folded from the first event on.
func (a *App) startRoles(ctx context.Context) error {
	if a.has(Worker) {
		tune(int64(a.cfg.Worker.Memory))
		cfg := a.workerConfig()
		var err error
		if a.worker, err = worker.New(cfg, a.bus, a.state, a.names, a.log, a.opts.Registry); err != nil {
			return err
		}
		if err := a.worker.Preflight(ctx); err != nil {
			return err
		}
		a.background("worker", a.worker.Run)
	}
	if a.has(Connector) {
		options := []connector.Option{connector.WithClock(a.opts.Now), connector.WithHeart(a.state), connector.WithChannels(channels...)}
		var err error
		if a.connector, err = connector.New(a.connectorConfig(a.cfg), a.bus, a.log, a.opts.Registry, options...); err != nil {
			return err
		}
		a.background("connector", a.connector.Run)
	}
	if a.has(Exporter) && !a.opts.NoListener {
		var err error
		if a.exporter, err = exporter.New(a.exporterConfig(a.cfg), a.state, a.log, a.opts.Registry); err != nil {
			return err
		}
	}
	if a.has(Alerter) && !a.opts.NoListener {
		return a.startAlerter()
	}
	return nil
}

func (a *App) workerConfig() worker.Config {
	c := worker.Config{
		Group: a.cfg.Kafka.Prefix + "vigia-worker", Clock: a.opts.Now, AcceptClock: a.cfg.Worker.AcceptClock,
		Embedded: a.cfg.Kafka.Embedded() && a.cfg.Redis.Embedded(), TwoClocks: elsewhere(a.cfg.Redis.Servers()), MemoryBytes: int(a.cfg.Worker.Memory),
	}
	for i := range a.cfg.Tenants {
		t := &a.cfg.Tenants[i]
		// The same names as those under which the connector keeps its heartbeats.
		names := []string{event.SourceName("", "")}
		if len(t.Sources) > 0 {
			names = nil
		}
		for _, s := range t.Sources {
			names = append(names, event.SourceName(s.Connector, s.Account))
		}
		for _, name := range names {
			c.Sources = append(c.Sources, store.Source{Tenant: t.Name, Source: name})
		}
	}
	if a.opts.Worker != nil {
		a.opts.Worker(&c)
	}
	return c
}

// elsewhere reports whether all of some servers are on other machines.
func elsewhere(addresses []string) bool {
	for _, address := range addresses {
		if host, _, err := net.SplitHostPort(address); err != nil || host == "localhost" || config.Loopback(address) {
			return false
		}
	}
	return len(addresses) > 0
}

func (a *App) connectorConfig(cfg *config.Config) connector.Config {
	c := connector.Default()
	c.MaxBody, c.MaxEvents = int64(cfg.Limits.Body), cfg.Limits.Events
	c.Topic, c.GapTopics = a.names.Interactions.Name, []string{a.names.Interactions.Name, a.names.Customers.Name}
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		tenant := connector.TenantConfig{
			Name: t.Name, PseudonymKey: t.Key(), KeyVersion: t.Version(), Labels: t.Labels, Names: append(t.PolicySpec().SurveyNames(), t.PlainNames...),
			RateEvents: cfg.Limits.Rate, Burst: cfg.Limits.Burst, Tokens: tokens(t.IngestTokens),
		}
		for _, s := range t.Sources {
			tenant.Sources = append(tenant.Sources, connector.SourceConfig{
				Connector: s.Connector, Account: s.Account, PlainConversations: s.PlainConversations, Labels: s.Labels, Names: s.PlainNames,
				KeepLinks: s.KeepLinks, KeepOrderHints: s.KeepOrderHints,
			})
		}
		c.Tenants = append(c.Tenants, tenant)
	}
	a.addHooks(&c, cfg)
	return c
}

func (a *App) exporterConfig(cfg *config.Config) exporter.Config {
	c := exporter.Default()
	c.Interactions, c.Customers = int32(a.names.Interactions.Partitions), int32(a.names.Customers.Partitions)
	c.Now = a.opts.Now
	c.Open = config.Loopback(cfg.Listen)
	if a.has(Alerter) {
		c.Alerts = a.recentAlerts
	}
	c.MetricsTokens = tokens(cfg.MetricsTokens)
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		if len(t.ReadTokens) > 0 {
			c.Open = false // who has made a read token wants it asked for
		}
		c.Tenants = append(c.Tenants, exporter.Tenant{Name: t.Name, Zone: t.Zone, Lang: t.Lang(), Tokens: tokens(t.ReadTokens), Definitions: t.Definitions})
	}
	return c
}

// tokens returns tokens as the roles want them.
func tokens(configured []config.Secret) []httpapi.Token {
	var out []httpapi.Token
	for _, token := range configured {
		if digest, ok := strings.CutPrefix(token.Reveal(), "sha256:"); ok {
			out = append(out, httpapi.Token{SHA256: digest})
		} else {
			out = append(out, httpapi.Token{Plain: token.Reveal()})
		}
	}
	return out
}

// roleNames joins the roles for people.
func roleNames(roles []Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// String describes the app in a line for the log.
func (a *App) String() string {
	log, state := "Kafka at "+strings.Join(a.cfg.Kafka.Brokers, ","), "Redis at "+strings.Join(a.cfg.Redis.Servers(), ",")
	if a.cfg.Kafka.Embedded() {
		log = "embedded log"
	}
	if a.cfg.Redis.Embedded() {
		state = "embedded state"
	}
	return fmt.Sprintf("%s; %s; %s", roleNames(a.opts.Roles), log, state)
}
