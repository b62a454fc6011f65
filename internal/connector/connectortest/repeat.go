package connectortest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

// replay: whenever the vendor sends a delivery again, it is the same events, with the same content but for their receipt.
func replay(t *testing.T, c Case) {
	s := newStage(t, c)
	for i, body := range c.Deliveries {
		s.log.Clear()
		first := s.accepted(body)
		if len(first) == 0 {
			t.Errorf("delivery %d brings no event", i)
		}
		before := s.contents()
		s.log.Clear()
		s.now = s.now.Add(6 * 24 * time.Hour)
		if again := s.accepted(body); !equal(first, again) {
			t.Errorf("delivery %d: the ids were %v and are %v", i, first, again)
		}
		if diff := cmp.Diff(before, s.contents()); diff != "" {
			t.Errorf("delivery %d says something else a week later (-first +second):\n%s", i, diff)
		}
		if letters, err := s.log.Letters(); err != nil || len(letters) > 0 {
			t.Errorf("delivery %d leaves dead letters: %+v, %v", i, letters, err)
		}
	}
}

// anotherCut: in whatever batches the vendor sends its items, they are the same events.
func anotherCut(t *testing.T, c Case) {
	if c.Cut == nil {
		t.Skip("the vendor does not batch")
	}
	s := newStage(t, c)
	several := false
	for i, body := range c.Deliveries {
		s.log.Clear()
		want := s.accepted(body)
		before := s.contents()
		s.log.Clear()
		var got []string
		parts := c.Cut(body)
		several = several || len(parts) > 1
		for _, part := range parts {
			for _, id := range s.accepted(part) {
				if !slices.Contains(got, id) {
					got = append(got, id)
				}
			}
		}
		if !equal(want, got) {
			t.Errorf("delivery %d: the ids are %v, in other batches %v", i, want, got)
		}
		if diff := cmp.Diff(before, s.contents()); diff != "" {
			t.Errorf("delivery %d says something else in other batches (-whole +cut):\n%s", i, diff)
		}
	}
	if !several {
		t.Error("no delivery is cut into several: the check looks at nothing")
	}
}

// unknownFields: what the vendor adds tomorrow does not change what is read today.
func unknownFields(t *testing.T, c Case) {
	s := newStage(t, c)
	extend := c.Extend
	if extend == nil {
		extend = func(body []byte) []byte { return rewrite(t, body, addFields) }
	}
	for i, body := range c.Deliveries {
		extended := extend(body)
		if bytes.Equal(extended, body) {
			t.Errorf("delivery %d is not extended", i)
		}
		if want, got := s.accepted(body), s.accepted(extended); !equal(want, got) {
			t.Errorf("delivery %d: with unknown fields the ids are %v instead of %v", i, got, want)
		}
	}
}

// rewrite changes every value of a JSON body.
func rewrite(t *testing.T, body []byte, change func(any) any) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatalf("the delivery is no JSON; give the case an Extend: %v", err)
	}
	out, err := json.Marshal(change(tree))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func addFields(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = addFields(x)
		}
		v["zz_new"] = map[string]any{"id": "new", "list": []any{1, nil, "x"}}
		v["aa_new"] = nil
	case []any:
		for i, x := range v {
			v[i] = addFields(x)
		}
	}
	return v
}

// order: what happened in one conversation stands in the log as it stood in the delivery.
func order(t *testing.T, c Case) {
	s := newStage(t, c)
	several := false
	for i, body := range c.Deliveries {
		s.log.Clear()
		ids := s.accepted(body)
		byKey := map[string][]string{}
		for _, m := range s.log.All(Interactions) {
			r, err := event.Decode(m.Value)
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := r.Body.(*event.Event); ok {
				byKey[string(m.Key)] = append(byKey[string(m.Key)], e.ID)
			}
		}
		for _, got := range byKey {
			var want []string
			for _, id := range ids {
				if slices.Contains(got, id) {
					want = append(want, id)
				}
			}
			several = several || len(got) > 1
			if !equal(got, want) {
				t.Errorf("delivery %d: the log has %v, the delivery %v", i, got, want)
			}
		}
	}
	if !several {
		t.Error("no delivery has several events of one conversation: the check looks at nothing")
	}
}

// logDown: what the log does not have is not acknowledged, and its next attempt is.
func logDown(t *testing.T, c Case) {
	s := newStage(t, c)
	for i, body := range c.Deliveries {
		s.log.Clear()
		s.log.SetOut(func(string, int32) bool { return true })
		w := s.send(http.MethodPost, s.path, body, c.Sign(body, secret))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("delivery %d: got %d, Retry-After %q; want 503 with one", i, w.Code, w.Header().Get("Retry-After"))
		}
		if n := len(s.log.All(Interactions)); n > 0 {
			t.Errorf("delivery %d: %d records", i, n)
		}
		s.log.SetOut(nil)
		if ids := s.accepted(body); len(ids) == 0 {
			t.Errorf("delivery %d was lost", i)
		}
	}
	// Dead letters are part of what is acknowledged.
	s.log.Clear()
	s.log.SetOut(func(topic string, _ int32) bool { return topic == DeadLetters })
	if w := s.send(http.MethodPost, s.path, unreadable, c.Sign(unreadable, secret)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a dead letter that could not be written was answered %d", w.Code)
	}
}
