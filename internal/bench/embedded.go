package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/exporter"
)

// finding is what the embedded engine tells about itself.
type finding struct {
	Events int
	Took   time.Duration
	Usage  usage
}

// embedded measures the engine that needs no servers: log, state and all roles in one process, data in memory, events handed over without HTTP.
func embedded(ctx context.Context, o order, r *report) error {
	o.Role, o.Kafka, o.Redis = "embedded", "", ""
	var f finding
	c, err := spawn(ctx, o, &f)
	if err != nil {
		return err
	}
	if err := c.stop(); err != nil {
		return err
	}
	r.add("embedded.events_per_second", "events/s", float64(f.Events)/f.Took.Seconds())
	r.add("embedded.cpu_per_event", "us", 1e6*f.Usage.CPU/float64(f.Events))
	r.add("embedded.memory", "MiB", f.Usage.RSS/(1<<20))
	r.add("embedded.memory_peak", "MiB", f.Usage.Peak/(1<<20))
	return nil
}

// beEmbedded writes the workload and waits until all of it is counted.
func beEmbedded(ctx context.Context, o order, _ *bufio.Reader, out io.Writer) error {
	a, err := o.start(ctx, true)
	if err != nil {
		return err
	}
	began := time.Now()
	err = errors.Join(o.Work.write(ctx, a), counted(ctx, a, o.Work))
	return errors.Join(err, say(out, finding{o.Work.events(), time.Since(began), measure()}), a.Stop(ctx))
}

// counted waits until readers see every conversation and every partition has folded what it has.
func counted(ctx context.Context, a *app.App, w workload) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	var state string
	q := exporter.Query{Tenant: tenant, KPIs: []string{"conversations_started"}, Window: exporter.Lasting(48 * time.Hour)}
	for {
		values, err := a.Exporter().Reader().Values(ctx, q)
		if ctx.Err() == nil {
			state = fmt.Sprintf("%+v, %v; partitions %+v", values, err, a.Worker().Status())
		}
		if err == nil && len(values) == 1 && string(values[0].Value) == fmt.Sprint(w.Conversations) && folded(a) {
			return nil
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("%d conversations were written; the engine counts %s", w.Conversations, state)
		}
	}
}

// folded reports whether both stages have folded what they have. The status may still show the watermarks of the newest tick as waiting.
func folded(a *app.App) bool {
	for _, s := range a.Worker().Status() {
		if s.Position.Offset < s.LogEnd || s.Outbox > int64(a.Topics().Customers.Partitions) {
			return false
		}
	}
	return true
}
