package whatsapp

import (
	"github.com/vigia-cx/vigia/internal/event"
)

var statuses = map[text]event.MessageStatus{
	"sent": event.MessageSent, "delivered": event.MessageDelivered, "read": event.MessageRead, "played": event.MessagePlayed, "failed": event.MessageFailed, "deleted": event.MessageDeleted,
}

// automatic are the categories of templates: campaigns, notices and codes that programs send. What people write in the customer's 24 hours is a service message.
var automatic = map[text]bool{
	"marketing": true, "marketing_lite": true, "utility": true, "authentication": true, "authentication_international": true,
	"business_initiated": true, // the category of templates before 2023
}

// status is what became of a message that we sent. The first of them, sent, is all that we learn of our own side: neither text nor author.
func (r *reader) status(s scope, x status, ofCall bool) {
	if ofCall || x.Type == "call" {
		r.callStatus(s, x)
		return
	}
	if x.Type == "payment" {
		r.payment(s, x)
		return
	}
	state, ok := statuses[x.Status]
	if !ok {
		r.Ignore(unknownStatus, 1)
		return
	}
	e, ok := r.recipient(s, x)
	if !ok {
		return
	}
	e.Actor = event.BySystem
	if x.Status == "read" || x.Status == "played" {
		e.Actor = event.ByCustomer
	}
	id := []string{string(x.Status)}
	if x.ParticipantID != "" || x.ParticipantUserID != "" {
		id = append(id, personOf(x.ParticipantID, x.ParticipantUserID, "").id()) // of a group
	}
	by(e, x.ID, id...)
	b := event.MessageState{MessageID: string(x.ID), State: state}
	for _, raw := range x.Errors {
		var f failure
		if read(raw, &f); f.Code != "" {
			b.ErrorCode = string(f.Code)
			break
		}
	}
	e.Body = b
	if x.Status == "sent" {
		r.Add(r.item, receipt(*e, x))
	}
	r.Add(r.item, e)
}

// receipt is the message that a sent status stands for. It has the message's id: where an echo or the sender tells of the message itself, the receipt says nothing new.
func receipt(e event.Event, x status) *event.Event {
	e.Actor = event.ByBusiness
	category := x.Pricing.Category
	if category == "" {
		category = x.Conversation.Origin.Type
	}
	e.Body = event.Message{ID: string(x.ID), Direction: event.Outbound, Receipt: true, Automated: automatic[category]}
	return &e
}

// recipient addresses a status. In a group, the group is the recipient.
func (r *reader) recipient(s scope, x status) (*event.Event, bool) {
	p, group := personOf(x.RecipientID, x.RecipientUserID, x.RecipientParentUserID), ""
	if x.RecipientType == "group" {
		p, group = personOf(x.ParticipantID, x.ParticipantUserID, ""), string(x.RecipientID)
	} else {
		p = p.complete(s.contacts)
	}
	e := s.event(p, group)
	return e, r.begin(e, "statuses", x.ID, x.Timestamp) && r.known(e, "statuses.recipient_id")
}
