package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/notify"
)

// inbox is the receiver of the demonstration: alerts reach it as they reach anybody's, over HTTP and signed.
type inbox struct {
	d         *demo
	secret    notify.Secret
	listener  net.Listener
	server    *http.Server
	delivered atomic.Int64
}

// openInbox listens on this machine.
func openInbox(d *demo) (*inbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &inbox{d: d, secret: webhookSecret(), listener: listener}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = b.server.Serve(listener) }() // ends with close
	return b, nil
}

func (b *inbox) close() error { return b.server.Close() }

// ServeHTTP takes an alert and shows it.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhookBody))
	if err == nil {
		err = notify.Verify([]notify.Secret{b.secret}, r.Header, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n, err := notify.ParseWebhook(r.Header, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if n.At.Before(b.d.calls.since) {
		return // of the invented past
	}
	b.delivered.Add(1)
	b.d.screen.line(b.d.screen.paint(faint, fmt.Sprintf("%s ✉ %s", b.d.hour(b.d.clock.Now().UnixMilli()), b.d.say("delivered", "title", n.Title))))
}

// alerting is who is told: the inbox, and the user's own webhook.
func (d *demo) alerting() config.Alerting {
	to := func(name, url string, secret notify.Secret) config.Receiver {
		return config.Receiver{Name: name, To: notify.Config{Webhook: &notify.WebhookConfig{URL: notify.Secret(url), Secrets: []notify.Secret{secret}}}}
	}
	a := config.Alerting{Receivers: []config.Receiver{to("demo", "http://"+d.inbox.listener.Addr().String()+"/", d.inbox.secret)}}
	if d.o.sink != "" {
		a.Receivers = append(a.Receivers, to("sink", d.o.sink, d.sinkSecret))
	}
	// What is only at risk would drown what is broken.
	route := config.Route{Match: config.Match{Severity: []string{"critical"}}}
	for _, r := range a.Receivers {
		route.Receivers = append(route.Receivers, r.Name)
	}
	a.Routes = []config.Route{route}
	return a
}

// checkSink refuses what is no address of a webhook, and secrets that nobody can sign with.
func (o *demoOptions) checkSink() error {
	if o.sink == "" {
		if o.sinkSecret != "" {
			return usage(errors.New("--sink-secret: signs what goes to --sink, which is missing"))
		}
		return nil
	}
	if u, err := url.Parse(o.sink); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage(fmt.Errorf("--sink %q: use the URL of a webhook, such as http://127.0.0.1:8422/", o.sink))
	}
	if o.sinkSecret != "" {
		if err := notify.CheckSecret(notify.Secret(o.sinkSecret)); err != nil {
			return usage(fmt.Errorf("--sink-secret: the secret %w", err))
		}
	}
	return nil
}

// webhookSecret is one that nobody else knows.
func webhookSecret() notify.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return notify.Secret("whsec_" + base64.StdEncoding.EncodeToString(b[:]))
}
