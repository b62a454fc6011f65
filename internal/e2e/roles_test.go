package e2e

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

const partitions = 6

// TestThreeProcesses restarts and kills each role while traffic comes in, then throws the state away and rebuilds it from the log: the numbers are those of plain sums
// over the events that were sent.
func TestThreeProcesses(t *testing.T) {
	in := install(t)
	if code, out := command(t, time.Minute, "topics", "create", "--config", in.config("topics", "", partitions)); code != 0 {
		t.Fatalf("vigia topics create: exit code %d\n%s", code, out)
	}
	worker := newProcess(in, "worker", partitions)
	connector := newProcess(in, "connector", partitions)
	exporter := newProcess(in, "exporter", partitions)
	s := send(t, 1, connector.address)

	// goesOn waits until events are acknowledged and counted that were not before.
	goesOn := func(after string) {
		t.Helper()
		sent := s.sent.Load()
		eventually(t, time.Minute, "events are taken after "+after, func(context.Context) error {
			if now := s.sent.Load(); now < sent+200 {
				return fmt.Errorf("%d events more", now-sent)
			}
			return nil
		})
		before := int64(-1)
		eventually(t, time.Minute, "events are counted after "+after, func(ctx context.Context) error {
			n, err := counted(ctx, exporter.address)
			if err != nil {
				return err
			}
			if before < 0 {
				before = n
			}
			if n <= before {
				return fmt.Errorf("still %d conversations", n)
			}
			return nil
		})
	}
	goesOn("the start")
	for _, p := range []*process{worker, connector, exporter} {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			p.again(signal)
			goesOn(fmt.Sprintf("%v to the %s", signal, p.role))
		}
	}
	want := s.finish(t)
	t.Logf("%d conversations, %d events, %d requests repeated", s.traffic.count, s.sent.Load(), s.retries.Load())
	eventually(t, time.Minute, "the numbers after the restarts", func(ctx context.Context) error { return matches(ctx, exporter.address, want) })

	worker.end(syscall.SIGTERM)
	in.forget(t.Context())
	// Nothing is known: that is not zero.
	if status, body, err := call(t.Context(), http.MethodGet, "http://"+exporter.address+"/api/v1/kpis", readToken, "", nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("without any state the API answers %d %s, %v; want 503", status, body, err)
	}
	worker.start()
	eventually(t, 2*time.Minute, "the numbers after a rebuild from the log alone", func(ctx context.Context) error { return matches(ctx, exporter.address, want) })
	in.silent(in.config("verify", "", partitions), "after a rebuild")

	for _, p := range []*process{exporter, connector, worker} {
		p.end(syscall.SIGTERM)
	}
}
