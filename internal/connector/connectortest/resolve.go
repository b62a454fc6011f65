package connectortest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// resolve: an operator's word reaches the conversation that the vendor's deliveries are about.
func resolve(t *testing.T, c Case) {
	s := newStage(t, c)
	path := s.path + "/resolve"
	call := func(path string, body []byte, token string) int {
		headers := http.Header{}
		if token != "" {
			headers.Set("Authorization", "Bearer "+token)
		}
		return s.send(http.MethodPost, path, body, headers).Code
	}
	if _, ok := c.Channel.(connector.Threadless); !ok {
		if code := call(path, []byte(`{}`), ingestToken); code != http.StatusNotFound {
			t.Errorf("a channel with conversations answers a resolve call %d", code)
		}
		return
	}
	if c.Resolve == nil {
		t.Fatal("the channel is threadless: give the case a resolve call")
	}
	s.accepted(c.Deliveries[0])
	events, err := s.log.Events()
	if err != nil {
		t.Fatal(err)
	}
	conversations := map[string]bool{}
	for _, e := range events {
		conversations[e.Conversation] = true
	}
	s.log.Clear()
	for _, state := range []string{"resolved", "reopened", "pending", "on_hold"} {
		body := bytes.Replace(c.Resolve, []byte(`"resolved"`), []byte(`"`+state+`"`), 1)
		if code := call(path, body, ingestToken); code != http.StatusOK {
			t.Fatalf("the call %s got %d", body, code)
		}
	}
	want := []event.ConversationStatus{event.StatusResolved, event.StatusReopened, event.StatusPendingCustomer, event.StatusOnHold}
	if events, err = s.log.Events(); err != nil || len(events) != len(want) {
		t.Fatalf("%d events of %d calls (%v)", len(events), len(want), err)
	}
	for i, e := range events {
		if b, ok := e.Body.(event.ConversationState); !ok || b.State != want[i] || !conversations[e.Conversation] || e.Tenant != "acme" || e.Source.Connector != c.Channel.Name() {
			t.Errorf("call %d became %+v, which is of no conversation of the delivery", i, e)
		}
	}
	s.log.Clear()
	for name, x := range map[string]struct {
		path, token string
		body        string
		code        int
	}{
		"no token":           {path, "", string(c.Resolve), 401},
		"wrong token":        {path, "not-a-token-of-anybody", string(c.Resolve), 401},
		"of another tenant":  {path, otherToken, string(c.Resolve), 401},
		"unknown source":     {s.prefix + "nobody/resolve", ingestToken, string(c.Resolve), 401},
		"no JSON":            {path, ingestToken, "{", 422},
		"two calls":          {path, ingestToken, string(c.Resolve) + string(c.Resolve), 422},
		"unknown field":      {path, ingestToken, `{"stat":"resolved"}`, 422},
		"unknown state":      {path, ingestToken, strings.Replace(string(c.Resolve), `"resolved"`, `"done"`, 1), 422},
		"nobody":             {path, ingestToken, `{"state":"resolved","account":"` + c.Account + `"}`, 422},
		"not the account":    {s.prefix + foreign + "/resolve", ingestToken, string(c.Resolve), 422},
		"too large":          {path, ingestToken, strings.Repeat(" ", 5000) + string(c.Resolve), 413},
		"with an odd ending": {s.path + "/resolved", ingestToken, string(c.Resolve), 404},
	} {
		if code := call(x.path, []byte(x.body), x.token); code != x.code {
			t.Errorf("%s: got %d, want %d", name, code, x.code)
		}
	}
	if w := s.send(http.MethodGet, path, nil, nil); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET got %d", w.Code)
	}
	if n := len(s.log.All(Interactions)) + len(s.log.All(DeadLetters)); n > 0 {
		t.Errorf("refused calls wrote %d records", n)
	}
	s.log.SetOut(func(string, int32) bool { return true })
	if code := call(path, c.Resolve, ingestToken); code != http.StatusServiceUnavailable {
		t.Errorf("without a log, the call got %d", code)
	}
}
