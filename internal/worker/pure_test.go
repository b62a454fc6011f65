package worker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
)

const hour = 3_600_000

func TestNextTick(t *testing.T) {
	const now = int64(1_790_000_000_000)
	for _, c := range []struct {
		name string
		in   clocks
		at   int64
		want tickVerdict
	}{
		{"both agree", clocks{own: now, redis: now, folded: now - 5000, anchor: now - 5000, since: 5 * time.Second}, now, tickGo},
		{"the slower clock wins", clocks{own: now + 90_000, redis: now, folded: now - 5000, anchor: now - 5000, since: 5 * time.Second}, now, tickGo},
		{"slack of 2 s", clocks{own: now + 2000, redis: now + 2000, folded: now - 5000, anchor: now - 5000, since: 5 * time.Second}, now + 2000, tickGo},
		{"both jump by 1,000 s", clocks{own: now + 1e6, redis: now + 1e6, folded: now - 5000, anchor: now - 5000, since: 5 * time.Second}, now + 2000, tickCapped},
		{"clocks behind the log", clocks{own: now - 9000, redis: now, folded: now - 5000, anchor: now - 5000, since: time.Second}, 0, tickBehind},
		{"start close to the log", clocks{own: now, redis: now, folded: now - hour}, now, tickGo},
		{"start far from the log", clocks{own: now, redis: now, folded: now - hour - 1}, 0, tickHeld},
		{"start, but an event was received", clocks{own: now, redis: now, folded: now - 9*hour, received: now - 60_000}, now, tickGo},
		{"start with an operator's word", clocks{own: now, redis: now, folded: now - 9*hour, accept: true}, now, tickGo},
		{"start of an empty log", clocks{own: now, redis: now, empty: true}, now, tickGo},
		{"an operator cannot lift the cap", clocks{own: now + 1e6, redis: now + 1e6, folded: now, anchor: now, accept: true}, now + 2000, tickCapped},
		{"same instant", clocks{own: now, redis: now, folded: now, anchor: now, since: 0}, 0, tickBehind},
	} {
		t.Run(c.name, func(t *testing.T) {
			if at, verdict := nextTick(c.in); at != c.at || verdict != c.want {
				t.Errorf("got %d, %s, want %d, %s", at-now, verdict, c.at-now, c.want)
			}
		})
	}
}

// TestTicksNeverOutrun steps both clocks about and checks that ticks never pass faster than the monotonic clock allows.
func TestTicksNeverOutrun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const now = int64(1_790_000_000_000)
		var folded, anchor, mono, anchored int64
		own, redis := now, now
		for range rapid.IntRange(1, 50).Draw(rt, "ticks") {
			passed := int64(rapid.IntRange(0, 20_000).Draw(rt, "passed"))
			mono += passed
			own += passed + int64(rapid.SampledFrom([]int{0, 0, 0, 1e6, -1e6, 5000}).Draw(rt, "step"))
			redis += passed + int64(rapid.SampledFrom([]int{0, 0, 0, 1e6, -1e6, 5000}).Draw(rt, "redis step"))
			at, verdict := nextTick(clocks{own: own, redis: redis, folded: folded, anchor: anchor, since: time.Duration(mono-anchored) * time.Millisecond, empty: folded == 0})
			if at == 0 {
				continue
			}
			switch {
			case at <= folded:
				rt.Fatalf("%s: tick %d does not pass %d", verdict, at, folded)
			case at > min(own, redis):
				rt.Fatalf("%s: tick %d is ahead of a clock", verdict, at)
			case anchor != 0 && at-anchor > mono-anchored+2000:
				rt.Fatalf("%s: %d ms of time in %d ms", verdict, at-anchor, mono-anchored)
			}
			folded, anchor, anchored = at, at, mono
		}
	})
}

func TestTickWait(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name          string
		deadline      int64 // relative to now; 0 none
		since, expect time.Duration
	}{
		{"nothing due", 0, 2 * s, 3 * s},
		{"overdue", 0, 6 * s, 0},
		{"deadline ahead", 1500, 2 * s, 1500 * time.Millisecond},
		{"deadline passed", -1, 2 * s, 0},
		{"deadline passed, tick too young", -1, s / 4, 3 * s / 4},
		{"deadline after the regular tick", 60_000, s, 4 * s},
	} {
		t.Run(c.name, func(t *testing.T) {
			const now = int64(1_790_000_000_000)
			deadline := int64(0)
			if c.deadline != 0 {
				deadline = now + c.deadline
			}
			if got := tickWait(now, deadline, c.since, s, 5*s); got != c.expect {
				t.Errorf("got %v, want %v", got, c.expect)
			}
		})
	}
}

