package connector_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// TestOnTheEmbeddedLog: what was answered 200 is in the log, under its key and with its headers.
func TestOnTheEmbeddedLog(t *testing.T) {
	broker, err := bus.StartEmbedded(bus.EmbeddedConfig{Topics: []bus.TopicSpec{{Name: interactions, Partitions: partitions}, {Name: customers, Partitions: partitions}}})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	client, err := bus.New(broker.Config(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	h, err := connector.New(config(), client, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, connector.Path, strings.NewReader(valid))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	found := 0
	for p := range int32(partitions) {
		batch, err := client.Fetch(ctx, interactions, p, 0, bus.FetchOptions{MaxWait: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range batch.Messages {
			record, err := event.Decode(m.Value)
			if err != nil {
				t.Fatal(err)
			}
			e := record.Body.(*event.Event)
			if string(m.Key) != e.Key() || m.Partition != bus.Partition(m.Key, partitions) || len(m.Headers) != len(e.Headers()) || m.Headers[2].Key != "ce_id" ||
				string(m.Headers[2].Value) != e.ID {
				t.Errorf("partition %d has key %q and headers %+v for %+v", m.Partition, m.Key, m.Headers, e)
			}
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d events in the log", found)
	}
}

func BenchmarkAccept(b *testing.B) {
	log := newMemoryLog()
	h, err := connector.New(config(), log, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	var batch []*event.Event
	for i := range 100 {
		batch = append(batch, message(i))
	}
	for b.Loop() {
		if _, err := h.Accept(b.Context(), "acme", batch); err != nil {
			b.Fatal(err)
		}
		log.Clear()
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "events/s")
}
