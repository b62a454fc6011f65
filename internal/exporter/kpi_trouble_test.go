package exporter

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/vigia-cx/vigia/internal/store"
)

// TestMetricsInTrouble: what cannot be read is absent and said to be stale, never 0.
func TestMetricsInTrouble(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	metrics := h.MetricsKPI()
	ask := func() map[string]*dto.MetricFamily {
		r := httptest.NewRequest(http.MethodGet, "/metrics/kpi", nil)
		r.Header.Set("Authorization", "Bearer "+acmeToken)
		got := httptest.NewRecorder()
		metrics.ServeHTTP(got, r)
		return parse(t, got.Body.String())
	}
	if m := ask(); sample(t, m, metricStale) != 0 || sample(t, m, metricUp) != 1 {
		t.Error("not well at the start")
	}
	w.now += 20_000
	if m := ask(); sample(t, m, metricStale) != 1 || sample(t, m, metricUp) != 1 || sample(t, m, metricComplete, "rollup", "tenant", "window", "5m") != 0 {
		t.Error("20 s without a tick are not stale")
	}
	w.down = fmt.Errorf("connection refused")
	m := ask()
	if sample(t, m, metricStale) != 1 || sample(t, m, metricUp) != 0 || sample(t, m, metricAsOf) != float64(noon)/1000 || len(m) != 4 {
		t.Errorf("store down: %v", slices.Sorted(maps.Keys(m)))
	}
	fresh := parse(t, asAcme(h, "").Body.String()) // that handler has seen nothing yet
	if !math.IsNaN(sample(t, fresh, metricAsOf)) || sample(t, fresh, metricStale) != 1 {
		t.Error("an instant that was never known is shown")
	}
}

// hanging is a store that never answers.
type hanging struct{}

func (hanging) Read(ctx context.Context, _ []store.SlotRefs) ([]store.SlotValues, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestMetricsDoNotHang: a scrape is answered in the time that the scraper grants, however long the store takes.
func TestMetricsDoNotHang(t *testing.T) {
	cfg := testConfig(&world{now: noon}, 2)
	h, err := New(cfg, hanging{}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := scrapeOf(h, "", "Authorization", "Bearer "+acmeToken, "X-Prometheus-Scrape-Timeout-Seconds", "0.1")
	m := parse(t, got.Body.String())
	if got.Code != http.StatusOK || sample(t, m, metricUp) != 0 || sample(t, m, metricStale) != 1 {
		t.Errorf("%d\n%s", got.Code, got.Body)
	}
}

// TestMetricsCap: beyond the cap whole groups are left out, the finest roll-ups first, and that is said.
func TestMetricsCap(t *testing.T) {
	w := newWorld(t)
	w.busy()
	full := 0
	for _, ru := range rollups[:2] {
		full += seriesOf(ru, nil, classicHistogram) * map[string]int{"tenant": 1, "channel": 3}[ru.name]
	}
	w.cfg.MaxSeries = full + seriesOf(rollups[2], nil, classicHistogram)
	m := parse(t, asAcme(newHandler(t, w), "").Body.String())
	for ru, want := range map[string]float64{"tenant": 0, "channel": 0, "queue": 2, "team": 2, "channel_queue": 5} {
		if got := sample(t, m, metricDropped, "rollup", ru); got != want {
			t.Errorf("%s: %v groups left out, want %v", ru, got, want)
		}
	}
	n := 0
	for _, f := range m {
		n += len(f.GetMetric())
	}
	if n > w.cfg.MaxSeries+50 {
		t.Errorf("%d series", n)
	}
}

func TestTimeoutOf(t *testing.T) {
	for header, want := range map[string]time.Duration{"": scrapeTimeout, "10": scrapeTimeout, "3": 2500 * time.Millisecond, "0.5": 250 * time.Millisecond, "x": scrapeTimeout, "-1": scrapeTimeout, "NaN": scrapeTimeout} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", header)
		if got := timeoutOf(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
