package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// TestWebhookListener: what the sink sends, signed with the new and the old secret, is what the listener shows; its answers make the sink do what it should.
func TestWebhookListener(t *testing.T) {
	const secret = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
	var out bytes.Buffer
	e := &env{getenv: func(string) string { return "" }, stdout: &out, stderr: io.Discard}
	f := webhookFlags{secrets: []string{secret}, answers: "429,500,410,204", retryAfter: 7 * time.Second, format: "json"}
	l, err := f.listener(e)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(l)
	defer server.Close()
	open := func(secrets ...notify.Secret) notify.Notifier {
		sink, err := notify.New(notify.Config{Webhook: &notify.WebhookConfig{URL: notify.Secret(server.URL), Secrets: secrets}}, notify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return sink
	}
	sink, notice := open("whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4", secret), notifytest.Notice("breached", "pt")
	for i, want := range []notify.Error{{Retry: true, After: 7 * time.Second}, {Retry: true, After: 7 * time.Second}, {}} {
		e, ok := errors.AsType[*notify.Error](sink.Notify(context.Background(), notice))
		if !ok || e.Retry != want.Retry || e.After != want.After {
			t.Errorf("attempt %d: %+v", i+1, e)
		}
	}
	if err := sink.Notify(t.Context(), notice); err != nil {
		t.Error(err)
	}
	if err := open("whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4").Notify(t.Context(), notice); err == nil {
		t.Error("a wrong secret is taken")
	}
	var statuses, attempts []int
	lines := json.NewDecoder(&out)
	for lines.More() {
		var line webhookLine
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		statuses, attempts = append(statuses, line.Status), append(attempts, line.Attempt)
		if line.ID != notice.ID || line.Type != notice.Type || line.Title != notify.Title(notice) || line.Verified == nil || *line.Verified != (line.Status != 401) || len(line.Body) == 0 {
			t.Errorf("%+v", line)
		}
	}
	if !slices.Equal(statuses, []int{429, 500, 410, 204, 401}) || !slices.Equal(attempts, []int{1, 2, 3, 4, 5}) {
		t.Errorf("answered %d to the attempts %d", statuses, attempts)
	}
}
