package fold

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Apply folds one step of a record: records with much work take several. It is called with the same input until done. After an error the slot is of no more
// use: begin again from the stored position.
func (s *Slot) Apply(in Input) (done bool, err error) {
	if s.err != nil {
		return false, s.err
	}
	if in.Offset < s.pos.Offset {
		return true, nil
	}
	if in.Offset > s.pos.Offset {
		// Offsets have holes (compaction, markers of transactions).
		s.pos = Position{Offset: in.Offset}
	}
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{in.Offset, v, debug.Stack()}
			s.err = err
		}
	}()
	s.index = 0
	if in.Fault != nil {
		s.deadLetter(in, in.Fault)
		done = true
	} else if done, err = s.fold(in); err != nil {
		if fault, ok := errors.AsType[*event.Error](err); ok {
			s.deadLetter(in, fault)
			done, err = true, nil
		}
	}
	if s.err == nil {
		s.err = err
	}
	if s.err != nil {
		return false, s.err
	}
	if done {
		s.pos = Position{Offset: in.Offset + 1}
	} else {
		s.pos.Step++
	}
	return done, nil
}

func (s *Slot) fold(in Input) (done bool, err error) {
	switch b := in.Record.Body.(type) {
	case event.Policy:
		if s.pos.Step == 0 {
			s.count("control")
			if fault := s.policy(b); fault != nil {
				return true, fault
			}
		}
		return s.sweepStep(), nil
	case event.Gap:
		s.count("control")
		s.root.gap(b)
		s.touch(s.root)
		return true, nil
	case event.Tick:
		if s.cfg.Stage == Conversations {
			return s.tick(b.At)
		}
	case *event.Event:
		if s.cfg.Stage == Conversations {
			return true, s.event(in, b)
		}
	case event.Watermark:
		if s.cfg.Stage == Customers {
			return s.watermark(in, b)
		}
	case event.Fact:
		if s.cfg.Stage == Customers {
			return true, s.fact(in, b)
		}
	}
	return true, &event.Error{Reason: event.ReasonWrongTopic, Detail: fmt.Sprintf("a %T does not belong on %s", in.Record.Body, s.cfg.Topic)}
}

func (s *Slot) count(result string) {
	s.root.counters[result]++
	s.touch(s.root)
}

// deadLetter counts a record that cannot be used and sends its coordinates, never its content.
func (s *Slot) deadLetter(in Input, fault *event.Error) {
	s.count("dead_" + string(fault.Reason))
	sum := sha256.Sum256(in.Value)
	digest := hex.EncodeToString(sum[:])
	d := event.DeadLetter{Topic: s.cfg.Topic, Partition: s.cfg.Partition, Offset: in.Offset, Reason: fault.Reason, Field: fault.Field, PayloadSHA256: digest,
		PayloadBytes: uint32(len(in.Value)), At: s.root.T}
	s.emit(dest{s.cfg.DeadLettersTopic, s.cfg.Partition % s.cfg.DeadLetters}, "", d, event.OutputID("dead", s.cfg.Topic, fmt.Sprint(s.cfg.Partition), fmt.Sprint(in.Offset), digest))
}

// emit appends an output: it names the one sent before to the same destination, so that a consumer sees a hole.
func (s *Slot) emit(to dest, key string, body event.RecordBody, id string) {
	prev, ok := s.root.prev[to]
	if !ok {
		prev = event.PrevSeq{Offset: -1, Restart: s.root.Start.Truncated}
	}
	// What a new lineage emits up to where the log ended at its beginning may differ from what was sent before, and is sent only in part: consumers must not miss what
	// it names.
	if at := s.root.Start.RestateAt; at >= 0 && prev.Offset < at {
		prev.Restart = true
	}
	seq := &event.Seq{Topic: s.cfg.Topic, Partition: s.cfg.Partition, LogLineage: s.root.Start.LogLineage, Offset: s.pos.Offset, Step: s.pos.Step, Index: s.index, Prev: prev}
	s.index++
	s.root.prev[to] = seq.At()
	s.touch(s.root)
	s.outs = append(s.outs, Out{Topic: to.topic, Partition: to.partition, Key: key, Offset: s.pos.Offset, Record: event.Record{Body: body, Seq: seq, OutputID: id}})
}

