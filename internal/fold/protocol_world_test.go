package fold

import (
	"bytes"
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

const workers = 3

// world is everything there is: logs, Redis, the group, workers and their clocks. One goroutine moves it, one action at a time.
type world struct {
	bug   string // the planted one, "" none
	now   int64
	wires [wires]wire
	bays  [bays]bay
	group [bays]assignment
	tasks [workers][bays]*task

	skew      [workers]int64 // own clocks are off by this
	redisSkew int64
	redisDown int64 // until
	kafkaDown int64
	version   [workers]int64
	lossy     bool

	// What was seen, to be compared with what comes.
	visited map[visit]uint64
	emitted map[emission]string
	judged  map[emission]bool
	known   map[reading]*records
	first   map[string]int64 // offset at which a breach was first told
	states  map[visit]Memory // when it speaks

	failure error
	trace   uint64
	faults  int
	applied int
	ids     int64                            // for bugs that take any number
	say     func(format string, args ...any) // nil: silent
}

// assignment is what the group's broker knows of a partition.
type assignment struct {
	owner      int
	gen        int64 // tells assignments apart
	generation int64 // what Kafka counts, from 1 again after the group has expired
	mark       mark
}

// mark is the relay's high-water mark, committed as the group's offset.
type mark struct{ offset, log, state int64 }

var noMark = mark{offset: -1}

func (m mark) known() bool { return m.offset >= 0 }

// family names the runs over one log that must agree in every position.
type family struct {
	bay                                           int
	log, since, schema, restated, restart, branch int64
}

type visit struct {
	family
	Position
}

type emission struct {
	family
	Position
	index int32
}

func newWorld(bug string, at int64) *world {
	w := &world{bug: bug, now: at, visited: map[visit]uint64{}, emitted: map[emission]string{}, judged: map[emission]bool{}, known: map[reading]*records{}, first: map[string]int64{}, trace: fnvStart}
	for i := range w.bays {
		w.bays[i].mem = Memory{}
		w.group[i] = assignment{mark: noMark}
	}
	for i := range w.wires {
		w.wires[i].life = 1
	}
	for i := range w.version {
		w.version[i] = 1
	}
	return w
}

func (w *world) fail(format string, args ...any) {
	if w.failure == nil {
		w.failure = fmt.Errorf(format, args...)
	}
}

func (w *world) note(vs ...int64) { w.trace = hashInts(w.trace, vs...) }

// route is the partitioner of producers and folds alike.
func route(key string, n int32) int32 {
	h := hashBytes(fnvStart, key)
	return int32((h ^ h>>32) % uint64(n))
}

func (w *world) append(i int, key string, r event.Record, from *parcel) int64 {
	l := &w.wires[i]
	l.recs = append(l.recs, record{key, r, from})
	w.note(int64(i), l.end())
	return l.end() - 1
}

// everywhere appends a control record to all partitions that folds read.
func (w *world) everywhere(b event.RecordBody) {
	for i := range firstAlarms {
		w.append(i, "", event.Record{Body: b}, nil)
	}
}

// policies are the rules in force one after another. They are compiled once: thousands of slots share them.
var policies = func() (out []*sla.Policy) {
	for i, targets := range [][5]string{{"2m", "3m", "10m", "5m", "2m"}, {"1m", "4m", "8m", "3m", "4m"}, {"3m", "2m", "12m", "2m", "2m"}} {
		spec := sla.DefaultPolicy(tenantName, "America/Bogota")
		spec.Rules = []sla.RuleSpec{{Name: "all", FirstResponse: targets[0], NextResponse: targets[1], Resolution: targets[2], PeriodicUpdate: targets[3], PausableUpdate: targets[4]}}
		spec.Horizon = map[string]string{"*": "20m"}
		spec.EpisodeGap = "15m"
		spec.Triggers = []sla.TriggerSpec{
			{Name: "risk", Kind: sla.DeadlineAtRisk, Cooldown: "5m"},
			{Name: "quiet", Kind: sla.GoneSilent, Span: "3m", Cooldown: "1m"},
			{Name: "angry", Kind: sla.NegativeStreak, Count: 1 + i, Cooldown: "0s"},
			{Name: "again", Kind: sla.RepeatContact, Count: 2, Span: "20m", Holdout: 50},
		}
		spec.Stale = map[string]string{"voice": "4m", "web_chat": "8m", "whatsapp": "9m"}
		p, err := sla.CompilePolicy(spec, int64(i+1))
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}()

// unruled is what holds before the first of them.
var unruled = func() *sla.Policy {
	p, err := sla.CompilePolicy(sla.DefaultPolicy(tenantName, "UTC"), 1)
	if err != nil {
		panic(err)
	}
	return p
}()

const (
	tenantName = "acme"
	horizon    = 20 * 60_000
	grace      = 2000
)

func shared(body []byte, serial int64) (*sla.Policy, error) {
	if serial >= 1 && serial <= int64(len(policies)) {
		return policies[serial-1], nil
	}
	return sla.DecodePolicy(body, serial)
}

func (w *world) config(who, bay int, version int64) Config {
	c := Config{
		Topic: topicEvents, Partition: int32(bay % partitions), Stage: Conversations, Sources: partitions, Route: route, CustomersTopic: topicFacts, SignalsTopic: topicAlarms,
		DeadLettersTopic: topicDead, Customers: partitions, Signals: partitions, DeadLetters: 1,
	}
	if bay >= firstFacts {
		c.Topic, c.Stage = topicFacts, Customers
	}
	c.variant.decode, c.variant.unruled = shared, unruled
	c.variant.extra = version > 1
	c.variant.wakes = 2 // scaled down like everything, so that a tick takes many steps
	switch w.bug {
	case "K per worker":
		c.variant.wakes = 1 + 3*who
	case "stage-2 time = maximum":
		c.variant.latest = true
	case "retraction to the original pane":
		c.variant.finest = true
	case "map order":
		w.ids++
		c.variant.shuffle = uint64(w.ids)
	}
	return c
}

// destination is the wire of an output.
func destination(o *Out) int {
	switch o.Topic {
	case topicFacts:
		return firstFacts + int(o.Partition)
	case topicAlarms:
		return firstAlarms + int(o.Partition)
	}
	return bays
}

// check is done after every write of a step: equal positions have equal states, and nothing grows without bound.
func (w *world) check(i int, b *bay, batch *batch) {
	w.applied++
	for _, x := range batch.old {
		if c, err := cellOf(x); err == nil && c < 0 {
			w.fail("bay %d at %v: a pane counts less than nothing", i, b.at)
		}
	}
	if i < firstAlarms {
		v := visit{batch.family, b.at.Position}
		sum := b.sum ^ batch.root
		have, ok := w.visited[v]
		if w.say != nil {
			w.explain(v, b.mem)
		}
		if ok && have != sum {
			w.fail("bay %d at %v of %+v: another state than on an earlier visit", i, b.at, batch.family)
		}
		w.visited[v] = sum
	}
	if len(b.outbox) > maxOutbox+120 {
		w.fail("bay %d: %d outputs wait", i, len(b.outbox))
	}
	w.note(int64(i), b.at.Offset, int64(b.at.Step), int64(b.sum))
}

// explain tells how a state differs from that of an earlier visit.
func (w *world) explain(v visit, mem Memory) {
	if w.states == nil {
		w.states = map[visit]Memory{}
	}
	was, ok := w.states[v]
	if !ok {
		w.states[v] = mem.clone()
		return
	}
	for _, m := range []Memory{was, mem} {
		for key, h := range m {
			for field := range h {
				if a, b := was[key][field], mem[key][field]; !bytes.Equal(a, b) {
					w.tell("    %s %q: %x, before %x", key, field, b, a)
				}
			}
		}
	}
}

// rootSum is what must agree of a root between lineages.
func rootSum(r *root) uint64 {
	h := hashInts(fnvStart, r.T, r.Boundary, r.Lost, r.LostN, r.Marked, int64(len(r.tenants)))
	for _, g := range r.gaps {
		h = hashInts(hashBytes(h, g.Connector), g.From, g.To)
	}
	var sum uint64
	for d, p := range r.prev {
		sum += hashInts(hashBytes(fnvStart, d.topic), int64(d.partition), p.Offset, int64(p.Step), int64(p.Index))
	}
	for p, x := range r.sources {
		y := hashInts(fnvStart, int64(p), x.lineage, x.last.Offset, int64(x.last.Step), int64(x.last.Index), x.mark)
		for _, id := range x.ids {
			y = hashBytes(y, id)
		}
		sum += y
	}
	for k, n := range r.counters {
		if n != 0 {
			sum += hashInts(hashBytes(fnvStart, k), n)
		}
	}
	if r.sweep != nil {
		sum += hashInts(fnvStart, r.sweep.minute, r.sweep.until)
	}
	return hashInts(h, int64(sum))
}

func (f family) of(b *meta, r *root) family {
	f.log, f.since, f.schema, f.branch = b.log, b.since, b.schema, b.branch
	if r.Start.RestateAt >= 0 && r.Restated {
		f.restated, f.restart = r.Start.StateLineage, r.Start.RestateAt
	}
	return f
}

// heal ends all faults, hands every partition to one worker that works, and lets the rest of the log be applied.
func (w *world) heal(version int64) {
	w.redisDown, w.kafkaDown, w.redisSkew = 0, 0, 0
	w.skew = [workers]int64{}
	for who := range w.tasks {
		for i := range w.tasks[who] {
			w.tasks[who][i] = nil
		}
		w.version[who] = max(w.version[who], version)
	}
	for i := range bays {
		w.assign(i, 0)
	}
	w.everywhere(PolicyRecord(policies[w.serial()-1], false))
	for _, after := range []int64{1000, 30_000, 75 * 60_000, 75*60_000 + 6000, 3 * 3600_000, 3*3600_000 + 6000, 3*3600_000 + 12_000} {
		w.settle()
		at := w.now + after
		for p := range partitions {
			w.append(p, "", event.Record{Body: event.Tick{At: at}}, nil)
		}
	}
	w.settle()
}

// serial is the version of the policy in force.
func (w *world) serial() int64 {
	serial := int64(1)
	for i := range firstAlarms {
		for _, r := range w.wires[i].recs {
			if p, ok := r.Body.(event.Policy); ok {
				serial = max(serial, p.Serial)
			}
		}
	}
	return serial
}

// settle works until nothing is left to do.
func (w *world) settle() {
	for range 5000 {
		if w.failure != nil {
			return
		}
		if !w.progress() {
			for i := range bays {
				b := &w.bays[i]
				if l := &w.wires[i]; !b.exists || b.at.Offset != l.end() || len(b.outbox) > 0 {
					w.fail("deadlock: bay %d stands at %v of %d with %d outputs waiting", i, b.at, l.end(), len(b.outbox))
				}
			}
			return
		}
	}
	w.fail("no end: the healed system goes on and on")
}

func (w *world) progress() bool {
	before := w.applied
	moved := false
	for i := range bays {
		t := w.task(0, i)
		for range 3 {
			t.work(noFault + 5)
		}
		for range 12 {
			moved = t.relay(noFault+5) || moved
		}
		moved = moved || !t.session || t.batch != nil
	}
	return moved || w.applied > before
}

func (w *world) assign(i, who int) {
	w.group[i].owner = who
	w.group[i].gen++
	w.group[i].generation++
	w.tasks[who][i] = &task{w: w, who: who, bay: i, gen: w.group[i].gen, generation: w.group[i].generation, version: w.version[who], mark: noMark, own: -1}
}

func (w *world) task(who, i int) *task {
	if t := w.tasks[who][i]; t != nil {
		return t
	}
	return &task{w: w, who: who, bay: i, gone: true}
}

// cut deletes the first records of a log.
func (w *world) cut(i int, n int64) {
	l := &w.wires[i]
	l.start = min(l.end(), l.start+n)
}

// recreate deletes a topic's partition and creates it again, with the rules that the start of a worker appends. Kafka shows no topic id: what tells the new log from
// the old one is the fingerprint of the last record applied. So a state that has none, or that is lost in the same moment, is not tried here.
func (w *world) recreate(i int) {
	b := &w.bays[i]
	if b.print == 0 {
		return
	}
	b.history = nil
	serial := w.serial()
	w.wires[i] = wire{life: w.wires[i].life + 1}
	w.append(i, "", event.Record{Body: PolicyRecord(policies[serial-1], false)}, nil)
}

func (w *world) tell(format string, args ...any) {
	if w.say != nil {
		w.say(format, args...)
	}
}

// expire makes the broker forget the group: its offsets, and the count of its generations.
func (w *world) expire(i int) {
	w.group[i].mark = noMark
	w.group[i].generation = 0
	w.assign(i, w.group[i].owner)
}
