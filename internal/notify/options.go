package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"syscall"
	"time"
)

// DefaultTimeout bounds one request to a destination, or one mail.
const DefaultTimeout = 15 * time.Second

// Options are what the process gives its sinks. The zero value is right for production.
type Options struct {
	// Dial opens connections; nil is the network. It resolves names itself, and what it connects to is checked afterwards.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is the configuration of the client side, nil for the system's certificates.
	TLS *tls.Config
	// Proxy chooses a proxy for HTTP destinations, for example [http.ProxyFromEnvironment]; nil is none. A proxy that is used resolves the names, so its rules say what may be reached.
	Proxy func(*http.Request) (*url.URL, error)
	// Timeout bounds one request, 0 is [DefaultTimeout].
	Timeout time.Duration
	// AllowPrivate permits destinations on link-local, metadata and unspecified addresses, which are refused otherwise: rules are written by many, and such an address hands out the
	// machine's credentials. Loopback and private networks are common in installations and always permitted.
	AllowPrivate bool
	// Now is the clock, nil for [time.Now]. Only signatures, Retry-After dates and the ends of alerts that last need it.
	Now func() time.Time
	// Stdout is where the stdout sink writes, nil for [os.Stdout].
	Stdout io.Writer
	// Logger hears what a sink survives (one of several Alertmanagers is away); nil drops it.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// errForbidden marks destinations that are refused for what their address is.
var errForbidden = errors.New("link-local, metadata and unspecified addresses are refused")

// metadata are addresses at which clouds hand out credentials although they look like others.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200")}

// nat64 embeds an IPv4 address in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func forbidden(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if slices.Contains(metadata, ip) {
		return true
	}
	return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsUnspecified() || ip.IsMulticast()
}

// checkAddress refuses host:port when host is a literal address that is forbidden. Names pass: they are checked when they are resolved.
func checkAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if ip, err := netip.ParseAddr(host); err == nil && forbidden(ip) {
		return fmt.Errorf("%s: %w", host, errForbidden)
	}
	return nil
}

// dialer returns how sinks open connections: with the guard, unless it is switched off.
func (o Options) dialer() func(ctx context.Context, network, address string) (net.Conn, error) {
	dial := o.Dial
	if dial == nil {
		d := &net.Dialer{Timeout: o.Timeout}
		if !o.AllowPrivate {
			// After the name is resolved and before anything is sent; each address of a name comes by.
			d.Control = func(_, address string, _ syscall.RawConn) error { return checkAddress(address) }
		}
		dial = d.DialContext
	}
	if o.AllowPrivate {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := checkAddress(address); err != nil {
			return nil, err
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if remote := conn.RemoteAddr(); remote != nil {
			if err := checkAddress(remote.String()); err != nil {
				_ = conn.Close()
				return nil, err
			}
		}
		return conn, nil
	}
}
