package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Constants of the state schema: changing one changes results of a replay.
const (
	maxReapplied = 8                        // versions that were reapplied to running clocks and are remembered
	maxEntries   = 512                      // entries kept of one conversation; beyond, the oldest quarter is forgotten early
	retainClosed = 30 * 24 * 60 * 60 * 1000 // a resolved conversation is remembered for a reopening this long, in ms
	recheck      = 60 * 1000                // a deadline held back by an open gap is looked at again after this, in ms
)

// Env is what a conversation is folded under.
type Env struct {
	T         int64                                // time of the fold: the highest tick seen
	Policies  func(serial int64) *sla.Policy       // a version of the tenant's policy, or the nearest one still known
	Current   *sla.Policy                          // the version in force
	Reapplied int64                                // serial of the last version that running clocks take over, 0 for none
	Scratch   *Scratch                             // may be nil
	Hold      func(due int64, source string) int64 // until when a deadline waits because its source was blind when it fell due; 0: not at all
}

// Scratch is memory that one evaluation after the other uses. It belongs to one fold; the zero value is ready.
type Scratch struct {
	out      []pending
	groups   []groupAt
	scores   []sound
	mentions []mention
	run      run
	spare    []*result // nobody looks at them any more
	compared Comparison
}

func (w *Scratch) difference(before, after []Moment) (gone, fresh []Moment) {
	if w == nil {
		return Difference(before, after)
	}
	return w.compared.Difference(before, after)
}

func (w *Scratch) result() *result {
	if w == nil || len(w.spare) == 0 {
		return new(result)
	}
	r := w.spare[len(w.spare)-1]
	w.spare = w.spare[:len(w.spare)-1]
	return r
}

func (e *Env) policy(serial int64) *sla.Policy { return e.Policies(serial) }

// State is one conversation: residue, entries of the horizon, and what was signalled. A state is owned by the fold that applies to it.
type State struct {
	Tenant, ID string
	Channel    event.Channel
	Threadless bool
	Truncated  bool // first seen in the middle: counted nowhere, no clocks
	Link       string
	Horizon    int64  // ms that entries are kept
	Woken      int64  // T of the last evaluation
	Wake       int64  // the instant the agenda has for it, 0 = none
	Revision   uint64 // of the last fact or signal
	Losses     int64  // records that the partition had lost when the conversation was last looked at

	floor     int64    // entries up to this instant are remembered no more
	serial    int64    // policy in force at the last evaluation
	reapplied []int64  // and those that clocks running then had taken over, ascending
	first     int64    // name of the first episode
	residue   *machine // nil while nothing is forgotten
	entries   []Entry
	signals   []signalled
	cued      []cued
	last      *result // what is emitted; nil until evaluated after decoding
}

// Change is the difference one event or one wake-up makes.
type Change struct {
	Gone, New []Moment // with [Env.Scratch], good until the next change
	Signals   []event.Signal
	Facts     []event.Fact
	Agents    []event.AgentFact // what agents did, where the tenant wants them followed
	Cues      []event.Signal    // what triggers look for has happened: for stage 2 to decide on
	Wake      int64             // when to wake it next, 0 = never
	Forget    bool              // nothing is left to keep
}

// New begins the state of a conversation with its first event.
func New(e *event.Event) *State {
	return &State{Tenant: e.Tenant, ID: e.Conversation, Channel: e.Channel, Threadless: e.Threadless, first: e.At}
}

// left is what the forgotten entries left.
func (s *State) left() machine {
	if s.residue == nil {
		return machine{core: core{Episode: s.first}}
	}
	return *s.residue
}

// result is an evaluation: what follows from residue, entries and signals.
type result struct {
	end      core
	surveys  surveys
	moments  []Moment
	promises []promise
	facts    []contactFact
	cues     []cue
	shifts   []shift
	quiet    int64 // when the agent who is at it will be at something else, 0 when nobody is
}

// Apply folds one event. applied is false for a repeat, which changes nothing.
func (s *State) Apply(env *Env, e *event.Event) (c Change, applied bool) {
	n := entryOf(e, env.Current.Serial)
	if n.At <= s.floor {
		return Change{Wake: s.Wake}, false // whether it was seen before nobody remembers
	}
	at, found := slices.BinarySearchFunc(s.entries, n, func(a, b Entry) int { return a.compare(&b) })
	if found || slices.ContainsFunc(s.entries, func(o Entry) bool { return o.ID == n.ID }) {
		return Change{Wake: s.Wake}, false
	}
	before := s.evaluated(env)
	n.share(s.entries[:at])
	s.entries = slices.Insert(s.entries, at, n)
	s.Horizon = max(s.Horizon, env.Current.HorizonMs(e.Source.Connector))
	if e.Link != "" {
		s.Link = e.Link
	}
	return s.settle(env, before), true
}

// Interrupt takes a loss of records into account: an open conversation may have been answered in what is lost, so it is kept out from here on. losses is how many
// records the partition has lost so far. It reports whether the conversation is kept out because of it.
func (s *State) Interrupt(env *Env, losses int64) bool {
	if s.Losses == losses {
		return false
	}
	s.Losses = losses
	if s.Truncated || !s.evaluated(env).end.isOpen() {
		return false
	}
	// Nobody knows whether the breaches that were told are over: they are not told again.
	s.Truncated, s.signals = true, nil
	return true
}

// Tick re-evaluates the conversation because its time has come.
func (s *State) Tick(env *Env) Change {
	return s.settle(env, s.evaluated(env))
}

