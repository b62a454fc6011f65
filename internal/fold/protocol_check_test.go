package fold

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

// examine compares the healed world with the oracle.
func (w *world) examine() {
	if w.failure != nil {
		return
	}
	people := map[string]bool{}
	for p := range partitions {
		for _, c := range w.bays[firstAlarms+p].desk.clone().cases {
			people[c.name] = c.open
		}
	}
	crowd := map[string][]episode{}
	complete := true
	for bay := range partitions {
		b := &w.bays[bay]
		r := readLog(&w.wires[bay], b.since, b.losses)
		r.upTo(&w.wires[bay], bay, b.at.Offset)
		w.conservation(bay, r)
		if len(b.losses) > 0 || b.truncated || w.wires[bay].life > 1 {
			complete = false
		}
		w.conversations(bay, r, people, crowd)
	}
	for name, open := range people {
		if complete || open {
			w.fail("people believe in a breach of %s, open %v", name, open)
		}
	}
	for i := firstFacts; i < firstAlarms; i++ {
		w.conservation(i, nil)
		if b := &w.bays[i]; complete && !b.truncated && len(b.losses) == 0 {
			w.customers(i, crowd)
		}
	}
	w.deliveries()
}

// conversations compares stage 1 with the oracle, and what people know.
func (w *world) conversations(bay int, r *records, people map[string]bool, crowd map[string][]episode) {
	b := &w.bays[bay]
	want := map[cellName]*expected{}
	open := map[string]*verdict{}
	for _, k := range r.all {
		if k.partial {
			continue
		}
		v := judge(k.list, r.t)
		for _, c := range v.counts {
			expect(want, c, window.Routing, r.t)
		}
		id := k.list[0].Conversation
		if v.open {
			open[id] = v
		}
		for _, e := range v.episodes {
			if e.customer != "" {
				crowd[e.customer] = append(crowd[e.customer], e)
			}
		}
		for _, d := range v.dues {
			name := caseName(id, d.clock, d.start)
			stands, known := people[name]
			delete(people, name)
			overdue := d.runs && d.due != 0 && r.t > d.due+grace
			switch {
			case (d.broken || overdue) && !known && !w.lossy:
				w.fail("bay %d: %s was broken and nobody was told: %+v", bay, name, d)
			case overdue && !stands:
				w.fail("bay %d: %s is overdue, people do not know: %+v, %v", bay, name, d, known)
			case known && stands && !overdue:
				w.fail("bay %d: people believe that %s is still overdue: %+v", bay, name, d)
			case known && !d.broken && !overdue:
				w.fail("bay %d: people believe that %s was broken: %+v", bay, name, d)
			}
		}
	}
	if len(b.losses) == 0 { // what an interrupted conversation has counted stays counted as far as it was forgotten
		w.compare(bay, want)
	}
	for id, blob := range b.mem[prefixOpen+tenantName] {
		o, err := convo.DecodeOpen(blob)
		v := open[id]
		if err != nil || v == nil {
			w.fail("bay %d: %s is listed as open", bay, id)
			continue
		}
		delete(open, id)
		if o.WaitingSince != v.waiting {
			w.fail("bay %d: %s waits since %d, listed is %d", bay, id, v.waiting, o.WaitingSince)
		}
		for _, d := range v.dues {
			if d.runs && !slices.ContainsFunc(o.Promises, func(p convo.OpenPromise) bool {
				return p.Clock.String() == d.clock && p.StartAt == d.start && p.DueAt == d.due
			}) {
				w.fail("bay %d: %s: the list of open conversations lacks %+v: %+v", bay, id, d, o.Promises)
			}
		}
	}
	for id := range open {
		w.fail("bay %d: %s is open and not listed", bay, id)
	}
}

