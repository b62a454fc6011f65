package replay_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/replay/reference"
)

// contributions replays a file into contributions.
func contributions(t testing.TB, o replay.Options, file []byte) []replay.Contribution {
	t.Helper()
	o.Inputs = []mapping.Input{{Name: "file", R: bytes.NewReader(file)}}
	result, err := replay.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result.Contributions
}

// TestContributionsOfBank: what single calls add must be what the reference has for each day and queue, for every KPI and definition.
func TestContributionsOfBank(t *testing.T) {
	packed, plain := shared(t, "anonymous-bank")
	result, err := reference.Bank(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	type sum = [2]float64 // numerator and denominator
	kpis := []string{"contacts_abandoned", "speed_of_answer", "handle_time", "service_level"}
	want, got := map[string]sum{}, map[string]sum{}
	for key, cell := range result.Cells {
		if key.By != "day" || key.Queue == "" {
			continue
		}
		for name, n := range bankWant(cell) {
			id, _, _ := strings.Cut(name, " ")
			if s := (sum{n.numerator.Float(), 0}); slices.Contains(kpis, id) {
				if n.denominator.Known() {
					s[1] = n.denominator.Float()
				}
				want[name+" "+key.From+" "+key.Queue] = s
			}
		}
	}
	maps.DeleteFunc(want, func(_ string, s sum) bool { return s == sum{} })
	reasons := map[string]int{}
	for _, id := range kpis {
		conversations := map[string]bool{}
		o := replay.Options{Mapping: load(t, "anonymous-bank"), By: replay.Day, Contributions: id}
		if id == "service_level" {
			o.Definitions = bankTypes
		}
		for _, c := range contributions(t, o, packed) {
			conversations[c.Conversation] = true
			if c.Result == "out" {
				reasons[c.Why]++
				continue
			}
			key := c.KPI + " " + c.Definition + " " + c.From + " " + c.Group["queue"]
			s := got[key]
			s[0] += c.Numerator.Float()
			if c.Denominator.Known() {
				s[1] += c.Denominator.Float()
			}
			got[key] = s
		}
		if len(conversations) != result.Ledger.Used {
			t.Errorf("%s: %d conversations, the reference used %d rows", id, len(conversations), result.Ledger.Used)
		}
	}
	maps.DeleteFunc(got, func(_ string, s sum) bool { return s == sum{} })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sums (-reference +contributions):\n%s", diff)
	}
	for _, why := range []string{"never entered a queue", "abandoned within the short threshold", "abandoned after the target", "answered after the target"} {
		if reasons[why] == 0 {
			t.Errorf("no call is out because it %s; the reasons are %v", why, slices.Sorted(maps.Keys(reasons)))
		}
	}
}

// TestContributionsOfTwcs: n and sum of both response times of every brand.
func TestContributionsOfTwcs(t *testing.T) {
	packed, plain := shared(t, "twcs")
	result, err := reference.Twcs(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"first_response_time", "next_response_time"} {
		n, sum := map[string]int64{}, map[string]float64{}
		for _, c := range contributions(t, replay.Options{Mapping: load(t, "twcs"), Contributions: id}, packed) {
			if c.Result == "in" {
				n[c.Tenant]++
				sum[c.Tenant] += c.Numerator.Float()
			} else if c.Why == "" {
				t.Errorf("%s of %s is out for no reason", c.Conversation, c.Tenant)
			}
		}
		for brand, b := range result.Brands {
			want := b.FirstResponse
			if id == "next_response_time" {
				want = b.NextResponse
			}
			if n[brand] != want.N() || sum[brand] != float64(want.Sum()) {
				t.Errorf("%s of %s: n %d, sum %.0f, the reference has %d and %d", id, brand, n[brand], sum[brand], want.N(), want.Sum())
			}
		}
	}
}

// TestContributionReasons says, for one conversation of each kind, why it is in or out.
func TestContributionReasons(t *testing.T) {
	m, err := mapping.Parse("m.yaml", []byte(`
name: m
tenant: t
channel: email
layouts: [epoch_s]
times: {at: {column: at}}
conversation: "{id}"
rows:
  - {when: what == "in", events: [{message: inbound, at: at}]}
  - {when: what == "out", events: [{message: outbound, at: at, agent: eva}]}
  - {when: what == "bot", events: [{message: outbound, at: at, actor: bot}]}
  - {when: what == "spam", events: [{state: spam, at: at}]}
  - {when: what == "done", events: [{state: resolved, at: at}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	story := map[string]string{
		"answered": "in out in out", "silent": "in", "outreach": "out", "junk": "in spam", "robot": "in bot", "solved": "in out done",
	}
	var b strings.Builder
	b.WriteString("id,what,at\n")
	for i, id := range slices.Sorted(maps.Keys(story)) {
		for j, what := range strings.Fields(story[id]) {
			fmt.Fprintf(&b, "%s,%s,%d\n", id, what, 1_700_000_000+1000*i+60*j)
		}
	}
	for _, c := range []struct {
		kpi  string
		want map[string]string
	}{
		{"first_response_time", map[string]string{"answered": "in 60 first reply", "silent": "out no reply", "outreach": "out the customer wrote nothing", "junk": "out taken back: spam, deleted or merged",
			"robot": "out answered by a bot only", "solved": "in 60 first reply"}},
		{"next_response_time", map[string]string{"answered": "in 60 reply in a later turn", "silent": "out no reply", "outreach": "out the customer wrote nothing", "junk": "out taken back: spam, deleted or merged",
			"robot": "out answered by a bot only", "solved": "out no later turn was answered"}},
		{"resolution_time", map[string]string{"answered": "out not resolved", "silent": "out not resolved", "outreach": "out not resolved", "junk": "out taken back: spam, deleted or merged",
			"robot": "out not resolved", "solved": "in 120 resolved"}},
		{"contacts_lost", map[string]string{"answered": "out 60 answered after the target", "silent": "in 2592000 never ended, closed as lost", "outreach": "out the customer wrote nothing",
			"junk": "out taken back: spam, deleted or merged", "robot": "out answered by a bot only", "solved": "out 60 answered after the target"}},
		{"handle_time", map[string]string{"answered": "out no end of its handling is known", "silent": "out 2592000 never ended, closed as lost", "outreach": "out the customer wrote nothing",
			"junk": "out taken back: spam, deleted or merged", "robot": "out answered by a bot only", "solved": "out no end of its handling is known"}},
	} {
		got := map[string]string{}
		for _, x := range contributions(t, replay.Options{Mapping: m, Contributions: c.kpi}, []byte(b.String())) {
			words := []string{x.Result}
			if x.Seconds.Known() {
				words = append(words, string(x.Seconds))
			}
			got[x.Conversation] = strings.Join(append(words, x.Why), " ")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kpi, diff)
		}
	}
}
