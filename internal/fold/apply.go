package fold

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"

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
	case event.AgentFact:
		if s.cfg.Stage == Customers {
			return true, s.agentFact(in, b)
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
	if b, ok := e.Body.(event.Reference); ok {
		return s.reference(t, e.At, b)
	}
	if e.Erases() {
		if len(t.policies) == 0 {
			return noPolicy()
		}
		s.erase(t, e)
		return s.err
	}
	policy := t.current()
	if e.At < s.root.T-policy.HorizonMs(e.Source.Connector) {
		return &event.Error{Reason: event.ReasonTooLate, Field: "occurred_at", Detail: "lies before the dedupe horizon of its source"}
	}
	if t.erased.covers(in.Key, e) {
		s.count("erased_before")
		return nil
	}
	x := s.subject(in.Key)
	if s.err != nil {
		return s.err
	}
	if x.convo == nil {
		x.convo, x.gone = convo.New(e), false
		// Without the tenant's rules, or from the middle on, a conversation would be counted wrong: it is kept out.
		x.convo.Truncated = len(t.policies) == 0 || (s.root.Start.Truncated || t.erased.had(in.Key)) && !convo.Begins(e)
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
		return noPolicy()
	}
	if !applied {
		s.count("duplicate")
		return nil
	}
	s.count("applied")
	if id, ok := e.Body.(event.CustomerIdentity); ok && e.Customer != "" {
		s.identity(e, id)
	}
	if p, ok := e.Body.(event.Presence); ok && policy.Agents() {
		s.tellAgent(event.AgentFact{Tenant: e.Tenant, Agent: p.Agent, Subject: e.ID, Presence: &event.Availability{At: e.At, Available: p.Available, Team: e.Routing.Team}})
	}
	s.conclude(t, x, change)
	return s.err
}

// noPolicy is why nothing of a tenant counts in a partition that has never heard of its rules.
func noPolicy() *event.Error {
	return &event.Error{Reason: event.ReasonNoTenant, Field: "tenant_id", Detail: "has no policy in this partition: run vigia config apply"}
}

// reference remembers a number that no channel brings. It may come as late as it likes: whoever reads looks up what held when.
func (s *Slot) reference(t *tenant, at int64, b event.Reference) error {
	if len(t.policies) == 0 {
		return noPolicy()
	}
	s.enrol(t)
	ref := Ref{prefixRefs + t.name, kpi.ReferenceName{Type: b.Type, Key: b.Key}.Field()}
	h, err := kpi.DecodeHistory(s.get(ref).Blob)
	if err != nil {
		s.err = fmt.Errorf("reference number %s of tenant %q: %w", b.Type, t.name, err)
	}
	if s.err != nil {
		return s.err
	}
	s.write(ref.Key, ref.Field, h.Set(kpi.ReferencePoint{At: at, Value: b.Value, Currency: b.Currency}).Encode())
	s.count("applied")
	return nil
}

// identity tells stage 2 that a customer is now another. It applies forward: past windows stay.
func (s *Slot) identity(e *event.Event, id event.CustomerIdentity) {
	f := event.Fact{Tenant: e.Tenant, Customer: e.Customer, StartedAt: e.At}
	switch id.Change {
	case event.IdentityMerged:
		f.MergedInto = id.Survivor
	case event.IdentityOptedOut:
		f.OptedOut = true
	default:
		return
	}
	s.tell(f)
}

func (s *Slot) tell(f event.Fact) {
	key := event.CustomerKey(f.Tenant, f.Customer)
	s.emit(dest{s.cfg.CustomersTopic, s.cfg.Route(key, s.cfg.Customers)}, key, f, factID(f, f.Tenant))
}

// factID is the id of a fact that is told or forwarded; by says whose words it is in.
func factID(f event.Fact, by string) string {
	switch {
	case f.OptedOut:
		return event.OutputID("opted_out", by, f.Customer, fmt.Sprint(f.StartedAt))
	case f.Cue != nil:
		return event.OutputID("cue", by, f.Customer, f.Cue.Conversation, f.Cue.Trigger, f.Cue.Instance)
	}
	return event.OutputID("fact", by, f.Customer, f.Subject, fmt.Sprint(f.Revision), fmt.Sprint(f.Retracted), f.MergedInto, fmt.Sprint(f.Erased))
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
	if s.watch != nil && len(c.Gone)+len(c.New) > 0 {
		s.watch(x.key, c.Gone, c.New)
	}
	for _, sig := range c.Signals {
		s.signal(sig)
	}
	for _, cue := range c.Cues {
		s.tell(event.Fact{Tenant: cue.Tenant, Customer: cue.Customer, StartedAt: cue.At, Cue: &cue})
	}
	for _, f := range c.Facts {
		s.tell(f)
		if s.cfg.variant.extra {
			s.signal(event.Signal{Tenant: f.Tenant, Conversation: x.convo.ID, Kind: event.SignalTrigger, Trigger: "fact", Revision: uint32(f.Revision), At: s.root.T})
		}
	}
	for _, f := range c.Agents {
		s.tellAgent(f)
	}
	if x.convo.ID != "" {
		s.show(t, x, c.Forget)
	}
	x.convo.Release(s.env(t))
	s.schedule(x, c.Wake, c.Forget)
}

func (s *Slot) signal(sig event.Signal) {
	key := event.ConversationKey(sig.Tenant, sig.Conversation)
	id := event.OutputID("signal", sig.Tenant, sig.Conversation, sig.Clock, sig.Instance, sig.Kind.String(), fmt.Sprint(sig.Revision))
	if sig.Kind == event.SignalTrigger && s.cfg.Stage == Customers {
		id = event.OutputID("trigger", sig.Tenant, sig.Customer, sig.Conversation, sig.Trigger, sig.Instance)
	}
	s.emit(dest{s.cfg.SignalsTopic, s.cfg.Route(key, s.cfg.Signals)}, key, sig, id)
	s.count("signal_" + sig.Kind.String())
}

// show keeps the entry that readers list open conversations by.
func (s *Slot) show(t *tenant, x *subject, forget bool) {
	var b []byte
	if o, ok := x.convo.Open(); ok && !forget {
		b = o.Encode()
	}
	s.list(t, x, x.convo.ID, b)
}

// list keeps an entry of what readers see of a subject, as long as there is one.
func (s *Slot) list(t *tenant, x *subject, name string, b []byte) {
	if x.shown && bytes.Equal(b, x.open) {
		return
	}
	x.open, x.shown = b, true
	s.write(prefixOpen+t.name, name, b)
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
		x.convo, x.person, x.agent, x.gone = nil, nil, nil, true
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
		g.Topic = s.cap(t, window.DimTopic, g.Topic, limits.Topics)
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
