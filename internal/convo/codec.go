package convo

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Encode writes the state; equal states give equal bytes.
func (s *State) Encode() []byte {
	w := &pack.Writer{}
	w.Grow(192 + 40*len(s.entries))
	w.String(s.Tenant)
	w.String(s.ID)
	w.Byte(byte(s.Channel))
	w.Byte(bits(s.Threadless, s.Truncated))
	w.String(s.Link)
	w.Int(s.Horizon)
	w.Int(s.Woken)
	w.Int(s.Wake)
	w.Uint(s.Revision)
	w.Int(s.Losses)
	w.Int(s.floor)
	w.Int(s.serial)
	w.Uint(uint64(len(s.reapplied)))
	for _, serial := range s.reapplied {
		w.Int(serial)
	}
	w.Int(s.first)
	if w.Bool(s.residue != nil); s.residue != nil {
		s.residue.encode(w)
	}
	base := int64(0)
	w.Uint(uint64(len(s.entries)))
	for i := range s.entries {
		s.entries[i].encode(w, &base)
	}
	w.Uint(uint64(len(s.signals)))
	for _, g := range s.signals {
		w.Byte(byte(g.Clock))
		w.Int(g.StartAt)
		w.Fixed64(g.StartID)
		w.Int(g.DueAt)
		w.Uint(uint64(g.Warned))
		w.Byte(bits(g.Breached, g.Over))
		w.Uint(uint64(g.Revision))
	}
	w.Uint(uint64(len(s.cued)))
	for _, c := range s.cued {
		w.String(c.Trigger)
		w.Int(c.At)
	}
	return w.Bytes()
}

// Decode reads what Encode wrote; anything else is pack.ErrDamaged.
func Decode(b []byte) (*State, error) {
	r := pack.NewReader(b)
	s := &State{Tenant: r.String(), ID: r.String(), Channel: event.Channel(r.Byte())}
	flags := r.Byte()
	s.Threadless, s.Truncated = flags&1 != 0, flags&2 != 0
	s.Link, s.Horizon, s.Woken, s.Wake, s.Revision, s.Losses = r.String(), r.Int(), r.Int(), r.Int(), r.Uint(), r.Int()
	s.floor, s.serial = r.Int(), r.Int()
	for n := r.Len(); n > 0; n-- {
		s.reapplied = append(s.reapplied, r.Int())
	}
	if s.first = r.Int(); r.Bool() {
		s.residue = &machine{}
		s.residue.decode(r)
	}
	base := int64(0)
	for n := r.Len(); n > 0; n-- {
		var e Entry
		e.decode(r, &base)
		e.share(s.entries)
		s.entries = append(s.entries, e)
	}
	for n := r.Len(); n > 0; n-- {
		g := signalled{Clock: sla.Clock(r.Byte()), StartAt: r.Int(), StartID: r.Fixed64(), DueAt: r.Int(), Warned: int(r.Uint())}
		flags := r.Byte()
		g.Breached, g.Over, g.Revision = flags&1 != 0, flags&2 != 0, uint32(r.Uint())
		s.signals = append(s.signals, g)
	}
	for n := r.Len(); n > 0; n-- {
		s.cued = append(s.cued, cued{r.String(), r.Int()})
	}
	if r.More() {
		return nil, pack.ErrDamaged
	}
	return s, r.Err()
}

func bits(flags ...bool) byte {
	var b byte
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return b
}