// event folds one event into its conversation.
func (s *Slot) event(in Input, e *event.Event) error {
	t := s.tenant(e.Tenant)
	if s.err != nil {
		return s.err
	}
	policy := t.current()
	if e.At < s.root.T-policy.HorizonMs(e.Source.Connector) {
		return &event.Error{Reason: event.ReasonTooLate, Field: "occurred_at", Detail: "lies before the dedupe horizon of its source"}
	}
	x := s.subject(in.Key)
	if s.err != nil {
		return s.err
	}
	if x.convo == nil {
		x.convo, x.gone = convo.New(e), false
		// Without the tenant's rules, or from the middle on, a conversation would be counted wrong: it is kept out.
		x.convo.Truncated = len(t.policies) == 0 || s.root.Start.Truncated && !convo.Begins(e)
		x.convo.Losses = s.root.LostN
		if x.convo.Truncated {
			s.count("left_truncated")
		}
	}
	env := s.env(t)
	s.interrupt(x, env)
	change, applied := x.convo.Apply(env, e)
	if len(t.policies) == 0 {
		s.schedule(x, change.Wake, change.Forget)
		return &event.Error{Reason: event.ReasonNoTenant, Field: "tenant_id", Detail: "has no policy in this partition: run vigia config apply"}
	}
	if !applied {
		s.count("duplicate")
		return nil
	}
	s.count("applied")
	if id, ok := e.Body.(event.CustomerIdentity); ok && e.Customer != "" {
		s.identity(e, id)
	}
	s.conclude(t, x, change)
	return s.err
}

// identity tells stage 2 that a customer is now another, or must be erased. It applies forward: past windows stay.
func (s *Slot) identity(e *event.Event, id event.CustomerIdentity) {
	f := event.Fact{Tenant: e.Tenant, Customer: e.Customer, StartedAt: e.At}
	switch id.Change {
	case event.IdentityMerged:
		f.MergedInto = id.Survivor
	case event.IdentityErased:
		f.Erased = true
	default:
		return
	}
	s.tell(f)
}

func (s *Slot) tell(f event.Fact) {
	key := event.CustomerKey(f.Tenant, f.Customer)
	id := event.OutputID("fact", f.Tenant, f.Customer, f.Subject, fmt.Sprint(f.Revision), fmt.Sprint(f.Retracted), f.MergedInto, fmt.Sprint(f.Erased))
	s.emit(dest{s.cfg.CustomersTopic, s.cfg.Route(key, s.cfg.Customers)}, key, f, id)
}

func (s *Slot) env(t *tenant) *convo.Env {
	if t.env == nil {
		t.env = &convo.Env{Policies: t.version, Scratch: &s.work, Hold: func(due int64, src string) int64 { return s.root.hold(t.name, src, due) }}
	}
	t.env.T, t.env.Current, t.env.Reapplied = s.root.T, t.current(), t.reapply
	return t.env
}

// conclude writes down what a conversation's change means: contributions, signals, facts, what readers see, when to look again.
func (s *Slot) conclude(t *tenant, x *subject, c convo.Change) {
	s.contribute(t, c.Gone, -1)
	s.contribute(t, c.New, +1)
	for _, sig := range c.Signals {
		s.signal(sig)
	}
	for _, f := range c.Facts {
		s.tell(f)
		if s.cfg.variant.extra {
			s.signal(event.Signal{Tenant: f.Tenant, Conversation: x.convo.ID, Kind: event.SignalTrigger, Trigger: "fact", Revision: uint32(f.Revision), At: s.root.T})
		}
	}
	if x.convo.ID != "" {
		s.show(t, x, c.Forget)
	}
	s.schedule(x, c.Wake, c.Forget)
}

func (s *Slot) signal(sig event.Signal) {
	key := event.ConversationKey(sig.Tenant, sig.Conversation)
	id := event.OutputID("signal", sig.Tenant, sig.Conversation, sig.Clock, sig.Instance, sig.Kind.String(), fmt.Sprint(sig.Revision))
	s.emit(dest{s.cfg.SignalsTopic, s.cfg.Route(key, s.cfg.Signals)}, key, sig, id)
	s.count("signal_" + sig.Kind.String())
}

// show keeps the entry that readers list open conversations by.
func (s *Slot) show(t *tenant, x *subject, forget bool) {
	var b []byte
	if o, ok := x.convo.Open(); ok && !forget {
		b = o.Encode()
	}
	if x.shown && bytes.Equal(b, x.open) {
		return
	}
	x.open, x.shown = b, true
	s.write(prefixOpen+t.name, x.convo.ID, b)
}

