package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/sim"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/worker"
)

const demoTenant = "demo"

// demoOptions are the flags of `vigia demo`.
type demoOptions struct {
	lasts        time.Duration
	speed        float64
	seed         uint64
	data, listen string
	lang         string
	// sink is a webhook of the user, sinkSecret what signs its alerts.
	sink, sinkSecret string
}

func newDemoCommand(e *env) *cobra.Command {
	o := demoOptions{listen: config.Default().Listen}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show Vigia at work, with invented traffic",
		Long: `Run everything in this process and play an invented shop's traffic on four channels: first its last hour, then live. A few seconds after the start the first
customers on WhatsApp wait in vain: each broken promise is called here as it happens, for about six minutes; then people catch up. Every call is delivered as an alert, signed
and over HTTP, to a receiver in this process and with --sink to your own.

Ctrl-C stops in order and exits with 0. With --data the folder is kept, and the next start goes on where this one stopped.`,
		Example: "  vigia demo\n  vigia demo --speed 10 --for 2m\n  vigia demo --data demo-data --lang pt\n  vigia demo --sink http://127.0.0.1:8422/",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check(e) },
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.demo(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.DurationVar(&o.lasts, "for", 0, "stop after this long, such as 5m (default: at Ctrl-C)")
	f.Float64Var(&o.speed, "speed", 1, "how fast time passes, 0.1 to 600")
	f.Uint64Var(&o.seed, "seed", 1, "equal seeds invent equal traffic")
	f.StringVar(&o.data, "data", "", "`folder` to keep log and state in (default: a temporary one, removed at the end)")
	f.StringVar(&o.listen, "listen", o.listen, "`address` of the page and the API")
	f.StringVar(&o.sink, "sink", "", "`URL` of a webhook of yours that gets every alert too")
	f.StringVar(&o.sinkSecret, "sink-secret", "", "`secret` that signs them, whsec_… (default: one is made and printed)")
	f.StringVar(&o.lang, "lang", "", "es, pt or en (default: that of the system)")
	return cmd
}

// check completes the options and refuses what makes no sense.
func (o *demoOptions) check(e *env) error {
	if o.lang == "" {
		o.lang = systemLanguage(e.getenv)
	}
	switch {
	case demoWords[o.lang] == nil:
		return usage(fmt.Errorf("--lang %q: use %s", o.lang, strings.Join(kpi.Langs, ", ")))
	case !(o.speed >= 0.1 && o.speed <= 600):
		return usage(fmt.Errorf("--speed %v: use 0.1 to 600", o.speed))
	case o.lasts < 0:
		return usage(fmt.Errorf("--for %v: use a duration above 0, such as 5m", o.lasts))
	case !config.Loopback(o.listen):
		return usage(fmt.Errorf("--listen %s: everybody who can reach the demonstration may read it, so it listens on this machine alone; use 127.0.0.1:PORT", o.listen))
	}
	return o.checkSink()
}