// evaluated is the last evaluation, done again when the state was just decoded.
func (s *State) evaluated(env *Env) *result {
	if s.last == nil {
		if s.serial != 0 && s.serial != env.Current.Serial {
			// The policy has changed since: what is emitted is what followed from the one before.
			then := *env
			then.Current = env.policy(s.serial)
			env = &then
		}
		res := s.evaluate(env, s.Woken)
		res.moments = append(res.moments, s.overdue(res)...)
		s.last = res
	}
	return s.last
}

// settle evaluates anew, tells the difference and decides when to look again.
func (s *State) settle(env *Env, before *result) Change {
	s.Woken = max(s.Woken, env.T)
	s.serial = env.Current.Serial
	if n := len(s.reapplied); env.Reapplied != 0 && (n == 0 || s.reapplied[n-1] < env.Reapplied) {
		s.reapplied = append(s.reapplied[max(0, n+1-maxReapplied):], env.Reapplied)
	}
	after := s.evaluate(env, s.Woken)
	var c Change
	c.Signals = s.signal(env, after)
	c.Cues = s.cue(env, after)
	after.moments = append(after.moments, s.overdue(after)...)
	c.Gone, c.New = env.Scratch.difference(before.moments, after.moments)
	c.Facts = s.tell(before, after)
	c.Agents = s.tellAgents(env, before, after)
	s.last = after
	s.forget(env)
	c.Wake = s.next(env)
	c.Forget = c.Wake == 0
	env.reuse(before)
	return c
}

// Release gives the last evaluation up: what follows from the entries is worked out anew with the next event. That costs less than to keep it for each of many conversations.
func (s *State) Release(env *Env) {
	if s.last != nil {
		env.reuse(s.last)
		s.last = nil
	}
}

// reuse gives the memory of an evaluation that nobody will look at again to the next one.
func (e *Env) reuse(r *result) {
	if w := e.Scratch; w != nil {
		*r = result{promises: r.promises[:0], moments: r.moments[:0], facts: r.facts[:0], shifts: r.shifts[:0]}
		w.spare = append(w.spare, r)
	}
}

// evaluate runs the machine over the entries and lets time pass up to t. The misses of deadlines that passed while running are not in it: see overdue.
func (s *State) evaluate(env *Env, t int64) *result {
	if s.Truncated {
		return &result{end: s.left().core}
	}
	res := env.Scratch.result()
	r := s.play(env, s.entries, res)
	r.now = env.Current.Serial
	r.advance(t - env.Current.GraceMs(connector(r.Source)))
	end, surveys := r.core, r.Surveys
	res.quiet = r.quietAt()
	if r.Begun || len(r.Active) > 0 || len(r.scores) > 0 {
		r.flush()
		r.facts = append(r.facts, r.fact(r.isOpen(), 0))
		r.tellStints()
		r.void()
	}
	if w := env.Scratch; w != nil {
		w.out, w.groups, w.scores, w.mentions = r.out[:0], r.groups[:0], r.scores[:0], r.mentions[:0]
	}
	res.end, res.surveys, res.promises = end, surveys, r.open(r.promises)
	r.late(t-env.Current.GraceMs(connector(end.Source)), res.promises)
	res.cues = r.cues
	res.moments = slices.Grow(res.moments, len(r.out)+2)[:len(r.out)]
	labelled := slices.ContainsFunc(r.groups, func(c groupAt) bool { return c.g.Topic != "" })
	for i, p := range r.out {
		if p.fixed && labelled {
			// What a conversation is about is often told last.
			p.Group.Topic = r.groupOf(p.At).Topic
		} else if !p.fixed && !p.final {
			g := r.groupOf(p.At)
			switch p.Kind {
			case FirstResponse, NextResponse, Updated:
			default:
				g.Agent = ""
			}
			p.Group = g
		}
		res.moments[i] = p.Moment
	}
	res.moments = r.flushSurveys(res.moments)
	r.flushSales()
	res.facts, res.shifts = r.facts, r.shifts
	return res
}

// play runs the machine over entries from the residue, in the memory of a result.
func (s *State) play(env *Env, entries []Entry, in *result) *run {
	w := env.Scratch
	var r *run
	if w != nil {
		r = &w.run
	} else {
		r = new(run)
	}
	*r = run{machine: s.left(), env: env, channel: s.Channel, thread: s.Threadless, entries: s.entries, promises: in.promises, facts: in.facts, shifts: in.shifts, reapplied: s.reapplied}
	if w != nil {
		r.out, r.groups, r.scores, r.mentions = w.out[:0], w.groups[:0], w.scores[:0], w.mentions[:0]
	}
	r.groups = append(r.groups, r.Routes...)
	r.scores, r.heardOf = append(r.scores, r.Mood.Scores...), len(r.Mood.Scores)
	r.listen()
	r.Routes, r.Pauses, r.Active = nil, slices.Clone(r.Pauses), slices.Clone(r.Active)
	r.Work, r.Update, r.Mood, r.Bot, r.Surveys, r.Words = r.Work.clone(), r.Update.clone(), r.Mood.clone(), r.Bot.clone(), r.Surveys.clone(), r.Words.clone()
	if r.Stints = r.Stints.clone(); !env.Current.Agents() {
		r.Stints = stints{}
	}
	for i := range entries {
		r.step(&entries[i])
	}
	return r
}

// overdue returns the misses of promises that still run after their deadline was called.
func (s *State) overdue(res *result) []Moment {
	var out []Moment
	for i := range res.promises {
		p := &res.promises[i]
		if p.State != running {
			continue
		}
		if g := s.find(p); g != nil && g.Breached && g.DueAt == p.Due {
			group := p.AtDue
			group.Agent = ""
			out = append(out, Moment{Kind: ClockMiss, At: p.Due, Group: group, Clock: p.Clock})
		}
	}
	return out
}

func (m *core) isOpen() bool {
	return m.Begun && !m.Void && m.Status != kindResolved && m.Status != kindClosed
}
