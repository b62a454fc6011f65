package rule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/rule"
)

// parse reads one rule, for the tenant acme.
func parse(t testing.TB, yaml string) *rule.Rule {
	t.Helper()
	return parseSet(t, "version: vigia/v1\nrules:\n  - "+yaml).Rules[0]
}

func parseSet(t testing.TB, yaml string) *rule.Set {
	t.Helper()
	f, err := rule.Parse("rules.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.NewSet("acme", nil, f)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var sales = map[string]string{"queue": "sales"}

// play steps a rule along letters, one every ten seconds from 10 s on: f fires, c clear, n neither, u unknown, x closed, - no evaluation. It returns what changed as "20:firing".
func play(r *rule.Rule, letters string) (rule.State, []string) {
	var s rule.State
	var out []string
	for i, letter := range letters {
		o := rule.Observation{At: int64(i+1) * 10_000, Group: sales, Fire: rule.False, Clear: rule.False}
		switch letter {
		case 'f':
			o.Fire = rule.True
		case 'c':
			o.Clear = rule.True
		case 'u':
			o.Fire, o.Clear, o.Reason = rule.Unknown, rule.Unknown, rule.Stale
		case 'x':
			o.Clear, o.Reason = rule.True, rule.Closed
		case '-':
			continue
		}
		var changes []rule.Change
		s, changes = r.Step(s, o)
		for _, c := range changes {
			text := fmt.Sprintf("%d:%s", c.At/1000, c.What)
			if c.Reason != "" {
				text += "(" + string(c.Reason) + ")"
			}
			out = append(out, text)
		}
	}
	return s, out
}

func TestStep(t *testing.T) {
	for _, c := range []struct{ name, rule, letters, want string }{
		{"at once", "{for: 0s, keep_firing_for: 0s}", "cfc", "20:firing 30:resolved"},
		{"for", "{for: 20s, keep_firing_for: 0s}", "fffc", "10:pending 30:firing 40:resolved"},
		{"over before it fired", "{for: 30s}", "ffcf", "10:pending 30:dropped 40:pending"},
		{"keeps firing", "{for: 0s, keep_firing_for: 20s}", "fcncccc", "10:firing 60:resolved"},
		{"again while it keeps", "{for: 0s, keep_firing_for: 30s}", "fccfcccc", "10:firing 80:resolved"},
		{"between the thresholds", "{for: 0s, keep_firing_for: 0s}", "fnnnc", "10:firing 50:resolved"},
		{"neither does not fire", "{for: 0s}", "nnn", ""},
		{"unknown does not end", "{for: 0s, keep_firing_for: 0s}", "fuuuc", "10:firing 20:unknown(stale) 50:known 50:resolved"},
		{"unknown does not fire", "{for: 0s}", "uuu", "10:unknown(stale)"},
		{"unknown holds pending", "{for: 30s}", "fuuuf", "10:pending 20:unknown(stale) 50:known 50:firing"},
		{"unknown does not end what is kept", "{for: 0s, keep_firing_for: 20s}", "fcuuuc", "10:firing 30:unknown(stale) 60:known 60:resolved"},
		{"closing ends at once", "{for: 0s, keep_firing_for: 1h}", "ffx", "10:firing 30:resolved(closed)"},
		{"closing drops", "{for: 30s}", "fxx", "10:pending 20:dropped(closed)"},
		{"closing ends the unknown", "{for: 0s}", "fux", "10:firing 20:unknown(stale) 30:known 30:resolved(closed)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parse(t, "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', by: [queue], "+strings.Trim(c.rule, "{}")+"}")
			_, got := play(r, c.letters)
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFlapping: the third firing within an hour keeps for twice as long, and so on; quiet hours take it back.
func TestFlapping(t *testing.T) {
	r := parse(t, "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', by: [queue], keep_firing_for: 1m}")
	s, got := play(r, strings.Repeat("fccccccc", 3)+strings.Repeat("c", 12))
	// 1 min, 1 min, then 2 min.
	want := "10:firing 80:resolved 90:firing 160:resolved 170:firing 300:resolved"
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
	if s.Idle() {
		t.Error("a rule that flapped forgets it at once")
	}
	for at := int64(400_000); at < 3*3_600_000; at += 10_000 {
		s, _ = r.Step(s, rule.Observation{At: at, Group: sales, Fire: rule.False, Clear: rule.True})
	}
	if !s.Idle() {
		t.Error("quiet hours do not make it forget")
	}
}

// TestIncidentIDs: an id is the same in every replay, and new with every firing; rules, groups and tenants differ.
func TestIncidentIDs(t *testing.T) {
	r := parse(t, "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', by: [queue], for: 20s, keep_firing_for: 0s}")
	ids := func(group map[string]string, offset int64) (out []string) {
		var s rule.State
		for i, fire := range []bool{true, true, true, false, true, true, true, false} {
			o := rule.Observation{At: offset + int64(i+1)*10_000, Group: group, Fire: rule.False, Clear: rule.True}
			if fire {
				o.Fire, o.Clear = rule.True, rule.False
			}
			var changes []rule.Change
			s, changes = r.Step(s, o)
			for _, c := range changes {
				if c.What == rule.Fired || c.What == rule.Resolved {
					out = append(out, c.Incident)
				}
			}
		}
		return out
	}
	a := ids(sales, 0)
	if len(a) != 4 || a[0] != a[1] || a[2] != a[3] || a[0] == a[2] || len(a[0]) != 32 {
		t.Errorf("ids %q: want two incidents, each with one id of 32 characters", a)
	}
	if diff := cmp.Diff(a, ids(sales, 0)); diff != "" {
		t.Error("a replay gives other ids", diff)
	}
	if b := ids(map[string]string{"queue": "support"}, 0); b[0] == a[0] {
		t.Error("two queues share an id")
	}
}

// TestRuleChanged: a rule whose file changed goes on with the old state.
func TestRuleChanged(t *testing.T) {
	const base = "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', "
	long, short := parse(t, base+"by: [queue], for: 10m}"), parse(t, base+"by: [queue], for: 20s}")
	s, _ := play(long, "ff")
	s, changes := short.Step(s, rule.Observation{At: 30_000, Group: sales, Fire: rule.True, Clear: rule.False})
	if len(changes) != 1 || changes[0].What != rule.Fired || changes[0].Since != 10_000 {
		t.Errorf("a shorter for: %+v, want it to fire, since 10 s", changes)
	}
	if by := parse(t, base+"by: [channel]}"); by.Fits(s) || !short.Fits(s) {
		t.Error("a rule by channel fits a state by queue, or the one by queue does not")
	}
	for _, reason := range []rule.Reason{rule.RuleRemoved, rule.RuleChanged} {
		gone, changes := rule.Retire(s, 50_000, reason)
		if len(changes) != 1 || changes[0].What != rule.Resolved || changes[0].Reason != reason || changes[0].Incident != s.Incident || !gone.Idle() {
			t.Errorf("retired: %+v %+v", gone, changes)
		}
	}
	if _, changes := rule.Retire(rule.State{}, 1, rule.RuleRemoved); changes != nil {
		t.Errorf("an inactive state retires with %+v", changes)
	}
}

// TestStepKeepsItsPromises: whatever is observed, whatever rule comes next, whenever the state is written and read, and however often an observation repeats.
func TestStepKeepsItsPromises(t *testing.T) {
	var rules []*rule.Rule
	for _, more := range []string{"for: 0s, keep_firing_for: 0s", "for: 30s, keep_firing_for: 1m", "for: 5m, keep_firing_for: 10s"} {
		rules = append(rules, parse(t, "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', by: [queue], "+more+"}"))
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rules[0]
		var s rule.State
		at, open := int64(0), ""
		seen := map[string]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				r = rules[rapid.IntRange(0, len(rules)-1).Draw(t, "rule")]
				continue
			case 1:
				restored, err := rule.DecodeState(s.Encode())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(restored.Encode(), s.Encode()) {
					t.Fatal("a state changes by being written and read")
				}
				s = restored
				continue
			}
			at += 10_000 * int64(rapid.IntRange(1, 40).Draw(t, "pause"))
			o := rule.Observation{At: at, Group: sales}
			o.Fire, o.Clear = rule.Truth(rapid.IntRange(0, 2).Draw(t, "fire")), rule.Truth(rapid.IntRange(0, 2).Draw(t, "clear"))
			if o.Fire == rule.True {
				o.Clear = rule.False
			}
			if rapid.IntRange(0, 20).Draw(t, "closed") == 0 {
				o.Fire, o.Clear, o.Reason = rule.False, rule.True, rule.Closed
			}
			unknown := o.Fire == rule.Unknown || o.Clear == rule.Unknown
			var changes []rule.Change
			s, changes = r.Step(s, o)
			for _, c := range changes {
				switch c.What {
				case rule.Fired:
					if open != "" || seen[c.Incident] || unknown || o.Fire != rule.True {
						t.Fatalf("fired while %q was open, a second time or without cause", open)
					}
					open, seen[c.Incident] = c.Incident, true
				case rule.Resolved:
					if open == "" || c.Incident != open || unknown {
						t.Fatalf("resolved %q while %q was open, or unknown", c.Incident, open)
					}
					open = ""
				}
			}
			if s.Status.Open() != (open != "") || s.Status.Open() != (s.Incident != "") {
				t.Fatalf("state %+v while %q is open", s, open)
			}
			again, more := r.Step(s, o)
			if len(more) > 0 || !slices.Equal(again.Encode(), s.Encode()) {
				t.Fatal("a repeated observation changes something")
			}
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	r := parse(f, "{alert: A, kpi: speed_of_answer, window: 15m, fire: '> 10s', by: [queue]}")
	for _, letters := range []string{"", "f", "fc", "fcfcfcf", "fu"} {
		s, _ := play(r, letters)
		f.Add(s.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := rule.DecodeState(b)
		if err != nil {
			return
		}
		if _, err := rule.DecodeState(s.Encode()); err != nil {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}
