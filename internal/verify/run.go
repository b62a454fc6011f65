package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// Vault copies the state. [*store.Store] is one.
type Vault interface {
	Copy(ctx context.Context, slot store.Slot) (store.Copied, error)
}

// Options narrow what is compared.
type Options struct {
	// Tenant is the only one to compare, "" all of them.
	Tenant string
	// From and To bound the panes that are compared, Unix ms; 0 leaves that side open. Everything else is compared as it is now.
	From, To int64
	// Progress is told what is being done; nil for nobody.
	Progress func(format string, args ...any)
}

// Compare compares a stack with its log. Topics say where the log is.
//
// Errors: [ErrNoState]; a policy of the log that cannot be read; those of the journal and the vault.
func Compare(ctx context.Context, j Journal, s Vault, topics worker.Topics, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	v := &run{journal: j, vault: s, topics: topics, o: o, report: &Report{Differences: []Difference{}, Undecided: []Difference{}}, seconds: map[int32]*copied{}, sets: map[string]map[string]bool{},
		broken: map[promise][]oracle.Moment{}, whole: map[int32]map[string]bool{}, positions: map[int32]int64{}, untold: map[int32][]store.OutEntry{}}
	if err := v.compare(ctx); err != nil {
		return nil, err
	}
	v.report.order()
	return v.report, nil
}

// ErrNoState says that there is nothing to compare.
var ErrNoState = errors.New("there is no state to compare: no worker has written any yet")

// run is one comparison.
type run struct {
	journal Journal
	vault   Vault
	topics  worker.Topics
	o       Options
	report  *Report

	reader    oracle.Reader
	seconds   map[int32]*copied // of the second stage
	sets      map[string]map[string]bool
	cut       int64 // the latest begin of a partition that has lost its beginning, 0 for none
	broken    map[promise][]oracle.Moment
	whole     map[int32]map[string]bool // of partitions that have lost their beginning: the keys of what is known from its begin
	positions map[int32]int64
	untold    map[int32][]store.OutEntry // outboxes of the first stage
	signals   signals
}

// copied is a slot at one position.
type copied struct {
	store.Copied
	fold.Standing
}

func (v *run) compare(ctx context.Context) error {
	absent := 0
	for p := range int32(v.topics.Customers.Partitions) {
		c, err := v.copy(ctx, fold.Customers, p)
		if errors.Is(err, store.ErrAbsent) {
			absent++
			continue
		}
		if err != nil {
			return err
		}
		v.seconds[p] = c
	}
	seen := 0
	for p := range int32(v.topics.Interactions.Partitions) {
		c, err := v.copy(ctx, fold.Conversations, p)
		if errors.Is(err, store.ErrAbsent) {
			absent++
			if err := v.missing(ctx, v.topics.Interactions.Name, p); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			seen++
			err = v.first(ctx, p, c)
		}
		if err != nil {
			return err
		}
	}
	if absent == v.topics.Customers.Partitions+v.topics.Interactions.Partitions {
		return ErrNoState
	}
	if err := v.listen(ctx); err != nil {
		return err
	}
	if seen == v.topics.Interactions.Partitions {
		if err := v.second(ctx); err != nil {
			return err
		}
	}
	v.breaches()
	return nil
}

// missing tells of a partition whose log holds something and that has no state.
func (v *run) missing(ctx context.Context, topic string, partition int32) error {
	start, end, err := v.journal.Bounds(ctx, topic, partition)
	if err == nil && end > start {
		v.report.add(Difference{Kind: Position, Topic: topic, Partition: partition, State: "no state", Log: fmt.Sprintf("%d records", end-start)})
	}
	return err
}

const (
	midRecord = 250 * time.Millisecond // pause before a slot is looked at again that stands within a record
	midTries  = 40
)

// copy copies a slot between two records.
func (v *run) copy(ctx context.Context, stage fold.Stage, partition int32) (*copied, error) {
	slot := worker.SlotOf(stage, partition)
	for again := 0; ; again++ {
		c, err := v.vault.Copy(ctx, slot)
		if err == nil && c.Meta.Position.Step == 0 {
			out := &copied{Copied: c}
			if len(c.Hashes["root"]) == 0 && c.Meta.Position.Offset == 0 {
				out.Standing = fold.Standing{RestateAt: -1}
				return out, nil
			}
			if out.Standing, err = fold.StandingOf(c.Hashes["root"]); err != nil {
				return nil, fmt.Errorf("the root of slot %s cannot be read: %w; restore a snapshot or rebuild the partition", slot, err)
			}
			return out, nil
		}
		if err != nil && !errors.Is(err, store.ErrFrozen) {
			return nil, err
		}
		if again == midTries {
			return nil, fmt.Errorf("slot %s does not come to rest between two records: try again", slot)
		}
		wait := time.NewTimer(midRecord)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil, ctx.Err()
		}
	}
}

