package eventtest

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
)

// Draw returns any valid event as it stands in the log.
func Draw(t *rapid.T) *event.Event {
	received := rapid.Int64Range(946684800000, 4102444800000).Draw(t, "received_at")
	e := &event.Event{
		ID: rapid.StringMatching(`[A-Z2-7]{26}`).Draw(t, "id"), Tenant: word(t, "tenant"), At: received - rapid.Int64Range(-event.FutureSlack, 1000).Draw(t, "delay"),
		ReceivedAt: received, Quality: event.TimeQuality(small(t, "quality", 4)), Conversation: word(t, "conversation"), Threadless: rapid.Bool().Draw(t, "threadless"),
		Root: maybe(t, "root"), Customer: word(t, "customer"), Identities: identities(t), Actor: event.ActorKind(1 + small(t, "actor", 4)), ActorID: maybe(t, "actor id"),
		Channel: event.Channel(1 + small(t, "channel", 15)), Routing: routing(t), OrderHint: maybe(t, "order hint"),
		Source: event.Source{Connector: rapid.StringMatching(`[a-z0-9-]{1,32}`).Draw(t, "connector"), Account: maybe(t, "account"), NativeID: maybe(t, "native id"),
			Basis: event.DedupBasis(small(t, "basis", 4)), Attempt: uint32(small(t, "attempt", 200)), Version: maybe(t, "version")},
		Body: body(t),
	}
	if e.At < 946684800000 {
		e.At = received
	}
	for _, k := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,8}`), 0, 4, rapid.ID[string]).Draw(t, "labels") {
		e.Labels = append(e.Labels, event.Label{Key: k, Value: maybe(t, "label")})
	}
	slices.SortFunc(e.Labels, func(a, b event.Label) int { return strings.Compare(a.Key, b.Key) })
	if rapid.Bool().Draw(t, "has link") {
		e.Link = "https://crm.example/" + maybe(t, "link")
	}
	return e
}

func small(t *rapid.T, label string, hi uint8) uint8 { return rapid.Uint8Range(0, hi).Draw(t, label) }

// word is a name of some script.
func word(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"a", "Ventas Norte", "línea 1/b", "поддержка", "大阪", "मदद", "%2F", "p1ABCDEFGHIJKLMNOPQRSTUVWXYZ"}).Draw(t, label)
}

func maybe(t *rapid.T, label string) string {
	if rapid.Bool().Draw(t, label+"?") {
		return word(t, label)
	}
	return ""
}

func routing(t *rapid.T) event.Routing {
	return event.Routing{Queue: maybe(t, "queue"), Team: maybe(t, "team"), Agent: maybe(t, "agent"), Bot: maybe(t, "bot"), Inbox: maybe(t, "inbox")}
}

func identities(t *rapid.T) []event.Identity {
	var out []event.Identity
	for range rapid.IntRange(0, 3).Draw(t, "identities") {
		out = append(out, event.Identity{Scheme: event.IdentityScheme(small(t, "scheme", 9)), Value: maybe(t, "value"), Scope: maybe(t, "scope")})
	}
	return out
}

func span(t *rapid.T, label string) int64 {
	return rapid.Int64Range(-1, 366*86400*1000-1).Draw(t, label)
}

func sentiment(t *rapid.T) event.Sentiment {
	s := event.Sentiment{Subject: word(t, "subject"), Polarity: rapid.Int64Range(-1e6, 1e6).Draw(t, "polarity"), Confidence: rapid.Int64Range(0, 1e6).Draw(t, "confidence"),
		Model: maybe(t, "model"), Partial: rapid.Bool().Draw(t, "partial")}
	if rapid.Bool().Draw(t, "toned") {
		s.Tone = &event.Tone{Frustration: rapid.Int64Range(0, 1e6).Draw(t, "frustration"), Urgency: rapid.Int64Range(0, 1e6).Draw(t, "urgency")}
	}
	return s
}

func body(t *rapid.T) event.Body {
	flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
	switch event.Kind(1 + small(t, "kind", 13)) {
	case event.KindMessage:
		m := event.Message{ID: word(t, "message id"), Direction: event.Direction(1 + small(t, "direction", 1)), Internal: flag("internal"), ContentType: maybe(t, "content type"),
			TextChars: rapid.Uint32().Draw(t, "chars"), Locale: maybe(t, "locale"), InReplyTo: maybe(t, "reply"), Automated: flag("automated"), Receipt: flag("receipt")}
		if flag("scored") {
			s := sentiment(t)
			m.Sentiment = &s
		}
		return m
	case event.KindMessageState:
		s := event.MessageState{MessageID: word(t, "message id"), State: event.MessageStatus(1 + small(t, "state", 7)), ErrorCode: maybe(t, "code")}
		if flag("watermark") {
			s.Watermark = rapid.Int64Range(946684800000, 4102444800000).Draw(t, "watermark at")
		}
		return s
	case event.KindConversationState:
		return event.ConversationState{State: event.ConversationStatus(1 + small(t, "state", 9)), MergedInto: maybe(t, "into"), Priority: maybe(t, "priority"),
			StartedByBusiness: flag("business")}
	case event.KindAssignment:
		to := routing(t)
		to.Queue = word(t, "queue")
		return event.Assignment{From: routing(t), To: to, Cause: event.AssignmentCause(small(t, "cause", 6))}
	case event.KindCall:
		return event.Call{ID: word(t, "call"), Leg: maybe(t, "leg"), Phase: event.CallPhase(1 + small(t, "phase", 13)), Direction: event.Direction(small(t, "direction", 2)),
			Wait: span(t, "wait"), Ring: span(t, "ring"), Talk: span(t, "talk"), Hold: span(t, "hold"), Wrap: span(t, "wrap"), EndedBy: event.EndedBy(small(t, "by", 4)),
			QueuePosition: rapid.Uint32().Draw(t, "position")}
	case event.KindSurveyRequested:
		return event.SurveyRequested{Survey: word(t, "survey"), Request: maybe(t, "request"), Instrument: event.Instrument(small(t, "instrument", 5)), Displayed: flag("displayed")}
	case event.KindSurveyAnswered:
		return event.SurveyAnswered{Survey: word(t, "survey"), Response: word(t, "response"), Request: maybe(t, "request"), Question: maybe(t, "question"),
			Instrument: event.Instrument(small(t, "instrument", 5)), Score: rapid.Int64Range(0, 10e6).Draw(t, "score"), ScaleMax: 10e6,
			Revision: rapid.Uint64().Draw(t, "revision"), Final: flag("final")}
	case event.KindSentiment:
		return sentiment(t)
	case event.KindPurchase:
		return event.Purchase{Type: event.PurchaseType(1 + small(t, "type", 4)), Order: word(t, "order"), AmountMinor: rapid.Int64().Draw(t, "amount"), Currency: "MXN",
			MinorDigits: uint32(small(t, "digits", 8)), Campaign: maybe(t, "campaign")}
	case event.KindSelfService:
		return event.SelfService{Outcome: event.SelfServiceOutcome(1 + small(t, "outcome", 5)), Flow: maybe(t, "flow"), Article: maybe(t, "article")}
	case event.KindEngagement:
		return event.Engagement{Action: maybe(t, "action"), Campaign: maybe(t, "campaign")}
	case event.KindPresence:
		p := event.Presence{Agent: word(t, "agent"), Available: flag("available")}
		for _, c := range rapid.SliceOfNDistinct(rapid.SampledFrom(event.Channels()), 0, 3, rapid.ID[string]).Draw(t, "slots") {
			p.Slots = append(p.Slots, event.Slot{Channel: c, Free: uint32(small(t, "free", 9))})
		}
		slices.SortFunc(p.Slots, func(a, b event.Slot) int { return strings.Compare(a.Channel, b.Channel) })
		return p
	case event.KindReference:
		return rapid.SampledFrom([]event.Reference{
			{Type: event.CustomerBase, Value: 120_000_000e9}, {Type: event.AcquisitionCost, Value: 12_345_678_901, Currency: "EUR"},
			{Type: event.ChannelCost, Key: "whatsapp", Value: 1, Currency: "BRL"}, {Type: event.ExchangeRate, Key: "COP", Value: 245_000, Currency: "USD"},
			{Type: event.EventMarker, Key: "bot"},
		}).Draw(t, "reference")
	default:
		return event.CustomerIdentity{Change: event.IdentityChange(1 + small(t, "change", 3)), Identities: identities(t), Survivor: word(t, "survivor")}
	}
}
