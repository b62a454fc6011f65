package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/verify"
	"github.com/vigia-cx/vigia/internal/window"
	"github.com/vigia-cx/vigia/internal/worker"
)

// TestVerify runs `vigia verify` on a stack at work and at rest, on which it says nothing; then a pane is damaged, a conversation deleted and an offset skipped, and it
// names each.
func TestVerify(t *testing.T) {
	in := install(t)
	config := in.config("verify", "", partitions)
	if code, out := command(t, time.Minute, "topics", "create", "--config", config); code != 0 {
		t.Fatalf("vigia topics create: exit code %d\n%s", code, out)
	}
	worker := newProcess(in, "worker", partitions)
	connector := newProcess(in, "connector", partitions)
	s := send(t, 5, connector.address)
	eventually(t, time.Minute, "events are sent", func(context.Context) error {
		if n := s.sent.Load(); n < 2000 {
			return fmt.Errorf("%d events", n)
		}
		return nil
	})
	in.silent(config, "under traffic")
	worker.again(syscall.SIGKILL)
	s.finish(t)
	in.settles()
	in.silent(config, "at rest")
	worker.end(syscall.SIGTERM)

	key, field, cell := in.aCell()
	sound := cell.Encode()
	cell.Add(window.Sample{Metric: 1, N: 1}, 1)
	in.set(key, field, string(cell.Encode()))
	in.names(config, "a damaged pane", func(d verify.Difference) bool {
		return d.Kind == verify.Pane && d.Field == field && strings.HasSuffix(key, d.Key) && slices.Equal(d.Pane.Metrics, []int{1}) && slices.Contains(d.Pane.KPIs, "conversations_started") && len(d.Conversations) > 0
	}, 1)
	in.set(key, field, string(sound))

	state := in.state()
	if len(state) == 0 {
		t.Fatal("no conversation has a state")
	}
	hash := state[0]
	subject := in.redis.HKeys(t.Context(), hash).Val()[0]
	blob := in.redis.HGet(t.Context(), hash, subject).Val()
	if err := in.redis.HDel(t.Context(), hash, subject).Err(); err != nil {
		t.Fatal(err)
	}
	in.names(config, "a deleted conversation", func(d verify.Difference) bool {
		return d.Kind == verify.Conversation && d.Field == subject && len(d.Conversations) == 1 && strings.HasSuffix(subject, "/"+d.Conversations[0])
	}, 1)
	in.set(hash, subject, blob)
	in.silent(config, "after all was mended")

	partition, offset := in.skip()
	in.names(config, "a skipped offset", func(d verify.Difference) bool {
		return d.Kind == verify.Position && d.Partition == partition && d.Offset != nil && *d.Offset == offset
	}, 0)
	in.names(config, "the conversation of a skipped offset", func(d verify.Difference) bool {
		return d.Kind == verify.Conversation && slices.Equal(d.Conversations, []string{"unlucky"}) && strings.Contains(d.Log, fmt.Sprintf("offset %d ", offset))
	}, 0)
	connector.end(syscall.SIGTERM)
}

// silent expects that the comparison finds nothing, and says nothing on stdout.
func (in *installation) silent(config, when string) {
	in.t.Helper()
	began := time.Now()
	out, said, code := in.compare(config)
	if code != 0 || out != "" || strings.Contains(said, "undecided") {
		in.t.Fatalf("%s: exit code %d\n%s%s", when, code, out, said)
	}
	in.t.Logf("%s, in %v: %s", when, time.Since(began).Round(time.Millisecond), said[strings.Index(said, "Compared"):])
}

// names expects differences, one of which is the one looked for; exactly is how many there must be, 0 for any number.
func (in *installation) names(config, what string, is func(verify.Difference) bool, exactly int) {
	in.t.Helper()
	out, said, code := in.compare(config, "--json")
	var r verify.Report
	if err := json.Unmarshal([]byte(out), &r); code != 1 || err != nil {
		in.t.Fatalf("%s: exit code %d, %v\n%s%s", what, code, err, out, said)
	}
	if !slices.ContainsFunc(r.Differences, is) || exactly > 0 && len(r.Differences) != exactly {
		in.t.Errorf("%s is not named: %+v", what, r.Differences)
	}
}

