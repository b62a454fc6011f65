package event

// Record is the value of one Kafka record.
type Record struct {
	Body     RecordBody
	Seq      *Seq   // where a relayed record came from; nil on events and control records
	OutputID string // id made of the content alone; empty where Seq is nil
}

// RecordBody is what a record is: Event, Tick, Policy, Gap, Watermark, Fact, AgentFact, Signal, DeadLetter, Alert, AlertProgress, Acknowledgement or Silence.
type RecordBody interface{ recordType() string }

// Tick says that time has reached At, for the partition it stands in.
type Tick struct{ At int64 }

// Policy puts one tenant's rules in force from its place in the log.
type Policy struct {
	Tenant  string
	Serial  int64
	Hash    string // SHA-256 of Body, hex
	Body    []byte // canonical JSON of the tenant's policy
	Reapply bool   // running clocks take the new rules too
}

// Gap says that a source is or was blind. Empty Connector or Account means all of them; To = 0 while it lasts.
type Gap struct {
	Tenant, Connector, Account string
	From, To                   int64
	Reason                     string
}

// Watermark says that a partition of the interactions topic has relayed all it knew up to At.
type Watermark struct {
	Partition int32
	At        int64
}

// Fact is what stage 1 tells stage 2 about one contact of one customer. Facts of one subject replace each other by revision.
type Fact struct {
	Tenant, Customer, Subject string
	Revision                  uint64
	Retracted                 bool
	Channel                   Channel
	Queue, Team, Agent, Topic string
	Complexity                uint8 // 1 simple, 2 medium, 3 complex; 0 not told
	StartedAt                 int64
	ActiveAt                  []int64 // ascending
	Open                      bool
	EndedAt                   int64
	ResolvedAt                int64 // the resolve that stands, 0 when there is none
	Reopened                  bool  // a resolve was undone
	Transferred               bool
	Agents                    uint32 // different people who took part
	PeopleAt                  int64  // first sign of a person of ours, 0 when there was none
	Bot                       bool   // a bot or self-service took part
	Inbound                   bool   // the customer began it or said something in it; of surveys: in their conversation
	Contained, Confirmed      bool   // self-service solved it; the customer said so
	Answers                   []Answer
	PromptedAt                []int64 // survey requests, ascending
	Mood, MoodAt              int64   // how the customer sounds, millionths, where that is negative, and the instant of the last score; 0 otherwise
	AbandonedAt               int64   // the customer gave up waiting, and nothing came of it later; 0 otherwise
	Broken                    bool    // a promise was broken
	Exchanges                 []Exchange
	Sales                     []Sale
	MergedInto                string
	Erased                    bool
	OptedOut                  bool    // the customer wants no proactive help
	Cue                       *Signal // what a trigger looks for happened; a fact of its own, with nothing but tenant and customer beside it
}

// Answer is the newest version of one survey answer.
type Answer struct {
	At                        int64 // when it was first given
	Instrument                Instrument
	Score, ScaleMin, ScaleMax int64 // millionths
}

// Exchange is what people of ours said to the customer in a row, and what lies around it: Unix ms, 0 for what did not happen (yet).
type Exchange struct {
	Heard    int64 // the last sign of the customer before it in the contact
	From, To int64 // our first and our last word
	Back     int64 // the next sign of the customer
}

// Sale is what one purchase says of an order.
type Sale struct {
	At       int64
	Type     PurchaseType
	Order    uint64 // hash of the order id
	Amount   int64  // millionths of the unit of the currency, not negative
	Currency uint16 // ISO 4217 number, [NoCurrency] for one that is not in use
}

// Alone reports whether the fact is about the customer alone and not about a contact.
func (f *Fact) Alone() bool { return f.MergedInto != "" || f.Erased || f.OptedOut || f.Cue != nil }

// AgentFact is what stage 1 tells stage 2 about one agent: what the agent did on one contact, or, with a Presence, whether the agent can take contacts. Facts of
// one subject replace each other by revision.
type AgentFact struct {
	Tenant, Agent, Subject string
	Revision               uint64
	Stints                 []Stint // ascending by begin; none: the agent had nothing to do with it
	Continued              bool    // the contact was counted before: it is a later part of a long one
	Presence               *Availability
}

// Stint is a time in which an agent had a contact.
type Stint struct {
	From, To int64  // Unix ms; To 0 while it lasts
	Team     string // of the contact at its begin
}