func (e *Entry) encode(w *pack.Writer, base *int64) {
	w.Int(e.At - *base)
	*base = e.At
	w.Fixed64(e.ID)
	w.Byte(byte(e.Kind))
	// Most entries carry few of these: a bit says which.
	w.Byte(bits(e.Hint != "", e.Queue != "" || e.Team != "" || e.Agent != "" || e.Bot != "", e.Customer != "", e.Priority != "", e.Subject != 0, e.Scored, e.Receipt,
		e.measured()))
	w.Byte(bits(e.Topic != "", e.Complexity != 0, e.Tone != nil, e.Survey != nil, e.Seen, e.Outcome != 0, e.Moves, e.Known))
	w.Int(e.Serial)
	w.String(e.Source)
	if e.Hint != "" {
		w.String(e.Hint)
	}
	if e.Queue != "" || e.Team != "" || e.Agent != "" || e.Bot != "" {
		w.String(e.Queue)
		w.String(e.Team)
		w.String(e.Agent)
		w.String(e.Bot)
	}
	if e.Customer != "" {
		w.String(e.Customer)
	}
	if e.Priority != "" {
		w.String(e.Priority)
	}
	if e.Subject != 0 {
		w.Uint(uint64(e.Subject))
	}
	if e.measured() {
		w.Int(e.Value)
		w.Int(e.Talk)
		w.Int(e.Hold)
		w.Int(e.Wrap)
	}
	if e.Topic != "" {
		w.String(e.Topic)
	}
	if e.Complexity != 0 {
		w.Byte(e.Complexity)
	}
	if e.Tone != nil {
		w.Int(e.Tone.Frustration)
		w.Int(e.Tone.Urgency)
	}
	if e.Survey != nil {
		e.Survey.encode(w)
	}
	if e.Outcome != 0 {
		w.Byte(byte(e.Outcome))
	}
	if e.Kind == kindPurchase {
		e.Sale.encode(w)
	}
}

func (e *Entry) measured() bool {
	return e.Value != event.NotReported || e.Talk != event.NotReported || e.Hold != event.NotReported || e.Wrap != event.NotReported
}

func (e *Entry) decode(r *pack.Reader, base *int64) {
	*base += r.Int()
	*e = Entry{scene: &scene{}, At: *base, ID: r.Fixed64(), Kind: Kind(r.Byte()), Value: event.NotReported, Talk: event.NotReported, Hold: event.NotReported, Wrap: event.NotReported}
	if int(e.Kind) >= len(rank) {
		e.Kind = kindOther
	}
	flags, more := r.Byte(), r.Byte()
	has := func(i int) bool { return flags&(1<<i) != 0 }
	e.Serial, e.Source = r.Int(), r.String()
	e.Scored, e.Receipt = has(5), has(6)
	if has(0) {
		e.Hint = r.String()
	}
	if has(1) {
		e.Queue, e.Team, e.Agent, e.Bot = r.String(), r.String(), r.String(), r.String()
	}
	if has(2) {
		e.Customer = r.String()
	}
	if has(3) {
		e.Priority = r.String()
	}
	if has(4) {
		e.Subject = uint32(r.Uint())
	}
	if has(7) {
		e.Value, e.Talk, e.Hold, e.Wrap = r.Int(), r.Int(), r.Int(), r.Int()
	}
	if more&1 != 0 {
		e.Topic = r.String()
	}
	if more&2 != 0 {
		e.Complexity = min(r.Byte(), uint8(len(event.Complexities)))
	}
	if more&4 != 0 {
		e.Tone = &event.Tone{Frustration: r.Int(), Urgency: r.Int()}
	}
	if more&8 != 0 {
		e.Survey = &surveyStep{}
		e.Survey.decode(r)
	} else if e.Kind == kindRating || e.Kind == kindPrompt {
		e.Kind = kindOther
	}
	e.Seen, e.Moves, e.Known = more&16 != 0, more&64 != 0, more&128 != 0
	if more&32 != 0 {
		e.Outcome = event.SelfServiceOutcome(r.Byte())
	}
	if e.Kind == kindPurchase {
		e.Sale = &sale{}
		e.Sale.decode(r)
	}
}

