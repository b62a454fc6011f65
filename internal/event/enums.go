package event

// Numbers equal those of the proto; names are what people read and write (API, YAML, metrics).

// Kind of an event.
type Kind uint8

// The kinds.
const (
	KindUnknown Kind = iota
	KindMessage
	KindMessageState
	KindConversationState
	KindAssignment
	KindCall
	KindSurveyRequested
	KindSurveyAnswered
	KindSentiment
	KindPurchase
	KindSelfService
	KindEngagement
	KindPresence
	KindIdentity
	KindReference
)

var kindNames = [...]string{"unknown", "message", "message_state", "conversation_state", "assignment", "call", "survey_requested", "survey_answered",
	"sentiment", "purchase", "self_service", "engagement", "agent_presence", "customer_identity", "reference_data"}

func (k Kind) String() string { return name(kindNames[:], int(k)) }

// Channel of a conversation.
type Channel uint8

// The channels.
const (
	ChannelUnknown Channel = iota
	WhatsApp
	Messenger
	Instagram
	Telegram
	SMS
	WebChat
	InApp
	Email
	Voice
	Video
	Ticket
	Social
	Task
	Survey
	Commerce
	Other
)

var channelNames = [...]string{"", "whatsapp", "messenger", "instagram", "telegram", "sms", "web_chat", "in_app", "email", "voice", "video", "ticket", "social",
	"task", "survey", "commerce", "other"}

func (c Channel) String() string { return name(channelNames[:], int(c)) }

// Channels lists the names of all channels.
func Channels() []string { return append([]string(nil), channelNames[1:]...) }

// ParseChannel returns the channel of a name, and whether it is one.
func ParseChannel(s string) (Channel, bool) {
	for i, n := range channelNames {
		if i > 0 && n == s {
			return Channel(i), true
		}
	}
	return ChannelUnknown, false
}

// Voiced reports whether contacts on the channel are calls: one queue entry is one contact.
func (c Channel) Voiced() bool { return c == Voice || c == Video }

// ActorKind is the kind of who did it.
type ActorKind uint8

// The actors.
const (
	ActorUnknown ActorKind = iota
	ByCustomer
	ByAgent
	ByBot
	BySystem
	ByBusiness // our side, agent or bot not told
)

var actorNames = [...]string{"", "customer", "agent", "bot", "system", "unknown_business"}

func (a ActorKind) String() string { return name(actorNames[:], int(a)) }

// Direction seen from the organisation.
type Direction uint8

// The directions.
const (
	DirectionUnknown Direction = iota
	Inbound
	Outbound
)

// TimeQuality says how good an event's time is.
type TimeQuality uint8

// The qualities.
const (
	QualityUnknown TimeQuality = iota
	QualitySubsecond
	QualitySecond
	QualityDerived
	QualityReceived
)

// DedupBasis says what makes two deliveries the same event.
type DedupBasis uint8

// The bases.
const (
	BasisUnknown DedupBasis = iota
	BasisEventID
	BasisEntityState
	BasisContent
	BasisSequence
)

// IdentityScheme is how a customer is known.
type IdentityScheme uint8

// MessageStatus is a state of a message.
type MessageStatus uint8

// The message states.
const (
	MessageStatusUnknown MessageStatus = iota
	MessageSent
	MessageDelivered
	MessageRead
	MessagePlayed
	MessageFailed
	MessageEdited
	MessageDeleted
	MessageReacted
)

// ConversationStatus is a state of a conversation.
type ConversationStatus uint8

// The conversation states.
const (
	StatusUnknown ConversationStatus = iota
	StatusOpened
	StatusPendingCustomer
	StatusOnHold
	StatusSnoozed
	StatusResolved
	StatusClosed
	StatusReopened
	StatusDeleted
	StatusMerged
	StatusSpam
)

var statusNames = [...]string{"", "opened", "pending_customer", "on_hold", "snoozed", "resolved", "closed", "reopened", "deleted", "merged", "spam"}

func (s ConversationStatus) String() string { return name(statusNames[:], int(s)) }

// AssignmentCause is why an item was routed.
type AssignmentCause uint8

// The causes.
const (
	CauseUnknown AssignmentCause = iota
	CauseRouted
	CauseTransfer
	CauseEscalation
	CauseBotToHuman
	CauseHumanToBot
	CauseUnassigned
)

// CallPhase is a step of a call.
type CallPhase uint8

// The phases.
const (
	PhaseUnknown CallPhase = iota
	PhaseStarted
	PhaseQueued
	PhaseOffered
	PhaseOfferFailed
	PhaseAnswered
	PhaseHoldStarted
	PhaseHoldEnded
	PhaseTransferred
	PhaseEnded
	PhaseAbandoned
	PhaseVoicemail
	PhaseCallback
	PhaseWrapUpEnded
	PhaseFlowOut
)

var phaseNames = [...]string{"", "started", "queued", "offered", "offer_failed", "answered", "hold_started", "hold_ended", "transferred", "ended", "abandoned",
	"voicemail", "callback_scheduled", "wrap_up_ended", "flow_out"}

func (p CallPhase) String() string { return name(phaseNames[:], int(p)) }

// EndedBy is who ended a call.
type EndedBy uint8

// Instrument of a survey.
type Instrument uint8

// The instruments.
const (
	InstrumentUnknown Instrument = iota
	CSAT
	CES
	NPS
	MicroFeedback
	CustomInstrument
)

// PurchaseType is the type of a purchase.
type PurchaseType uint8

// The types of purchases.
const (
	PurchaseUnknown PurchaseType = iota
	Ordered
	Paid
	Refunded
	Subscribed
	Unsubscribed
)

// SelfServiceOutcome is the outcome of a self-service step.
type SelfServiceOutcome uint8

// The outcomes.
const (
	SelfServiceUnknown SelfServiceOutcome = iota
	SelfServiceStarted
	SelfServiceViewed
	SelfServiceContained
	SelfServiceEscalated
	SelfServiceAbandoned
	SelfServiceConfirmed
)

// ReferenceType is the kind of a [Reference].
type ReferenceType uint8

// The reference types.
const (
	ReferenceUnknown ReferenceType = iota
	CustomerBase                   // customers there are
	AcquisitionCost                // what winning a customer costs, in Currency
	ChannelCost                    // what a contact on the channel Key costs, in Currency
	ExchangeRate                   // one unit of Key in units of Currency
	EventMarker                    // something happened: Key says what
)

var referenceNames = [...]string{"", "customer_base", "acquisition_cost", "channel_cost", "exchange_rate", "event_marker"}

func (r ReferenceType) String() string { return name(referenceNames[:], int(r)) }

// ParseReferenceType returns the type of a name, and whether it is one.
func ParseReferenceType(s string) (ReferenceType, bool) {
	for i, n := range referenceNames {
		if i > 0 && n == s {
			return ReferenceType(i), true
		}
	}
	return ReferenceUnknown, false
}

// ReferenceTypes lists the names of all types.
func ReferenceTypes() []string { return append([]string(nil), referenceNames[1:]...) }

// IdentityChange is a change of who a customer is.
type IdentityChange uint8

// The identity changes.
const (
	IdentityUnknown IdentityChange = iota
	IdentityLinked
	IdentityMerged
	IdentityErased
	IdentityOptedOut
)

func name(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}