// customers compares stage 2 with the oracle.
func (w *world) customers(bay int, crowd map[string][]episode) {
	b := &w.bays[bay]
	r, err := decodeRoot(b.mem[keyRoot]["r"])
	if err != nil {
		w.fail("bay %d: %v", bay, err)
		return
	}
	want := map[cellName]*expected{}
	for customer, list := range crowd {
		if route(event.CustomerKey(tenantName, customer), partitions) != int32(bay-firstFacts) {
			continue
		}
		last := map[window.Group]int64{}
		days := map[window.Group]map[int64]bool{}
		for _, e := range list {
			ch := e.channel.String()
			for _, g := range []window.Group{{}, {Channel: ch}, {Queue: e.queue}, {Channel: ch, Queue: e.queue}} {
				if days[g] == nil {
					days[g] = map[int64]bool{}
				}
				for _, at := range e.active {
					last[g] = max(last[g], at)
					days[g][localDay(at)] = true
				}
			}
		}
		for g, at := range last {
			expect(want, counted{metric: lastActive, at: at, group: g}, window.Activity, r.T)
			for d := range days[g] {
				expect(want, counted{metric: activeDay, at: d*day + 5*60*minutes, group: g}, window.Activity, r.T)
			}
		}
	}
	w.compare(bay, want)
}

type cellName struct {
	family window.Family
	chunk  window.Chunk
	pane   int64
	group  window.Group
}

type expected [49]window.Agg

const day = 24 * 60 * minutes

func localDay(at int64) int64 { return floorDiv(at-5*60*minutes, day) }

// expect counts something where it must live when time is t: 10 s panes for 2 h, 15 min panes for 30 days, then days.
func expect(want map[cellName]*expected, c counted, f window.Family, t int64) {
	n := cellName{family: f, group: c.group}
	quarter, utc := floorDiv(c.at, 15*minutes), floorDiv(c.at, day)
	switch {
	case (quarter+1)*15*minutes+120*minutes > t:
		n.chunk, n.pane = window.Chunk{Tier: window.Fine, Start: quarter}, (c.at-quarter*15*minutes)/10_000
	case (utc+1)*day+30*day > t:
		n.chunk, n.pane = window.Chunk{Tier: window.Medium, Start: utc}, (c.at-utc*day)/(15*minutes)
	default:
		n.chunk = window.Chunk{Tier: window.Coarse, Start: floorDiv(localDay(c.at), 64)}
		n.pane = localDay(c.at) - n.chunk.Start*64
	}
	x := want[n]
	if x == nil {
		x = &expected{}
		want[n] = x
	}
	a := &x[c.metric]
	a.N++
	if c.timed {
		a.Sum += c.value
	}
	if c.spread {
		a.Buckets = append(a.Buckets, window.BucketCount{Index: window.Bucket(c.value), N: 1})
	}
}

func (w *world) compare(bay int, want map[cellName]*expected) {
	for key, h := range w.bays[bay].mem {
		if !strings.HasPrefix(key, "p:") {
			continue
		}
		f, chunk := chunkOf(key)
		for field, blob := range h {
			pane, g, ok := window.ParseField(field)
			c, err := window.DecodeCell(blob)
			if !ok || err != nil {
				w.fail("bay %d: pane cell %q %q cannot be read", bay, key, field)
				return
			}
			n := cellName{f, chunk, int64(pane), g}
			x := want[n]
			if x == nil {
				x = &expected{} // it may hold what the oracle does not know
			}
			for _, m := range known {
				if a := c.Metric(window.Metric(m)); !same(a, x[m]) {
					w.fail("bay %d: %+v metric %d: is %+v, must be %+v", bay, n, m, a, x[m])
					return
				}
			}
			delete(want, n)
		}
	}
	for n, x := range want {
		w.fail("bay %d: %+v is missing: %v", bay, n, x)
	}
}

func same(a, b window.Agg) bool {
	var n int64
	for _, x := range a.Buckets {
		n += x.N
		for _, y := range b.Buckets {
			if y.Index == x.Index {
				n -= y.N
				x.N -= y.N
			}
		}
		if x.N != 0 {
			return false
		}
	}
	return n == 0 && a.N == b.N && a.Sum == b.Sum
}

