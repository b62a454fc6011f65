package event_test

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

const planted = 1767225600000

func pseudonymizer(t testing.TB, tenant string) event.Pseudonymizer {
	t.Helper()
	p, err := event.NewPseudonymizer(tenant, bytes.Repeat([]byte{7}, 32), '1')
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hide(t testing.TB, e *event.Event, s event.SourceRules) *event.Event {
	t.Helper()
	out, _, err := event.Pseudonymise(e, pseudonymizer(t, "acme"), s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNewPseudonymizer(t *testing.T) {
	key := make([]byte, 32)
	for _, c := range []struct {
		name, tenant string
		key          []byte
		version      byte
		ok           bool
	}{{"good", "acme", key, '1', true}, {"no tenant", "", key, '1', false}, {"short key", "acme", key[1:], '1', false}, {"version", "acme", key, '-', false}} {
		if _, err := event.NewPseudonymizer(c.tenant, c.key, c.version); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestHash(t *testing.T) {
	p := pseudonymizer(t, "acme")
	if got := p.Hash("customer", "x"); !regexp.MustCompile(`^p1[A-Z2-7]{26}$`).MatchString(got) {
		t.Errorf("%q is not p1 and 26 characters", got)
	}
	if p.Hash("customer", "") != "" {
		t.Error("nothing has a pseudonym")
	}
	// A change here unlinks everything that was ever stored.
	if got, want := p.Hash("customer", "5215512345678"), "p1RBUVB4INW3OQZREYECWGMFJC65"; got != want {
		t.Errorf("the pseudonym became %s, was %s", got, want)
	}
	other := pseudonymizer(t, "other")
	if p.Hash("customer", "x") == other.Hash("customer", "x") || p.Hash("customer", "x") == p.Hash("order", "x") {
		t.Error("pseudonyms of different tenants or scopes are equal")
	}
}

// TestNothingPersonalIsLeft plants secrets in every string of the schema.
func TestNothingPersonalIsLeft(t *testing.T) {
	p := pseudonymizer(t, "acme")
	for _, secret := range eventtest.Secrets() {
		for _, plant := range eventtest.Plant(secret, planted) {
			e := plant.Event
			e.Tenant, e.ReceivedAt = "acme", planted
			out, _, err := event.Pseudonymise(e, p, event.SourceRules{})
			if err != nil {
				t.Errorf("%s: %v", plant.Kind, err)
				continue
			}
			if err := out.Validate(); err != nil {
				t.Errorf("%s with %q: %v", plant.Kind, secret, err)
				continue
			}
			bytes := event.Encode(event.Record{Body: out})
			bytes = append(bytes, out.Key()...)
			for _, h := range out.Headers() {
				bytes = append(bytes, h.Value...)
			}
			if leak := eventtest.Leak(bytes, secret); leak != "" {
				t.Errorf("%s: %q is left of %q in %+v", plant.Kind, leak, secret, out)
			}
			if out.Routing != e.Routing || out.Routing.Queue == "" {
				t.Errorf("%s: configured names became %+v", plant.Kind, out.Routing)
			}
		}
	}
}

// TestDeclaredValuesStay: what a tenant declares stays readable.
func TestDeclaredValuesStay(t *testing.T) {
	e := golden()
	e.Threadless = false
	e.Source.Connector, e.Source.Account, e.Source.Version = "mycrm", "mx-01", "map-3"
	e.Conversation, e.Root = "ticket-17", "ticket-1"
	e.Link, e.OrderHint = "https://crm.example/t/17", "1234567890.25"
	e.Labels = []event.Label{{Key: "name", Value: "María"}, {Key: "topic", Value: "billing"}, {Key: "topic2", Value: "x"}}
	m := e.Body.(event.Message)
	m.Locale, m.ContentType, m.Text, m.TextChars = "pt_BR", "hologram", "hola, soy María", 0
	e.Body = m
	got, altered, err := event.Pseudonymise(e, pseudonymizer(t, "acme"), event.SourceRules{DeclaredConnector: true, DeclaredAccount: true, PlainConversations: true, KeepLinks: true,
		KeepOrderHints: true, Labels: map[string][]string{"topic": {"billing", "sales"}}, Names: []string{"map-3", "lexicon-1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := *got
	want.Source.Connector, want.Source.Account, want.Source.Version = "mycrm", "mx-01", "map-3"
	want.Conversation, want.Root, want.Link, want.OrderHint = "ticket-17", "ticket-1", e.Link, e.OrderHint
	want.Labels = []event.Label{{Key: "topic", Value: "billing"}}
	wm := want.Body.(event.Message)
	wm.Locale, wm.ContentType, wm.Text, wm.TextChars = "pt-BR", "other", "", 15
	want.Body = wm
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	if model := got.Body.(event.Message).Sentiment.Model; model != "lexicon-1" {
		t.Errorf("the model became %s", model)
	}
	slices.Sort(altered)
	if diff := cmp.Diff([]string{"content_type", "labels", "labels"}, altered); diff != "" {
		t.Errorf("altered fields differ (-want +got):\n%s", diff)
	}
	for _, f := range altered {
		if !slices.Contains(event.GuardedFields(), f) {
			t.Errorf("%s is not in GuardedFields", f)
		}
	}
}

func TestThreadlessIDsAreNeverPlain(t *testing.T) {
	e := golden()
	e.Conversation = "main/5215512345678"
	if got := hide(t, e, event.SourceRules{PlainConversations: true, DeclaredConnector: true}).Conversation; eventtest.Leak([]byte(got), "5215512345678") != "" {
		t.Errorf("the conversation is %s", got)
	}
}

func TestThreadlessConversationIsComposed(t *testing.T) {
	e := golden()
	e.Conversation, e.Threadless, e.Customer, e.Identities = "", false, "", []event.Identity{{Scheme: 2, Value: "+52 1 55 1234 5678"}}
	composed := hide(t, e, event.SourceRules{})
	if composed.Conversation == "" || !composed.Threadless {
		t.Fatalf("conversation %q, threadless %v", composed.Conversation, composed.Threadless)
	}
	if composed.Customer == "" || composed.Customer != composed.Identities[0].Value {
		t.Errorf("customer %q is not the identity %q", composed.Customer, composed.Identities[0].Value)
	}
	named := golden()
	named.Conversation, named.Threadless = "main/5215512345678", true
	if got := hide(t, named, event.SourceRules{}).Conversation; got != composed.Conversation {
		t.Error("the sender who composes account/customer itself gets another conversation")
	}
	email := golden()
	email.Channel, email.Threadless, email.Conversation = event.Email, false, ""
	if got := hide(t, email, event.SourceRules{}).Conversation; got != "" {
		t.Errorf("an e-mail got the conversation %q", got)
	}
}

func TestSameCustomerThroughAllSources(t *testing.T) {
	p := pseudonymizer(t, "acme")
	want := p.Customer("5215512345678")
	for _, change := range []func(*event.Event){
		func(e *event.Event) { e.Customer = "5215512345678" },
		func(e *event.Event) { e.Customer = "+52 1 (55) 1234-5678" },
		func(e *event.Event) { e.Customer, e.Source.Connector = "5215512345678", "zendesk" },
		func(e *event.Event) {
			e.Customer, e.Identities = "", []event.Identity{{Scheme: 2, Value: "+5215512345678"}}
		},
		func(e *event.Event) {
			e.Customer, e.Identities = "", []event.Identity{{Scheme: 8, Value: "5215512345678", Scope: "x"}}
		},
	} {
		e := golden()
		change(e)
		if got := hide(t, e, event.SourceRules{}).Customer; got != want {
			t.Errorf("customer %q with %+v became %s, want %s", e.Customer, e.Identities, got, want)
		}
	}
	if p.Customer(" Maria@Example.com ") != p.Customer("maria@example.com") {
		t.Error("case tells mail addresses apart")
	}
	// Vendors number people anew in every app.
	scoped := func(scheme event.IdentityScheme, scope string) string {
		e := golden()
		e.Customer, e.Identities = "", []event.Identity{{Scheme: scheme, Value: "42", Scope: scope}}
		return hide(t, e, event.SourceRules{}).Customer
	}
	ids := []string{p.Customer("42"), scoped(4, "page-1"), scoped(4, "page-2"), scoped(5, "page-1"), scoped(7, "")}
	if slices.Sort(ids); len(slices.Compact(ids)) != 5 {
		t.Error("different people with the number 42 became one")
	}
	erase := golden()
	erase.Conversation, erase.Customer, erase.Identities = "", "", nil
	erase.Body = event.CustomerIdentity{Change: event.IdentityErased, Identities: []event.Identity{{Scheme: 2, Value: "+5215512345678"}}}
	if got := hide(t, erase, event.SourceRules{}).Customer; got != want {
		t.Errorf("an erasure by identity is about %s, want %s", got, want)
	}
	erase.Customer, erase.Identities = want, nil
	if got := hide(t, erase, event.SourceRules{}).Customer; got != want {
		t.Errorf("an erasure by pseudonym is about %s, want %s", got, want)
	}
	erase.Body = event.CustomerIdentity{Change: event.IdentityErased, Identities: []event.Identity{{Value: want}, {Value: "ana@example.com"}, {Value: "ANA@example.com"}}}
	if got := hide(t, erase, event.SourceRules{}).Erased(); !slices.Equal(got, []string{want, p.Customer("ana@example.com")}) {
		t.Errorf("an erasure by several ids is about %v", got)
	}
	said := golden()
	if said.Customer = want; hide(t, said, event.SourceRules{}).Customer == want {
		t.Error("a message can say whose pseudonym it has")
	}
}

func TestIDsBelongToTheirSource(t *testing.T) {
	a, b := golden(), golden()
	b.Source.Connector = "zendesk"
	x, y := hide(t, a, event.SourceRules{}), hide(t, b, event.SourceRules{})
	if x.Conversation == y.Conversation || x.Body.(event.Message).ID == y.Body.(event.Message).ID || x.ID == y.ID {
		t.Error("equal numbers of different sources became one")
	}
	reply := golden()
	reply.Body = event.Message{ID: "2", InReplyTo: "p1M", Direction: event.Outbound}
	state := golden()
	state.Body = event.MessageState{MessageID: "p1M", State: event.MessageRead}
	score := golden()
	score.Body = event.Sentiment{Subject: "p1M"}
	want := x.Body.(event.Message).ID
	if hide(t, reply, event.SourceRules{}).Body.(event.Message).InReplyTo != want || hide(t, state, event.SourceRules{}).Body.(event.MessageState).MessageID != want ||
		hide(t, score, event.SourceRules{}).Body.(event.Sentiment).Subject != want {
		t.Error("references to a message no longer match it")
	}
}

func TestEventIDs(t *testing.T) {
	id := func(change func(*event.Event)) string {
		e := golden()
		change(e)
		return hide(t, e, event.SourceRules{}).ID
	}
	same := func(e *event.Event) {}
	retry := func(e *event.Event) { e.ReceivedAt += 60_000; e.Source.Attempt++; e.ID = "other" }
	if id(same) != id(retry) {
		t.Error("another attempt of the same native event has another id")
	}
	if id(same) == id(func(e *event.Event) { e.Body = event.ConversationState{State: event.StatusOpened} }) {
		t.Error("two kinds out of one delivery have one id")
	}
	clientID := func(e *event.Event) { e.Source.NativeID, e.Source.Basis = "", 0 }
	if id(clientID) == id(same) || id(clientID) != id(func(e *event.Event) { clientID(e); e.At++ }) {
		t.Error("the sender's event_id is not what tells events apart")
	}
	content := func(e *event.Event) { clientID(e); e.ID = "" }
	if id(content) != id(func(e *event.Event) { content(e); e.ReceivedAt += 60_000 }) {
		t.Error("without ids, a repeated delivery has another id")
	}
	if id(content) == id(func(e *event.Event) { content(e); e.At++ }) {
		t.Error("without ids, two instants have one id")
	}
	timeless := func(e *event.Event) { content(e); e.At = 0 }
	if id(timeless) != id(func(e *event.Event) { timeless(e); e.ReceivedAt++ }) {
		t.Error("a message names itself, yet the receipt tells two deliveries apart")
	}
	status := func(e *event.Event) { timeless(e); e.Body = event.ConversationState{State: event.StatusReopened} }
	if id(status) == id(func(e *event.Event) { status(e); e.ReceivedAt++ }) {
		t.Error("a second reopening without id and time is lost")
	}
	broken := golden()
	content(broken)
	broken.Body = event.Message{ID: "m", Text: "\xff"}
	if _, _, err := event.Pseudonymise(broken, pseudonymizer(t, "acme"), event.SourceRules{}); err == nil {
		t.Error("broken UTF-8 was taken")
	} else if _, ok := errors.AsType[*event.Error](err); !ok {
		t.Errorf("%v is no *Error", err)
	}
}

// TestPseudonymiseIsPure: it does not change its argument, and what comes out is valid if what went in was.
func TestPseudonymiseIsPure(t *testing.T) {
	p := pseudonymizer(t, "acme")
	rapid.Check(t, func(t *rapid.T) {
		e := eventtest.Draw(t)
		before := event.Encode(event.Record{Body: e})
		out, _, err := event.Pseudonymise(e, p, event.SourceRules{KeepLinks: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Validate(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, event.Encode(event.Record{Body: e})) {
			t.Fatal("the argument was changed")
		}
		again, _, _ := event.Pseudonymise(e, p, event.SourceRules{KeepLinks: true})
		if diff := cmp.Diff(out, again); diff != "" {
			t.Fatalf("a second call gives another event:\n%s", diff)
		}
	})
}

func BenchmarkPseudonymise(b *testing.B) {
	p, e := pseudonymizer(b, "acme"), golden()
	for b.Loop() {
		if _, _, err := event.Pseudonymise(e, p, event.SourceRules{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r := event.Record{Body: golden()}
	for b.Loop() {
		event.Encode(r)
	}
}

func BenchmarkDecode(b *testing.B) {
	wire := event.Encode(event.Record{Body: golden()})
	for b.Loop() {
		if _, err := event.Decode(wire); err != nil {
			b.Fatal(err)
		}
	}
}
