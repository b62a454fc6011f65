package event

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// agree holds the direct reader against the protobuf library: what it takes must be the same to the last field.
func agree(t interface{ Fatalf(string, ...any) }, value []byte) (taken bool) {
	got, ok := read(value, &Decoder{names: map[string]string{}})
	if !ok {
		return false
	}
	want, err := decode(value)
	if e, isEvent := got.Body.(*Event); isEvent && err != nil && e.Validate() != nil {
		return true // both refuse it, by the same rule
	}
	if err != nil {
		t.Fatalf("taken, but protobuf refuses it: %v\n%x", err, value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("read otherwise than protobuf reads it (-protobuf +direct):\n%s\n%x", diff, value)
	}
	return true
}

// records are values of every kind that the direct reader takes, each field set.
func records(t testing.TB) [][]byte {
	t.Helper()
	seq := &Seq{Topic: "vigia.interactions", Partition: 3, LogLineage: 7, Offset: 99, Step: 1, Index: 2, Prev: PrevSeq{Offset: -1, Step: 2, Index: 1, Restart: true}}
	message := &Event{ID: "A", Tenant: "acme", At: 1767225600123, Quality: QualitySubsecond, ReceivedAt: 1767225601000,
		Source:       Source{Connector: "whatsapp", Account: "main", NativeID: "p1N", Basis: BasisEventID, Attempt: 2, Version: "1"},
		Conversation: "p1V", Threadless: true, Root: "r", Customer: "p1C", Actor: ByCustomer, ActorID: "p1C", Channel: WhatsApp,
		Routing: Routing{"Ventas", "Norte", "a7", "b", "i"}, OrderHint: "12", Link: "https://x",
		Body: Message{ID: "p1M", Direction: Inbound, Internal: true, ContentType: "text", TextChars: 11, Locale: "es-MX", InReplyTo: "m", Automated: true, Receipt: true,
			Sentiment: &Sentiment{Subject: "s", Polarity: -500000, Confidence: 900000, Model: "lexicon-1", Partial: true}}}
	with := func(b Body) *Event {
		e := *message
		e.Body = b
		return &e
	}
	var values [][]byte
	for _, r := range []Record{
		{Body: message},
		{Body: with(Call{ID: "c", Leg: "l", Phase: PhaseAnswered, Direction: Inbound, Wait: 1500, Ring: 0, Talk: NotReported, Hold: 7, Wrap: 9, EndedBy: 2, QueuePosition: 3})},
		{Body: with(ConversationState{State: StatusResolved, MergedInto: "x", Priority: "high", StartedByBusiness: true})},
		{Body: with(Assignment{From: Routing{Queue: "a"}, To: Routing{Team: "b"}, Cause: 2})},
		{Body: Tick{At: 1767225600000}},
		{Body: Watermark{Partition: 5, At: 9}, Seq: seq, OutputID: "X"},
		{Body: Fact{Tenant: "acme", Customer: "c", Subject: "s", Revision: 2, Retracted: true, Channel: Voice, Queue: "q", StartedAt: 1, ActiveAt: []int64{1, 1 << 40}, Open: true, EndedAt: 8, Team: "t", Agent: "a",
			Topic: "billing", Complexity: 2, ResolvedAt: 7, Reopened: true, Transferred: true, Agents: 2, PeopleAt: 5, Bot: true, Inbound: true, Contained: true, Confirmed: true,
			Answers:    []Answer{{At: 9, Instrument: NPS, Score: 9_000_000, ScaleMax: 10_000_000}, {At: 10, Instrument: CES, Score: 1_000_000, ScaleMin: 1_000_000, ScaleMax: 7_000_000}},
			PromptedAt: []int64{6, 8}, Mood: -450_000, MoodAt: 4, AbandonedAt: 3, Broken: true, Exchanges: []Exchange{{1, 2, 3, 4}, {From: 5, To: 5}},
			Sales: []Sale{{At: 5, Type: Ordered, Order: 1 << 63, Amount: 12_500_000, Currency: 484}, {At: 6, Type: Refunded, Order: 2, Currency: NoCurrency}}},
			Seq: seq, OutputID: "X"},
	} {
		value := Encode(r)
		if !agree(t, value) {
			t.Errorf("%T is left to protobuf: %x", r.Body, value)
		}
		values = append(values, value)
	}
	file, err := os.ReadFile("testdata/message.hex")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := hex.DecodeString(strings.TrimSpace(string(file)))
	if err != nil {
		t.Fatal(err)
	}
	return append(values, golden)
}

// TestDecodersAgree changes, cuts and joins real records: whatever the direct reader takes, it must read as protobuf does.
func TestDecodersAgree(t *testing.T) {
	values := records(t)
	rapid.Check(t, func(t *rapid.T) {
		value := append([]byte(nil), rapid.SampledFrom(values).Draw(t, "value")...)
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(value)).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				if at < len(value) {
					value[at] = rapid.Byte().Draw(t, "byte")
				}
			case 1:
				value = value[:at]
			case 2:
				value = append(value, value[at:]...)
			default:
				value = append(value, rapid.SampledFrom(values).Draw(t, "other")...)
			}
			if len(value) == 0 {
				return
			}
		}
		agree(t, value)
	})
}

func FuzzDecodersAgree(f *testing.F) {
	for _, value := range records(f) {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) { agree(t, value) })
}

func BenchmarkDecoders(b *testing.B) {
	file, err := os.ReadFile("testdata/message.hex")
	if err != nil {
		b.Fatal(err)
	}
	value, err := hex.DecodeString(strings.TrimSpace(string(file)))
	if err != nil {
		b.Fatal(err)
	}
	r, err := decode(value)
	if err != nil {
		b.Fatal(err)
	}
	e := r.Body.(*Event)
	e.Labels, e.Identities = nil, nil
	value = Encode(r)
	for _, c := range []struct {
		name   string
		decode func([]byte) (Record, error)
	}{{"direct", new(Decoder).Decode}, {"protobuf", decode}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.decode(value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
