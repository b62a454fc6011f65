package customer

import (
	"cmp"
	"slices"
	"strings"
)

// forget turns facts that can no longer change into traces, and drops traces that no window reaches. What they counted stays counted.
func (s *State) forget(t int64) {
	facts, past := len(s.facts), len(s.past)
	old := func(f *contact) bool {
		at := lastOf(f)
		return at+s.keep < t && (!f.Open || at+Keep < t)
	}
	s.bequeath(old)
	s.bequeathHelps(old)
	s.dropHelps()
	s.facts = slices.DeleteFunc(s.facts, func(f contact) bool {
		if !old(&f) {
			return false
		}
		s.loyal.remember(&f, t)
		s.conclude(&f)
		s.value.remember(&f, t)
		// The contact may have ended after the customer's last word; what was counted stands at the word.
		if active := f.activity(); !f.Retracted && len(active) > 0 {
			s.leave(trace{f.Channel, f.Queue, active[len(active)-1], f.days})
		}
		return true
	})
	s.past = slices.DeleteFunc(s.past, func(tr trace) bool { return tr.at+Keep < t })
	for i := range s.past {
		tr := &s.past[i]
		if kept, _ := slices.BinarySearch(tr.days, t-Keep); kept > 0 {
			tr.days, s.known = slices.Clone(tr.days[kept:]), false
		}
	}
	if len(s.facts) != facts || len(s.past) != past {
		s.known = false
	}
}

func (s *State) leave(tr trace) {
	s.over = max(s.over, tr.at)
	i, found := slices.BinarySearchFunc(s.past, tr, func(a, b trace) int {
		return cmp.Or(cmp.Compare(a.channel, b.channel), strings.Compare(a.queue, b.queue))
	})
	if found {
		x := &s.past[i]
		x.at = max(x.at, tr.at)
		x.days = append(slices.Clone(x.days), tr.days...)
		slices.Sort(x.days)
		x.days = slices.Compact(x.days)
		return
	}
	s.past = slices.Insert(s.past, i, tr)
}

func lastOf(f *contact) int64 {
	at := max(f.StartedAt, f.EndedAt)
	for _, a := range f.ActiveAt {
		at = max(at, a)
	}
	return at
}

// next says when to look again, 0 when nothing is left to keep.
func (s *State) next(t int64) int64 {
	var at int64
	consider := func(x int64) {
		if at == 0 || x < at {
			at = x
		}
	}
	for i := range s.facts {
		f := &s.facts[i]
		if f.Open {
			consider(lastOf(f) + Keep + 1)
		} else {
			consider(lastOf(f) + s.keep + 1)
		}
		if f.resolved() && f.marks&final == 0 {
			consider(f.verdict())
		}
	}
	for _, tr := range s.past {
		consider(tr.at + Keep + 1)
	}
	if until := s.loyal.until(); until != 0 {
		consider(until + 1)
	}
	if s.risk.look != 0 {
		consider(s.risk.look)
	}
	if until := s.value.until(); until != 0 {
		consider(until + 1)
	}
	if s.Alias != "" && s.aliasAt+aliasKeep >= t {
		consider(s.aliasAt + aliasKeep + 1)
	}
	if s.outAt != 0 && s.outAt+aliasKeep >= t {
		consider(s.outAt + aliasKeep + 1)
	}
	for i := range s.helps {
		consider(s.helps[i].look())
	}
	for _, r := range s.rests {
		if r.until >= t {
			consider(r.until + 1)
		}
	}
	if at != 0 && at <= t {
		at = t + 1
	}
	return at
}
