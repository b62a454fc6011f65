package rule

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

// Status of a rule for one group.
type Status uint8

// The statuses.
const (
	Inactive Status = iota
	Pending         // the condition holds, not yet for long enough
	Firing
	Keeping // still firing: the condition is over, not yet for long enough
)

// String returns the status as people read it.
func (s Status) String() string { return [...]string{"inactive", "pending", "firing", "keeping"}[s] }

// Open reports whether there is an incident.
func (s Status) Open() bool { return s == Firing || s == Keeping }

// Flapping: a rule that fires flapFirings times within flapWindow keeps firing for twice as long each further time, maxKeep at most; every quiet flapWindow takes one doubling
// back.
const (
	flapFirings = 3
	flapWindow  = 3_600_000
	maxKeep     = 3_600_000
	leastKeep   = 60_000 // what is doubled where nothing is kept
)

// State is what a rule remembers of one group. The zero State is that of a group never seen.
type State struct {
	Tenant, Rule string
	Group        map[string]string
	At           int64 // last evaluation, Unix ms
	Status       Status
	Unknown      bool  // the last observation was unknown: the status is that of before
	Since        int64 // instant at which the condition began to hold, Unix ms; 0 when inactive
	FiredAt      int64 // instant at which it fired
	OverAt       int64 // instant at which the condition was over, while Keeping
	Incident     string
	Number       float64 // as last observed
	N            int64

	fired     []int64 // firings within the last flapWindow, the newest ones
	doublings int
	dampedAt  int64 // of the last doubling, or the last one taken back
	sticky    bool  // the rule wants to see the group also when nothing happens there any more (no_data)
}

// What a change is.
type What string

// The changes. Only Fired and Resolved are for people; the others explain.
const (
	BecamePending What = "pending"
	Dropped       What = "dropped" // pending, and over before it fired
	Fired         What = "firing"
	Resolved      What = "resolved"
	BecameUnknown What = "unknown"
	BecameKnown   What = "known"
)

// Change is something that happened to a rule for one group.
type Change struct {
	What         What
	Reason       Reason
	Tenant, Rule string
	Group        map[string]string
	At           int64 // Unix ms, on the grid of data time
	Since        int64 // begin of the condition, Unix ms
	FiredAt      int64 // begin of the incident; 0 when there is none
	// Incident names the incident from Fired to Resolved; Fingerprint is the same for all incidents of the rule and the group. Both are 32 letters and digits.
	Incident, Fingerprint string
	Flapping              bool // it fires so often that it ends later
	// Seen is the observation that did it; of a rule that was removed the last numbers.
	Seen Observation
}

// Step takes a state on by an observation. An observation that is not newer than the last one changes nothing, so that a replay is harmless. What it means that nothing
// happened (no_data) is asked only of groups in which something once did.
func (r *Rule) Step(prev State, o Observation) (State, []Change) {
	if o.At <= prev.At || prev.At == 0 && o.Reason == Nothing {
		return prev, nil
	}
	s := &stepper{r: r, o: o, State: prev}
	if prev.At == 0 {
		s.Tenant, s.Rule, s.Group = r.tenant, r.Name, maps.Clone(o.Group)
	}
	s.At, s.Number, s.N, s.sticky = o.At, o.Number, o.N, r.NoData == NoDataHold || r.NoData == NoDataFire
	s.calm()
	if o.Reason != Closed && (o.Fire == Unknown || o.Clear == Unknown) {
		if !s.Unknown {
			s.Unknown = true
			s.change(BecameUnknown, o.Reason)
		}
		return s.State, s.changes
	}
	if s.Unknown {
		s.Unknown = false
		s.change(BecameKnown, "")
	}
	s.step()
	return s.State, s.changes
}

type stepper struct {
	State
	r       *Rule
	o       Observation
	changes []Change
}

func (s *stepper) step() {
	at, o := s.At, s.o
	switch s.Status {
	case Inactive:
		if o.Fire != True {
			return
		}
		s.Status, s.Since = Pending, at
		if s.r.For > 0 {
			s.change(BecamePending, o.Reason)
			return
		}
		s.fire()
	case Pending:
		switch {
		case o.Fire != True:
			s.change(Dropped, o.Reason)
			s.Status, s.Since = Inactive, 0
		case at-s.Since >= s.r.For: // of the rule as it is now
			s.fire()
		}
	case Firing:
		if o.Reason == Closed {
			s.resolve(Closed)
		} else if o.Clear == True {
			s.Status, s.OverAt = Keeping, at
			s.settle()
		}
	case Keeping:
		switch {
		case o.Reason == Closed:
			s.resolve(Closed)
		case o.Clear != True:
			s.Status, s.OverAt = Firing, 0
		default:
			s.settle()
		}
	}
}

