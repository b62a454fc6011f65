package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// boardFolder holds the boards, from this folder.
const boardFolder = "../../deploy/grafana"

// TestBoardsReturnData runs every query of every board against a Prometheus that scrapes a running demonstration: scripts/boards.sh query URL.
func TestBoardsReturnData(t *testing.T) {
	server := os.Getenv("VIGIA_TEST_PROMETHEUS")
	if server == "" {
		t.Skip("VIGIA_TEST_PROMETHEUS is not set: `vigia demo`, `scripts/prometheus.sh up`, then `scripts/boards.sh query http://127.0.0.1:39190`")
	}
	boardsReturnData(t, strings.TrimSuffix(server, "/"), "demo")
}

// TestPrometheus: a real Prometheus scrapes the demonstration, evaluates every shipped rule, knows its Alertmanager, and answers every query of every board.
func TestPrometheus(t *testing.T) {
	needPrometheus(t)
	demo, admin := startDemo(t)
	for _, histogram := range []string{"classic", "native"} {
		t.Run(histogram, func(t *testing.T) { prometheusWorks(t, startPrometheus(t, admin, "VIGIA_HISTOGRAM="+histogram), demo) })
	}
}

// needPrometheus skips the test where the programs are not installed, and outside of `make test-stack`: with real programs it takes a minute.
func needPrometheus(t *testing.T) {
	t.Helper()
	needServers(t)
	for _, program := range [][]string{{"prometheus"}, {"promtool"}, {"alertmanager", "prometheus-alertmanager"}, {"curl"}} {
		found := false
		for _, name := range program {
			_, err := exec.LookPath(name)
			found = found || err == nil
		}
		if !found {
			t.Skipf("%s is not installed: apt-get install prometheus prometheus-alertmanager curl", program[0])
		}
	}
}

// prometheusWorks waits until everything that ships works with a Prometheus.
func prometheusWorks(t *testing.T, server string, demo *output) {
	t.Helper()
	eventually(t, 90*time.Second, "both targets are up", func(ctx context.Context) error {
		var up vector
		if err := ask(ctx, server, "/api/v1/query", url.Values{"query": {`up{job=~"vigia|vigia-kpi"} == 1`}}, &up); err != nil {
			return err
		}
		if len(up.Result) != 2 {
			return fmt.Errorf("%d targets are up; the demonstration said\n%s", len(up.Result), demo)
		}
		return nil
	})
	eventually(t, time.Minute, "every rule is healthy", func(ctx context.Context) error { return rulesAreHealthy(ctx, server) })
	var managers struct {
		Active []struct{ URL string } `json:"activeAlertmanagers"`
	}
	eventually(t, time.Minute, "Prometheus knows its Alertmanager", func(ctx context.Context) error {
		if err := ask(ctx, server, "/api/v1/alertmanagers", nil, &managers); err != nil {
			return err
		}
		if len(managers.Active) != 1 {
			return fmt.Errorf("%d Alertmanagers", len(managers.Active))
		}
		return nil
	})
	boardsReturnData(t, server, "demo")
}

// waitingFor matches how long a condition must hold, and how often rules are evaluated.
var waitingFor = regexp.MustCompile(`(?m)^( +(?:for|interval): ).*$`)

// TestPrometheusAlerts: the incident of the demonstration, ten times as fast, reaches a receiver through the shipped rules and a real Alertmanager: grouped, with its
// runbook, and resolved when people have caught up.
func TestPrometheusAlerts(t *testing.T) {
	needPrometheus(t)
	shipped, err := os.ReadFile("../../deploy/prometheus/vigia.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	// The conditions are those that ship; only nobody waits for them to last.
	rules := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(rules, waitingFor.ReplaceAll(shipped, []byte("${1}1s")), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := map[string]map[string]string{} // by status, the annotations of the incident's alert
	groups := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			GroupLabels map[string]string
			Alerts      []struct {
				Status              string
				Labels, Annotations map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Errorf("Alertmanager sent what cannot be read: %v", err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, a := range message.Alerts {
			if a.Labels["alertname"] == "VigiaSLAOverdue" && a.Labels["definition"] == "first_response" && a.Labels["queue"] != "" {
				told[a.Status+" "+a.Labels["queue"]] = a.Annotations
				if message.GroupLabels["queue"] == a.Labels["queue"] {
					groups++
				}
			}
		}
	}))
	defer receiver.Close()
	demo, admin := startDemo(t, "--speed", "10")
	startPrometheus(t, admin, "VIGIA_RULES="+rules, "VIGIA_ALERT_WEBHOOK="+receiver.URL)
	eventually(t, 3*time.Minute, "the incident is told and resolved", func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		for key, annotations := range told {
			queue, firing := strings.CutPrefix(key, "firing ")
			if !firing || told["resolved "+queue] == nil || groups < 2 {
				continue
			}
			if !strings.HasSuffix(annotations["runbook_url"], "/VigiaSLAOverdue.md") || !strings.Contains(annotations["description"], queue) {
				t.Errorf("annotations %v", annotations)
			}
			return nil
		}
		return fmt.Errorf("told: %v; the demonstration said\n%s", slices.Collect(maps.Keys(told)), demo)
	})
}

