package fold

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// root is what a slot knows beside its conversations: time, tenants, gaps, the last output to each destination, where each source stands.
type root struct {
	T        int64 // newest time folded
	Boundary int64 // time of the last finished tick: panes are moved up to here
	Start    Start
	Lost     int64 // Unix ms until which values are incomplete because records were lost; 0 = nothing was
	LostN    int64 // records lost
	Marked   int64 // T of the last watermark sent
	Restated bool

	tenants  []string // ascending
	gaps     []event.Gap
	prev     map[dest]event.PrevSeq
	sources  map[int32]*source // stage 2
	counters map[string]int64
	sweep    *sweep

	dirty bool
}

// dest is a destination partition of outputs.
type dest struct {
	topic     string
	partition int32
}

// source is where stage 2 stands with one stage-1 partition.
type source struct {
	lineage int64
	last    event.PrevSeq // highest output applied; Offset -1 = none
	ids     []string      // ids seen at the highest offset
	mark    int64         // watermark
	lost    bool          // records of this stage were lost since: what follows next may follow one of them
}

// sweep walks over the whole agenda in the steps of one record, to re-evaluate everything.
type sweep struct {
	tenant  string // "" = all
	restate bool   // tell open breaches again
	minute  int64  // next minute of the agenda
	until   int64  // last minute the agenda had when the sweep began
}

func newRoot(start Start) *root {
	r := &root{Start: start, prev: map[dest]event.PrevSeq{}, sources: map[int32]*source{}, counters: map[string]int64{}}
	r.Start.Loss = nil
	if start.Truncated {
		r.Lost = -1 // what stood before the log's first record is not known
	}
	r.Restated = start.RestateAt < 0
	return r
}

// lose records that records were deleted before they were applied: a new lineage begins and values are incomplete.
func (r *root) lose(start Start) {
	loss := start.Loss
	r.LostN += loss.To - loss.From
	r.counters["lost"] += loss.To - loss.From
	r.Lost = -1 // set by the first tick after the loss: only then is known when it ended
	r.Start.Truncated = true
	for _, x := range r.sources {
		x.lost = true
	}
	r.restart()
}

// restart makes the next output to each destination say so.
func (r *root) restart() {
	for d, p := range r.prev {
		p.Restart = true
		r.prev[d] = p
	}
}

func (r *root) flush(s *Slot) {
	r.dirty = false
	s.write(keyRoot, "r", r.encode())
	var t, b, inc pack.Writer
	t.Int(r.T)
	b.Int(r.Boundary)
	if r.Lost < 0 {
		inc.Int(math.MaxInt64) // not known yet how far
	} else {
		inc.Int(r.Lost)
	}
	s.write(keyPublic, "t", t.Bytes())
	s.write(keyPublic, "b", b.Bytes())
	s.write(keyPublic, "inc", inc.Bytes())
	s.write(keyPublic, "tenants", []byte(strings.Join(r.tenants, "\n")))
}

func (r *root) encode() []byte {
	w := &pack.Writer{}
	w.Uint(Schema)
	for _, v := range []int64{r.T, r.Boundary, r.Start.LogLineage, r.Start.StateLineage, r.Start.RestateAt, r.Lost, r.LostN, r.Marked} {
		w.Int(v)
	}
	w.Bool(r.Start.Truncated)
	w.Bool(r.Restated)
	w.Uint(uint64(len(r.tenants)))
	for _, t := range r.tenants {
		w.String(t)
	}
	w.Uint(uint64(len(r.gaps)))
	for _, g := range r.gaps {
		w.String(g.Tenant)
		w.String(g.Connector)
		w.String(g.Account)
		w.Int(g.From)
		w.Int(g.To)
		w.String(g.Reason)
	}
	w.Uint(uint64(len(r.prev)))
	for _, d := range slices.SortedFunc(maps.Keys(r.prev), compareDest) {
		w.String(d.topic)
		w.Int(int64(d.partition))
		encodePrev(w, r.prev[d])
	}
	w.Uint(uint64(len(r.sources)))
	for _, p := range slices.Sorted(maps.Keys(r.sources)) {
		x := r.sources[p]
		w.Int(int64(p))
		w.Int(x.lineage)
		encodePrev(w, x.last)
		w.Uint(uint64(len(x.ids)))
		for _, id := range x.ids {
			w.Blob([]byte(id))
		}
		w.Int(x.mark)
		w.Bool(x.lost)
	}
	w.Uint(uint64(len(r.counters)))
	for _, k := range slices.Sorted(maps.Keys(r.counters)) {
		w.String(k)
		w.Int(r.counters[k])
	}
	w.Bool(r.sweep != nil)
	if r.sweep != nil {
		w.String(r.sweep.tenant)
		w.Bool(r.sweep.restate)
		w.Int(r.sweep.minute)
		w.Int(r.sweep.until)
	}
	return w.Bytes()
}

