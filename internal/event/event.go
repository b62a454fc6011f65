// Package event is a validated fact about an interaction, and its only door to protobuf.
//
// Everything that enters or leaves Kafka is a [Record]; [Decode] and [Encode] are the two directions. The types here are plain values: no
// other package of Vigia sees a protobuf message. All instants are Unix milliseconds (UTC), all durations milliseconds.
package event

import "fmt"

// Event is one thing that happened between a customer and the organisation. See proto/vigia/v1/event.proto for the meaning of each field.
type Event struct {
	ID           string
	Tenant       string
	Source       Source
	At           int64 // when it happened, Unix ms
	Quality      TimeQuality
	ReceivedAt   int64 // when the connector received it, Unix ms
	Conversation string
	Threadless   bool // episodes are cut by a resolve or by inactivity
	Root         string
	Customer     string
	Identities   []Identity
	Actor        ActorKind
	ActorID      string
	Channel      Channel
	Routing      Routing
	OrderHint    string
	Labels       []Label // ascending by key
	Link         string
	Body         Body
}

// Source names the connector and account an event came through.
type Source struct {
	Connector, Account string
	NativeID           string
	Basis              DedupBasis
	Attempt            uint32
	Version            string
}

// Identity is one way a customer is known; Value is a pseudonym once the event is in the log.
type Identity struct {
	Scheme IdentityScheme
	Value  string
	Scope  string
}

// Routing is where an item sits. Empty strings mean "not told".
type Routing struct{ Queue, Team, Agent, Bot, Inbox string }

// Label is one allow-listed dimension.
type Label struct{ Key, Value string }

// Body is what happened: one of the types below.
type Body interface{ Kind() Kind }

// Message is one message.
type Message struct {
	ID          string
	Direction   Direction
	Internal    bool // a note the customer cannot see
	ContentType string
	Text        string // present before ingest only, never in the log
	TextChars   uint32
	Locale      string
	InReplyTo   string
	Automated   bool
	Receipt     bool       // built from a delivery receipt
	Sentiment   *Sentiment // score of this message, when there is one
}

// MessageState is a change of one message.
type MessageState struct {
	MessageID string
	State     MessageStatus
	Watermark int64 // all messages up to here, Unix ms; 0 = not given
	ErrorCode string
}

// ConversationState is a change of the conversation's state.
type ConversationState struct {
	State             ConversationStatus
	Native            string // present before ingest only
	PreviousNative    string // present before ingest only
	MergedInto        string
	Priority          string
	StartedByBusiness bool
}

// Assignment is a change of routing.
type Assignment struct {
	From, To Routing
	Cause    AssignmentCause
}

// Call is a step of a call, or of a chat's way through a queue. Durations are ms; -1 means "not reported".
type Call struct {
	ID, Leg                      string
	Phase                        CallPhase
	Direction                    Direction
	Wait, Ring, Talk, Hold, Wrap int64
	EndedBy                      EndedBy
	QueuePosition                uint32
	NativeCause                  string // present before ingest only
}

// SurveyRequested is a survey sent or shown.
type SurveyRequested struct {
	Survey, Request string
	Instrument      Instrument
	Displayed       bool
}

// SurveyAnswered is an answer, or a new version of it. Scores are millionths.
type SurveyAnswered struct {
	Survey, Response, Request, Question string
	Instrument                          Instrument
	Score, ScaleMin, ScaleMax           int64 // millionths
	Revision                            uint64
	Final                               bool
	Comment                             string // present before ingest only
}

// Sentiment is a score of one message or utterance.
type Sentiment struct {
	Subject    string
	Polarity   int64 // millionths, -1e6 … 1e6
	Confidence int64 // millionths, 0 … 1e6
	Model      string
	Partial    bool
	Tone       *Tone // nil when nobody has judged it
}

// Tone is what a customer's words tell beyond being good or bad, in millionths, 0 … 1e6.
type Tone struct{ Frustration, Urgency int64 }

