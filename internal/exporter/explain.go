package exporter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// Why asks why one value is what it is.
type Why struct {
	Tenant, KPI string
	// Definitions are names of definitions and presets, of which the first that the KPI has is explained; none is its own default.
	Definitions []string
	// By are the dimensions that Group has names in; none is the whole tenant.
	By     []window.Dimension
	Group  window.Group
	Window Span
	At     int64 // where the window ends, Unix ms; 0 is now, rounded up to 10 s
}

// mostSubjects bounds how many conversations, or customers, are looked at for one value.
const mostSubjects = 100_000

// explainsAtOnce bounds how many explanations of values are worked out at the same time: each reads the state of everybody.
const explainsAtOnce = 2

// tries is how often the subjects are read again because something came in meanwhile.
const tries = 3

// ForgottenError says that nothing is remembered of a conversation or customer.
type ForgottenError struct{ What, ID string }

// Error implements error.
func (e *ForgottenError) Error() string {
	return fmt.Sprintf("no %s %q is remembered: it was never seen, or it is over and forgotten by now (its contributions stay in the panes); ids are those that /api/v1/conversations shows", e.What, e.ID)
}

// ExplainValue tells why a value is what it is.
//
// Errors to decide on: those of [Reader.Values].
func (r *Reader) ExplainValue(ctx context.Context, w Why) (*explain.Value, error) {
	d, err := kpi.ByID(w.KPI)
	if err != nil {
		return nil, err
	}
	definition := d.Resolve(w.Definitions)[0]
	x := &inquest{r: r, why: w, def: d, definition: definition, q: Query{Tenant: w.Tenant, KPIs: []string{w.KPI}, Definitions: []string{definition.ID}, By: w.By, Window: w.Window, At: w.At}}
	if _, err := x.q.defs(); err != nil {
		return nil, err
	}
	x.family, _ = d.FamilyOf(w.By) // checked by defs
	if !d.Instant() {
		select {
		case r.heavy <- struct{}{}:
			defer func() { <-r.heavy }()
		case <-ctx.Done():
			return nil, fmt.Errorf("explain %s: waiting for earlier explanations: %w", d.ID, context.Cause(ctx))
		}
	}
	for i := 1; ; i++ {
		began := time.Now()
		last := i == tries
		if deadline, ok := ctx.Deadline(); ok && i > 1 {
			last = last || time.Until(deadline) < 3*x.took
		}
		v, moved, err := x.explain(ctx, last)
		if err != nil || !moved || last {
			return v, err
		}
		x.took = time.Since(began)
	}
}

// inquest is one value being explained.
type inquest struct {
	r          *Reader
	why        Why
	def        *kpi.Def
	definition *kpi.Definition
	q          Query
	family     window.Family
	looks      []*fold.Look
	inputs     []explain.Span
	took       time.Duration // the try before
}

func (x *inquest) stage() string {
	if x.def.SecondStage() {
		return stageCustomers
	}
	return stageInteractions
}

// explain reads panes and subjects once. moved says that the panes have changed meanwhile; then the explanation is of use only if it is the last try.
func (x *inquest) explain(ctx context.Context, last bool) (v *explain.Value, moved bool, err error) {
	if x.def.Instant() {
		v, err = x.now(ctx)
		return v, false, err
	}
	before, err := x.changes(ctx)
	if err != nil {
		return nil, false, err
	}
	b, s, err := x.panes(ctx)
	if err != nil {
		return nil, false, err
	}
	if v := b.Value(false, false); v.Value.Hidden {
		return v, false, nil
	}
	cut, err := x.subjects(b)
	if err != nil {
		return nil, false, err
	}
	after, err := x.changes(ctx)
	if err != nil {
		return nil, false, err
	}
	moved = x.moved(s, before, after)
	if moved && !last {
		return nil, true, nil
	}
	return b.Value(moved, cut), moved, nil
}

// frame reads what the KPI is read from, of the group alone.
func (x *inquest) frame(ctx context.Context) (*frame, error) {
	n := need{tenant: x.why.Tenant, stage: x.stage()}
	n.add([]*kpi.Def{x.def}, x.q)
	frames, _, err := x.r.frames(ctx, []Query{x.q}, x.r.now().UnixMilli(), n)
	if err != nil {
		return nil, err
	}
	return &frames[0], nil
}