// settle ends the incident when its condition has been over for long enough.
func (s *stepper) settle() {
	if s.At-s.OverAt >= s.keep() {
		s.resolve(s.o.Reason)
	}
}

// keep returns for how long (ms) the condition must be over.
func (s *stepper) keep() int64 {
	if s.doublings == 0 {
		return s.r.KeepFiringFor
	}
	return max(s.r.KeepFiringFor, min(max(s.r.KeepFiringFor, leastKeep)<<s.doublings, maxKeep))
}

func (s *stepper) fire() {
	s.Status, s.FiredAt = Firing, s.At
	s.Incident = incidentID(s.r.tenant, s.r.Name, s.Group, s.Since)
	s.fired = append(slices.DeleteFunc(slices.Clone(s.fired), func(at int64) bool { return at <= s.At-flapWindow }), s.At)
	if len(s.fired) >= flapFirings {
		s.doublings = min(s.doublings+1, 10)
		s.dampedAt = s.At
		s.fired = s.fired[len(s.fired)-flapFirings:]
	}
	s.change(Fired, s.o.Reason)
}

func (s *stepper) resolve(reason Reason) {
	s.Status = Inactive
	s.change(Resolved, reason)
	s.clear()
}

func (s *stepper) clear() { s.Since, s.FiredAt, s.OverAt, s.Incident = 0, 0, 0, "" }

// calm forgets firings that are long over.
func (s *stepper) calm() {
	for s.doublings > 0 && s.Status != Firing && s.At-s.dampedAt >= flapWindow && !s.firedAfter(s.At-flapWindow) {
		s.doublings--
		s.dampedAt += flapWindow
	}
	if s.doublings == 0 {
		s.dampedAt = 0
	}
	if len(s.fired) > 0 && s.doublings == 0 && s.Status == Inactive && !s.firedAfter(s.At-flapWindow) {
		s.fired = nil
	}
}

func (s *stepper) firedAfter(at int64) bool { return len(s.fired) > 0 && s.fired[len(s.fired)-1] > at }

func (s *stepper) change(what What, reason Reason) {
	s.changes = append(s.changes, s.State.changed(what, reason, s.o))
}

func (s State) changed(what What, reason Reason, o Observation) Change {
	return Change{
		What: what, Reason: reason, Tenant: s.Tenant, Rule: s.Rule, Group: s.Group, At: s.At, Since: s.Since, FiredAt: s.FiredAt, Incident: s.Incident,
		Fingerprint: Fingerprint(s.Tenant, s.Rule, s.Group), Flapping: s.doublings > 0, Seen: o,
	}
}

// Idle reports whether the state says nothing that the zero State would not: it need not be kept, and a group that vanishes from the answers need not be observed any more.
func (s State) Idle() bool {
	return !s.sticky && s.Status == Inactive && !s.Unknown && s.doublings == 0 && len(s.fired) == 0
}

// Fits reports whether the rule, as it is now, groups as the state's does. A state that does not fit will never be observed again: [Retire] it with [RuleChanged].
func (r *Rule) Fits(s State) bool {
	if r.Kind == Silent {
		_, ok := s.Group["source"]
		return ok && len(s.Group) == 1
	}
	for _, d := range r.By {
		if _, ok := s.Group[string(d)]; !ok {
			return false
		}
	}
	return len(s.Group) == len(r.By) && r.Covers(s.Group)
}

// Retire ends a state whose rule is gone or groups differently, at an instant (Unix ms): an open incident is resolved with that reason.
func Retire(s State, at int64, reason Reason) (State, []Change) {
	s.At = max(at, s.At)
	if !s.Status.Open() {
		return State{}, nil
	}
	seen := Observation{At: s.At, Group: s.Group, Number: s.Number, Bound: s.Number, N: s.N, Reason: reason}
	return State{}, []Change{s.changed(Resolved, reason, seen)}
}

// Fingerprint names a rule and a group of a tenant.
func Fingerprint(tenant, rule string, group map[string]string) string {
	return digest(tenant, rule, group, nil)
}

func incidentID(tenant, rule string, group map[string]string, since int64) string {
	return digest(tenant, rule, group, binary.BigEndian.AppendUint64(nil, uint64(since)))
}

// digest hashes parts that cannot run into each other.
func digest(tenant, rule string, group map[string]string, more []byte) string {
	var b []byte
	part := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	part(tenant)
	part(rule)
	for _, name := range slices.Sorted(maps.Keys(group)) {
		part(name)
		part(group[name])
	}
	sum := sha256.Sum256(append(b, more...))
	return hex.EncodeToString(sum[:16])
}
