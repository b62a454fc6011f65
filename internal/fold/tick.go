package fold

import (
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

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
		if t.erased.forget(s.root.T, t.current()) {
			s.touch(t)
		}
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
		if !x.known() {
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
		x.person.Scratch = &s.people
		s.concludePerson(t, x, x.person.Tick(s.root.T, t.current()))
		return
	}
	if x.agent != nil {
		s.lookAtAgent(x)
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
		if x := s.subject(key); s.err == nil && x.known() && !x.gone {
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
	from.touched, from.cells = nil, nil
	s.dropChunk(chunkID{t.name, f, c})
	// Fields written earlier in this batch must not survive the deletion of their hash.
	for ref := range s.overlay {
		if ref.Key == from.key && ref.Field != "" {
			s.overlay[ref] = nil
		}
	}
	s.write(from.key, "", nil)
	s.write(prefixChanges+t.name, from.key, nil)
}