// now explains a KPI about now: it is made of the open conversations of the group.
func (x *inquest) now(ctx context.Context) (*explain.Value, error) {
	f, err := x.frame(ctx)
	if err != nil {
		return nil, err
	}
	of := f.Frame
	of.AsOf = f.s.openAsOf
	of.Complete = f.s.complete(of.By, of.AsOf, of.Window.Now, of.AsOf, of.Window.Now, x.r.cfg.StaleAfter)
	sizes := map[window.Group]int{}
	f.s.groups(of.By, sizes)
	open := f.s.byGroup(of.By, sizes)[x.why.Group]
	values := x.def.ValuesNow([]*kpi.Definition{x.definition}, of, []window.Group{x.why.Group}, map[window.Group][]kpi.OpenAt{x.why.Group: open})
	b := explain.NewValue(x.def, x.definition, of, x.family, x.why.Group, values[0], nil)
	b.Open(open)
	return b.Value(false, false), nil
}

// panes computes the value and hands every pane that went in to the builder.
func (x *inquest) panes(ctx context.Context) (*explain.Builder, *snapshot, error) {
	f, err := x.frame(ctx)
	if err != nil {
		return nil, nil, err
	}
	if x.family == window.Agent && (f.Policy == nil || !f.Policy.AgentCells()) {
		return nil, nil, &AgentsOffError{x.why.Tenant, x.def.ID}
	}
	if kept := window.Kept(f.s.boundary, f.s.zone); f.Window.To <= kept {
		return nil, nil, &GoneError{kept, f.s.zone}
	}
	recorder := &explain.Recorder{Source: f.s.source(x.family), Round: func(from, to int64) (int64, int64) { return window.Round(from, to, f.s.boundary, f.s.zone) }}
	if x.definition.Derive != nil {
		f.Complete = f.Complete && f.s.complete(f.By, x.def.Back(f.Window.From, f.Window.To), f.Window.To, f.AsOf, f.Window.Now, x.r.cfg.StaleAfter)
	}
	values, err := x.def.Values([]*kpi.Definition{x.definition}, f.Frame, []window.Group{x.why.Group}, f.sums[x.family], recorder)
	if err != nil {
		return nil, nil, err
	}
	if len(values) == 0 {
		return nil, nil, parameter("queue", fmt.Sprintf("%s is kept only by name; give the name of a channel, queue or topic.", x.def.ID))
	}
	b := explain.NewValue(x.def, x.definition, f.Frame, x.family, x.why.Group, values[0], f.sums[x.family].Cell(x.why.Group))
	x.inputs = append([]explain.Span{{From: f.Window.From, To: f.Window.To}}, recorder.Asked...)
	for _, span := range recorder.Asked {
		b.Look(span)
	}
	for _, p := range f.s.blocks[x.family] {
		p.block.Panes(f.s.zone, b.Pane)
	}
	return b, f.s, nil
}

// subjects has everybody of the tenant who is remembered looked at. cut says that there were too many.
func (x *inquest) subjects(b *explain.Builder) (cut bool, err error) {
	left := mostSubjects
	for _, look := range x.looks {
		// What is put off while it is read may be missed by the first walk.
		seen := map[string]bool{}
		for range tries {
			keys, err := look.Keys()
			if err != nil {
				return false, err
			}
			keys = slices.DeleteFunc(keys, func(key string) bool { return seen[key] })
			if len(keys) == 0 {
				break
			}
			if len(keys) > left {
				keys, cut = keys[:left], true
			}
			left -= len(keys)
			for _, key := range keys {
				seen[key] = true
			}
			if err := look.Each(keys, func(k fold.Known) error { b.Add(look, k); return nil }); err != nil {
				return false, err
			}
		}
	}
	return cut, nil
}

// changes begins to look at every slot of the stage, and returns how many contributions its chunks have had.
func (x *inquest) changes(ctx context.Context) (map[string]string, error) {
	x.looks = x.looks[:0]
	out := map[string]string{}
	for _, slot := range x.r.slots(x.stage()) {
		look, err := x.r.look(ctx, slot, x.why.Tenant)
		if err != nil {
			return nil, err
		}
		counts, err := look.Changes()
		if err != nil {
			return nil, err
		}
		for key, n := range counts {
			out[slot.String()+" "+key] = n
		}
		x.looks = append(x.looks, look)
	}
	return out, nil
}

// moved reports whether a chunk that was read has changed.
func (x *inquest) moved(s *snapshot, before, after map[string]string) bool {
	keys := slices.Collect(maps.Keys(before))
	for key := range after {
		if _, ok := before[key]; !ok {
			keys = append(keys, key)
		}
	}
	return slices.ContainsFunc(keys, func(key string) bool { return before[key] != after[key] && x.covers(s, key) })
}

