package fold

import (
	"errors"
)

// task is one worker's hold on one partition: what it believes, what it has read, what it has in flight. It does as internal/worker does, one step at a time.
type task struct {
	w   *world
	who int
	bay int
	gen int64 // of the group, at the assignment

	generation int64
	version    int64
	gone       bool // told to stop, or never assigned

	// opening
	claimed bool
	epoch   int64
	seen    *meta // as read; nil: look
	life    int64 // of the log, as read
	plan    *plan // what must be done
	adopted bool  // the mark for the plan is committed
	session bool

	fold  *Slot
	desk  *desk
	base  place // where the fold stands in the state
	meta  meta  // at the opening
	batch *batch

	// the relay's
	mark    mark
	recall  bool // mark is known
	page    []parcel
	lineage int64 // of the outbox that is relayed
	log     int64
	acked   int   // of the page
	sent    int64 // source offset of the newest parcel relayed, -1 none
	trim    bool
	settle  bool
	memory  []parcel // bug: outputs that are in nobody's outbox

	own         int64 // offset of a tick of ours that is not folded yet, -1 none
	refT, refAt int64 // newest tick written or folded, and when
}

// batch is a step on its way to the state.
type batch struct {
	from, to place
	commit   Commit
	outs     []parcel
	sent     []*link
	got      []*link
	root     uint64
	family   family
	print    int64
	life     int64 // of the log that was read
	desk     *desk
	old      [][]byte // encoded panes
}

// The low bits of an action's number draw what goes wrong with it.
const noFault = 1 << 10

func lostRequest(a int) bool { return a < noFault && a%23 == 3 }
func lostReply(a int) bool   { return a < noFault && a%23 == 7 }

// call is one request: it may get lost on the way, or its reply may.
func (t *task) call(a int, do func() error) error {
	if t.w.now < t.w.redisDown || lostRequest(a) {
		t.w.faults++
		return errLost
	}
	err := do()
	if lostReply(a) && (err == nil || errors.Is(err, errAlready)) {
		t.w.faults++
		return errLost
	}
	return err
}

func (t *task) state() *bay { return &t.w.bays[t.bay] }
func (t *task) wire() *wire { return &t.w.wires[t.bay] }

// close ends a session: what was cached is dropped.
func (t *task) close() {
	t.session, t.seen, t.plan, t.fold, t.desk, t.batch = false, nil, nil, nil, nil, nil
}

func (t *task) stop() {
	t.close()
	t.gone = true
}

// work does the next step of the main loop.
func (t *task) work(a int) {
	if t.gone {
		return
	}
	switch {
	case !t.session && t.seen == nil:
		t.look(a)
	case !t.session:
		t.open(a)
	case t.batch == nil:
		t.read(a)
	default:
		t.apply(a)
	}
}

// look reads where the state stands, and claims it the first time.
func (t *task) look(a int) {
	b := t.state()
	err := t.call(a, func() error {
		if !b.exists {
			t.seen = &meta{}
			return nil
		}
		if b.schema > t.version {
			return errRefused
		}
		if t.w.bug == "group generation as fence" {
			t.epoch = t.generation
		} else if !t.claimed {
			b.change()
			b.epoch++
			t.epoch = b.epoch
		} else if b.epoch > t.epoch {
			return errFenced
		}
		m := b.meta
		t.seen = &m
		return nil
	})
	switch {
	case errors.Is(err, errFenced):
		t.fenced()
	case errors.Is(err, errRefused):
		t.stop()
	case err == nil:
		t.claimed = true
		t.life = t.wire().life
	default:
		t.seen = nil
	}
}

// fenced: somebody else has claimed the partition. Whoever is still its owner claims again.
func (t *task) fenced() {
	t.close()
	t.claimed = false
	if t.w.group[t.bay].gen != t.gen {
		t.stop()
	}
}

