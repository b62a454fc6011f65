package sla

import (
	"cmp"
	"maps"
	"slices"
)

// AlwaysOpen names the calendar that every policy has: 24×7 in its zone. Rules
// without a calendar use it.
const AlwaysOpen = "24x7"

// Defaults of a policy; CompilePolicy writes them into the spec, so that a
// record in the log means the same to a later version.
const (
	defaultTargetSeconds       = 20
	defaultShortAbandonSeconds = 5
	defaultGap                 = "24h"
	defaultGrace               = "2s"
	defaultHorizon             = "24h"
	defaultBotReply            = "10s"
	defaultSurveysRest         = "30d"
	defaultProactiveWindow     = "24h"

	// others is the key for every name that a map does not have.
	others = "*"
)

// PolicySpec is one tenant's rules as configuration writes them and a policy
// record carries them. Durations are text: "15m", "1h30m", and, except in
// promises, "30d". Later versions add fields only with omitempty and a default
// equal to the old behaviour, or the hash of unchanged rules would change.
type PolicySpec struct {
	Tenant string `json:"tenant" yaml:"tenant"`
	// Zone is the tenant's IANA zone: its days, and calendars without a zone.
	Zone      string         `json:"zone" yaml:"zone"`
	Calendars []CalendarSpec `json:"calendars,omitempty" yaml:"calendars,omitempty"`
	// Rules are tried in order; the first that matches is the promise.
	Rules []RuleSpec `json:"rules,omitempty" yaml:"rules,omitempty"`
	// Queues holds the service-level parameters of single queues, Defaults
	// those of all others (and of fields that a queue leaves out).
	Queues   map[string]QueueSpec `json:"queues,omitempty" yaml:"queues,omitempty"`
	Defaults QueueSpec            `json:"defaults" yaml:"defaults"`
	// AgentCells turns the agent cell family on: KPIs by agent.
	AgentCells bool `json:"agent_cells" yaml:"agent_cells"`
	// Agents follows when each agent has contacts and can take some, for
	// occupancy and what goes with it.
	Agents bool `json:"agents,omitempty" yaml:"agents,omitempty"`
	// Stale is, by channel, after how long without any event an open contact is
	// closed as lost; "never" keeps it. "*" is every other channel.
	Stale map[string]string `json:"stale" yaml:"stale"`
	// EpisodeGap is the inactivity that cuts an episode on threadless channels.
	EpisodeGap string `json:"episode_gap" yaml:"episode_gap"`
	// SessionGap is the inactivity that ends a customer's session.
	SessionGap string `json:"session_gap" yaml:"session_gap"`
	// Grace is, by connector, how long a deadline waits for events that are on
	// their way; a polled source needs its interval. "*" is every other one.
	Grace map[string]string `json:"grace" yaml:"grace"`
	// Horizon is, by connector, how late an event may come and still count:
	// "192h" for vendors that retry for days. "*" is every other one.
	Horizon map[string]string `json:"horizon" yaml:"horizon"`
	// Retain is how long a silent conversation on a channel with conversation ids
	// is remembered, so that its next message goes on where it stopped: default
	// "400d", or "never" to forget none.
	Retain string `json:"retain,omitempty" yaml:"retain,omitempty"`
	// Names caps the distinct names kept per dimension.
	Names NameCaps `json:"names" yaml:"names"`
	// Triggers call for help for single customers before they ask for it.
	Triggers []TriggerSpec `json:"triggers,omitempty" yaml:"triggers,omitempty"`
	// ProactiveWindow is within how long after a trigger it shows whether the
	// customer was helped before they asked. "1h" to "7d", default "24h".
	ProactiveWindow string `json:"proactive_window,omitempty" yaml:"proactive_window,omitempty"`
	// MinN is, by KPI, below how many contributions the values of single groups
	// are hidden; "*" is every KPI that is not named.
	MinN map[string]int64 `json:"min_n,omitempty" yaml:"min_n,omitempty"`
	// SLAObjective is the share of promises that is meant to be kept, above 0 and
	// below 1: what may be broken is the rest. nil means 0.95.
	SLAObjective *float64 `json:"sla_objective,omitempty" yaml:"sla_objective,omitempty"`
	// Surveys says, by survey, how its answers are to be read.
	Surveys map[string]SurveySpec `json:"surveys,omitempty" yaml:"surveys,omitempty"`
	// Bot says what counts as an automatic answer.
	Bot BotSpec `json:"bot,omitzero" yaml:"bot,omitempty"`
	// SurveysRest is how long a customer should be left alone after a survey
	// request: one that comes sooner is counted as tiring. Default "30d", at most
	// "180d".
	SurveysRest string `json:"surveys_rest,omitempty" yaml:"surveys_rest,omitempty"`
	// FCR says when a first contact has resolved what the customer came for.
	FCR FCRSpec `json:"fcr,omitzero" yaml:"fcr,omitempty"`
	// Value says how what customers are worth is reckoned.
	Value ValueSpec `json:"value,omitzero" yaml:"value,omitempty"`
}

