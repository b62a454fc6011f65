package exporter

import (
	"compress/gzip"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
)

const metricsToken = "prometheus-reads-all-with-this"

// scrapeOf asks for metrics; headers are pairs.
func scrapeOf(h *Handler, query string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/metrics/kpi"+query, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.MetricsKPI().ServeHTTP(w, r)
	return w
}

func asAcme(h *Handler, query string) *httptest.ResponseRecorder {
	return scrapeOf(h, query, "Authorization", "Bearer "+acmeToken)
}

func parse(t testing.TB, text string) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	m, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

// sample returns the value of the one series with exactly these labels, pairs of name and value.
func sample(t testing.TB, m map[string]*dto.MetricFamily, name string, pairs ...string) float64 {
	t.Helper()
	want := map[string]string{"tenant": "acme"}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	for _, s := range m[name].GetMetric() {
		have := map[string]string{}
		for _, l := range s.GetLabel() {
			have[l.GetName()] = l.GetValue()
		}
		if maps.Equal(have, want) {
			return s.GetGauge().GetValue()
		}
	}
	return math.NaN()
}

func TestMetricsOfTheGoldenHour(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	m := parse(t, asAcme(h, "?definition=all").Body.String())
	for definition, want := range map[string]float64{"vigia": 70. / 93, "connect": 79. / 100, "genesys": 70. / 97, "genesys-flowouts": 70. / 100, "talkdesk-calls": 70. / 85} {
		for _, labels := range [][]string{{"rollup", "queue", "queue", "PS"}, {"rollup", "channel_queue", "queue", "PS", "channel", "voice"}, {"rollup", "team", "team", "t1"}, {"rollup", "tenant"}} {
			got := sample(t, m, "vigia_kpi_service_level_ratio", append(labels, "window", "1h", "definition", definition)...)
			if math.Abs(got-want) > 1e-12 {
				t.Errorf("%s by %v: %v, want %v", definition, labels, got, want)
			}
		}
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"vigia_kpi_up", nil, 1},
		{"vigia_kpi_stale", nil, 0},
		{"vigia_kpi_as_of_timestamp_seconds", nil, float64(noon) / 1000},
		{"vigia_kpi_complete", []string{"rollup", "queue", "window", "1h"}, 1},
		{"vigia_kpi_dropped_groups", []string{"rollup", "queue"}, 0},
		// IN answered one contact before the hour: 0 in it, and no mean of nothing.
		{"vigia_kpi_contacts_answered", []string{"rollup", "queue", "queue", "IN", "window", "1h"}, 0},
		{"vigia_kpi_contacts_answered", []string{"rollup", "queue", "queue", "IN", "window", "today"}, 1},
		{"vigia_kpi_speed_of_answer_samples", []string{"rollup", "queue", "queue", "IN", "window", "1h"}, 0},
		{"vigia_kpi_speed_of_answer_mean_seconds", []string{"rollup", "queue", "queue", "IN", "window", "1h"}, math.NaN()},
		{"vigia_kpi_service_level_denominator", []string{"rollup", "queue", "queue", "IN", "window", "1h", "definition", "vigia"}, 0},
		{"vigia_kpi_service_level_ratio", []string{"rollup", "queue", "queue", "IN", "window", "1h", "definition", "vigia"}, math.NaN()},
		{"vigia_kpi_handle_time_mean_seconds", []string{"rollup", "tenant", "window", "5m"}, 181.001},
		{"vigia_kpi_contacts_waiting", []string{"rollup", "tenant"}, 2},
		{"vigia_kpi_contacts_waiting", []string{"rollup", "channel_queue", "channel", "email", "queue", "IN"}, 0},
		{"vigia_kpi_longest_wait_seconds", []string{"rollup", "queue", "queue", "PS"}, 700},
		{"vigia_kpi_longest_wait_seconds", []string{"rollup", "queue", "queue", "IN"}, math.NaN()},
		{"vigia_kpi_sla_overdue", []string{"rollup", "queue", "queue", "PS", "definition", "first_response"}, 1},
		{"vigia_kpi_active_customers", []string{"rollup", "tenant", "window", "5m"}, 7},
		{"vigia_kpi_active_customers", []string{"rollup", "queue", "queue", "PS", "window", "today"}, 7},
	} {
		if got := sample(t, m, c.name, c.labels...); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s%v = %v, want %v", c.name, c.labels, got, c.want)
		}
	}
}

