package store

import (
	"net"
	"sync"
)

// bufferedConn makes writes to a synchronous pipe return at once. A client that writes a long pipeline before it reads,
// and a server that answers before it has read all of it, would wait for each other for ever; sockets have buffers.
type bufferedConn struct {
	net.Conn
	mu     sync.Mutex
	more   *sync.Cond
	buf    []byte
	err    error
	closed bool
}

func newBufferedConn(c net.Conn) *bufferedConn {
	b := &bufferedConn{Conn: c}
	b.more = sync.NewCond(&b.mu)
	go b.pump()
	return b
}

// Write implements net.Conn. An error of the pipe is reported by the next write.
func (b *bufferedConn) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	if b.err != nil {
		return 0, b.err
	}
	b.buf = append(b.buf, p...)
	b.more.Signal()
	return len(p), nil
}

// Close implements net.Conn. It drops what has not been sent.
func (b *bufferedConn) Close() error {
	b.mu.Lock()
	b.closed = true
	b.more.Signal()
	b.mu.Unlock()
	return b.Conn.Close()
}

// pump moves what was written into the pipe until the connection is closed.
func (b *bufferedConn) pump() {
	var spare []byte
	for {
		b.mu.Lock()
		for len(b.buf) == 0 && !b.closed {
			b.more.Wait()
		}
		if b.closed {
			b.mu.Unlock()
			return
		}
		out := b.buf
		b.buf = spare[:0]
		b.mu.Unlock()
		_, err := b.Conn.Write(out)
		spare = out
		if err != nil {
			b.mu.Lock()
			b.err = err
			b.mu.Unlock()
			return
		}
	}
}
