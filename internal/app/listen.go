package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/vigia-cx/vigia/internal/config"
)

// Against clients that take their time: a connection that says nothing, or little by little, ends. Ingest has a tighter limit of its own for bodies.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 2 * time.Minute // profiles take half a minute by default
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	// shutdownTimeout is how long requests may take to end once nobody is let in any more. A container has ten seconds in all.
	shutdownTimeout = 5 * time.Second
)

// listener is one of the two doors.
type listener struct {
	name, key string // for people, and its key in the configuration
	address   string
	tls       config.TLS
	handler   http.Handler
	addr      *net.Addr // where to note what was opened
}

// listen opens the public and the admin listener, or the one that is both.
func (a *App) listen() error {
	if err := a.describe(); err != nil {
		return err
	}
	public, admin := http.NewServeMux(), http.NewServeMux()
	if a.cfg.OneListener() {
		admin = public
	}
	a.adminRoutes(admin)
	a.publicRoutes(public)
	doors := []listener{
		{"admin listener", "admin", a.cfg.AdminAddress(), a.cfg.AdminTLS, a.guardAdmin(admin), &a.adminAddr},
		{"listener", "listen", a.cfg.Listen, a.cfg.TLS, public, &a.addr},
	}
	if a.cfg.OneListener() {
		doors = doors[1:]
	}
	for _, door := range doors {
		if err := a.open(door); err != nil {
			return err
		}
	}
	if a.cfg.OneListener() {
		a.adminAddr = a.addr
	}
	a.log.Info("listening", "address", a.addr.String(), "admin", a.adminAddr.String(), "roles", roleNames(a.opts.Roles))
	return nil
}

// open listens and serves until the app stops.
func (a *App) open(door listener) error {
	open := a.opts.Listen
	if open == nil {
		open = net.Listen
	}
	l, err := open("tcp", door.address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; stop what uses it, or choose another address with %s: in the configuration", door.address, err, door.key)
	}
	addr := l.Addr()
	if door.tls.Enabled() {
		secure, err := newCertificates(door.tls, a.log.With("listener", door.key))
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", door.key, err), l.Close())
		}
		l = tls.NewListener(l, secure.config())
	}
	server := &http.Server{
		Handler: door.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(a.log.With("component", "http").Handler(), slog.LevelDebug),
	}
	*door.addr = addr
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s %s: %w", door.name, addr, err)
		}
	}()
	a.life.onStop(door.name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			// Whoever is slower has had the time; the sender repeats what was not acknowledged.
			a.log.Warn("requests were still under way and are cut off", "listener", door.key)
			err = server.Close()
		}
		<-done
		return err
	})
	return nil
}
