package connector_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/connector/connectortest"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// fax is the smallest channel: one conversation a caller, no handshake, no batches to cut.
type fax struct{ panics bool }

func (fax) Name() string                 { return "fax" }
func (fax) MaxBody() int64               { return 100_000 }
func (fax) Ignores() []string            { return []string{"other_account", "blank"} }
func (fax) Verifier() connector.Verifier { return connector.BodyMAC{Header: "Fax-Sum", Hash: sha1.New} }

func (f fax) Decode(body []byte, allowed func(string) bool) (b connector.Batch) {
	if f.panics {
		panic(string(body))
	}
	var in struct {
		Line  string
		Pages []struct {
			ID, Caller, Text string
			At               int64
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		b.Fault(connector.WholeDelivery, event.ReasonGarbage, "", "is no fax")
		return b
	}
	if !allowed(in.Line) {
		b.Ignore("other_account", 1)
		return b
	}
	for i, p := range in.Pages {
		if p.ID == "" || p.Caller == "" {
			b.Fault(i, event.ReasonMissingField, "pages.id", "is required")
			continue
		}
		b.Add(i, &event.Event{At: p.At, Quality: event.QualitySubsecond, Channel: event.Other, Actor: event.ByCustomer, Conversation: p.Caller, Customer: p.Caller,
			Source: event.Source{Account: in.Line, NativeID: p.ID, Basis: event.BasisEventID}, Body: event.Message{ID: p.ID, Direction: event.Inbound, Text: p.Text}})
	}
	return b
}

const (
	faxSecret connector.Secret = "secret-of-the-fax"
	faxPath                    = connector.HooksPath + "fax/desk"
)

func faxBody(ids ...string) []byte {
	var pages []string
	for _, id := range ids {
		pages = append(pages, fmt.Sprintf(`{"id":%q,"caller":"+5215512345678","text":"Estimados señores","at":%d}`, id, noon-5000))
	}
	return []byte(`{"line":"sales","pages":[` + strings.Join(pages, ",") + `]}`)
}

func faxHeader(body []byte, secret connector.Secret) http.Header {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return http.Header{"Fax-Sum": {hex.EncodeToString(mac.Sum(nil))}}
}

func faxConfig() connector.Config {
	cfg := config()
	cfg.Tenants[0].Hooks = []connector.HookConfig{{Channel: "fax", Name: "desk", Secrets: []connector.Secret{faxSecret}, Accounts: []string{"sales", "support"}}}
	return cfg
}

func (s *stage) fax(body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, faxPath, strings.NewReader(string(body)))
	r.Header = faxHeader(body, faxSecret)
	w := httptest.NewRecorder()
	s.Hooks().ServeHTTP(w, r)
	return w
}

func TestExerciseFax(t *testing.T) {
	connectortest.Exercise(t, connectortest.Case{
		Channel: fax{}, Account: "sales", Sign: faxHeader, Deliveries: [][]byte{faxBody("f1", "f2"), faxBody("f3")}, Personal: []string{"+5215512345678", "Estimados señores"},
	})
}

// TestHookNamesAreDeclared: accounts of a webhook are configured names, and the events are those of the connector that the channel is.
func TestHookNamesAreDeclared(t *testing.T) {
	s := newStage(t, faxConfig(), connector.WithChannels(fax{}))
	if w := s.fax(faxBody("f1", "f1")); w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	events := s.log.events(t)
	if len(events) != 1 || events[0].Source.Account != "sales" || events[0].Tenant != "acme" || events[0].ReceivedAt != noon || events[0].At != noon-5000 {
		t.Fatalf("got %+v", events)
	}
	families, err := s.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	repeated := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "vigia_hooks_ignored_total" && m.GetLabel()[1].GetValue() == "repeated" {
				repeated += m.GetCounter().GetValue()
			}
		}
	}
	if repeated != 1 {
		t.Errorf("%v repeated events counted", repeated)
	}
	if n := s.metric(t, "vigia_hooks_last_delivery_timestamp_seconds", "fax"); n != noon/1000 {
		t.Errorf("the last delivery was at %v", n)
	}
}

// TestHookReload: secrets, accounts and tokens are taken while the process runs; a bad configuration changes nothing.
func TestHookReload(t *testing.T) {
	s := newStage(t, faxConfig(), connector.WithChannels(fax{}))
	next := faxConfig()
	next.Tenants[0].Hooks[0].Secrets = []connector.Secret{"another-secret-of-the-fax"}
	next.Tenants[0].Tokens = []httpapi.Token{{Plain: "another-token-for-tests"}}
	bad := faxConfig()
	bad.Tenants[0].Hooks[0].Secrets = nil
	if err := s.Reload(bad); err == nil || !strings.Contains(err.Error(), "hook fax/desk: has no secret") {
		t.Errorf("a hook without secret: %v", err)
	}
	unknown := faxConfig()
	unknown.Tenants[0].Hooks[0].Channel = "telex"
	if err := s.Reload(unknown); err == nil || !strings.Contains(err.Error(), `no channel "telex"; choose from fax`) {
		t.Errorf("an unknown channel: %v", err)
	}
	if w := s.fax(faxBody("f1")); w.Code != http.StatusOK {
		t.Errorf("after a refused reload: %d", w.Code)
	}
	if err := s.Reload(next); err != nil {
		t.Fatal(err)
	}
	if w := s.fax(faxBody("f2")); w.Code != http.StatusUnauthorized {
		t.Errorf("the old secret: %d", w.Code)
	}
	if w := s.post([]byte(valid)); w.Code != http.StatusUnauthorized {
		t.Errorf("the old token: %d", w.Code)
	}
	if w := s.post([]byte(valid), "Authorization", "Bearer another-token-for-tests"); w.Code != http.StatusOK {
		t.Errorf("the new token: %d %s", w.Code, w.Body)
	}
}

