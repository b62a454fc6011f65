package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
)

// MinKeyBytes is the shortest key of a [Pseudonymizer]: phone numbers are few enough to try them all, so all secrecy is the key's.
const MinKeyBytes = 32

// Pseudonymizer replaces references to people by keyed hashes, for one tenant. The zero value is not usable; it is safe for concurrent use.
type Pseudonymizer struct {
	tenant string
	key    []byte
	prefix string
}

// NewPseudonymizer takes a secret of at least [MinKeyBytes] and the version of the key, one character of 0-9 and a-z, which is visible in every pseudonym.
func NewPseudonymizer(tenant string, key []byte, version byte) (Pseudonymizer, error) {
	switch {
	case tenant == "":
		return Pseudonymizer{}, errors.New("pseudonyms need a tenant")
	case len(key) < MinKeyBytes:
		return Pseudonymizer{}, errors.New("the pseudonym key is shorter than 32 bytes: make one with `openssl rand -base64 32`")
	case !(version >= '0' && version <= '9' || version >= 'a' && version <= 'z'):
		return Pseudonymizer{}, errors.New("the version of the pseudonym key must be one character of 0-9 and a-z")
	}
	return Pseudonymizer{tenant, append([]byte(nil), key...), "p" + string(version)}, nil
}

// Hash returns the pseudonym of a value: "p", the key's version and 26 characters of base32(HMAC-SHA256(key, tenant ␟ scope ␟ value)). Equal values have equal
// pseudonyms within one tenant and scope, and nowhere else. The pseudonym of nothing is nothing.
func (p Pseudonymizer) Hash(scope, value string) string {
	if value == "" {
		return ""
	}
	h := hmac.New(sha256.New, p.key)
	h.Write([]byte(p.tenant + "\x1f" + scope + "\x1f" + value))
	return p.prefix + idEncoding.EncodeToString(h.Sum(nil))[:26]
}

// Customer returns the pseudonym of a customer's canonical id. The same id has the same pseudonym through every source of the tenant; e-mail addresses are compared
// without case, phone numbers that begin with + by their digits.
func (p Pseudonymizer) Customer(id string) string { return p.Hash("customer", canonical(id)) }

// identity returns the pseudonym of an identity. Mail addresses, phone numbers and the organisation's own ids mean the same person wherever they appear and are
// hashed like customer ids; other schemes number people anew per vendor, app or page, so scheme and scope are part of the value.
func (p Pseudonymizer) identity(i Identity) string {
	if global(i.Scheme) {
		return p.Customer(i.Value)
	}
	return p.Hash("customer\x1f"+strconv.Itoa(int(i.Scheme))+"\x1f"+i.Scope, canonical(i.Value))
}

// Schemes that mean the same person wherever they appear, as numbered in the proto.
const (
	schemeNotTold  IdentityScheme = 0
	schemeEmail    IdentityScheme = 1
	schemePhone    IdentityScheme = 2
	schemeExternal IdentityScheme = 8
)

func global(s IdentityScheme) bool {
	return s == schemeNotTold || s == schemeEmail || s == schemePhone || s == schemeExternal
}

