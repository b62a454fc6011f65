package sla

import (
	"math"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestUpdateTargets(t *testing.T) {
	var spec PolicySpec
	const text = "{tenant: t, zone: UTC, sla_objective: 0.975, rules: [{name: r, periodic_update: 4h, pausable_update: 90m}]}"
	if err := yaml.UnmarshalWithOptions([]byte(text), &spec, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	p, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Match("email", "", "", ""); r.Targets != [NumClocks]int64{PeriodicUpdate: 14_400_000, PausableUpdate: 5_400_000} || r.WarnAfter(PausableUpdate, 50) != 2_700_000 {
		t.Errorf("targets %v", r.Targets)
	}
	if p.SLAObjective() != 975_000 {
		t.Errorf("objective %d", p.SLAObjective())
	}
	q, err := DecodePolicy(p.JSON(), 1)
	if err != nil || q.SLAObjective() != 975_000 || q.Rules()[0].Targets != p.Rules()[0].Targets {
		t.Errorf("the record says %+v, %v", q, err)
	}
}

// What a policy does not say is not in its record: rules written before keep their hash.
func TestObjective(t *testing.T) {
	p, err := CompilePolicy(DefaultPolicy("t", "UTC"), 1)
	if err != nil || p.SLAObjective() != DefaultObjective || strings.Contains(string(p.JSON()), "objective") {
		t.Errorf("objective %d, %v: %s", p.SLAObjective(), err, p.JSON())
	}
	for _, o := range []float64{0, 1, 95, -0.5, 0.99999, math.NaN()} {
		spec := DefaultPolicy("t", "UTC")
		spec.SLAObjective = &o
		if _, err := CompilePolicy(spec, 1); err == nil {
			t.Errorf("an objective of %v is accepted", o)
		} else if o == 95 && err.Error() != `policy of tenant "t": sla_objective: 95 is out of range; use 0.0001 to 0.9999, such as 0.95 for 95 % of promises kept` {
			t.Errorf("an objective of 95: %v", err)
		}
	}
}
