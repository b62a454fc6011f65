package alerter

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
)

// hearing is what is remembered of one source partition (of either stage) in one partition of signals: the last output, and the ids at its offset.
type hearing struct {
	Log  int64         `json:"log"`
	Last event.PrevSeq `json:"last"`
	IDs  []string      `json:"ids,omitempty"` // the first characters of each are enough
}

// idChars of an output id are kept: 60 bits, to tell the outputs of one record apart.
const idChars = 12

// outcome of folding one record; the names are values of a metric.
type outcome string

// The outcomes.
const (
	folded    outcome = "folded"
	duplicate outcome = "duplicate"
	foreign   outcome = "foreign"   // of a tenant of another shard
	unknown   outcome = "unknown"   // of a tenant that nobody has configured
	outdated  outcome = "outdated"  // an older revision than is known
	garbage   outcome = "garbage"   // not a record
	misrouted outcome = "misrouted" // under a key of another partition
	unwanted  outcome = "unwanted"  // a kind of record that does not belong on the topic
)

// hear drops what was heard before: lower offsets, and ids known at the highest one. hole says that something before it never came.
func (d *desk) hear(signals int32, r *event.Record) (fresh, hole bool) {
	s := *r.Seq
	key := hearKey(signals, s.Topic, s.Partition)
	h, id := d.hearings[key], r.OutputID[:min(idChars, len(r.OutputID))]
	switch {
	case h == nil || s.LogLineage > h.Log:
		first := h == nil
		h = &hearing{Log: s.LogLineage, Last: event.PrevSeq{Offset: -1}}
		if first {
			// What came before this shard began to listen is not missing.
			h.Last = s.Prev
			h.Last.Restart = false
		}
	case s.LogLineage < h.Log, s.Offset < h.Last.Offset:
		return false, false
	case s.Offset == h.Last.Offset && slices.Contains(h.IDs, id):
		if h.Last.Less(s.At()) {
			h.Last = s.At()
			d.touch(keyHearings, key)
		}
		return false, false
	}
	prev := s.Prev
	prev.Restart = false
	hole = !s.Prev.Restart && h.Last.Less(prev)
	if s.Offset > h.Last.Offset {
		h.IDs = nil
	}
	h.Last, h.IDs = s.At(), append(h.IDs, id)
	d.hearings[key] = h
	d.touch(keyHearings, key)
	return true, hole
}

func hearKey(signals int32, topic string, source int32) string {
	return fmt.Sprintf("%d/%s/%d", signals, topic, source)
}

// fold takes in one record of a partition of signals. now is the wall clock's, Unix ms.
func (d *desk) fold(signals int32, r *event.Record, now int64) (outcome, bool) {
	hole := false
	if r.Seq != nil {
		fresh := false
		if fresh, hole = d.hear(signals, r); !fresh {
			return duplicate, false
		}
	}
	switch b := r.Body.(type) {
	case event.Signal:
		if r.Seq == nil {
			return unwanted, false
		}
		return d.signal(signals, r.Seq, b, now), hole
	case event.Watermark:
		if r.Seq == nil {
			return unwanted, false
		}
		d.restated(signals, r.Seq, now)
		return folded, hole
	case event.Acknowledgement:
		return d.acknowledge(b, now), false
	case event.Silence:
		return d.silence(b, now), false
	}
	return unwanted, hole
}

// serves says whether a tenant is this shard's.
func (d *desk) serves(tenant string) outcome {
	switch {
	case d.shardOf(tenant) != d.shard:
		return foreign
	case d.tenants[tenant] == nil:
		return unknown
	}
	return folded
}

// incidentOf names the incident of a promise or trigger.
func incidentOf(s *event.Signal) string {
	if s.Kind == event.SignalTrigger {
		return event.OutputID("trigger", s.Tenant, s.Conversation, s.Customer, s.Trigger, s.Instance, strconv.FormatUint(uint64(s.Revision), 10))
	}
	return event.OutputID("incident", s.Tenant, s.Conversation, s.Clock, s.Instance)
}

// revBits leave room between the revisions of a promise for what the alerter itself concludes: closed as unknown, open after all.
const revBits = 10

