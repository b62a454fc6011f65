package event

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
)

// Key types of the interactions topic.
const (
	keyConversation = 'v'
	keyCustomer     = 'c'
	keyAgent        = 'a'
	keyReference    = 'r'
)

// Key returns the Kafka key of the event: "tenant/v/conversation", "tenant/c/customer" for events that belong to a customer and name no conversation,
// "tenant/a/agent" for presence, "tenant/r/type" for reference data. Parts are percent-encoded. An event without a key concerns every partition: see [Event.Erases].
func (e *Event) Key() string {
	if e.Erases() {
		return ""
	}
	switch b := e.Body.(type) {
	case Presence:
		return AgentKey(e.Tenant, b.Agent)
	case Reference:
		return typedKey(e.Tenant, keyReference, b.Type.String())
	case Purchase, Engagement, CustomerIdentity:
		if e.Conversation == "" {
			return typedKey(e.Tenant, keyCustomer, e.Customer)
		}
	}
	return ConversationKey(e.Tenant, e.Conversation)
}

// Erases reports whether the event erases its customer, whose conversations may be in any partition.
func (e *Event) Erases() bool {
	b, ok := e.Body.(CustomerIdentity)
	return ok && b.Change == IdentityErased
}

// Erased are the customers that an event which erases is about: the customer, and everybody whom its identities name.
func (e *Event) Erased() []string {
	out := []string{e.Customer}
	for _, i := range e.Body.(CustomerIdentity).Identities {
		if i.Value != "" && !slices.Contains(out, i.Value) {
			out = append(out, i.Value)
		}
	}
	return out
}

// ConversationKey is the key of a conversation's events, and of its signals.
func ConversationKey(tenant, conversation string) string {
	return typedKey(tenant, keyConversation, conversation)
}

// CustomerKey is the key of a customer's facts.
func CustomerKey(tenant, customer string) string { return typedKey(tenant, keyCustomer, customer) }

// AgentKey is the key of an agent's presence, and of the facts about the agent.
func AgentKey(tenant, agent string) string { return typedKey(tenant, keyAgent, agent) }

// IsAgentKey reports whether a key is that of an agent.
func IsAgentKey(key string) bool {
	_, rest, _ := strings.Cut(key, "/")
	return len(rest) > 1 && rest[0] == keyAgent && rest[1] == '/'
}

// Tenant returns the tenant a key belongs to.
func KeyTenant(key string) string {
	t, _, _ := strings.Cut(key, "/")
	return unescape(t)
}

func typedKey(tenant string, typ byte, id string) string {
	var b strings.Builder
	b.Grow(len(tenant) + len(id) + 3)
	escape(&b, tenant)
	b.WriteByte('/')
	b.WriteByte(typ)
	b.WriteByte('/')
	escape(&b, id)
	return b.String()
}

const upperHex = "0123456789ABCDEF"

// escape percent-encodes everything but unreserved characters and ':' and '@', so that '/' always separates parts.
func escape(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~', c == ':', c == '@':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte(upperHex, s[i+1]), strings.IndexByte(upperHex, s[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// DeriveID makes the deterministic event id: the same delivery yields the same id from any replica, without state.
func DeriveID(tenant, connector, account, dedupKey string) string {
	return digest("v1", tenant, connector, account, dedupKey)
}

// OutputID makes the id of an output from its content alone.
func OutputID(parts ...string) string { return digest(parts...) }

// digest returns 26 characters of base32(SHA-256) over the parts, separated so that no two lists collide.
func digest(parts ...string) string {
	var room [256]byte
	b := room[:0]
	for _, p := range parts {
		b = append(append(b, p...), 0x1f)
	}
	sum := sha256.Sum256(b)
	return idEncoding.EncodeToString(sum[:])[:26]
}

func rfc3339(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
