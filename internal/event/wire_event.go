package event

import (
	"slices"
	"strings"
)

// event reads a vigia.v1.Event. Kinds and identities that are rare in the log are left to the protobuf library.
func (rd *reader) event(b []byte) *Event {
	e := &Event{}
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			e.ID = f.text()
		case 2:
			e.Tenant = f.name()
		case 3:
			e.Source = rd.source(f.bytes())
		case 4:
			e.At = f.instant()
		case 5:
			e.Quality = enum[TimeQuality](f.enum())
		case 6:
			e.ReceivedAt = f.instant()
		case 7:
			rd.conversation(e, f.bytes())
		case 8:
			e.Customer = rd.customer(f.bytes())
		case 9:
			rd.actor(e, f.bytes())
		case 10:
			e.Channel = enum[Channel](f.enum())
		case 11:
			e.Routing = rd.routing(f.bytes())
		case 12:
			e.OrderHint = f.text()
		case 13:
			e.Labels = append(e.Labels, rd.label(f.bytes()))
			f.seen &^= 1 << 13 // a field for each
		case 14:
			e.Link = f.text()
		case 20, 22, 23, 24:
			if e.Body != nil {
				f.fail()
				break
			}
			switch body := f.bytes(); f.num {
			case 20:
				e.Body = rd.message(body)
			case 22:
				e.Body = rd.conversationState(body)
			case 23:
				e.Body = rd.assignment(body)
			default:
				e.Body = rd.call(body)
			}
		default:
			f.fail()
		}
	}
	if e.Body == nil {
		rd.bad = true
	}
	slices.SortStableFunc(e.Labels, func(a, b Label) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(e.Labels); i++ {
		if e.Labels[i].Key == e.Labels[i-1].Key {
			rd.bad = true // of a key that is given twice the last one counts: left to the library
		}
	}
	return e
}

func (rd *reader) label(b []byte) (l Label) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			l.Key = f.name()
		case 2:
			l.Value = f.name()
		default:
			f.fail()
		}
	}
	return l
}

func (rd *reader) source(b []byte) (s Source) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			s.Connector = f.name()
		case 2:
			s.Account = f.name()
		case 3:
			s.NativeID = f.text()
		case 4:
			s.Basis = enum[DedupBasis](f.enum())
		case 5:
			s.Attempt = uint32(f.varint(0))
		case 6:
			s.Version = f.name()
		default:
			f.fail()
		}
	}
	return s
}

func (rd *reader) conversation(e *Event, b []byte) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			e.Conversation = f.text()
		case 2:
			e.Threadless = f.flag()
		case 3:
			e.Root = f.text()
		default:
			f.fail()
		}
	}
}

func (rd *reader) customer(b []byte) (id string) {
	for f := rd.fields(b); f.next(); {
		if f.num != 1 {
			f.fail()
			break
		}
		id = f.text()
	}
	return id
}

func (rd *reader) actor(e *Event, b []byte) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			e.Actor = enum[ActorKind](f.enum())
		case 2:
			e.ActorID = f.name()
		default:
			f.fail()
		}
	}
}

func (rd *reader) routing(b []byte) (r Routing) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			r.Queue = f.name()
		case 2:
			r.Team = f.name()
		case 3:
			r.Agent = f.name()
		case 4:
			r.Bot = f.name()
		case 5:
			r.Inbox = f.name()
		default:
			f.fail()
		}
	}
	return r
}

func (rd *reader) message(b []byte) Message {
	var m Message
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			m.ID = f.text()
		case 2:
			m.Direction = enum[Direction](f.enum())
		case 3:
			m.Internal = f.enum() == visibilityInternal
		case 4:
			m.ContentType = f.name()
		case 5:
			m.Text = f.text()
		case 6:
			m.TextChars = uint32(f.varint(0))
		case 7:
			m.Locale = f.name()
		case 8:
			m.InReplyTo = f.text()
		case 9:
			m.Automated = f.flag()
		case 10:
			m.Receipt = f.flag()
		case 11:
			m.Sentiment = rd.sentiment(f.bytes())
		default:
			f.fail()
		}
	}
	return m
}

const visibilityInternal = 2

func (rd *reader) sentiment(b []byte) *Sentiment {
	s := &Sentiment{}
	var err1, err2 error
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			s.Subject = f.text()
		case 2:
			s.Polarity, err1 = millionths("", f.double(), -1, 1)
		case 3:
			s.Confidence, err2 = millionths("", f.double(), 0, 1)
		case 4:
			s.Model = f.name()
		case 5:
			s.Partial = f.flag()
		case 6:
			s.Tone = rd.tone(f.bytes())
		default:
			f.fail()
		}
	}
	if err1 != nil || err2 != nil {
		rd.bad = true
	}
	return s
}

func (rd *reader) tone(b []byte) *Tone {
	t := &Tone{}
	var err1, err2 error
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			t.Frustration, err1 = millionths("", f.double(), 0, 1)
		case 2:
			t.Urgency, err2 = millionths("", f.double(), 0, 1)
		default:
			f.fail()
		}
	}
	if err1 != nil || err2 != nil {
		rd.bad = true
	}
	return t
}

func (rd *reader) conversationState(b []byte) ConversationState {
	var s ConversationState
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			s.State = enum[ConversationStatus](f.enum())
		case 2:
			s.Native = f.text()
		case 3:
			s.PreviousNative = f.text()
		case 4:
			s.MergedInto = f.text()
		case 5:
			s.Priority = f.name()
		case 6:
			s.StartedByBusiness = f.flag()
		default:
			f.fail()
		}
	}
	return s
}

func (rd *reader) assignment(b []byte) Assignment {
	var a Assignment
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			a.From = rd.routing(f.bytes())
		case 2:
			a.To = rd.routing(f.bytes())
		case 3:
			a.Cause = enum[AssignmentCause](f.enum())
		default:
			f.fail()
		}
	}
	return a
}

func (rd *reader) call(b []byte) Call {
	c := Call{Wait: NotReported, Ring: NotReported, Talk: NotReported, Hold: NotReported, Wrap: NotReported}
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			c.ID = f.text()
		case 2:
			c.Leg = f.text()
		case 3:
			c.Phase = enum[CallPhase](f.enum())
		case 4:
			c.Direction = enum[Direction](f.enum())
		case 5:
			c.Wait = f.span()
		case 6:
			c.Ring = f.span()
		case 7:
			c.Talk = f.span()
		case 8:
			c.Hold = f.span()
		case 9:
			c.Wrap = f.span()
		case 10:
			c.EndedBy = enum[EndedBy](f.enum())
		case 11:
			c.QueuePosition = uint32(f.varint(0))
		case 12:
			c.NativeCause = f.text()
		default:
			f.fail()
		}
	}
	return c
}
