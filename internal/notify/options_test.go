package notify_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

func webhookTo(url string) notify.Config {
	return notify.Config{Webhook: &notify.WebhookConfig{URL: notify.Secret(url), Secrets: []notify.Secret{key1}}}
}

// pipe is a connection that claims to lead somewhere.
type pipe struct {
	net.Conn
	remote string
}

func (p pipe) RemoteAddr() net.Addr { return address(p.remote) }

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// TestForbiddenDestinations: the addresses at which a cloud hands out credentials are refused, as literals and behind names.
func TestForbiddenDestinations(t *testing.T) {
	notice := notifytest.Notice("breached", "en")
	for _, host := range []string{
		"169.254.169.254", "169.254.0.1", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "[::]", "224.0.0.1",
	} {
		dialled := false
		sink, err := notify.New(webhookTo("http://"+host+"/latest/meta-data"), notify.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			dialled = true
			return nil, errors.New("reached")
		}})
		if err != nil {
			t.Fatal(err)
		}
		e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), notice))
		if !ok || e.Retry || e.Hint == "" || dialled {
			t.Errorf("%s: dialled %t, %v", host, dialled, e)
		}
		allowed, err := notify.New(webhookTo("http://"+host+"/x"), notify.Options{AllowPrivate: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("reached")
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := allowed.Notify(t.Context(), notice); err == nil || !strings.Contains(err.Error(), "reached") {
			t.Errorf("%s is not reached although it is allowed: %v", host, err)
		}
		// Behind a name.
		behind, err := notify.New(webhookTo("http://crm.example.org/x"), notify.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go far.Close()
			return pipe{near, net.JoinHostPort(strings.Trim(host, "[]"), "80")}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := errors.AsType[*notify.Error](behind.Notify(t.Context(), notice)); !ok || e.Retry {
			t.Errorf("a name that leads to %s: %v", host, e)
		}
	}
	// The network's own dialer checks before it connects.
	sink, err := notify.New(webhookTo("http://169.254.169.254/x"), notify.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), notice)); !ok || e.Retry || !strings.Contains(e.Error(), "refused") {
		t.Errorf("%v", e)
	}
}

// TestTimeout: without anything configured, a receiver that is silent is given up after 15 seconds.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink, err := notify.New(webhookTo("http://crm.example.org/x"), notify.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				buffer := make([]byte, 4096)
				for {
					if _, err := far.Read(buffer); err != nil {
						return
					}
				}
			}()
			return pipe{near, "192.0.2.1:80"}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), notifytest.Notice("breached", "en")))
		if took := time.Since(start); !ok || !e.Retry || took != 15*time.Second {
			t.Errorf("%v after %s", e, took)
		}
	})
}
