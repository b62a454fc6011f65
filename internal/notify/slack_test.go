package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// TestSlackMessage: one message an incident, changed as it goes on; one that was deleted is posted anew.
func TestSlackMessage(t *testing.T) {
	answer := `{"ok":true,"channel":"C0123456789","ts":"1.1"}`
	r := notifytest.NewReceiver(t, func(notifytest.Request) string { return answer })
	sink := open(t, notify.Config{Slack: &notify.SlackConfig{Token: "xoxb-12345", Channel: "#alerts", API: r.URL}}).(notify.Referrer)
	paths := func() (all []string) {
		for _, q := range r.Take() {
			var m struct{ Channel, TS string }
			_ = json.Unmarshal(q.Body, &m)
			all = append(all, q.Path+" "+m.Channel+" "+m.TS)
		}
		return all
	}
	ref, err := sink.NotifyRef(t.Context(), revision("breached", 1), "")
	if got := paths(); err != nil || ref != "C0123456789/1.1" || !slices.Equal(got, []string{"/chat.postMessage #alerts "}) {
		t.Errorf("reference %q, %v, %q", ref, err, got)
	}
	ref, err = sink.NotifyRef(t.Context(), revision("settled", 2), ref)
	if got := paths(); err != nil || ref != "C0123456789/1.1" || !slices.Equal(got, []string{"/chat.update C0123456789 1.1"}) {
		t.Errorf("reference %q, %v, %q", ref, err, got)
	}
	answer = `{"ok":false,"error":"message_not_found"}`
	ref, err = sink.NotifyRef(t.Context(), revision("settled", 2), ref)
	if got := paths(); err == nil || ref != "C0123456789/1.1" || len(got) != 2 {
		t.Errorf("reference %q, %v, %q", ref, err, got)
	}
}

// TestSlackErrors: Slack answers 200 whatever happens; its words decide.
func TestSlackErrors(t *testing.T) {
	r := notifytest.NewReceiver(t, nil)
	sink := open(t, notify.Config{Slack: &notify.SlackConfig{Token: "xoxb-12345", Channel: "C1", API: r.URL}})
	for code, want := range map[string]notify.Error{
		"ratelimited": {Retry: true, After: 7 * time.Second}, "internal_error": {Retry: true}, "token_revoked": {Hint: "token"}, "not_in_channel": {Hint: "invite"}, "msg_too_long": {Hint: "Slack"},
	} {
		r.Be(notifytest.Mood{Body: `{"ok":false,"error":"` + code + `"}`, Header: map[string]string{"Retry-After": "7"}})
		e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), revision("breached", 1)))
		if !ok || e.Retry != want.Retry || e.After != want.After || !strings.Contains(e.Hint, want.Hint) || !strings.Contains(e.Error(), code) {
			t.Errorf("%s: %+v", code, e)
		}
	}
	r.Be(notifytest.Mood{Body: "<html>a proxy</html>"})
	if e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), revision("breached", 1))); !ok || !e.Retry {
		t.Errorf("%v", e)
	}
}

// TestSlackBlocks: Slack itself gets blocks; what only understands its webhooks gets the older text.
func TestSlackBlocks(t *testing.T) {
	for host, blocks := range map[string]bool{"hooks.slack.com": true, "hooks.slack-gov.com": true, "notslack.com": false, "chat.example.org": false} {
		r := notifytest.NewReceiver(t, nil)
		sink, err := notify.New(notify.Config{Slack: &notify.SlackConfig{WebhookURL: notify.Secret("https://" + host + "/services/x")}}, notify.Options{
			TLS: r.Secure(), Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(r.URL, "https://"))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := sink.Notify(t.Context(), revision("group", 1)); err != nil {
			t.Fatal(err)
		}
		body := string(r.Take()[0].Body)
		if strings.Contains(body, `"blocks"`) != blocks || strings.Contains(body, `"footer"`) == blocks || !strings.Contains(body, "c-3") {
			t.Errorf("%s: %s", host, body)
		}
	}
}
