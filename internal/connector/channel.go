package connector

import (
	"net/http"
	"net/url"

	"github.com/vigia-cx/vigia/internal/event"
)

// Channel is a vendor that calls us: whatsapp.New is one. It is pure and safe for concurrent use: what it returns depends on its arguments alone. A package below this one
// implements it, one line of app/channels.go makes it known, and [connectortest.Exercise] checks that nothing was forgotten.
//
// A channel may also be a [Handshaker] and a [Threadless].
type Channel interface {
	// Name stands in the URL and is the connector of all its events: 1 to 32 of a-z, 0-9 and -.
	Name() string
	// MaxBody is the largest delivery that the vendor makes, in bytes.
	MaxBody() int64
	// Verifier knows the vendor's deliveries from those of others.
	Verifier() Verifier
	// Decode reads a delivery whose signature fits. It returns everything that can be read, in the order of the delivery, and never panics. allowed says whether an account (as
	// in [event.Source]) belongs to the source that was called.
	Decode(body []byte, allowed func(account string) bool) Batch
	// Ignores lists the keys of [Batch.Ignored]: a closed set, for metrics that start at zero.
	Ignores() []string
}

// Batch is what one delivery says.
//
// Its events carry everything but tenant, connector and receipt, people as the vendor names them: they are hidden afterwards. The same fact must have the same kind and
// [event.Source.NativeID] in every delivery that tells it, and the same content, for the vendor's retries to count once; nothing may depend on what else is in the delivery.
type Batch struct {
	Events  []*event.Event // see [Batch.Add]
	Ignored map[string]int // items that say nothing about an interaction, by reason
	Faults  []event.Fault  // items that cannot be read, by their index in the delivery; each becomes a dead letter. Index -1: the whole delivery

	items []int // of Events
}

// Add appends the events that an item of the delivery stands for.
func (b *Batch) Add(item int, events ...*event.Event) {
	for _, e := range events {
		b.Events, b.items = append(b.Events, e), append(b.items, item)
	}
}

// Ignore counts n items that are no events.
func (b *Batch) Ignore(reason string, n int) {
	if n <= 0 {
		return
	}
	if b.Ignored == nil {
		b.Ignored = map[string]int{}
	}
	b.Ignored[reason] += n
}

// Fault notes an item that cannot be read.
func (b *Batch) Fault(item int, reason event.Reason, field, detail string) {
	b.Faults = append(b.Faults, event.Fault{Index: item, Err: &event.Error{Reason: reason, Field: field, Detail: detail}})
}

// WholeDelivery is the index of a fault that is not one item's.
const WholeDelivery = wholeBody

// Handshaker is a channel whose vendor asks with a GET whether the address is ours before it delivers to it.
type Handshaker interface {
	// Handshake returns the answer to a GET with these parameters, and whether they prove that the sender knows the source's verify token.
	Handshake(parameters url.Values, token Secret) (answer string, ok bool)
}

// Threadless is a channel whose vendor knows no conversations: account and customer are the conversation, and episodes are cut by inactivity or by a call to
// /hooks/v1/{channel}/{source}/resolve.
type Threadless interface {
	// Address returns an event that belongs to the conversation of an account with somebody, composed as [Channel.Decode] does; only its body and its instant are missing. The
	// error is an [*event.Error] that names the field at fault.
	Address(account string, who Who) (*event.Event, error)
}

// Who names the other side of a conversation. At least one field is set.
type Who struct {
	Customer string // phone number or whatever the vendor's ids are
	User     string // the vendor's id of the person in the scope of the business, where it has one
	Group    string // group chat
}

// Request is a delivery as it came. URL is that of the request line.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
}
