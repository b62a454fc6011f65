package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest queue, team, agent, survey or other configured name, in characters.
const MaxName = 64

// MaxID is the longest id, in bytes.
const MaxID = 128

// FutureSlack is how far an event may lie after its receipt; what is later is clamped to it, in ms.
const FutureSlack = 2 * 60 * 1000

// ClampFuture moves an event from the future to received_at + FutureSlack and reports whether it had to.
func (e *Event) ClampFuture() bool {
	if limit := e.ReceivedAt + FutureSlack; e.At > limit {
		e.At = limit
		return true
	}
	return false
}

// Validate checks everything the log requires of an event. The first fault is returned as an [*Error] naming the field.
func (e *Event) Validate() error {
	if e.Body == nil {
		return &Error{ReasonUnknownKind, "kind", "set one of message, call, conversation_state, … (see proto/vigia/v1/event.proto)"}
	}
	if err := e.validateEnvelope(); err != nil {
		return err
	}
	return e.validateBody()
}

func (e *Event) validateEnvelope() error {
	switch {
	case e.ID == "":
		return missing("event_id")
	case !validEventID(e.ID):
		return bad("event_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
	case e.Tenant == "":
		return missing("tenant_id")
	case e.Source.Connector == "":
		return missing("source.connector")
	case e.At == 0:
		return missing("occurred_at")
	case e.At < minInstant || e.At > maxInstant:
		return &Error{ReasonBadTime, "occurred_at", "lies before the year 1990 or after 2200: check the unit (seconds or milliseconds) and the time zone at the source"}
	case e.ReceivedAt < minInstant || e.ReceivedAt > maxInstant:
		return &Error{ReasonBadTime, "received_at", "lies before the year 1990 or after 2200"}
	case e.At > e.ReceivedAt+FutureSlack:
		return &Error{ReasonBadTime, "occurred_at", "lies more than 2 min after received_at"}
	case e.Channel == ChannelUnknown || int(e.Channel) >= len(channelNames):
		return bad("channel", "is not one of "+strings.Join(channelNames[1:], ", "))
	case e.Actor == ActorUnknown || int(e.Actor) >= len(actorNames):
		return bad("actor.kind", "is not one of "+strings.Join(actorNames[1:], ", "))
	case !validSlug(e.Source.Connector):
		return bad("source.connector", "must be 1 to 32 characters of a-z, 0-9 and -")
	case len(e.Link) > 512 || e.Link != "" && !strings.HasPrefix(e.Link, "https://"):
		return bad("link", "must be an https link of at most 512 characters")
	case len(e.Labels) > 16:
		return bad("labels", "has more than 16 entries")
	case len(e.OrderHint) > 64:
		return bad("order_hint", "is longer than 64 bytes")
	}
	if err := validName("tenant_id", e.Tenant); err != nil {
		return err
	}
	if err := validRouting("routing", e.Routing); err != nil {
		return err
	}
	for _, l := range e.Labels {
		if err := validName("labels", l.Key); err != nil {
			return err
		}
		if err := validName("labels."+l.Key, l.Value); err != nil {
			return err
		}
	}
	ids := []fieldValue{{"conversation.id", e.Conversation}, {"conversation.root_id", e.Root}, {"customer.id", e.Customer}, {"source.native_event_id", e.Source.NativeID},
		{"source.account", e.Source.Account}, {"source.connector_version", e.Source.Version}, {"actor.id", e.ActorID}, {"order_hint", e.OrderHint}}
	if err := validIDs(ids...); err != nil {
		return err
	}
	if !utf8.ValidString(e.Link) {
		return bad("link", "is not valid UTF-8")
	}
	return validIdentities("customer.identities", e.Identities)
}

// MaxIdentities is how many identities an event may name.
const MaxIdentities = 16

func validIdentities(field string, list []Identity) error {
	if len(list) > MaxIdentities {
		return bad(field, "has more than 16 entries")
	}
	for _, id := range list {
		if err := validIDs(fieldValue{field + ".value", id.Value}, fieldValue{field + ".scope", id.Scope}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Event) validateBody() error {
	needsConversation := true
	switch b := e.Body.(type) {
	case Message:
		if b.ID == "" {
			return missing("message.message_id")
		}
		if b.Direction != Inbound && b.Direction != Outbound {
			return bad("message.direction", "must be inbound or outbound")
		}
		if err := validIDs(fieldValue{"message.message_id", b.ID}, fieldValue{"message.in_reply_to", b.InReplyTo}, fieldValue{"message.locale", b.Locale},
			fieldValue{"message.content_type", b.ContentType}); err != nil {
			return err
		}
		if b.Sentiment != nil {
			if err := validSentiment("message.sentiment", *b.Sentiment); err != nil {
				return err
			}
		}
	case MessageState:
		if b.MessageID == "" {
			return missing("message_state.message_id")
		}
		if b.State == MessageStatusUnknown || b.State > MessageReacted {
			return bad("message_state.state", "is not a state of a message")
		}
		if err := validIDs(fieldValue{"message_state.message_id", b.MessageID}, fieldValue{"message_state.error_code", b.ErrorCode}); err != nil {
			return err
		}
	case ConversationState:
		if b.State == StatusUnknown || b.State > StatusSpam {
			return bad("conversation_state.state", "is not one of "+strings.Join(statusNames[1:], ", "))
		}
		if err := validName("conversation_state.priority", b.Priority); err != nil {
			return err
		}
		if err := validIDs(fieldValue{"conversation_state.merged_into", b.MergedInto}); err != nil {
			return err
		}
	case Assignment:
		if b.Cause > CauseUnassigned {
			return bad("assignment.cause", "is not a cause of an assignment")
		}
		if b.Cause != CauseUnassigned && b.To == (Routing{}) {
			return missing("assignment.to")
		}
		if err := validRouting("assignment.to", b.To); err != nil {
			return err
		}
		if err := validRouting("assignment.from", b.From); err != nil {
			return err
		}
	case Call:
		if b.ID == "" {
			return missing("call.call_id")
		}
		if b.Phase == PhaseUnknown || b.Phase > PhaseFlowOut {
			return bad("call.phase", "is not one of "+strings.Join(phaseNames[1:], ", "))
		}
		if err := validIDs(fieldValue{"call.call_id", b.ID}, fieldValue{"call.leg_id", b.Leg}); err != nil {
			return err
		}
		for _, d := range []struct {
			field string
			ms    int64
		}{{"call.wait", b.Wait}, {"call.ring", b.Ring}, {"call.talk", b.Talk}, {"call.hold", b.Hold}, {"call.wrap_up", b.Wrap}} {
			if d.ms < NotReported || d.ms > maxDuration {
				return bad(d.field, "must be between 0 and 366 days")
			}
		}
	case SurveyRequested:
		if b.Survey == "" {
			return missing("survey_requested.survey_id")
		}
		if err := validIDs(fieldValue{"survey_requested.survey_id", b.Survey}, fieldValue{"survey_requested.request_id", b.Request}); err != nil {
			return err
		}
	case SurveyAnswered:
		switch {
		case b.Survey == "":
			return missing("survey_answered.survey_id")
		case b.Response == "":
			return missing("survey_answered.response_id")
		case b.ScaleMax <= b.ScaleMin:
			return bad("survey_answered.scale_max", "must be above scale_min")
		case b.Score < b.ScaleMin || b.Score > b.ScaleMax:
			return bad("survey_answered.score", "lies outside the scale")
		}
		if err := validIDs(fieldValue{"survey_answered.survey_id", b.Survey}, fieldValue{"survey_answered.response_id", b.Response}, fieldValue{"survey_answered.request_id", b.Request},
			fieldValue{"survey_answered.question_id", b.Question}); err != nil {
			return err
		}
	case Sentiment:
		if b.Subject == "" {
			return missing("sentiment.subject_id")
		}
		if err := validSentiment("sentiment", b); err != nil {
			return err
		}
	case Purchase:
		needsConversation = false
		switch {
		case b.Type == 0 || b.Type > 5:
			return bad("purchase.type", "is not a type of purchase")
		case b.Order == "":
			return missing("purchase.order_id")
		case len(b.Currency) != 3 || strings.Trim(b.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
			return bad("purchase.currency", "must be three capital letters (ISO 4217)")
		case b.MinorDigits > 8:
			return bad("purchase.minor_digits", "must be at most 8")
		}
		if err := validIDs(fieldValue{"purchase.order_id", b.Order}, fieldValue{"purchase.attributed_campaign", b.Campaign}); err != nil {
			return err
		}
	case SelfService:
		if b.Outcome == SelfServiceUnknown || b.Outcome > SelfServiceConfirmed {
			return bad("self_service.outcome", "is not an outcome of self-service")
		}
		if err := validIDs(fieldValue{"self_service.flow_id", b.Flow}, fieldValue{"self_service.article_id", b.Article}); err != nil {
			return err
		}
	case Engagement:
		needsConversation = false
		if err := validIDs(fieldValue{"engagement.action", b.Action}, fieldValue{"engagement.campaign", b.Campaign}); err != nil {
			return err
		}
	case Presence:
		if b.Agent == "" {
			return missing("agent_presence.agent_id")
		}
		if len(b.Slots) > len(channelNames) {
			return bad("agent_presence.free_slots", "has more entries than there are channels")
		}
		for _, s := range b.Slots {
			if err := validName("agent_presence.free_slots", s.Channel); err != nil {
				return err
			}
		}
		return validName("agent_presence.agent_id", b.Agent)
	case Reference:
		return validReference(b)
	case CustomerIdentity:
		needsConversation = false
		if b.Change == IdentityUnknown || b.Change > IdentityOptedOut {
			return bad("customer_identity.change", "is not a change of identity")
		}
		if b.Change == IdentityMerged && b.Survivor == "" {
			return missing("customer_identity.survivor_customer_id")
		}
		if e.Erases() && e.Customer == "" {
			return missing("customer.id")
		}
		if err := validIDs(fieldValue{"customer_identity.survivor_customer_id", b.Survivor}); err != nil {
			return err
		}
		if err := validIdentities("customer_identity.identities", b.Identities); err != nil {
			return err
		}
	}
	if needsConversation && e.Conversation == "" {
		return missing("conversation.id")
	}
	if !needsConversation && e.Conversation == "" && e.Customer == "" {
		return missing("customer.id")
	}
	return nil
}

func validReference(b Reference) error {
	currency := func(field, code string) error {
		if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return bad("reference_data."+field, "must be three capital letters (ISO 4217)")
		}
		return nil
	}
	if b.Value < 0 {
		return bad("reference_data.value", "must be from 0 to 9e9")
	}
	switch b.Type {
	case CustomerBase, AcquisitionCost:
		if b.Key != "" {
			return bad("reference_data.key", "must be empty for a "+b.Type.String())
		}
	case ChannelCost:
		if _, ok := ParseChannel(b.Key); !ok {
			return bad("reference_data.key", "is not one of "+strings.Join(channelNames[1:], ", "))
		}
	case ExchangeRate:
		if b.Value == 0 {
			return bad("reference_data.value", "of an exchange rate must be above 0")
		}
		if err := currency("key", b.Key); err != nil {
			return err
		}
	case EventMarker:
		if !markers[b.Key] {
			return bad("reference_data.key", "is not one of "+strings.Join(slices.Sorted(maps.Keys(markers)), ", "))
		}
	default:
		return bad("reference_data.kind", "is not one of "+strings.Join(referenceNames[1:], ", "))
	}
	if b.Type == AcquisitionCost || b.Type == ChannelCost || b.Type == ExchangeRate {
		return currency("currency", b.Currency)
	}
	if b.Currency != "" {
		return bad("reference_data.currency", "must be empty for a "+b.Type.String())
	}
	return nil
}

type fieldValue struct{ field, value string }

func validIDs(ids ...fieldValue) error {
	for _, id := range ids {
		if len(id.value) > MaxID {
			return bad(id.field, fmt.Sprintf("is longer than %d bytes", MaxID))
		}
		if !utf8.ValidString(id.value) {
			return bad(id.field, "is not valid UTF-8")
		}
	}
	return nil
}

func validSentiment(field string, s Sentiment) error {
	if s.Polarity < -1e6 || s.Polarity > 1e6 {
		return bad(field+".polarity", "must be a finite number from -1 to 1")
	}
	if s.Confidence < 0 || s.Confidence > 1e6 {
		return bad(field+".confidence", "must be a finite number from 0 to 1")
	}
	if t := s.Tone; t != nil && (t.Frustration < 0 || t.Frustration > 1e6 || t.Urgency < 0 || t.Urgency > 1e6) {
		return bad(field+".tone", "frustration and urgency must be finite numbers from 0 to 1")
	}
	return validIDs(fieldValue{field + ".subject_id", s.Subject}, fieldValue{field + ".model", s.Model})
}

func validRouting(field string, r Routing) error {
	for _, f := range []fieldValue{{".queue_id", r.Queue}, {".team_id", r.Team}, {".agent_id", r.Agent}, {".bot_id", r.Bot}, {".inbox_id", r.Inbox}} {
		if validName("", f.value) != nil {
			return validName(field+f.field, f.value)
		}
	}
	return nil
}

// validName accepts any script: names of queues are shown to people as they are. Control and format characters are refused, for they hide text.
func validName(field, s string) error {
	if s == "" {
		return nil
	}
	if !utf8.ValidString(s) {
		return bad(field, "is not valid UTF-8")
	}
	if utf8.RuneCountInString(s) > MaxName {
		return bad(field, fmt.Sprintf("is longer than %d characters", MaxName))
	}
	for _, r := range s {
		// Zero-width joiners are part of Indic and Persian spelling.
		if r == '\u200c' || r == '\u200d' {
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return bad(field, fmt.Sprintf("contains the character U+%04X, which cannot be shown", r))
		}
	}
	return nil
}

func validEventID(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func validSlug(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

func missing(field string) error { return &Error{ReasonMissingField, field, "is required"} }

func bad(field, detail string) error { return &Error{ReasonBadValue, field, detail} }
