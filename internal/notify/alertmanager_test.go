package notify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// alert is what an Alertmanager reads.
type alert struct {
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
}

func sentAlert(t *testing.T, n notify.Notice) alert {
	t.Helper()
	r := notifytest.NewReceiver(t, nil)
	if err := open(t, notify.Config{Alertmanager: &notify.AlertmanagerConfig{URLs: []string{r.URL}}}).Notify(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, q := range r.Take() {
		if err := json.Unmarshal(q.Body, &all); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != 1 {
		t.Fatalf("%d alerts", len(all))
	}
	return all[0]
}

// TestAlertmanagerPeers: one that takes the alert is enough, one that hangs does not hold it up, all of them are told.
func TestAlertmanagerPeers(t *testing.T) {
	good, bad, hanging := notifytest.NewReceiver(t, nil), notifytest.NewReceiver(t, nil), notifytest.NewReceiver(t, nil)
	bad.Be(notifytest.Mood{Status: 503, Header: map[string]string{"Retry-After": "9"}})
	hanging.Be(notifytest.Mood{Hang: true})
	var log bytes.Buffer
	sink, err := notify.New(notify.Config{Alertmanager: &notify.AlertmanagerConfig{URLs: []string{bad.URL, hanging.URL, good.URL}}}, notify.Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := sink.Notify(t.Context(), notifytest.Notice("firing", "en")); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the one that hangs held it up for %s", took)
	}
	for i, r := range []*notifytest.Receiver{good, bad, hanging} {
		if got := r.Take(); len(got) != 1 {
			t.Errorf("peer %d got %d requests", i, len(got))
		}
	}
	if got := strings.Count(log.String(), "level=WARN"); got != 2 {
		t.Errorf("%d warnings, want 2: %s", got, &log)
	}
	good.Be(notifytest.Mood{Status: 400})
	hanging.Be(notifytest.Mood{Status: 500})
	e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), notifytest.Notice("firing", "en")))
	if !ok || !e.Retry || e.After != 0 || !strings.Contains(e.Error(), "503") || !strings.Contains(e.Error(), "400") {
		t.Errorf("nobody took it: %+v", e)
	}
	bad.Be(notifytest.Mood{Status: 400})
	hanging.Be(notifytest.Mood{Status: 401})
	if e, ok = errors.AsType[*notify.Error](sink.Notify(t.Context(), notifytest.Notice("firing", "en"))); !ok || e.Retry || e.Hint == "" {
		t.Errorf("all of them refuse it: %+v", e)
	}
}

// TestAlertmanagerAlert: the labels are the six and never empty; an alert that lasts ends by itself, one that is over has ended.
func TestAlertmanagerAlert(t *testing.T) {
	firing := sentAlert(t, notifytest.Notice("firing", "en"))
	want := map[string]string{"alertname": "ServiceLevelSlipping", "tenant": "acme", "queue": "sales", "channel": "voice", "severity": "critical"}
	if diff := cmp.Diff(want, firing.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if got := slices.Sorted(maps.Keys(firing.Annotations)); !slices.Equal(got, []string{"description", "link", "n", "runbook_url", "summary", "value"}) {
		t.Errorf("annotations %q", got)
	}
	if !firing.EndsAt.Equal(notifytest.Now.Add(4 * time.Minute)) {
		t.Errorf("ends at %s, want four minutes from now", firing.EndsAt)
	}
	resolved := sentAlert(t, notifytest.Notice("resolved", "en"))
	if !resolved.EndsAt.Equal(notifytest.Notice("resolved", "en").EndsAt) || !resolved.StartsAt.Equal(firing.StartsAt) {
		t.Errorf("resolved from %s to %s", resolved.StartsAt, resolved.EndsAt)
	}
	if diff := cmp.Diff(firing.Labels, resolved.Labels); diff != "" {
		t.Errorf("the end has other labels than the begin:\n%s", diff)
	}
	n := notifytest.Notice("firing", "en")
	n.EndsAt = notifytest.Now.Add(10 * time.Minute)
	if got := sentAlert(t, n); !got.EndsAt.Equal(n.EndsAt) {
		t.Errorf("ends at %s, want what the notice says", got.EndsAt)
	}
	n.Type, n.EndsAt = notify.KPIResolved, n.StartsAt.Add(-time.Hour)
	if got := sentAlert(t, n); got.EndsAt.Before(got.StartsAt) {
		t.Errorf("ends at %s, before it starts", got.EndsAt)
	}
	n.Labels, n.Tenant = nil, ""
	if got := sentAlert(t, n); got.Labels["alertname"] == "" || len(got.Labels) != 2 {
		t.Errorf("labels %v", got.Labels)
	}
	group := sentAlert(t, notifytest.Notice("group", "en"))
	if group.Annotations["conversations"] != "c-1, c-2, c-3" {
		t.Errorf("conversations %q", group.Annotations["conversations"])
	}
	r := notifytest.NewReceiver(t, nil)
	if err := open(t, notify.Config{Alertmanager: &notify.AlertmanagerConfig{URLs: []string{r.URL}}}).Notify(t.Context(), notifytest.Notice("digest", "en")); err != nil || len(r.Take()) != 0 {
		t.Errorf("a digest is no alert: %v", err)
	}
}
