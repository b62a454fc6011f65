package sla

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"
)

// Policy is one tenant's compiled rules. It is immutable and safe to share.
type Policy struct {
	Tenant string
	// Serial orders the versions of a tenant's policy; a higher one replaces.
	Serial int64
	// Hash is the hex SHA-256 of JSON: one serial must never have two.
	Hash string

	body       []byte
	spec       PolicySpec
	zone       *time.Location
	calendars  map[string]*Calendar
	rules      []Rule
	queues     map[string]QueueParams
	others     QueueParams
	stale      map[string]int64
	grace      map[string]int64
	horizon    map[string]int64
	episodeGap int64
	sessionGap int64
	retain     int64
	triggers   []Trigger
	botReply   int64
	objective  int64
	surveyRest int64
	proactive  int64
	fcrWindow  map[string]int64
	fcrLongest int64

	worth    Worth
	lookback int64
}

// QueueParams are the service-level parameters of a queue, in ms.
type QueueParams struct {
	TargetMs       int64 // an answer after at most this wait is in target
	ShortAbandonMs int64 // an abandonment after at most this wait is short
}

// CompilePolicy checks and compiles a policy. The error joins every fault; each
// names the place, the value and what to write instead. Defaults are written
// into the spec, so that Hash and JSON do not depend on the version that reads
// them later.
func CompilePolicy(spec PolicySpec, serial int64) (*Policy, error) {
	body, err := json.Marshal(spec.normalised())
	if err != nil {
		return nil, fmt.Errorf("policy of tenant %q: %w", spec.Tenant, err)
	}
	return DecodePolicy(body, serial)
}

// DecodePolicy compiles the policy of a record from the log: body is what
// Policy.JSON returned when it was written, possibly by another version.
func DecodePolicy(body []byte, serial int64) (*Policy, error) {
	var spec PolicySpec
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&spec); err != nil {
		return nil, fmt.Errorf("policy record: %w; if a newer version wrote it, run that version here too", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("policy record: more than one JSON value; apply the configuration again")
	}
	hash := sha256.Sum256(body)
	p := &Policy{
		Tenant: spec.Tenant, Serial: serial, Hash: hex.EncodeToString(hash[:]),
		body: bytes.Clone(body), spec: spec.normalised(),
	}
	if err := p.compile(); err != nil {
		return nil, within(fmt.Sprintf("policy of tenant %q", spec.Tenant), err)
	}
	return p, nil
}

func (p *Policy) compile() error {
	var errs []error
	if p.Serial < 1 {
		errs = append(errs, fmt.Errorf("serial %d: serials start at 1", p.Serial))
	}
	if p.spec.Tenant == "" {
		errs = append(errs, errors.New("tenant is empty; name the tenant"))
	}
	zone, err := LoadZone(p.spec.Zone)
	if err != nil {
		errs = append(errs, err)
	}
	p.zone = zone
	errs = append(errs, p.compileCalendars(), p.compileRules(), p.compileQueues(), p.compileLimits(), p.compileTriggers(), p.compileSurveys(), p.compileFCR(), p.compileValue())
	return errors.Join(errs...)
}

