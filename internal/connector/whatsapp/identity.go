package whatsapp

import (
	"regexp"

	"github.com/vigia-cx/vigia/internal/event"
)

// changedFrom finds the ids in the sentence of a system message, the only place where older versions tell the previous one.
var changedFrom = regexp.MustCompile(`changed from (\S+) to (\S+)\s*$`)

// system is what WhatsApp says about a customer: a new phone number or user id makes two customers one.
func (r *reader) system(s scope, m message) {
	x := m.System
	switch x.Type {
	case "user_changed_number", "customer_changed_number", "user_changed_user_id":
	case "customer_identity_changed", "user_identity_changed":
		r.Ignore(securityCode, 1)
		return
	default:
		r.Ignore(unknownSystem, 1)
		return
	}
	from := m.From
	if from == "" {
		from = x.Customer
	}
	user := x.PreviousUserID
	if user == "" {
		user = m.FromUserID
	}
	number := x.WaID
	if number == "" {
		number = x.NewWaID
	}
	old, now := personOf(from, user, m.FromParentUserID), personOf(number, x.UserID, x.ParentUserID)
	if found := changedFrom.FindStringSubmatch(string(x.Body)); found != nil {
		was, is := personOf(text(found[1]), "", ""), personOf(text(found[2]), "", "")
		if x.Type == "user_changed_user_id" && old.user == "" && was.user != "" {
			old.user = was.user
		}
		if old.id() == "" {
			old = was
		}
		if now.id() == "" {
			now = is
		}
	}
	if now.user == "" && x.Type != "user_changed_user_id" {
		now.user = old.user // another number of the same user
	}
	e := s.identity(old)
	if r.begin(e, "messages", m.ID, m.Timestamp) {
		by(e, m.ID)
		r.merge(e, now, "system")
	}
}

// userID is the same news in a field of its own.
func (r *reader) userID(s scope, x userIDUpdate) {
	e := s.identity(personOf("", x.UserID.Previous, ""))
	if r.begin(e, "user_id_update", x.UserID.Current, x.Timestamp) {
		by(e, x.UserID.Previous, string(x.UserID.Current))
		r.merge(e, personOf(x.WaID, x.UserID.Current, ""), "user_id_update")
	}
}

// identity returns an event about a customer, which belongs to no conversation.
func (s scope) identity(p person) *event.Event {
	e := s.event(p, "")
	e.Threadless, e.Actor = false, event.BySystem
	return e
}

// merge says that the customer of e is now somebody else.
func (r *reader) merge(e *event.Event, now person, field string) {
	switch {
	case e.Customer == "":
		r.missing(field, "does not tell who the customer was")
		return
	case now.id() == "":
		r.missing(field, "does not tell who the customer is now")
		return
	case now.id() == e.Customer:
		e.Body = event.CustomerIdentity{Change: event.IdentityLinked, Identities: now.identities()}
	default:
		e.Body = event.CustomerIdentity{Change: event.IdentityMerged, Identities: now.identities(), Survivor: now.id()}
	}
	r.Add(r.item, e)
}

// preference is what a customer chose about our messages. To stop them is a wish that everything proactive must respect.
func (r *reader) preference(s scope, x preferenceChange) {
	if x.Value != "stop" {
		r.Ignore(preference, 1)
		return
	}
	e := s.identity(personOf(x.WaID, x.UserID, "").complete(s.contacts))
	if !r.known(e, "user_preferences.wa_id") || !r.begin(e, "user_preferences", text(e.Customer), x.Timestamp) {
		return
	}
	by(e, text(e.Customer), "stop", string(x.Timestamp))
	e.Actor = event.ByCustomer
	e.Body = event.CustomerIdentity{Change: event.IdentityOptedOut, Identities: e.Identities}
	r.Add(r.item, e)
}
