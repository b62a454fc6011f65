package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
)

const (
	tenant      = "bench"
	ingestToken = "bench-ingest-0123456789"
	readToken   = "bench-read-0123456789"
)

const standardRules = `    rules:
      - {name: standard, first_response: 15m, next_response: 30m, resolution: 8h}
`

// order is what a child process gets on the first line of its standard input. It works until that is closed, so that it never outlives its parent.
type order struct {
	Role    string // a key of roles
	Kafka   string // empty for the embedded engine
	Redis   string
	Prefix  string // of topics and keys
	Work    workload
	Sources string // YAML of the tenant's sources; empty for none
	Rules   string // YAML of the tenant's promises and alerts; empty for promises only
	Target  string // host:port of the process that strangers call
	Profile string // file for the processor profile, and with .heap for that of memory; empty for none
}

// usage is what a process has used so far.
type usage struct {
	CPU  float64 // seconds, user and system
	RSS  float64 // bytes in memory now
	Peak float64 // bytes in memory at most
}

// configuration is that of a trial: one tenant with promises for everything.
func (o order) configuration() (*config.Config, error) {
	servers := ""
	if o.Kafka != "" {
		servers = fmt.Sprintf("kafka: {brokers: [%q], prefix: %q}\nredis: {addresses: [%q], prefix: %q}\n", o.Kafka, o.Prefix, o.Redis, o.Prefix)
	}
	return config.Parse("bench.yml", fmt.Appendf(nil, `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
data: ""
limits: {rate: 1000000, burst: 1000000}
worker: {accept_clock: true}
%stenants:
  - name: %s
    zone: America/Mexico_City
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
%s%s`, servers, tenant, ingestToken, readToken, strings.Repeat("5e", 32), cmp.Or(o.Rules, standardRules), o.Sources), func(string) string { return "" })
}

// start starts the roles of Vigia that the order asks for.
func (o order) start(ctx context.Context, listener bool, roles ...app.Role) (*app.App, error) {
	cfg, err := o.configuration()
	if err != nil {
		return nil, err
	}
	a, err := app.New(app.Options{Config: cfg, Roles: roles, NoListener: !listener, Version: "bench",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return nil, err
	}
	return a, a.Start(ctx)
}

// roles are what child processes do. Each says something on standard output when it is ready.
var roles = map[string]func(context.Context, order, *bufio.Reader, io.Writer) error{
	"load":     beLoader,
	"worker":   beWorker,
	"serve":    beServer,
	"embedded": beEmbedded,
	"hooks":    beHooks,
	"stranger": beStranger,
}

// obey runs this process as a child.
func obey(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	lines := bufio.NewReader(in)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("no order on standard input: %w", err)
	}
	var o order
	if err := json.Unmarshal(first, &o); err != nil {
		return fmt.Errorf("the order cannot be read: %w", err)
	}
	if o.Profile != "" {
		f, err := os.Create(o.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	do, ok := roles[o.Role]
	if !ok {
		return fmt.Errorf("unknown role %q", o.Role)
	}
	return do(ctx, o, lines, out)
}

func beLoader(ctx context.Context, o order, _ *bufio.Reader, out io.Writer) error {
	a, err := o.start(ctx, false, app.Connector)
	if err != nil {
		return err
	}
	return errors.Join(o.Work.write(ctx, a), a.Stop(ctx), say(out, o.Work.events()))
}

func beWorker(ctx context.Context, o order, in *bufio.Reader, out io.Writer) error {
	a, err := o.start(ctx, false, app.Worker)
	if err != nil {
		return err
	}
	return errors.Join(attend(in, out, "ready"), o.heap(), a.Stop(ctx))
}

// heap writes the memory profile that was asked for.
func (o order) heap() error {
	if o.Profile == "" {
		return nil
	}
	f, err := os.Create(o.Profile + ".heap")
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.WriteHeapProfile(f), f.Close())
}

func beServer(ctx context.Context, o order, in *bufio.Reader, out io.Writer) error {
	a, err := o.start(ctx, true)
	if err != nil {
		return err
	}
	return errors.Join(attend(in, out, a.Addr().String()), a.Stop(ctx))
}

// attend says a greeting and then answers every line with what the process has used, until there are no more.
func attend(in *bufio.Reader, out io.Writer, greeting string) error {
	if err := say(out, greeting); err != nil {
		return err
	}
	for {
		if _, err := in.ReadString('\n'); err != nil {
			return nil
		}
		if err := say(out, measure()); err != nil {
			return err
		}
	}
}

func say(out io.Writer, v any) error { return json.NewEncoder(out).Encode(v) }

// measure returns what this process has used.
func measure() usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}
	}
	u := usage{CPU: (time.Duration(r.Utime.Nano()) + time.Duration(r.Stime.Nano())).Seconds(), Peak: float64(r.Maxrss) * 1024}
	if runtime.GOOS == "darwin" {
		u.Peak = float64(r.Maxrss)
	}
	u.RSS = u.Peak
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, resident int64
		if _, err := fmt.Sscan(string(text), &size, &resident); err == nil {
			u.RSS = float64(resident) * float64(os.Getpagesize())
		}
	}
	return u
}

// child is such a process, seen from its parent.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// spawn starts a child and returns when it is ready; greeting takes what it says then.
func spawn(ctx context.Context, o order, greeting any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "child")
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, in, json.NewDecoder(out)}
	err = errors.Join(say(in, o), c.out.Decode(greeting))
	if err != nil {
		return nil, fmt.Errorf("child %s: %w", o.Role, errors.Join(err, c.stop()))
	}
	return c, nil
}

// usage asks the child what it has used.
func (c *child) usage() (usage, error) {
	var u usage
	err := c.ask(&u)
	return u, err
}

// ask puts the one question that the child knows.
func (c *child) ask(answer any) error {
	_, err := io.WriteString(c.in, "\n")
	return errors.Join(err, c.out.Decode(answer))
}

// stop ends the child and waits for it.
func (c *child) stop() error { return errors.Join(c.in.Close(), c.cmd.Wait()) }
