package event

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// hider applies the rules of one source to one event and remembers which guarded fields it altered.
type hider struct {
	p          Pseudonymizer
	s          SourceRules
	source     string // makes scopes per source
	threadless bool
	erases     bool
	fields     []string
}

// customer hides a customer's id. Whoever erases may know a person by the pseudonym alone.
func (h *hider) customer(id string) string {
	if h.erases && isPseudonym(id) {
		return id
	}
	return h.p.Customer(id)
}

func (h *hider) altered(field, value string) string {
	h.fields = append(h.fields, field)
	return value
}

func (h *hider) id(scope, value string) string { return h.p.Hash(scope+h.source, value) }

func (h *hider) name(field, value string) string {
	if value == "" || slices.Contains(h.s.Names, value) {
		return value
	}
	return h.altered(field, h.p.Hash("name", value))
}

func (h *hider) hideSource(e *Event) {
	src := &e.Source
	switch {
	case src.NativeID != "" || e.ID != "":
		if src.Basis == BasisUnknown {
			src.Basis = BasisEventID
		}
	default:
		src.Basis = BasisContent
	}
	src.NativeID = h.id("native", src.NativeID)
	if !h.s.DeclaredAccount {
		src.Account = h.p.Hash("account\x1f"+src.Connector, src.Account)
	}
	// What is no connector name at all is left for Validate to refuse.
	if !h.s.DeclaredConnector && !connectors[src.Connector] && validSlug(src.Connector) {
		src.Connector = h.altered("source.connector", strings.ToLower(h.p.Hash("connector", src.Connector)))
	}
	src.Version = h.name("connector_version", src.Version)
}

func (h *hider) hideConversation(e *Event) {
	raw := e.Conversation
	if raw == "" && e.needsConversation() && (e.Threadless || threadlessChannel(e.Channel)) {
		who := canonical(e.Customer)
		if who == "" && len(e.Identities) > 0 {
			who = canonical(e.Identities[0].Value)
		}
		if who != "" {
			// The form that senders use who name the conversation themselves.
			_, account, _ := strings.Cut(h.source[1:], "\x1f")
			raw, e.Threadless = account+"/"+who, true
		}
	}
	h.threadless = e.Threadless
	e.Conversation = h.conversation(raw)
	e.Root = h.conversation(e.Root)
}

// conversation hides the id of a conversation. Those of threadless channels contain the customer, whatever was declared.
func (h *hider) conversation(id string) string {
	if h.s.PlainConversations && !h.threadless {
		return id
	}
	return h.id("conversation", id)
}

func threadlessChannel(c Channel) bool {
	return c == WhatsApp || c == Messenger || c == Instagram || c == Telegram || c == SMS
}

func (h *hider) identities(in []Identity) []Identity {
	var out []Identity
	for _, i := range in {
		value := h.p.identity(i)
		if h.erases && isPseudonym(i.Value) {
			value = i.Value
		}
		out = append(out, Identity{i.Scheme, value, h.id("scope", i.Scope)})
	}
	return out
}

func (h *hider) labels(in []Label) []Label {
	var out []Label
	for _, l := range in {
		if slices.Contains(h.s.Labels[l.Key], l.Value) {
			out = append(out, l)
		} else {
			h.altered("labels", "")
		}
	}
	return out
}

func (h *hider) sentiment(s Sentiment) Sentiment {
	s.Subject, s.Model = h.id("message", s.Subject), h.name("sentiment.model", s.Model)
	return s
}

func (h *hider) message(b Message) Message {
	if b.TextChars == 0 {
		b.TextChars = uint32(min(utf8.RuneCountInString(b.Text), 1<<31))
	}
	b.Text = ""
	b.ID, b.InReplyTo = h.id("message", b.ID), h.id("message", b.InReplyTo)
	if b.ContentType != "" && !contentTypes[b.ContentType] {
		b.ContentType = h.altered("content_type", "other")
	}
	if locale := knownLocale(b.Locale); b.Locale != "" && locale == "" {
		b.Locale = h.altered("locale", "")
	} else {
		b.Locale = locale
	}
	if b.Sentiment != nil {
		s := h.sentiment(*b.Sentiment)
		b.Sentiment = &s
	}
	return b
}

func (h *hider) body(body Body) Body {
	switch b := body.(type) {
	case Message:
		return h.message(b)
	case MessageState:
		b.MessageID = h.id("message", b.MessageID)
		if !(len(b.ErrorCode) <= 6 && digits(b.ErrorCode)) {
			b.ErrorCode = h.name("error_code", b.ErrorCode)
		}
		return b
	case ConversationState:
		b.Native, b.PreviousNative = "", ""
		b.MergedInto = h.conversation(b.MergedInto)
		if !priorities[strings.ToLower(b.Priority)] {
			b.Priority = h.name("priority", b.Priority)
		}
		return b
	case Call:
		b.ID, b.Leg, b.NativeCause = h.id("call", b.ID), h.id("call", b.Leg), ""
		return b
	case SurveyRequested:
		// A request is a message on most channels: receipts for it name the same id.
		b.Survey, b.Request = h.name("survey_id", b.Survey), h.id("message", b.Request)
		return b
	case SurveyAnswered:
		b.Survey, b.Question, b.Comment = h.name("survey_id", b.Survey), h.name("question_id", b.Question), ""
		b.Response, b.Request = h.id("survey", b.Response), h.id("message", b.Request)
		return b
	case Sentiment:
		return h.sentiment(b)
	case Purchase:
		b.Order, b.Campaign = h.id("order", b.Order), h.name("campaign", b.Campaign)
		if b.Currency != "" && !knownCurrency(b.Currency) {
			b.Currency = h.altered("currency", "XXX") // ISO 4217: no currency
		}
		return b
	case SelfService:
		b.Flow, b.Article = h.name("flow_id", b.Flow), h.name("article_id", b.Article)
		return b
	case Engagement:
		b.Action, b.Campaign = h.name("action", b.Action), h.name("campaign", b.Campaign)
		return b
	case Presence:
		b.Native = ""
		b.Slots = h.slots(b.Slots)
		return b
	case Reference:
		return h.reference(b)
	case CustomerIdentity:
		b.Identities, b.Survivor = h.identities(b.Identities), h.p.Customer(b.Survivor)
		return b
	}
	return body
}

// reference keeps what comes from closed sets alone.
func (h *hider) reference(b Reference) Reference {
	known, instead := b.Key == "", ""
	switch b.Type {
	case ChannelCost:
		_, known = ParseChannel(b.Key)
		instead = channelNames[Other]
	case ExchangeRate:
		known, instead = knownCurrency(b.Key), "XXX"
	case EventMarker:
		known, instead = markers[b.Key], "other"
	}
	if !known {
		b.Key = h.altered("reference_data.key", instead)
	}
	switch {
	case b.Currency == "" || knownCurrency(b.Currency):
	case b.Type == CustomerBase || b.Type == EventMarker:
		b.Currency = h.altered("currency", "")
	default:
		b.Currency = h.altered("currency", "XXX")
	}
	return b
}

func (h *hider) slots(in []Slot) []Slot {
	var out []Slot
	for _, s := range in {
		if _, ok := ParseChannel(s.Channel); ok {
			out = append(out, s)
		} else {
			h.altered("free_slots", "")
		}
	}
	return out
}
