package notify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// delivered sends a notice with two secrets and returns what arrives.
func delivered(t *testing.T, now time.Time, secrets ...notify.Secret) notifytest.Request {
	t.Helper()
	r := notifytest.NewReceiver(t, nil)
	sink, err := notify.New(notify.Config{Webhook: &notify.WebhookConfig{URL: notify.Secret(r.URL), Secrets: secrets}}, notify.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Notify(t.Context(), notifytest.Notice("group", "es")); err != nil {
		t.Fatal(err)
	}
	return r.Take()[0]
}

// TestVerify: while a secret is changed, receivers with the old and with the new one both know who it comes from.
func TestVerify(t *testing.T) {
	q := delivered(t, time.Now(), key1, key2)
	for _, known := range [][]notify.Secret{{key1}, {key2}, {key2, key1}, {"whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVy", key2}} {
		if err := notify.Verify(known, q.Header, q.Body); err != nil {
			t.Error(err)
		}
	}
	for name, c := range map[string]struct {
		secrets []notify.Secret
		change  func(h http.Header, body []byte)
		says    string
	}{
		"other secret":  {[]notify.Secret{"whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVy"}, func(http.Header, []byte) {}, "another secret"},
		"no secret":     {nil, func(http.Header, []byte) {}, "no secret"},
		"bad secret":    {[]notify.Secret{"whsec_~"}, func(http.Header, []byte) {}, "the secret is not"},
		"changed body":  {[]notify.Secret{key1}, func(_ http.Header, body []byte) { body[20] ^= 1 }, "changed"},
		"changed id":    {[]notify.Secret{key1}, func(h http.Header, _ []byte) { h.Set("webhook-id", "other") }, "another secret"},
		"old":           {[]notify.Secret{key1}, func(h http.Header, _ []byte) { h.Set("webhook-timestamp", "1000000000") }, "five minutes"},
		"no signature":  {[]notify.Secret{key1}, func(h http.Header, _ []byte) { h.Del("webhook-signature") }, "is missing"},
		"bad timestamp": {[]notify.Secret{key1}, func(h http.Header, _ []byte) { h.Set("webhook-timestamp", "noon") }, "cannot be read"},
	} {
		h, body := q.Header.Clone(), append([]byte(nil), q.Body...)
		c.change(h, body)
		err := notify.Verify(c.secrets, h, body)
		if !errors.Is(err, notify.ErrUnsigned) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseWebhook(t *testing.T) {
	q := delivered(t, time.Now(), key1)
	d, err := notify.ParseWebhook(q.Header, q.Body)
	n := notifytest.Notice("group", "es")
	if err != nil || d.ID != n.ID || d.Type != n.Type || d.Incident != n.Incident || d.Title != notify.Title(n) || d.Text != notify.Text(n) || d.Total != 37 || !d.At.Equal(n.At) {
		t.Errorf("%+v, %v", d, err)
	}
	for _, body := range []string{"", "[]", "{}", `{"type":3}`, strings.Repeat(" ", 30_000)} {
		if _, err := notify.ParseWebhook(q.Header, []byte(body)); err == nil {
			t.Errorf("%.20q was read", body)
		}
	}
}

func FuzzParseWebhook(f *testing.F) {
	for _, s := range notifytest.Notices("en") {
		body, err := notify.WebhookBody(s.Notice)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := notify.ParseWebhook(http.Header{}, body)
		if err == nil && (d.Type == "" || strings.ContainsAny(d.Title, "\n\x00\x1b")) {
			t.Errorf("%+v", d)
		}
	})
}
