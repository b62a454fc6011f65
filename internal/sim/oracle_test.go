package sim_test

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// What follows judges the world by the plain meaning of the numbers: it walks over each conversation's events in order and adds up. It shares nothing with the engine
// but the event type, and knows only what the invented traffic contains (no bots, pauses, transfers or merges; every rule around the clock).

// promised is what sim.Policy promises, by channel and clock.
var promised = map[event.Channel]map[string]time.Duration{
	event.WhatsApp: {"first_response": 2 * time.Minute, "next_response": 5 * time.Minute, "resolution": 2 * time.Hour},
	event.WebChat:  {"first_response": 2 * time.Minute, "next_response": 5 * time.Minute, "resolution": 2 * time.Hour},
	event.Email:    {"first_response": 2 * time.Hour, "next_response": 4 * time.Hour, "resolution": 24 * time.Hour},
}

const (
	grace       = 2 * time.Second
	shortWait   = 5 * time.Second
	otherTarget = 20 * time.Second
)

var targets = map[string]time.Duration{"ventas": time.Minute, "soporte": time.Minute}

// kept is a promise and how it ended. Instants in Unix ms.
type kept struct {
	conversation, clock, queue string
	start, due                 int64
	end                        int64 // kept, late or cut short then; 0 while it runs
}

func (k kept) broken(now int64) bool {
	return k.end > k.due || k.end == 0 && k.due+grace.Milliseconds() < now
}

// ledger is what the events of a world add up to.
type ledger struct {
	n         map[string]int64 // "kpi/part/queue" → count or ms; the queue "" is everything
	promises  []kept
	customers map[string]bool
}

func (l *ledger) add(kpi, part, queue string, v int64) {
	l.n[kpi+"/"+part+"/"+queue] += v
	l.n[kpi+"/"+part+"/"] += v
}

func (l *ledger) duration(kpi, queue string, ms int64) {
	l.add(kpi, "n", queue, 1)
	l.add(kpi, "sum", queue, ms)
}

// judge adds up all events that had happened at an instant (Unix ms), which is when the promises that still run are judged. What waits does so for the grace.
func judge(events []*event.Event, now int64) *ledger {
	l := &ledger{n: map[string]int64{}, customers: map[string]bool{}}
	byConversation := map[string][]*event.Event{}
	for _, e := range events {
		switch e.Body.(type) {
		case event.SurveyRequested, event.SurveyAnswered, event.MessageState:
			continue // beside the conversation
		}
		byConversation[e.Conversation] = append(byConversation[e.Conversation], e)
	}
	for _, list := range byConversation {
		slices.SortStableFunc(list, func(a, b *event.Event) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(order(a), order(b)), cmp.Compare(number(a.OrderHint), number(b.OrderHint)))
		})
		if list[0].Channel == event.Voice {
			l.call(list)
		} else {
			l.thread(list, now-grace.Milliseconds())
		}
	}
	for _, p := range l.promises {
		switch {
		case p.broken(now):
			l.add("sla_compliance/"+p.clock, "denominator", p.queue, 1)
		case p.end != 0:
			l.add("sla_compliance/"+p.clock, "numerator", p.queue, 1)
			l.add("sla_compliance/"+p.clock, "denominator", p.queue, 1)
		}
	}
	return l
}