// BotSpec says what counts as an automatic answer where the source does not tell.
type BotSpec struct {
	// MaxReply is the time within which no person answers: what our side wrote
	// sooner after the customer's message, by an author who is not told, stops no
	// clock. Default "10s", "0s" turns it off.
	MaxReply string `json:"max_reply,omitempty" yaml:"max_reply"`
}

// RuleSpec is one promise: which conversations, what, and by when.
type RuleSpec struct {
	Name  string `json:"name" yaml:"name"`
	Match Match  `json:"match" yaml:"match"`
	// Calendar names the opening hours the promise counts in; "" is AlwaysOpen.
	Calendar string `json:"calendar" yaml:"calendar"`
	// The promises, in time of the calendar: "15m", "8h". "" promises nothing; a
	// rule that promises nothing at all exempts what it matches.
	FirstResponse string `json:"first_response,omitempty" yaml:"first_response,omitempty"`
	NextResponse  string `json:"next_response,omitempty" yaml:"next_response,omitempty"`
	Resolution    string `json:"resolution,omitempty" yaml:"resolution,omitempty"`
	// PeriodicUpdate and PausableUpdate promise the next reply after each reply,
	// from the first response on; the second one's clock also stands while the
	// conversation is pending_customer.
	PeriodicUpdate string `json:"periodic_update,omitempty" yaml:"periodic_update,omitempty"`
	PausableUpdate string `json:"pausable_update,omitempty" yaml:"pausable_update,omitempty"`
	// Warn lists the warning points in percent of a promise, 1 to 99; left out
	// means 75 and 90, an empty list none.
	Warn []int `json:"warn" yaml:"warn"`
	// PauseOn lists the states that stop the clocks: "pending_customer",
	// "on_hold", "snoozed"; left out means the first two, an empty list none.
	// Nothing stops that of PeriodicUpdate.
	PauseOn []string `json:"pause_on" yaml:"pause_on"`
	// NextFrom is the customer message from which next response counts: the
	// "oldest" unanswered one (default) or the "last".
	NextFrom string `json:"next_from" yaml:"next_from"`
	// OnResolve says what a resolve does to a reply still owed: "cancel"
	// (default; neither hit nor miss) or "miss". Updates are not owed any more.
	OnResolve string `json:"on_resolve" yaml:"on_resolve"`
	// BotTime counts time with the bot; by default the clock starts at the
	// hand-off to people.
	BotTime bool `json:"bot_time" yaml:"bot_time"`
}

// Match selects conversations. An empty list matches everything; names are
// compared exactly, and every list given must match.
type Match struct {
	Channel  []string `json:"channel,omitempty" yaml:"channel,omitempty"`
	Queue    []string `json:"queue,omitempty" yaml:"queue,omitempty"`
	Priority []string `json:"priority,omitempty" yaml:"priority,omitempty"`
	Team     []string `json:"team,omitempty" yaml:"team,omitempty"`
}

// QueueSpec holds the service-level parameters of a queue; nil means default.
type QueueSpec struct {
	// TargetSeconds is the wait within which an answer is in target (default
	// 20; the target itself is in).
	TargetSeconds *int64 `json:"target_seconds,omitempty" yaml:"target_seconds,omitempty"`
	// ShortAbandonSeconds is the wait up to which, inclusive, an abandonment is
	// short (default 5).
	ShortAbandonSeconds *int64 `json:"short_abandon_seconds,omitempty" yaml:"short_abandon_seconds,omitempty"`
}

// NameCaps is how many distinct names storage keeps per dimension before the
// rest becomes "__other__"; 0 means default: 200 queues, 200 teams, 5,000 agents,
// 200 topics.
type NameCaps struct {
	Queues int `json:"queues" yaml:"queues"`
	Teams  int `json:"teams" yaml:"teams"`
	Agents int `json:"agents" yaml:"agents"`
	Topics int `json:"topics,omitempty" yaml:"topics"`
}