func (m *machine) encode(w *pack.Writer) {
	w.Int(m.Episode)
	w.Byte(bits(m.Begun, m.Bots, m.People, m.Void, m.Gone, m.FirstDone, m.Contacted, m.Wrapped))
	w.Byte(byte(m.Status))
	w.Int(m.BeganAt)
	w.Fixed64(m.BeganID)
	w.Int(m.Serial)
	w.Int(m.Last)
	encodeGroup(w, m.Group)
	w.Uint(uint64(len(m.Routes)))
	for _, c := range m.Routes {
		w.Int(c.at)
		encodeGroup(w, c.g)
		w.Bool(c.cut)
	}
	w.String(m.Prio)
	w.String(m.Who)
	w.String(m.Source)
	w.Uint(uint64(len(m.Pauses)))
	for _, p := range m.Pauses {
		w.Int(p.From)
		w.Int(p.To)
		w.Byte(byte(p.Kind))
	}
	w.Int(m.Turn.At)
	if m.Turn.At != 0 {
		w.Fixed64(m.Turn.ID)
		w.Int(m.Turn.Serial)
		w.Int(m.Turn.LastAt)
	}
	w.Int(m.FirstAt)
	w.Byte(m.Contact.State)
	if m.Contact.State != none {
		w.Int(m.Contact.At)
		w.Int(m.Contact.Serial)
		encodeGroup(w, m.Contact.Group)
		w.Int(m.Contact.Answer)
		w.Int(m.Contact.Hold)
		w.Int(m.Contact.HoldAt)
		w.Int(m.Contact.Last)
	}
	w.Bool(m.Settled != nil)
	if m.Settled != nil {
		w.Int(m.Settled.At)
		m.Settled.encode(w)
		w.Bool(m.Settled.Promise != nil)
		if m.Settled.Promise != nil {
			m.Settled.Promise.encode(w)
		}
	}
	w.Bool(m.Handle != nil)
	if m.Handle != nil {
		m.Handle.encode(w)
	}
	w.Uint(uint64(len(m.Active)))
	for _, at := range m.Active {
		w.Int(at)
	}
	m.Watch.encode(w)
	w.Byte(m.Complexity)
	m.Work.encode(w)
	m.Update.encode(w)
	m.Mood.encode(w)
	m.Bot.encode(w)
	m.Stints.encode(w)
	m.Surveys.encode(w)
	m.Words.encode(w)
}

func (m *machine) decode(r *pack.Reader) {
	m.Episode = r.Int()
	flags := r.Byte()
	has := func(i int) bool { return flags&(1<<i) != 0 }
	m.Begun, m.Bots, m.People, m.Void, m.Gone, m.FirstDone, m.Contacted, m.Wrapped = has(0), has(1), has(2), has(3), has(4), has(5), has(6), has(7)
	m.Status, m.BeganAt, m.BeganID, m.Serial, m.Last = Kind(r.Byte()), r.Int(), r.Fixed64(), r.Int(), r.Int()
	m.Group = decodeGroup(r)
	for n := r.Len(); n > 0; n-- {
		m.Routes = append(m.Routes, groupAt{r.Int(), decodeGroup(r), r.Bool()})
	}
	m.Prio, m.Who, m.Source = r.String(), r.String(), r.String()
	for n := r.Len(); n > 0; n-- {
		m.Pauses = append(m.Pauses, pause{r.Int(), r.Int(), Kind(r.Byte())})
	}
	if m.Turn.At = r.Int(); m.Turn.At != 0 {
		m.Turn.ID, m.Turn.Serial, m.Turn.LastAt = r.Fixed64(), r.Int(), r.Int()
	}
	m.FirstAt = r.Int()
	if m.Contact.State = r.Byte(); m.Contact.State != none {
		m.Contact.At, m.Contact.Serial, m.Contact.Group = r.Int(), r.Int(), decodeGroup(r)
		m.Contact.Answer, m.Contact.Hold, m.Contact.HoldAt, m.Contact.Last = r.Int(), r.Int(), r.Int(), r.Int()
	}
	if r.Bool() {
		m.Settled = &settled{At: r.Int()}
		m.Settled.decode(r)
		if r.Bool() {
			m.Settled.Promise = &promise{}
			m.Settled.Promise.decode(r)
		}
	}
	if r.Bool() {
		m.Handle = &handle{}
		m.Handle.decode(r)
	}
	for n := r.Len(); n > 0; n-- {
		m.Active = append(m.Active, r.Int())
	}
	m.Watch.decode(r)
	m.Complexity = r.Byte()
	m.Work.decode(r)
	m.Update.decode(r)
	m.Mood.decode(r)
	m.Bot.decode(r)
	m.Stints.decode(r)
	m.Surveys.decode(r)
	m.Words.decode(r)
}

func (p *promise) encode(w *pack.Writer) {
	w.Byte(byte(p.Clock))
	w.Int(p.StartAt)
	w.Fixed64(p.StartID)
	w.Int(p.Serial)
	w.String(p.Rule)
	w.Int(p.Due)
	w.Byte(byte(p.State))
	w.Int(p.Fulfilled)
	w.Int(p.Cut)
	encodeGroup(w, p.Group)
	w.String(p.Source)
}