// order of what happens in the same millisecond: the customer, then we, then the end.
func order(e *event.Event) int {
	switch b := e.Body.(type) {
	case event.Message:
		if b.Direction == event.Outbound {
			return 1
		}
		return 0
	case event.ConversationState:
		return 2
	}
	return 0
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

// queueAt is the queue that a conversation was in at an instant.
func queueAt(list []*event.Event, at int64) string {
	queue := ""
	for _, e := range list {
		if e.At > at && queue != "" {
			break
		}
		if e.Routing.Queue != "" {
			queue = e.Routing.Queue
		}
	}
	return queue
}

// thread is a conversation in text. On WhatsApp it goes on for ever, and a message after a resolve begins an episode.
func (l *ledger) thread(list []*event.Event, now int64) {
	type episode struct {
		began, turn, wait          int64
		answered, contacted, ended bool
	}
	var ep episode
	var last int64
	first := list[0]
	settle := func(clock string, start, end int64) {
		due := start + promised[first.Channel][clock].Milliseconds()
		at := end
		if end == 0 || end > due {
			at = due
		}
		l.promises = append(l.promises, kept{first.Conversation, clock, queueAt(list, at), start, due, end})
	}
	responding := func() string {
		if ep.answered {
			return "next_response"
		}
		return "first_response"
	}
	leave := func(outcome string, queue string, wait int64) {
		l.add("contacts_offered", "n", queue, 1)
		if outcome == "answered" {
			l.answer(queue, wait)
		}
		ep.wait, ep.contacted = 0, true
	}
	// silence ends an episode after a day.
	silence := func(now int64) {
		end := last + (24 * time.Hour).Milliseconds()
		if !first.Threadless || ep.began == 0 || now <= end {
			return
		}
		queue := queueAt(list, end)
		if ep.turn != 0 {
			settle(responding(), ep.turn, end)
		}
		if ep.wait != 0 {
			leave("lost", queue, 0)
		}
		if !ep.ended {
			settle("resolution", ep.began, end)
		}
		ep = episode{}
	}
	for _, e := range list {
		silence(e.At)
		last = e.At
		queue := e.Routing.Queue
		message, isMessage := e.Body.(event.Message)
		inbound := isMessage && message.Direction == event.Inbound
		if ep.ended && inbound {
			ep = episode{}
		}
		if ep.began == 0 {
			ep.began = e.At
			l.add("conversations_started", "n", queue, 1)
		}
		switch {
		case inbound:
			l.customers[e.Customer] = true
			l.add("sentiment_balance", "denominator", queue, 1)
			if message.Sentiment.Polarity >= 200_000 {
				l.add("sentiment_balance", "numerator", queue, 1)
			} else if message.Sentiment.Polarity <= -200_000 {
				l.add("sentiment_balance", "numerator", queue, -1)
			}
			if ep.turn == 0 {
				ep.turn = e.At
			}
			if !ep.contacted && ep.wait == 0 {
				ep.wait = e.At
			}
		case isMessage:
			if ep.wait != 0 {
				leave("answered", queue, e.At-ep.wait)
			}
			if ep.turn != 0 {
				clock := responding()
				l.duration(clock+"_time", queue, e.At-ep.turn)
				settle(clock, ep.turn, e.At)
				ep.turn, ep.answered = 0, true
			}
		default: // resolved
			if clock := responding(); ep.turn != 0 && ep.turn+promised[first.Channel][clock].Milliseconds() < e.At {
				settle(clock, ep.turn, e.At)
			}
			ep.turn = 0
			if ep.wait != 0 {
				leave("flowed out", queue, 0)
			}
			if !ep.ended {
				l.duration("resolution_time", queue, e.At-ep.began)
				settle("resolution", ep.began, e.At)
			}
			ep.ended = true
		}
	}
	silence(now)
	if ep.turn != 0 {
		settle(responding(), ep.turn, 0)
	}
	if ep.began != 0 && !ep.ended {
		settle("resolution", ep.began, 0)
	}
}

// call is a phone call: menu, queue, answer or abandonment, talk, wrap-up.
func (l *ledger) call(list []*event.Event) {
	queue := queueAt(list, list[len(list)-1].At)
	l.add("conversations_started", "n", queue, 1)
	l.customers[list[0].Customer] = true
	var queued, answered, ended int64
	for _, e := range list {
		switch e.Body.(event.Call).Phase {
		case event.PhaseQueued:
			queued = e.At
		case event.PhaseAbandoned:
			l.add("contacts_offered", "n", queue, 1)
			l.add("contacts_abandoned", "n", queue, 1)
			if e.At-queued > shortWait.Milliseconds() {
				l.add("service_level", "denominator", queue, 1)
			}
		case event.PhaseAnswered:
			answered = e.At
			l.add("contacts_offered", "n", queue, 1)
			l.answer(queue, e.At-queued)
		case event.PhaseEnded, event.PhaseWrapUpEnded:
			ended = e.At
		}
	}
	if answered != 0 && ended != 0 {
		l.duration("handle_time", queue, ended-answered)
	}
}

func (l *ledger) answer(queue string, wait int64) {
	l.add("contacts_answered", "n", queue, 1)
	l.duration("speed_of_answer", queue, wait)
	l.add("service_level", "denominator", queue, 1)
	if wait <= cmp.Or(targets[queue], otherTarget).Milliseconds() {
		l.add("service_level", "numerator", queue, 1)
	}
}
