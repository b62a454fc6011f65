package explain

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// History folds the log of one partition once more as far as it concerns one conversation, and remembers what that made and took back.
type History struct {
	tenant, conversation, key string

	slot    *fold.Slot
	kept    fold.Memory
	changes []change
	cause   string
	at      int64
	offset  int64
	events  int
}

// change is what one record changed, in the order of the log.
type change struct {
	offset, asOf, at int64
	cause            string
	gone, fresh      []convo.Moment
}

// The causes of changes that are no events of the conversation.
const (
	causeTime   = "time"
	causePolicy = "policy"
	causeGap    = "gap"
)

// NewHistory begins with an empty state. truncated says that the log no longer reaches back to its first record: a conversation that begins in the middle counts nowhere then.
func NewHistory(tenant, conversation string, truncated bool) *History {
	h := &History{tenant: tenant, conversation: conversation, key: event.ConversationKey(tenant, conversation), kept: fold.Memory{}}
	// What leaves the partition is of no interest here.
	const none = "none"
	h.slot = fold.New(fold.Config{
		Stage: fold.Conversations, Topic: none, CustomersTopic: none, SignalsTopic: none, DeadLettersTopic: none, Customers: 1, Signals: 1, DeadLetters: 1,
		Route: func(string, int32) int32 { return 0 },
	}, h.kept.Load, fold.Position{}, fold.Start{Fresh: true, Truncated: truncated, RestateAt: -1})
	h.slot.Watch(func(key string, gone, fresh []convo.Moment) {
		if key == h.key {
			// They are in memory that is used again.
			h.changes = append(h.changes, change{h.offset, h.slot.Time(), h.at, h.cause, append([]convo.Moment(nil), gone...), append([]convo.Moment(nil), fresh...)})
		}
	})
	return h
}

// weight is how much may gather before it is kept.
const weight = 500

// Add folds the record of an offset if it concerns the conversation. Offsets must ascend.
func (h *History) Add(offset int64, r event.Record) error {
	in := fold.Input{Offset: offset, Record: r}
	h.offset, h.at = offset, 0
	switch b := r.Body.(type) {
	case *event.Event:
		if b.Erases() {
			break // changes nothing that is counted, but what is known afterwards
		}
		if in.Key = b.Key(); in.Key != h.key {
			return nil
		}
		h.cause, h.at = convo.StepKind(b), b.At
		h.events++
	case event.Tick:
		h.cause = causeTime
	case event.Policy:
		if b.Tenant != h.tenant {
			return nil
		}
		h.cause = causePolicy
	case event.Gap:
		h.cause = causeGap
	default:
		return nil
	}
	for {
		done, err := h.slot.Apply(in)
		if err != nil {
			return err
		}
		if h.slot.Weight() > weight {
			h.keep()
		}
		if done {
			return nil
		}
	}
}

func (h *History) keep() {
	h.kept.Apply(h.slot.Commit())
	h.slot.Committed(1 << 30)
}

// Events is how many events of the conversation the log had.
func (h *History) Events() int { return h.events }

// Conversation tells what is known of it at the end of the log, and what it made and took back on the way. One that is forgotten by then has only that.
func (h *History) Conversation() (*Conversation, error) {
	h.keep()
	look, err := fold.NewLook(fold.Conversations, h.tenant, h.kept.Load)
	if err != nil {
		return nil, err
	}
	policy := look.Policy()
	t := teller{zone: policy.Zone(), agents: policy.AgentCells()}
	c := &Conversation{
		Tenant: h.tenant, Conversation: h.conversation, Counts: "forgotten", AsOf: kpi.Timestamp(look.Time(), t.zone), PolicySerial: policy.Serial,
		Timeline: []Step{}, Clocks: []Clock{}, Contributions: []Counted{}, Withheld: []Counted{},
	}
	err = look.Each([]string{h.key}, func(k fold.Known) error {
		c = ExplainConversation(look, k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.History = []Change{}
	for _, x := range h.changes {
		c.History = append(c.History, Change{Offset: x.offset, AsOf: t.time(x.asOf), Cause: x.cause, At: t.maybe(x.at), Retracted: t.all(x.gone), Made: t.all(x.fresh)})
	}
	return c, nil
}
