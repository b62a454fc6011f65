package config

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/sla"
)

var update = flag.Bool("update", false, "write the golden files anew")

func unset(string) string { return "" }

// TestFindings compares what is reported about bad files with what stands beside them.
func TestFindings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file, unset)
			found, ok := errors.AsType[document.Findings](err)
			if !ok {
				t.Fatalf("no findings but %v", err)
			}
			got := found.Error() + "\n"
			golden := strings.TrimSuffix(file, "yml") + "golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got), -update accepts it:\n%s", diff)
			}
			asJSON, err := json.Marshal(found)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"hunter", "visible", "short1", "short2", "tok-en"} {
				if strings.Contains(got, secret) || strings.Contains(string(asJSON), secret) {
					t.Errorf("the findings contain %q", secret)
				}
			}
		})
	}
}

const good = `
listen: "[::1]:9000"
data: state
kafka: {brokers: [kafka-1:9092], prefix: staging., replication: 3}
redis: {addresses: [redis:6379], password_file: redis.password}
limits: {body: 512KiB, rate: 100.5}
worker: {accept_clock: true}
tenants:
  - &base
    name: acme
    zone: ${ZONE}
    ingest_tokens: ["${TOKEN}", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    read_tokens_file: read.tokens
    pseudonym_key: "abababababababababababababababababababababababababababababababab"
    key_version: 2
    sources: [{connector: zendesk, account: "12", keep_links: true, labels: {vip: [yes, no]}}]
    plain_names: ["$${literal}", $5]
    rules:
      - {name: r, warn: [], match: {queue: [Ventas]}, first_response: 1m30s}
    calendars: [{name: unquoted, week: {mon-fri: [09:00-12:00, 13:30-18:00], sat: [ 10:00-13:00 ]}}]
    queues: {Ventas: {target_seconds: 30}}
    stale: {voice: never}
`

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"vigia.yml": text, "redis.password": "pass word\n", "read.tokens": "# people\nreader-token-0001\n\nreader-token-0002\r\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(filepath.Join(dir, "vigia.yml"), func(name string) string {
		return map[string]string{"ZONE": "Europe/Madrid", "TOKEN": "token: # from the environment"}[name]
	})
}

func TestLoad(t *testing.T) {
	c, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	tenant := c.Tenant("acme")
	reveal := func(secrets []Secret) (out []string) {
		for _, s := range secrets {
			out = append(out, s.Reveal())
		}
		return out
	}
	want := Config{
		Listen: "[::1]:9000", Data: filepath.Join(filepath.Dir(c.File()), "state"),
		Kafka:  Kafka{Brokers: []string{"kafka-1:9092"}, Prefix: "staging.", Replication: 3},
		Redis:  Redis{Addresses: []string{"redis:6379"}, Prefix: "vigia", Password: NewSecret("pass word"), PasswordFile: "redis.password"},
		Limits: Limits{Body: 512 << 10, Events: 1000, Rate: 100.5}, Worker: Worker{Memory: 128 << 20, AcceptClock: true},
	}
	got := *c
	got.Tenants, got.source = nil, nil
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Config{}, Secret{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"token: # from the environment", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}, reveal(tenant.IngestTokens)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"reader-token-0001", "reader-token-0002"}, reveal(tenant.ReadTokens)); diff != "" {
		t.Error(diff)
	}
	if len(tenant.Key()) != 32 || tenant.Key()[0] != 0xab || tenant.Version() != '2' || tenant.Location().String() != "Europe/Madrid" || tenant.Lang() != "en" {
		t.Errorf("key %x, version %c, zone %v, language %s", tenant.Key(), tenant.Version(), tenant.Location(), tenant.Lang())
	}
	if diff := cmp.Diff([]string{"${literal}", "$5"}, tenant.PlainNames); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"vip": {"yes", "no"}}, tenant.Sources[0].Labels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"mon-fri": {"09:00-12:00", "13:30-18:00"}, "sat": {"10:00-13:00"}}, tenant.Calendars[0].Week); diff != "" {
		t.Error(diff)
	}
	p, err := sla.CompilePolicy(tenant.PolicySpec(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Match("email", "Ventas", "", ""); r == nil || r.Targets[sla.FirstResponse] != 90_000 || len(r.Warn) != 0 || p.Queue("Ventas").TargetMs != 30_000 || p.StaleMs("voice") != 0 {
		t.Errorf("rule %+v, queue %+v, stale %d", r, p.Queue("Ventas"), p.StaleMs("voice"))
	}
	if c.Kafka.PartitionCount() != 12 || (Kafka{}).PartitionCount() != 4 || (Kafka{Partitions: 7}).PartitionCount() != 7 {
		t.Error("partition counts")
	}
}

func TestAlias(t *testing.T) {
	c, err := load(t, strings.Replace(good, "    rules:", "    grace: &g {voice: 5s}\n    horizon: *g\n    rules:", 1)+"    episode_gap: 1h\n")
	if err == nil || !strings.Contains(err.Error(), "horizon") {
		t.Fatalf("an alias was not followed: %v", err) // 5 s is too short for a horizon
	}
	if _, err := load(t, "tenants: &a [*a]\n"); err == nil {
		t.Errorf("an endless alias: %v", c)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "vigia.yml"), unset)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "vigia init") {
		t.Error(err)
	}
	if _, err := Load(t.TempDir(), unset); err == nil {
		t.Error("a folder was read")
	}
}

