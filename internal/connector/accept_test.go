package connector_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// TestTokenNamesTheTenant: whoever sends an event, it belongs to the token's tenant, and nobody can be followed from one tenant to another.
func TestTokenNamesTheTenant(t *testing.T) {
	s := newStage(t, config())
	for _, credential := range []string{token, otherToken} {
		if w := s.post([]byte(valid), "Authorization", "Bearer "+credential); w.Code != http.StatusOK {
			t.Fatalf("got %s", w.Body)
		}
	}
	byTenant := map[string]*event.Event{}
	for _, e := range s.log.events(t) {
		byTenant[e.Tenant] = e
	}
	a, b := byTenant["acme"], byTenant["other"]
	if a == nil || b == nil || a.Customer == b.Customer || a.Conversation == b.Conversation || a.ID == b.ID {
		t.Errorf("tenants share something: %+v and %+v", a, b)
	}
}

// TestDeclaredSource: what the configuration declares about a source holds for that source alone.
func TestDeclaredSource(t *testing.T) {
	cfg := config()
	cfg.Tenants[0].Names = []string{"vip-gold"}
	cfg.Tenants[0].Labels = map[string][]string{"topic": {"billing"}}
	cfg.Tenants[0].Sources = []connector.SourceConfig{
		{Connector: "mycrm", Account: "mx", PlainConversations: true, KeepLinks: true, Labels: map[string][]string{"topic": {"sales"}}},
		{Connector: "mycrm", KeepLinks: true},
	}
	s := newStage(t, cfg)
	for _, source := range []event.Source{{Connector: "mycrm", Account: "mx"}, {Connector: "mycrm", Account: "br"}, {Connector: "zendesk", Account: "mx"}} {
		e := message(1)
		e.Source, e.Link = source, "https://crm.example/1"
		e.Body = event.ConversationState{State: event.StatusOpened, Priority: "vip-gold"}
		e.Labels = []event.Label{{Key: "topic", Value: "sales"}}
		if _, err := s.Accept(t.Context(), "acme", []*event.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	byConversation := map[string]event.Event{}
	for _, e := range s.log.events(t) {
		byConversation[e.Conversation] = *e
		if e.Body.(event.ConversationState).Priority != "vip-gold" {
			t.Errorf("the tenant's name became %+v", e.Body)
		}
	}
	if e := byConversation["c1"]; e.Source.Account != "mx" || e.Link == "" || len(e.Labels) != 1 {
		t.Errorf("declared source: %+v", e)
	}
	delete(byConversation, "c1")
	for _, e := range byConversation {
		if e.Source.Account == "mx" || e.Source.Account == "br" || len(e.Labels) != 0 || (e.Link != "") != (e.Source.Connector == "mycrm") {
			t.Errorf("undeclared account: %+v", e)
		}
	}
	if len(byConversation) != 2 {
		t.Errorf("%d undeclared conversations", len(byConversation))
	}
}

// TestAcceptUnknownTenant: replay and simulation get a sentence, too.
func TestAcceptUnknownTenant(t *testing.T) {
	s := newStage(t, config())
	if _, err := s.Accept(t.Context(), "nobody", []*event.Event{message(1)}); !errors.Is(err, connector.ErrUnknownTenant) {
		t.Errorf("got %v", err)
	}
}

// TestAcceptKeepsReceivedAt: recorded events bring their own time, and a failed call can be repeated.
func TestAcceptKeepsReceivedAt(t *testing.T) {
	s := newStage(t, config())
	e := message(1)
	e.At, e.ReceivedAt = 946684800001, 946684800002
	s.log.setOut(func(string, int32) bool { return true })
	_, err := s.Accept(t.Context(), "acme", []*event.Event{e})
	if _, ok := errors.AsType[*connector.UnavailableError](err); !ok {
		t.Fatalf("got %v", err)
	}
	s.log.setOut(nil)
	ids, err := s.Accept(t.Context(), "acme", []*event.Event{e})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.log.events(t)[0]; got.ReceivedAt != e.ReceivedAt || got.At != e.At || got.ID != ids[0] || e.Conversation != "c1" {
		t.Errorf("got %+v, the argument became %+v", got, e)
	}
}

func TestConfigValidate(t *testing.T) {
	bad := config()
	bad.MaxEvents, bad.Topic = 0, ""
	bad.Tenants[0].PseudonymKey = []byte("short-secret")
	bad.Tenants[0].Tokens = append(bad.Tenants[0].Tokens, httpapi.Token{Plain: "tiny"}, httpapi.Token{SHA256: "zz"})
	bad.Tenants[0].Sources = []connector.SourceConfig{{Connector: "My CRM"}}
	bad.Tenants[1].Tokens = []httpapi.Token{{Plain: token}}
	bad.Tenants[1].Burst = -1
	bad.Tenants = append(bad.Tenants, connector.TenantConfig{}, bad.Tenants[1])
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"max events", "topic is missing", "acme: the pseudonym key", "acme: token 1", "acme: token 2", "acme: source 0", "other: token 0 is also a token of tenant acme",
		"other: rate and burst", "tenant 2 has no name", "tenant other is there twice"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	for _, secret := range []string{"tiny", "short-secret", token} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows %q", secret)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", config().Tenants[0].Tokens, config().Tenants[0].Tokens, config().Tenants[0].Tokens); strings.Contains(text, token) {
		t.Errorf("a token is printed: %s", text)
	}
	if diff := cmp.Diff(nil, config().Validate()); diff != "" {
		t.Error(diff)
	}
}

// TestErasureReachesEveryPartition: a customer's conversations may be anywhere, so the wish to be forgotten goes everywhere, or is not acknowledged.
func TestErasureReachesEveryPartition(t *testing.T) {
	s := newStage(t, config())
	wish := message(1)
	wish.Conversation, wish.Customer, wish.Body = "", "+57 300 1234567", event.CustomerIdentity{Change: event.IdentityErased}
	unreachable := int32(partitions - 1)
	s.log.setOut(func(_ string, p int32) bool { return p == unreachable })
	var out *connector.UnavailableError
	if _, err := s.Accept(t.Context(), "acme", []*event.Event{wish}); !errors.As(err, &out) {
		t.Errorf("with a partition that does not answer: %v", err)
	}
	s.log.setOut(nil)
	ids, err := s.Accept(t.Context(), "acme", []*event.Event{message(2), wish, message(3)})
	if err != nil || len(ids) != 3 {
		t.Fatalf("got %v %v", ids, err)
	}
	found := map[int32]string{}
	for _, m := range s.log.all(interactions) {
		r, err := event.Decode(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		if e := r.Body.(*event.Event); e.Erases() {
			if found[m.Partition] = e.ID; len(m.Key) != 0 || e.Customer == "" {
				t.Errorf("partition %d: key %q, customer %q", m.Partition, m.Key, e.Customer)
			}
		}
	}
	if len(found) != partitions || found[unreachable] != ids[1] {
		t.Errorf("the wish is in %d of %d partitions", len(found), partitions)
	}
}
