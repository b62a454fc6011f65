package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/worker"
)

// shutdownTimeout is how long requests may take to end once nobody is let in any more.
const shutdownTimeout = 12 * time.Second

// listen opens the one listener.
func (a *App) listen() error {
	open := a.opts.Listen
	if open == nil {
		open = net.Listen
	}
	l, err := open("tcp", a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; stop what uses it, or choose another address with listen: in the configuration", a.cfg.Listen, err)
	}
	handler, err := a.mux()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.With("component", "http").Handler(), slog.LevelDebug),
	}
	a.addr = l.Addr()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("listener %s: %w", l.Addr(), err)
		}
	}()
	a.life.onStop("listener", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		err := server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		<-done
		return err
	})
	a.log.Info("listening", "address", l.Addr().String(), "roles", roleNames(a.opts.Roles))
	return nil
}

func (a *App) mux() (http.Handler, error) {
	if err := a.describe(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.opts.Registry, promhttp.HandlerOpts{Registry: a.opts.Registry, MaxRequestsInFlight: 4}))
	if a.connector != nil {
		mux.Handle(connector.Path, a.connector)
	}
	if a.exporter != nil {
		mux.Handle("/", a.exporter)
	}
	return mux, nil
}

// describe registers what is known about the process.
func (a *App) describe() error {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vigia_build_info", Help: "Always 1; the version is in the labels.",
		ConstLabels: prometheus.Labels{"version": a.opts.Version, "goversion": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := a.opts.Registry.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
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
	if !config.Loopback(a.cfg.Listen) {
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
