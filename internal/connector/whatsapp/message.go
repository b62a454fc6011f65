package whatsapp

import (
	"github.com/vigia-cx/vigia/internal/event"
)

// contents are the types of messages by the kinds of content that the event model knows; all others are "other".
var contents = map[text]string{
	"text": "text", "image": "image", "audio": "audio", "voice": "audio", "video": "video", "document": "document", "location": "location", "contacts": "contact", "sticker": "sticker",
	"order": "order", "button": "postback", "interactive": "postback", "template": "template",
}

// message is something that a customer did in the chat.
func (r *reader) message(s scope, m message) {
	if m.Type == "system" {
		r.system(s, m)
		return
	}
	p := personOf(m.From, m.FromUserID, m.FromParentUserID).complete(s.contacts)
	e := s.event(p, string(m.GroupID))
	e.Actor = event.ByCustomer
	if !r.begin(e, "messages", m.ID, m.Timestamp) || !r.known(e, "messages.from") {
		return
	}
	by(e, m.ID)
	if m.Type == "request_welcome" {
		e.Body = event.ConversationState{State: event.StatusOpened} // the chat was opened, nothing is asked yet
		r.Add(r.item, e)
		return
	}
	if !r.content(e, m, event.Inbound) {
		return
	}
	if campaign := m.Referral.SourceID; campaign != "" {
		e.Labels = []event.Label{{Key: "campaign", Value: string(campaign)}}
	}
	r.Add(r.item, e)
	if m.Type == "order" {
		r.order(s, p, e, m)
	}
}

// echo is a message that the business wrote in the WhatsApp Business app, so that no API call of ours sent it. Which person did is not told.
func (r *reader) echo(s scope, m message) {
	p := personOf(m.To, m.ToUserID, m.ToParentUserID).complete(s.contacts)
	e := s.event(p, string(m.GroupID))
	e.Actor = event.ByBusiness
	if !r.begin(e, "message_echoes", m.ID, m.Timestamp) || !r.known(e, "message_echoes.to") {
		return
	}
	by(e, m.ID)
	if r.content(e, m, event.Outbound) {
		r.Add(r.item, e)
	}
}

// content sets the body: a message, or a change of one that went before.
func (r *reader) content(e *event.Event, m message, direction event.Direction) bool {
	change := func(field string, id text, state event.MessageStatus) bool {
		if id == "" {
			r.missing(field, "is required: it names the message that changed")
			return false
		}
		e.Body = event.MessageState{MessageID: string(id), State: state}
		return true
	}
	switch m.Type {
	case "reaction":
		return change("reaction.message_id", m.Reaction.MessageID, event.MessageReacted)
	case "edit":
		return change("edit.original_message_id", m.Edit.MessageID, event.MessageEdited)
	case "revoke":
		return change("revoke.original_message_id", m.Revoke.MessageID, event.MessageDeleted)
	}
	b := event.Message{ID: string(m.ID), Direction: direction, ContentType: contents[m.Type], InReplyTo: string(m.Context.ID), Text: m.words()}
	switch {
	case b.ContentType == "":
		b.ContentType = "other"
	case m.Interactive.Type == "nfm_reply":
		b.ContentType = "form"
	case direction == event.Outbound && m.Type == "interactive":
		b.ContentType = "other" // a menu, not what somebody chose from one
	}
	// Granted by a setting of the customer, not by the customer.
	b.Automated = m.Interactive.Permission.Source == "automatic"
	e.Body = b
	return true
}

// words is what the message says. It is measured and scored, and does not leave the connector.
func (m *message) words() string {
	for _, t := range []text{m.Text.Body, m.Image.Caption, m.Video.Caption, m.Document.Caption, m.Interactive.ButtonReply.Title, m.Interactive.ListReply.Title, m.Interactive.Body.Text,
		m.Button.Text, m.Order.Text} {
		if t != "" {
			return string(t)
		}
	}
	return ""
}
