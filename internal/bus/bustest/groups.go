package bustest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
)

func unknownTopic(e *env) {
	topic := unique("missing")
	_, err := e.c.Fetch(e.ctx, topic, 0, 0, bus.FetchOptions{})
	e.want(err, bus.ErrUnknownTopic)
	if !bus.Retryable(err) {
		e.Error("an unknown topic is not retryable, yet it may be created any moment")
	}
	e.want(e.c.Publish(e.ctx, topic, messages("x")), bus.ErrUnknownTopic)
	_, err = e.c.Produce(e.ctx, topic, 0, messages("x"))
	e.want(err, bus.ErrUnknownTopic)
	_, err = e.c.Join(e.ctx, bus.GroupConfig{ID: unique("group"), Topics: []string{topic}})
	e.want(err, bus.ErrUnknownTopic)
	if !strings.Contains(err.Error(), topic) {
		e.Errorf("%q does not name the topic", err)
	}
	info, err := e.c.Topics(e.ctx, topic)
	if err != nil || info[topic].Exists {
		e.Fatalf("got %+v, %v", info, err)
	}
}

func topics(e *env) {
	topic := e.topic(3, map[string]string{"retention.ms": "86400000", "cleanup.policy": "delete"})
	missing := unique("missing")
	info, err := e.c.Topics(e.ctx, topic, missing)
	if err != nil {
		e.Fatal(err)
	}
	got := info[topic]
	if !got.Exists || got.Partitions != 3 || got.Replication < 1 || got.Config["retention.ms"] != "86400000" || got.Config["cleanup.policy"] != "delete" {
		e.Fatalf("got %+v", got)
	}
	if d := cmp.Diff(bus.TopicInfo{}, info[missing]); d != "" {
		e.Fatal(d)
	}
	// Creating it again, otherwise, neither fails nor changes it.
	if err := e.c.CreateTopics(e.ctx, []bus.TopicSpec{{Name: topic, Partitions: 9}}); err != nil {
		e.Fatal(err)
	}
	if err := e.c.AlterConfig(e.ctx, topic, map[string]string{"retention.ms": "90000000"}); err != nil {
		e.Fatal(err)
	}
	info, err = e.c.Topics(e.ctx, topic)
	if err != nil {
		e.Fatal(err)
	}
	if got := info[topic]; got.Partitions != 3 || got.Config["retention.ms"] != "90000000" || got.Config["cleanup.policy"] != "delete" {
		e.Fatalf("got %+v", got)
	}
	if err := e.c.CreateTopics(e.ctx, []bus.TopicSpec{{Name: "no spaces please", Partitions: 1}}); err == nil || bus.Retryable(err) {
		e.Fatalf("a bad name: got %v", err)
	}
	if err := e.c.DeleteTopics(e.ctx, topic, missing); err != nil {
		e.Fatal(err)
	}
	if info, err = e.c.Topics(e.ctx, topic); err != nil || info[topic].Exists {
		e.Fatalf("after deletion: %+v, %v", info, err)
	}
	if err := e.c.Ping(e.ctx); err != nil {
		e.Fatal(err)
	}
}

// join makes c a member of a group, with the defaults that production uses.
func (e *env) join(c *bus.Client, id, topic string) *bus.Group {
	e.Helper()
	g, err := c.Join(e.ctx, bus.GroupConfig{ID: id, Topics: []string{topic}})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = g.Close() })
	return g
}

func (e *env) next(g *bus.Group) *bus.Generation {
	e.Helper()
	gen, err := g.Next(e.ctx)
	if err != nil {
		e.Fatal(err)
	}
	return gen
}

func (e *env) ended(gen *bus.Generation) {
	e.Helper()
	select {
	case <-gen.Done():
	case <-e.ctx.Done():
		e.Fatal("the generation does not end")
	}
}

func commits(e *env) {
	topic, id := e.topic(2, nil), unique("group")
	e.produce(topic, 1, "a", "b")
	got, err := e.c.Committed(e.ctx, id, topic, []int32{0, 1})
	if err != nil {
		// A coordinator that is still being chosen says so; wait for it as members do.
		if !bus.Retryable(err) {
			e.Fatal(err)
		}
	} else if d := cmp.Diff(map[int32]bus.Commit{0: {Offset: -1}, 1: {Offset: -1}}, got); d != "" {
		e.Fatal(d)
	}
	gen := e.next(e.join(e.c, id, topic))
	const metadata = "log=3,state=7"
	if err := e.c.Commit(e.ctx, gen, topic, 1, 1, "old"); err != nil {
		e.Fatal(err)
	}
	if err := e.c.Commit(e.ctx, gen, topic, 1, 2, metadata); err != nil {
		e.Fatal(err)
	}
	got, err = e.client().Committed(e.ctx, id, topic, []int32{0, 1})
	if err != nil {
		e.Fatal(err)
	}
	if d := cmp.Diff(map[int32]bus.Commit{0: {Offset: -1}, 1: {Offset: 2, Metadata: metadata}}, got); d != "" {
		e.Fatal(d)
	}
	if got, err := e.c.Committed(e.ctx, id, topic, nil); err != nil || len(got) != 0 {
		e.Fatalf("no partitions: got %v, %v", got, err)
	}
}

