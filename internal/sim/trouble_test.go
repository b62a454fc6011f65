package sim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
)

// TestBadRecords: whatever stands in the log, it ends as a dead letter with a reason, is counted, and the partition goes on.
func TestBadRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.close()
		all := w.start(app.Connector, app.Worker, app.Exporter)
		defer all.stop()
		settled(all)

		good := func(n int) *event.Event {
			now := time.Now().UnixMilli()
			return &event.Event{
				ID: fmt.Sprint("good-", n), Tenant: "shop", Source: event.Source{Connector: "http", NativeID: fmt.Sprint(n)}, At: now, ReceivedAt: now, Quality: event.QualitySubsecond,
				Conversation: fmt.Sprint("c", n), Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat, Routing: event.Routing{Queue: "ventas"},
				Body: event.Message{ID: fmt.Sprint("m", n), Direction: event.Inbound},
			}
		}
		record := func(e *event.Event) bus.Message {
			return bus.Message{Key: []byte(e.Key()), Value: event.Encode(event.Record{Body: e})}
		}
		home := func(e *event.Event) int32 { return bus.Partition([]byte(e.Key()), worldPartitions) }
		nobody, moved, late, old := good(1), good(2), good(3), good(4)
		nobody.Tenant, moved.Conversation = "nobody", "elsewhere"
		late.At -= (25 * time.Hour).Milliseconds()
		old.At = time.Date(1970, 6, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
		misrouted := record(moved)
		misrouted.Key = []byte(good(2).Key())
		for i, c := range []struct {
			name      string
			partition int32
			message   bus.Message
			reason    event.Reason
		}{
			{"garbage", 0, bus.Message{Key: []byte("k"), Value: []byte("\xff\xff\xff no protobuf")}, event.ReasonGarbage},
			{"nothing", 1, bus.Message{Key: []byte("k")}, event.ReasonUnknownKind},
			{"too large", 0, bus.Message{Key: []byte("k"), Value: make([]byte, event.MaxRecordBytes+1)}, event.ReasonTooLarge},
			{"unknown tenant", home(nobody), record(nobody), event.ReasonNoTenant},
			{"key of another conversation", home(good(2)), misrouted, event.ReasonMisrouted},
			{"partition of another key", 1 - home(good(5)), record(good(5)), event.ReasonMisrouted},
			{"a fact among events", 0, bus.Message{Key: []byte(event.CustomerKey("shop", "ana")), Value: event.Encode(event.Record{Body: event.Fact{Tenant: "shop", Customer: "ana"}})},
				event.ReasonWrongTopic},
			{"beyond the horizon", home(late), record(late), event.ReasonTooLate},
			{"year 1970", home(old), record(old), event.ReasonBadTime},
		} {
			if _, err := w.log.Produce(t.Context(), "vigia.interactions", c.partition, []bus.Message{c.message}); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			// One behind it, on each partition.
			for n := range 2 {
				e := good(100 + 10*i + n)
				for p := int32(n); home(e) != p; {
					e.Conversation += "x"
				}
				if _, err := w.log.Produce(t.Context(), "vigia.interactions", home(e), []bus.Message{record(e)}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Minute) // a tick on every partition, and the relay
			letters := w.records("vigia.deadletters")
			if len(letters) != i+1 {
				t.Fatalf("%s: %d dead letters, want %d", c.name, len(letters), i+1)
			}
			found := slices.ContainsFunc(letters, func(m bus.Message) bool {
				r, err := event.Decode(m.Value)
				d, ok := r.Body.(event.DeadLetter)
				return err == nil && ok && d.Reason == c.reason && d.Topic == "vigia.interactions" && d.Partition == c.partition && int(d.PayloadBytes) == len(c.message.Value)
			})
			if !found {
				t.Errorf("%s: no dead letter with reason %s", c.name, c.reason)
			}
			if v := w.values(all, url.Values{"kpi": {"conversations_started"}}); string(v[0].Value) != strconv.Itoa(2*(i+1)) {
				t.Errorf("%s: %s conversations behind it, want %d", c.name, v[0].Value, 2*(i+1))
			}
			if n := w.counted(all, "dead_"+string(c.reason)); n < 1 {
				t.Errorf("%s: dead_%s is not counted", c.name, c.reason)
			}
		}
	})
}

