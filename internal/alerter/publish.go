package alerter

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/rule"
)

// publisher keeps the topic of alerts up to date, one request at a time. The topic is compacted: only the newest state of an incident counts.
type publisher struct {
	done   chan error
	flying bool
	taken  map[string]string
	last   time.Time
	failed bool
	told   []int64 // positions that the topic knows
}

const (
	publishGap   = 500 * time.Millisecond
	publishAgain = 2 * time.Second
	publishPage  = 1000
	// progressBytes bounds what stands in one record of progress.
	progressBytes = 200 << 10
)

func newPublisher() publisher { return publisher{done: make(chan error, 1)} }

// due says when the next request may go out; ok is false when there is nothing to say.
func (p *publisher) due(d *desk) (at time.Time, ok bool) {
	if p.flying || d.catching || len(d.unpublished) == 0 && p.current(d) {
		return time.Time{}, false
	}
	gap := publishGap
	if p.failed {
		gap = publishAgain
	}
	return p.last.Add(gap), true
}

func (p *publisher) current(d *desk) bool {
	if len(p.told) != len(d.root.Positions) {
		return false
	}
	for i, at := range d.root.Positions {
		if p.told[i] != at {
			return false
		}
	}
	return true
}

// publish sends what the topic does not know yet, if it is time.
func (x *session) publish(ctx context.Context) {
	p, d := &x.publisher, x.desk
	if at, ok := p.due(d); !ok || time.Now().Before(at) {
		return
	}
	p.flying, p.last, p.taken = true, time.Now(), map[string]string{}
	var messages []bus.Message
	for id, tenant := range d.unpublished {
		if len(p.taken) == publishPage {
			break
		}
		p.taken[id] = tenant
		delete(d.unpublished, id)
	}
	for _, id := range sortedKeys(p.taken) {
		m := bus.Message{Key: []byte(event.IncidentKey(p.taken[id], id))}
		if i := d.incidents[id]; i != nil {
			r := i.record()
			m.Value, m.Headers = event.Encode(event.Record{Body: r}), headers(r)
		}
		messages = append(messages, m)
	}
	if len(d.unpublished) == 0 {
		// Everything before it is in the topic, so that whoever reads it may go on from there.
		r := event.AlertProgress{Shard: d.shard, At: x.shard.a.now(), Position: x.pos.String(), State: d.progress()}
		messages = append(messages, bus.Message{Key: fmt.Append(nil, "shard/", d.shard), Value: event.Encode(event.Record{Body: r}), Headers: headers(r)})
		p.told = append([]int64(nil), d.root.Positions...)
	}
	own := d.root.Positions[x.shard.n]
	j, topic, limit := x.shard.a.journal, x.shard.a.cfg.Alerts, x.shard.a.journal.MaxBatchBytes()
	x.sending.Go(func() {
		var err error
		for len(messages) > 0 && err == nil {
			n, size := 0, 0
			for n < len(messages) && (n == 0 || size+messages[n].Size() <= limit) {
				size += messages[n].Size()
				n++
			}
			_, err = j.Produce(ctx, topic, x.shard.n, messages[:n])
			messages = messages[n:]
		}
		if err == nil {
			x.shard.folded.Store(own)
			if err := x.shard.commitMark(ctx); err != nil {
				x.shard.log.Debug("the group does not know how far signals are folded", "err", err) // the next one will do
			}
		}
		p.done <- err
	})
}

func headers(b event.RecordBody) (out []bus.Header) {
	for _, h := range event.ControlHeaders(b, "") {
		out = append(out, bus.Header{Key: h.Key, Value: []byte(h.Value)})
	}
	return out
}

// published takes in what came of it.
func (x *session) published(err error) {
	p, d := &x.publisher, x.desk
	p.flying, p.failed = false, err != nil
	if err != nil {
		x.shard.a.metrics.publishErrors.Inc()
		x.shard.log.Warn("the topic of alerts cannot be written, trying again", "err", err)
		maps.Copy(d.unpublished, p.taken)
		p.told = nil
		return
	}
	for id := range p.taken {
		if _, again := d.unpublished[id]; !again {
			d.touch(keyUnpublished, id)
		}
	}
}

// progress is all of a shard's state that is not an incident.
type progress struct {
	Root     root                     `json:"root"`
	Hearings map[string]hearing       `json:"hearings"`
	Silences map[string]event.Silence `json:"silences,omitempty"`
	Rules    map[string][]byte        `json:"rules,omitempty"`
}

// progress is what an owner without a state goes on from. The ids of outputs are left out: what is heard twice is known by its revision.
func (d *desk) progress() []byte {
	p := progress{Root: d.root, Hearings: map[string]hearing{}, Silences: map[string]event.Silence{}, Rules: map[string][]byte{}}
	for key, h := range d.hearings {
		p.Hearings[key] = hearing{Log: h.Log, Last: h.Last}
	}
	for key, s := range d.silences {
		p.Silences[key] = s.Silence
	}
	size := 0
	for _, key := range sortedKeys(d.rules) {
		b := d.rules[key].Encode()
		if size += len(b)*4/3 + len(key); size > progressBytes/2 {
			break // the rest begins anew: what fires is known by its incident
		}
		p.Rules[key] = b
	}
	b := encode(p)
	if len(b) > progressBytes {
		p.Rules = nil
		b = encode(p)
	}
	return b
}

// restore takes in what progress has made.
func (d *desk) restore(b []byte) error {
	var p progress
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("the progress in the topic of alerts cannot be read: %w", err)
	}
	if len(p.Root.Positions) == len(d.root.Positions) {
		d.root = p.Root
	}
	for key, h := range p.Hearings {
		d.hearings[key] = &h
		d.touch(keyHearings, key)
	}
	for key, s := range p.Silences {
		if quiet, err := newSilence(s); err == nil {
			d.silences[key] = quiet
			d.touch(keySilences, key)
		}
	}
	for key, r := range p.Rules {
		if s, err := rule.DecodeState(r); err == nil {
			d.rules[key] = s
			d.touch(keyRules, key)
		}
	}
	return nil
}
