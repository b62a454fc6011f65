// Package eventtest makes events for tests: any valid event ([Draw]), and events with personal data in every string of the schema ([Plant]).
package eventtest

import (
	"net/url"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/vigia-cx/vigia/internal/event"
	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

// Secrets are values that must never pass ingest: phone numbers, names, card numbers and mail addresses as people write them.
func Secrets() []string {
	return []string{"+5215512345678", "5215512345678", "+52 1 55 1234 5678", "María Gómez Ibarra", "MARIA_GOMEZ", "maria-gomez", "4111111111111111", "4111 1111 1111 1111",
		"378282246310005", "maria.gomez@example.com", "wamid.NTIxNTUxMjM0NTY3OA=="}
}

// Planted is one event with a secret in every string that a source may fill freely.
type Planted struct {
	Kind  string // field of the oneof: "message", "call", …
	Event *event.Event
	Proto []byte // vigia.v1.Event on the wire
	JSON  []byte // and in the JSON mapping
}

// configured are the strings that are configured names by definition: they are shown to people as they are.
var configured = map[protoreflect.FullName]string{
	"vigia.v1.Event.tenant_id":        "",
	"vigia.v1.Routing.queue_id":       "Ventas",
	"vigia.v1.Routing.team_id":        "Norte",
	"vigia.v1.Routing.agent_id":       "agent-7",
	"vigia.v1.Routing.bot_id":         "bot-1",
	"vigia.v1.Routing.inbox_id":       "inbox-1",
	"vigia.v1.AgentPresence.agent_id": "agent-7",
	"vigia.v1.Purchase.currency":      "MXN", // three capital letters, or the event is refused
}

// Plant returns one event of every kind, each with the secret in every string field, list and map of the schema, found by reflection, so that a field added later is
// covered. The events are valid and happened at the given instant (Unix ms).
func Plant(secret string, at int64) []Planted {
	oneof := (*vigiav1.Event)(nil).ProtoReflect().Descriptor().Oneofs().ByName("kind")
	var out []Planted
	for i := range oneof.Fields().Len() {
		kind := oneof.Fields().Get(i)
		m := &vigiav1.Event{}
		fill(m.ProtoReflect(), secret, at, kind)
		fit(m, secret)
		e, err := event.FromProto(m)
		if err != nil {
			panic("eventtest: the planted " + string(kind.Name()) + " is not an event: " + err.Error())
		}
		wire, err := proto.Marshal(m)
		if err != nil {
			panic(err)
		}
		text, err := protojson.Marshal(m)
		if err != nil {
			panic(err)
		}
		out = append(out, Planted{string(kind.Name()), e, wire, text})
	}
	return out
}

// fit repairs what would have the event refused before its secrets could be seen.
func fit(m *vigiav1.Event, secret string) {
	m.Actor.Kind = vigiav1.Actor_KIND_CUSTOMER
	m.Link = "https://crm.example/" + url.PathEscape(secret)
	m.Source.Connector = slug(secret)
	m.OccurredQuality = vigiav1.TimeQuality_TIME_QUALITY_SOURCE_SECOND
	if a := m.GetSurveyAnswered(); a != nil {
		a.Score, a.ScaleMin, a.ScaleMax = 4, 1, 5
	}
}

// slug writes the secret as far as a connector's name can hold it.
func slug(secret string) string {
	s := strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r == ' ' || r == '.' || r == '_':
			return '-'
		}
		return -1
	}, secret)
	return s[:min(len(s), 32)]
}

func fill(m protoreflect.Message, secret string, at int64, kind protoreflect.FieldDescriptor) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.ContainingOneof() != nil && fd != kind {
			continue
		}
		switch {
		case fd.IsMap():
			m.Mutable(fd).Map().Set(protoreflect.ValueOfString(secret).MapKey(), scalar(fd.MapValue(), secret))
		case fd.IsList():
			list := m.Mutable(fd).List()
			element := list.NewElement()
			fill(element.Message(), secret, at, nil)
			list.Append(element)
		case fd.Kind() == protoreflect.MessageKind:
			switch fd.Message().FullName() {
			case "google.protobuf.Timestamp":
				m.Set(fd, protoreflect.ValueOfMessage((&timestamppb.Timestamp{Seconds: at / 1000, Nanos: int32(at%1000) * 1e6}).ProtoReflect()))
			case "google.protobuf.Duration":
				m.Set(fd, protoreflect.ValueOfMessage((&durationpb.Duration{Seconds: 3}).ProtoReflect()))
			default:
				fill(m.Mutable(fd).Message(), secret, at, nil)
			}
		default:
			if name, ok := configured[fd.FullName()]; ok {
				m.Set(fd, protoreflect.ValueOfString(name))
			} else {
				m.Set(fd, scalar(fd, secret))
			}
		}
	}
}

func scalar(fd protoreflect.FieldDescriptor, secret string) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(secret)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(1)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.5)
	default:
		return fd.Default()
	}
}

// Leak returns the first piece of the secret that the bytes contain in any spelling that the engine uses (as it is, percent-encoded, digits alone, single words), or "".
func Leak(where []byte, secret string) string {
	text := strings.ToLower(string(where))
	var number strings.Builder
	for _, r := range secret {
		if r >= '0' && r <= '9' {
			number.WriteRune(r)
		}
	}
	pieces := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), slug(secret)}
	if number.Len() >= 7 {
		pieces = append(pieces, number.String())
	}
	for _, word := range strings.FieldsFunc(secret, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(word) >= 5 && word != "example" {
			pieces = append(pieces, word)
		}
	}
	for _, piece := range pieces {
		if strings.Contains(text, strings.ToLower(piece)) {
			return piece
		}
	}
	return ""
}
