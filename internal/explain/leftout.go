package explain

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// judge says why a conversation of the time and the group counts for nothing here.
func (b *Builder) judge(look *fold.Look, k fold.Known, counts bool, c *Contributor) {
	brief := k.Convo.Brief(look.Env())
	c.Conversation, c.Customer, c.Link = k.Convo.ID, brief.Customer, k.Convo.Link
	if k.Convo.ID == "" || counts && !brief.Spam && !brief.Deleted {
		return
	}
	if withheld := k.Convo.Withheld(look.Env()); len(withheld) > 0 {
		for i := range withheld {
			withheld[i].Group = look.Named(withheld[i].Group)
		}
		if _, n := b.counted(withheld); n > 0 {
			b.leave(map[bool]string{false: OutSpam, true: OutDeleted}[brief.Deleted], k.Convo.ID)
			return
		}
	}
	w := b.inputs[0]
	if counts || brief.FirstAt >= w.To || brief.LastAt < w.From || !b.inGroupOf(look, brief.Group) {
		return
	}
	switch {
	case brief.Truncated:
		b.leave(OutUnknown, k.Convo.ID)
	case !brief.Inbound:
		b.leave(OutOutbound, k.Convo.ID)
	case brief.Open:
		b.leave(OutUnfinished, k.Convo.ID)
	default:
		b.leave(OutNothing, k.Convo.ID)
	}
}

// inGroupOf reports whether a conversation is in the group by where it is now.
func (b *Builder) inGroupOf(look *fold.Look, g window.Group) bool {
	return look.Named(g).By(b.frame.By) == b.group
}

func (b *Builder) leave(reason, conversation string) {
	x := b.out[reason]
	if x == nil {
		x = &LeftOut{Reason: reason, N: new(int64)}
		b.out[reason] = x
	}
	if *x.N++; len(x.Conversations) < mostExamples {
		x.Conversations = append(x.Conversations, conversation)
	}
}

// The metrics that tell what is left out on purpose.
const (
	mShort  window.Metric = 16
	mClosed window.Metric = 82
)

// leftOut lists what does not count, and what cannot be told.
func (b *Builder) leftOut(f Formula) []LeftOut {
	if b.def.Instant() {
		return []LeftOut{}
	}
	total := &b.inputs[0].total
	add := func(reason string, n *int64, m window.Metric) {
		b.out[reason] = &LeftOut{Reason: reason, N: n, Metric: int(m)}
	}
	if b.def.Reads(mShort) {
		add(OutShort, new(total.Metric(mShort).N), mShort)
	}
	if b.def.SecondStage() {
		// Conversations that nobody knows the customer of never come to the stage of customers.
		for _, reason := range []string{OutSpam, OutDeleted, OutOutbound, OutUnknown, OutNobody} {
			add(reason, nil, 0)
		}
	} else {
		for _, reason := range []string{OutSpam, OutDeleted, OutOutbound, OutUnknown} {
			if b.out[reason] == nil {
				add(reason, new(int64), 0)
			}
		}
	}
	switch {
	case b.def.Reads(mClosed):
		add(OutHours, new(total.Metric(mClosed).N), mClosed)
	case slices.ContainsFunc(b.def.Feeds, func(f *kpi.Feed) bool { return timed(f.Kind) }):
		add(OutHours, nil, 0) // clocks stand then; how long, only each conversation tells
	}
	var out []LeftOut
	for _, reason := range Reasons {
		if x := b.out[reason]; x != nil {
			out = append(out, *x)
		}
	}
	if len(f.Numerator)+len(f.Denominator) == 0 {
		return out
	}
	for _, c := range countersOf(b.def, total) {
		used := func(t Term) bool { return t.Metric == c.Metric }
		if c.Unit == Millionths && b.value.Mean != nil {
			continue // the mean is made of it
		}
		if window.Metric(c.Metric) != mShort && !slices.ContainsFunc(f.Numerator, used) && !slices.ContainsFunc(f.Denominator, used) {
			out = append(out, LeftOut{Reason: OutOther, N: new(c.N), Metric: c.Metric})
		}
	}
	return out
}

// timed reports whether moments of a kind follow a calendar.
func timed(k convo.MomentKind) bool {
	switch k {
	case convo.FirstResponse, convo.NextResponse, convo.Resolution, convo.ClockHit, convo.ClockMiss, convo.OpenSegments, convo.LastSegment, convo.RequesterWait, convo.AgentWork, convo.Updated:
		return true
	}
	return false
}