// open decides what must be done before records can be applied, does it, and begins the session.
func (t *task) open(a int) {
	l, b := t.wire(), t.state()
	if !t.recall {
		t.mark, t.recall = t.w.group[t.bay].mark, true
	}
	replaced := t.seen.exists && t.seen.print != 0 && t.seen.at.Offset-1 >= l.start && t.seen.at.Offset <= l.end() && t.seen.print != l.life
	if t.plan == nil {
		p := decide(t.seen, t.mark, l, replaced, t.w.now/1000, t.version)
		t.plan, t.adopted = &p, false
	}
	p := *t.plan
	if p.act == resume {
		t.plan = nil
		t.begin()
		return
	}
	if !t.adopted {
		if t.w.group[t.bay].gen != t.gen {
			t.stop()
			return
		}
		m := mark{log: p.log, state: p.at.lineage}
		switch {
		case t.mark.known() && t.mark.log == p.log:
			m.offset = t.mark.offset
			if p.act == move {
				// What an older copy has not sent may never have been: the mark may be that of a state which was built from a shorter log.
				m.offset = min(m.offset, t.seen.unsent())
			}
		case p.act == create || p.act == reset:
			m.offset = l.start
		}
		if err := t.call(a, func() error { t.commit(m); return nil }); err == nil {
			t.adopted = true
		}
		return
	}
	// Where a lineage tells again what is open is fixed at its beginning: all who begin it emit the same.
	tellAt := max(p.at.Offset, l.end())
	anew := meta{exists: true, restate: tellAt, at: p.at, epoch: max(t.epoch, 1), log: p.log, schema: t.version, lost: -1, next: 1, since: p.at.Offset, truncated: p.at.Offset > 0}
	err := t.call(a, func() error {
		switch {
		case p.act == create && b.exists, p.act != create && !b.exists:
			return errMoved
		case p.act != create && b.epoch > t.epoch:
			return errFenced
		case p.act == create, p.act == reset:
			b.begin(anew)
			t.epoch = anew.epoch
		case b.at == p.at:
		case b.at != t.seen.at:
			return errMoved
		default:
			b.change()
			b.at, b.log, b.epoch, b.lost, b.moved, b.restate = p.at, p.log, t.epoch, p.lost, p.moved, tellAt
			b.branch = p.at.lineage
			if p.act == skip {
				b.skip(p.lost, p.at.Offset, tellAt)
			}
		}
		return nil
	})
	t.w.tell("    worker %d bay %d %s %s to %v log %d: %v", t.who, t.bay, p.act, p.why, p.at, p.log, err)
	if errors.Is(err, errFenced) {
		t.fenced()
		return
	}
	t.seen, t.plan = nil, nil
}

// begin starts a session at the stored position.
func (t *task) begin() {
	m := *t.seen
	t.meta, t.base, t.batch = m, m.at, nil
	if t.bay < firstAlarms {
		t.fold = New(t.w.config(t.who, t.bay, t.version), t.load, m.at.Position, starting(&m))
		if t.fold.Err() != nil {
			t.ended(t.fold.Err())
			return
		}
		if at := t.fold.Time(); at > t.refT {
			t.refT, t.refAt = at, t.w.now
		}
	} else if b := t.state(); b.exists && b.at == m.at {
		t.desk = b.desk
	} else {
		t.ended(errMoved)
		return
	}
	if m.at.lineage != t.lineage {
		t.lineage, t.page, t.acked, t.sent, t.trim = m.at.lineage, nil, 0, -1, false
	}
	t.session, t.log, t.settle = true, m.log, true
	t.memory = nil
}

// load reads values as of the position that the fold believes in.
func (t *task) load(refs []Ref) ([]Value, error) {
	b := t.state()
	switch {
	case t.w.now < t.w.redisDown:
		return nil, errLost
	case !b.exists:
		return nil, errAbsent
	case t.w.bug == "torn load":
	case b.epoch > t.epoch && t.w.bug != "group generation as fence":
		return nil, errFenced
	case b.at != t.base:
		return nil, errMoved
	}
	return b.mem.Load(refs)
}

// read folds records into a batch.
func (t *task) read(a int) {
	l, w := t.wire(), t.w
	from := t.base
	if from.Offset < l.start || from.Offset > l.end() || t.life != l.life {
		t.close()
		return
	}
	x := &batch{from: from, desk: t.desk, life: t.life}
	n := 1 + a%6
	if a >= noFault {
		n = 40
	}
	var at int64
	var err error
	if t.fold != nil {
		at, err = t.foldInto(x, n, a&64 != 0)
	} else {
		at, err = t.receive(x, n)
	}
	if err != nil {
		t.ended(err)
		return
	}
	if x.to == x.from {
		return
	}
	if at > from.Offset {
		x.print = l.life
	}
	w.note(int64(t.who), int64(t.bay), x.to.Offset, int64(x.to.Step))
	t.batch = x
}

// ended is a session's error.
func (t *task) ended(err error) {
	var p *PanicError
	switch {
	case errors.Is(err, errFenced):
		t.fenced()
	case errors.Is(err, errMoved), errors.Is(err, errAbsent), errors.Is(err, errLost):
		t.close()
	case errors.As(err, &p):
		t.w.fail("bay %d: %v\n%s", t.bay, p, p.Stack)
	default:
		t.w.fail("bay %d: %v", t.bay, err)
	}
}

// apply writes the batch, if the state stands where it began.
func (t *task) apply(a int) {
	x, b, w := t.batch, t.state(), t.w
	err := t.call(a, func() error { return w.put(t, b, x) })
	w.note(int64(t.who), int64(t.bay), x.to.Offset, int64(x.to.Step))
	if w.say != nil {
		w.tell("    worker %d bay %d apply %v → %v: %v", t.who, t.bay, x.from, x.to, err)
	}
	switch {
	case err == nil, errors.Is(err, errAlready):
		t.base, t.batch, t.desk = x.to, nil, x.desk
		if t.fold != nil {
			t.fold.Committed([]int{1 << 30, 4000, 0}[a%3])
		}
		if t.own >= 0 && t.base.Offset > t.own {
			t.own = -1
		}
		t.settle = true
	case errors.Is(err, errFull):
	case errors.Is(err, errLost) && a&32 != 0:
		// The client sends the same request again.
	default:
		t.ended(err)
	}
}