// Purchase is a commercial event.
type Purchase struct {
	Type        PurchaseType
	Order       string
	AmountMinor int64
	Currency    string
	MinorDigits uint32
	Campaign    string
}

// SelfService is a step in self-service.
type SelfService struct {
	Outcome       SelfServiceOutcome
	Flow, Article string
}

// Engagement is a visit, an open, a click.
type Engagement struct{ Action, Campaign string }

// Presence is an agent's availability.
type Presence struct {
	Agent     string
	Native    string // present before ingest only
	Available bool
	Slots     []Slot // ascending by channel
}

// Slot is the number of free slots an agent has on a channel.
type Slot struct {
	Channel string
	Free    uint32
}

// CustomerIdentity is a change of who a customer is.
type CustomerIdentity struct {
	Change     IdentityChange
	Identities []Identity
	Survivor   string
}

// Reference is a number that no channel brings; it holds from the event's instant on.
type Reference struct {
	Type     ReferenceType
	Key      string // channel, currency or name; see the type
	Value    int64  // billionths
	Currency string // ISO 4217 of costs and rates
}

func (Message) Kind() Kind           { return KindMessage }
func (MessageState) Kind() Kind      { return KindMessageState }
func (ConversationState) Kind() Kind { return KindConversationState }
func (Assignment) Kind() Kind        { return KindAssignment }
func (Call) Kind() Kind              { return KindCall }
func (SurveyRequested) Kind() Kind   { return KindSurveyRequested }
func (SurveyAnswered) Kind() Kind    { return KindSurveyAnswered }
func (Sentiment) Kind() Kind         { return KindSentiment }
func (Purchase) Kind() Kind          { return KindPurchase }
func (SelfService) Kind() Kind       { return KindSelfService }
func (Engagement) Kind() Kind        { return KindEngagement }
func (Presence) Kind() Kind          { return KindPresence }
func (CustomerIdentity) Kind() Kind  { return KindIdentity }
func (Reference) Kind() Kind         { return KindReference }

// Reason is why a record or an event was refused: a closed set that doubles as metric label and dead-letter reason.
type Reason string

// The reasons.
const (
	ReasonGarbage      Reason = "garbage"       // not a record of ours: undecodable bytes
	ReasonUnknownKind  Reason = "unknown_kind"  // no kind set, or one this version does not know
	ReasonMissingField Reason = "missing_field" // a required field is empty
	ReasonBadValue     Reason = "bad_value"     // a field has a value outside its range
	ReasonTooLarge     Reason = "too_large"     // larger than the limit
	ReasonBadTime      Reason = "bad_time"      // before the year 1990 or beyond any clock
	ReasonMisrouted    Reason = "misrouted"     // the key does not belong to the partition it stands in
	ReasonWrongTopic   Reason = "wrong_topic"   // a record kind that does not belong on this topic
	ReasonTooLate      Reason = "too_late"      // older than the dedupe horizon
	ReasonNoTenant     Reason = "unknown_tenant"
	ReasonConflict     Reason = "policy_conflict" // same serial, other hash
	ReasonPanic        Reason = "panic"           // the fold failed on this record: a defect of ours
)

// Reasons lists the closed set, for metrics that start at zero.
var Reasons = []Reason{ReasonGarbage, ReasonUnknownKind, ReasonMissingField, ReasonBadValue, ReasonTooLarge, ReasonBadTime, ReasonMisrouted,
	ReasonWrongTopic, ReasonTooLate, ReasonNoTenant, ReasonConflict, ReasonPanic}

// Error says why something was refused and which field is at fault. It never carries the value of an id or a text.
type Error struct {
	Reason Reason
	Field  string // path as in the proto: "message.direction"; empty when no single field is at fault
	Detail string // what is wrong and what to do, in words
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %s", e.Reason, e.Detail)
	}
	return fmt.Sprintf("%s: field %s: %s", e.Reason, e.Field, e.Detail)
}