// Availability is a change of an agent's presence.
type Availability struct {
	At        int64
	Available bool
	Team      string // "" when the source does not tell
}

// SignalKind is the kind of a signal.
type SignalKind uint8

// The signal kinds.
const (
	SignalUnknown SignalKind = iota
	SignalWarning
	SignalBreach
	SignalRetracted
	SignalSettled
	SignalTrigger
	SignalErased
)

var signalNames = [...]string{"", "warning", "breach", "breach_retracted", "breach_settled", "trigger", "erased"}

func (k SignalKind) String() string { return name(signalNames[:], int(k)) }

// BreachCause is why a breach was found.
type BreachCause uint8

// The causes.
const (
	BreachCauseUnknown BreachCause = iota
	ByTimer
	ByLateFulfilment
)

// Signal is something to call people for.
type Signal struct {
	Tenant, Conversation, Clock, Instance string
	Kind                                  SignalKind
	Revision                              uint32
	StartedAt, DueAt, FulfilledAt, At     int64
	Cause                                 BreachCause
	Channel                               Channel
	Queue, Team, Agent                    string
	PolicySerial                          int64
	Rule                                  string
	WarnPercent                           uint32
	Customer, Link                        string

	Trigger, TriggerKind string // of triggers: name, and what it looks for
	Count                uint32 // how often it happened
	SpanMs               int64  // that the trigger looks at
	HeldOut              bool   // nobody is told, so that the effect can be measured
}

// DeadLetter describes a record that could not be used. It never carries the payload.
type DeadLetter struct {
	Topic         string
	Partition     int32
	Offset        int64
	Reason        Reason
	Field         string
	PayloadSHA256 string
	PayloadBytes  uint32
	At            int64
}

// Seq is the position of an output in the order of one source partition.
type Seq struct {
	Topic      string
	Partition  int32
	LogLineage int64
	Offset     int64
	Step       int32
	Index      int32
	Prev       PrevSeq
}

// PrevSeq names the output sent before to the same destination partition. Offset -1: the first one ever.
type PrevSeq struct {
	Offset  int64
	Step    int32
	Index   int32
	Restart bool
}

// Less orders positions of one source partition and log lineage.
func (p PrevSeq) Less(q PrevSeq) bool {
	if p.Offset != q.Offset {
		return p.Offset < q.Offset
	}
	if p.Step != q.Step {
		return p.Step < q.Step
	}
	return p.Index < q.Index
}

// At returns the place of the output itself in the form a later output names it by.
func (s Seq) At() PrevSeq { return PrevSeq{Offset: s.Offset, Step: s.Step, Index: s.Index} }

func (e *Event) recordType() string   { return "vigia.event." + e.Body.Kind().String() + ".v1" }
func (Tick) recordType() string       { return "vigia.tick.v1" }
func (Policy) recordType() string     { return "vigia.policy.v1" }
func (Gap) recordType() string        { return "vigia.gap.v1" }
func (Watermark) recordType() string  { return "vigia.watermark.v1" }
func (Fact) recordType() string       { return "vigia.customer_fact.v1" }
func (AgentFact) recordType() string  { return "vigia.agent_fact.v1" }
func (s Signal) recordType() string   { return "vigia.signal." + s.Kind.String() + ".v1" }
func (DeadLetter) recordType() string { return "vigia.dead_letter.v1" }

// Type returns the CloudEvents type of a record body, e.g. "vigia.event.message.v1".
func Type(b RecordBody) string { return b.recordType() }

// Header is one Kafka header.
type Header struct{ Key, Value string }

// Headers returns the Kafka headers of an event: content type and the CloudEvents attributes (binary mode).
func (e *Event) Headers() []Header {
	return []Header{
		{"content-type", ContentType},
		{"ce_specversion", "1.0"},
		{"ce_id", e.ID},
		{"ce_source", "/vigia/" + e.Source.Connector},
		{"ce_type", e.recordType()},
		{"ce_time", rfc3339(e.At)},
	}
}

// ControlHeaders returns the Kafka headers of a record that is not an event. id is the output id, or empty on control records.
func ControlHeaders(b RecordBody, id string) []Header {
	h := []Header{{"content-type", ContentType}, {"ce_specversion", "1.0"}, {"ce_source", "/vigia/worker"}, {"ce_type", b.recordType()}}
	if id != "" {
		h = append(h, Header{"ce_id", id})
	}
	return h
}

// ContentType of every record value.
const ContentType = "application/protobuf"
