package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/alerter"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// Role is a part of the work that a process can do.
type Role string

// The roles.
const (
	Connector Role = "connector" // takes events in
	Worker    Role = "worker"    // folds the log into the state
	Exporter  Role = "exporter"  // answers questions
	Alerter   Role = "alerter"   // tells people
)

// Roles lists all roles in the order of the data.
var Roles = []Role{Connector, Worker, Exporter, Alerter}

// ParseRole reads the name of a role.
func ParseRole(name string) (Role, error) {
	if !slices.Contains(Roles, Role(name)) {
		return "", fmt.Errorf("%q is not a role; use connector, worker, exporter or alerter", name)
	}
	return Role(name), nil
}

// Options say what to build. Only Config is required.
type Options struct {
	// Config is one that [config.Config.Validate] accepts.
	Config *config.Config
	// Roles to take; none means all. The embedded engine lives in one process and needs all of them, unless NoListener is set.
	Roles []Role
	// NoListener builds no HTTP listener, no Exporter and no Alerter: who works in the same process uses [App.Connector] and [App.State].
	NoListener bool
	// Logger and Registry may be nil. A registry must not be shared by two apps.
	Logger   *slog.Logger
	Registry *prometheus.Registry
	// Version is shown in vigia_build_info.
	Version string
	// Now is the clock, default time.Now.
	Now func() time.Time
	// Load reads the configuration again for [App.ReloadFile]; nil means that it cannot be.
	Load func() (*config.Config, error)
	// Notifier is told how the process is; may be nil.
	Notifier *Notifier

	// Listen opens the listeners of HTTP and of the embedded log, DialLog and DialState open connections; nil uses the real network. With Listen set, DialLog must reach it.
	Listen    func(network, address string) (net.Listener, error)
	DialLog   bus.DialFunc
	DialState func(ctx context.Context, network, address string) (net.Conn, error)
	// DialOut opens the connections to those who are told.
	DialOut func(ctx context.Context, network, address string) (net.Conn, error)
	// Worker adjusts the worker's configuration, as a replay does that writes its own ticks.
	Worker func(*worker.Config)
}

// App is an installation in one process. Make it with [New]; it is started and stopped once.
type App struct {
	opts  Options
	cfg   *config.Config
	log   *slog.Logger
	life  lifecycle
	names worker.Topics

	bus       *bus.Client
	state     *store.Store
	connector *connector.Handler
	worker    *worker.Worker
	exporter  *exporter.Handler
	alerter   *alerter.Alerter
	alerts    *alerter.Handler

	reloading sync.Mutex
	reloads   reloadMetrics

	addr, adminAddr net.Addr

	stopping atomic.Bool
	failed   chan error
}

// New checks the options. It opens nothing.
func New(o Options) (*App, error) {
	if o.Config == nil {
		return nil, errors.New("app: no configuration")
	}
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if len(o.Roles) == 0 {
		o.Roles = Roles
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	embedded := o.Config.Kafka.Embedded() || o.Config.Redis.Embedded()
	if missing := without(o.Roles); embedded && !o.NoListener && len(missing) > 0 {
		return nil, fmt.Errorf("the embedded log and state live in one process, which must take all roles: add %s, or name servers in kafka.brokers and redis.addresses",
			strings.Join(missing, " and "))
	}
	return &App{
		opts: o, cfg: o.Config, log: o.Logger, life: lifecycle{log: o.Logger}, names: Topics(o.Config), reloads: newReloadMetrics(), failed: make(chan error, len(Roles)+3),
	}, nil
}

// without lists the roles that an installation cannot do without and that are not among some.
func without(roles []Role) []string {
	var missing []string
	for _, r := range Roles {
		if r != Alerter && !slices.Contains(roles, r) { // without it nobody is called, and nothing else is missing
			missing = append(missing, string(r))
		}
	}
	return missing
}

func (a *App) has(r Role) bool { return slices.Contains(a.opts.Roles, r) }

// Start opens the log and the state, makes the policies known, starts the roles and listens. When it fails, everything that was started is stopped again.
//
// Errors to decide on: [*UnreachableError] (a server does not answer).
func (a *App) Start(ctx context.Context) error {
	err := a.start(ctx)
	if err == nil && a.stopping.Load() {
		err = errors.New("stopped while it was starting")
	}
	if err == nil {
		a.opts.Notifier.Ready(a.String())
		return nil
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, a.Stop(down))
}

func (a *App) start(ctx context.Context) error {
	if err := a.openEngine(ctx); err != nil {
		return err
	}
	if a.has(Connector) || a.has(Worker) {
		if _, err := ApplyPolicies(ctx, a.bus, a.state, a.cfg, a.opts.Now()); err != nil {
			return fmt.Errorf("make the policies known: %w", err)
		}
	}
	if err := a.startRoles(ctx); err != nil {
		return err
	}
	if a.opts.Notifier != nil {
		a.background("systemd", func(ctx context.Context) error {
			a.opts.Notifier.Run(ctx, a.breathe)
			return nil
		})
	}
	if a.opts.NoListener {
		return nil
	}
	return a.listen()
}

// breathe returns unless the worker is stuck: it takes the locks of every partition.
func (a *App) breathe() {
	if a.worker != nil {
		a.worker.Status()
	}
}

// stopTimeout bounds a Stop that nobody else bounds.
const stopTimeout = 30 * time.Second

// Stop ends the intake, finishes what is at hand, and closes everything; see the package comment. It may be called at any time, from anywhere, and repeatedly: all
// calls return the same. ctx bounds it.
func (a *App) Stop(ctx context.Context) error {
	if !a.stopping.Swap(true) {
		a.opts.Notifier.Stopping()
	}
	return a.life.stop(ctx)
}

// Wait returns nil when ctx ends, or the error of a role that cannot go on.
func (a *App) Wait(ctx context.Context) error {
	select {
	case err := <-a.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Run starts, waits until ctx ends or a role fails, and stops.
func (a *App) Run(ctx context.Context) error {
	if err := a.Start(ctx); err != nil {
		return err
	}
	err := a.Wait(ctx)
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, a.Stop(down))
}

// Addr returns where senders and readers are listened to; nil before [App.Start].
func (a *App) Addr() net.Addr { return a.addr }

// AdminAddr returns where metrics, health and reload are; nil before [App.Start].
func (a *App) AdminAddr() net.Addr { return a.adminAddr }

// Connector returns the ingest role, whose Accept is the way in without HTTP; nil if it was not asked for or not started.
func (a *App) Connector() *connector.Handler { return a.connector }

// Worker returns the worker role; nil if it was not asked for or not started.
func (a *App) Worker() *worker.Worker { return a.worker }

// Exporter returns the exporter role; nil if it was not asked for or not started.
func (a *App) Exporter() *exporter.Handler { return a.exporter }

// Alerter returns the role that tells people; nil if it was not asked for or not started.
func (a *App) Alerter() *alerter.Alerter { return a.alerter }

// Log returns the client of the log; nil before [App.Start].
func (a *App) Log() *bus.Client { return a.bus }

// State returns the client of the state; nil before [App.Start].
func (a *App) State() *store.Store { return a.state }

// Topics returns the topics that the app works with.
func (a *App) Topics() worker.Topics { return a.names }

// background runs fn until the app stops it, and reports its error through [App.Wait].
func (a *App) background(name string, fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := fn(ctx); err != nil {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	a.life.onStop(name, func(stop context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stop.Done():
			return stop.Err()
		}
	})
}