// startDemo builds the program and starts the demonstration. admin is where its metrics are: on the port after that of the page.
func startDemo(t *testing.T, flags ...string) (said *output, admin string) {
	t.Helper()
	program := binary
	if program == "" {
		program = filepath.Join(t.TempDir(), "vigia")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/vigia").CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
	}
	listen, admin := freePair(t)
	said = &output{}
	cmd := exec.Command(program, append([]string{"demo", "--lang", "en", "--listen", listen, "--data", filepath.Join(t.TempDir(), "demo")}, flags...)...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the demonstration said:\n%s", said)
		}
	})
	return said, admin
}

// freePair finds two free ports, one after the other.
func freePair(t *testing.T) (first, second string) {
	t.Helper()
	for range 50 {
		first = freeAddress(t)
		host, port, err := net.SplitHostPort(first)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		second = net.JoinHostPort(host, strconv.Itoa(n+1))
		if l, err := net.Listen("tcp", second); err == nil {
			l.Close()
			return first, second
		}
	}
	t.Fatal("no two ports in a row are free")
	return "", ""
}

// startPrometheus starts Prometheus and Alertmanager on ports of their own, as scripts/prometheus.sh does.
func startPrometheus(t *testing.T, target string, settings ...string) (server string) {
	t.Helper()
	port := func() string {
		_, p, _ := strings.Cut(freeAddress(t), ":")
		return p
	}
	at, alerts := port(), port()
	env := append(os.Environ(), "VIGIA_TARGET="+target, "VIGIA_TARGET_KPI="+target, "VIGIA_TOKEN_FILE=", "VIGIA_PROMETHEUS_PORT="+at, "VIGIA_ALERTMANAGER_PORT="+alerts,
		"VIGIA_SCRAPE_INTERVAL=2s", "VIGIA_STACK_DIR="+filepath.Join(t.TempDir(), "stack"))
	env = append(env, settings...)
	run := func(ctx context.Context, verb string) error {
		cmd := exec.CommandContext(ctx, "../../scripts/prometheus.sh", verb)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("scripts/prometheus.sh %s: %w\n%s", verb, err, out)
		}
		return nil
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := run(ctx, "down"); err != nil {
			t.Error(err)
		}
	})
	if err := run(t.Context(), "up"); err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + at
}

// ask asks the API of Prometheus.
func ask(ctx context.Context, server, path string, q url.Values, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server+path+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var envelope struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return fmt.Errorf("%s: %s: %w", path, answer.Status, err)
	}
	if envelope.Status != "success" {
		return errors.New(envelope.Error)
	}
	return json.Unmarshal(envelope.Data, into)
}

// vector is the answer to an instant query.
type vector struct {
	Result []struct {
		Metric map[string]string
		Value  [2]any
	}
}

// numbers counts the series that have one.
func (v vector) numbers() int {
	n := 0
	for _, r := range v.Result {
		text, _ := r.Value[1].(string)
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(f) {
			n++
		}
	}
	return n
}

func rulesAreHealthy(ctx context.Context, server string) error {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := ask(ctx, server, "/api/v1/rules", nil, &rules); err != nil {
		return err
	}
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s: %s is %s: %s", g.Name, r.Name, r.Health, r.LastError)
			}
			n++
		}
	}
	if n < 30 {
		return fmt.Errorf("only %d rules", n)
	}
	return nil
}

// boardsReturnData runs the queries of every board until each has returned a number; each may take its time, for rates need two scrapes and recordings a round of rules.
func boardsReturnData(t *testing.T, server, tenant string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(boardFolder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no boards in %s (%v)", boardFolder, err)
	}
	fill := strings.NewReplacer("$__rate_interval", "1m", "$tenant", tenant, "$queue", ".*", "$channel", ".*", "$window", "1h")
	waiting := map[string]string{} // by expression, where it stands
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ Expr, RefID string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range board.Panels {
			for _, q := range p.Targets {
				waiting[fill.Replace(q.Expr)] = fmt.Sprintf("%s, %q, query %s", board.Title, p.Title, q.RefID)
			}
		}
	}
	total := len(waiting)
	eventually(t, 2*time.Minute, "every query of every board returns data", func(ctx context.Context) error {
		var lacking []string
		for expr, where := range waiting {
			var v vector
			err := ask(ctx, server, "/api/v1/query", url.Values{"query": {expr}}, &v)
			if err == nil && v.numbers() > 0 {
				delete(waiting, expr)
				continue
			}
			lacking = append(lacking, fmt.Sprintf("%s (%v):\n%s", where, err, expr))
		}
		if len(lacking) > 0 {
			return fmt.Errorf("%d of %d queries have no data:\n%s", len(lacking), total, strings.Join(lacking, "\n"))
		}
		return nil
	})
	t.Logf("%d queries of %d boards returned data", total, len(files))
}
