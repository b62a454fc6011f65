package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Notifier tells systemd (sd_notify) how the process is: ready, reloading, stopping, still alive. A nil Notifier tells nobody.
type Notifier struct {
	socket string
	alive  time.Duration // how often it must hear from us; 0 is never
	log    *slog.Logger
	once   sync.Once
}

// NewNotifier reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. It returns nil where systemd does not ask. log may be nil.
func NewNotifier(getenv func(string) string, log *slog.Logger) *Notifier {
	socket := getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	if name, abstract := strings.CutPrefix(socket, "@"); abstract {
		socket = "\x00" + name
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	n := &Notifier{socket: socket, log: log}
	if pid := getenv("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
			n.alive = time.Duration(usec) * time.Microsecond
		}
	}
	return n
}

// send is one datagram. Whoever started us is told on a best-effort basis; the first failure is logged.
func (n *Notifier) send(state string) {
	if n == nil {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err == nil {
		_, err = c.Write([]byte(state))
		_ = c.Close()
	}
	if err != nil {
		n.once.Do(func() { n.log.Warn("systemd could not be told how the process is", "err", err) })
	}
}

// Ready says that the process does its work.
func (n *Notifier) Ready(what string) { n.send(fmt.Sprintf("READY=1\nSTATUS=%s", what)) }

// Stopping says that the process ends.
func (n *Notifier) Stopping() { n.send("STOPPING=1\nSTATUS=finishing what is at hand") }

// Reloading says that the configuration is being read again; the function that it returns says that this is over.
func (n *Notifier) Reloading() (done func()) {
	n.send("RELOADING=1")
	return func() { n.send("READY=1") }
}

// Run says twice in every period that the process is alive, until ctx ends. alive may take its time, and systemd restarts the process when it takes too long.
func (n *Notifier) Run(ctx context.Context, alive func()) {
	if n == nil || n.alive == 0 {
		return
	}
	every := time.NewTicker(n.alive / 2)
	defer every.Stop()
	for {
		alive()
		n.send("WATCHDOG=1")
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}