// signal folds one signal: of a promise the newest revision is true, a trigger is an incident that ends by itself.
func (d *desk) signal(signals int32, seq *event.Seq, s event.Signal, now int64) outcome {
	if o := d.serves(s.Tenant); o != folded {
		return o
	}
	if s.Kind == event.SignalErased {
		d.erase(&s, now)
		return folded
	}
	rev := int64(s.Revision) << revBits
	id := incidentOf(&s)
	i := d.incidents[id]
	where := origin{signals, seq.Partition, seq.LogLineage, seq.Offset}
	if i != nil && int64(s.Revision) <= i.Rev>>revBits {
		if int64(s.Revision) < i.Rev>>revBits || s.Kind == event.SignalTrigger {
			return outdated
		}
		// Stated again after a rebuild: still true, and told already.
		i.Origin = where
		d.touch(keyIncidents, id)
		if i.Unknown && s.Kind == event.SignalBreach && s.FulfilledAt == 0 {
			i.Unknown, i.Type, i.EndedAt, i.Rev = false, notify.SLABreached, 0, i.Rev+1
			d.change(i, now)
		}
		return folded
	}
	if i == nil {
		i = &incident{ID: id}
		d.incidents[id] = i
	}
	i.Tenant, i.Conversation, i.Clock, i.Channel, i.Queue, i.Team, i.Agent = s.Tenant, s.Conversation, s.Clock, s.Channel.String(), s.Queue, s.Team, s.Agent
	i.Customer, i.Link, i.StartedAt, i.DueAt, i.At = s.Customer, s.Link, s.StartedAt, s.DueAt, s.At
	i.Rev, i.Origin, i.Unknown, i.EndedAt = rev, where, false, 0
	switch s.Kind {
	case event.SignalWarning:
		i.Type, i.Name, i.Severity = notify.SLAWarning, nameWarning, notify.Warning
	case event.SignalBreach, event.SignalSettled:
		i.Type, i.Name, i.Severity = notify.SLABreached, nameBreach, notify.Critical
		if s.FulfilledAt != 0 || s.Kind == event.SignalSettled {
			i.Type, i.EndedAt = notify.SLASettled, s.FulfilledAt
			if i.EndedAt == 0 {
				i.EndedAt = s.At
			}
		}
	case event.SignalRetracted:
		i.Type, i.Name, i.Severity, i.EndedAt = notify.SLARetracted, nameBreach, notify.Critical, s.At
	case event.SignalTrigger:
		i.Type, i.Name, i.Severity = notify.TriggerFired, s.Trigger, notify.Warning
		i.Rev, i.HeldOut, i.Reason = max(rev, 1<<revBits), s.HeldOut, reasonOf(d.tenants[s.Tenant].Lang, &s)
		if i.StartedAt == 0 {
			i.StartedAt = s.At
		}
	default:
		delete(d.incidents, id)
		return unwanted
	}
	d.change(i, now)
	return folded
}

// erase forgets whom the incidents of a conversation are about. Those that last are over: nobody can say any more whether the promise is kept.
func (d *desk) erase(s *event.Signal, now int64) {
	for _, i := range d.incidents {
		if i.Tenant != s.Tenant || i.Conversation != s.Conversation {
			continue
		}
		i.Customer, i.Link = "", ""
		if i.over() || i.Type == notify.TriggerFired {
			d.save(i)
			continue
		}
		i.Type, i.Unknown, i.EndedAt, i.Rev = notify.SLASettled, true, s.At, i.Rev+1
		d.change(i, now)
	}
}

// restated closes what a new lineage of a source no longer knows: every breach that stands was told again before this record, in the same partition of signals.
func (d *desk) restated(signals int32, seq *event.Seq, now int64) {
	for _, i := range d.incidents {
		o := i.Origin
		if i.Type != notify.SLABreached || i.over() || i.Rule != "" || o.Signals != signals || o.Partition != seq.Partition {
			continue
		}
		if o.Log < seq.LogLineage || o.Log == seq.LogLineage && o.Offset < seq.Offset {
			i.Type, i.Unknown, i.EndedAt, i.Rev = notify.SLASettled, true, now, i.Rev+1
			d.change(i, now)
		}
	}
}

// acknowledge notes that somebody looks after an incident.
func (d *desk) acknowledge(a event.Acknowledgement, now int64) outcome {
	if o := d.serves(a.Tenant); o != folded {
		return o
	}
	i := d.incidents[a.Incident]
	switch {
	case i == nil || i.Tenant != a.Tenant:
		return outdated
	case i.AckAt != 0:
		return duplicate
	}
	i.AckBy, i.AckAt = a.By, a.At
	d.change(i, now)
	return folded
}

// silence puts a silence in force, replaces it or takes it back.
func (d *desk) silence(s event.Silence, now int64) outcome {
	if o := d.serves(s.Tenant); o != folded {
		return o
	}
	quiet, err := newSilence(s)
	if err != nil {
		return garbage
	}
	key := s.Tenant + "/" + s.ID
	d.touch(keySilences, key)
	if s.EndsAt <= s.StartsAt || s.EndsAt <= now {
		delete(d.silences, key)
	} else {
		d.silences[key] = quiet
		d.agenda.add(s.EndsAt, dueSilence, key)
	}
	for _, i := range d.incidents {
		if i.Tenant == s.Tenant {
			d.review(i, now)
		}
	}
	return folded
}
