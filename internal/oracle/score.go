package oracle

import "github.com/vigia-cx/vigia/internal/event"

// scored is where the scores of one message id count, and how: rule 10.
type scored struct {
	place int // among the events that are not final; none: nowhere
	event.Sentiment
}

// scores finds those of all message ids. direct are the messages that are known by more than a receipt.
func scores(events []*taken, direct map[uint32]bool) map[uint32]scored {
	out := map[uint32]scored{}
	for i, e := range events {
		if s, has := e.score(); has {
			if _, seen := out[e.message]; !seen {
				out[e.message] = scored{i, *s}
			}
		}
	}
	for id, s := range out {
		s.place = placeOf(id, events, direct)
		s.Sentiment = valueOf(id, events, direct)
		out[id] = s
	}
	return out
}

// score is what the event says of a message, unless it has no effect any more.
func (e *taken) score() (*event.Sentiment, bool) {
	if e.inert {
		return nil, false
	}
	switch b := e.Body.(type) {
	case event.Sentiment:
		return &b, true
	case event.Message:
		if e.kind != inbound {
			return nil, false
		}
		if e.given != nil {
			return e.given, true
		}
		return b.Sentiment, b.Sentiment != nil
	}
	return nil, false
}

// placeOf is rule 10.2.
func placeOf(id uint32, events []*taken, direct map[uint32]bool) int {
	first, said := none, false
	for i, e := range events {
		switch {
		case e.message != id:
		case e.isMessage() && e.receipt() && direct[id]:
		case e.kind == inbound:
			return i
		case e.isMessage():
			said = true
		case e.kind == score && !e.inert && first == none:
			first = i
		}
	}
	if said {
		return none
	}
	return first
}

// valueOf is rule 10.1: the last score that was told by itself, else the first that a message brought.
func valueOf(id uint32, events []*taken, direct map[uint32]bool) event.Sentiment {
	var value *event.Sentiment
	for _, e := range events {
		s, has := e.score()
		if has && e.message == id && (e.kind == score || value == nil && !(e.receipt() && direct[id])) {
			value = s
		}
	}
	if value == nil {
		return event.Sentiment{}
	}
	return *value
}

// settleScores is what becomes of scores when the first n events become final, rule 1.9.
func settleScores(events []*taken, n int, direct map[uint32]bool) {
	for id, s := range scores(events, direct) {
		said := false
		for _, e := range events[:n] {
			said = said || e.isMessage() && e.message == id
		}
		switch {
		case s.place < n, s.place == none && said:
			for _, e := range events {
				e.inert = e.inert || e.message == id && (e.kind == score || e.kind == inbound)
			}
		case s.place != none:
			for _, e := range events[:n] {
				if e.message == id && e.kind == score && !e.inert {
					told := e.Body.(event.Sentiment)
					events[s.place].given = &told
				}
			}
		}
	}
}
