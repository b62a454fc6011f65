package bus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
)

func TestEmbeddedKeepsEverythingAcrossRestarts(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "not", "there", "yet")
	cfg := bus.EmbeddedConfig{Dir: dir, Topics: []bus.TopicSpec{
		{Name: "a.topic", Partitions: 3, Config: map[string]string{"retention.ms": "3600000"}},
		{Name: "compacted", Partitions: 1, Config: map[string]string{"cleanup.policy": "compact"}},
	}}
	msg := bus.Message{Key: []byte("k"), Value: []byte("v"), Headers: []bus.Header{{Key: "h", Value: []byte("x")}}}

	e := startEmbedded(t, cfg)
	c := newClient(t, e.Config())
	for range 10 {
		if _, err := c.Produce(ctx, "a.topic", 1, []bus.Message{msg, msg}); err != nil {
			t.Fatal(err)
		}
	}
	g, err := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"a.topic"}})
	if err != nil {
		t.Fatal(err)
	}
	gen, err := g.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(ctx, gen, "a.topic", 1, 17, "log=1,state=2"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	cfg.Topics[0].Config["retention.ms"] = "7200000"
	cfg.Topics = append(cfg.Topics, bus.TopicSpec{Name: "new", Partitions: 1})
	c = newClient(t, startEmbedded(t, cfg).Config())
	if _, end, err := c.Bounds(ctx, "a.topic", 1); err != nil || end != 20 {
		t.Fatalf("end %d, %v; want 20", end, err)
	}
	b, err := c.Fetch(ctx, "a.topic", 1, 19, bus.FetchOptions{})
	if err != nil || len(b.Messages) != 1 || cmp.Diff(msg.Headers, b.Messages[0].Headers) != "" {
		t.Fatalf("got %+v, %v", b, err)
	}
	committed, err := c.Committed(ctx, "g", "a.topic", []int32{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[int32]bus.Commit{0: {Offset: -1}, 1: {Offset: 17, Metadata: "log=1,state=2"}}, committed); d != "" {
		t.Error(d)
	}
	info, err := c.Topics(ctx, "a.topic", "compacted", "new")
	if err != nil {
		t.Fatal(err)
	}
	if got := info["a.topic"]; got.Partitions != 3 || got.Config["retention.ms"] != "7200000" {
		t.Errorf("a.topic: %+v", got)
	}
	if got := info["compacted"].Config["cleanup.policy"]; got != "compact" {
		t.Errorf("compacted: cleanup.policy %q", got)
	}
	if got := info["new"].Config["retention.ms"]; got != fmt.Sprint(bus.DefaultRetention.Milliseconds()) {
		t.Errorf("new: retention.ms %q", got)
	}
}

func TestEmbeddedDirHasOneUser(t *testing.T) {
	dir := t.TempDir()
	e := startEmbedded(t, bus.EmbeddedConfig{Dir: dir})
	_, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("got %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	startEmbedded(t, bus.EmbeddedConfig{Dir: dir})
}

func TestEmbeddedRefusesBadInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]bus.EmbeddedConfig{
		"a file for a directory": {Dir: file},
		"a bad topic":            {Topics: []bus.TopicSpec{{Name: "no spaces", Partitions: 1}}},
		"a bad topic and a dir":  {Dir: t.TempDir(), Topics: []bus.TopicSpec{{Name: "", Partitions: 1}}},
	} {
		if e, err := bus.StartEmbedded(cfg); err == nil {
			t.Errorf("%s: no error", name)
			_ = e.Close()
		}
	}
}