// first compares a partition of the first stage.
func (v *run) first(ctx context.Context, p int32, c *copied) error {
	topic, to := v.topics.Interactions, c.Meta.Position.Offset
	v.o.Progress("%s %d: reading up to offset %d", topic.Name, p, to)
	x, err := read(ctx, v.journal, topic.Name, p, topic.Partitions, to, c.RestateAt, v.o.Tenant)
	if err != nil {
		return err
	}
	a := v.chain(p, c, x)
	v.report.AsOf = append(v.report.AsOf, a)
	v.report.Compared.Records += a.Records
	v.positions[p], v.untold[p] = to, c.Outbox
	o := oracle.Options{Zone: sla.LoadZone, Holiday: v.holiday}
	if x.sweep >= 0 {
		o.Sweeps = map[int32][]int64{p: {x.sweep}}
	}
	cut := int64(0)
	o.Truncated = map[int32]bool{p: c.Truncated}
	if a.Older > 0 {
		cut = max(x.first, 1)
		v.cut = max(v.cut, cut)
	}
	rules := map[string]int64{}
	if cut > 0 {
		if rules, err = x.remember(c.Hashes, v.o.Tenant); err != nil {
			return fmt.Errorf("%s partition %d: %w", topic.Name, p, err)
		}
	}
	w, err := v.reader.Partition(x.records, o)
	if err != nil {
		return fmt.Errorf("%s partition %d: %w", topic.Name, p, err)
	}
	defer w.Release()
	suspects := map[string]bool{}
	if cut > 0 {
		suspects = w.Suspects(func(tenant string) int64 { return rules[tenant] }, func(key string) (int64, bool) {
			s, err := convo.Decode(c.Hashes["s"][key])
			if err != nil {
				return 0, false
			}
			return s.First(), true
		})
	}
	if t := w.Time(); t != c.T && x.n > 0 && cut == 0 {
		v.report.add(Difference{Kind: Clock, Topic: topic.Name, Partition: p, State: stamp(c.T), Log: stamp(t)})
	}
	v.o.Progress("%s %d: comparing %d records", topic.Name, p, x.n)
	f := &firstStage{run: v, topic: topic.Name, p: p, c: c, w: w, x: x, cut: cut, suspects: suspects}
	f.subjects()
	s := side{topic: topic.Name, partition: p, hashes: c.Hashes, tenants: customs(c.Hashes, v.tenants(w.Tenants()), w.Settings), boundary: c.Boundary, cut: cut}
	v.unreadable(s)
	v.panes(s, w.Moments(), func(m *oracle.Moment) bool { return !suspects[m.Key()] })
	f.open()
	f.numbers()
	if a.skipped > 0 {
		f.skipped(s, w.Moments())
	}
	for _, m := range w.Breaches() {
		if m.Conversation != "" {
			k := promise{m.Tenant, m.Conversation, m.Clock}
			v.broken[k] = append(v.broken[k], m)
		}
	}
	if cut > 0 {
		v.whole[p] = map[string]bool{}
		for _, r := range x.records {
			if r.Key != "" && !suspects[r.Key] {
				v.whole[p][r.Key] = true
			}
		}
	}
	return nil
}

func (v *run) unreadable(s side) {
	for _, tenant := range slices.Sorted(maps.Keys(s.tenants)) {
		if err := s.tenants[tenant].unreadable; err != nil {
			v.damaged(s, tenant, "tn:"+tenant, "", err)
		}
	}
}

// tenants are those to compare.
func (v *run) tenants(known []string) []string {
	return slices.DeleteFunc(slices.Clone(known), func(t string) bool { return v.o.Tenant != "" && t != v.o.Tenant })
}

// holiday says whether a date is in a holiday set.
func (v *run) holiday(set, date string) bool {
	dates, ok := v.sets[set]
	if !ok {
		dates, _ = sla.HolidaySet(set) // a policy that names a set which does not exist does not compile, and is not in force
		v.sets[set] = dates
	}
	return dates[date]
}

// chain compares what a slot says of the records it has applied with those of the log: whether one was left out, applied twice, or replaced.
func (v *run) chain(p int32, c *copied, x *extract) AsOf {
	at0 := c.Meta.Position.Offset
	a := AsOf{Topic: v.topics.Interactions.Name, Partition: p, Offset: at0, LogStart: x.start, Records: x.n, Time: at(c.T)}
	differ := func(offset *int64, state, log string) {
		v.report.add(Difference{Kind: Position, Topic: a.Topic, Partition: p, Offset: offset, State: state, Log: log})
	}
	if at0 > x.end {
		differ(&at0, fmt.Sprintf("is at offset %d", at0), fmt.Sprintf("ends at %d: it is not the log that the state was made of, or it was cut", x.end))
	}
	if x.n > 0 {
		if same, known := worker.Stamped(c.Meta.Fingerprint, x.last.Offset, x.last.Value); known && !same {
			offset := x.last.Offset
			differ(&offset, fmt.Sprintf("the record applied last is not that of offset %d, though the position is %d: the position was moved, or the log was replaced", offset, at0),
				fmt.Sprintf("offset %d is the last one below the position", offset))
		}
	}
	counted := func(name string) int64 { return c.Counters[name] }
	applied := c.applied() - x.refused
	switch missing := x.n - applied; {
	case missing > 0:
		a.skipped = missing
		log := fmt.Sprintf("%d records below offset %d", x.n, at0)
		if ticks := x.ticks - counted("tick"); ticks > 0 {
			log += fmt.Sprintf(" (%d of them ticks, of which it has applied %d)", x.ticks, counted("tick"))
		}
		differ(nil, fmt.Sprintf("has applied %d records: %d were skipped", applied, missing), log)
	case missing < 0 && x.start == 0:
		differ(nil, fmt.Sprintf("has applied %d records: %d more than there are", applied, -missing), fmt.Sprintf("%d records below offset %d", x.n, at0))
	case missing < 0:
		a.Older, a.From = -missing, at(x.first)
	}
	return a
}

// applied is how many records the slot says that it has applied.
func (c *copied) applied() (n int64) {
	for name, of := range c.Counters {
		switch {
		case name == "applied", name == "duplicate", name == "erased_before", name == "control", name == "tick", strings.HasPrefix(name, "dead_"):
			n += of
		}
	}
	return n
}

// stamp prints an instant.
func stamp(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return at(ms).Format("2006-01-02T15:04:05.000Z07:00")
}
