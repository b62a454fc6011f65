package notifytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/notify"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Sink is what the suite needs to know of a kind of destination that is reached by HTTP.
type Sink struct {
	// Config configures the sink for a receiver at url, which has no path.
	Config func(url string) notify.Config
	// Secrets are those in the configuration; they must show up nowhere.
	Secrets []string
	// Reply is how the destination answers a success; nil for "ok".
	Reply func(Request) string
	// Identity returns what the destination knows a repetition by; it must be the same on every attempt and say want. Sinks without one have nil: their requests must be equal.
	Identity func(Request) string
	Want     func(notify.Notice) string
	// Golden is the file that the requests are compared with.
	Golden string
	// Volatile are headers that differ from attempt to attempt.
	Volatile []string
}

// Exercise holds a sink to what the alerter relies on.
func Exercise(t *testing.T, s Sink) {
	t.Run("statuses", s.statuses)
	t.Run("retry after", s.retryAfter)
	t.Run("no answer", s.noAnswer)
	t.Run("redirect", s.redirect)
	t.Run("huge answer", s.huge)
	t.Run("same delivery", s.same)
	t.Run("secrets", s.secrets)
	t.Run("bodies", s.bodies)
}

// open starts a receiver and a sink for it.
func (s Sink) open(t *testing.T, o notify.Options) (notify.Notifier, *Receiver) {
	t.Helper()
	r := NewReceiver(t, s.Reply)
	if o.Now == nil {
		o.Now = func() time.Time { return Now }
	}
	n, err := notify.New(s.Config(r.URL), o)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := n.(io.Closer); ok {
		t.Cleanup(func() { _ = c.Close() })
	}
	return n, r
}

func (s Sink) sample() notify.Notice { return Notice("breached", "en") }

// failed checks an error and returns it.
func (s Sink) failed(t *testing.T, err error, retry bool) *notify.Error {
	t.Helper()
	e, ok := errors.AsType[*notify.Error](err)
	if !ok {
		t.Fatalf("the error is %T (%v), want *notify.Error", err, err)
	}
	if e.Retry != retry {
		t.Errorf("retry is %t for %q, want %t", e.Retry, e, retry)
	}
	if !retry && e.Hint == "" {
		t.Errorf("%q is final and does not say what to do", e)
	}
	for _, secret := range s.Secrets {
		if strings.Contains(e.Error(), secret) {
			t.Errorf("the error contains the secret %q: %s", secret, e)
		}
	}
	return e
}

func (s Sink) statuses(t *testing.T) {
	sink, r := s.open(t, notify.Options{})
	for status, retry := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 405: false, 410: false, 413: false, 408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true,
	} {
		r.Be(Mood{Status: status})
		e := s.failed(t, sink.Notify(t.Context(), s.sample()), retry)
		if !strings.Contains(e.Error(), fmt.Sprint(status)) {
			t.Errorf("%q does not name the status %d", e, status)
		}
	}
	r.Be(Mood{})
	if err := sink.Notify(t.Context(), s.sample()); err != nil {
		t.Errorf("not taken after it recovered: %v", err)
	}
}

func (s Sink) retryAfter(t *testing.T) {
	sink, r := s.open(t, notify.Options{})
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0.5": 500 * time.Millisecond, "-3": 0, "soon": 0, "99999999": 24 * time.Hour, Now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		Now.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		for _, status := range []int{429, 503} {
			r.Be(Mood{Status: status, Header: map[string]string{"Retry-After": header}})
			if e := s.failed(t, sink.Notify(t.Context(), s.sample()), true); e.After != want {
				t.Errorf("%d with Retry-After %q: after %s, want %s", status, header, e.After, want)
			}
		}
	}
}

func (s Sink) noAnswer(t *testing.T) {
	sink, r := s.open(t, notify.Options{Timeout: 50 * time.Millisecond})
	r.Be(Mood{Hang: true})
	if e := s.failed(t, sink.Notify(t.Context(), s.sample()), true); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("%q does not say that the time was over", e)
	}
	r.Be(Mood{Close: true})
	if e := s.failed(t, sink.Notify(t.Context(), s.sample()), true); !errors.Is(e, io.EOF) && !errors.Is(e, syscall.ECONNRESET) {
		t.Errorf("%q does not say that the connection broke", e)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := sink.Notify(ended, s.sample())
	s.failed(t, err, true)

	patient, r := s.open(t, notify.Options{})
	r.server.CloseClientConnections()
	r.server.Listener.Close()
	s.failed(t, patient.Notify(t.Context(), s.sample()), true)
}