// isPseudonym reports whether a string has the form of what [Pseudonymizer.Hash] returns.
func isPseudonym(s string) bool {
	if len(s) != 2+26 || s[0] != 'p' || !(s[1] >= '0' && s[1] <= '9' || s[1] >= 'a' && s[1] <= 'z') {
		return false
	}
	return strings.Trim(s[2:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func canonical(id string) string {
	id = strings.TrimSpace(id)
	if strings.Contains(id, "@") {
		return strings.ToLower(id)
	}
	if strings.HasPrefix(id, "+") && strings.Trim(id, "+0123456789 ()-./") == "" {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, id)
	}
	return id
}

// SourceRules says what a tenant has declared about one source. The zero value is the strictest: nothing declared.
type SourceRules struct {
	DeclaredConnector  bool                // the connector is a configured name and is kept
	DeclaredAccount    bool                // the account is a configured name and is kept
	PlainConversations bool                // conversation ids name no person and are kept (never those of threadless conversations)
	Labels             map[string][]string // label → its allowed values; any other label or value is dropped
	Names              []string            // configured names: campaigns, surveys, questions, flows, articles, actions, priorities, models, error codes
	KeepLinks          bool                // links name no person and are kept
	KeepOrderHints     bool                // order hints name no person and are kept
}

// Fields that [Pseudonymise] may drop or hash because nobody declared their value: the closed set of names it returns.
var guardedFields = [...]string{"action", "actor.id", "article_id", "campaign", "connector_version", "content_type", "currency", "error_code", "flow_id", "free_slots",
	"labels", "link", "locale", "order_hint", "priority", "question_id", "sentiment.model", "source.connector", "survey_id", "reference_data.key"}

// GuardedFields lists the names that [Pseudonymise] returns, for metrics that start at zero.
func GuardedFields() []string { return append([]string(nil), guardedFields[:]...) }

// Pseudonymise returns the event as it may enter the log: texts and native strings dropped, every id of a person, conversation, message, call, survey answer, order and delivery
// replaced by a pseudonym, every other free string taken from a closed set, from the tenant's configuration, or replaced as follows.
//
//	tenant, routing, agents and bots            configured names, kept
//	source.connector                            kept when declared or well known, else hashed
//	source.account                              kept when declared, else hashed
//	conversation.id, root_id, merged_into       hashed per source unless the source declares plain ids; always when threadless
//	labels                                      kept when the tenant lists key and value, else dropped
//	content_type, locale, currency, free_slots  kept when known, else "other", "", "XXX", dropped
//	link                                        kept when the source declares it, else dropped
//	order_hint                                  kept up to 6 digits or when the source declares it, else dropped (a hash would not sort)
//	error_code                                  kept up to 6 digits or when configured, else hashed
//	priority                                    kept when configured or a usual word, else hashed
//	survey, question, flow, article, campaign,
//	action, model, connector_version            kept when configured, else hashed: they group as before, under another name
//
// It also completes the event: the id ([DeriveID] over native_event_id, else the sender's event_id, else the content), the customer from the first identity, the
// conversation of a threadless channel from account and customer. ReceivedAt must be set. The second result names the guarded fields that were altered, see
// [GuardedFields]. e is not changed. The only error is an [*Error] about text that is not UTF-8.
func Pseudonymise(e *Event, p Pseudonymizer, s SourceRules) (*Event, []string, error) {
	key, err := dedupKey(e, p)
	if err != nil {
		return nil, nil, err
	}
	h := hider{p: p, s: s, erases: e.Erases(), source: "\x1f" + e.Source.Connector + "\x1f" + e.Source.Account}
	out := *e

	h.hideSource(&out)
	out.ID = DeriveID(e.Tenant, out.Source.Connector, out.Source.Account, key)
	h.hideConversation(&out)
	out.Customer = h.customer(e.Customer)
	out.Identities = h.identities(e.Identities)
	out.Body = h.body(e.Body)
	if out.Customer == "" {
		out.Customer = firstIdentity(out)
	}
	switch {
	case e.Actor == ByCustomer:
		out.ActorID = p.Customer(e.ActorID)
	case e.Actor != ByAgent && e.Actor != ByBot:
		out.ActorID = h.name("actor.id", e.ActorID)
	}
	out.Labels = h.labels(e.Labels)
	if e.Link != "" && !s.KeepLinks {
		out.Link = h.altered("link", "")
	}
	if hint := e.OrderHint; hint != "" && !s.KeepOrderHints && !(len(hint) <= 6 && digits(hint)) {
		out.OrderHint = h.altered("order_hint", "")
	}
	return &out, h.fields, nil
}

// dedupKey returns what makes two deliveries the same event, and hides it: an unkeyed hash of a number can be reversed by trying all numbers.
func dedupKey(e *Event, p Pseudonymizer) (string, error) {
	kind := "\x1f" + e.kind().String() // one vendor delivery may become events of several kinds
	scope := "native\x1f" + e.Source.Connector + "\x1f" + e.Source.Account
	if e.Source.NativeID != "" {
		return p.Hash(scope, e.Source.NativeID) + kind, nil
	}
	if e.ID != "" {
		return p.Hash(scope, e.ID) + kind, nil
	}
	m := e.ToProto()
	m.ReceivedAt, m.Source.DeliveryAttempt, m.Source.ConnectorVersion = nil, 0, ""
	if e.At == 0 && !e.namesItself() {
		// Without id and time nothing tells a repeated delivery from a second event, and losing the event is the worse mistake.
		m.ReceivedAt = stamp(e.ReceivedAt)
	}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return "", &Error{ReasonBadValue, "", "holds text that is not valid UTF-8; convert it at the source"}
	}
	return p.Hash("content", string(content)) + kind, nil
}

// namesItself reports whether the body carries an id under which it happens once.
func (e *Event) namesItself() bool {
	switch e.Body.(type) {
	case Message, MessageState, Call, SurveyRequested, SurveyAnswered, Sentiment, Purchase:
		return true
	}
	return false
}

func (e *Event) kind() Kind {
	if e.Body == nil {
		return KindUnknown
	}
	return e.Body.Kind()
}

// needsConversation reports whether events of this kind belong to a conversation.
func (e *Event) needsConversation() bool {
	switch e.Body.(type) {
	case Purchase, Engagement, Presence, CustomerIdentity, nil:
		return false
	}
	return true
}

func firstIdentity(e Event) string {
	if len(e.Identities) > 0 {
		return e.Identities[0].Value
	}
	if b, ok := e.Body.(CustomerIdentity); ok && len(b.Identities) > 0 {
		return b.Identities[0].Value
	}
	return ""
}
