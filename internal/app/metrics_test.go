package app_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/exporter"
)

var updateMetrics = flag.Bool("update-metrics", false, "write testdata/metrics.golden anew")

var descText = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)",.* constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// TestMetrics keeps the list of everything that /metrics and /metrics/kpi can show: name, labels, help. Rules and boards are checked against it, and users build on it: a
// name that has been released does not change.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	started(t, app.Options{Config: configured(t, "", ""), Registry: registry})
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		registry.Describe(descs)
	}()
	var lines []string
	for d := range descs {
		m := descText.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("cannot read %s", d)
		}
		if !strings.HasPrefix(m[1], "vigia_") {
			continue
		}
		var labels []string
		for l := range strings.SplitSeq(m[3], ",") {
			if name, _, ok := strings.Cut(l, "="); ok {
				labels = append(labels, name)
			}
		}
		labels = append(labels, strings.FieldsFunc(m[4], func(r rune) bool { return r == ',' })...)
		slices.Sort(labels)
		lines = append(lines, fmt.Sprintf("/metrics %s {%s} %s", m[1], strings.Join(labels, ","), m[2]))
	}
	slices.Sort(lines)
	for _, m := range exporter.KPIMetrics() {
		lines = append(lines, fmt.Sprintf("/metrics/kpi %s {%s} %s", m.Name, strings.Join(m.Labels, ","), m.Help))
	}
	got := strings.Join(lines, "\n") + "\n"
	const file = "testdata/metrics.golden"
	if *updateMetrics {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the metrics are not those of %s (-update-metrics writes it anew; a metric that was released keeps its name and labels):\n%s", file, diff)
	}
}

// TestKPIMetricsAreServed by the exporter, to whoever may read.
func TestKPIMetricsAreServed(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, "", "")})
	metrics := a.Exporter().MetricsKPI()
	for token, want := range map[string]int{readToken: http.StatusOK, ingestToken: http.StatusUnauthorized, "": http.StatusUnauthorized} {
		server := httptest.NewServer(metrics)
		defer server.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode != want {
			t.Errorf("token %q: %s, want %d", token, answer.Status, want)
		}
	}
}
