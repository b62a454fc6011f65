package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// DialFunc opens a connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// conns dials and remembers what is open, so that Close can end requests that kafka-go
// would otherwise keep until their deadline: the library only closes idle connections.
type conns struct {
	dial DialFunc

	mu     sync.Mutex
	open   map[*trackedConn]struct{}
	closed bool
}

type trackedConn struct {
	net.Conn
	set *conns
}

func newConns(dial DialFunc) *conns {
	return &conns{dial: dial, open: make(map[*trackedConn]struct{})}
}

func (s *conns) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.dial(ctx, network, address)
	if err != nil {
		// Custom dialers return errors of their own; whatever they are, a connection that
		// cannot be opened now may be opened later.
		if _, ok := errors.AsType[net.Error](err); !ok {
			err = &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, err)}
		}
		return nil, err
	}
	t := &trackedConn{Conn: c, set: s}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.open[t] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		_ = c.Close()
		return nil, ErrClosed
	}
	return t, nil
}

// close ends every connection and refuses new ones.
func (s *conns) close() {
	s.mu.Lock()
	s.closed = true
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for c := range open {
		_ = c.Conn.Close()
	}
}

// Close ends the connection and forgets it.
func (c *trackedConn) Close() error {
	c.set.mu.Lock()
	delete(c.set.open, c)
	c.set.mu.Unlock()
	return c.Conn.Close()
}
