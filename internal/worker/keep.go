package worker

import (
	"context"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// missing is the reason of gaps that the owner announces.
const missing = "heartbeat_missing"

// keeper repeats what must never fall out of the log, and announces sources that have fallen silent.
type keeper struct {
	period  int64     // number of the repetition period that the partition's time is in
	due     bool      // policies and open gaps must be repeated
	waiting int64     // offset of the last record appended that is not folded yet
	tried   time.Time // of the last append
}

// begin starts counting at the time of a session.
func (k *keeper) begin(t int64) { k.waiting = none; k.period = t }

// repeatEvery is how often policies and open gaps are repeated: once a day and several times within a quarter of the retention.
func repeatEvery(retention time.Duration) time.Duration {
	return min(day, max(time.Minute, retention/8))
}

// keepRecords appends what the partition's owner is responsible for, once everything appended before is folded. A repetition is due when the partition's time, which is
// in the log, enters a new period: so it happens once whoever owns the partition.
func (o *owner) keepRecords(ctx context.Context, s *session) error {
	k, t := &o.keep, s.fold.Time()
	every := repeatEvery(o.stage.topic.Retention).Milliseconds()
	if k.period > 0 && t/every > k.period/every {
		k.due = true
	}
	k.period = max(k.period, t)
	if o.w.cfg.ExternalTime || s.pos.Offset < s.end || s.pos.Offset <= k.waiting || !k.tried.IsZero() && time.Since(k.tried) < time.Second {
		return nil
	}
	var out []event.RecordBody
	if k.due {
		for _, p := range s.fold.Policies() {
			out = append(out, p)
		}
		for _, g := range s.fold.OpenGaps() {
			out = append(out, g)
		}
	}
	out = append(out, o.silence(s.fold.OpenGaps(), t)...)
	if err := s.fold.Err(); err != nil {
		return err
	}
	if len(out) == 0 {
		k.due = false
		return nil
	}
	k.tried = time.Now()
	messages := make([]bus.Message, len(out))
	for i, b := range out {
		messages[i] = control(b)
	}
	first, err := o.w.journal.Produce(ctx, o.topic, o.partition, messages)
	if err != nil {
		return err
	}
	k.due, k.waiting = false, first+int64(len(out))-1
	return nil
}

// silence returns the gaps to open and to close: for each source without heartbeats one open gap, and none for a source that is heard again.
func (o *owner) silence(open []event.Gap, t int64) []event.RecordBody {
	var out []event.RecordBody
	for _, src := range o.w.watch.sources() {
		connector, account := event.ParseSourceName(src.name.Source)
		gap := event.Gap{Tenant: src.name.Tenant, Connector: connector, Account: account, Reason: missing}
		found := false
		for _, g := range open {
			if g.Tenant != gap.Tenant || g.Connector != gap.Connector || g.Account != gap.Account || g.Reason != missing {
				continue
			}
			found = true
			if src.heard > g.From {
				gap.From, gap.To = g.From, src.heard
				out = append(out, gap)
			}
		}
		if src.silentSince == 0 || found {
			continue
		}
		gap.From = src.silentSince
		if t-gap.From >= maxJump.Milliseconds() {
			gap.From = t // an open gap ends by itself after an hour: the next one goes on from here
		}
		out = append(out, gap)
	}
	return out
}