// TestMetricsAreWhatTheAPISays compares every value of every roll-up and window with the API's.
func TestMetricsAreWhatTheAPISays(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	m := parse(t, asAcme(h, "").Body.String())
	compared := 0
	for _, ru := range rollups {
		var by []string
		for _, d := range ru.by {
			by = append(by, string(d))
		}
		for _, win := range metricWindows {
			path := "/api/v1/kpis?window=" + win.name
			if len(by) > 0 {
				path += "&group=" + strings.Join(by, ",")
			}
			for _, v := range values(t, h, path) {
				d, err := kpi.ByID(v.KPI)
				if err != nil {
					t.Fatal(err)
				}
				labels := []string{"rollup", ru.name}
				if !d.Instant() {
					labels = append(labels, "window", win.name)
				}
				if len(d.Definitions) > 1 {
					labels = append(labels, "definition", v.Definition)
				}
				for dim, name := range v.Group {
					if name != "" {
						labels = append(labels, dim, name)
					}
				}
				for _, p := range facetsOf(d) {
					want := p.value(&v).Float()
					if got := sample(t, m, metricName(d, p), labels...); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Errorf("%s%v = %v, the API says %v", metricName(d, p), labels, got, want)
					}
					compared++
				}
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d values were compared", compared)
	}
}

// TestRollupsAddUp: the counts of every roll-up add up to the tenant's.
func TestRollupsAddUp(t *testing.T) {
	w := newWorld(t)
	w.busy()
	m := parse(t, asAcme(newHandler(t, w), "").Body.String())
	sums := map[string]float64{}
	for _, s := range m["vigia_kpi_contacts_offered"].GetMetric() {
		l := map[string]string{}
		for _, p := range s.GetLabel() {
			l[p.GetName()] = p.GetValue()
		}
		if l["window"] == "today" {
			sums[l["rollup"]] += s.GetGauge().GetValue()
		}
	}
	if diff := cmp.Diff(map[string]float64{"tenant": 101, "channel": 101, "queue": 101, "team": 101, "channel_queue": 101}, sums); diff != "" {
		t.Error(diff)
	}
}

func TestMetricsFormats(t *testing.T) {
	w := newWorld(t)
	w.busy()
	w.count(convo.FirstResponse, 90_000, 20_000, 5_000)
	h := newHandler(t, w)
	text := asAcme(h, "").Body.String()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	} else {
		t.Log("promtool is not installed; only client_golang's lint was run")
	}
	known := map[string]MetricInfo{}
	for _, m := range KPIMetrics() {
		known[m.Name] = m
	}
	for name, f := range parse(t, text) {
		info, ok := known[name]
		if !ok || f.GetHelp() != info.Help {
			t.Errorf("%s is not in KPIMetrics, or with another help", name)
		}
		for _, s := range f.GetMetric() {
			for _, l := range s.GetLabel() {
				if !slices.Contains(info.Labels, l.GetName()) {
					t.Errorf("%s has a label %s that KPIMetrics does not name", name, l.GetName())
				}
			}
		}
	}
	om := scrapeOf(h, "", "Authorization", "Bearer "+acmeToken, "Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "Accept-Encoding", "gzip")
	if got := om.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("content type %q", got)
	}
	zip, err := gzip.NewReader(om.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# TYPE vigia_kpi_service_level_ratio gauge\n# UNIT vigia_kpi_service_level_ratio ratio\n",
		"# TYPE vigia_kpi_first_response_time_seconds gaugehistogram\n# UNIT vigia_kpi_first_response_time_seconds seconds\n"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("OpenMetrics lacks %q", want)
		}
	}
	if !strings.HasSuffix(string(body), "# EOF\n") {
		t.Error("OpenMetrics has no end mark")
	}
}

