package oracletest

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/verify"
	"github.com/vigia-cx/vigia/internal/worker"
)

// stack is a log and the state that both stages make of it, in memory.
type stack struct {
	t      testing.TB
	topics worker.Topics
	begin  int64 // offset at which the log of interactions begins; above 0 it has lost its beginning before there was a state
	log    map[string][][]bus.Message
	state  map[store.Slot]*folded
}

// folded is a slot at work.
type folded struct {
	*fold.Slot
	mem    fold.Memory
	offset int64
}

func newStack(t testing.TB, partitions int, begin int64) *stack {
	s := &stack{t: t, begin: begin, topics: worker.EmbeddedTopics(), log: map[string][][]bus.Message{}, state: map[store.Slot]*folded{}}
	for _, topic := range []*worker.Topic{&s.topics.Interactions, &s.topics.Customers, &s.topics.Signals, &s.topics.DeadLetters} {
		topic.Partitions = partitions
		s.log[topic.Name] = make([][]bus.Message, partitions)
	}
	n := int32(partitions)
	for p := range n {
		for _, stage := range []fold.Stage{fold.Conversations, fold.Customers} {
			config := fold.Config{Stage: stage, Topic: s.topics.Interactions.Name, Partition: p, Sources: n, Route: func(key string, n int32) int32 { return bus.Partition([]byte(key), int(n)) },
				CustomersTopic: s.topics.Customers.Name, SignalsTopic: s.topics.Signals.Name, DeadLettersTopic: s.topics.DeadLetters.Name, Customers: n, Signals: n, DeadLetters: n}
			from := begin
			if stage == fold.Customers {
				config.Topic, from = s.topics.Customers.Name, 0
			}
			mem := fold.Memory{}
			s.state[worker.SlotOf(stage, p)] = &folded{Slot: fold.New(config, mem.Load, fold.Position{Offset: from}, fold.Start{Fresh: true, Truncated: from > 0, RestateAt: -1}), mem: mem, offset: from}
		}
	}
	return s
}

// append writes a record to a partition and lets it be folded. What leaves is appended in turn.
func (s *stack) append(topic string, partition int32, key string, r event.Record) {
	stage, worked := fold.Conversations, topic == s.topics.Interactions.Name
	if topic == s.topics.Customers.Name {
		stage, worked = fold.Customers, true
	}
	offset := int64(len(s.log[topic][partition]))
	if topic == s.topics.Interactions.Name {
		offset += s.begin
	}
	value := event.Encode(r)
	s.log[topic][partition] = append(s.log[topic][partition], bus.Message{Partition: partition, Offset: offset, Key: []byte(key), Value: value})
	if !worked {
		return
	}
	f := s.state[worker.SlotOf(stage, partition)]
	in := fold.Input{Offset: offset, Value: value}
	var err error
	if in.Record, err = event.Decode(value); err != nil {
		s.t.Fatalf("%s %d offset %d: %v", topic, partition, offset, err)
	}
	if key != "" {
		in.Key = key
	}
	for done := false; !done; {
		if done, err = f.Apply(in); err != nil {
			s.t.Fatalf("%s %d offset %d: %v", topic, partition, offset, err)
		}
	}
	c := f.Commit()
	f.mem.Apply(c)
	f.Committed(1 << 30)
	f.offset = offset + 1
	for _, o := range c.Outs {
		s.append(o.Topic, o.Partition, o.Key, o.Record)
	}
}

// Bounds implements [verify.Journal].
func (s *stack) Bounds(_ context.Context, topic string, p int32) (start, end int64, err error) {
	list := s.log[topic][p]
	if len(list) == 0 {
		return 0, 0, nil
	}
	return list[0].Offset, list[len(list)-1].Offset + 1, nil
}

// Fetch implements [verify.Journal].
func (s *stack) Fetch(_ context.Context, topic string, p int32, offset int64, _ bus.FetchOptions) (bus.Batch, error) {
	list := s.log[topic][p]
	from := offset - list[0].Offset
	list = list[from:min(int64(len(list)), from+500)]
	return bus.Batch{Messages: slices.Clone(list), Next: offset + int64(len(list))}, nil
}

// Copy implements [verify.Vault].
func (s *stack) Copy(_ context.Context, slot store.Slot) (store.Copied, error) {
	f := s.state[slot]
	return store.Copied{Meta: store.Meta{Position: store.Position{Lineage: 1, Offset: f.offset}}, Hashes: f.mem}, nil
}

