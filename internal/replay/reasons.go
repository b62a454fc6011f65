package replay

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// describe says a moment in words.
func describe(m convo.Moment) string {
	switch m.Kind {
	case convo.Started:
		return "began"
	case convo.FirstResponse:
		return "first reply"
	case convo.NextResponse:
		return "reply in a later turn"
	case convo.Resolution:
		return "resolved"
	case convo.Updated:
		return "reply after a reply, " + m.Clock.String()
	case convo.ClockHit:
		return "promise of " + m.Clock.String() + " kept"
	case convo.ClockMiss:
		return "promise of " + m.Clock.String() + " missed"
	case convo.Answered:
		return "answered" + band(m)
	case convo.Abandoned:
		return "abandoned" + band(m)
	case convo.FlowOut:
		return "left the queue without an answer" + band(m)
	case convo.Voicemail:
		return "went to voicemail" + band(m)
	case convo.Callback:
		return "asked to be called back" + band(m)
	case convo.Lost:
		return "never ended, closed as lost"
	case convo.Handled:
		return "handling ended"
	case convo.Scored:
		return "scored"
	}
	if word, ok := work[m.Kind]; ok {
		return word
	}
	return "active"
}

// work says in words what people did.
var work = map[convo.MomentKind]string{
	convo.Resolved: "a resolve", convo.Reopened: "a resolve that was undone", convo.OpenSegments: "resolved", convo.LastSegment: "resolved", convo.RequesterWait: "resolved",
	convo.AgentWork: "resolved", convo.Replies: "resolved", convo.Joined: "a person took part", convo.Moved: "transferred", convo.Talked: "handling ended",
	convo.Held: "handling ended", convo.Wrapped: "handling ended",
}

func band(m convo.Moment) string {
	switch m.Band {
	case convo.InTarget:
		return " in target"
	case convo.Late:
		return " after the target"
	case convo.Short:
		return " within the short threshold"
	}
	return ""
}

// secondsOf is the duration of a moment in seconds, null when it has none.
func secondsOf(m convo.Moment) kpi.Number {
	switch m.Kind {
	case convo.FirstResponse, convo.NextResponse, convo.Updated, convo.Resolution, convo.Answered, convo.Abandoned, convo.FlowOut, convo.Voicemail, convo.Callback, convo.Lost, convo.Handled,
		convo.OpenSegments, convo.LastSegment, convo.RequesterWait, convo.AgentWork, convo.Talked, convo.Held, convo.Wrapped:
		return kpi.Number(strconv.FormatFloat(float64(m.Value)/1000, 'f', -1, 64))
	}
	return ""
}

// facts is what the events of a conversation say beside its moments.
type facts struct {
	voiced, queued, inbound, reply, bot, void bool
}

func factsOf(events []*event.Event) facts {
	f := facts{voiced: events[0].Channel.Voiced()}
	for _, e := range events {
		switch b := e.Body.(type) {
		case event.Call:
			f.queued = f.queued || b.Phase == event.PhaseQueued
		case event.Message:
			switch {
			case b.Internal || b.Automated:
			case b.Direction == event.Inbound:
				f.inbound = true
			case e.Actor == event.ByBot:
				f.bot = true
			default:
				f.reply = true
			}
		case event.ConversationState:
			switch b.State {
			case event.StatusSpam, event.StatusDeleted, event.StatusMerged:
				f.void = true
			case event.StatusReopened:
				f.void = false
			}
		}
	}
	return f
}

// whyNot says why a conversation counts nowhere for a KPI, with the seconds of what it ended in instead.
func whyNot(d *kpi.Def, events []*event.Event, moments []convo.Moment) (why string, seconds kpi.Number) {
	f := factsOf(events)
	if len(moments) == 0 && f.void {
		return "taken back: spam, deleted or merged", ""
	}
	var outcome, first *convo.Moment
	for i := range moments {
		switch m := &moments[i]; m.Kind {
		case convo.Answered, convo.Abandoned, convo.FlowOut, convo.Voicemail, convo.Callback, convo.Lost:
			outcome = m
		case convo.FirstResponse:
			first = m
		}
	}
	switch d.Feeds[0].Kind {
	case convo.NextResponse:
		if first != nil {
			return "no later turn was answered", ""
		}
		return f.unanswered(), ""
	case convo.FirstResponse:
		return f.unanswered(), ""
	case convo.Resolution, convo.Resolved, convo.RequesterWait, convo.AgentWork, convo.Replies:
		return "not resolved", ""
	case convo.ClockHit, convo.ClockMiss:
		return "no promise was decided", ""
	case convo.Updated:
		if first != nil {
			return "no other reply came while it was open", ""
		}
		return f.unanswered(), ""
	case convo.Scored:
		return "no message has a score", ""
	}
	switch {
	case slices.Contains([]convo.MomentKind{convo.Handled, convo.Talked, convo.Held, convo.Wrapped}, d.Feeds[0].Kind) && outcome != nil && outcome.Kind == convo.Answered:
		return "no end of its handling is known", ""
	case outcome != nil:
		return describe(*outcome), secondsOf(*outcome)
	case f.voiced && !f.queued:
		return "never entered a queue", ""
	case f.voiced:
		return "its way out of the queue is not known", ""
	}
	return f.unanswered(), ""
}

// unanswered says why a text conversation has no reply that counts.
func (f facts) unanswered() string {
	switch {
	case f.voiced:
		return "a call, not a message"
	case !f.inbound:
		return "the customer wrote nothing"
	case f.reply:
		return "no reply to a message of the customer"
	case f.bot:
		return "answered by a bot only"
	}
	return "no reply"
}
