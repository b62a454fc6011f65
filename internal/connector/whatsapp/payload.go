package whatsapp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// text is a field that may come as a string or as a number. What it cannot be is taken for absent: one odd field must not cost the message.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9'):
		*t = text(b)
	}
	return nil
}

// items is a list whose elements are read one by one, so that one which cannot be read leaves the others. What is no list is absent.
type items []json.RawMessage

// UnmarshalJSON implements [json.Unmarshaler].
func (l *items) UnmarshalJSON(b []byte) error {
	*l = nil
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '[' {
		return nil
	}
	return json.Unmarshal(b, (*[]json.RawMessage)(l))
}

// read fills v as far as the types fit. The text around it was valid JSON, so that nothing else can be wrong.
func read(raw json.RawMessage, v any) { _ = json.Unmarshal(raw, v) }

type delivery struct {
	Object text  `json:"object"`
	Entry  items `json:"entry"`
}

type entry struct {
	Changes items `json:"changes"`
}

type change struct {
	Field text            `json:"field"`
	Value json.RawMessage `json:"value"`
}

type value struct {
	Metadata struct {
		PhoneNumberID text `json:"phone_number_id"`
	} `json:"metadata"`
	Contacts      items `json:"contacts"`
	Messages      items `json:"messages"`
	Echoes        items `json:"message_echoes"`
	Statuses      items `json:"statuses"`
	Calls         items `json:"calls"`
	Preferences   items `json:"user_preferences"`
	UserIDUpdates items `json:"user_id_update"`
	Errors        items `json:"errors"`
}

// size is the number of things that a value tells.
func (v *value) size() int {
	return len(v.Messages) + len(v.Echoes) + len(v.Statuses) + len(v.Calls) + len(v.Preferences) + len(v.UserIDUpdates) + len(v.Errors)
}

type contact struct {
	WaID         text `json:"wa_id"`
	UserID       text `json:"user_id"`
	ParentUserID text `json:"parent_user_id"`
}

type media struct {
	Caption text `json:"caption"`
}

// message is one that a customer sent, or (To…) an echo of one that the business sent from its phone.
type message struct {
	ID               text `json:"id"`
	Timestamp        text `json:"timestamp"`
	Type             text `json:"type"`
	From             text `json:"from"`
	FromUserID       text `json:"from_user_id"`
	FromParentUserID text `json:"from_parent_user_id"`
	To               text `json:"to"`
	ToUserID         text `json:"to_user_id"`
	ToParentUserID   text `json:"to_parent_user_id"`
	GroupID          text `json:"group_id"`
	Context          struct {
		ID text `json:"id"`
	} `json:"context"`
	Referral struct {
		SourceID text `json:"source_id"`
	} `json:"referral"`
	Text struct {
		Body text `json:"body"`
	} `json:"text"`
	Image       media `json:"image"`
	Video       media `json:"video"`
	Document    media `json:"document"`
	Interactive struct {
		Type        text `json:"type"`
		ButtonReply struct {
			Title text `json:"title"`
		} `json:"button_reply"`
		ListReply struct {
			Title text `json:"title"`
		} `json:"list_reply"`
		Permission struct {
			Source text `json:"response_source"`
		} `json:"call_permission_reply"`
		Body struct {
			Text text `json:"text"`
		} `json:"body"`
	} `json:"interactive"`
	Button struct {
		Text text `json:"text"`
	} `json:"button"`
	Order struct {
		Text  text  `json:"text"`
		Items items `json:"product_items"`
	} `json:"order"`
	Reaction struct {
		MessageID text `json:"message_id"`
	} `json:"reaction"`
	Edit   original `json:"edit"`
	Revoke original `json:"revoke"`
	System struct {
		Type           text `json:"type"`
		Body           text `json:"body"`
		WaID           text `json:"wa_id"`
		NewWaID        text `json:"new_wa_id"`
		UserID         text `json:"user_id"`
		ParentUserID   text `json:"parent_user_id"`
		PreviousUserID text `json:"previous_user_id"`
		Customer       text `json:"customer"`
	} `json:"system"`
}

// original names the message that another one changes.
type original struct {
	MessageID text `json:"original_message_id"`
}

type product struct {
	Quantity text `json:"quantity"`
	Price    text `json:"item_price"`
	Currency text `json:"currency"`
}

type status struct {
	ID                    text `json:"id"`
	Type                  text `json:"type"`
	Status                text `json:"status"`
	Timestamp             text `json:"timestamp"`
	RecipientID           text `json:"recipient_id"`
	RecipientUserID       text `json:"recipient_user_id"`
	RecipientParentUserID text `json:"recipient_parent_user_id"`
	RecipientType         text `json:"recipient_type"`
	ParticipantID         text `json:"recipient_participant_id"`
	ParticipantUserID     text `json:"recipient_participant_user_id"`
	Conversation          struct {
		Origin struct {
			Type text `json:"type"`
		} `json:"origin"`
	} `json:"conversation"`
	Pricing struct {
		Category text `json:"category"`
	} `json:"pricing"`
	Payment struct {
		Reference text `json:"reference_id"`
		Currency  text `json:"currency"`
		Amount    struct {
			Value  text `json:"value"`
			Offset text `json:"offset"` // that the value is a multiple of
		} `json:"amount"`
	} `json:"payment"`
	Errors items `json:"errors"`
}

type failure struct {
	Code text `json:"code"`
}

type call struct {
	ID               text `json:"id"`
	Event            text `json:"event"`
	Timestamp        text `json:"timestamp"`
	Direction        text `json:"direction"`
	Status           text `json:"status"`
	Duration         text `json:"duration"`
	From             text `json:"from"`
	FromUserID       text `json:"from_user_id"`
	FromParentUserID text `json:"from_parent_user_id"`
	To               text `json:"to"`
	ToUserID         text `json:"to_user_id"`
	ToParentUserID   text `json:"to_parent_user_id"`
}

type preferenceChange struct {
	WaID      text `json:"wa_id"`
	UserID    text `json:"user_id"`
	Value     text `json:"value"`
	Category  text `json:"category"`
	Timestamp text `json:"timestamp"`
}

type userIDUpdate struct {
	WaID   text `json:"wa_id"`
	UserID struct {
		Previous text `json:"previous"`
		Current  text `json:"current"`
	} `json:"user_id"`
	Timestamp text `json:"timestamp"`
}

// instant reads a time in Unix seconds (or ms, which no documented field has). An absent one is 0: the time of receipt will do. One that is there and no time is a fault.
func instant(t text) (int64, event.TimeQuality, bool) {
	if t == "" {
		return 0, event.QualityUnknown, true
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || n <= 0 {
		return 0, event.QualityUnknown, false
	}
	const inSeconds = 100_000_000_000 // beyond the year 5000 in seconds, 1973 in ms
	if n >= inSeconds {
		return n, event.QualitySubsecond, true
	}
	return n * int64(time.Second/time.Millisecond), event.QualitySecond, true
}
