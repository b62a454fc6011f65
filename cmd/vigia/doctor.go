package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// diagnosis is one line of the doctor.
type diagnosis struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	// Detail says what was found, and when it is not OK also what to do.
	Detail string `json:"detail"`

	unreachable bool
}

func newDoctorCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check Kafka, Redis, topics, clocks and the running server",
		Long: `Check everything that Vigia depends on, one line each, and say how to mend what is wrong. Nothing is changed. It exits with 0 when all is well, 3 when something
cannot be reached, else 1.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{}
			if err := d.examine(cmd.Context(), e); err != nil {
				return err
			}
			if format == "json" {
				if err := writeJSON(e.stdout, d.lines); err != nil {
					return err
				}
			} else {
				e.writeDiagnoses(d.lines)
			}
			return d.verdict()
		},
	}
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

func (e *env) writeDiagnoses(lines []diagnosis) {
	good, bad, off := "✔", "✘", ""
	if e.color(e.stdout) {
		good, bad, off = "\x1b[32m✔", "\x1b[31m✘", "\x1b[0m"
	}
	for _, l := range lines {
		mark := good
		if !l.OK {
			mark = bad
		}
		fmt.Fprintf(e.stdout, "%s%s %-14s %s\n", mark, off, l.Check, strings.ReplaceAll(l.Detail, "\n", "\n                 "))
	}
}

// doctor collects diagnoses.
type doctor struct {
	lines []diagnosis
}

func (d *doctor) well(check, format string, args ...any) {
	d.lines = append(d.lines, diagnosis{Check: check, OK: true, Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) ill(check string, err error) {
	_, unreachable := errors.AsType[*app.UnreachableError](err)
	d.lines = append(d.lines, diagnosis{Check: check, Detail: err.Error(), unreachable: unreachable})
}

// verdict chooses the exit code; the words have been said.
func (d *doctor) verdict() error {
	code := exitOK
	for _, l := range d.lines {
		switch {
		case l.unreachable:
			return &exitError{exitUnreachable, nil}
		case !l.OK:
			code = exitFailed
		}
	}
	if code == exitOK {
		return nil
	}
	return &exitError{code, nil}
}

func (d *doctor) examine(ctx context.Context, e *env) error {
	logger, err := e.logger(slog.LevelError)
	if err != nil {
		return err
	}
	cfg, err := e.config()
	if err != nil {
		d.ill("configuration", err)
		return nil
	}
	var names []string
	for _, t := range cfg.Tenants {
		names = append(names, t.Name)
	}
	d.well("configuration", "%s, tenants: %s", e.configFile, strings.Join(names, ", "))
	var log *bus.Client
	if cfg.Kafka.Embedded() {
		d.well("Kafka", "embedded%s", folder(cfg))
	} else if log = d.kafka(ctx, cfg, logger); log != nil {
		defer log.Close()
	}
	if cfg.Redis.Embedded() {
		d.well("Redis", "embedded, one clock for everything")
	} else if state := d.redis(ctx, cfg); state != nil {
		defer state.Close()
		if log != nil {
			d.state(ctx, cfg, log, state)
		}
	}
	d.server(ctx, cfg)
	return ctx.Err()
}

func folder(cfg *config.Config) string {
	if cfg.Data == "" {
		return ", in memory: everything is lost when the process ends (data is empty in the configuration)"
	}
	return ", in " + cfg.Data
}

func (d *doctor) kafka(ctx context.Context, cfg *config.Config, logger *slog.Logger) *bus.Client {
	log, err := app.ConnectLog(ctx, cfg, logger)
	if err != nil {
		d.ill("Kafka", err)
		return nil
	}
	d.well("Kafka", "answers at %s", strings.Join(cfg.Kafka.Brokers, ", "))
	topics := app.Topics(cfg)
	if err := worker.CheckTopics(ctx, log, topics); err != nil {
		d.ill("topics", err)
	} else {
		d.well("topics", "%s", strings.Join(topics.Names(), ", "))
	}
	return log
}

// maxClockDifference is what the rules of time forgive without anybody noticing.
const maxClockDifference = 2 * time.Second

func (d *doctor) redis(ctx context.Context, cfg *config.Config) *store.Store {
	state, err := app.ConnectState(ctx, cfg)
	if err != nil {
		d.ill("Redis", err)
		return nil
	}
	if err := state.Check(ctx); err != nil {
		d.ill("Redis", err)
	} else {
		d.well("Redis", "answers at %s, keeps every key", strings.Join(cfg.Redis.Servers(), ", "))
	}
	asked := time.Now()
	theirs, err := state.Time(ctx)
	if err != nil {
		d.ill("clocks", err)
		return state
	}
	// The answer was made some time between question and now; the middle is the best guess.
	ours := asked.Add(time.Since(asked) / 2)
	if off := ours.Sub(theirs); off.Abs() > maxClockDifference {
		d.ill("clocks", fmt.Errorf("this machine is %v %s the clock of Redis; run an NTP client (chrony, systemd-timesyncd) on both: time only passes as fast as the slower one", off.Abs().Round(time.Millisecond), aheadOf(off)))
	} else {
		d.well("clocks", "this machine and Redis differ by %v", off.Abs().Round(time.Millisecond))
	}
	return state
}

func aheadOf(d time.Duration) string {
	if d > 0 {
		return "ahead of"
	}
	return "behind"
}

// state tells how far the workers are.
func (d *doctor) state(ctx context.Context, cfg *config.Config, log *bus.Client, state *store.Store) {
	topics := app.Topics(cfg)
	var absent []string
	var lag int64
	partitions := 0
	for _, s := range []struct {
		stage fold.Stage
		topic worker.Topic
	}{{fold.Conversations, topics.Interactions}, {fold.Customers, topics.Customers}} {
		for p := range int32(s.topic.Partitions) {
			partitions++
			slots, err := state.Read(ctx, []store.SlotRefs{{Slot: worker.SlotOf(s.stage, p)}})
			if err != nil {
				d.ill("state", err)
				return
			}
			if slots[0].Absent {
				absent = append(absent, fmt.Sprintf("%s %d", s.topic.Name, p))
				continue
			}
			_, end, err := log.Bounds(ctx, s.topic.Name, p)
			if err != nil {
				d.ill("state", err)
				return
			}
			lag += max(0, end-slots[0].Meta.Position.Offset)
		}
	}
	if len(absent) > 0 {
		d.ill("state", fmt.Errorf("%d of %d partitions have no state yet (%s); start a worker: `vigia run worker`", len(absent), partitions, summary(absent)))
		return
	}
	d.well("state", "%d partitions, %d records to fold", partitions, lag)
}

// summary shortens a list.
func summary(list []string) string {
	const shown = 4
	if len(list) > shown {
		return strings.Join(list[:shown], ", ") + ", …"
	}
	return strings.Join(list, ", ")
}

// server asks the process whose admin listener is where the configuration says.
func (d *doctor) server(ctx context.Context, cfg *config.Config) {
	const check = "server"
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := ownURL(cfg.AdminAddress(), cfg.AdminListenerTLS())
	client, err := ownClient(cfg.AdminListenerTLS())
	if err != nil {
		d.ill(check, err)
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
	if err != nil {
		d.ill(check, err)
		return
	}
	answer, err := client.Do(r)
	if err != nil {
		d.ill(check, &app.UnreachableError{What: "Vigia at " + address, Err: fmt.Errorf("%w; start it with `vigia run`", bare(err))})
		return
	}
	defer answer.Body.Close()
	var body struct {
		Ready  *bool
		Checks []app.Check
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Ready == nil {
		d.ill(check, fmt.Errorf("what listens at %s is not Vigia; stop it, or choose another address with admin: in the configuration", address))
		return
	}
	var parts []string
	for _, c := range body.Checks {
		if c.OK == *body.Ready {
			parts = append(parts, strings.TrimRight(c.Name+": "+c.Detail, ": "))
		}
	}
	if !*body.Ready {
		d.ill(check, fmt.Errorf("the server at %s is not ready: %s", address, strings.Join(parts, "; ")))
		return
	}
	d.well(check, "the one at %s is ready (%s)", address, strings.Join(parts, "; "))
}
