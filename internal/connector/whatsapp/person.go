package whatsapp

import (
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// Identity schemes, as numbered in the proto.
const (
	schemePhone event.IdentityScheme = 2
	schemeUser  event.IdentityScheme = 3 // business-scoped user id
)

// person is the other side. Since WhatsApp has user names the phone number may be missing, and the user id is what Meta asks businesses to go by.
type person struct{ user, parent, phone string }

// id is what the person's conversation and customer are composed of: the user id wherever the vendor gives one.
func (p person) id() string {
	if p.user != "" {
		return p.user
	}
	return p.phone
}

func (p person) identities() []event.Identity {
	var out []event.Identity
	if p.user != "" {
		out = append(out, event.Identity{Scheme: schemeUser, Value: p.user})
	}
	if p.parent != "" {
		out = append(out, event.Identity{Scheme: schemeUser, Value: p.parent, Scope: "parent"})
	}
	if p.phone != "" {
		out = append(out, event.Identity{Scheme: schemePhone, Value: p.phone})
	}
	return out
}

// personOf reads the ids of somebody. Where a phone number belongs, a user id was seen, too.
func personOf(number, user, parent text) person {
	p := person{user: strings.TrimSpace(string(user)), parent: strings.TrimSpace(string(parent))}
	if digits, ok := phone(string(number)); ok {
		p.phone = digits
	} else if p.user == "" {
		p.user = strings.TrimSpace(string(number))
	}
	return p
}

// phone returns the digits of a phone number in E.164 without its plus, so that it means the same person as on other channels. WhatsApp still writes Mexican mobile numbers
// with the 1 after the country code that they lost in 2019.
func phone(s string) (string, bool) {
	if s == "" || strings.Trim(s, "+0123456789 ()-./") != "" {
		return "", false
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if rest, ok := strings.CutPrefix(digits, "521"); ok && len(rest) == 10 {
		digits = "52" + rest
	}
	return digits, digits != ""
}

// complete adds what the contacts of the same value say about the person. A person without any id is the only contact, if there is only one.
func (p person) complete(contacts []person) person {
	for _, c := range contacts {
		nobody := p.id() == "" && len(contacts) == 1
		same := p.user != "" && p.user == c.user || p.phone != "" && p.phone == c.phone && (p.user == "" || c.user == "")
		if !nobody && !same {
			continue
		}
		if p.user == "" {
			p.user = c.user
		}
		if p.phone == "" {
			p.phone = c.phone
		}
		if p.parent == "" && p.user == c.user {
			p.parent = c.parent
		}
		break
	}
	return p
}

// scope is what all items of a value share.
type scope struct {
	account  string
	contacts []person
}

// event returns an event that belongs to the conversation of the account with a person or a group. The conversation of a person is left to be composed where ids are hidden.
func (s scope) event(p person, group string) *event.Event {
	e := &event.Event{
		Channel: event.WhatsApp, Threadless: true, Customer: p.id(), Identities: p.identities(),
		Source: event.Source{Account: s.account},
	}
	if group != "" {
		e.Conversation = s.account + "/" + group
	}
	return e
}