// covers reports whether a chunk, named by slot and key, holds panes of what was added up.
func (x *inquest) covers(s *snapshot, name string) bool {
	_, key, _ := strings.Cut(name, " ")
	parts := strings.SplitN(key, ":", 5)
	if len(parts) != 5 || window.Family(parts[1]) != x.family {
		return false
	}
	tier, _ := strconv.ParseUint(parts[2], 10, 8)
	start, _ := strconv.ParseInt(parts[3], 10, 64)
	from, to := window.Chunk{Tier: window.Tier(tier), Start: start}.Span(s.zone)
	return slices.ContainsFunc(x.inputs, func(in explain.Span) bool { return from < in.To && to > in.From })
}

// slots lists the slots of a stage.
func (r *Reader) slots(stage string) []store.Slot {
	n := r.cfg.Interactions
	if stage == stageCustomers {
		n = r.cfg.Customers
	}
	out := make([]store.Slot, n)
	for i := range out {
		out[i] = store.Slot{Stage: stage, Partition: int32(i)}
	}
	return out
}

// look begins to read the state of a slot.
func (r *Reader) look(ctx context.Context, slot store.Slot, tenant string) (*fold.Look, error) {
	stage := fold.Conversations
	if slot.Stage == stageCustomers {
		stage = fold.Customers
	}
	look, err := fold.NewLook(stage, tenant, func(refs []fold.Ref) ([]fold.Value, error) {
		ask := store.SlotRefs{Slot: slot}
		for _, ref := range refs {
			ask.Refs = append(ask.Refs, store.Ref(ref))
		}
		answers, err := r.store.Read(ctx, []store.SlotRefs{ask})
		if err != nil {
			return nil, &storeError{err}
		}
		if answers[0].Absent {
			return nil, &UnknownError{slot.Stage, []int32{slot.Partition}}
		}
		out := make([]fold.Value, len(refs))
		for i, v := range answers[0].Values {
			if out[i] = fold.Value(v); refs[i] == fold.RootRef() && !v.Found {
				return nil, &UnknownError{slot.Stage, []int32{slot.Partition}}
			}
		}
		return out, nil
	})
	if err != nil {
		return nil, fmt.Errorf("slot %s: %w", slot, err)
	}
	return look, nil
}

// ExplainConversation tells what a conversation counts for, and why.
//
// Errors to decide on: [*ForgottenError], [*UnknownError].
func (r *Reader) ExplainConversation(ctx context.Context, tenant, id string) (*explain.Conversation, error) {
	var out *explain.Conversation
	err := r.subject(ctx, stageInteractions, tenant, event.ConversationKey(tenant, id), func(look *fold.Look, k fold.Known) { out = explain.ExplainConversation(look, k) })
	if err == nil && out == nil {
		err = &ForgottenError{"conversation", id}
	}
	return out, err
}

// ExplainCustomer tells what a customer counts for over all conversations.
//
// Errors to decide on: [*ForgottenError], [*UnknownError].
func (r *Reader) ExplainCustomer(ctx context.Context, tenant, id string) (*explain.Customer, error) {
	var out *explain.Customer
	err := r.subject(ctx, stageCustomers, tenant, event.CustomerKey(tenant, id), func(look *fold.Look, k fold.Known) { out = explain.ExplainCustomer(look, k) })
	if err == nil && out == nil {
		err = &ForgottenError{"customer", id}
	}
	return out, err
}

// subject looks for a key in all slots of a stage.
func (r *Reader) subject(ctx context.Context, stage, tenant, key string, tell func(*fold.Look, fold.Known)) error {
	slots := r.slots(stage)
	requests := make([]store.SlotRefs, len(slots))
	for i, slot := range slots {
		requests[i] = store.SlotRefs{Slot: slot, Refs: []store.Ref{store.Ref(fold.SubjectRef(key)), store.Ref(fold.RootRef())}}
	}
	answers, err := r.store.Read(ctx, requests)
	if err != nil {
		return &storeError{err}
	}
	var absent []int32
	for i, a := range answers {
		if a.Absent || !a.Values[1].Found {
			absent = append(absent, slots[i].Partition)
			continue
		}
		if !a.Values[0].Found {
			continue
		}
		look, err := r.look(ctx, slots[i], tenant)
		if err != nil {
			return err
		}
		return look.Each([]string{key}, func(k fold.Known) error { tell(look, k); return nil })
	}
	if len(absent) > 0 {
		return &UnknownError{stage, absent}
	}
	return nil
}
