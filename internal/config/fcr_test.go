package config

import (
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/sla"
)

// TestFirstContacts: rules of first contact resolution reach the policy, and a name that nothing has is an error at its line.
func TestFirstContacts(t *testing.T) {
	c, err := load(t, good+"    fcr: {window: {voice: 3d}, match: any, not_first_level: [tax], weights: {email: 2, complex: 3}}\n")
	if err != nil {
		t.Fatal(err)
	}
	p, err := sla.CompilePolicy(c.Tenant("acme").PolicySpec(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.FCRWindowMs("voice") != 3*24*3600_000 || !p.FCRMatchesAny() || p.FirstLevel("tax") || p.FCRWeight("email", 3) != 6 {
		t.Errorf("policy %s", p.JSON())
	}
	_, err = load(t, good+"    fcr:\n      window: {mail: 3d, voice: 31d}\n      weights: {hard: 3, email: -1}\n")
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`"mail" is unknown; use whatsapp, `, `"hard" is unknown; use whatsapp, `, `complex`, `fcr: window "voice": "31d" is out of range`, `fcr: weights "email": -1 is out of range`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %s", err, want)
		}
	}
}