// TestEmbeddedSurvivesKill kills a process in the middle of producing and looks for
// everything that was acknowledged to it.
func TestEmbeddedSurvivesKill(t *testing.T) {
	if dir := os.Getenv("VIGIA_TEST_EMBEDDED_DIR"); dir != "" {
		produceForEver(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEmbeddedSurvivesKill$")
	cmd.Env = append(os.Environ(), "VIGIA_TEST_EMBEDDED_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := int64(-1)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d", &acknowledged); err == nil && acknowledged == 200 {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // says that it was killed
	if acknowledged < 200 {
		t.Fatalf("the process ended by itself after %d", acknowledged)
	}

	c := newClient(t, startEmbedded(t, bus.EmbeddedConfig{Dir: dir}).Config())
	ctx := t.Context()
	b, err := c.Fetch(ctx, "t", 0, acknowledged, bus.FetchOptions{})
	if err != nil || len(b.Messages) == 0 || string(b.Messages[0].Value) != fmt.Sprint(acknowledged) {
		t.Fatalf("record %d: got %+v, %v", acknowledged, b, err)
	}
	committed, err := c.Committed(ctx, "g", "t", []int32{0})
	if err != nil || committed[0].Offset < acknowledged {
		t.Fatalf("committed %+v, %v; want at least %d", committed, err, acknowledged)
	}
}

// produceForEver is the process that is killed.
func produceForEver(t *testing.T, dir string) {
	ctx := t.Context()
	c := newClient(t, startEmbedded(t, bus.EmbeddedConfig{Dir: dir, Topics: []bus.TopicSpec{{Name: "t", Partitions: 1}}}).Config())
	g, err := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"t"}})
	if err != nil {
		t.Fatal(err)
	}
	gen, err := g.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := int64(0); ; i++ {
		if _, err := c.Produce(ctx, "t", 0, []bus.Message{{Value: fmt.Append(nil, i)}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(ctx, gen, "t", 0, i, ""); err != nil {
			t.Fatal(err)
		}
		fmt.Println("acknowledged", i)
	}
}

// TestEmbeddedRetention lets virtual days pass: old records go, offsets are never used
// twice, not even when all records of a partition are gone and the process starts again,
// in order or not.
func TestEmbeddedRetention(t *testing.T) {
	root := t.TempDir()
	dir, crashed := filepath.Join(root, "log"), filepath.Join(root, "crashed")
	spec := []bus.TopicSpec{{Name: "a.b", Partitions: 2, Config: map[string]string{"retention.ms": fmt.Sprint((24 * time.Hour).Milliseconds())}}}
	topic := spec[0].Name

	open := func(t *testing.T, v *bus.Virtual, dir string) *bus.Embedded {
		return startEmbedded(t, bus.EmbeddedConfig{Dir: dir, NoSync: true, Topics: spec, Listen: v.Listen, Dial: v.DialContext})
	}
	// A client that lives for virtual days would refresh its metadata for real seconds.
	with := func(t *testing.T, e *bus.Embedded, use func(*bus.Client) error) {
		t.Helper()
		c := newClient(t, e.Config())
		if err := errors.Join(use(c), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
	bounds := func(t *testing.T, e *bus.Embedded, p int32, start, end int64) {
		t.Helper()
		with(t, e, func(c *bus.Client) error {
			if s, e, err := c.Bounds(t.Context(), topic, p); err != nil || s != start || e != end {
				return fmt.Errorf("partition %d: bounds %d, %d, %w; want %d, %d", p, s, e, err, start, end)
			}
			return nil
		})
	}
	produce := func(t *testing.T, e *bus.Embedded, p int32, want int64) {
		t.Helper()
		with(t, e, func(c *bus.Client) error {
			if first, err := c.Produce(t.Context(), topic, p, []bus.Message{{Value: []byte("v")}}); err != nil || first != want {
				return fmt.Errorf("partition %d: offset %d, %w; want %d", p, first, err, want)
			}
			return nil
		})
	}
	synctest.Test(t, func(t *testing.T) {
		e := open(t, bus.NewVirtual(), dir)
		time.Sleep(time.Minute) // out of step with the broker's own timers
		for i := range int64(5) {
			produce(t, e, 0, i)
		}
		time.Sleep(20 * time.Hour)
		produce(t, e, 0, 5)
		bounds(t, e, 0, 0, 6)
		time.Sleep(6 * time.Hour)
		bounds(t, e, 0, 5, 6) // the old ones are gone
		time.Sleep(48 * time.Hour)
		bounds(t, e, 0, 6, 6) // all are

		// What a process that is killed now leaves behind.
		if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	})
	for _, dir := range []string{dir, crashed} {
		synctest.Test(t, func(t *testing.T) {
			for restart := range int64(3) {
				e := open(t, bus.NewVirtual(), dir)
				bounds(t, e, 0, 6, 6+restart)
				bounds(t, e, 1, 0, 0)
				produce(t, e, 0, 6+restart)
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEmbeddedCompaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := bus.NewVirtual()
		e := startEmbedded(t, bus.EmbeddedConfig{Listen: v.Listen, Dial: v.DialContext, Topics: []bus.TopicSpec{
			{Name: "t", Partitions: 1, Config: map[string]string{"cleanup.policy": "compact"}},
		}})
		c := newClient(t, e.Config())
		ctx := context.Background()
		for i := range 30 {
			msgs := []bus.Message{{Key: []byte("a"), Value: fmt.Append(nil, i)}, {Key: []byte("b"), Value: fmt.Append(nil, i)}, {Key: []byte("a"), Value: fmt.Append(nil, i)}}
			if _, err := c.Produce(ctx, "t", 0, msgs); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close() // days of refreshing metadata would take seconds
		time.Sleep(40 * 24 * time.Hour)
		c = newClient(t, e.Config())
		offset, _, err := c.Bounds(ctx, "t", 0)
		if err != nil {
			t.Fatal(err)
		}
		last, steps := map[string]string{}, 0
		for ; ; steps++ {
			b, err := c.Fetch(ctx, "t", 0, offset, bus.FetchOptions{MaxBytes: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range b.Messages {
				last[string(m.Key)] = string(m.Value)
			}
			if b.Next >= b.HighWatermark {
				break
			}
			if b.Next == offset {
				t.Fatalf("no progress at %d of %d", offset, b.HighWatermark)
			}
			offset = b.Next
		}
		if d := cmp.Diff(map[string]string{"a": "29", "b": "29"}, last); d != "" {
			t.Error(d)
		}
		if steps > 10 {
			t.Errorf("%d steps through what should be compacted", steps)
		}
	})
}
