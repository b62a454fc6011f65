package connectortest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

// unreadable is a body that no vendor means.
var unreadable = []byte("\xff{\x00 not a delivery")

// garbage: who signs may send anything. It is acknowledged, noted as a dead letter where it cannot be read, and nothing panics.
func garbage(t *testing.T, c Case) {
	s := newStage(t, c)
	send := func(t interface{ Errorf(string, ...any) }, what string, body []byte) {
		if w := s.send(http.MethodPost, s.path, body, c.Sign(body, secret)); w.Code != http.StatusOK {
			t.Errorf("%s got %d: %s", what, w.Code, w.Body)
		}
	}
	send(t, "a body that cannot be read", unreadable)
	letters, err := s.log.Letters()
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1 (%v)", len(letters), err)
	}
	if d := letters[0]; d.Topic != s.path || d.Reason == "" || len(d.PayloadSHA256) != 64 || int(d.PayloadBytes) != len(unreadable) || d.At != s.now.UnixMilli() {
		t.Errorf("the dead letter is %+v", d)
	}
	for _, body := range []string{"", " ", "null", "0", `""`, "[]", "{}", "[[]]", `{"a":`, strings.Repeat("[", 20_000), "a=b&c=d", "\xef\xbb\xbf{}"} {
		send(t, "a body of "+body[:min(len(body), 10)], []byte(body))
	}
	for i, body := range c.Deliveries {
		for cut := 0; cut < len(body); cut += 1 + len(body)/50 {
			send(t, "a truncated delivery", body[:cut])
		}
		if json.Valid(body) {
			for _, odd := range []any{nil, true, "odd", -1.5, []any{}, map[string]any{}, []any{map[string]any{"id": 7}}} {
				for _, changed := range swaps(t, body, odd) {
					send(t, "a delivery with values of other types", changed)
				}
			}
		}
		if i > 3 {
			break
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		body := bytes.Clone(rapid.SampledFrom(c.Deliveries).Draw(t, "delivery"))
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			body[rapid.IntRange(0, len(body)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		send(t, "a delivery with random bytes", body)
	})
	if text := s.out.String(); strings.Contains(text, "BUG") {
		t.Errorf("the decoder panicked:\n%s", text)
	}
	if _, err := s.log.Events(); err != nil {
		t.Errorf("garbage reached the log: %v", err)
	}
}

// swaps returns a body for each value of a JSON body, with another in its place.
func swaps(t *testing.T, body []byte, odd any) [][]byte {
	var out [][]byte
	for n := 0; ; n++ {
		at, done := 0, false
		var walk func(any) any
		walk = func(v any) any {
			if at++; at-1 == n {
				done = true
				return odd
			}
			switch v := v.(type) {
			case map[string]any:
				keys := make([]string, 0, len(v))
				for k := range v {
					keys = append(keys, k)
				}
				slices.Sort(keys)
				for _, k := range keys {
					v[k] = walk(v[k])
				}
			case []any:
				for i := range v {
					v[i] = walk(v[i])
				}
			}
			return v
		}
		changed := rewrite(t, body, walk)
		if !done {
			return out
		}
		out = append(out, changed)
	}
}

// otherAccounts: a source that lists its accounts takes nothing from others.
func otherAccounts(t *testing.T, c Case) {
	s := newStage(t, c)
	for i, body := range c.Deliveries {
		if w := s.send(http.MethodPost, s.prefix+foreign, body, c.Sign(body, secret)); w.Code != http.StatusOK {
			t.Errorf("delivery %d got %d", i, w.Code)
		}
	}
	if events, err := s.log.Events(); err != nil || len(events) > 0 {
		t.Errorf("%d events of an account that is not the source's (%v)", len(events), err)
	}
	if letters, err := s.log.Letters(); err != nil || len(letters) > 0 {
		t.Errorf("%d dead letters of an account that is not the source's (%v)", len(letters), err)
	}
}

// privacy looks for what names people in everything that leaves the connector.
func privacy(t *testing.T, c Case) {
	s := newStage(t, c)
	var answers bytes.Buffer
	var ids []string // of requests: chance makes them, and can make anything
	send := func(body []byte, secret connector.Secret) {
		w := s.send(http.MethodPost, s.path, body, c.Sign(body, secret))
		ids = append(ids, w.Header().Get("X-Request-Id"), "")
		if err := w.Result().Header.Write(&answers); err != nil {
			t.Fatal(err)
		}
		answers.Write(w.Body.Bytes())
	}
	for _, body := range c.Deliveries {
		send(body, secret)
		send(body, "not-the-secret")
		send(body[:len(body)-2], secret)
		if json.Valid(body) {
			for _, changed := range swaps(t, body, nil) { // what is missing makes dead letters of the rest
				send(changed, secret)
			}
		}
	}
	s.log.SetOut(func(string, int32) bool { return true })
	for _, body := range c.Deliveries {
		send(body, secret)
	}
	var log bytes.Buffer
	for _, topic := range []string{Interactions, DeadLetters} {
		if len(s.log.All(topic)) == 0 {
			t.Fatalf("nothing in %s: the check looks at nothing", topic)
		}
		for _, m := range s.log.All(topic) {
			log.Write(m.Key)
			log.Write(m.Value)
			for _, h := range m.Headers {
				log.WriteString(h.Key)
				log.Write(h.Value)
			}
		}
	}
	ours := strings.NewReplacer(ids...)
	for _, personal := range c.Personal {
		if !slices.ContainsFunc(c.Deliveries, func(body []byte) bool { return bytes.Contains(body, []byte(personal)) }) {
			t.Errorf("%q is in no delivery", personal)
		}
		for where, content := range map[string][]byte{"log": log.Bytes(), "words": []byte(ours.Replace(s.out.String())), "metrics": s.exposition(),
			"answers": []byte(ours.Replace(answers.String()))} {
			if leak := eventtest.Leak(content, personal); leak != "" {
				t.Errorf("%q of %q is in the %s", leak, personal, where)
			}
		}
	}
	for where, content := range map[string]string{"words": s.out.String(), "answers": answers.String()} {
		for _, x := range []string{string(secret), string(nextSecret), verifyToken} {
			if strings.Contains(content, x) {
				t.Errorf("a secret is in the %s", where)
			}
		}
	}
}

// closedMetrics: series exist from the start, and no delivery makes new ones.
func closedMetrics(t *testing.T, c Case) {
	s := newStage(t, c)
	before := s.series()
	for _, body := range c.Deliveries {
		for _, b := range [][]byte{body, body[1:], unreadable} {
			s.send(http.MethodPost, s.path, b, c.Sign(b, secret))
			s.send(http.MethodPost, s.prefix+foreign, b, c.Sign(b, secret))
			s.send(http.MethodPost, s.prefix+"nobody", b, c.Sign(b, secret))
		}
	}
	s.send(http.MethodPost, connector.HooksPath+"x/y", nil, nil)
	s.send(http.MethodDelete, s.path, nil, nil)
	if diff := cmp.Diff(before, s.series()); diff != "" {
		t.Errorf("series came or went:\n%s", diff)
	}
}

// pure: the decoder returns the same for the same body, and leaves the body as it is.
func pure(t *testing.T, c Case) {
	allowed := func(string) bool { return true }
	for i, body := range c.Deliveries {
		before := bytes.Clone(body)
		a, b := c.Channel.Decode(body, allowed), c.Channel.Decode(body, allowed)
		if diff := cmp.Diff(a.Events, b.Events); diff != "" {
			t.Errorf("delivery %d is read differently the second time:\n%s", i, diff)
		}
		if !bytes.Equal(before, body) {
			t.Errorf("delivery %d was changed", i)
		}
		for _, e := range a.Events {
			if e.Source.Account != c.Account || e.Source.NativeID == "" || e.Source.Basis == event.BasisUnknown || e.Tenant != "" || e.ReceivedAt != 0 {
				t.Errorf("delivery %d: an event without account, native id or basis, or with what is not the decoder's to say: %+v", i, e)
			}
		}
	}
}