func zombie(e *env) {
	topic, id := e.topic(1, nil), unique("group")
	g := e.join(e.c, id, topic)
	gen := e.next(g)
	if err := e.c.Commit(e.ctx, gen, topic, 0, 0, "mine"); err != nil {
		e.Fatal(err)
	}
	for name, stale := range map[string]*bus.Generation{
		"older generation": {ID: gen.ID - 1, Member: gen.Member, Group: id},
		"other member":     {ID: gen.ID, Member: "nobody", Group: id},
	} {
		err := e.c.Commit(e.ctx, stale, topic, 0, 99, "zombie")
		if !errors.Is(err, bus.ErrStaleGeneration) || bus.Retryable(err) {
			e.Fatalf("%s: got %v", name, err)
		}
	}
	if err := g.Close(); err != nil {
		e.Fatal(err)
	}
	e.want(e.c.Commit(e.ctx, gen, topic, 0, 99, "zombie"), bus.ErrStaleGeneration)
	got, err := e.c.Committed(e.ctx, id, topic, []int32{0})
	if err != nil {
		e.Fatal(err)
	}
	if d := cmp.Diff(map[int32]bus.Commit{0: {Offset: 0, Metadata: "mine"}}, got); d != "" {
		e.Fatal(d)
	}
}

func members(e *env) {
	topic, id := e.topic(4, nil), unique("group")
	all := []int32{0, 1, 2, 3}
	a := e.join(e.c, id, topic)
	genA := e.next(a)
	if d := cmp.Diff(map[string][]int32{topic: all}, genA.Assignments); d != "" {
		e.Fatal(d)
	}

	b := e.join(e.client(), id, topic)
	genBs := make(chan *bus.Generation, 1)
	go func() {
		gen, err := b.Next(e.ctx)
		if err != nil {
			e.Error(err)
		}
		genBs <- gen
	}()
	e.ended(genA)
	old := genA.ID
	genA = e.next(a)
	genB := <-genBs
	if genB == nil {
		return
	}
	if genA.ID != genB.ID || genA.ID <= old || genA.Member == genB.Member {
		e.Fatalf("generations %d and %d after %d, members %q and %q", genA.ID, genB.ID, old, genA.Member, genB.Member)
	}
	if len(genA.Assignments[topic]) != 2 || len(genB.Assignments[topic]) != 2 {
		e.Fatalf("uneven: %v and %v", genA.Assignments, genB.Assignments)
	}
	union := slices.Sorted(slices.Values(slices.Concat(genA.Assignments[topic], genB.Assignments[topic])))
	if d := cmp.Diff(all, union); d != "" {
		e.Fatal(d)
	}

	start := time.Now()
	if err := a.Close(); err != nil {
		e.Fatal(err)
	}
	select {
	case <-genA.Done():
	default:
		e.Error("closing the group did not end its generation")
	}
	_, err := a.Next(e.ctx)
	e.want(err, bus.ErrClosed)
	e.ended(genB)
	if d := cmp.Diff(map[string][]int32{topic: all}, e.next(b).Assignments); d != "" {
		e.Fatal(d)
	}
	// The session time-out is 6 s: who leaves must not be waited for.
	if took := time.Since(start); took > 5*time.Second {
		e.Errorf("taking over took %v", took)
	}
}

func generationFunctions(e *env) {
	topic := e.topic(1, nil)
	g := e.join(e.c, unique("group"), topic)
	gen := e.next(g)
	early, late := make(chan struct{}), make(chan error, 1)
	gen.Start(func(context.Context) { close(early) })
	gen.Start(func(ctx context.Context) {
		<-ctx.Done()
		late <- context.Cause(ctx)
	})
	<-early
	select {
	case <-gen.Done():
		e.Fatal("a function that returned ended the generation")
	case <-time.After(50 * time.Millisecond):
	}
	if err := g.Close(); err != nil {
		e.Fatal(err)
	}
	select {
	case cause := <-late:
		e.want(cause, bus.ErrStaleGeneration)
	default:
		e.Fatal("Close did not wait for the functions of the generation")
	}
	if err := g.Close(); err != nil {
		e.Fatal(err)
	}
}
