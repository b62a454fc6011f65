package event

// Record is the value of one Kafka record.
type Record struct {
	Body     RecordBody
	Seq      *Seq   // where a relayed record came from; nil on events and control records
	OutputID string // id made of the content alone; empty where Seq is nil
}

// RecordBody is what a record is: Event, Tick, Policy, Gap, Watermark, Fact, Signal, DeadLetter, Alert, AlertProgress, Acknowledgement or Silence.
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
	Queue                     string
	StartedAt                 int64
	ActiveAt                  []int64 // ascending
	Open                      bool
	EndedAt                   int64
	MergedInto                string
	Erased                    bool
	OptedOut                  bool    // the customer wants no proactive help
	Cue                       *Signal // what a trigger looks for happened; a fact of its own, with nothing but tenant and customer beside it
}

// Alone reports whether the fact is about the customer alone and not about a contact.
func (f *Fact) Alone() bool { return f.MergedInto != "" || f.Erased || f.OptedOut || f.Cue != nil }

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
)

var signalNames = [...]string{"", "warning", "breach", "breach_retracted", "breach_settled", "trigger"}

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
