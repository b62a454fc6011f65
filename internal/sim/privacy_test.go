package sim_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

// TestNothingPersonalStays plants phone numbers, names and card numbers in every free string of every kind of event, sends them to an installation as `vigia run` makes it,
// faulty ones and undecodable records included, and then looks for them everywhere: on the topics, in the state, in the files, in what was logged, in the metrics, the
// API and the page.
func TestNothingPersonalStays(t *testing.T) {
	i := install(t)
	secrets := eventtest.Secrets()
	if testing.Short() {
		secrets = secrets[:3]
	}
	sent, answers := 0, &evidence{}
	for _, secret := range secrets {
		for _, plant := range eventtest.Plant(secret, time.Now().Add(-time.Second).UnixMilli()) {
			for _, body := range [][]byte{plant.JSON, bytes.Replace(plant.JSON, []byte(`"connector"`), []byte(`"connectors"`), 1), plant.JSON[1:]} {
				answer := i.call(t, http.MethodPost, "/ingest/v1/events", writeToken, body)
				if accepted := bytes.HasPrefix(answer, []byte("200")); accepted != bytes.Equal(body, plant.JSON) {
					t.Errorf("%s with %q: %s", plant.Kind, secret, answer)
				}
				answers.add("an answer of ingest", answer)
			}
			answers.add("an answer of ingest", i.call(t, http.MethodPost, "/ingest/v1/events", secret, plant.JSON))
			sent++
		}
		// What others write into the log is theirs; what we make of it must not repeat it.
		foreign := bus.Message{Key: []byte(secret), Value: []byte("\xff" + secret)}
		if err := i.app.Log().Publish(t.Context(), "vigia.interactions", []bus.Message{foreign}); err != nil {
			t.Fatal(err)
		}
	}
	i.await(t, len(secrets))

	seen := answers
	for _, path := range []string{"/metrics", "/", "/?lang=es", "/readyz", "/api/v1/catalog", "/api/v1/conversations?limit=1000",
		"/api/v1/kpis?window=24h", "/api/v1/kpis?window=24h&group=channel,queue", "/api/v1/kpis?window=24h&group=team", "/api/v1/kpis?window=24h&group=queue,agent"} {
		seen.add("GET "+path, i.call(t, http.MethodGet, path, readToken, nil))
	}
	var state bytes.Buffer
	if err := i.app.State().Save(t.Context(), &state); err != nil {
		t.Fatal(err)
	}
	seen.add("the state", unzip(t, state.Bytes()))
	records := 0
	for _, topic := range i.app.Topics().Names() {
		for _, m := range i.records(t, topic) {
			if bytes.HasPrefix(m.Value, []byte{0xff}) {
				continue // the foreign ones
			}
			records++
			var b bytes.Buffer
			b.Write(m.Key)
			b.Write(m.Value)
			for _, h := range m.Headers {
				b.WriteString(h.Key)
				b.Write(h.Value)
			}
			seen.add("a record of "+topic, b.Bytes())
		}
	}
	i.stop(t)
	seen.add("the log lines", []byte(i.said.String()))
	seen.add("the file of the state", unzip(t, read(t, app.StateFile(i.cfg))))

	for _, secret := range secrets {
		for _, e := range *seen {
			if leak := eventtest.Leak(e.bytes, secret); leak != "" {
				t.Errorf("%q of the secret %q is in %s", leak, secret, e.where)
			}
		}
	}
	total := 0
	for _, e := range *seen {
		total += len(e.bytes)
	}
	t.Logf("%d planted events of %d secrets; looked at %d records and %d bytes in %d places", sent, len(secrets), records, total, len(*seen))
	if records < sent || total < 200_000 {
		t.Errorf("only %d records and %d bytes: the test looks at nothing", records, total)
	}
}

// evidence is what is searched.
type evidence []struct {
	where string
	bytes []byte
}

func (e *evidence) add(where string, b []byte) {
	*e = append(*e, struct {
		where string
		bytes []byte
	}{where, b})
}

// installation is an app with the embedded engine in a folder.
type installation struct {
	app    *app.App
	cfg    *config.Config
	said   *lockedBuffer
	folder string
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func install(t *testing.T) *installation {
	t.Helper()
	i := &installation{said: &lockedBuffer{}, folder: t.TempDir()}
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
data: %q
tenants:
  - name: shop
    zone: America/Mexico_City
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
    agent_cells: true
    rules: [{name: all, first_response: 1s, next_response: 1s, resolution: 1s}]
`, i.folder, writeToken, readToken, strings.Repeat("cd", 32))
	var err error
	if i.cfg, err = config.Parse("vigia.yml", []byte(text), func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	i.app, err = app.New(app.Options{Config: i.cfg, Logger: slog.New(slog.NewTextHandler(i.said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err == nil {
		err = i.app.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.stop(t) })
	return i
}

func (i *installation) stop(t *testing.T) {
	if err := i.app.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// call makes a request and returns status, headers and body of the answer.
func (i *installation) call(t *testing.T, method, path, token string, body []byte) []byte {
	t.Helper()
	address := i.app.Addr()
	if path == "/metrics" || path == "/readyz" {
		address = i.app.AdminAddr()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address.String()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header["Authorization"] = []string{"Bearer " + strings.ToValidUTF8(token, "?")}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	b.WriteString(answer.Status)
	if err := answer.Header.Write(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(&b, answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// await waits until the log is folded, promises have been called and dead letters written.
func (i *installation) await(t *testing.T, dead int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for {
		ready, _ := i.app.Ready(ctx)
		if ready && len(i.records(t, "vigia.deadletters")) >= dead && len(i.records(t, "vigia.signals")) >= 3 && len(i.records(t, "vigia.customers")) >= 10 {
			return
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("not folded within a minute: %d dead letters, %d signals\n%s", len(i.records(t, "vigia.deadletters")), len(i.records(t, "vigia.signals")), i.said)
		}
	}
}

func (i *installation) records(t *testing.T, topic string) []bus.Message {
	t.Helper()
	var all []bus.Message
	for p := range int32(i.app.Topics().Interactions.Partitions) {
		start, end, err := i.app.Log().Bounds(context.Background(), topic, p)
		for at := start; err == nil && at < end; {
			var b bus.Batch
			b, err = i.app.Log().Fetch(context.Background(), topic, p, at, bus.FetchOptions{MaxBytes: 8 << 20})
			all, at = append(all, b.Messages...), b.Next
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = io.ReadAll(z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
