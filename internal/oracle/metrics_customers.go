package oracle

import "sync"

// The metrics of rule 18.
func init() {
	is := func(no int, k Kind) {
		metrics = append(metrics, metric{no, counted, func(m Moment) bool { return m.Kind == k }})
	}
	with := func(no int, k Kind, value int64) {
		metrics = append(metrics, metric{no, counted, func(m Moment) bool { return m.Kind == k && m.Value == value }})
	}
	for tier := range 4 {
		for i, k := range []Kind{FirstContact, FirstHeld, FirstFinal, FirstFinalHeld} {
			with(200+10*i+tier, k, int64(tier))
		}
	}
	is(241, FirstStrict)
	is(242, FirstNet)
	is(243, FirstNetHeld)
	for i, k := range []Kind{Served, ServedDeflected, ServedContained, ServedVerified, ServedConfirmed} {
		is(250+i, k)
	}
	for k := range 11 {
		with(260+k, LatestRelational, int64(k))
		with(280+k, LatestTransactional, int64(k))
		for _, kind := range []Kind{Relational, RelationalRollUp} {
			with(300+k, kind, int64(k))
		}
		for _, kind := range []Kind{Transactional, TransactionalRollUp} {
			with(320+k, kind, int64(k))
		}
	}
	for w := range 3 {
		for k := 1; k <= 7; k++ {
			with(400+10*w+k-1, Journey, int64(10*w+k))
		}
	}
	is(90, Prompt)
	is(91, Tired)
	is(92, Returned)
	is(93, SeenWeek)
	is(94, StayedWeek)
	is(95, SeenMonth)
	is(96, StayedMonth)
}

// RolledUp says whether a moment counts in its own roll-up alone, rule 11.5.
func (m Moment) RolledUp() bool {
	switch m.Kind {
	case Active, ActiveDay, LatestRelational, LatestTransactional, RelationalRollUp, TransactionalRollUp, Returned, SeenWeek, StayedWeek, SeenMonth, StayedMonth, AtRisk, Sold, SubscribedTo, Bought, Attributed:
		return true
	}
	return false
}

// numbers are those of the metrics in the tables, once all of them are there.
var numbers = sync.OnceValue(func() map[int]bool {
	out := map[int]bool{}
	for _, m := range metrics {
		out[m.no] = true
	}
	return out
})

// Knows says whether a metric is one of those of the tables here and in rule 22.
func Knows(no int) bool {
	known, _ := ofValue(no)
	return known || numbers()[no]
}
