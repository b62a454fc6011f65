package notifytest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Request is one that a [Receiver] got.
type Request struct {
	Method, Path string // with the query
	Header       http.Header
	Body         []byte
}

// Mood is how a [Receiver] answers. The zero value takes everything.
type Mood struct {
	Status int // 0 is 200; from 300 on the answer repeats the request, secrets included, as chatty servers do
	Header map[string]string
	Body   string // instead of the sink's reply
	Hang   bool   // read the request, answer never
	Close  bool   // read the request, close the connection
	Huge   bool   // follow the reply with megabytes
}

// Receiver is a destination on this machine that remembers what it got.
type Receiver struct {
	URL string

	reply  func(Request) string
	done   chan struct{}
	server *httptest.Server

	busy sync.WaitGroup // requests at hand

	mu       sync.Mutex
	mood     Mood
	requests []Request
	written  int64
}

// NewReceiver starts a receiver that answers successes with reply(request); nil answers "ok".
func NewReceiver(t *testing.T, reply func(Request) string) *Receiver {
	t.Helper()
	r := &Receiver{reply: reply, done: make(chan struct{})}
	r.server = httptest.NewServer(r)
	r.URL = r.server.URL
	t.Cleanup(func() {
		close(r.done)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	return r
}

// Secure moves the receiver to TLS and returns what a client needs to trust it, under any name.
func (r *Receiver) Secure() *tls.Config {
	r.server.Close()
	r.server = httptest.NewTLSServer(r)
	r.URL = r.server.URL
	config := r.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com" // the name in the certificate of httptest
	return config
}

// Be changes the mood.
func (r *Receiver) Be(m Mood) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = m
}

// Take returns the requests since the last call.
func (r *Receiver) Take() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.requests
	r.requests = nil
	return all
}

// Written waits until all answers are out and returns how many bytes of huge ones that were.
func (r *Receiver) Written() int64 {
	r.busy.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.busy.Add(1)
	defer r.busy.Done()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	got := Request{Method: q.Method, Path: q.URL.RequestURI(), Header: q.Header.Clone(), Body: body}
	r.mu.Lock()
	mood := r.mood
	r.requests = append(r.requests, got)
	r.mu.Unlock()
	for k, v := range mood.Header {
		w.Header().Set(k, v)
	}
	switch {
	case mood.Hang:
		select {
		case <-r.done:
		case <-q.Context().Done():
		}
		return
	case mood.Close:
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	case mood.Status >= 300:
		w.WriteHeader(mood.Status)
		if mood.Body == "" {
			mood.Body = echo(got)
		}
		_, _ = io.WriteString(w, mood.Body)
		return
	}
	switch {
	case mood.Body != "":
		_, _ = io.WriteString(w, mood.Body)
	case r.reply != nil:
		_, _ = io.WriteString(w, r.reply(got))
	default:
		_, _ = io.WriteString(w, "ok")
	}
	if mood.Huge {
		r.flood(w)
	}
}

// flood writes until nobody reads any more, 64 MB at most.
func (r *Receiver) flood(w http.ResponseWriter) {
	blanks := bytes.Repeat([]byte(" "), 64<<10)
	for range 1024 {
		n, err := w.Write(blanks)
		r.mu.Lock()
		r.written += int64(n)
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// echo repeats a request in the forms in which servers do.
func echo(r Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot %s %s or %s or %s: ", r.Method, r.Path, url.QueryEscape(r.Path), strings.ReplaceAll(r.Path, "/", `\/`))
	for name, values := range r.Header {
		fmt.Fprintf(&b, "%s: %s; ", name, strings.Join(values, ","))
	}
	return b.String()
}