// schedule enters a subject in the agenda, or drops it when nothing is left to keep.
func (s *Slot) schedule(x *subject, at int64, forget bool) {
	wake := x.wake()
	switch {
	case forget:
		if *wake != 0 {
			s.agenda.remove(x.key, *wake)
		}
		// At once, not at the commit: what a later record of the batch finds must not depend on where batches are cut.
		x.convo, x.person, x.gone = nil, nil, true
	case *wake == 0 || at < *wake:
		if *wake != 0 {
			s.agenda.remove(x.key, *wake)
		}
		s.agenda.insert(x.key, at)
		*wake = at
	}
	s.touch(x)
}

// contribute adds moments to their pane cells, or takes them back from where they live now.
func (s *Slot) contribute(t *tenant, moments []convo.Moment, sign int64) {
	policy := t.current()
	limits := policy.Names()
	for _, m := range moments {
		g := m.Group
		g.Queue = s.cap(t, window.DimQueue, g.Queue, limits.Queues)
		g.Team = s.cap(t, window.DimTeam, g.Team, limits.Teams)
		if policy.AgentCells() {
			g.Agent = s.cap(t, window.DimAgent, g.Agent, limits.Agents)
		}
		m.Group = g
		boundary := s.root.Boundary
		if s.cfg.variant.finest && sign < 0 {
			boundary = 0
		}
		place, ok := window.Locate(m.At, boundary, policy.Zone())
		if !ok {
			s.count("expired_contribution")
			continue
		}
		kpi.Observe(m, policy.AgentCells(), func(f window.Family, g window.Group, sample window.Sample) {
			c := s.chunk(t, f, place.Chunk)
			s.cell(c, place.Pane, g).Add(sample, sign)
		})
	}
}

// tick lets time pass, in steps: wakes, sweeps, panes, and in the last step what leaves with it.
func (s *Slot) tick(at int64) (done bool, err error) {
	if s.pos.Step == 0 {
		s.count("tick")
		if at <= s.root.T {
			s.count("tick_old")
			return true, nil
		}
		s.root.T = at
		s.touch(s.root)
		if !s.root.Restated && s.pos.Offset >= s.root.Start.RestateAt {
			s.root.Restated = true
			if s.beginSweep("", true); s.root.sweep == nil {
				s.restated()
			}
		}
	}
	if s.advance() {
		return false, s.err
	}
	if s.cfg.Stage == Conversations && s.root.T-s.root.Marked >= watermarkEvery {
		s.root.Marked = s.root.T
		for p := range s.cfg.Customers {
			s.emit(dest{s.cfg.CustomersTopic, p}, "", event.Watermark{Partition: s.cfg.Partition, At: s.root.T},
				event.OutputID("watermark", fmt.Sprint(s.cfg.Partition), fmt.Sprint(s.root.T), fmt.Sprint(p)))
		}
	}
	return true, s.err
}

// watermarkEvery is how often stage 1 tells stage 2 the time, in ms.
const watermarkEvery = 5000

// advance does one step of what is due at T; false when nothing was left but to close the books of this tick.
func (s *Slot) advance() (more bool) {
	if due := s.agenda.due(s.root.T, s.cfg.variant.step()); len(due) > 0 {
		s.wakeAll(due)
		return true
	}
	if s.root.sweep != nil && !s.sweepStep() {
		return true
	}
	for _, name := range s.root.tenants {
		t := s.tenant(name)
		if f, c, ok := t.dir.FirstDue(s.root.T, t.current().Zone()); ok && s.err == nil {
			s.moveUp(t, f, c)
			return true
		}
	}
	s.root.Boundary = s.root.T
	if s.root.Lost < 0 {
		// Windows that reach back before the first tick after a loss miss what was lost.
		s.root.Lost = s.root.T
	}
	s.root.pruneGaps()
	s.touch(s.root)
	return false
}

func (s *Slot) wakeAll(due []entry) {
	keys := make([]string, len(due))
	for i, e := range due {
		keys[i] = e.key
	}
	if s.Prefetch(keys) != nil {
		return
	}
	for _, e := range due {
		x := s.subject(e.key)
		if s.err != nil {
			return
		}
		if x.convo == nil && x.person == nil {
			continue
		}
		if w := x.wake(); *w == e.at {
			*w = 0
		}
		// What is put off here may leave the range of the walk that is still to come.
		s.reconsider(x, s.root.sweep != nil && s.root.sweep.restate)
	}
}

