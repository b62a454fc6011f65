package mapping_test

import (
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

const policyHead = `name: m
tenant: t
channel: voice
zone: America/Lima
conversation: "{id}"
rows:
  - skip: none
`

func TestPolicy(t *testing.T) {
	m, err := mapping.Parse("m.yaml", []byte(policyHead+`policy:
  defaults: {target_seconds: 30}
  queues: {vip: {target_seconds: 10}}
  stale: {voice: 6h}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := m.Policy("acme")
	if p.Tenant != "acme" || p.Zone != "America/Lima" || *p.Defaults.TargetSeconds != 30 || *p.Queues["vip"].TargetSeconds != 10 || p.Stale["voice"] != "6h" || p.Retain != "never" {
		t.Errorf("%+v", p)
	}
}

func TestPolicyFaults(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "policy:\n  targets: 3\n", "m.yaml:9:3"},
		{"zone inside", "policy:\n  zone: UTC\n", "the mapping's own"},
		{"bad value", "policy:\n  stale: {voice: soon}\n", "stale"},
		{"repeats", "repeats: often\n", "together"},
		{"repeats with calls", "repeats: apart\ncalls: {begin: id is not empty}\n", "keep one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mapping.Parse("m.yaml", []byte(policyHead+c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want an error with %q", err, c.want)
			}
		})
	}
}
