package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// TestText shows every kind of notice in every language, as people read it.
func TestText(t *testing.T) {
	for _, lang := range []string{"en", "es", "pt"} {
		var b strings.Builder
		for _, s := range notifytest.Notices(lang) {
			fmt.Fprintf(&b, "== %s\n%s\n\n%s\n\n", s.Name, notify.Title(s.Notice), notify.Text(s.Notice))
		}
		notifytest.Golden(t, "testdata/text."+lang+".golden", b.String())
	}
}

// anyNotice makes notices of anything that may be in them.
func anyNotice(t *rapid.T) notify.Notice {
	text := rapid.OneOf(rapid.String(), rapid.StringN(0, 5000, -1), rapid.Just(""), rapid.Just("<!channel> *a* [x](y) \x00\"\\"))
	samples := notifytest.Notices(rapid.SampledFrom([]string{"en", "es", "pt", "xx", ""}).Draw(t, "lang"))
	n := samples[rapid.IntRange(0, len(samples)-1).Draw(t, "sample")].Notice
	n.Labels = rapid.MapOfN(rapid.OneOf(rapid.SampledFrom([]string{"queue", "channel", "clock", "alertname"}), text), text, 0, 40).Draw(t, "labels")
	n.Tenant, n.Reason, n.Condition = text.Draw(t, "tenant"), text.Draw(t, "reason"), text.Draw(t, "condition")
	n.Link, n.Runbook = "https://example.org/"+text.Draw(t, "link"), text.Draw(t, "runbook")
	n.Conversation, n.Customer = text.Draw(t, "conversation"), text.Draw(t, "customer")
	item := n
	item.Items = nil
	for range rapid.SampledFrom([]int{0, 1, 3, 200}).Draw(t, "items") {
		n.Items = append(n.Items, item)
	}
	n.Total = rapid.SampledFrom([]int{0, 1, 10_000}).Draw(t, "total")
	ms := rapid.Int64Range(-1<<40, 1<<45)
	n.At, n.DueAt, n.EndsAt = time.UnixMilli(ms.Draw(t, "at")), time.UnixMilli(ms.Draw(t, "due")), time.UnixMilli(ms.Draw(t, "ends"))
	return n
}

// TestTextOfAnything: whatever stands in a notice, the text is valid, its lines are lines, and nothing is too long for those who take it.
func TestTextOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyNotice(t)
		title, text := notify.Title(n), notify.Text(n)
		if !utf8.ValidString(title) || utf8.RuneCountInString(title) > 200 || strings.ContainsAny(title, "\n\r") || title == "" {
			t.Errorf("bad title %q", title)
		}
		if lines := strings.Count(text, "\n"); !utf8.ValidString(text) || lines > 40 {
			t.Errorf("bad text of %d lines", lines)
		}
		body, err := notify.WebhookBody(n)
		if err != nil || len(body) >= 20_000 {
			t.Errorf("a webhook of %d bytes: %v", len(body), err)
		}
	})
}
