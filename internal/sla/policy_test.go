package sla

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

const policyYAML = `
tenant: acme
zone: America/Mexico_City
calendars:
  - name: office
    week: {mon-fri: ["09:00-18:00"], sat: ["10:00-14:00"]}
    holiday_set: mx
    holidays:
      - {date: "12-24", name: Nochebuena, hours: ["09:00-13:00"]}
rules:
  - name: vip
    match: {priority: [urgent, high], channel: [whatsapp]}
    first_response: 2m
    warn: []
    pause_on: []
    next_from: last
    on_resolve: miss
    bot_time: true
  - name: internal
    match: {team: [it]}
  - name: office
    match: {channel: [whatsapp, email]}
    calendar: office
    first_response: 1h30m
    next_response: 45m
    resolution: 24h
    warn: [90, 50, 90]
queues:
  sales: {target_seconds: 0}
defaults: {target_seconds: 30}
agent_cells: true
stale: {whatsapp: 2d, fax: never}
grace: {mailbox: 1m}
horizon: {"*": 36h, whatsapp: 192h}
episode_gap: 1d12h
names: {agents: 10}
`

func yamlPolicy(t *testing.T) PolicySpec {
	t.Helper()
	var spec PolicySpec
	if err := yaml.UnmarshalWithOptions([]byte(policyYAML), &spec, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestPolicy(t *testing.T) {
	p, err := CompilePolicy(yamlPolicy(t), 7)
	if err != nil {
		t.Fatal(err)
	}
	match := func(channel, queue, team, priority, want string) *Rule {
		t.Helper()
		r := p.Match(channel, queue, team, priority)
		if r == nil {
			r = &Rule{}
		}
		if r.Name != want {
			t.Errorf("Match(%q,%q,%q,%q) = %q, want %q", channel, queue, team, priority, r.Name, want)
		}
		return r
	}
	vip := match("whatsapp", "sales", "it", "high", "vip")
	if vip.Targets != [NumClocks]int64{120_000, 0, 0} || len(vip.Warn) > 0 || vip.PausesOn("on_hold") ||
		!vip.NextFromLast || !vip.ResolveMisses || !vip.BotTime || !vip.Calendar.always || vip.Calendar.Zone() != p.Calendar(AlwaysOpen).Zone() {
		t.Errorf("vip = %+v", vip)
	}
	office := match("email", "", "", "", "office")
	if office.Targets != [NumClocks]int64{5_400_000, 2_700_000, 86_400_000} || !slices.Equal(office.Warn, []int{50, 90}) ||
		!office.PausesOn("on_hold") || !office.PausesOn("pending_customer") || office.PausesOn("snoozed") ||
		office.NextFromLast || office.ResolveMisses || office.BotTime || office.Calendar != p.Calendar("office") {
		t.Errorf("office = %+v", office)
	}
	if got := office.WarnAfter(Resolution, 50); got != 43_200_000 {
		t.Errorf("WarnAfter = %d", got)
	}
	if exempt := match("email", "", "it", "high", "internal"); exempt.Targets != [NumClocks]int64{} {
		t.Errorf("internal promises %v", exempt.Targets)
	}
	match("voice", "sales", "", "high", "")

	eq := func(name string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	eq("sales", p.Queue("sales"), QueueParams{0, 0}) // a short abandonment is never longer than the target
	eq("other queues", p.Queue("x"), QueueParams{30_000, 5000})
	eq("stale", []int64{p.StaleMs("whatsapp"), p.StaleMs("voice"), p.StaleMs("fax"), p.StaleMs("pigeon")}, []int64{48 * hour, 4 * hour, 0, 720 * hour})
	eq("grace", []int64{p.GraceMs("mailbox"), p.GraceMs("x")}, []int64{60_000, 2000})
	eq("horizon", []int64{p.HorizonMs("whatsapp"), p.HorizonMs("x")}, []int64{192 * hour, 36 * hour})
	eq("gaps", []int64{p.EpisodeGapMs(), p.SessionGapMs(), p.SurveysRestMs(), p.ProactiveWindowMs()}, []int64{36 * hour, 24 * hour, 30 * 24 * hour, 24 * hour})
	eq("names", p.Names(), NameCaps{200, 200, 10, 200})
	eq("rest", []any{p.AgentCells(), p.Zone().String(), p.Serial, p.Tenant}, []any{true, "America/Mexico_City", int64(7), "acme"})
}

func TestPolicyTravels(t *testing.T) {
	spec := yamlPolicy(t)
	before, _ := json.Marshal(spec)
	p, err := CompilePolicy(spec, 7)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(spec); string(before) != string(after) {
		t.Error("CompilePolicy changed the caller's spec")
	}
	q, err := DecodePolicy(p.JSON(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if q.Hash != p.Hash || len(p.Hash) != 64 {
		t.Errorf("hash %s became %s", p.Hash, q.Hash)
	}
	if diff := cmp.Diff(p.Spec(), q.Spec()); diff != "" {
		t.Error(diff)
	}
	// What has been normalised stays as it is, and order within sets is nothing.
	again, err := CompilePolicy(p.Spec(), 8)
	if err != nil || again.Hash != p.Hash {
		t.Errorf("hash of the normalised spec %v, %v", again, err)
	}
	slices.Reverse(spec.Rules[0].Match.Priority)
	if other, err := CompilePolicy(spec, 7); err != nil || other.Hash != p.Hash {
		t.Errorf("the order of a set changed the hash: %v", err)
	}
	spec.Defaults.TargetSeconds = new(int64(31))
	if other, err := CompilePolicy(spec, 7); err != nil || other.Hash == p.Hash {
		t.Errorf("another target has the same hash: %v", err)
	}
	// A record of a version that knew fewer fields still compiles, and keeps the
	// hash it was written with.
	old := []byte(`{"tenant":"t","zone":"UTC"}`)
	r, err := DecodePolicy(old, 1)
	if err != nil || r.GraceMs("x") != 2000 || string(r.JSON()) != string(old) {
		t.Errorf("old record: %v %v", r, err)
	}
}

func TestDefaultPolicy(t *testing.T) {
	p, err := CompilePolicy(DefaultPolicy("t", "Europe/Madrid"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Match("voice", "q", "t", "high") != nil || p.Queue("q") != (QueueParams{20_000, 5000}) || !p.Calendar(AlwaysOpen).always {
		t.Errorf("%+v", p.Spec())
	}
	if got := slices.Sorted(maps.Keys(p.Spec().Stale)); len(got) != 13 {
		t.Errorf("stale limits for %v", got)
	}
	// The encoding is part of the log's format: a changed hash refuses every
	// unchanged configuration at its serial (see PolicySpec).
	const golden = "93fa6ef69b93aa50cd7f6f9c9d25f815d56cdbc32bea87e2c7ca540a42da90ec"
	if p.Hash != golden {
		t.Errorf("hash of the default policy %s, want %s; JSON:\n%s", p.Hash, golden, p.JSON())
	}
}

func TestClockNames(t *testing.T) {
	for c := range Clock(NumClocks) {
		if got, err := ParseClock(c.String()); err != nil || got != c {
			t.Errorf("ParseClock(%q) = %v, %v", c, got, err)
		}
	}
	if _, err := ParseClock("clock(9)"); err == nil || Clock(9).String() != "clock(9)" {
		t.Error("clock 9 exists")
	}
}

// TestFaults holds what users read when a specification is wrong: each line
// names the place, the value and what to write instead.
func TestFaults(t *testing.T) {
	lines := func(err error) []string {
		if err == nil {
			return nil
		}
		return strings.Split(err.Error(), "\n")
	}
	cal := func(spec CalendarSpec, want ...string) {
		t.Helper()
		spec.Name = "c"
		if spec.Zone == "" {
			spec.Zone = "UTC"
		}
		c, err := Compile(spec)
		if c != nil {
			t.Errorf("Compile(%+v) succeeded", spec)
		}
		for i := range want {
			want[i] = `calendar "c": ` + want[i]
		}
		if diff := cmp.Diff(want, lines(err)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	week := func(kv ...string) map[string][]string {
		m := map[string][]string{"sun": {"10:00-11:00"}}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = append(m[kv[i]], kv[i+1])
		}
		return m
	}
	const (
		form = `write it like "08:00-12:00" ("00:00-24:00" is the whole day, "22:00-06:00" ends the next morning)`
		day  = `use mon, tue, wed, thu, fri, sat, sun, a range such as "mon-fri", or "daily"`
		date = `is not a date from 1970 to 2099; write "2026-12-25", or "12-25" for every year`
		zone = `name an IANA zone such as "America/Mexico_City" or "UTC"`
	)
	cal(CalendarSpec{}, `week has no open hour, so nothing would ever be due; write e.g. {"mon-fri": ["09:00-17:00"]} or {"daily": ["00:00-24:00"]}`)
	cal(CalendarSpec{Zone: "Local", Week: week()}, `zone "Local" depends on the machine; `+zone)
	cal(CalendarSpec{Zone: "America/Mexico", Week: week()}, `zone "America/Mexico" is unknown; `+zone+` (upper and lower case matter)`)
	cal(CalendarSpec{Zone: "America/", Week: week()}, `zone "America/" is unknown; `+zone+` (upper and lower case matter)`)
	cal(CalendarSpec{Week: week("lun", "08:00-12:00", "mon-mon", "08:00-12:00")}, `week: "lun" is not a day; `+day, `week: "mon-mon" is not a day; `+day)
	cal(CalendarSpec{Week: week("mon", "8-12", "tue", "08:00-24:01", "wed", "24:00-08:00", "thu", "08:00-08:00")},
		`week "mon": "8-12" is not a range of hours; `+form,
		`week "thu": "08:00-08:00" is empty; `+form+`, or leave it out`,
		`week "tue": "08:00-24:01" is not a range of hours; `+form,
		`week "wed": "24:00-08:00" is not a range of hours; `+form)
	cal(CalendarSpec{Week: week("mon", "22:00-06:00", "mon", "23:00-24:00")}, `week "mon": "22:00-06:00" overlaps "23:00-24:00"; join them or separate them`)
	cal(CalendarSpec{Week: week("mon-fri", "08:00-12:00", "fri-sat", "08:00-12:00")}, `week: "fri-sat" and "mon-fri" both give hours for fri; keep one`)
	cal(CalendarSpec{Week: week(), HolidaySet: "xx"}, `holiday_set "xx" is unknown; use one of ar, br, de, es, fr, gb, it, mx, pt, us, or list the days under holidays`)
	cal(CalendarSpec{Week: week(), Holidays: []Holiday{{Date: "2026-02-30"}, {Date: "25-12"}, {Date: "1969-01-01"}, {Date: "12-25", Hours: []string{"x"}}, {Date: "05-01"}, {Date: "05-01"}}},
		`holidays: "2026-02-30" `+date, `holidays: "25-12" `+date, `holidays: "1969-01-01" `+date,
		`holidays "12-25": "x" is not a range of hours; `+form, `holidays: "05-01" is given twice; keep one`)
	cal(CalendarSpec{Week: week(), Holidays: make([]Holiday, 1001)}, `holidays: 1001 entries, at most 1000 are allowed; write dates that return each year as "12-25"`)

	pol := func(spec PolicySpec, want ...string) {
		t.Helper()
		if spec.Tenant == "" {
			spec.Tenant, spec.Zone = "t", "UTC"
		}
		p, err := CompilePolicy(spec, 1)
		if p != nil {
			t.Errorf("CompilePolicy(%+v) succeeded", spec)
		}
		for i := range want {
			want[i] = `policy of tenant "t": ` + want[i]
		}
		if diff := cmp.Diff(want, lines(err)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	rule := func(r RuleSpec) PolicySpec { r.Name = "r"; return PolicySpec{Rules: []RuleSpec{r}} }
	pol(rule(RuleSpec{Calendar: "office"}), `rule "r": calendar: "office" is not among calendars; add it there, or leave it out for 24x7`)
	pol(rule(RuleSpec{FirstResponse: "1d", NextResponse: "soon", Resolution: "0s"}),
		`rule "r": first_response: "1d" is ambiguous: is a day 24 hours or one day's opening hours? Write the opening hours meant, e.g. "8h" or "24h"`,
		`rule "r": next_response: "soon" is not a duration; write it like "30s", "15m" or "1h30m"`,
		`rule "r": resolution: "0s" is out of range; use 1ms to 8784h0m0s`)
	pol(rule(RuleSpec{FirstResponse: "-1h", NextResponse: "1us", Warn: []int{100}, PauseOn: []string{"lunch"}, NextFrom: "first", OnResolve: "hit"}),
		`rule "r": first_response: "-1h" is not a duration; write it like "30s", "15m" or "1h30m"`,
		`rule "r": next_response: "1us" is finer than a millisecond; write it like "30s", "15m" or "1h30m"`,
		`rule "r": warn: 100 is not a percentage before the promise is broken; use 1 to 99`,
		`rule "r": pause_on: "lunch" is unknown; use pending_customer, on_hold, snoozed`,
		`rule "r": next_from: "first" is unknown; use oldest or last`,
		`rule "r": on_resolve: "hit" is unknown; use cancel or miss`)
	pol(PolicySpec{Rules: []RuleSpec{{Name: "a", Match: Match{Channel: []string{"voice", "sms"}}}, {Name: "b", Match: Match{Channel: []string{"voice"}, Team: []string{"it"}}}}},
		`rule "b" can never apply: rule "a" stands before it and matches everything it matches; put it first`)
	pol(rule(RuleSpec{PeriodicUpdate: "2d", PausableUpdate: "often"}),
		`rule "r": periodic_update: "2d" is ambiguous: is a day 24 hours or one day's opening hours? Write the opening hours meant, e.g. "8h" or "24h"`,
		`rule "r": pausable_update: "often" is not a duration; write it like "30s", "15m" or "1h30m"`)
	pol(PolicySpec{Rules: []RuleSpec{{Name: "a", Match: Match{Channel: []string{"voice"}}}, {Name: "a"}}}, `rules[1]: name "a" is given twice; rename one`)
	pol(PolicySpec{Rules: []RuleSpec{{}}}, `rule "": name: is empty; name the rule, breaches are reported by it`)
	pol(PolicySpec{Calendars: []CalendarSpec{{Name: "c", Week: week()}, {Name: "c", Week: week()}, {Week: week()}, {Name: AlwaysOpen, Week: week()}}},
		`calendar "c" is given twice; rename one`,
		`calendars[2]: name is empty; rules refer to calendars by name`,
		`calendar "24x7" must never close, rules without a calendar use it; give these hours another name`)
	pol(PolicySpec{Queues: map[string]QueueSpec{"q": {TargetSeconds: new(int64(604_801))}}, Defaults: QueueSpec{ShortAbandonSeconds: new(int64(-1))}},
		`defaults: short_abandon_seconds: -1 is out of range; use 0 to 604800`,
		`queue "q": target_seconds: 604801 is out of range; use 0 to 604800`,
		`queue "q": short_abandon_seconds: -1 is out of range; use 0 to 604800`)
	pol(PolicySpec{Stale: map[string]string{"voice": "0s"}, Grace: map[string]string{"x": "25h"}, Horizon: map[string]string{"*": ""}, SessionGap: "never", SurveysRest: "181d", ProactiveWindow: "8d", Names: NameCaps{Teams: -1}},
		`stale "voice": "0s" is out of range; use 1m0s to 8784h0m0s`,
		`grace "x": "25h" is out of range; use 0s to 24h0m0s`,
		`horizon "*": "" is not a duration; write it like "30s", "15m" or "1h30m"`,
		`session_gap: "never" is not a duration; write it like "30s", "15m" or "1h30m"`,
		`surveys_rest: "181d" is out of range; use 1h0m0s to 4320h0m0s`,
		`proactive_window: "8d" is out of range; use 1h0m0s to 168h0m0s`,
		`names: teams: -1 is out of range; use 1 to 100000`)

	for body, want := range map[string]string{
		`{"tenant":"t","zone":"UTC","new":1}`: "newer version", `{} {}`: "more than one", `x`: "policy record", `{"tenant":"t","zone":"Mars"}`: "Mars",
	} {
		if _, err := DecodePolicy([]byte(body), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("DecodePolicy(%s): %v, want it to say %q", body, err, want)
		}
	}
	if _, err := CompilePolicy(PolicySpec{Zone: "UTC"}, 0); err == nil || !strings.Contains(err.Error(), "tenant is empty") || !strings.Contains(err.Error(), "serial 0") {
		t.Errorf("neither tenant nor serial: %v", err)
	}
}

func TestShortAbandonmentsAreNotOverTarget(t *testing.T) {
	spec := DefaultPolicy("acme", "UTC")
	target, short := int64(3), int64(5)
	spec.Queues = map[string]QueueSpec{"sales": {TargetSeconds: &target}}
	p, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if q := p.Queue("sales"); q.ShortAbandonMs != 3000 {
		t.Errorf("short abandonment up to %d ms at a target of 3 s, want 3000", q.ShortAbandonMs)
	}
	spec.Queues = map[string]QueueSpec{"sales": {TargetSeconds: &target, ShortAbandonSeconds: &short}}
	if _, err := CompilePolicy(spec, 1); err == nil || !strings.Contains(err.Error(), `queue "sales": short_abandon_seconds 5 is longer than target_seconds 3`) {
		t.Errorf("got %v", err)
	}
}