func TestMark(t *testing.T) {
	m := mark{Offset: 42, Log: 3, State: 7}
	if got := parseMark(bus.Commit{Offset: 42, Metadata: m.metadata()}); got != m {
		t.Errorf("got %+v, want %+v", got, m)
	}
	for _, c := range []struct {
		name             string
		have, next, want mark
	}{
		{"none yet", noMark, mark{5, 3, 7}, mark{5, 3, 7}},
		{"further", mark{5, 3, 7}, mark{6, 3, 7}, mark{6, 3, 7}},
		{"not back", mark{6, 3, 7}, mark{5, 3, 7}, mark{6, 3, 7}},
		{"an older lineage", mark{6, 3, 7}, mark{9, 3, 6}, mark{6, 3, 7}},
		{"an older log", mark{6, 3, 7}, mark{9, 2, 8}, mark{6, 3, 7}},
		{"an older copy of the state", mark{6, 3, 7}, mark{4, 3, 8}, mark{4, 3, 8}},
		{"another log", mark{6, 3, 7}, mark{0, 8, 8}, mark{0, 8, 8}},
	} {
		if got := c.have.advance(c.next); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	for _, c := range []bus.Commit{{Offset: -1}, {Offset: 5}, {Offset: 5, Metadata: "log=1"}, {Offset: 5, Metadata: "log=x,state=1"}, {Offset: 5, Metadata: "log=0,state=1"}} {
		if got := parseMark(c); got != noMark {
			t.Errorf("%+v is read as %+v, want no mark", c, got)
		}
	}
	if got := (mark{Offset: 42, Log: 3, State: 7}).metadata(); got != "log=3,state=7" {
		t.Errorf("metadata %q", got)
	}
}

func TestStamp(t *testing.T) {
	for _, s := range []stamp{noStamp, {hash: "0011aabb", lost: -1, tell: -1}, {hash: "0011aabb", lost: 17, tell: 20}, {hash: "0011aabb", lost: -1, tell: 0, moved: true}, {lost: 0, tell: -1}} {
		if got := parseStamp(s.String()); got != s {
			t.Errorf("%q is read as %+v, want %+v", s, got, s)
		}
	}
	if fingerprint(1, []byte("a")) == fingerprint(2, []byte("a")) || fingerprint(1, []byte("a")) == fingerprint(1, []byte("b")) || len(fingerprint(1, nil)) != 16 {
		t.Error("fingerprints do not tell records apart")
	}
}

func meta(log, state, offset int64, step int32, print string) store.Meta {
	return store.Meta{Position: store.Position{Lineage: state, Offset: offset, Step: step}, LogLineage: log, Fingerprint: print}
}

func TestDecide(t *testing.T) {
	const now = 1_790_000_000
	at := func(state, offset int64) store.Position { return store.Position{Lineage: state, Offset: offset} }
	for _, c := range []struct {
		name string
		in   situation
		act  action
		why  string
		at   store.Position
		log  int64
		mark mark
	}{
		{"nothing is known", situation{end: 0, mark: noMark}, create, "new", at(now, 0), now, mark{0, now, now}},
		{"both are lost, the log is not", situation{start: 5, end: 90, mark: noMark}, create, "new", at(now, 5), now, mark{5, now, now}},
		{"Redis is lost", situation{end: 90, mark: mark{40, 3, 7}}, create, "absent", at(now, 0), 3, mark{40, 3, now}},
		{"Redis is lost and the log is new", situation{end: 30, mark: mark{40, 3, 7}}, create, "recreated", at(now, 0), now, mark{0, now, now}},
		{"all is well", situation{exists: true, meta: meta(3, 7, 50, 2, "ab"), end: 90, mark: mark{40, 3, 7}}, resume, "", store.Position{Lineage: 7, Offset: 50, Step: 2}, 3, mark{}},
		{"no mark", situation{exists: true, meta: meta(3, 7, 50, 0, "ab"), end: 90, mark: noMark}, resume, "", at(7, 50), 3, mark{}},
		{"Redis fell back below the mark", situation{exists: true, meta: meta(3, 7, 20, 0, "ab"), end: 90, mark: mark{40, 3, 7}}, resume, "", at(7, 20), 3, mark{}},
		{"the log ends below the position", situation{exists: true, meta: meta(3, 7, 95, 0, "ab"), end: 90, mark: mark{40, 3, 7}}, reset, "recreated", at(now, 0), now, mark{0, now, now}},
		{"the log ends below the mark", situation{exists: true, meta: meta(3, 7, 20, 0, "ab"), end: 30, mark: mark{40, 3, 7}}, reset, "recreated", at(now, 0), now, mark{0, now, now}},
		{"another record below the position", situation{exists: true, meta: meta(3, 7, 20, 0, "ab"), end: 90, replaced: true, mark: noMark}, reset, "recreated", at(now, 0), now, mark{0, now, now}},
		{"state of an older log", situation{exists: true, meta: meta(3, 7, 20, 0, "ab"), end: 90, mark: mark{10, 9, 9}}, reset, "recreated", at(now, 0), 9, mark{10, 9, now}},
		{"mark of an older log", situation{exists: true, meta: meta(9, 9, 20, 0, "ab"), end: 90, mark: mark{80, 3, 7}}, resume, "", at(9, 20), 9, mark{}},
		{"records were deleted", situation{exists: true, meta: meta(3, 7, 20, 4, "ab"), start: 60, end: 90, mark: mark{20, 3, 7}}, skip, "truncated", at(now, 60), 3, mark{20, 3, now}},
		{"deleted within the steps of a record, after a loss", situation{exists: true, meta: meta(3, 7, 20, 1, "ab!lost=11"), start: 60, end: 90, mark: mark{20, 3, 7}}, skip, "truncated", at(now, 60), 3, mark{20, 3, now}},
		{"deleted without a mark", situation{exists: true, meta: meta(3, 7, 20, 0, "ab"), start: 60, end: 90, mark: noMark}, skip, "truncated", at(now, 60), 3, mark{0, 3, now}},
		{"deleted before the rebuild began", situation{exists: true, meta: meta(3, 7, 0, 0, ""), start: 60, end: 90, mark: mark{20, 3, 7}}, reset, "truncated", at(now, 60), 3, mark{20, 3, now}},
		{"both memories are from after now", situation{end: 90, mark: mark{40, 3, now + 5}}, create, "absent", at(now+6, 0), 3, mark{40, 3, now + 6}},
		{"an older copy of Redis", situation{exists: true, meta: meta(3, 5, 20, 2, "ab"), end: 90, mark: mark{40, 3, 7}, unsent: 20}, move, "restored", store.Position{Lineage: now, Offset: 20, Step: 2}, 3, mark{20, 3, now}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.now = now
			p := decide(c.in)
			if p.act != c.act || p.why != c.why || p.at != c.at || p.log != c.log {
				t.Fatalf("got %s (%s) at %s of log %d, want %s (%s) at %s of log %d", p.act, p.why, p.at, p.log, c.act, c.why, c.at, c.log)
			}
			if p.act == resume {
				return
			}
			if got := p.mark(c.in); got != c.mark {
				t.Errorf("mark %+v, want %+v", got, c.mark)
			}
			// Whatever is done, the next look says resume: also after a crash before the state was changed.
			after := c.in
			after.mark = p.mark(c.in)
			if crashed := decide(after); crashed.act == resume {
				t.Errorf("after a crash between commit and state the action is forgotten")
			} else if crashed.at.Lineage <= p.at.Lineage {
				t.Errorf("after a crash lineage %d is used again", p.at.Lineage)
			}
			after.exists, after.replaced, after.meta = true, false, meta(p.log, p.at.Lineage, p.at.Offset, p.at.Step, p.stamp.String())
			if p.stamp.tell != max(c.in.end, p.at.Offset) {
				t.Errorf("what is open is told again at %d, the log ends at %d", p.stamp.tell, c.in.end)
			}
			if again := decide(after); again.act != resume {
				t.Errorf("afterwards: %s (%s), want resume", again.act, again.why)
			}
		})
	}
}

