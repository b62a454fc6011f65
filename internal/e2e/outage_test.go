package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/retry"
)

const (
	// outageOf is how long each server is away, unless VIGIA_TEST_OUTAGE says otherwise.
	outageOf = 20 * time.Second
	// target is the promise of the test; replies come replyAfter the question, whatever happens to them on their way.
	target, replyAfter = 12 * time.Second, 6 * time.Second
	// staleAfter is when numbers must be shown as stale, and a moment for the question itself.
	staleAfter = 10*time.Second + 3*time.Second
	chatEvery  = 100 * time.Millisecond
	silent     = 10 // one in so many chats gets no reply
)

// ownServers starts a Kafka and a Redis that no other test uses, so that they can be stopped.
func ownServers(t *testing.T) (dir string, up func()) {
	t.Helper()
	needServers(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const jars = "kafka-4.1.1"
	if _, err := os.Stat(filepath.Join(root, ".stack", jars, ".complete")); err != nil {
		t.Skip("Apache Kafka is not in .stack: `make stack` fetches it")
	}
	dir = t.TempDir()
	if err := os.Symlink(filepath.Join(root, ".stack", jars), filepath.Join(dir, jars)); err != nil {
		t.Fatal(err)
	}
	kafka, _ := freePair(t) // the controller takes the second
	redis := freeAddress(t)
	stack := func(ctx context.Context, command string) {
		t.Helper()
		cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", "stack.sh"), command)
		cmd.Env = append(os.Environ(), "VIGIA_STACK_DIR="+dir, "VIGIA_STACK_KAFKA_PORT="+port(kafka), "VIGIA_STACK_REDIS_PORT="+port(redis))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("stack.sh %s: %v\n%s", command, err, out)
		}
	}
	before := [2]string{kafkaAddress, redisAddress}
	t.Cleanup(func() {
		kafkaAddress, redisAddress = before[0], before[1]
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stack(ctx, "wipe")
	})
	up = func() { stack(t.Context(), "up") }
	up()
	kafkaAddress, redisAddress = kafka, redis
	return dir, up
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// serverProcess returns the process of a server that ownServers has started.
func serverProcess(t *testing.T, dir, name string) *os.Process {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "run", name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var staleMetric = regexp.MustCompile(`(?m)^vigia_kpi_stale\{[^}]*\} 1$`)

// shown asks the exporter and returns what is wrong: numbers that look fresh although they cannot be, or the other way round.
func shown(ctx context.Context, exporter string, wantStale bool) error {
	status, body, err := call(ctx, http.MethodGet, "http://"+exporter+"/api/v1/kpis?kpi=conversations_started&window=1h", readToken, "", nil)
	if err != nil {
		return err
	}
	fresh := status == http.StatusOK && strings.Contains(string(body), `"complete":true`)
	if fresh == wantStale {
		return fmt.Errorf("the API answers %d %.300s", status, body)
	}
	if status, body, err = call(ctx, http.MethodGet, "http://"+exporter+"/metrics/kpi", readToken, "", nil); err != nil {
		return err
	}
	if stale := staleMetric.Match(body); status != http.StatusOK || stale != wantStale {
		return fmt.Errorf("/metrics/kpi answers %d, stale %v", status, stale)
	}
	if status, body, err = call(ctx, http.MethodGet, "http://"+exporter+"/?lang=en", readToken, "", nil); err != nil {
		return err
	}
	// Without the state the page says that nothing is known.
	if stale := status == http.StatusServiceUnavailable || strings.Contains(string(body), `class="stale"`); stale != wantStale {
		return fmt.Errorf("/ answers %d, stale %v", status, stale)
	}
	return nil
}

// TestOutages stops Kafka (it hangs) and then Redis (it is killed and comes back from its file) under load. Every request that was answered 2xx is in the log, all others
// were told to come again; numbers are shown as stale at once; and not one breach is called that was none.
func TestOutages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	away := outageOf
	if text := os.Getenv("VIGIA_TEST_OUTAGE"); text != "" {
		var err error
		if away, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	dir, up := ownServers(t)
	in := install(t)
	topics := in.create(2)
	start := func(role string) *process {
		p := &process{t: t, role: role, address: freeAddress(t), output: &output{}}
		p.config = in.shortPromises(role, p.address)
		p.start()
		t.Cleanup(func() {
			p.end(syscall.SIGKILL)
			if t.Failed() {
				t.Logf("%s said:\n%s", role, p.output)
			}
		})
		return p
	}
	start("worker")
	connector, exporter := start("connector"), start("exporter")
	o := &outages{t: t, url: "http://" + connector.address + "/ingest/v1/events", begun: time.Now(), acked: map[string]bool{}, unanswered: map[string]time.Time{}, replied: map[string]bool{}}
	more, enough := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.run(t.Context(), more)
	}()
	t.Cleanup(func() { enough(); <-done })
	isFresh := func(ctx context.Context) error { return shown(ctx, exporter.address, false) }
	eventually(t, time.Minute, "numbers are fresh", isFresh)

	for _, outage := range []struct {
		name    string
		off, on func()
	}{
		{"kafka", func() { signal(t, serverProcess(t, dir, "kafka"), syscall.SIGSTOP) }, func() { signal(t, serverProcess(t, dir, "kafka"), syscall.SIGCONT) }},
		{"redis", func() { signal(t, serverProcess(t, dir, "redis"), syscall.SIGKILL) }, up},
	} {
		began := time.Now()
		outage.off()
		eventually(t, staleAfter, "numbers are stale without "+outage.name, func(ctx context.Context) error { return shown(ctx, exporter.address, true) })
		t.Logf("without %s: shown as stale after %v", outage.name, time.Since(began).Round(100*time.Millisecond))
		for time.Since(began) < away {
			if !retry.Sleep(t.Context(), time.Second) {
				t.Fatal("stopped")
			}
			if err := shown(t.Context(), exporter.address, true); err != nil {
				t.Errorf("%v after %s stopped: %v", time.Since(began).Round(time.Second), outage.name, err)
			}
		}
		outage.on()
		back := time.Now()
		eventually(t, 2*time.Minute, "numbers are fresh after "+outage.name+" is back", isFresh)
		t.Logf("%s is back: fresh after %v", outage.name, time.Since(back).Round(100*time.Millisecond))
	}
	if !retry.Sleep(t.Context(), 2*target) { // chats that met no outage
		t.Fatal("stopped")
	}
	enough()
	<-done
	o.judge(in.log, topics.Interactions.Name, topics.Signals.Name)
}

func signal(t *testing.T, p *os.Process, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// judge reads the log.
func (o *outages) judge(log *bus.Client, interactions, signals string) {
	t := o.t
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.faults) > 0 {
		t.Errorf("%d requests were neither acknowledged nor told to come again, the first: %s", len(o.faults), o.faults[0])
	}
	lost := len(o.acked)
	found := map[string]bool{}
	read(t, log, interactions, func(r event.Record) {
		if e, ok := r.Body.(*event.Event); ok && o.acked[e.ID] && !found[e.ID] {
			found[e.ID] = true
			lost--
		}
	})
	if lost > 0 {
		t.Errorf("%d of %d events that were answered 2xx are not in the log", lost, len(o.acked))
	}
	breaches, settled, retracted := 0, 0, 0
	read(t, log, signals, func(r event.Record) {
		s, ok := r.Body.(event.Signal)
		if !ok {
			return
		}
		switch s.Kind {
		case event.SignalBreach:
			breaches++
			if _, right := o.unanswered[s.Conversation]; !right {
				t.Errorf("a false breach: %s was answered in time; called at %v for %v", s.Conversation, time.UnixMilli(s.At), time.UnixMilli(s.DueAt))
			}
		case event.SignalSettled:
			settled++
		case event.SignalRetracted:
			retracted++
		}
	})
	if retracted > 0 || settled > 0 {
		t.Errorf("%d breaches were taken back and %d settled, although nobody answered late", retracted, settled)
	}
	if breaches == 0 {
		t.Error("no breach was called, although some chats got no reply")
	}
	if o.refused == 0 {
		t.Error("no request was refused: was there an outage?")
	}
	t.Logf("%d chats, %d events acknowledged, %d requests told to come again, %d breaches of %d unanswered chats", len(o.replied)+len(o.unanswered), len(o.acked), o.refused, breaches,
		len(o.unanswered))
}

// read decodes everything in a topic.
func read(t *testing.T, log *bus.Client, topic string, each func(event.Record)) {
	t.Helper()
	info, err := log.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for p := range int32(info[topic].Partitions) {
		at, end, err := log.Bounds(t.Context(), topic, p)
		for at < end && err == nil {
			var batch bus.Batch
			if batch, err = log.Fetch(t.Context(), topic, p, at, bus.FetchOptions{MaxBytes: 8 << 20}); err == nil {
				for _, m := range batch.Messages {
					if r, bad := event.Decode(m.Value); bad == nil {
						each(r)
					}
				}
				at = batch.Next
			}
		}
		if err != nil {
			t.Fatal(errors.Join(fmt.Errorf("read %s %d", topic, p), err))
		}
	}
}

// shortPromises writes a configuration whose chats promise a first reply within seconds.
func (in *installation) shortPromises(name, listen string) string {
	in.t.Helper()
	path := filepath.Join(in.dir, name+".yml")
	text := fmt.Sprintf(`
listen: %s
admin: %[1]s
kafka: {brokers: [%q], prefix: %q, partitions: 2, replication: 1}
redis: {addresses: [%q], prefix: %q}
worker: {accept_clock: true}
tenants:
  - name: %s
    zone: UTC
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
    sources: [{connector: http, plain_conversations: true}]
    rules: [{name: chat, match: {channel: [web_chat]}, first_response: %s}]
`, listen, kafkaAddress, in.prefix, redisAddress, in.prefix, tenant, ingestToken, readToken, strings.Repeat("e2", 32), target)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		in.t.Fatal(err)
	}
	return path
}
