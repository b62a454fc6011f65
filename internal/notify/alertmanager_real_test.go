package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// TestRealAlertmanager: an Alertmanager as it is installed takes an alert, its repetition and its end; the address of a second one is dead.
func TestRealAlertmanager(t *testing.T) {
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if program, err = exec.LookPath("alertmanager"); err != nil {
			t.Skip("no Alertmanager is installed (apt-get install prometheus-alertmanager)")
		}
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, stop := context.WithCancel(t.Context())
	process := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = process.Wait()
	}()
	await(t, "http://"+address+"/-/ready")

	sink, err := notify.New(notify.Config{Alertmanager: &notify.AlertmanagerConfig{URLs: []string{"http://127.0.0.1:1", "http://" + address}}}, notify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.(io.Closer).Close()
	shift := func(n notify.Notice) notify.Notice {
		n.StartsAt, n.At = time.Now().Add(-time.Minute), time.Now()
		n.EndsAt = time.Time{}
		return n
	}
	for _, step := range []struct {
		sample string
		active int
	}{{"firing", 1}, {"firing", 1}, {"breached", 2}, {"resolved", 1}, {"settled", 0}} {
		if err := sink.Notify(t.Context(), shift(notifytest.Notice(step.sample, "es"))); err != nil {
			t.Fatalf("%s: %v", step.sample, err)
		}
		got := activeAlerts(t, address)
		if len(got) != step.active {
			t.Errorf("%d alerts are active after %s, want %d: %+v", len(got), step.sample, step.active, got)
		}
		for _, a := range got {
			if a.Annotations["summary"] == "" || a.Labels["tenant"] != "acme" || len(a.Labels) < 5 {
				t.Errorf("%+v", a)
			}
		}
	}
}

// await waits until an address answers 200.
func await(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for every := time.NewTicker(50 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("%s does not answer", url)
		}
	}
}

func activeAlerts(t *testing.T, address string) []alert {
	t.Helper()
	answer, err := http.Get("http://" + address + "/api/v2/alerts?active=true")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var all []alert
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
