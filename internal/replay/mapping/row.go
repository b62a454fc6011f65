package mapping

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vigia-cx/vigia/internal/event"
)

// row is one row of a file on its way to events, with what has been read from it so far.
type row struct {
	m     *Mapping
	place []int // cell of each field in this file, -1 for none
	cells []string
	line  Line
	hint  string // order within the input: the line number, counted on over all inputs

	root, brand  string
	conversation string
	known        bool // conversation is filled in
	nth          int
	kept         []string
	times        []instant
}

// instant is a memo of one time of the row.
type instant struct {
	state instantState
	at    int64
}

type instantState uint8

const (
	instantUnread instantState = iota
	instantRead
	instantAbsent
	instantBad
)

// take makes the row ready for the next line of the file.
func (r *row) take(cells []string, line Line) {
	r.cells, r.line = cells, line
	r.root, r.brand, r.conversation, r.known, r.nth, r.kept = "", "", "", false, 0, nil
	clear(r.times)
}

// again returns to a row that was kept.
func (r *row) again(msg *message) {
	r.take(msg.cells, msg.line)
	r.place, r.hint = msg.place, msg.hint
}

// text returns the value of a field, trimmed; "" when the row has none.
func (r *row) text(field int) string {
	f := &r.m.fields[field]
	switch f.kind {
	case fieldColumn:
		i := r.place[field]
		if i < 0 || i >= len(r.cells) {
			return ""
		}
		s := strings.TrimSpace(r.cells[i])
		if len(f.empty) > 0 && slices.Contains(f.empty, s) {
			return ""
		}
		if to, ok := f.values[s]; ok {
			return to
		}
		return s
	case fieldConversation:
		if !r.known {
			r.conversation, r.known = r.m.convo.text(r), true
		}
		return r.conversation
	case fieldNth:
		return decimal(r.nth)
	case fieldRoot:
		return r.root
	case fieldBrand:
		return r.brand
	case fieldKept:
		if f.kept < len(r.kept) {
			return r.kept[f.kept]
		}
	}
	return ""
}

// instant returns a time of the row, Unix ms. ok is false when the row has none; an unreadable one is an error.
func (r *row) instant(field int) (at int64, ok bool, err error) {
	memo := &r.times[field]
	if memo.state == instantUnread {
		*memo = r.readInstant(r.m.fields[field].time)
	}
	if memo.state == instantBad {
		return 0, false, reason("unreadable time in " + r.m.fields[field].name)
	}
	return memo.at, memo.state == instantRead, nil
}

func (r *row) readInstant(t *timing) instant {
	clock := r.text(t.clock)
	if clock == "" || slices.Contains(t.empty, clock) {
		return instant{state: instantAbsent}
	}
	s := clock
	if t.date >= 0 {
		date := r.text(t.date)
		if date == "" {
			return instant{state: instantAbsent}
		}
		s = date + " " + clock
	}
	for _, l := range t.layouts {
		at, ok := l.parse(s, r.m.zone)
		if !ok {
			continue
		}
		if t.follows >= 0 {
			before, ok, err := r.instant(t.follows)
			if err != nil {
				return instant{state: instantBad}
			}
			if ok && before-at > maxGap {
				at, _ = l.parseOn(s, r.m.zone, 1) // read before: cannot fail
			}
		}
		return instant{instantRead, at}
	}
	return instant{state: instantBad}
}

// number reads a decimal number as the mapping writes it, in millionths.
func (r *row) number(s string) (int64, bool) {
	if r.m.comma {
		s = strings.Replace(s, ",", ".", 1)
	}
	return parseDecimal(s, 6)
}

// digest identifies the content of the row, wherever it stands.
func (r *row) digest() (d [16]byte) {
	h := sha256.New()
	for _, c := range r.cells {
		h.Write([]byte(c))
		h.Write([]byte{0x1f})
	}
	return [16]byte(h.Sum(nil)[:16])
}