func decodeRoot(b []byte) (*root, error) {
	rd := pack.NewReader(b)
	if v := rd.Uint(); v != Schema {
		return nil, pack.ErrDamaged
	}
	r := newRoot(Start{})
	for _, p := range []*int64{&r.T, &r.Boundary, &r.Start.LogLineage, &r.Start.StateLineage, &r.Start.RestateAt, &r.Lost, &r.LostN, &r.Marked} {
		*p = rd.Int()
	}
	r.Start.Truncated, r.Restated = rd.Bool(), rd.Bool()
	for n := rd.Len(); n > 0; n-- {
		r.tenants = append(r.tenants, rd.String())
	}
	for n := rd.Len(); n > 0; n-- {
		r.gaps = append(r.gaps, event.Gap{Tenant: rd.String(), Connector: rd.String(), Account: rd.String(), From: rd.Int(), To: rd.Int(), Reason: rd.String()})
	}
	for n := rd.Len(); n > 0; n-- {
		d := dest{rd.String(), int32(rd.Int())}
		r.prev[d] = decodePrev(rd)
	}
	for n := rd.Len(); n > 0; n-- {
		p := int32(rd.Int())
		x := &source{lineage: rd.Int(), last: decodePrev(rd)}
		for m := rd.Len(); m > 0; m-- {
			x.ids = append(x.ids, string(rd.Blob()))
		}
		x.mark, x.lost = rd.Int(), rd.Bool()
		r.sources[p] = x
	}
	for n := rd.Len(); n > 0; n-- {
		k := rd.String()
		r.counters[k] = rd.Int()
	}
	if rd.Bool() {
		r.sweep = &sweep{rd.String(), rd.Bool(), rd.Int(), rd.Int()}
	}
	return r, rd.Err()
}

func encodePrev(w *pack.Writer, p event.PrevSeq) {
	w.Int(p.Offset)
	w.Int(int64(p.Step))
	w.Int(int64(p.Index))
	w.Bool(p.Restart)
}

func decodePrev(r *pack.Reader) event.PrevSeq {
	return event.PrevSeq{Offset: r.Int(), Step: int32(r.Int()), Index: int32(r.Int()), Restart: r.Bool()}
}

func compareDest(a, b dest) int {
	if c := strings.Compare(a.topic, b.topic); c != 0 {
		return c
	}
	return int(a.partition) - int(b.partition)
}

// gapLasts is how long a gap without an end lasts, and gapSettles how long deadlines inside a gap wait after its end, in ms.
const (
	gapLasts   = 60 * 60 * 1000
	gapSettles = 5 * 60 * 1000
)

// gap takes a gap into the state: the same begin replaces what was known of it.
func (r *root) gap(g event.Gap) {
	i := slices.IndexFunc(r.gaps, func(o event.Gap) bool {
		return o.Tenant == g.Tenant && o.Connector == g.Connector && o.Account == g.Account && o.From == g.From
	})
	if i < 0 {
		r.gaps = append(r.gaps, g)
		return
	}
	// A repetition of the opening must not undo the end.
	if g.To != 0 {
		r.gaps[i].To = g.To
	}
}

// pruneGaps drops gaps that no deadline can fall into any more: those that ended a day before T.
func (r *root) pruneGaps() {
	r.gaps = slices.DeleteFunc(r.gaps, func(g event.Gap) bool { return gapEnd(g)+gapSettles+24*60*60*1000 < r.T })
}

func gapEnd(g event.Gap) int64 {
	if g.To == 0 {
		return g.From + gapLasts
	}
	return g.To
}

// hold says until when a deadline of a tenant's source waits because the source was blind when it fell due; 0 = not at all.
func (r *root) hold(tenant, src string, due int64) int64 {
	var until int64
	connector, account, _ := strings.Cut(src, "/")
	for _, g := range r.gaps {
		if g.Tenant == tenant && (g.Connector == "" || g.Connector == connector) && (g.Account == "" || g.Account == account) && g.From <= due && due <= gapEnd(g) {
			until = max(until, gapEnd(g)+gapSettles)
		}
	}
	return until
}