func TestBegin(t *testing.T) {
	for _, c := range []struct {
		name string
		meta store.Meta
		want fold.Start
	}{
		{"first lineage", meta(7, 7, 0, 0, ""), fold.Start{Fresh: true, LogLineage: 7, StateLineage: 7, RestateAt: -1}},
		{"first lineage of a cut log", meta(7, 7, 5, 0, ""), fold.Start{Fresh: true, Truncated: true, LogLineage: 7, StateLineage: 7, RestateAt: -1}},
		{"rebuild", meta(7, 8, 0, 0, "!tell=90"), fold.Start{Fresh: true, LogLineage: 7, StateLineage: 8, RestateAt: 90}},
		{"rebuild of a cut log", meta(7, 8, 60, 0, "!tell=90"), fold.Start{Fresh: true, Truncated: true, LogLineage: 7, StateLineage: 8, RestateAt: 90}},
		{"under way", meta(7, 8, 60, 0, "ab"), fold.Start{LogLineage: 7, StateLineage: 8, RestateAt: -1}},
		{"within the first record", meta(7, 8, 0, 1, "!tell=90"), fold.Start{LogLineage: 7, StateLineage: 8, RestateAt: -1}},
		{"loss", meta(7, 8, 60, 0, "ab!lost=20!tell=90"), fold.Start{LogLineage: 7, StateLineage: 8, Truncated: true, RestateAt: 90, Loss: &fold.Loss{From: 20, To: 60}}},
		{"loss already folded", meta(7, 8, 60, 1, "ab!lost=20!tell=90"), fold.Start{LogLineage: 7, StateLineage: 8, RestateAt: -1}},
		{"older copy", meta(7, 9, 20, 2, "ab!moved!tell=90"), fold.Start{LogLineage: 7, StateLineage: 9, RestateAt: 90}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, begin(c.meta)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestLanes(t *testing.T) {
	entry := func(ordinal, offset int64, partition int32, size int) store.OutEntry {
		return store.OutEntry{Ordinal: ordinal, Out: store.Out{Topic: "t", Partition: partition, Value: make([]byte, size), Offset: offset}}
	}
	lanes := cutLanes([]store.OutEntry{entry(1, 5, 0, 10), entry(2, 6, 1, 10), entry(3, 7, 0, 400), entry(4, 7, 0, 500), entry(5, 8, 0, 2000), entry(6, 8, 0, 1)}, 6, 1000)
	var got []string
	for _, l := range lanes {
		var line strings.Builder
		line.WriteString(string(rune('0' + l.partition)))
		for _, b := range l.batches {
			line.WriteString(" [")
			for _, m := range b {
				line.WriteString(" " + strings.Repeat("x", len(m.Value)/100))
			}
			line.WriteString(" ]")
		}
		got = append(got, line.String())
	}
	want := []string{"1 [  ]", "0 [ xxxx xxxxx ] [ xxxxxxxxxxxxxxxxxxxx ] [  ]"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestHear(t *testing.T) {
	const now = int64(1_790_000_000_000)
	names := []store.Source{{Tenant: "t", Source: "http/*"}}
	beat := func(ms int64) []time.Time { return []time.Time{time.UnixMilli(ms)} }
	silent := []time.Time{{}}
	s := hear(nil, names, silent, now)
	if s[0].silentSince != 0 {
		t.Error("a source is silent at the first look")
	}
	if s = hear(s, names, silent, now+29_999); s[0].silentSince != 0 {
		t.Error("silent after less than 30 s")
	}
	if s = hear(s, names, silent, now+30_000); s[0].silentSince != now {
		t.Errorf("never heard for 30 s: %+v", s[0])
	}
	if s = hear(s, names, beat(now+40_000), now+41_000); s[0].silentSince != 0 || s[0].heard != now+40_000 {
		t.Errorf("heard again: %+v", s[0])
	}
	if s = hear(s, names, silent, now+69_000); s[0].silentSince != 0 {
		t.Error("Redis lost the heartbeat: that is no silence")
	}
	if s = hear(s, names, silent, now+70_000); s[0].silentSince != now+40_000 {
		t.Errorf("silent since the last heartbeat: %+v", s[0])
	}
}

func TestTopics(t *testing.T) {
	good := DefaultTopics().Interactions
	like := func(change func(*bus.TopicInfo)) bus.TopicInfo {
		info := bus.TopicInfo{Exists: true, Partitions: 12, Replication: 3, Config: map[string]string{
			"cleanup.policy": "delete", "retention.ms": "1296000000", "unclean.leader.election.enable": "false", "max.message.bytes": "1048588"}}
		change(&info)
		return info
	}
	for _, c := range []struct {
		name   string
		change func(*bus.TopicInfo)
		want   string // part of the error; "" for none
	}{
		{"as it should be", func(*bus.TopicInfo) {}, ""},
		{"for ever", func(i *bus.TopicInfo) { i.Config["retention.ms"] = "-1" }, ""},
		{"missing", func(i *bus.TopicInfo) { *i = bus.TopicInfo{} }, "vigia topics --create"},
		{"grown", func(i *bus.TopicInfo) { i.Partitions = 16 }, "has 16 partitions, the configuration says 12"},
		{"compacted", func(i *bus.TopicInfo) { i.Config["cleanup.policy"] = "compact" }, "cleanup.policy=compact"},
		{"an hour", func(i *bus.TopicInfo) { i.Config["retention.ms"] = "3600000" }, "retention.ms=3600000"},
		{"unclean", func(i *bus.TopicInfo) { i.Config["unclean.leader.election.enable"] = "true" }, "unclean.leader.election.enable=true"},
		{"small messages", func(i *bus.TopicInfo) { i.Config["max.message.bytes"] = "1000" }, "max.message.bytes=1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := good.judge(like(c.change), 1_000_000)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := DefaultTopics().Alerts.judge(like(func(*bus.TopicInfo) {}), 0); err == nil {
		t.Error("alerts may be deleted by age")
	}
}