// DefaultPolicy returns the rules of a tenant that has written none: no
// promises, the 24×7 calendar, and the defaults of every limit.
func DefaultPolicy(tenant, zone string) PolicySpec {
	return PolicySpec{Tenant: tenant, Zone: zone}.normalised()
}

// defaultStale is how long a contact of each channel may stay silent.
func defaultStale() map[string]string {
	return map[string]string{
		"voice": "4h", "video": "4h",
		"web_chat": "24h", "in_app": "24h",
		"whatsapp": "72h", "messenger": "72h", "instagram": "72h", "telegram": "72h", "sms": "72h",
		"email": "30d", "ticket": "30d", "social": "30d",
		others: "30d",
	}
}

// normalised returns a copy with every default written out and every list that
// is a set in order, so that equal rules have equal JSON.
func (s PolicySpec) normalised() PolicySpec {
	s.Calendars = slices.Clone(s.Calendars)
	if !slices.ContainsFunc(s.Calendars, func(c CalendarSpec) bool { return c.Name == AlwaysOpen }) {
		always := CalendarSpec{Name: AlwaysOpen, Week: map[string][]string{"daily": {"00:00-24:00"}}}
		s.Calendars = append(s.Calendars, always)
	}
	for i, c := range s.Calendars {
		if c.Zone == "" {
			s.Calendars[i].Zone = s.Zone
		}
	}
	s.Rules = slices.Clone(s.Rules)
	for i, r := range s.Rules {
		s.Rules[i] = r.normalised()
	}
	s.Defaults = s.Defaults.or(QueueSpec{new(int64(defaultTargetSeconds)), new(int64(defaultShortAbandonSeconds))})
	s.Queues = maps.Clone(s.Queues)
	for name, q := range s.Queues {
		s.Queues[name] = q.or(s.Defaults)
	}
	s.Stale = merged(defaultStale(), s.Stale)
	s.Grace = merged(map[string]string{others: defaultGrace}, s.Grace)
	s.Horizon = merged(map[string]string{others: defaultHorizon}, s.Horizon)
	s.EpisodeGap = cmp.Or(s.EpisodeGap, defaultGap)
	s.SessionGap = cmp.Or(s.SessionGap, defaultGap)
	if len(s.Triggers) > 0 {
		s.Triggers = slices.Clone(s.Triggers)
		for i, t := range s.Triggers {
			s.Triggers[i] = t.normalised()
		}
	}
	s.FCR = s.FCR.normalised()
	s.Names = NameCaps{Queues: cmp.Or(s.Names.Queues, 200), Teams: cmp.Or(s.Names.Teams, 200), Agents: cmp.Or(s.Names.Agents, 5000), Topics: s.Names.Topics}
	return s
}

func (r RuleSpec) normalised() RuleSpec {
	if r.Warn == nil {
		r.Warn = []int{75, 90}
	}
	if r.PauseOn == nil {
		r.PauseOn = []string{"on_hold", "pending_customer"}
	}
	r.Warn, r.PauseOn = set(r.Warn), set(r.PauseOn)
	r.Calendar = cmp.Or(r.Calendar, AlwaysOpen)
	r.NextFrom = cmp.Or(r.NextFrom, "oldest")
	r.OnResolve = cmp.Or(r.OnResolve, "cancel")
	m := r.Match
	r.Match = Match{Channel: set(m.Channel), Queue: set(m.Queue), Priority: set(m.Priority), Team: set(m.Team)}
	return r
}

// or fills in what q leaves out from d. A short abandonment is never longer than the target.
func (q QueueSpec) or(d QueueSpec) QueueSpec {
	target, short := cmp.Or(q.TargetSeconds, d.TargetSeconds), q.ShortAbandonSeconds
	if short == nil {
		short = new(min(*d.ShortAbandonSeconds, max(*target, 0)))
	}
	return QueueSpec{target, short}
}

// set returns a sorted copy without repetitions; an empty list stays empty, not
// nil, so that it still says "none" in JSON.
func set[T string | int](list []T) []T {
	sorted := append(make([]T, 0, len(list)), list...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func merged(base, over map[string]string) map[string]string {
	maps.Copy(base, over)
	return base
}