// count adds moments of queue PS a minute ago.
func (w *world) count(kind convo.MomentKind, waits ...int64) {
	for _, v := range waits {
		w.stage1[0].count("acme", 1, convo.Moment{Kind: kind, At: noon - 60_000, Group: voice("PS", "7"), Value: v})
	}
	w.stage1[0].commit()
}

func TestMetricsAccess(t *testing.T) {
	w := newWorld(t)
	w.busy()
	w.cfg.MetricsTokens = []httpapi.Token{{Plain: metricsToken}}
	closed := newHandler(t, w)
	w.cfg.Open = true
	for i := range w.cfg.Tenants {
		w.cfg.Tenants[i].Tokens = nil
	}
	open := newHandler(t, w)
	for _, c := range []struct {
		name    string
		h       *Handler
		query   string
		token   string
		host    string
		code    int
		tenants string
	}{
		{"no token", closed, "", "", "", 401, ""},
		{"unknown token", closed, "", "something-else-entirely", "", 401, ""},
		{"read token", closed, "", acmeToken, "", 200, "acme"},
		{"read token, own tenant", closed, "?tenant=acme", acmeToken, "", 200, "acme"},
		{"read token, other tenant", closed, "?tenant=other", acmeToken, "", 400, ""},
		{"read token, two tenants", closed, "?tenant=other,acme", acmeToken, "", 400, ""},
		{"metrics token", closed, "", metricsToken, "", 200, "acme other"},
		{"metrics token, one tenant", closed, "?tenant=other", metricsToken, "", 200, "other"},
		{"metrics token, no such tenant", closed, "?tenant=nobody", metricsToken, "", 400, ""},
		{"loopback", open, "", "", "localhost:8420", 200, "acme other"},
		{"loopback by another name", open, "", "", "evil.example", 403, ""},
		{"another machine that says it is this one", open, "", "", "localhost", 401, ""},
		{"another machine with a token", open, "", metricsToken, "localhost", 200, "acme other"},
		{"no such parameter", closed, "?windows=5m", acmeToken, "", 400, ""},
		{"no such roll-up", closed, "?rollup=agent", acmeToken, "", 400, ""},
		{"no such definition", closed, "?definition=mine", acmeToken, "", 400, ""},
		{"no such histogram", closed, "?histogram=round", acmeToken, "", 400, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics/kpi"+c.query, nil)
		if c.host != "" {
			r.Host = c.host
		}
		if strings.HasPrefix(c.name, "loopback") {
			r.RemoteAddr = "127.0.0.1:50000"
		}
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		got := httptest.NewRecorder()
		c.h.MetricsKPI().ServeHTTP(got, r)
		if got.Code != c.code {
			t.Errorf("%s: %d %s", c.name, got.Code, got.Body)
			continue
		}
		if c.code != 200 {
			if strings.Contains(got.Body.String(), metricsToken) || got.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %v %s", c.name, got.Header(), got.Body)
			}
			continue
		}
		var tenants []string
		for _, s := range parse(t, got.Body.String())["vigia_kpi_up"].GetMetric() {
			tenants = append(tenants, s.GetLabel()[0].GetValue())
		}
		if strings.Join(tenants, " ") != c.tenants {
			t.Errorf("%s: %v", c.name, tenants)
		}
	}
	if got := get(closed, "/api/v1/kpis", "Authorization", "Bearer "+metricsToken); got.Code != 401 {
		t.Errorf("a metrics token reads the API: %d", got.Code)
	}
}
