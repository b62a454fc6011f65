package convo

import (
	"math"
	"slices"
)

// forget gives up the entries that no acceptable event can precede any more, leaving their residue.
func (s *State) forget(env *Env) {
	cut, limit := 0, min(env.T-s.Horizon, s.untold(env))
	for cut < len(s.entries) && s.entries[cut].At < limit {
		cut++
	}
	if len(s.entries) > maxEntries {
		cut = max(cut, maxEntries/4)
	}
	surveys := env.T - s.Horizon - surveyKeep
	if cut == 0 && (s.residue == nil || !s.residue.Surveys.forgets(surveys)) {
		return
	}
	if cut > 0 && !s.Truncated {
		r := s.play(env, s.entries[:cut], new(result))
		if h := r.Handle; h != nil {
			if ahead := s.play(env, s.entries, new(result)); !slices.Contains(ahead.wrapped, h.At) {
				h = nil // its moments were counted and no wrap-up will move them any more
			}
			r = s.play(env, s.entries[:cut], new(result)) // the memory is the same
			r.Handle = h
		}
		r.Surveys.fix(&s.last.surveys)
		residue := r.machine
		residue.Routes, residue.Mood.Scores = r.routes(s.last), slices.Clone(r.scores)
		s.fix(env, r, &residue, cut)
		s.residue = &residue
		s.settleScores(cut)
		s.settleReceipts(cut)
		s.settleRequests(cut)
	}
	if s.residue != nil {
		s.residue.Surveys.forget(surveys)
	}
	if cut > 0 {
		s.floor = s.entries[cut-1].At
		s.entries = slices.Delete(s.entries, 0, cut)
	}
	s.last = nil
	res := s.evaluated(env)
	s.signals = slices.DeleteFunc(s.signals, func(g signalled) bool {
		return !slices.ContainsFunc(res.promises, func(p promise) bool { return g.of(&p) })
	})
	s.forgetCues(res)
}

// fix keeps where resolves, people, the bot and the mood of a residue count as it is: the routing after the entries that are about to be forgotten may have decided it, and may be told
// otherwise once these are final.
func (s *State) fix(env *Env, r *run, residue *machine, cut int) {
	heard, met := len(r.scores) > r.heardOf, residue.Bot.At != 0 && !residue.Bot.Final
	if !heard && !met && !residue.Work.undecided() {
		return
	}
	if cut < len(s.entries) {
		r = s.play(env, s.entries, new(result))
	}
	residue.Work.fix(r, r.voided(residue.Episode))
	if met {
		residue.Bot.Final, residue.Bot.Group = true, r.groupOf(residue.Bot.At)
		residue.Bot.Group.Agent = ""
	}
	if n := len(residue.Mood.Scores); heard {
		residue.Mood.Group = r.groupOf(residue.Mood.Scores[n-1].at)
		residue.Mood.Group.Agent = ""
	}
}

// settleReceipts keeps receipts that said nothing new from saying something once the message they are for is forgotten. Their kind stays, for entries are in its order.
func (s *State) settleReceipts(cut int) {
	for i := cut; i < len(s.entries); i++ {
		if e := &s.entries[i]; e.Receipt && (&run{entries: s.entries[:cut]}).seen(e) {
			e.Known = true
		}
	}
}

// maxRoutes bounds the changes of routing in a residue.
const maxRoutes = 32

// routes returns the changes of routing that clocks of the episode at hand may still ask for: the one in force when it began, and those after. Of too many the newest stay, and those
// that promises which run, and the resolution, go by.
func (r *run) routes(last *result) []groupAt {
	from := len(r.groups) - 1
	for from > 0 && r.Begun && r.groups[from].at > r.BeganAt {
		from--
	}
	routes := r.groups[max(from, 0):]
	tooMany := len(routes) - maxRoutes
	if tooMany <= 0 {
		return slices.Clone(routes)
	}
	asked := make([]bool, len(routes))
	ask := func(at int64) {
		for i := len(routes) - 1; i >= 0; i-- {
			if routes[i].at <= at {
				asked[i] = true
				return
			}
		}
	}
	for i := range last.promises {
		if p := &last.promises[i]; p.State == running {
			ask(p.Due)
			ask(last.end.origin(p))
		}
	}
	// The resolution can still be taken back: it stays where it counts, and so does what became of its promise.
	for _, x := range []*settled{r.Settled, last.end.Settled} {
		if x != nil {
			for i := range x.Moments {
				ask(x.Moments[i].At)
			}
		}
	}
	// What was before any queue or topic is of the first one.
	for _, has := range []func(groupAt) bool{func(c groupAt) bool { return c.g.Queue != "" }, func(c groupAt) bool { return c.g.Topic != "" }} {
		if i := slices.IndexFunc(routes, has); i >= 0 {
			ask(routes[i].at) // of several at one instant the last
			asked[i] = true
		}
	}
	var out []groupAt
	for i, c := range routes {
		if i == 0 || i > tooMany || asked[i] {
			out = append(out, c)
		}
	}
	return out
}

// untold is the earliest due time of a broken promise that people could not be told of yet because its source was blind: what came from then on may be what broke it.
func (s *State) untold(env *Env) int64 {
	at := int64(math.MaxInt64)
	if s.last == nil {
		return at
	}
	for i := range s.last.promises {
		p := &s.last.promises[i]
		if p.State != missed || p.Due >= at || env.Hold(p.Due, p.Source) <= s.Woken {
			continue
		}
		if g := s.find(p); g == nil || !g.Breached {
			at = p.Due
		}
	}
	return at
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
	if stale := end.staleAt(env, s.Channel); stale != 0 {
		consider(stale + grace + 1)
	}
	if cut := end.cutAt(env, s.Threadless); cut != 0 {
		consider(cut + grace + 1)
	}
	// Until no event before its end can come any more, an episode may still turn out to have gone on.
	if s.residue != nil {
		if cut := s.residue.cutAt(env, s.Threadless); cut != 0 && cut+s.Horizon >= env.T {
			consider(cut + s.Horizon + 1)
		}
	}
	over := end.Last + retain(env, end)
	if last := s.last.surveys.newest(); last != 0 {
		kept := last + s.Horizon + surveyKeep + 1
		consider(kept)
		over = max(over, kept)
	}
	if !s.Threadless && end.Begun && !end.Gone && !(s.Channel.Voiced() && end.Status == kindClosed) {
		consider(over)
	}
	if s.last.quiet != 0 {
		consider(s.last.quiet + grace + 1)
	}
	for i := range s.last.promises {
		consider(s.wakeFor(env, &s.last.promises[i]))
	}
	consider(s.wakeForCues(env, end, end.isOpen()))
	if at != 0 && at <= env.T {
		// Everything due at T was just settled; what is left waits for a later tick.
		at = env.T + 1
	}
	if !s.Threadless && len(s.entries) == 0 && end.Begun && env.T >= over {
		return 0
	}
	return at
}

// retain is how long a silent conversation with an id is remembered: one that is over only as long as a reopening is likely.
func retain(env *Env, end *core) int64 {
	if end.Status == kindResolved || end.Status == kindClosed {
		return min(env.Current.RetainMs(), retainClosed)
	}
	return env.Current.RetainMs()
}