// decode leaves the warning points out: a settled promise warns no more.
func (p *promise) decode(r *pack.Reader) {
	p.Clock, p.StartAt, p.StartID, p.Serial, p.Rule, p.Due = sla.Clock(r.Byte()), r.Int(), r.Fixed64(), r.Int(), r.String(), r.Int()
	p.State, p.Fulfilled, p.Cut, p.Group, p.Source = promiseState(r.Byte()), r.Int(), r.Int(), decodeGroup(r), r.String()
}

func encodeMoment(w *pack.Writer, m Moment) {
	w.Byte(byte(m.Kind))
	w.Int(m.At)
	encodeGroup(w, m.Group)
	w.Int(m.Value)
	w.Byte(byte(m.Clock))
	w.Byte(byte(m.Band))
	w.Bool(m.Receipt)
	w.Uint(uint64(m.Class))
}

func decodeMoment(r *pack.Reader) Moment {
	return Moment{Kind: MomentKind(r.Byte()), At: r.Int(), Group: decodeGroup(r), Value: r.Int(), Clock: sla.Clock(r.Byte()), Band: Band(r.Byte()), Receipt: r.Bool(),
		Class: uint32(r.Uint())}
}

// encode writes the moments: most differ from the first only in what they count.
func (s *settled) encode(w *pack.Writer) {
	w.Uint(uint64(len(s.Moments)))
	for i, m := range s.Moments {
		like := i > 0 && m == Moment{Kind: m.Kind, Value: m.Value, At: s.Moments[0].At, Group: s.Moments[0].Group}
		if w.Bool(like); like {
			w.Byte(byte(m.Kind))
			w.Int(m.Value)
			continue
		}
		encodeMoment(w, m)
	}
}

func (s *settled) decode(r *pack.Reader) {
	for n := r.Len(); n > 0; n-- {
		if !r.Bool() {
			s.Moments = append(s.Moments, decodeMoment(r))
			continue
		}
		m := Moment{Kind: MomentKind(r.Byte()), Value: r.Int()}
		if len(s.Moments) > 0 {
			m.At, m.Group = s.Moments[0].At, s.Moments[0].Group
		}
		s.Moments = append(s.Moments, m)
	}
}

func encodeGroup(w *pack.Writer, g window.Group) {
	w.String(g.Channel)
	w.String(g.Queue)
	w.String(g.Team)
	w.String(g.Agent)
	w.String(g.Topic)
}

func decodeGroup(r *pack.Reader) window.Group {
	return window.Group{Channel: r.String(), Queue: r.String(), Team: r.String(), Agent: r.String(), Topic: r.String()}
}

// Encode writes what readers see.
func (o Open) Encode() []byte {
	w := &pack.Writer{}
	w.Grow(160)
	encodeGroup(w, window.Group{Channel: o.Channel, Queue: o.Queue, Team: o.Team, Agent: o.Agent, Topic: o.Topic})
	w.Int(o.OpenedAt)
	w.Int(o.WaitingSince)
	w.Uint(uint64(len(o.Promises)))
	for _, p := range o.Promises {
		w.Byte(byte(p.Clock))
		w.Int(p.StartAt)
		w.Int(p.DueAt)
		w.Int(p.WarnAt)
	}
	w.String(o.Link)
	w.String(o.Customer)
	return w.Bytes()
}

// DecodeOpen reads what Open.Encode wrote. The conversation's id is the name of the field it was stored under.
func DecodeOpen(b []byte) (Open, error) {
	r := pack.NewReader(b)
	g := decodeGroup(r)
	o := Open{Channel: g.Channel, Queue: g.Queue, Team: g.Team, Agent: g.Agent, Topic: g.Topic, OpenedAt: r.Int(), WaitingSince: r.Int()}
	for n := r.Len(); n > 0; n-- {
		o.Promises = append(o.Promises, OpenPromise{sla.Clock(r.Byte()), r.Int(), r.Int(), r.Int()})
	}
	o.Link, o.Customer = r.String(), r.String()
	return o, r.Err()
}
