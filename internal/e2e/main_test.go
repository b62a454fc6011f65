package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	kafkaAddress = os.Getenv("VIGIA_TEST_KAFKA")
	redisAddress = os.Getenv("VIGIA_TEST_REDIS")
	binary       string // the program under test
)

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

// buildAndRun builds the program once for all tests.
func buildAndRun(m *testing.M) int {
	if kafkaAddress == "" || redisAddress == "" {
		return m.Run() // every test skips
	}
	dir, err := os.MkdirTemp("", "vigia-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "vigia")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "../../cmd/vigia")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// needServers skips the test where there are no servers.
func needServers(t *testing.T) {
	t.Helper()
	if kafkaAddress == "" || redisAddress == "" {
		t.Skip("VIGIA_TEST_KAFKA and VIGIA_TEST_REDIS are not set: `make test-stack` starts an Apache Kafka and a Redis and sets them")
	}
}

// eventually calls check until it returns nil; after the time it fails the test with what check said last.
func eventually(t *testing.T, within time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v; the last answer: %v", what, within, last)
		}
	}
}
