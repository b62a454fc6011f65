package bus

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Virtual is a network inside the process, for tests in a testing/synctest bubble: real
// sockets keep the bubble's clock from moving, its pipes do not. It carries any protocol, so
// HTTP servers can listen on it too. Its only host is localhost (127.0.0.1); there is no
// name resolution.
//
// Create it inside the bubble that uses it.
type Virtual struct {
	net kfake.VirtualNetwork

	mu   sync.Mutex
	next int
}

// NewVirtual returns an empty network.
func NewVirtual() *Virtual { return &Virtual{next: 40000} }

// Listen opens a port, as net.Listen does. Port 0 chooses one that was never used.
func (v *Virtual) Listen(network, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("virtual network: %w", err)
	}
	if port == "0" {
		v.mu.Lock()
		v.next++
		port = fmt.Sprint(v.next)
		v.mu.Unlock()
	}
	return v.net.Listen(network, net.JoinHostPort(host, port))
}

// DialContext connects to a port that is listened on, as net.Dialer.DialContext does.
func (v *Virtual) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return v.net.DialContext(ctx, network, address)
}
