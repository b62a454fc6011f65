// Package whatsapp reads the webhooks of the WhatsApp Cloud API. README.md beside this file says how to set it up and what it cannot see.
package whatsapp

import (
	"crypto/sha256"
	"net/url"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// Name of the channel, and of the connector of its events.
const Name = "whatsapp"

// Channel is the WhatsApp Cloud API.
type Channel struct{}

// New returns the channel.
func New() Channel { return Channel{} }

// Name implements [connector.Channel].
func (Channel) Name() string { return Name }

// MaxBody implements [connector.Channel]: Meta sends up to 3 MB.
func (Channel) MaxBody() int64 { return 3 << 20 }

// Verifier implements [connector.Channel]. Every delivery is signed with the secret of the Meta app that it is sent for.
func (Channel) Verifier() connector.Verifier {
	return connector.BodyMAC{Header: "X-Hub-Signature-256", Prefix: "sha256=", Hash: sha256.New}
}

// Handshake implements [connector.Handshaker].
func (Channel) Handshake(q url.Values, token connector.Secret) (answer string, ok bool) {
	fits := token.Equal(q.Get("hub.verify_token")) // first: it takes the same time whatever else is asked
	challenge := q.Get("hub.challenge")
	return challenge, fits && q.Get("hub.mode") == "subscribe" && challenge != ""
}

// Address implements [connector.Threadless].
func (Channel) Address(account string, who connector.Who) (*event.Event, error) {
	p := personOf(text(who.Customer), text(who.User), "")
	if p.id() == "" && who.Group == "" {
		return nil, &event.Error{Reason: event.ReasonMissingField, Field: "customer", Detail: "or user_id or group_id is required: the customer as the webhooks name them, " +
			"user_id where they carry one, else the phone number"}
	}
	a := scope{account: account}
	return a.event(p, who.Group), nil
}

// Why items are no events.
const (
	foreignObject  = "foreign_object"  // not about WhatsApp
	foreignAccount = "foreign_account" // a number that does not belong to the source
	accountField   = "account_field"   // about templates, quality, limits: nobody's conversation
	syncField      = "sync"            // history and contacts of the WhatsApp Business app
	unknownField   = "unknown_field"
	vendorError    = "vendor_error" // errors that belong to no message
	emptyValue     = "empty"
	unknownStatus  = "unknown_status"
	callStatus     = "call_status"    // the customer took our call: no answer of ours
	paymentStatus  = "payment_status" // of a payment that is not made
	unknownCall    = "unknown_call_event"
	securityCode   = "security_code" // the customer's encryption keys changed
	unknownSystem  = "unknown_system"
	preference     = "preference" // of the customer, other than to stop
)

// Ignores implements [connector.Channel].
func (Channel) Ignores() []string {
	return []string{foreignObject, foreignAccount, accountField, syncField, unknownField, vendorError, emptyValue, unknownStatus, callStatus, paymentStatus, unknownCall, securityCode, unknownSystem,
		preference}
}
