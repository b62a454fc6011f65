package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
)

// ErrPolicyConflict: a partition has a policy of the same serial with other rules, or of a higher serial.
var ErrPolicyConflict = errors.New("the policy cannot be put in force")

// AppendPolicies puts policies in force: it appends them to every partition of the interactions and the customers topic whose state has none of that tenant, or one of a lower
// serial. It returns how many partitions got something. Repeating it changes nothing, and a policy that a partition has not folded yet may be
// appended twice without effect.
//
// It fails with [ErrPolicyConflict], before anything is appended, if some partition has the same serial with other rules or a higher serial; with the errors of the log
// and the state otherwise, after which it should be repeated.
func AppendPolicies(ctx context.Context, log *bus.Client, state *store.Store, topics Topics, policies []event.Policy) (partitions int, err error) {
	type batch struct {
		topic     string
		partition int32
		messages  []bus.Message
	}
	var batches []batch
	for _, t := range []struct {
		stage fold.Stage
		topic Topic
	}{{fold.Customers, topics.Customers}, {fold.Conversations, topics.Interactions}} { // stage 2 first: it needs the rules when the first fact comes
		for p := range int32(t.topic.Partitions) {
			have, err := inForce(ctx, state, t.stage, p)
			if err != nil {
				return 0, fmt.Errorf("policies in force in %s partition %d: %w", t.topic.Name, p, err)
			}
			b := batch{topic: t.topic.Name, partition: p}
			for _, want := range policies {
				add, err := compare(have, want)
				if err != nil {
					return 0, fmt.Errorf("%s partition %d: %w", t.topic.Name, p, err)
				}
				if add {
					b.messages = append(b.messages, control(want))
				}
			}
			if len(b.messages) > 0 {
				batches = append(batches, b)
			}
		}
	}
	for i, b := range batches {
		for _, m := range b.messages {
			if _, err := log.Produce(ctx, b.topic, b.partition, []bus.Message{m}); err != nil {
				return i, err
			}
		}
	}
	return len(batches), nil
}

// compare says whether a policy must be appended where others are in force.
func compare(have []event.Policy, want event.Policy) (bool, error) {
	for _, p := range have {
		switch {
		case p.Tenant != want.Tenant:
			continue
		case p.Serial > want.Serial:
			return false, fmt.Errorf("%w: tenant %q has serial %d, this one is %d: give it a higher serial", ErrPolicyConflict, want.Tenant, p.Serial, want.Serial)
		case p.Serial == want.Serial && p.Hash != want.Hash:
			return false, fmt.Errorf("%w: tenant %q has serial %d with other rules: give the new rules a higher serial", ErrPolicyConflict, want.Tenant, p.Serial)
		}
		return p.Serial < want.Serial, nil
	}
	return true, nil
}

// PoliciesInForce returns the policies that a partition's state has, one for each tenant; none if there is no state.
func PoliciesInForce(ctx context.Context, state *store.Store, stage fold.Stage, partition int32) ([]event.Policy, error) {
	return inForce(ctx, state, stage, partition)
}

func inForce(ctx context.Context, state *store.Store, stage fold.Stage, partition int32) ([]event.Policy, error) {
	slot := SlotOf(stage, partition)
	stored, err := state.Read(ctx, []store.SlotRefs{{Slot: slot}})
	if err != nil {
		return nil, err
	}
	// A state that was begun, but in which nothing was applied yet, has no policies either.
	if stored[0].Absent || fresh(stored[0].Meta) {
		return nil, nil
	}
	load := func(refs []fold.Ref) ([]fold.Value, error) {
		_, _, values, err := state.Load(ctx, slot, storeRefs(refs))
		return foldValues(values), err
	}
	s := fold.New(fold.Config{Stage: stage, Partition: partition}, load, fold.Position{}, fold.Start{})
	if err := s.Err(); err != nil {
		return nil, err
	}
	policies := s.Policies()
	return policies, s.Err()
}