// cellOf returns the smallest count of an encoded pane cell.
func cellOf(blob []byte) (least int64, err error) {
	c, err := window.DecodeCell(blob)
	if err != nil {
		return 0, err
	}
	for m := range window.Metric(31) {
		least = min(least, c.Metric(m).N)
	}
	return least, nil
}

// conservation checks that every record of the log has one result.
func (w *world) conservation(bay int, r *records) {
	b := &w.bays[bay]
	root, err := decodeRoot(b.mem[keyRoot]["r"])
	if err != nil {
		w.fail("bay %d: root: %v", bay, err)
		return
	}
	var sum int64
	for name, n := range root.counters {
		if name == "applied" || name == "duplicate" || name == "control" || name == "tick" || name == "lost" || strings.HasPrefix(name, "dead_") {
			sum += n
		}
	}
	if sum != b.at.Offset-b.since {
		w.fail("bay %d: %d records were read and have %d results: %v", bay, b.at.Offset-b.since, sum, root.counters)
	}
	if r != nil && root.counters["dead_too_late"] != int64(r.tooLate) {
		w.fail("bay %d: %d events were too late, counted are %d", bay, r.tooLate, root.counters["dead_too_late"])
	}
	for p, x := range root.sources {
		if len(x.ids) > 64 {
			w.fail("bay %d remembers %d ids of partition %d", bay, len(x.ids), p)
		}
	}
	w.order(bay)
}

// order checks that nothing is lost or left over in the state: whatever must be looked at is in the agenda, whatever is in the agenda exists, and chunks are those
// of the directory.
func (w *world) order(bay int) {
	mem := w.bays[bay].mem
	for key, blob := range mem[keySubjects] {
		var wake int64
		if bay < firstFacts {
			c, err := convo.Decode(blob)
			if err != nil {
				w.fail("bay %d: %s: %v", bay, key, err)
				return
			}
			wake = c.Wake
		} else {
			c, err := customer.Decode(blob)
			if err != nil {
				w.fail("bay %d: %s: %v", bay, key, err)
				return
			}
			wake = c.Wake
		}
		if at := pack.NewReader(mem[minuteKey(floorDiv(wake, minuteMs))][key]).Int(); wake == 0 || at != wake {
			w.fail("bay %d: %s wants to be woken at %d, in the agenda is %d", bay, key, wake, at)
		}
	}
	dir, err := window.DecodeDir(mem[prefixTenant+tenantName]["dir"])
	if err != nil {
		w.fail("bay %d: directory: %v", bay, err)
		return
	}
	for key, h := range mem {
		switch {
		case len(h) == 0:
			w.fail("bay %d: %s is empty", bay, key)
		case strings.HasPrefix(key, prefixAgenda):
			minute, _ := strconv.ParseInt(key[len(prefixAgenda):], 10, 64)
			hour := floorDiv(minute, 60)
			if set := pack.NewReader(mem[keyAgenda][strconv.FormatInt(hour, 10)]).Uint(); set&(1<<(minute-hour*60)) == 0 {
				w.fail("bay %d: the agenda has no minute %d, but entries in it", bay, minute)
			}
			for subject := range h {
				if mem[keySubjects][subject] == nil {
					w.fail("bay %d: %s is in the agenda and does not exist", bay, subject)
				}
			}
		case strings.HasPrefix(key, "p:"):
			if f, c := chunkOf(key); !dir.Has(f, c) {
				w.fail("bay %d: %s is not in the directory", bay, key)
			}
		}
	}
	for key := range mem[prefixChanges+tenantName] {
		if f, c := chunkOf(key); !dir.Has(f, c) {
			w.fail("bay %d: the changes of %s are left over", bay, key)
		}
	}
}

func chunkOf(key string) (window.Family, window.Chunk) {
	part := strings.Split(key, ":")
	tier, _ := strconv.Atoi(part[2])
	start, _ := strconv.ParseInt(part[3], 10, 64)
	return window.Family(part[1]), window.Chunk{Tier: window.Tier(tier), Start: start}
}
