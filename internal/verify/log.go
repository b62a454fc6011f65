package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Journal reads the log. [*bus.Client] is one.
type Journal interface {
	Bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error)
	Fetch(ctx context.Context, topic string, partition int32, offset int64, o bus.FetchOptions) (bus.Batch, error)
}

// fetchBytes is how much of the log is asked for at a time.
const fetchBytes = 8 << 20

// stream reads a partition from an offset up to another one.
func stream(ctx context.Context, j Journal, topic string, partition int32, from, to int64, each func(m *bus.Message) error) error {
	for from < to {
		b, err := j.Fetch(ctx, topic, partition, from, bus.FetchOptions{MaxBytes: fetchBytes, NoHeaders: true})
		if err != nil {
			return err
		}
		for i := range b.Messages {
			if m := &b.Messages[i]; m.Offset < to {
				if err := each(m); err != nil {
					return err
				}
			}
		}
		if b.Next <= from {
			return fmt.Errorf("%s partition %d: the log answers nothing from offset %d on, but the state is at %d", topic, partition, from, to)
		}
		from = b.Next
	}
	return nil
}

// extract is what a partition of the interactions log holds up to a position.
type extract struct {
	partition      int32
	start, end     int64 // of the log
	records        []oracle.Placed
	n              int64 // records, whatever they say
	ticks, control int64
	refused        int64 // policies that are counted twice, as control records and as refused
	last           bus.Message
	first          int64 // time of the first tick, 0 when there is none
	sweep          int64 // the first tick that raised the time from an offset on, -1 none
}

// read reads a partition of the interactions log up to a position. Records of other tenants than the one asked for are counted only.
func read(ctx context.Context, j Journal, topic string, partition int32, partitions int, to, restateAt int64, tenant string) (*extract, error) {
	for again := 0; ; again++ {
		x := &extract{partition: partition, sweep: -1}
		var err error
		if x.start, x.end, err = j.Bounds(ctx, topic, partition); err != nil {
			return nil, err
		}
		now, force := int64(0), map[string]event.Policy{}
		err = stream(ctx, j, topic, partition, x.start, min(to, x.end), func(m *bus.Message) error {
			x.n++
			x.last = *m
			body, key, ok := accept(m, partition, partitions)
			if !ok {
				return nil
			}
			switch b := body.(type) {
			case event.Tick:
				x.ticks++
				if x.first == 0 {
					x.first = b.At
				}
				if b.At > now {
					if now = b.At; x.sweep < 0 && restateAt >= 0 && m.Offset >= restateAt {
						x.sweep = m.Offset
					}
				}
			case event.Policy:
				x.control++
				was := force[b.Tenant]
				if b.Serial >= was.Serial && !sound(b) || b.Serial == was.Serial && b.Hash != was.Hash {
					x.refused++
					return nil
				}
				if b.Serial > was.Serial {
					force[b.Tenant] = b
				}
				if tenant != "" && b.Tenant != tenant {
					return nil
				}
			case event.Gap:
				x.control++
				if tenant != "" && b.Tenant != "" && b.Tenant != tenant {
					return nil
				}
			case *event.Event:
				if tenant != "" && b.Tenant != tenant {
					return nil
				}
			}
			x.records = append(x.records, oracle.Placed{Partition: partition, Offset: m.Offset, Key: key, Body: body})
			return nil
		})
		if errors.Is(err, bus.ErrOffsetOutOfRange) && again < 3 {
			continue // retention was quicker
		}
		return x, err
	}
}

// accept is rule 1.1: what a record says, if it counts at all.
func accept(m *bus.Message, partition int32, partitions int) (body event.RecordBody, key string, ok bool) {
	r, err := event.Decode(m.Value)
	if err != nil {
		return nil, "", false
	}
	switch b := r.Body.(type) {
	case event.Tick, event.Policy, event.Gap:
		return b, "", true
	case *event.Event:
		if b.Erases() {
			return b, "", true
		}
		key = b.Key()
		return b, key, string(m.Key) == key && bus.Partition(m.Key, partitions) == partition
	}
	return nil, "", false
}

// sound says whether a policy record holds what it says it does.
func sound(p event.Policy) bool {
	var spec sla.PolicySpec
	if p.Tenant == "" || json.Unmarshal(p.Body, &spec) != nil {
		return false
	}
	compiled, err := sla.CompilePolicy(spec, p.Serial)
	return err == nil && compiled.Hash == p.Hash && compiled.Spec().Tenant == p.Tenant
}

// remember puts the policies that were in force before the log begins, as the state knows them, in front of it. It returns from which offset on it is known which version of
// a tenant's policy is in force: a policy of the log may be a repetition of one from before.
func (x *extract) remember(hashes map[string]map[string][]byte, only string) (from map[string]int64, err error) {
	from = map[string]int64{}
	versions := map[string][]event.Policy{}
	for key, fields := range hashes {
		tenant, ok := strings.CutPrefix(key, "tn:")
		if !ok || only != "" && tenant != only {
			continue
		}
		if versions[tenant], err = fold.PoliciesOf(fields["policies"]); err != nil {
			return nil, fmt.Errorf("the policies of tenant %q in the state cannot be read: %w; restore a snapshot or rebuild the partition", tenant, err)
		}
	}
	first := map[string]oracle.Placed{}
	x.records = slices.DeleteFunc(x.records, func(r oracle.Placed) bool {
		p, ok := r.Body.(event.Policy)
		if !ok {
			return false
		}
		if !slices.ContainsFunc(versions[p.Tenant], func(v event.Policy) bool { return v.Serial == p.Serial }) {
			return true // a newer one was in force
		}
		if first[p.Tenant].Body == nil {
			first[p.Tenant] = r
		}
		return false
	})
	var before []oracle.Placed
	for tenant, list := range versions {
		seen := first[tenant]
		for i, v := range list {
			told, ok := seen.Body.(event.Policy)
			if ok && v.Serial >= told.Serial && i > 0 {
				from[tenant] = seen.Offset + 1
				break
			}
			before = append(before, oracle.Placed{Partition: x.partition, Body: v})
		}
	}
	slices.SortFunc(before, func(a, b oracle.Placed) int {
		p, q := a.Body.(event.Policy), b.Body.(event.Policy)
		return cmp.Or(strings.Compare(p.Tenant, q.Tenant), cmp.Compare(p.Serial, q.Serial))
	})
	for i := range before {
		before[i].Offset = x.start - int64(len(before)-i)
	}
	x.records = append(before, x.records...)
	return from, nil
}
