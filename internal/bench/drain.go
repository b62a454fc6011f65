package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// drain measures how fast a worker folds a backlog, both stages, all cells: events a second of the clock, and of the processors that the worker and Redis use together.
func drain(ctx context.Context, o order, r *report) (err error) {
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.preload(ctx); err != nil {
		return err
	}
	if err := t.redis.watchScripts(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.redis.forget()) }()
	j, err := t.job(ctx)
	if err != nil {
		return err
	}
	applies, err := t.redis.applies()
	if err != nil {
		return err
	}
	if err := t.check(ctx, o.Work); err != nil {
		return err
	}
	n := float64(o.Work.events())
	r.add("full_job.events_per_cpu_second", "events/s", n/(j.worker.CPU+j.redis))
	r.add("full_job.worker_cpu_per_event", "us", 1e6*j.worker.CPU/n)
	r.add("full_job.redis_cpu_per_event", "us", 1e6*j.redis/n)
	r.add("full_job.events_per_second", "events/s", n/j.took.Seconds())
	r.add("full_job.worker_peak_memory", "MiB", j.worker.Peak/(1<<20))
	r.add("full_job.apply_p50", "ms", quantile(applies, 0.5))
	r.add("full_job.apply_p99", "ms", quantile(applies, 0.99))
	r.add("full_job.apply_max", "ms", quantile(applies, 1))
	return nil
}

// job is what a drained backlog has cost.
type job struct {
	took   time.Duration
	worker usage
	redis  float64 // processor seconds
}

// job lets a worker drain the log.
func (t *trial) job(ctx context.Context) (j job, err error) {
	before, err := t.redis.cpu()
	if err != nil {
		return j, err
	}
	began := time.Now()
	var greeting string
	w, err := t.child(ctx, "worker", &greeting)
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	if err := t.drained(ctx); err != nil {
		return j, err
	}
	j.took = time.Since(began)
	if j.worker, err = w.usage(); err != nil {
		return j, err
	}
	after, err := t.redis.cpu()
	j.redis = after - before
	return j, err
}

// footprint measures what open conversations of 8 events weigh in Redis: everything that is there because of them, panes and keys of the state included.
func footprint(ctx context.Context, o order, r *report) (err error) {
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.preload(ctx); err != nil {
		return err
	}
	if err := t.redis.forget(); err != nil {
		return err
	}
	before, err := t.redis.memory()
	if err != nil {
		return err
	}
	if _, err := t.job(ctx); err != nil {
		return err
	}
	if err := t.check(ctx, o.Work); err != nil {
		return err
	}
	open, err := t.reader().Conversations(ctx, tenant)
	if err != nil {
		return err
	}
	if len(open.List) != o.Work.Conversations {
		return fmt.Errorf("%d conversations are open, the state knows %d", o.Work.Conversations, len(open.List))
	}
	if err := t.redis.forget(); err != nil {
		return err
	}
	after, err := t.redis.memory()
	if err != nil {
		return err
	}
	r.add("redis.bytes_per_open_conversation", "bytes", (after-before)/float64(o.Work.Conversations))
	return nil
}