// TestRepeatedIDs: an event that comes again counts once, within the horizon and beyond it.
func TestRepeatedIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(t *config.Tenant) { t.Horizon = map[string]string{"*": "2h"} })
		defer w.close()
		all := w.start(app.Connector, app.Worker, app.Exporter)
		defer all.stop()
		settled(all)

		at := time.Now()
		e := &event.Event{
			At: at.UnixMilli(), Source: event.Source{NativeID: "delivery-1"}, Conversation: "c1", Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat,
			Routing: event.Routing{Queue: "ventas"}, Body: event.Message{ID: "m1", Direction: event.Inbound},
		}
		started := func() string {
			time.Sleep(2 * time.Minute)
			return string(w.values(all, url.Values{"kpi": {"conversations_started"}, "window": {"3h"}})[0].Value)
		}
		w.send(all, []*event.Event{e})
		w.send(all, []*event.Event{e, e})
		if n := started(); n != "1" {
			t.Errorf("%s conversations after three deliveries", n)
		}
		if n := w.counted(all, "duplicate"); n != 2 {
			t.Errorf("%v duplicates are counted, want 2", n)
		}
		time.Sleep(time.Until(at.Add(100 * time.Minute)))
		w.send(all, []*event.Event{e})
		if n := started(); n != "1" || w.counted(all, "duplicate") != 3 {
			t.Errorf("%s conversations and %v duplicates after one more within the horizon", n, w.counted(all, "duplicate"))
		}
		time.Sleep(time.Until(at.Add(130 * time.Minute)))
		w.send(all, []*event.Event{e})
		if n := started(); n != "1" || w.counted(all, "dead_too_late") != 1 {
			t.Errorf("%s conversations and %v too late after one beyond the horizon", n, w.counted(all, "dead_too_late"))
		}
	})
}

// TestManyQueues: names beyond the cap count together, and everything says that it is incomplete by queue.
func TestManyQueues(t *testing.T) {
	const queues = 3000 // a million are folded in fold's tests of names
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		defer w.close()
		all := w.start(app.Connector, app.Worker, app.Exporter)
		defer all.stop()
		settled(all)
		var batch []*event.Event
		for n := range queues {
			batch = append(batch, &event.Event{
				At: time.Now().UnixMilli(), Conversation: fmt.Sprint("c", n), Customer: fmt.Sprint("u", n), Actor: event.ByCustomer, Channel: event.WebChat,
				Routing: event.Routing{Queue: fmt.Sprint("queue-", n)}, Body: event.Message{ID: fmt.Sprint("m", n), Direction: event.Inbound},
			})
			if len(batch) == 500 {
				w.send(all, batch)
				batch = nil
			}
		}
		time.Sleep(time.Minute)
		total, rest := 0, 0
		values := w.values(all, url.Values{"kpi": {"conversations_started"}, "group": {"queue"}})
		for _, v := range values {
			n, _ := strconv.Atoi(string(v.Value))
			if total += n; v.Group["queue"] == "__other__" {
				rest = n
			}
			if v.Complete {
				t.Fatalf("complete although names are folded: %+v", v)
			}
		}
		if total != queues || rest < queues/2 || len(values) > worldPartitions*200+1 {
			t.Errorf("%d conversations in %d queues, %d of them in __other__", total, len(values), rest)
		}
		if v := w.values(all, url.Values{"kpi": {"conversations_started"}}); string(v[0].Value) != strconv.Itoa(queues) {
			t.Errorf("%s conversations of the tenant", v[0].Value)
		}
	})
}

var sample = regexp.MustCompile(`(?m)^vigia_worker_state_records\{[^}]*result="([a-z_]+)"[^}]*\} ([0-9.e+]+)$`)

// counted sums what the metrics of a process say about a result over all partitions.
func (w *world) counted(of *process, result string) float64 {
	w.t.Helper()
	answer, err := w.http.Get("http://" + of.AdminAddr().String() + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatal(answer.Status, err)
	}
	sum := 0.0
	for _, m := range sample.FindAllStringSubmatch(string(body), -1) {
		if strings.EqualFold(m[1], result) {
			n, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				w.t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}
