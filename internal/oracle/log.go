package oracle

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// Placed is a record where it stands in the log.
type Placed struct {
	Partition int32
	Offset    int64
	Key       string // as it stands in the log
	Body      event.RecordBody
}

// Options are what the log alone does not say.
type Options struct {
	// Zone loads the rules of an IANA zone, nil is the host's.
	Zone func(name string) (*time.Location, error)
	// Holiday says whether a date ("2026-12-25") is in a holiday set of a policy. A policy that names a set needs it.
	Holiday func(set, date string) bool
	// Truncated partitions have lost their beginning.
	Truncated map[int32]bool
	// Sweeps are, by partition, the offsets of ticks at which every subject was looked at once more (rule 1.10: a rebuild).
	Sweeps map[int32][]int64
	// Losses are, by partition, the offsets before which records were lost after the beginning.
	Losses map[int32][]int64
	// Triggers are what the signals log says of triggers that were set off, in its order; other signals there do not matter.
	Triggers []event.Signal
	// Heard is t of rule 11.3 at the end, which customers and agents count as of, Unix ms; 0 is T.
	Heard int64
}

func (o Options) zone(name string) (*time.Location, error) {
	if o.Zone == nil {
		return time.LoadLocation(name)
	}
	return o.Zone(name)
}

// mark is an instant that a partition has reached at an offset.
type mark struct{ offset, at int64 }

// partition is one partition of the interactions log, taken apart.
type partition struct {
	number    int32
	ticks     []mark               // those that raised T
	policies  map[string][]*policy // by tenant, those that came into force
	gaps      map[string][]gapMark
	subjects  map[subjectKey][]Placed
	truncated bool
	losses    []int64
	sweeps    []int64
	wishes    map[string][]wish // erasures, by tenant
	end       int64             // offset after the last record
}

type gapMark struct {
	offset int64
	event.Gap
}

type subjectKey struct{ tenant, conversation, customer, agent string }

// keyOf is rule 1.2; ok is false for what belongs to no subject.
func keyOf(e *event.Event) (subjectKey, bool) {
	switch e.Body.(type) {
	case event.Presence:
		return subjectKey{tenant: e.Tenant, agent: e.Body.(event.Presence).Agent}, true
	case event.Reference:
		return subjectKey{}, false
	}
	if e.Conversation != "" {
		return subjectKey{tenant: e.Tenant, conversation: e.Conversation}, true
	}
	return subjectKey{tenant: e.Tenant, customer: e.Customer}, true
}

// split takes the records of all partitions apart.
func split(records []Placed, o Options) (map[int32]*partition, error) {
	parts := map[int32]*partition{}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Placed) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	for _, r := range records {
		p := parts[r.Partition]
		if p == nil {
			p = &partition{number: r.Partition, policies: map[string][]*policy{}, gaps: map[string][]gapMark{}, subjects: map[subjectKey][]Placed{},
				truncated: o.Truncated[r.Partition], losses: o.Losses[r.Partition], sweeps: o.Sweeps[r.Partition]}
			parts[r.Partition] = p
		}
		p.end = r.Offset + 1
		switch b := r.Body.(type) {
		case event.Tick:
			if n := len(p.ticks); n == 0 || b.At > p.ticks[n-1].at {
				p.ticks = append(p.ticks, mark{r.Offset, b.At})
			}
		case event.Policy:
			list := p.policies[b.Tenant]
			if n := len(list); n > 0 && b.Serial <= list[n-1].serial {
				continue
			}
			parsed, err := parse(b, r.Offset, o)
			if err != nil {
				return nil, err
			}
			parsed.at = p.time(r.Offset)
			p.policies[b.Tenant] = append(list, parsed)
		case event.Gap:
			p.gaps[b.Tenant] = append(p.gaps[b.Tenant], gapMark{r.Offset, b})
		case *event.Event:
			if b.Erases() {
				p.wish(b, r.Offset)
				continue
			}
			key, ok := keyOf(b)
			if !ok || r.Key != "" && r.Key != b.Key() {
				continue
			}
			p.subjects[key] = append(p.subjects[key], r)
		}
	}
	return parts, nil
}

// time is T at an offset, rule 1.3.
func (p *partition) time(offset int64) int64 {
	i := sort.Search(len(p.ticks), func(i int) bool { return p.ticks[i].offset >= offset })
	if i == 0 {
		return 0
	}
	return p.ticks[i-1].at
}

// tickFrom is the first tick behind an offset that reaches an instant.
func (p *partition) tickFrom(offset, at int64) (mark, bool) {
	i := sort.Search(len(p.ticks), func(i int) bool { return p.ticks[i].at >= at && p.ticks[i].offset > offset })
	if i == len(p.ticks) {
		return mark{}, false
	}
	return p.ticks[i], true
}

// book is what is known of a tenant's policies at a place of a partition.
type book struct {
	list    []*policy // oldest first
	reapply []int64
}

const (
	keptPolicies = 32
	keptReapply  = 8
)

// book returns that of a tenant at an offset; nil while there is no policy.
func (p *partition) book(tenant string, offset int64) *book {
	b := &book{}
	for _, v := range p.policies[tenant] {
		if v.offset >= offset {
			break
		}
		b.list = append(b.list, v)
		if v.reapply {
			b.reapply = append(b.reapply, v.serial)
		}
	}
	if len(b.list) == 0 {
		return nil
	}
	b.list = b.list[max(0, len(b.list)-keptPolicies):]
	b.reapply = b.reapply[max(0, len(b.reapply)-keptReapply):]
	return b
}

// of is the policy of a serial, rule 1.4.
func (b *book) of(serial int64) *policy {
	for _, p := range b.list {
		if p.serial >= serial {
			return p
		}
	}
	return b.current()
}

func (b *book) current() *policy { return b.list[len(b.list)-1] }

func (b *book) now() int64 { return b.current().serial }

// clock is rule 1.5: the serial under which a clock that began under one is judged under another.
func (b *book) clock(began, now int64) int64 {
	s := began
	for _, r := range b.reapply {
		if began < r && r <= now {
			s = max(s, r)
		}
	}
	return s
}

// hold is rule 8.9: until when gaps hold a verdict on a due time, by what is known at an offset; 0 when none does.
func (p *partition) hold(tenant, connector, account string, due, offset, now int64) int64 {
	type name struct {
		connector, account string
		from               int64
	}
	ends := map[name]int64{}
	for _, g := range p.gaps[tenant] {
		if g.offset >= offset {
			break
		}
		n := name{g.Connector, g.Account, g.From}
		if _, ok := ends[n]; !ok || g.To != 0 {
			ends[n] = g.To
		}
	}
	var until int64
	for n, end := range ends {
		if n.connector != "" && n.connector != connector || n.account != "" && n.account != account {
			continue
		}
		if end == 0 {
			end = n.from + 3_600_000
		}
		if due >= n.from && due <= end && now < end+300_000+dayMs {
			until = max(until, end+300_000)
		}
	}
	return until
}
