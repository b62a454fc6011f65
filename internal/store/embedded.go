package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/alicebob/miniredis/v2"
)

// EmbeddedConfig says how the in-process server is reached.
type EmbeddedConfig struct {
	// Virtual servers listen on no socket and are reached through [Embedded.Dialer] alone, also inside a testing/synctest bubble.
	Virtual bool
	// Addr is the host:port to listen on; default 127.0.0.1 and a free port. Not for virtual servers.
	Addr string
}

// Embedded is a Redis server within the process, for demonstrations, small installations and tests. It holds its data
// in memory; [Embedded.SaveFile] and [Embedded.LoadFile] carry them over a restart.
type Embedded struct {
	server *miniredis.Miniredis
	addr   string
}

// StartEmbedded starts an empty in-process server.
func StartEmbedded(cfg EmbeddedConfig) (*Embedded, error) {
	// Its ClockTTL stays off: it sorts all keys at every command. So no key expires here, and the scripts look at the time themselves.
	e := &Embedded{server: miniredis.NewMiniRedis(), addr: "127.0.0.1:6379"}
	if !cfg.Virtual {
		listen := cfg.Addr
		if listen == "" {
			listen = "127.0.0.1:0"
		}
		if err := e.server.StartAddr(listen); err != nil {
			return nil, fmt.Errorf("store: start the embedded server on %s: %w", listen, err)
		}
		e.addr = e.server.Addr()
	}
	return e, nil
}

// Addr returns the address for [Config].Addrs. A virtual server has a name only, to be used with the dialer.
func (e *Embedded) Addr() string { return e.addr }

// Dialer returns the dialer for [Config].Dialer. It connects within the process, whatever the address.
func (e *Embedded) Dialer() func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		c, err := e.server.Dial()
		if err != nil {
			return nil, err
		}
		return newBufferedConn(c), nil
	}
}

// Close stops the server and loses its data.
func (e *Embedded) Close() { e.server.Close() }

// Flush deletes everything, as a Redis that came back empty.
func (e *Embedded) Flush() { e.server.DB(0).FlushDB() }

// SaveFile writes everything to a file, which replaces the old one only when it is complete and on disk. Slots are frozen
// while memory is copied, not while the file is written. It fails with [ErrFrozen] if another snapshot is under way.
func (e *Embedded) SaveFile(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("store: save the embedded server: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("store: save the embedded server to %s: %w", path, err), f.Close(), remove(f.Name()))
		}
	}()
	if err := e.Save(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// LoadFile replaces everything by what [Embedded.SaveFile] has written. Clients see either the old or the new data. It
// fails with [fs.ErrNotExist] if there is no file, and with [ErrSnapshot] if the file is damaged; then nothing has changed.
func (e *Embedded) LoadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: load the embedded server: %w", err)
	}
	err = e.Load(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("store: load the embedded server from %s: %w", path, err)
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes a rename durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
