package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	coldReads = 20
	warmReads = 200
)

// reads measures what it takes to answer all KPIs of the last 24 hours for 20 queues: by a reader that has seen nothing yet, and by one that keeps what it has read.
func reads(ctx context.Context, o order, r *report) (err error) {
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.preload(ctx); err != nil {
		return err
	}
	if _, err := t.job(ctx); err != nil {
		return err
	}
	if err := t.check(ctx, o.Work); err != nil {
		return err
	}
	q := exporter.Query{Tenant: tenant, By: []window.Dimension{window.DimQueue}, Window: exporter.Lasting(24 * time.Hour), KPIs: perQueue()}
	measure := func(reader *exporter.Reader) (float64, error) {
		began := time.Now()
		values, err := reader.Values(ctx, q)
		if err != nil {
			return 0, err
		}
		if groups := countQueues(values); groups != 20 {
			return 0, fmt.Errorf("values of %d queues, want 20", groups)
		}
		return time.Since(began).Seconds() * 1000, nil
	}
	var cold, warm []float64
	for range coldReads {
		ms, err := measure(t.reader())
		if err != nil {
			return err
		}
		cold = append(cold, ms)
	}
	reader := t.reader()
	for range warmReads + 1 {
		ms, err := measure(reader)
		if err != nil {
			return err
		}
		warm = append(warm, ms)
	}
	warm = warm[1:]
	for _, f := range []struct {
		name   string
		values []float64
	}{{"cold", cold}, {"warm", warm}} {
		r.add("read_24h_20_queues."+f.name+"_p50", "ms", quantile(f.values, 0.5))
		r.add("read_24h_20_queues."+f.name+"_p99", "ms", quantile(f.values, 0.99))
	}
	return nil
}

// perQueue lists the KPIs that can be asked by queue over a day.
func perQueue() []string {
	var ids []string
	for _, d := range kpi.Catalog() {
		if d.Instant() {
			continue
		}
		if slices.Contains(d.Dimensions, window.DimQueue) {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func countQueues(values []kpi.Value) int {
	queues := map[string]bool{}
	for _, v := range values {
		if v.Group["queue"] != "" {
			queues[v.Group["queue"]] = true
		}
	}
	return len(queues)
}
