package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/worker"
)

// describe registers what is known about the process.
func (a *App) describe() error {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vigia_build_info", Help: "Always 1; the version is in the labels.",
		ConstLabels: prometheus.Labels{"version": a.opts.Version, "goversion": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), a.reloads.successful, a.reloads.at} {
		if err := a.opts.Registry.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	a.reloaded()
	return nil
}

// Check is one answer of [App.Ready].
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says what is wrong, or how much is done.
	Detail string `json:"detail,omitempty"`
}

// Ready reports whether the app does its work: servers answer, and the worker has caught up with its partitions.
func (a *App) Ready(ctx context.Context) (bool, []Check) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var checks []Check
	add := func(name string, err error, detail string) {
		if err != nil {
			detail = err.Error()
		}
		checks = append(checks, Check{name, err == nil, detail})
	}
	if a.stopping.Load() {
		add("process", errors.New("stopping"), "")
	}
	if a.connector != nil || a.worker != nil {
		add("log", a.bus.Ping(ctx), "")
	}
	_, err := a.state.Time(ctx)
	add("state", err, "")
	if a.worker != nil {
		detail, err := progress(a.worker)
		add("worker", err, detail)
	}
	if a.alerter != nil {
		detail, err := alerterProgress(a.alerter)
		add("alerter", err, detail)
	}
	for _, c := range checks {
		if !c.OK {
			return false, checks
		}
	}
	return true, checks
}

// progress sums up the partitions that the group has given to the worker. One that shares them with more others than there are partitions has none.
func progress(w *worker.Worker) (string, error) {
	total, assigned := w.Assigned()
	if !assigned {
		return "", errors.New("no partitions are assigned yet")
	}
	done := 0
	var first string
	for _, s := range w.Status() {
		if s.CaughtUp() {
			done++
		} else if first == "" {
			first = fmt.Sprintf("; %s %d is %s", s.Topic, s.Partition, s.State)
			if s.Err != "" {
				first += ": " + s.Err
			}
		}
	}
	detail := fmt.Sprintf("%d of %d partitions are up to date%s", done, total, first)
	if done < total {
		return "", errors.New(detail)
	}
	return detail, nil
}

// readyz answers 200 when ready and 503 otherwise. Details name servers and stay on this machine.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	ready, checks := a.Ready(r.Context())
	if !config.Loopback(a.cfg.AdminAddress()) {
		for i := range checks {
			checks[i].Detail = ""
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(struct {
		Ready  bool    `json:"ready"`
		Checks []Check `json:"checks"`
	}{ready, checks})
}
