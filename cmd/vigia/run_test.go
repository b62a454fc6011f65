package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// transcript is what a command has written so far.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// until calls act, which may be nil, until the transcript contains text.
func (w *transcript) until(t *testing.T, text string, act func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for !strings.Contains(w.String(), text) {
		if act != nil {
			act()
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("%q is not in:\n%s", text, w)
		}
	}
}

// TestHangup: SIGHUP puts changed rules in force; a bad file changes nothing; the end of the context is a clean stop.
func TestHangup(t *testing.T) {
	address, admin, err := freePair()
	if err != nil {
		t.Fatal(err)
	}
	// Without this, a signal before the command listens would end the test.
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	hangup := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}

	file := filepath.Join(t.TempDir(), "vigia.yml")
	write := func(extra string) {
		text := "listen: " + address + "\ndata: \"\"\ntenants:\n  - name: acme\n    zone: UTC\n    pseudonym_key: \"" + strings.Repeat("ab", 32) + "\"\n" + extra
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &transcript{}, &transcript{}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"run", "--config", file}, func(string) string { return "" }, out, errs)
	}()
	errs.until(t, "Vigia (connector, worker, exporter, alerter; embedded log; embedded state) is at http://"+address, nil)
	errs.until(t, "policies_put_in_force=[]", hangup)
	write("    agent_cells: true\n")
	errs.until(t, "policies_put_in_force=[acme]", hangup)
	write("    agent_cels: true\n")
	errs.until(t, "did you mean", hangup)
	write("    agent_cells: true\npprof: true\n")
	errs.until(t, "changed=pprof", hangup)
	write("")
	answer, err := http.Post("http://"+admin+"/-/reload", "", nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("POST /-/reload: %v %v", answer, err)
	} else {
		answer.Body.Close()
	}
	cancel()
	if got := <-code; got != exitOK || out.String() != "" {
		t.Errorf("exit code %d, stdout %q, stderr:\n%s", got, out, errs)
	}
}