// reconsider evaluates a subject anew at T.
func (s *Slot) reconsider(x *subject, restate bool) {
	if x.person != nil {
		t := s.tenant(x.person.Tenant)
		s.concludePerson(t, x, x.person.Tick(s.root.T, t.current()))
		return
	}
	t := s.tenant(x.convo.Tenant)
	env := s.env(t)
	s.interrupt(x, env)
	change := x.convo.Tick(env)
	if restate {
		for _, again := range x.convo.Restate(env) {
			if !slices.ContainsFunc(change.Signals, func(s event.Signal) bool {
				return s.Kind == again.Kind && s.Clock == again.Clock && s.Instance == again.Instance
			}) {
				change.Signals = append(change.Signals, again)
			}
		}
	}
	s.conclude(t, x, change)
}

// interrupt keeps a conversation out that was open when records were lost.
func (s *Slot) interrupt(x *subject, env *convo.Env) {
	if x.convo.Interrupt(env, s.root.LostN) {
		s.count("left_truncated")
	}
}

// beginSweep starts a walk over the whole agenda.
func (s *Slot) beginSweep(tenant string, restate bool) {
	first, ok := s.agenda.firstMinute(firstOfAll)
	if !ok {
		return
	}
	last := first
	for hour, set := range s.agenda.directory() {
		for m := range int64(60) {
			if set&(1<<m) != 0 {
				last = max(last, hour*60+m)
			}
		}
	}
	if w := s.root.sweep; w != nil && w.tenant != tenant {
		tenant, restate = "", restate || w.restate
	}
	s.root.sweep = &sweep{tenant: tenant, restate: restate, minute: first, until: last}
	s.touch(s.root)
}

// sweepStep walks over one minute of the agenda; true when the walk is over.
func (s *Slot) sweepStep() (done bool) {
	w := s.root.sweep
	if w == nil {
		return true
	}
	s.touch(s.root)
	m, ok := s.agenda.firstMinute(w.minute)
	if !ok || m > w.until {
		s.root.sweep = nil
		if w.restate {
			s.restated()
		}
		return true
	}
	w.minute = m + 1
	var keys []string
	for key := range s.agenda.minute(m) {
		if w.tenant == "" || event.KeyTenant(key) == w.tenant {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if s.Prefetch(keys) != nil {
		return false
	}
	for _, key := range keys {
		if x := s.subject(key); s.err == nil && (x.convo != nil || x.person != nil) && !x.gone {
			s.reconsider(x, w.restate)
		}
	}
	return false
}

// moveUp merges the panes of a chunk into the next tier, or drops the chunk at the end of its keeping.
func (s *Slot) moveUp(t *tenant, f window.Family, c window.Chunk) {
	zone := t.current().Zone()
	from := s.chunk(t, f, c)
	if s.err != nil {
		return
	}
	fields := make([]string, 0, len(from.cells))
	for field := range from.cells {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for _, field := range fields {
		pane, g, ok := window.ParseField(field)
		if !ok || from.cells[field].Empty() {
			continue
		}
		if up, ok := (window.Place{Chunk: c, Pane: pane}).Up(zone); ok {
			to := s.chunk(t, f, up.Chunk)
			s.cell(to, up.Pane, g).Merge(&from.cells[field].Cell)
		}
		if s.err != nil {
			return
		}
	}
	t.dir.Remove(f, c)
	t.dirDirty = true
	s.touch(t)
	s.bytes -= from.size
	from.touched, from.cells = nil, nil
	delete(s.chunks, chunkID{t.name, f, c})
	// Fields written earlier in this batch must not survive the deletion of their hash.
	for ref := range s.overlay {
		if ref.Key == from.key && ref.Field != "" {
			s.overlay[ref] = nil
		}
	}
	s.write(from.key, "", nil)
	s.write(prefixChanges+t.name, from.key, nil)
}

// Policies returns the policies in force, for re-appending before they fall out of the log.
func (s *Slot) Policies() []event.Policy {
	var out []event.Policy
	for _, name := range s.root.tenants {
		t := s.tenant(name)
		if s.err != nil {
			return nil
		}
		if n := len(t.policies); n > 0 {
			out = append(out, PolicyRecord(t.policies[n-1], false))
		}
	}
	return out
}

// PolicyRecord is the record that puts a compiled policy in force.
func PolicyRecord(p *sla.Policy, reapply bool) event.Policy {
	return event.Policy{Tenant: p.Tenant, Serial: p.Serial, Hash: p.Hash, Body: p.JSON(), Reapply: reapply}
}

// OpenGaps returns the gaps that have not ended.
func (s *Slot) OpenGaps() []event.Gap {
	var out []event.Gap
	for _, g := range s.root.gaps {
		if g.To == 0 && gapEnd(g) > s.root.T {
			out = append(out, g)
		}
	}
	return out
}
