package rule

import (
	"math"
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Truth is an answer that may not be known.
type Truth uint8

// The truths. The zero Truth is Unknown.
const (
	Unknown Truth = iota
	False
	True
)

// String returns unknown, false or true.
func (t Truth) String() string { return [...]string{"unknown", "false", "true"}[t] }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Reason says why an observation or a change is what it is; empty when the numbers alone say it.
type Reason string

// The reasons.
const (
	Stale       Reason = "stale"        // knowledge lags behind the window's end
	Incomplete  Reason = "incomplete"   // something that belongs to the number is known to be missing
	Nothing     Reason = "no_data"      // nothing happened that could be measured
	Few         Reason = "few"          // the number rests on less than min_count
	Closed      Reason = "closed"       // outside of the hours of only_in_hours
	RuleRemoved Reason = "rule_removed" // no file has the rule any more
	RuleChanged Reason = "rule_changed" // the rule groups differently now
)

// Observation is what a rule sees of one group at one instant.
type Observation struct {
	At    int64             // Unix ms, on the grid of data time
	Group map[string]string // names by dimension; of [Silent] rules the source
	// Fire says whether the condition holds, Clear whether a firing rule is over. Between two thresholds neither is true.
	Fire, Clear Truth
	Reason      Reason

	Number float64 // what was judged: of durations seconds, of shares 0.8 for 80 %, of burn rules the burn rate; NaN when there is none
	Bound  float64 // what was compared with the limit: the Wilson bound of a share, else the number
	N      int64   // contributions that the number rests on
	// Value is the value that was judged, as it was read; nil for rules about sources and in tests.
	Value *kpi.Value
}

// Measure is a value as numbers.
type Measure struct {
	Number   float64 // as the rule's stat says; NaN when there is none
	N        int64
	Num, Den int64 // of shares
	Complete bool
}

// measure reads off a value what the rule judges.
func (r *Rule) measure(v *kpi.Value) Measure {
	m := Measure{Number: math.NaN(), N: v.N, Complete: v.Complete}
	number := &v.Value
	switch r.Stat {
	case StatP50:
		number = v.P50
	case StatP90:
		number = v.P90
	case StatP95:
		number = v.P95
	case StatP99:
		number = v.P99
	}
	if number != nil && number.Known() {
		m.Number = number.Float()
	}
	if r.proportion() {
		// Both are whole numbers; what does not read as one is none, and then the value is null too.
		m.Num, _ = strconv.ParseInt(string(v.Numerator), 10, 64)
		m.Den, _ = strconv.ParseInt(string(v.Denominator), 10, 64)
	}
	return m
}

// Observe judges the answers to [Rule.Queries], in their order, at an instant of the grid: the windows end there. asOf is the instant up to which everything is known; both Unix
// ms. There is one observation for each group that has an answer. A group that has a state and no observation is to be observed with [Rule.Missing].
func (r *Rule) Observe(at int64, answers [][]kpi.Value, asOf int64) []Observation {
	if r.Kind == Silent || len(answers) == 0 {
		return nil
	}
	type measured struct {
		group    map[string]string
		value    *kpi.Value
		measures []Measure
	}
	var all []*measured
	byKey := map[string]*measured{}
	for i := range answers {
		for j := range answers[i] {
			v := &answers[i][j]
			if v.KPI != r.KPI || v.Definition != r.Definition || !r.Covers(v.Group) {
				continue
			}
			key := groupKey(v.Group)
			g := byKey[key]
			if g == nil {
				g = &measured{group: v.Group, measures: r.nothing(len(answers))}
				byKey[key] = g
				all = append(all, g)
			}
			g.measures[i] = r.measure(v)
			if g.value == nil {
				g.value = v
			}
		}
	}
	out := make([]Observation, 0, len(all))
	for _, g := range all {
		o := r.Judge(at, asOf, g.measures)
		o.Group, o.Value = g.group, g.value
		out = append(out, o)
	}
	return out
}

// Missing observes a group that none of the answers has: nothing happened there. complete says whether that is certain.
func (r *Rule) Missing(at, asOf int64, group map[string]string, complete bool) Observation {
	m := r.nothing(max(1, len(r.Queries())))
	for i := range m {
		m[i].Complete = complete
	}
	o := r.Judge(at, asOf, m)
	o.Group = group
	return o
}

// nothing is what a group without an answer measures. A count of nothing is 0; of everything else there is no number.
func (r *Rule) nothing(n int) []Measure {
	m := Measure{Number: math.NaN(), Complete: true}
	if r.def != nil && counts(r.def) {
		m.Number = 0
	}
	return slices.Repeat([]Measure{m}, n)
}

// Judge judges the measures of one group, one for each of [Rule.Queries]. Group and Value of the observation are the caller's to fill in.
func (r *Rule) Judge(at, asOf int64, m []Measure) Observation {
	o := Observation{At: at, Number: math.NaN(), Bound: math.NaN()}
	if !r.Open(at) {
		o.Fire, o.Clear, o.Reason = False, True, Closed
		return o
	}
	switch r.Kind {
	case Burn:
		r.judgeBurn(&o, m)
	case Absent:
		r.judgeAbsent(&o, m)
	default:
		r.judgeThreshold(&o, m[0])
	}
	switch {
	case at-asOf > staleAfter:
		o.Fire, o.Clear, o.Reason = Unknown, Unknown, Stale
	case slices.ContainsFunc(m, func(m Measure) bool { return !m.Complete }):
		o.Fire, o.Clear, o.Reason = Unknown, Unknown, Incomplete
	}
	return o
}

// Open reports whether the rule is on at an instant (Unix ms).
func (r *Rule) Open(at int64) bool { return r.calendar == nil || r.calendar.Open(at) }

func (r *Rule) judgeThreshold(o *Observation, m Measure) {
	o.Number, o.Bound, o.N = m.Number, m.Number, m.N
	if math.IsNaN(m.Number) {
		r.judgeNothing(o)
		return
	}
	if r.Confidence > 0 {
		// The bound on the good side: even that must be bad.
		low, high := wilson(m.Num, m.Den, r.Confidence)
		if o.Bound = low; r.Fire.below() {
			o.Bound = high
		}
	}
	o.Fire, o.Clear = truth(r.Fire.Holds(o.Bound)), truth(r.Clear.Holds(m.Number))
	if m.N < r.MinCount {
		o.Fire, o.Reason = False, Few
	}
}

// judgeNothing says what it means that there is no number.
func (r *Rule) judgeNothing(o *Observation) {
	o.Reason = Nothing
	switch r.NoData {
	case NoDataHold:
		o.Fire, o.Clear = Unknown, Unknown
	case NoDataFire:
		o.Fire, o.Clear = True, False
	default:
		o.Fire, o.Clear = False, True
	}
}

// judgeBurn: both windows must burn too fast. The long one says that it matters, the short one that it still goes on.
func (r *Rule) judgeBurn(o *Observation, m []Measure) {
	burn := func(m Measure) float64 {
		if m.Den <= 0 {
			return 0
		}
		bad := m.Den - m.Num
		if r.def.Better == kpi.Lower {
			bad = m.Num
		}
		return float64(bad) / float64(m.Den) / (1 - r.Burn.Objective)
	}
	long, short := burn(m[0]), burn(m[1])
	o.Number, o.N = long, m[0].Den
	o.Bound = min(long, short)
	o.Fire, o.Clear = truth(o.Bound >= r.Burn.Rate), truth(o.Bound < r.Burn.Rate)
	if m[0].Den < r.MinCount {
		o.Fire, o.Reason = False, Few
	}
}

// judgeAbsent: nothing came for so long that, at the pace before and as it was Like ago, Expected contacts should have. By chance that happens once in e^Expected gaps.
func (r *Rule) judgeAbsent(o *Observation, m []Measure) {
	total := m[len(r.gaps)].Number
	o.Number, o.Bound = 0, 0
	for i, g := range r.gaps {
		if m[i].Number != 0 {
			o.N = m[i].N
			break
		}
		if before := r.openMs(o.At-r.baseline, o.At-g.ms); before > 0 {
			expected := total / float64(before) * float64(r.openMs(o.At-g.ms, o.At))
			if r.like > 0 {
				expected = min(expected, m[len(r.gaps)+2+i].Number-m[len(r.gaps)+1].Number)
			}
			o.Bound = max(o.Bound, expected)
		}
	}
	o.Fire = truth(o.Bound >= r.Absent.Expected)
	// It is over when something comes, and goes on coming for as long as the rule keeps firing. As the silence grows, the pace before it is forgotten; that does not end it.
	i := slices.IndexFunc(r.gaps, func(g gap) bool { return g.ms >= r.Interval+r.KeepFiringFor })
	if i < 0 {
		i = len(r.gaps) - 1
	}
	o.Clear = truth(o.Fire == False && m[i].Number > 0)
}

// openMs counts the ms in [from, to) in which the rule is on.
func (r *Rule) openMs(from, to int64) int64 {
	if r.calendar == nil {
		return to - from
	}
	return r.calendar.Elapsed(from, to)
}

// Source is what is known of a source of events.
type Source struct {
	Name   string // connector/account
	LastAt int64  // instant of its newest event, Unix ms; 0 when none ever came
	Blind  bool   // it has said itself that it sees nothing now
}

// ObserveSources is [Rule.Observe] for rules about silent sources. A source that never sent anything is not silent: it may not be in service yet.
func (r *Rule) ObserveSources(at int64, sources []Source, asOf int64) []Observation {
	if r.Kind != Silent {
		return nil
	}
	var out []Observation
	for _, s := range sources {
		if len(r.Sources) > 0 && !slices.Contains(r.Sources, s.Name) || s.LastAt == 0 && !s.Blind {
			continue
		}
		o := Observation{At: at, Group: map[string]string{"source": s.Name}, Number: math.NaN(), Bound: math.NaN()}
		silent := r.openMs(s.LastAt, at)
		if s.LastAt != 0 {
			o.Number = float64(silent) / 1000
			o.Bound = o.Number
		}
		switch {
		case !r.Open(at):
			o.Fire, o.Clear, o.Reason = False, True, Closed
		case at-asOf > staleAfter:
			o.Reason = Stale // our own lag is not the source's silence
		default:
			o.Fire = truth(s.Blind || silent >= r.Silence)
			o.Clear = truth(o.Fire == False)
		}
		out = append(out, o)
	}
	return out
}

// groupKey is the same for equal groups.
func groupKey(group map[string]string) string {
	if len(group) == 0 {
		return ""
	}
	g := window.Group{Channel: group[string(window.DimChannel)], Queue: group[string(window.DimQueue)], Team: group[string(window.DimTeam)], Agent: group[string(window.DimAgent)],
		Topic: group[string(window.DimTopic)]}
	return g.Encode() + "\x1f" + group["source"]
}