func TestHookConfigValidate(t *testing.T) {
	cfg := faxConfig()
	cfg.Tenants[0].Hooks = append(cfg.Tenants[0].Hooks,
		connector.HookConfig{Channel: "fax", Name: "a/b", Secrets: []connector.Secret{"short"}, VerifyToken: "small", Accounts: []string{""}})
	cfg.Tenants[1].Hooks = cfg.Tenants[0].Hooks[:1]
	cfg.DeadLetters = ""
	err := cfg.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"dead letters", "fax/a/b: the name", "fax/a/b: secret 0", "fax/a/b: the verify token", "fax/a/b: account 0", "fax/desk: is there already, of tenant acme"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	for _, secret := range []string{"short\"", "small\"", string(faxSecret)} {
		if strings.Contains(err.Error(), secret) || strings.Contains(fmt.Sprintf("%v %+v %#v", cfg.Tenants, cfg.Tenants, cfg.Tenants), secret) {
			t.Errorf("the secret %s is shown", secret)
		}
	}
}

// TestHookDefect: a decoder that panics costs one dead letter.
func TestHookDefect(t *testing.T) {
	s := newStage(t, faxConfig(), connector.WithChannels(fax{panics: true}))
	if w := s.fax(faxBody("f1")); w.Code != http.StatusOK {
		t.Errorf("got %d", w.Code)
	}
	letters, err := s.log.Letters()
	if err != nil || len(letters) != 1 || letters[0].Reason != event.ReasonPanic || letters[0].Offset != connector.WholeDelivery {
		t.Errorf("dead letters %+v (%v)", letters, err)
	}
	if !strings.Contains(s.out.String(), "BUG") || strings.Contains(s.out.String(), "5512345678") {
		t.Errorf("the log says %s", s.out)
	}
}

// TestHookRate: a source has a budget of its own, and what exceeds it is told to come again, in words that no vendor takes for a refusal.
func TestHookRate(t *testing.T) {
	cfg := faxConfig()
	cfg.MaxEvents = 1
	cfg.Tenants[0].RateEvents, cfg.Tenants[0].Burst = 1, 2
	s := newStage(t, cfg, connector.WithChannels(fax{}))
	if w := s.fax(faxBody("f1", "f2", "f3", "f4")); w.Code != http.StatusOK {
		t.Errorf("a delivery larger than the burst can never come through: %d", w.Code)
	}
	w := s.fax(faxBody("f5"))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	s.time = s.time.Add(2 * time.Second)
	if w := s.fax(faxBody("f5")); w.Code != http.StatusOK {
		t.Errorf("later: %d", w.Code)
	}
	if w := s.post([]byte(valid)); w.Code != http.StatusOK {
		t.Errorf("ingest pays for the source: %d", w.Code)
	}
}

// TestHookInFlight: deliveries that wait for the log are bounded, and strangers take no place among them.
func TestHookInFlight(t *testing.T) {
	cfg := faxConfig()
	cfg.MaxInFlight = 2
	cfg.PublishTimeout = time.Minute
	s := newStage(t, cfg, connector.WithChannels(fax{}))
	held := make(chan struct{})
	s.log.SetOut(func(string, int32) bool { <-held; return false })
	var wg sync.WaitGroup
	places := s.Hooks().Places()
	codes := make(chan int, places)
	for i := range places {
		wg.Go(func() { codes <- s.fax(faxBody(fmt.Sprint("f", i))).Code })
	}
	for s.Hooks().InFlight() < places {
		r := httptest.NewRequest(http.MethodPost, faxPath, strings.NewReader("x"))
		r.Header = faxHeader([]byte("y"), faxSecret)
		w := httptest.NewRecorder()
		if s.Hooks().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Fatalf("a stranger got %d", w.Code)
		}
	}
	if w := s.fax(faxBody("one-too-many")); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one delivery too many got %d", w.Code)
	}
	close(held)
	wg.Wait()
	for range places {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("one that waited got %d", code)
		}
	}
}

// TestSlowStrangers: connections that send a little of a body and then nothing hold no place that a vendor needs, and large bodies of strangers are few at a time.
func TestSlowStrangers(t *testing.T) {
	s := newStage(t, faxConfig(), connector.WithChannels(fax{}))
	server := httptest.NewServer(s.Hooks())
	t.Cleanup(server.Close) // when the connections below are closed
	address := server.Listener.Addr().String()
	open := func(sent int) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nFax-Sum: %040d\r\nContent-Length: 90000\r\n\r\n%s", faxPath, 7, strings.Repeat("x", sent))
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range 100 {
		open(10)
	}
	for range connector.MaxLarge {
		open(connector.SmallBody + 1)
	}
	// The one too many is told so at once; reading its answer also tells that the others have their places.
	for deadline := time.Now().Add(10 * time.Second); s.Hooks().Large() < connector.MaxLarge; {
		if time.Now().After(deadline) {
			t.Fatalf("only %d large bodies are being read", s.Hooks().Large())
		}
	}
	answer, err := http.ReadResponse(bufio.NewReader(open(connector.SmallBody+1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one large body too many got %d", answer.StatusCode)
	}
	for i := range 20 {
		body := faxBody(fmt.Sprint("f", i))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+faxPath, strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = faxHeader(body, faxSecret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("the vendor got %d", answer.StatusCode)
		}
	}
}
