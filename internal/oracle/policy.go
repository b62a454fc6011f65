package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// forever stands for what never comes, Unix ms.
const forever = int64(1) << 61

const dayMs = 24 * 3600 * 1000

// policy is what a version of a tenant's rules says.
type policy struct {
	Tenant     string                `json:"tenant"`
	Zone       string                `json:"zone"`
	Calendars  []calendarSpec        `json:"calendars"`
	Rules      []rule                `json:"rules"`
	Queues     map[string]queueLimit `json:"queues"`
	Defaults   queueLimit            `json:"defaults"`
	AgentCells bool                  `json:"agent_cells"`
	Agents     bool                  `json:"agents"`
	Stale      map[string]string     `json:"stale"`
	EpisodeGap string                `json:"episode_gap"`
	Grace      map[string]string     `json:"grace"`
	Horizon    map[string]string     `json:"horizon"`
	Retain     string                `json:"retain"`
	Bot        struct {
		MaxReply string `json:"max_reply"`
	} `json:"bot"`
	Surveys map[string]struct {
		Reversed bool   `json:"reversed"`
		Widget   string `json:"widget"`
		Moment   string `json:"moment"`
	} `json:"surveys"`
	customerPolicy

	serial  int64
	reapply bool
	offset  int64 // place in its partition
	at      int64 // T there
	zone    *time.Location
	hours   map[string]*hours
}

type queueLimit struct {
	Target *int64 `json:"target_seconds"`
	Short  *int64 `json:"short_abandon_seconds"`
}

// rule is one promise of a policy.
type rule struct {
	Name  string `json:"name"`
	Match struct {
		Channel, Queue, Priority, Team []string
	} `json:"match"`
	Calendar string   `json:"calendar"`
	First    string   `json:"first_response"`
	Next     string   `json:"next_response"`
	Resolve  string   `json:"resolution"`
	Periodic string   `json:"periodic_update"`
	Pausable string   `json:"pausable_update"`
	Warn     []int    `json:"warn"`
	PauseOn  []string `json:"pause_on"`
	NextFrom string   `json:"next_from"`
	Missed   string   `json:"on_resolve"`
	BotTime  bool     `json:"bot_time"`

	hours *hours // nil: always open
}

// parse reads the body of a policy record.
func parse(r event.Policy, offset int64, o Options) (*policy, error) {
	p := &policy{serial: r.Serial, reapply: r.Reapply, offset: offset}
	if err := json.Unmarshal(r.Body, p); err != nil {
		return nil, fmt.Errorf("policy %d of tenant %s is not the JSON of a policy: %w", r.Serial, r.Tenant, err)
	}
	zone, err := o.zone(p.Zone)
	if err != nil {
		return nil, fmt.Errorf("policy %d of tenant %s: %w", r.Serial, r.Tenant, err)
	}
	p.zone, p.hours = zone, map[string]*hours{}
	for _, c := range p.Calendars {
		if c.always() {
			continue
		}
		if p.hours[c.Name], err = newHours(c, p.zone, o); err != nil {
			return nil, fmt.Errorf("policy %d of tenant %s: calendar %q: %w", r.Serial, r.Tenant, c.Name, err)
		}
	}
	for i := range p.Rules {
		p.Rules[i].hours = p.hours[p.Rules[i].Calendar]
		if p.Rules[i].PauseOn == nil {
			p.Rules[i].PauseOn = []string{"on_hold", "pending_customer"}
		}
		if p.Rules[i].Warn == nil {
			p.Rules[i].Warn = []int{75, 90}
		}
	}
	return p, nil
}

// span reads a duration of a policy, ms: "15m", "1h30m", "30d"; whatever is empty is other.
func span(s string, other int64) int64 {
	switch s {
	case "":
		return other
	case "never":
		return forever
	}
	var days int64
	if n, rest, ok := strings.Cut(s, "d"); ok {
		days, _ = strconv.ParseInt(n, 10, 64)
		s = rest
	}
	var d time.Duration
	if s != "" {
		d, _ = time.ParseDuration(s)
	}
	return days*dayMs + d.Milliseconds()
}

// limit is that of a name in a map, else that of "*".
func limit(m map[string]string, name string, other int64) int64 {
	if s, ok := m[name]; ok {
		return span(s, other)
	}
	return span(m["*"], other)
}

func (p *policy) stale(c event.Channel) int64 { return limit(p.Stale, c.String(), forever) }
func (p *policy) grace(connector string) int64 {
	return limit(p.Grace, connector, 2000)
}
func (p *policy) horizon(connector string) int64 { return limit(p.Horizon, connector, dayMs) }

// longestHorizon is the highest of all connectors.
func (p *policy) longestHorizon() int64 {
	longest := p.horizon("*")
	for name := range p.Horizon {
		longest = max(longest, p.horizon(name))
	}
	return longest
}

func (p *policy) episodeGap() int64 { return span(p.EpisodeGap, dayMs) }
func (p *policy) maxReply() int64   { return span(p.Bot.MaxReply, 10_000) }

// retain is R of rule 1.11.
func (p *policy) retain() int64 {
	if p.Retain == "never" {
		return 36_600 * dayMs
	}
	return span(p.Retain, 400*dayMs)
}

// band is that of a wait in a queue, rule 9.9.
func (p *policy) band(k Kind, wait int64, queue string) Band {
	target, short := int64(20), int64(5)
	for _, l := range []queueLimit{p.Defaults, p.Queues[queue]} {
		if l.Target != nil {
			target = *l.Target
		}
		if l.Short != nil {
			short = *l.Short
		}
	}
	switch {
	case k == Abandoned && wait <= short*1000:
		return Short
	case wait <= target*1000:
		return InTarget
	}
	return Late
}

// match is rule 8.1: the first rule whose lists all hold the names, nil when there is none.
func (p *policy) match(g Group, priority string) *rule {
	for i := range p.Rules {
		r := &p.Rules[i]
		if holds(r.Match.Channel, g.Channel) && holds(r.Match.Queue, g.Queue) && holds(r.Match.Team, g.Team) && holds(r.Match.Priority, priority) {
			return r
		}
	}
	return nil
}

func holds(list []string, name string) bool {
	return len(list) == 0 || name != "" && slices.Contains(list, name)
}

// target is the promise of a clock in ms, 0 when the rule makes none.
func (r *rule) target(clock string) int64 {
	if r == nil {
		return 0
	}
	switch clock {
	case FirstResponse:
		return span(r.First, 0)
	case NextResponse:
		return span(r.Next, 0)
	case PeriodicUpdate:
		return span(r.Periodic, 0)
	case PausableUpdate:
		return span(r.Pausable, 0)
	}
	return span(r.Resolve, 0)
}