// compare runs `vigia verify`.
func (in *installation) compare(config string, args ...string) (stdout, stderr string, code int) {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(in.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"verify", "--config", config}, args...)...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		in.t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// settles waits until both stages have folded what is in the log, but for the ticks that go on.
func (in *installation) settles() {
	in.t.Helper()
	vault, err := store.Open(store.Config{Addrs: []string{redisAddress}, Prefix: in.prefix})
	if err != nil {
		in.t.Fatal(err)
	}
	defer vault.Close()
	topics := in.topics(partitions)
	var goals [partitions]int64
	for p := range goals {
		if _, goals[p], err = in.log.Bounds(in.t.Context(), topics.Interactions.Name, int32(p)); err != nil {
			in.t.Fatal(err)
		}
	}
	eventually(in.t, time.Minute, "all is folded", func(ctx context.Context) error {
		for p, goal := range goals {
			v, err := vault.Read(ctx, []store.SlotRefs{{Slot: worker.SlotOf(fold.Conversations, int32(p))}})
			if err != nil || v[0].Meta.Position.Offset < goal || v[0].Meta.OutboxLen > 0 {
				return fmt.Errorf("partition %d: %+v, %w", p, v, err)
			}
		}
		return nil
	})
}

// keys are those of the installation in Redis that end in a way, ascending.
func (in *installation) keys(pattern string) []string {
	in.t.Helper()
	var keys []string
	scan := in.redis.Scan(in.t.Context(), 0, in.prefix+pattern, 5000).Iterator()
	for scan.Next(in.t.Context()) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		in.t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

func (in *installation) state() []string { return in.keys("{i*:s") }

func (in *installation) set(key, field, value string) {
	in.t.Helper()
	if err := in.redis.HSet(in.t.Context(), key, field, value).Err(); err != nil {
		in.t.Fatal(err)
	}
}

// aCell returns a pane cell in which a conversation began.
func (in *installation) aCell() (key, field string, cell *window.Cell) {
	in.t.Helper()
	for _, key := range in.keys("{i*:p:r:0:*") {
		for field, b := range in.redis.HGetAll(in.t.Context(), key).Val() {
			if c, err := window.DecodeCell([]byte(b)); err == nil && c.Metric(1).N > 0 {
				return key, field, c
			}
		}
	}
	in.t.Fatal("no cell in which a conversation began")
	return "", "", nil
}

// skip appends an event and moves the position of its partition over it.
func (in *installation) skip() (partition int32, offset int64) {
	in.t.Helper()
	now := time.Now().UnixMilli()
	e := &event.Event{ID: "skipped", Tenant: tenant, Source: event.Source{Connector: "e2e", NativeID: "skipped"}, At: now, ReceivedAt: now, Quality: event.QualitySubsecond, Conversation: "unlucky",
		Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat, Body: event.Message{ID: "m1", Direction: event.Inbound}}
	partition = bus.Partition([]byte(e.Key()), partitions)
	offset, err := in.log.Produce(in.t.Context(), in.topics(partitions).Interactions.Name, partition, []bus.Message{{Key: []byte(e.Key()), Value: event.Encode(event.Record{Body: e})}})
	if err != nil {
		in.t.Fatal(err)
	}
	meta := in.keys(fmt.Sprintf("{i%d-*:meta", partition))
	if len(meta) != 1 {
		in.t.Fatal(meta)
	}
	pos, err := store.ParsePosition(in.redis.HGet(in.t.Context(), meta[0], "pos").Val())
	if err != nil {
		in.t.Fatal(err)
	}
	if pos.Offset != offset {
		in.t.Fatalf("the worker has left off at %v, want offset %d", pos, offset)
	}
	pos.Offset++
	in.set(meta[0], "pos", pos.String())
	return partition, offset
}