// demo prepares the folder and runs the demonstration in it.
func (e *env) demo(ctx context.Context, o demoOptions) (err error) {
	if o.data == "" {
		if o.data, err = os.MkdirTemp("", "vigia-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.data)) }()
	} else if err := os.MkdirAll(o.data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	d := &demo{env: e, o: o, words: demoWords[o.lang], screen: newScreen(e), file: filepath.Join(o.data, "demo.json"), zone: localZone(e.getenv)}
	return d.run(ctx)
}

// demo is a running demonstration.
type demo struct {
	*env
	o      demoOptions
	words  map[string]string
	screen *screen
	file   string // of the plan
	zone   string

	location *time.Location

	plan   *sim.Plan
	clock  *sim.Clock
	app    *app.App
	player *sim.Player
	calls  calls

	inbox      *inbox
	sinkSecret notify.Secret
}

func (d *demo) run(ctx context.Context) (err error) {
	old, err := sim.LoadPlan(d.file)
	if err != nil {
		return err
	}
	now := time.Now()
	if old != nil && old.Through.After(now) {
		now = old.Through // it was played faster than time passes
	}
	if d.clock = sim.NewClock(time.Time{}, d.o.speed); now.After(d.clock.Now()) {
		d.clock = sim.NewClock(now, d.o.speed)
	}
	d.plan = sim.NewPlan(old, d.o.seed, now)
	if d.inbox, err = openInbox(d); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.inbox.close()) }()
	if err := d.build(); err != nil {
		return err
	}
	if err := d.app.Start(ctx); isListen(err) {
		return fmt.Errorf("cannot listen on %s: is another demonstration running? --listen chooses another address: %w", d.o.listen, bareOp(err))
	} else if err != nil {
		return err
	}
	// The folder is ours from here on: the plan of another process was not touched.
	err = errors.Join(d.plan.Save(d.file), d.play(ctx))
	d.screen.footer(nil)
	d.screen.line(d.say("stopping"))
	if d.player != nil {
		d.plan.Through = d.player.Through()
		err = errors.Join(err, d.plan.Save(d.file))
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err = errors.Join(err, d.app.Stop(down))
	d.screen.line(d.say("bye", "breached", fmt.Sprint(d.calls.breached), "settled", fmt.Sprint(d.calls.settled), "retracted", fmt.Sprint(d.calls.retract),
		"delivered", fmt.Sprint(d.inbox.delivered.Load())))
	return err
}

// build makes the app. Time is told by the player alone, as a replay does: the worker's own clock knows nothing of speed.
func (d *demo) build() error {
	log, err := d.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Listen, cfg.Data = d.o.listen, d.o.data
	tenant := sim.Tenant(demoTenant, d.zone)
	tenant.Language = d.o.lang
	for i := range tenant.Rules { // so that every board has something to show
		tenant.Rules[i].PeriodicUpdate, tenant.Rules[i].PausableUpdate = "2h", "2h"
	}
	d.location = tenant.Location()
	tenant.PseudonymKey, tenant.IngestTokens = config.NewSecret(d.plan.Key), []config.Secret{config.NewSecret(d.plan.Token)}
	if d.sinkSecret = notify.Secret(d.o.sinkSecret); d.sinkSecret == "" {
		d.sinkSecret = webhookSecret()
	}
	tenant.Alerting = d.alerting()
	cfg.Tenants = []config.Tenant{tenant}
	d.app, err = app.New(app.Options{
		Config: cfg, Logger: log, Version: build().Version, Now: d.clock.Now,
		Worker: func(c *worker.Config) { c.ExternalTime = true },
	})
	return err
}

// play plays the past, then shows the present until ctx ends or the time is over.
func (d *demo) play(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := d.app.Wait(ctx); err != nil {
			cancel(err)
		}
	}()
	d.welcome()
	d.calls.since = d.clock.Now()
	listening, err := d.listen(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	defer listening.Wait()
	defer cancel(nil)

	d.player = sim.NewPlayer(d.plan.Shift(demoTenant), d.plan.Through, d.clock, &demoStage{d.app})
	began := time.Now()
	err = d.player.CatchUp(ctx, func(part float64) { d.screen.footer([]string{d.say("past", "part", fmt.Sprintf("%.0f", 100*part))}) })
	if err != nil {
		return cause(ctx, err)
	}
	d.screen.footer(nil)
	d.screen.line(d.say("live", "events", fmt.Sprint(d.player.Sent()), "took", seconds(time.Since(began).Seconds())))
	if d.o.lasts > 0 {
		over := time.AfterFunc(d.o.lasts, func() { cancel(nil) })
		defer over.Stop()
	}
	showing := make(chan struct{})
	go func() {
		defer close(showing)
		d.show(ctx)
	}()
	err = d.player.Live(ctx)
	if err != nil {
		cancel(err)
	}
	<-showing
	return cause(ctx, err)
}

// bareOp drops the words around what the system says about a socket.
func bareOp(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// cause is what ended ctx, when it was not somebody's wish, or err.
func cause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if why := context.Cause(ctx); !errors.Is(why, context.Canceled) && !errors.Is(why, context.DeadlineExceeded) {
		return why
	}
	return nil
}

// welcome says where to look.
func (d *demo) welcome() {
	at := "http://" + browsable(d.app.Addr().String())
	d.screen.line(d.say("welcome"))
	d.screen.line("  " + d.say("page") + "  " + at + "/")
	d.screen.line("  " + d.say("api") + "  curl '" + at + "/api/v1/kpis?kpi=speed_of_answer,sla_compliance&group=queue&window=15m'")
	d.screen.line("  " + d.say("open") + "  curl '" + at + "/api/v1/conversations?limit=10'")
	d.screen.line("  " + d.say("alerts") + "  curl '" + at + "/api/v1/incidents'")
	if d.o.sink != "" {
		d.screen.line("  " + d.say("sink", "secret", d.sinkSecret.Reveal()))
	}
	d.screen.line("")
}

// say returns words in the language of the demonstration; pairs of name and value fill the {places}.
func (d *demo) say(key string, pairs ...string) string {
	text := d.words[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// systemLanguage is the language of the user's system as far as we speak it, else English.
func systemLanguage(getenv func(string) string) string {
	locale := strings.ToLower(cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")))
	for _, lang := range kpi.Langs {
		if strings.HasPrefix(locale, lang) {
			return lang
		}
	}
	return "en"
}

// localZone is the IANA name of the machine's zone, else UTC.
func localZone(getenv func(string) string) string {
	target, _ := os.Readlink("/etc/localtime")
	_, linked, _ := strings.Cut(target, "zoneinfo/")
	for _, name := range []string{strings.TrimPrefix(getenv("TZ"), ":"), linked} {
		if _, err := sla.LoadZone(name); err == nil && name != "" && name != "Local" {
			return name
		}
	}
	return "UTC"
}
