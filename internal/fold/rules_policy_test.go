package fold

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Rule 11: a policy record with reapply re-evaluates every running clock at once.
func TestReapplySweeps(t *testing.T) {
	r := newRig(t, frtOnly())
	r.tick(t0)
	for i := range 40 {
		r.event(message(t0+int64(i)*1000, fmt.Sprint("c", i), event.Inbound))
	}
	r.tick(t0 + 90_000)
	r.wantTold("first_response")
	spec := frtOnly()
	spec.Rules[0].FirstResponse = "1m"
	p, err := sla.CompilePolicy(spec, 2)
	if err != nil {
		t.Fatal(err)
	}
	r.add(PolicyRecord(p, true), "")
	// 28 of them began more than a minute and the grace before T.
	if n := len(r.told("first_response")); n != 28 {
		t.Errorf("%d breaches after the policy was reapplied, want 28", n)
	}
}

// TestPolicyChangesDoNotDependOnBatches: policies, reapplied or not, and gaps between events; with reloads between, state and outputs must be the same to the byte,
// although a reloaded conversation is evaluated anew.
func TestPolicyChangesDoNotDependOnBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var policies []event.Policy
		for i, first := range []string{"2m", "1m", "30m", "5m"} {
			spec := testPolicy()
			spec.Rules[0].FirstResponse, spec.EpisodeGap = first, "1h"
			spec.Horizon = map[string]string{"*": []string{"1h", "3h"}[i%2]}
			spec.Grace = map[string]string{"*": []string{"2s", "5m"}[i/2]}
			spec.Stale = map[string]string{"web_chat": []string{"1h", "2h"}[i%2], "voice": "1h"}
			p, err := sla.CompilePolicy(spec, int64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			policies = append(policies, PolicyRecord(p, rapid.Bool().Draw(rt, "reapply")))
		}
		log := []event.RecordBody{policies[0]}
		policies = policies[1:]
		now := int64(t0)
		for _, e := range script(rt) {
			log = append(log, e)
			switch rapid.IntRange(0, 5).Draw(rt, "control") {
			case 0:
				if len(policies) > 0 {
					log, policies = append(log, policies[0]), policies[1:]
				}
			case 1:
				log = append(log, event.Gap{Tenant: "t", From: now, To: now + 10*minute})
			case 2, 3:
				now += int64(rapid.SampledFrom([]int{1000, 60_000, 130_000, 3600_000}).Draw(rt, "passes"))
				log = append(log, event.Tick{At: now})
			}
		}
		log = append(log, event.Tick{At: now + 50*60*minute})
		run := func(commits func() (cut, reload bool)) string {
			r := &rig{t: t, mem: Memory{}}
			r.slot = New(testConfig, r.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
			for i := 0; i < len(log); {
				key := ""
				if e, ok := log[i].(*event.Event); ok {
					key = e.Key()
				}
				done, err := r.slot.Apply(Input{Offset: int64(i), Key: key, Record: event.Record{Body: log[i]}})
				if err != nil {
					rt.Fatal(err)
				}
				if done {
					i++
				}
				cut, reload := commits()
				if !cut && i < len(log) {
					continue
				}
				c := r.slot.Commit()
				r.mem.Apply(c)
				r.outs = append(r.outs, c.Outs...)
				if r.slot.Committed(1 << 30); reload {
					r.slot = New(testConfig, r.mem.Load, c.To, Start{RestateAt: -1})
				}
			}
			for key, h := range r.mem {
				for field, b := range h {
					if !strings.HasPrefix(key, "p:") {
						continue
					}
					c, err := window.DecodeCell(b)
					if err != nil {
						rt.Fatal(err)
					}
					for m := range window.Metric(31) {
						if c.Metric(m).N < 0 {
							rt.Fatalf("%s %q: metric %d counts %d", key, field, m, c.Metric(m).N)
						}
					}
				}
			}
			return r.dump()
		}
		kept := run(func() (bool, bool) { return true, false })
		loaded := run(func() (bool, bool) { return true, true })
		if diff := cmp.Diff(lines(kept), lines(loaded)); diff != "" {
			rt.Fatalf("kept in memory (-), loaded every time (+):\n%s", diff)
		}
	})
}

func lines(s string) []string { return slices.Collect(strings.Lines(s)) }