func (s Sink) redirect(t *testing.T) {
	elsewhere := NewReceiver(t, s.Reply)
	sink, r := s.open(t, notify.Options{})
	for _, status := range []int{301, 302, 303, 307, 308} {
		r.Be(Mood{Status: status, Header: map[string]string{"Location": elsewhere.URL + "/x"}})
		s.failed(t, sink.Notify(t.Context(), s.sample()), false)
	}
	if got := elsewhere.Take(); len(got) > 0 {
		t.Errorf("%d requests followed a redirect", len(got))
	}
}

func (s Sink) huge(t *testing.T) {
	sink, r := s.open(t, notify.Options{})
	r.Be(Mood{Huge: true})
	if err := sink.Notify(t.Context(), s.sample()); err != nil {
		t.Error(err)
	}
	if c, ok := sink.(io.Closer); ok {
		_ = c.Close()
	}
	const most = 32 << 20 // what the sink reads, and the buffers of the connections
	if got := r.Written(); got > most {
		t.Errorf("%d bytes of the answers went out", got)
	}
}

// same: what is repeated is known as the same by the receiver.
func (s Sink) same(t *testing.T) {
	sink, r := s.open(t, notify.Options{})
	var seen [][]Request
	for range 2 {
		r.Be(Mood{})
		if err := sink.Notify(t.Context(), s.sample()); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, r.Take())
	}
	if len(seen[0]) != len(seen[1]) {
		t.Fatalf("%d and %d requests", len(seen[0]), len(seen[1]))
	}
	for i, first := range seen[0] {
		second := seen[1][i]
		if diff := cmp.Diff(string(first.Body), string(second.Body)); diff != "" {
			t.Errorf("the second attempt has another body (-first +second):\n%s", diff)
		}
		if s.Identity != nil && (s.Identity(first) != s.Want(s.sample()) || s.Identity(second) != s.Want(s.sample())) {
			t.Errorf("the attempts are %q and %q, want %q", s.Identity(first), s.Identity(second), s.Want(s.sample()))
		}
		for _, h := range []http.Header{first.Header, second.Header} {
			for _, name := range s.Volatile {
				h.Del(name)
			}
		}
		if diff := cmp.Diff(first.Header, second.Header); diff != "" {
			t.Errorf("the second attempt has other headers (-first +second):\n%s", diff)
		}
	}
}

func (s Sink) secrets(t *testing.T) {
	sink, r := s.open(t, notify.Options{})
	config := s.Config(r.URL)
	for _, v := range []any{sink, config, &config, config.Webhook, config.Slack, config.Teams, config.Alertmanager, config.Bitrix24, config.Zendesk} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			for _, secret := range s.Secrets {
				if got := fmt.Sprintf(verb, v); strings.Contains(got, secret) {
					t.Errorf("%T printed with %s contains the secret %q: %s", v, verb, secret, got)
				}
			}
		}
	}
	if got, err := json.Marshal(config); err != nil {
		t.Error(err)
	} else if i := slices.IndexFunc(s.Secrets, func(secret string) bool { return strings.Contains(string(got), secret) }); i >= 0 {
		t.Errorf("the configuration as JSON contains the secret %q", s.Secrets[i])
	}
}

// bodies compares what is sent, in every language, with the golden file.
func (s Sink) bodies(t *testing.T) {
	var b strings.Builder
	for _, lang := range []string{"en", "es", "pt"} {
		for _, name := range []string{"breached", "firing", "settled", "group"} {
			sink, r := s.open(t, notify.Options{})
			if err := sink.Notify(t.Context(), Notice(name, lang)); err != nil {
				t.Fatalf("%s %s: %v", name, lang, err)
			}
			fmt.Fprintf(&b, "== %s %s\n", name, lang)
			for _, q := range r.Take() {
				b.WriteString(describe(q) + "\n")
			}
		}
	}
	Golden(t, s.Golden, b.String())
}

// describe writes a request for a golden file.
func describe(q Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", q.Method, q.Path)
	for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		if v := q.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, q.Body, "", "  ") == nil {
		b.WriteString(pretty.String() + "\n")
	} else {
		b.Write(q.Body)
	}
	return b.String()
}

// Golden compares got with a file, or writes the file with -update.
func Golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.FromSlash(file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; write it anew with -update if that is meant (-want +got):\n%s", file, diff)
	}
}
