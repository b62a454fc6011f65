package explain

import (
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
)

// Customer is what a customer counts for over all conversations, by pseudonym.
type Customer struct {
	Tenant        string    `json:"tenant"`
	Customer      string    `json:"customer"`
	MergedInto    string    `json:"merged_into,omitempty"`
	AsOf          string    `json:"as_of"`
	Contacts      []Contact `json:"contacts"`
	Contributions []Counted `json:"contributions"`
}

// Contact is what one conversation has told of the customer.
type Contact struct {
	Conversation string   `json:"conversation"`
	Channel      string   `json:"channel"`
	Queue        string   `json:"queue,omitempty"`
	Topic        string   `json:"topic,omitempty"`
	StartedAt    *string  `json:"started_at"`
	EndedAt      *string  `json:"ended_at"`
	ResolvedAt   *string  `json:"resolved_at"`
	Open         bool     `json:"open"`
	Inbound      bool     `json:"inbound"` // the customer did something in it
	Reopened     bool     `json:"reopened"`
	Transferred  bool     `json:"transferred"`
	Bot          bool     `json:"bot"`
	Contained    bool     `json:"contained"`
	Confirmed    bool     `json:"confirmed"`
	Retracted    bool     `json:"retracted"` // spam, deleted, or of another customer by now
	ActiveAt     []string `json:"active_at"`
	Surveys      int      `json:"surveys"` // sent, and answers
	Answers      int      `json:"answers"`
}

// ExplainCustomer tells all that the state of a customer says.
func ExplainCustomer(look *fold.Look, k fold.Known) *Customer {
	policy := look.Policy()
	t := teller{zone: policy.Zone(), agents: policy.AgentCells()}
	c := &Customer{Tenant: k.Person.Tenant, Customer: k.Person.ID, MergedInto: k.Person.Alias, AsOf: t.time(look.Time()), Contacts: []Contact{}, Contributions: t.all(k.Moments)}
	for _, f := range k.Person.Told() {
		c.Contacts = append(c.Contacts, t.contact(&f))
	}
	return c
}

func (t teller) contact(f *event.Fact) Contact {
	conversation := f.Subject
	if i := strings.LastIndexByte(conversation, '#'); i >= 0 {
		conversation = conversation[:i] // the episode's number
	}
	c := Contact{
		Conversation: conversation, Channel: f.Channel.String(), Queue: f.Queue, Topic: f.Topic, StartedAt: t.maybe(f.StartedAt), EndedAt: t.maybe(f.EndedAt), ResolvedAt: t.maybe(f.ResolvedAt),
		Open: f.Open, Inbound: f.Inbound, Reopened: f.Reopened, Transferred: f.Transferred, Bot: f.Bot, Contained: f.Contained, Confirmed: f.Confirmed, Retracted: f.Retracted,
		ActiveAt: []string{}, Surveys: len(f.PromptedAt), Answers: len(f.Answers),
	}
	for _, at := range f.ActiveAt {
		c.ActiveAt = append(c.ActiveAt, t.time(at))
	}
	return c
}