// events makes the events of a row that a rule has matched.
func (r *row) events(makers []maker, identity string) ([]*event.Event, error) {
	out := make([]*event.Event, 0, len(makers))
	base, err := r.envelope()
	if err != nil {
		return nil, err
	}
	for i := range makers {
		mk := &makers[i]
		if mk.when != nil {
			ok, err := mk.when(r)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		e, err := mk.event(r, base, identity)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, reason("no event of its rule applies")
	}
	return out, nil
}

// envelope is what all events of the row share.
func (r *row) envelope() (event.Event, error) {
	m := r.m
	e := event.Event{
		Tenant: m.tenant.text(r), Conversation: r.text(m.convoField), Customer: m.customer.text(r), Channel: m.channel, Quality: event.QualitySecond, OrderHint: r.hint,
	}
	switch {
	case e.Tenant == "":
		return e, reason("no tenant")
	case e.Conversation == "":
		return e, reason("no conversation")
	}
	if e.Channel == event.ChannelUnknown {
		name := m.channelOf.text(r)
		var ok bool
		if e.Channel, ok = event.ParseChannel(name); !ok {
			return e, reason("unknown channel")
		}
	}
	for _, l := range m.labels {
		if v := l.value.text(r); v != "" {
			e.Labels = append(e.Labels, event.Label{Key: l.key, Value: v})
		}
	}
	e.Source = event.Source{Connector: "replay", Account: m.name, Basis: event.BasisContent}
	return e, nil
}

// event makes one event. Faults that the log would refuse are found here, so that the row can be counted.
func (mk *maker) event(r *row, e event.Event, identity string) (*event.Event, error) {
	at, ok, err := r.instant(mk.at)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, reason("no time in " + r.m.fields[mk.at].name)
	}
	e.At, e.ReceivedAt = at, at
	e.Actor, e.ActorID = mk.actor, mk.actorID.text(r)
	if mk.ownCustomer {
		e.Customer = mk.customer.text(r)
	}
	e.Routing = event.Routing{Queue: mk.queue.text(r), Team: mk.team.text(r), Agent: mk.agent.text(r), Bot: mk.bot.text(r), Inbox: mk.inbox.text(r)}
	e.ID = event.DeriveID(e.Tenant, e.Source.Connector, e.Source.Account, identity+"/"+mk.step)
	id := mk.id.text(r)
	if e.Body, err = mk.body(r, &e, id); err != nil {
		return nil, err
	}
	if e.Source.NativeID = id; id == "" {
		e.Source.NativeID = e.Conversation
	}
	if err := e.Validate(); err != nil {
		return nil, refused(err)
	}
	return &e, nil
}

func (mk *maker) body(r *row, e *event.Event, id string) (event.Body, error) {
	switch mk.kind {
	case event.KindCall:
		c := event.Call{ID: id, Phase: mk.phase, Direction: mk.direction, EndedBy: mk.endedBy}
		if c.ID == "" {
			c.ID = e.Conversation
		}
		for _, d := range []struct {
			from *span
			to   *int64
			what string
		}{{mk.wait, &c.Wait, "wait"}, {mk.ring, &c.Ring, "ring"}, {mk.talk, &c.Talk, "talk"}, {mk.hold, &c.Hold, "hold"}, {mk.wrap, &c.Wrap, "wrap_up"}} {
			var err error
			if *d.to, err = d.from.ms(r, d.what); err != nil {
				return nil, err
			}
		}
		return c, nil
	case event.KindMessage:
		text := strings.ToValidUTF8(mk.text.text(r), "\ufffd")
		msg := event.Message{ID: id, Direction: mk.direction, Internal: mk.internal, Automated: mk.automated, InReplyTo: mk.replyTo.text(r), Text: text,
			TextChars: uint32(utf8.RuneCountInString(text))}
		if msg.ID == "" {
			msg.ID = e.ID
		}
		if text != "" {
			msg.ContentType = "text"
		}
		return msg, nil
	case event.KindConversationState:
		return event.ConversationState{State: mk.state, Priority: mk.priority.text(r)}, nil
	case event.KindAssignment:
		return event.Assignment{To: e.Routing, Cause: mk.cause}, nil
	}
	return mk.surveyBody(r, e, id)
}

func (mk *maker) surveyBody(r *row, e *event.Event, id string) (event.Body, error) {
	a := event.SurveyAnswered{Survey: mk.survey.text(r), Response: id, Instrument: mk.instrument, Final: true, Comment: strings.ToValidUTF8(mk.text.text(r), "\ufffd")}
	if a.Response == "" {
		a.Response = e.ID
	}
	for _, f := range []struct {
		from template
		to   *int64
		what string
	}{{mk.score, &a.Score, "score"}, {mk.scaleMin, &a.ScaleMin, "scale_min"}, {mk.scaleMax, &a.ScaleMax, "scale_max"}} {
		var ok bool
		if *f.to, ok = r.number(f.from.text(r)); !ok {
			return nil, reason("unreadable number in " + f.what)
		}
	}
	return a, nil
}

// refused words what the log would refuse, without the value.
func refused(err error) error {
	if e, ok := err.(*event.Error); ok {
		return reason(string(e.Reason) + " in " + e.Field)
	}
	return err
}
