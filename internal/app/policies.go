package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// ApplyPolicies appends the policies of all tenants whose rules are not in force yet, and returns the names of these tenants.
//
// Nobody keeps the serial of a policy by hand: it is the Unix time in milliseconds at which the policy is applied, or one more than the highest that the state and the
// end of the log know, whichever is higher. Rules that are in force already (the same hash everywhere) are not applied again, so restarts leave no trace in the log.
func ApplyPolicies(ctx context.Context, log *bus.Client, state *store.Store, cfg *config.Config, now time.Time) ([]string, error) {
	known, err := knownPolicies(ctx, log, state, Topics(cfg))
	if err != nil {
		return nil, err
	}
	var names []string
	var changed []event.Policy
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		p, err := sla.CompilePolicy(t.PolicySpec(), max(now.UnixMilli(), known[t.Name].serial+1))
		if err != nil {
			return nil, err
		}
		if known[t.Name].hash == p.Hash {
			continue
		}
		names = append(names, p.Tenant)
		changed = append(changed, event.Policy{Tenant: p.Tenant, Serial: p.Serial, Hash: p.Hash, Body: p.JSON()})
	}
	if len(changed) == 0 {
		return nil, nil
	}
	_, err = worker.AppendPolicies(ctx, log, state, Topics(cfg), changed)
	return names, err
}

// known is what can be said about the newest policy of a tenant.
type known struct {
	serial int64
	hash   string // empty unless every partition is known to have, or to get, these very rules
}

func knownPolicies(ctx context.Context, log *bus.Client, state *store.Store, topics worker.Topics) (map[string]known, error) {
	newest := map[string]known{}
	partitions := map[string]int{} // by tenant: how many have a policy
	total := 0
	for _, s := range []struct {
		stage fold.Stage
		topic worker.Topic
	}{{fold.Conversations, topics.Interactions}, {fold.Customers, topics.Customers}} {
		for p := range int32(s.topic.Partitions) {
			total++
			// The log first: what is folded while we look is then found twice, not missed.
			behind, certain, err := policiesBehind(ctx, log, state, s.stage, s.topic.Name, p)
			if err != nil {
				return nil, err
			}
			policies, err := worker.PoliciesInForce(ctx, state, s.stage, p)
			if err != nil {
				return nil, fmt.Errorf("policies in force in %s partition %d: %w", s.topic.Name, p, err)
			}
			here := map[string]event.Policy{}
			for _, policy := range policies {
				here[policy.Tenant] = policy
			}
			for tenant, policy := range behind {
				if policy.Serial >= here[tenant].Serial {
					here[tenant] = policy
				}
			}
			for tenant, policy := range here {
				k, seen := newest[tenant]
				if !seen {
					k.hash = policy.Hash
				} else if k.hash != policy.Hash {
					k.hash = ""
				}
				k.serial = max(k.serial, policy.Serial)
				newest[tenant] = k
				if certain {
					partitions[tenant]++
				}
			}
		}
	}
	for tenant, k := range newest {
		if partitions[tenant] < total {
			k.hash = ""
			newest[tenant] = k
		}
	}
	return newest, nil
}

// policiesBehind returns the newest policies that a partition holds behind what its state has folded. It is not certain when there is no state, or when there is more to
// read than is reasonable; not knowing costs at worst that the same rules are appended again.
func policiesBehind(ctx context.Context, log *bus.Client, state *store.Store, stage fold.Stage, topic string, partition int32) (found map[string]event.Policy, certain bool, err error) {
	const most = 100_000 // records
	slots, err := state.Read(ctx, []store.SlotRefs{{Slot: worker.SlotOf(stage, partition)}})
	if err != nil {
		return nil, false, err
	}
	start, end, err := log.Bounds(ctx, topic, partition)
	if err != nil {
		return nil, false, err
	}
	at := slots[0].Meta.Position.Offset
	if slots[0].Absent || at < start || at > end || end-at > most {
		return nil, false, nil
	}
	found = map[string]event.Policy{}
	for at < end {
		batch, err := log.Fetch(ctx, topic, partition, at, bus.FetchOptions{MaxBytes: 8 << 20})
		if errors.Is(err, bus.ErrOffsetOutOfRange) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, m := range batch.Messages {
			record, err := event.Decode(m.Value)
			if p, ok := record.Body.(event.Policy); err == nil && ok && p.Serial >= found[p.Tenant].Serial {
				found[p.Tenant] = p
			}
		}
		if batch.Next <= at {
			return nil, false, fmt.Errorf("read %s from offset %d: the broker returned nothing although the log goes on to %d", topic, at, end)
		}
		at = batch.Next
	}
	return found, true, nil
}
