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
	scores   []score
	promises []promise
	moments  []Moment
	run      run
	result   *result
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

	floor     int64   // entries up to this instant are remembered no more
	serial    int64   // policy in force at the last evaluation
	reapplied []int64 // and those that clocks running then had taken over, ascending
	residue   machine
	entries   []Entry
	signals   []signalled
	cued      []cued
	last      *result // what is emitted; nil until evaluated after decoding
}

// Change is the difference one event or one wake-up makes.
type Change struct {
	Gone, New []Moment
	Signals   []event.Signal
	Facts     []event.Fact
	Cues      []event.Signal // what triggers look for has happened: for stage 2 to decide on
	Wake      int64          // when to wake it next, 0 = never
	Forget    bool           // nothing is left to keep
}

// New begins the state of a conversation with its first event.
func New(e *event.Event) *State {
	return &State{Tenant: e.Tenant, ID: e.Conversation, Channel: e.Channel, Threadless: e.Threadless, residue: machine{Episode: e.At}}
}

// result is an evaluation: what follows from residue, entries and signals.
type result struct {
	end      machine
	moments  []Moment
	promises []promise
	facts    []contactFact
	cues     []cue
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
	if at > 0 {
		n.share(&s.entries[at-1])
	}
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
	if s.Truncated || !(&run{machine: s.evaluated(env).end}).isOpen() {
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
	c.Gone, c.New = Difference(before.moments, after.moments)
	c.Facts = s.tell(before, after)
	s.last = after
	s.forget(env)
	c.Wake = s.next(env)
	c.Forget = c.Wake == 0
	env.reuse(before)
	if !(&run{machine: s.last.end}).isOpen() {
		// Most conversations that are over are never touched again within the horizon: what follows from the entries is worked out anew when one is.
		env.reuse(s.last)
		s.last = nil
	}
	return c
}

// reuse gives the memory of an evaluation that nobody will look at again to the next one.
func (e *Env) reuse(r *result) {
	if w := e.Scratch; w != nil {
		w.promises, w.moments, w.result = r.promises[:0], r.moments[:0], r
		r.promises, r.moments = nil, nil
	}
}

// evaluate runs the machine over the entries and lets time pass up to t. The misses of deadlines that passed while running are not in it: see overdue.
func (s *State) evaluate(env *Env, t int64) *result {
	if s.Truncated {
		return &result{end: s.residue}
	}
	r := s.play(env, s.entries)
	r.now = env.Current.Serial
	r.advance(t - env.Current.GraceMs(connector(r.Source)))
	end := r.machine
	if r.Begun || len(r.Active) > 0 {
		r.flush()
		r.facts = append(r.facts, r.fact(r.isOpen(), 0))
		r.void()
	}
	var res *result
	w := env.Scratch
	if w != nil && w.result != nil {
		res, w.result = w.result, nil
	} else {
		res = new(result)
	}
	if w != nil {
		res.moments, w.moments = w.moments, nil
		w.out, w.groups, w.scores = r.out[:0], r.groups[:0], r.scores[:0]
	}
	res.end, res.facts, res.promises = end, r.facts, r.open(r.promises)
	r.late(t-env.Current.GraceMs(connector(end.Source)), res.promises)
	res.cues = r.cues
	res.moments = slices.Grow(res.moments, len(r.out)+2)[:len(r.out)]
	for i, p := range r.out {
		if !p.fixed {
			g := r.groupOf(p.At)
			switch p.Kind {
			case FirstResponse, NextResponse:
			default:
				g.Agent = ""
			}
			p.Group = g
		}
		res.moments[i] = p.Moment
	}
	return res
}

// play runs the machine over entries from the residue.
func (s *State) play(env *Env, entries []Entry) *run {
	w := env.Scratch
	var r *run
	if w != nil {
		r = &w.run
	} else {
		r = new(run)
	}
	*r = run{machine: s.residue, env: env, channel: s.Channel, thread: s.Threadless, entries: entries, known: s.entries, reapplied: s.reapplied}
	if w != nil {
		r.out, r.groups, r.scores, r.promises = w.out[:0], w.groups[:0], w.scores[:0], w.promises
		w.promises = nil
	}
	r.groups = append(r.groups, s.residue.Routes...)
	r.Routes, r.Pauses, r.Active = nil, slices.Clone(r.Pauses), slices.Clone(r.Active)
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

// forget gives up the entries that no acceptable event can precede any more, leaving their residue.
func (s *State) forget(env *Env) {
	cut := 0
	for cut < len(s.entries) && s.entries[cut].At < env.T-s.Horizon && !s.undecided(env) {
		cut++
	}
	if len(s.entries) > maxEntries {
		cut = max(cut, maxEntries/4)
	}
	if cut == 0 {
		return
	}
	if !s.Truncated {
		r := s.play(env, s.entries[:cut])
		r.Handle = nil // its moment was counted and no wrap-up will move it any more
		s.residue = r.machine
		s.residue.Routes = r.routes()
		s.settleScores(cut)
		s.settleReceipts(cut)
	}
	s.floor = s.entries[cut-1].At
	s.entries = slices.Delete(s.entries, 0, cut)
	s.last = nil
	res := s.evaluated(env)
	s.signals = slices.DeleteFunc(s.signals, func(g signalled) bool {
		return !slices.ContainsFunc(res.promises, func(p promise) bool { return g.of(&p) })
	})
	s.forgetCues(res)
}

// settleScores makes the scores of messages that are about to be forgotten final: without its message a score would count elsewhere.
func (s *State) settleScores(cut int) {
	for i := cut; i < len(s.entries); i++ {
		e := &s.entries[i]
		if e.Kind != kindScore && !e.Scored || !slices.ContainsFunc(s.entries[:cut], func(m Entry) bool {
			return m.Subject == e.Subject && (m.Kind.message() || m.Kind == kindScore)
		}) {
			continue
		}
		if e.Scored = false; e.Kind == kindScore {
			e.Kind = kindOther
		}
	}
}

// settleReceipts keeps receipts that said nothing new from saying something once the message they are for is forgotten. Their kind stays, for entries are in its order.
func (s *State) settleReceipts(cut int) {
	for i := cut; i < len(s.entries); i++ {
		if e := &s.entries[i]; e.Receipt && (&run{known: s.entries[:cut]}).seen(e) {
			e.Known = true
		}
	}
}

// maxRoutes bounds the changes of routing in a residue.
const maxRoutes = 32

// routes returns the changes of routing that clocks of the episode at hand may still ask for: the one in force when it began, and those after.
func (r *run) routes() []groupAt {
	from := len(r.groups) - 1
	for from > 0 && r.Begun && r.groups[from].at > r.BeganAt {
		from--
	}
	out := slices.Clone(r.groups[max(from, 0):])
	if len(out) > maxRoutes {
		out = slices.Delete(out, 1, len(out)-maxRoutes+1)
	}
	return out
}

// undecided reports whether a broken promise could not be told yet because its source was blind: what it follows from is kept until it can.
func (s *State) undecided(env *Env) bool {
	return s.last != nil && slices.ContainsFunc(s.last.promises, func(p promise) bool {
		if p.State != missed || env.Hold(p.Due, p.Source) <= s.Woken {
			return false
		}
		g := s.find(&p)
		return g == nil || !g.Breached
	})
}

// next says when the conversation must be looked at again, 0 when it can be dropped.
func (s *State) next(env *Env) int64 {
	var at int64
	consider := func(t int64) {
		if t > 0 && (at == 0 || t < at) {
			at = t
		}
	}
	if n := len(s.entries); n > 0 {
		consider(s.entries[n-1].At + s.Horizon + 1)
	}
	if s.Truncated {
		return at
	}
	end := &s.last.end
	grace := env.Current.GraceMs(connector(end.Source))
	tail := run{machine: *end, env: env, channel: s.Channel, thread: s.Threadless}
	if stale := tail.staleAt(); stale != 0 {
		consider(stale + grace + 1)
	}
	if cut := tail.cutAt(); cut != 0 {
		consider(cut + grace + 1)
	}
	// Until no event before its end can come any more, an episode may still turn out to have gone on.
	past := run{machine: s.residue, env: env, channel: s.Channel, thread: s.Threadless}
	if cut := past.cutAt(); cut != 0 && cut+s.Horizon >= env.T {
		consider(cut + s.Horizon + 1)
	}
	if !s.Threadless && end.Begun && !end.Gone && !(s.Channel.Voiced() && end.Status == kindClosed) {
		consider(end.Last + retain(env, end))
	}
	for i := range s.last.promises {
		consider(s.wakeFor(env, &s.last.promises[i]))
	}
	consider(s.wakeForCues(env, end, tail.isOpen()))
	if at != 0 && at <= env.T {
		// Everything due at T was just settled; what is left waits for a later tick.
		at = env.T + 1
	}
	if !s.Threadless && len(s.entries) == 0 && end.Begun && env.T >= end.Last+retain(env, end) {
		return 0
	}
	return at
}

// retain is how long a silent conversation with an id is remembered: one that is over only as long as a reopening is likely.
func retain(env *Env, end *machine) int64 {
	if end.Status == kindResolved || end.Status == kindClosed {
		return min(env.Current.RetainMs(), retainClosed)
	}
	return env.Current.RetainMs()
}

func (r *run) isOpen() bool {
	return r.Begun && !r.Void && r.Status != kindResolved && r.Status != kindClosed
}

// Difference returns what before has and after has not, and the reverse, both in order.
func Difference(before, after []Moment) (gone, fresh []Moment) {
	i := 0
	for i < len(before) && i < len(after) && before[i] == after[i] {
		i++
	}
	b, a := before[i:], after[i:]
	j := 0
	for j < len(b) && j < len(a) && b[len(b)-1-j] == a[len(a)-1-j] {
		j++
	}
	b, a = b[:len(b)-j], a[:len(a)-j]
	used := make([]bool, len(b))
next:
	for _, m := range a {
		for k := range b {
			if !used[k] && b[k] == m {
				used[k] = true
				continue next
			}
		}
		if fresh == nil {
			fresh = make([]Moment, 0, len(a))
		}
		fresh = append(fresh, m)
	}
	for k := range b {
		if !used[k] {
			gone = append(gone, b[k])
		}
	}
	return gone, fresh
}