func (p *Policy) compileCalendars() error {
	var errs []error
	p.calendars = map[string]*Calendar{}
	for i, spec := range p.spec.Calendars {
		_, twice := p.calendars[spec.Name]
		c, err := Compile(spec)
		switch {
		case spec.Name == "":
			err = fmt.Errorf("calendars[%d]: name is empty; rules refer to calendars by name", i)
		case twice:
			err = fmt.Errorf("calendar %q is given twice; rename one", spec.Name)
		case err == nil && spec.Name == AlwaysOpen && !c.always:
			err = fmt.Errorf("calendar %q must never close, rules without a calendar use it; give these hours another name", AlwaysOpen)
		}
		p.calendars[spec.Name] = c
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (p *Policy) compileRules() error {
	var errs []error
	for i, spec := range p.spec.Rules {
		r, err := compileRule(spec, p.calendars)
		errs = append(errs, err)
		for _, earlier := range p.rules {
			if earlier.Name == r.Name {
				errs = append(errs, fmt.Errorf("rules[%d]: name %q is given twice; rename one", i, r.Name))
			}
			if earlier.match.hides(r.match) {
				errs = append(errs, fmt.Errorf("rule %q can never apply: rule %q stands before it and matches everything it matches; put it first", r.Name, earlier.Name))
				break
			}
		}
		p.rules = append(p.rules, r)
	}
	return errors.Join(errs...)
}

func (p *Policy) compileQueues() error {
	var errs []error
	params := func(where string, s QueueSpec) QueueParams {
		const most = 604_800 // a week, the most that Amazon Connect takes too
		ms := func(field string, seconds int64) int64 {
			if seconds < 0 || seconds > most {
				errs = append(errs, fmt.Errorf("%s: %s: %d is out of range; use 0 to %d", where, field, seconds, most))
			}
			return seconds * 1000
		}
		if *s.TargetSeconds >= 0 && *s.ShortAbandonSeconds > *s.TargetSeconds {
			errs = append(errs, fmt.Errorf("%s: short_abandon_seconds %d is longer than target_seconds %d; an abandonment cannot be short and over target", where,
				*s.ShortAbandonSeconds, *s.TargetSeconds))
		}
		return QueueParams{ms("target_seconds", *s.TargetSeconds), ms("short_abandon_seconds", *s.ShortAbandonSeconds)}
	}
	p.others = params("defaults", p.spec.Defaults)
	p.queues = map[string]QueueParams{}
	for _, name := range slices.Sorted(maps.Keys(p.spec.Queues)) {
		p.queues[name] = params(fmt.Sprintf("queue %q", name), p.spec.Queues[name])
	}
	return errors.Join(errs...)
}

func (p *Policy) compileLimits() error {
	const day = 24 * time.Hour
	var errs []error
	limit := func(where, text string, lo, hi time.Duration) int64 {
		ms, err := durationIn(text, true, lo, hi)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
		return ms
	}
	limits := func(where string, texts map[string]string, lo, hi time.Duration) map[string]int64 {
		ms := map[string]int64{}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			ms[name] = limit(fmt.Sprintf("%s %q", where, name), texts[name], lo, hi)
		}
		return ms
	}

	stale := maps.Clone(p.spec.Stale)
	maps.DeleteFunc(stale, func(_, text string) bool { return text == "never" })
	p.stale = limits("stale", stale, time.Minute, 366*day)
	for name, text := range p.spec.Stale {
		if text == "never" {
			p.stale[name] = 0
		}
	}
	p.grace = limits("grace", p.spec.Grace, 0, day)
	p.horizon = limits("horizon", p.spec.Horizon, time.Minute, 31*day)
	p.episodeGap = limit("episode_gap", p.spec.EpisodeGap, time.Minute, 366*day)
	p.sessionGap = limit("session_gap", p.spec.SessionGap, time.Minute, 366*day)
	p.botReply = limit("bot: max_reply", cmp.Or(p.spec.Bot.MaxReply, defaultBotReply), 0, time.Hour)
	p.surveyRest = limit("surveys_rest", cmp.Or(p.spec.SurveysRest, defaultSurveysRest), time.Hour, 180*day)
	p.proactive = limit("proactive_window", cmp.Or(p.spec.ProactiveWindow, defaultProactiveWindow), time.Hour, 7*day)
	p.objective = DefaultObjective
	if o := p.spec.SLAObjective; o != nil {
		// Finer than a ten thousandth nobody could measure, and a budget of nothing could not be compared with.
		if p.objective = int64(math.Round(*o * 1e6)); !(*o >= 0.0001 && *o <= 0.9999) {
			errs = append(errs, fmt.Errorf("sla_objective: %v is out of range; use 0.0001 to 0.9999, such as 0.95 for 95 %% of promises kept", *o))
		}
	}
	switch p.spec.Retain {
	case "":
		p.retain = (400 * day).Milliseconds()
	case "never":
		p.retain = (100 * 366 * day).Milliseconds()
	default:
		p.retain = limit("retain", p.spec.Retain, day, 3660*day)
	}

	for _, dim := range []struct {
		name string
		cap  int
	}{{"queues", p.spec.Names.Queues}, {"teams", p.spec.Names.Teams}, {"agents", p.spec.Names.Agents}, {"topics", p.Names().Topics}} {
		if dim.cap < 1 || dim.cap > 100_000 {
			errs = append(errs, fmt.Errorf("names: %s: %d is out of range; use 1 to 100000", dim.name, dim.cap))
		}
	}
	return errors.Join(errs...)
}

// JSON returns the canonical encoding that a policy record carries. The caller
// owns the copy.
func (p *Policy) JSON() []byte { return bytes.Clone(p.body) }

// Spec returns the rules with every default written out. Treat it as read-only.
func (p *Policy) Spec() PolicySpec { return p.spec }

// Match returns the first rule that matches, nil when nothing is promised. ""
// stands for a name that is not known; only an empty list matches it.
func (p *Policy) Match(channel, queue, team, priority string) *Rule {
	for i := range p.rules {
		if p.rules[i].match.covers(channel, queue, team, priority) {
			return &p.rules[i]
		}
	}
	return nil
}

// Rules returns the rules in their order. Treat them as read-only.
func (p *Policy) Rules() []Rule { return p.rules }

// Calendar returns a calendar by name, nil when there is none.
func (p *Policy) Calendar(name string) *Calendar { return p.calendars[name] }

// Zone returns the tenant's zone, which decides where its days begin.
func (p *Policy) Zone() *time.Location { return p.zone }

// Queue returns the service-level parameters of a queue.
func (p *Policy) Queue(name string) QueueParams {
	if q, ok := p.queues[name]; ok {
		return q
	}
	return p.others
}

// AgentCells reports whether KPIs are kept by agent.
func (p *Policy) AgentCells() bool { return p.spec.AgentCells }

// Agents reports whether it is followed when agents have contacts and can take some.
func (p *Policy) Agents() bool { return p.spec.Agents }

// Names returns how many distinct names storage keeps per dimension.
func (p *Policy) Names() NameCaps {
	caps := p.spec.Names
	caps.Topics = cmp.Or(caps.Topics, 200)
	return caps
}

// MinN returns below how many contributions values of single groups are hidden for a KPI that has a default.
func (p *Policy) MinN(kpi string, byDefault int64) int64 {
	if n, ok := p.spec.MinN[kpi]; ok {
		return n
	}
	if n, ok := p.spec.MinN[others]; ok {
		return n
	}
	return byDefault
}

// StaleMs returns after how many ms of silence an open contact of a channel is
// lost; 0 means never.
func (p *Policy) StaleMs(channel string) int64 { return byName(p.stale, channel) }

// GraceMs returns how many ms a deadline waits for events of a connector.
func (p *Policy) GraceMs(connector string) int64 { return byName(p.grace, connector) }

// HorizonMs returns how many ms late an event of a connector may come.
func (p *Policy) HorizonMs(connector string) int64 { return byName(p.horizon, connector) }

// LongestHorizonMs returns how many ms late an event of any connector may come.
func (p *Policy) LongestHorizonMs() int64 { return slices.Max(slices.Collect(maps.Values(p.horizon))) }

// EpisodeGapMs returns the inactivity in ms that cuts an episode.
func (p *Policy) EpisodeGapMs() int64 { return p.episodeGap }

// RetainMs returns how many ms a silent conversation with an id is remembered; a
// century when none is to be forgotten.
func (p *Policy) RetainMs() int64 { return p.retain }

// BotReplyMs returns the ms after a customer's message within which no person
// answers: what is written sooner by an author who is not told is automatic.
func (p *Policy) BotReplyMs() int64 { return p.botReply }

// DefaultObjective is the share of promises, in millionths, that is meant to be
// kept where the policy says nothing.
const DefaultObjective = 950_000

// SurveysRestMs returns how many ms a customer should be left alone after a
// survey request.
func (p *Policy) SurveysRestMs() int64 { return p.surveyRest }

// ProactiveWindowMs returns within how many ms after a trigger it shows whether
// the customer was helped before they asked.
func (p *Policy) ProactiveWindowMs() int64 { return p.proactive }

// SLAObjective returns the share of promises that is meant to be kept, in
// millionths.
func (p *Policy) SLAObjective() int64 { return p.objective }

// Triggers returns what to look for in single customers. Treat it as read-only.
func (p *Policy) Triggers() []Trigger { return p.triggers }

// Trigger returns a trigger by name, nil when there is none.
func (p *Policy) Trigger(name string) *Trigger {
	for i := range p.triggers {
		if p.triggers[i].Name == name {
			return &p.triggers[i]
		}
	}
	return nil
}

// SessionGapMs returns the inactivity in ms that ends a customer's session.
func (p *Policy) SessionGapMs() int64 { return p.sessionGap }

func byName(limits map[string]int64, name string) int64 {
	if ms, ok := limits[name]; ok {
		return ms
	}
	return limits[others]
}