// TestSecret prints a secret in every way there is.
func TestSecret(t *testing.T) {
	const text = "do-not-print-me"
	s := NewSecret(text)
	type holder struct {
		S  Secret
		P  *Secret
		L  []Secret
		In any
		un Secret
	}
	h := holder{s, &s, []Secret{s}, s, s}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "h", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s, "h", h)
	printed := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &s))
	}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	printed = append(printed, string(asJSON), string(asYAML), fmt.Sprint(Config{Redis: Redis{Password: s}}))
	for _, p := range printed {
		if strings.Contains(p, text) || strings.Contains(p, fmt.Sprintf("%x", text)) {
			t.Errorf("printed: %s", p)
		}
	}
	if s.Reveal() != text || s.IsZero() || !(Secret{}).IsZero() || (Secret{}).String() != "" {
		t.Error("the secret itself")
	}
}

func TestInterpolate(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "${A}": "1", "a${A}b${B}c": "a1b2c", "$A": "$A", "$${A}": "${A}", "x$${A}${A}": "x${A}1", "${A": "${A", "a$": "a$", "${}": "<>", "$$": "$$", "}${A}{": "}1{",
	} {
		got := interpolate(in, func(name string) string {
			return map[string]string{"A": "1", "B": "2", "": "<>"}[name]
		})
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "5": 5, "5B": 5, "1KiB": 1024, "3 MiB": 3 << 20, "2GiB": 2 << 30, "": -1, "1MB": -1, "-1": -1, "9999999999GiB": -1, "1.5MiB": -1} {
		var s Size
		if err := s.fromText(text); err != nil {
			s = -1
		}
		if s != want {
			t.Errorf("%q is %d, want %d", text, s, want)
		}
		if want > 0 {
			var again Size
			if err := again.fromText(s.String()); err != nil || again != s {
				t.Errorf("%q prints as %s", text, s)
			}
		}
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "localhost:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:1": false, "127.0.0.1": false, "localhost.example.com:1": false,
	} {
		if Loopback(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}

// TestValidateWithoutFile: a configuration made by a program gets the same messages, with paths instead of lines.
func TestValidateWithoutFile(t *testing.T) {
	c := Default()
	c.Tenants = []Tenant{{Name: "a", Zone: "UTC", PseudonymKey: NewSecret(strings.Repeat("00", 32)), Rules: []sla.RuleSpec{{Name: "r", FirstResponse: "x"}}}}
	err := c.Validate()
	if err == nil || !strings.HasPrefix(err.Error(), `tenants[0]: rule "r": first_response: `) {
		t.Error(err)
	}
	c.Tenants[0].Rules = nil
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	files, _ := filepath.Glob("testdata/*.yml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "_file") {
			return // no reading of files that chance names
		}
		c, err := Parse("vigia.yml", text, unset)
		if (c == nil) == (err == nil) {
			t.Errorf("configuration %v, error %v", c, err)
		}
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}

// TestDocumented: every key is in the README.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var visit func(typ reflect.Type)
	seen := map[reflect.Type]bool{}
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for field := range typ.Fields() {
			if key := field.Tag.Get("yaml"); key != "" {
				key, _, _ = strings.Cut(key, ",")
				if !regexp.MustCompile("[`.]" + key + "[`.]").Match(text) {
					t.Errorf("the key %q of %v is not explained", key, typ)
				}
				visit(field.Type)
			}
		}
	}
	visit(reflect.TypeFor[Config]())
}
