package whatsapp

import (
	"encoding/json"
	"strings"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// object of the webhooks of WhatsApp Business accounts.
const object = "whatsapp_business_account"

// accountFields are about the account and its templates; those about groups end in _update.
var accountFields = map[text]bool{
	"account_alerts": true, "account_review_update": true, "account_settings_update": true, "account_update": true, "automatic_events": true, "business_capability_update": true,
	"business_status_update": true, "flows": true, "message_template_components_update": true, "message_template_quality_update": true, "message_template_status_update": true,
	"partner_solutions": true, "payment_configuration_update": true, "phone_number_name_update": true, "phone_number_quality_update": true, "security": true,
	"template_category_update": true, "template_correct_category_detection": true, "tracking_events": true, "group_lifecycle_update": true, "group_participants_update": true,
	"group_settings_update": true, "group_status_update": true, "business_username_update": true,
}

// reader walks through a delivery. Items are counted as they stand, so that a fault names its item.
type reader struct {
	connector.Batch
	allowed func(string) bool
	item    int
}

// Decode implements [connector.Channel].
func (Channel) Decode(body []byte, allowed func(account string) bool) connector.Batch {
	r := &reader{allowed: allowed}
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		r.Fault(connector.WholeDelivery, event.ReasonGarbage, "", "is no JSON object")
		return r.Batch
	}
	switch {
	case d.Object != object:
		r.Ignore(foreignObject, 1)
	case len(d.Entry) == 0:
		r.Fault(connector.WholeDelivery, event.ReasonMissingField, "entry", "is missing or empty")
	}
	if d.Object == object {
		for _, raw := range d.Entry {
			var e entry
			read(raw, &e)
			for _, raw := range e.Changes {
				r.change(raw)
			}
		}
	}
	return r.Batch
}

func (r *reader) change(raw json.RawMessage) {
	var c change
	read(raw, &c)
	switch {
	case accountFields[c.Field]:
		r.Ignore(accountField, 1)
		return
	case c.Field == "history" || c.Field == "smb_app_state_sync":
		r.Ignore(syncField, 1)
		return
	}
	var v value
	read(c.Value, &v)
	switch c.Field {
	case "messages", "smb_message_echoes", "message_echoes", "calls", "user_preferences", "user_id_update":
	default:
		r.Ignore(unknownField, 1)
		return
	}
	account := strings.TrimSpace(string(v.Metadata.PhoneNumberID))
	switch n := v.size(); {
	case n == 0:
		r.Ignore(emptyValue, 1)
		return
	case account == "":
		r.Fault(r.item, event.ReasonMissingField, "metadata.phone_number_id", "is required: it tells whose number the delivery is about")
		r.item += n
		return
	case !r.allowed(account):
		r.Ignore(foreignAccount, n)
		r.item += n
		return
	}
	s := scope{account: account}
	for _, raw := range v.Contacts {
		var c contact
		read(raw, &c)
		s.contacts = append(s.contacts, personOf(c.WaID, c.UserID, c.ParentUserID))
	}
	each(r, v.Messages, func(m message) { r.message(s, m) })
	each(r, v.Echoes, func(m message) { r.echo(s, m) })
	each(r, v.Statuses, func(x status) { r.status(s, x, c.Field == "calls") })
	each(r, v.Calls, func(x call) { r.call(s, x) })
	each(r, v.Preferences, func(x preferenceChange) { r.preference(s, x) })
	each(r, v.UserIDUpdates, func(x userIDUpdate) { r.userID(s, x) })
	r.Ignore(vendorError, len(v.Errors))
	r.item += len(v.Errors)
}

// each reads the items of a list one by one.
func each[T any](r *reader, list items, do func(T)) {
	for _, raw := range list {
		var x T
		read(raw, &x)
		do(x)
		r.item++
	}
}

func (r *reader) missing(field, detail string) {
	r.Fault(r.item, event.ReasonMissingField, field, detail)
}

// begin checks what every item needs, an id and a readable time, and sets the event's instant.
func (r *reader) begin(e *event.Event, list string, id, timestamp text) bool {
	if id == "" {
		r.missing(list+".id", "is required")
		return false
	}
	at, quality, ok := instant(timestamp)
	if !ok {
		r.Fault(r.item, event.ReasonBadTime, list+".timestamp", "is no time in Unix seconds")
		return false
	}
	e.At, e.Quality = at, quality
	return true
}

// known checks that somebody stands at the other side.
func (r *reader) known(e *event.Event, field string) bool {
	if e.Customer == "" && e.Conversation == "" {
		r.missing(field, "names nobody, and neither do the contacts: without a phone number or a user id there is no conversation")
		return false
	}
	return true
}

// by sets what makes two deliveries the same event: the vendor's id of what happened, and where one id passes through states, the state.
func by(e *event.Event, id text, state ...string) {
	e.Source.NativeID, e.Source.Basis = string(id), event.BasisEventID
	if len(state) > 0 {
		e.Source.NativeID, e.Source.Basis = strings.Join(append([]string{string(id)}, state...), ":"), event.BasisEntityState
	}
}
