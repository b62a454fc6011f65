package exporter

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/explain"
)

// conversation writes what a conversation counts for, and why.
func (s *scribe) conversation(c *explain.Conversation) {
	title := s.Say("why_conversation", "id", c.Conversation)
	if c.Channel != "" {
		title += " · " + s.channel(c.Channel)
	}
	if c.Customer != "" {
		title += " · " + s.Say("why_of_customer", "id", c.Customer)
	}
	s.line(0, title)
	if c.Counts == "forgotten" {
		s.line(0, s.Say("why_counts_forgotten"))
	} else {
		s.line(0, s.status(c.Status)+" · "+s.Say("why_counts_"+c.Counts))
	}
	s.line(0, s.Say("why_policy", "serial", strconv.FormatInt(c.PolicySerial, 10), "at", wallTime(c.AsOf)))
	if c.KnownFrom != nil {
		s.line(0, s.Say("why_known_from", "at", wallTime(*c.KnownFrom)))
	}
	if c.Link != "" {
		s.line(0, c.Link)
	}
	s.head("why_timeline")
	for i := range c.Timeline {
		s.step(&c.Timeline[i])
	}
	s.noneIf(len(c.Timeline) == 0)
	s.head("why_clocks")
	for i := range c.Clocks {
		s.promise(&c.Clocks[i])
	}
	s.noneIf(len(c.Clocks) == 0)
	s.head("why_contributions")
	s.counted(1, "", c.Contributions)
	s.noneIf(len(c.Contributions) == 0)
	if len(c.Withheld) > 0 {
		s.head("why_withheld")
		s.counted(1, "", c.Withheld)
	}
	if c.History == nil {
		s.out.WriteByte('\n')
		s.line(0, s.Say("why_no_history"))
		return
	}
	s.head("why_history")
	for _, x := range c.History {
		text := wallTime(x.AsOf) + "  " + s.Say("why_record", "offset", strconv.FormatInt(x.Offset, 10), "cause", s.Say("why_step_"+x.Cause))
		if x.At != nil {
			text += ", " + wallTime(*x.At)
		}
		s.line(1, text)
		s.counted(2, "− ", x.Retracted)
		s.counted(2, "+ ", x.Made)
	}
	s.noneIf(len(c.History) == 0)
}

func (s *scribe) noneIf(none bool) {
	if none {
		s.line(1, s.Say("why_none"))
	}
}

func (s *scribe) status(status string) string {
	return s.Say("why_status_" + cmp.Or(status, "none"))
}

// step writes one thing that happened, and how things stood after it.
func (s *scribe) step(x *explain.Step) {
	told := []string{s.Say("why_step_" + x.Kind)}
	for _, name := range []string{x.Queue, x.Team, x.Agent, x.Bot, x.Topic, x.Complexity, x.Priority} {
		if name != "" {
			told = append(told, name)
		}
	}
	if x.Receipt {
		told = append(told, s.Say("why_receipt"))
	}
	if x.Score != nil {
		told = append(told, s.Say("why_score", "score", strconv.FormatFloat(*x.Score, 'f', -1, 64)))
	}
	var after []string
	add := func(on bool, text func() string) {
		if on {
			after = append(after, text())
		}
	}
	add(x.After.Status != "", func() string { return s.status(x.After.Status) })
	add(x.After.Void, func() string { return s.Say("why_after_void") })
	add(x.After.With != "", func() string { return s.Say("why_after_" + x.After.With) })
	add(x.After.WaitingSince != nil, func() string { return s.Say("why_after_waiting", "at", wallTime(*x.After.WaitingSince)) })
	add(x.After.Handled, func() string { return s.Say("why_after_handled") })
	add(x.After.OwedSince != nil, func() string { return s.Say("why_after_owed", "at", wallTime(*x.After.OwedSince)) })
	line := wallTime(x.At) + "  " + strings.Join(told, " · ")
	if len(after) > 0 {
		line += "  → " + strings.Join(after, ", ")
	}
	s.line(1, line)
}

// promise writes one clock.
func (s *scribe) promise(c *explain.Clock) {
	s.line(1, s.Say("why_clock", "clock", s.Say("clock_"+c.Clock), "rule", c.Rule, "serial", strconv.FormatInt(c.PolicySerial, 10), "calendar", cmp.Or(c.Calendar, s.Say("why_always"))))
	due := s.Say("why_stands")
	if c.DueAt != nil {
		due = wallTime(*c.DueAt)
	}
	state := s.Say("why_running")
	switch {
	case c.State == "kept" && c.FulfilledAt != nil:
		state = s.Say("why_kept", "at", wallTime(*c.FulfilledAt))
	case c.State == "broken" && c.FulfilledAt != nil:
		state = s.Say("why_broken_at", "at", wallTime(*c.FulfilledAt))
	case c.State == "broken" && c.EndedAt != nil:
		state = s.Say("why_broken_ended", "at", wallTime(*c.EndedAt))
	case c.State == "broken":
		state = s.Say("why_broken")
	}
	s.line(2, s.Say("why_clock_times", "start", wallTime(c.StartedAt), "target", string(c.TargetS)+" s", "due", due, "elapsed", string(c.ElapsedS)+" s", "wall", string(c.WallS)+" s", "state", state))
	for _, p := range c.Pauses {
		to := s.Say("why_still")
		if p.To != nil {
			to = wallTime(*p.To)
		}
		s.line(2, s.Say("why_paused", "state", s.status(p.State), "from", wallTime(p.From), "to", to))
	}
}

// counted writes contributions: where they count, under which counters, and for which KPIs.
func (s *scribe) counted(indent int, sign string, list []explain.Counted) {
	for i := range list {
		x := &list[i]
		line := sign + wallTime(x.At)
		if group := s.group(x.Group); group != "" {
			line += "  " + group
		}
		s.line(indent, line)
		for k := range x.Metrics {
			s.line(indent+1, s.counter(&x.Metrics[k]))
		}
		if len(x.KPIs) > 0 {
			s.line(indent+1, "→ "+strings.Join(x.KPIs, ", "))
		}
	}
}

// customer writes what a customer counts for over all conversations.
func (s *scribe) customer(c *explain.Customer) {
	s.line(0, s.Say("why_customer", "id", c.Customer))
	if c.MergedInto != "" {
		s.line(0, s.Say("why_merged", "id", c.MergedInto))
	}
	s.line(0, s.Say("why_now", "at", wallTime(c.AsOf)))
	s.head("why_contacts")
	at := func(t *string) string {
		if t == nil {
			return s.Say("why_still")
		}
		return wallTime(*t)
	}
	for i := range c.Contacts {
		x := &c.Contacts[i]
		s.line(1, s.Say("why_contact", "conversation", x.Conversation, "channel", s.channel(x.Channel), "queue", x.Queue, "from", at(x.StartedAt), "to", at(x.EndedAt)))
		var flags []string
		for _, f := range []struct {
			name string
			on   bool
		}{{"open", x.Open}, {"resolved", x.ResolvedAt != nil}, {"reopened", x.Reopened}, {"transferred", x.Transferred}, {"bot", x.Bot}, {"contained", x.Contained}, {"confirmed", x.Confirmed},
			{"retracted", x.Retracted}, {"outbound", !x.Inbound}} {
			if f.on {
				flags = append(flags, s.Say("why_flag_"+f.name))
			}
		}
		if len(flags) > 0 {
			s.line(2, strings.Join(flags, ", "))
		}
	}
	s.noneIf(len(c.Contacts) == 0)
	s.head("why_contributions")
	s.counted(1, "", c.Contributions)
	s.noneIf(len(c.Contributions) == 0)
}
