package replay_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/reference"
	"github.com/vigia-cx/vigia/internal/store"
)

// TestBankOnServers replays a real call log through a real Kafka and a real Redis, and leaves neither state nor keys behind.
func TestBankOnServers(t *testing.T) {
	brokers, redis := os.Getenv("VIGIA_TEST_KAFKA"), os.Getenv("VIGIA_TEST_REDIS")
	if brokers == "" || redis == "" {
		t.Skip("VIGIA_TEST_KAFKA and VIGIA_TEST_REDIS name no servers; `make test-stack` sets them")
	}
	packed, plain := shared(t, "anonymous-bank")
	result, err := reference.Bank(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	stack := &replay.Stack{Log: bus.Config{Brokers: strings.Split(brokers, ",")}, State: store.Config{Addrs: strings.Split(redis, ",")}, Replication: 1}
	got := values(t, replay.Options{Mapping: load(t, "anonymous-bank"), By: replay.Day, Group: byQueue, KPIs: bankKPIs, Definitions: bankTypes, Stack: stack}, packed)
	compareBank(t, "day", "queue", result, got)
}