// play appends a log: ticks, policies and gaps to every partition, events to their own.
func (s *stack) play(log []oracle.Placed) {
	n := int32(s.topics.Interactions.Partitions)
	for _, r := range log {
		if e, ok := r.Body.(*event.Event); ok {
			if _, err := event.Decode(event.Encode(event.Record{Body: e})); err != nil {
				continue // no connector would have let it in
			}
			if !e.Erases() {
				s.append(s.topics.Interactions.Name, bus.Partition([]byte(e.Key()), int(n)), e.Key(), event.Record{Body: e})
				continue
			}
		}
		for p := range n {
			if _, ok := r.Body.(event.Policy); ok {
				s.append(s.topics.Customers.Name, p, "", event.Record{Body: r.Body})
			}
			s.append(s.topics.Interactions.Name, p, "", event.Record{Body: r.Body})
		}
	}
}

// TestVerifyIsSilent compares stacks that nobody has damaged with their logs, with all sorts of trouble in them: nothing may differ. Then the logs lose their beginning,
// as by retention: what is left must not differ either.
func TestVerifyIsSilent(t *testing.T) {
	days, partitions := 12, 3
	if s, err := strconv.Atoi(os.Getenv("VIGIA_ORACLE_DAYS")); err == nil {
		days = s
	}
	from, _ := strconv.Atoi(os.Getenv("VIGIA_ORACLE_SEED"))
	var all verify.Compared
	undecided, found := 0, 0
	for n := from; n < from+days; n++ {
		l := log(uint64(n), 60, 12*hour*pace(n), pace(n), nil)
		if n%3 == 2 {
			l = visits(uint64(n), 60, 40*day, map[string]bool{"rest": true, "same": true, "edit": true, "far": true})
		}
		begin := int64(0)
		if n%5 == 4 {
			begin, l = 1000, slices.Concat(l[:2], l[len(l)/5:]) // from the middle on
		}
		s := newStack(t, partitions, begin)
		s.play(l)
		r := s.compare(n, "whole")
		if r.Unverifiable != (verify.Unverifiable{}) {
			t.Errorf("seed %d: %+v is unverifiable although the state was made of all that there is", n, r.Unverifiable)
		}
		all.Records, all.Cells, all.Conversations, all.Open, all.Breaches, all.Customers, all.Agents = all.Records+r.Compared.Records, all.Cells+r.Compared.Cells, all.Conversations+r.Compared.Conversations,
			all.Open+r.Compared.Open, all.Breaches+r.Compared.Breaches, all.Customers+r.Compared.Customers, all.Agents+r.Compared.Agents
		undecided += len(r.Undecided)
		for p, list := range s.log[s.topics.Interactions.Name] {
			s.log[s.topics.Interactions.Name][p] = list[len(list)*(1+n%3)/4:]
		}
		cut := s.compare(n, "without its beginning")
		if cut.Unverifiable.Cells == 0 && n%3 != 2 {
			t.Errorf("seed %d: no cell is unverifiable although the log has lost its beginning", n)
		}
		if s.deleted() {
			found++
		}
	}
	if found*2 < days {
		t.Errorf("of %d conversations that were deleted %d are told of", days, found)
	}
	t.Logf("compared: %+v, %d undecided, %d of %d deleted conversations found in logs without their beginning", all, undecided, found, days)
}

// deleted takes the state of the conversation that was heard of last away and says whether that is told, as a difference or as undecided. What is left of the log may say
// that it is forgotten.
func (s *stack) deleted() bool {
	s.t.Helper()
	list := s.log[s.topics.Interactions.Name][0]
	stored := s.state[worker.SlotOf(fold.Conversations, 0)].mem["s"]
	for _, m := range slices.Backward(list) {
		if _, ok := stored[string(m.Key)]; !ok {
			continue
		}
		delete(stored, string(m.Key))
		r, err := verify.Compare(s.t.Context(), s, s, s.topics, verify.Options{})
		if err != nil {
			s.t.Fatal(err)
		}
		return slices.ContainsFunc(append(r.Differences, r.Undecided...), func(d verify.Difference) bool { return d.Kind == verify.Conversation && d.Field == string(m.Key) })
	}
	return false
}

func pace(n int) int64 {
	if n%4 == 3 {
		return 14
	}
	return 1
}

func (s *stack) compare(n int, what string) *verify.Report {
	s.t.Helper()
	r, err := verify.Compare(s.t.Context(), s, s, s.topics, verify.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	for i, d := range r.Differences {
		if i == 5 {
			s.t.Errorf("seed %d, %s: … %d differences", n, what, len(r.Differences))
			break
		}
		s.t.Errorf("seed %d, %s: %+v %+v", n, what, d, d.Pane)
	}
	return r
}
