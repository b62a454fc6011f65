package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Delivery is what the receiver of a webhook reads of it.
type Delivery struct {
	ID       string // of the delivery, the same on every attempt
	Type     Type
	At       time.Time
	Incident string
	Revision int
	Severity Severity
	Tenant   string
	Title    string
	Text     string
	Total    int // alerts that it stands for, 0 when it is about one
}

// ErrUnsigned says that a webhook was not signed by whoever knows one of the secrets, or that it is more than five minutes old.
var ErrUnsigned = errors.New("not signed with this secret")

// Verify checks who a webhook comes from: one of its signatures must be made with one of the secrets, over the body exactly as it came, within five minutes. The error wraps
// [ErrUnsigned] and says why.
func Verify(secrets []Secret, header http.Header, body []byte) error {
	reason := errors.New("there is no secret to check it with")
	for _, s := range secrets {
		if _, err := signingKey(s); err != nil {
			reason = fmt.Errorf("the secret %w", err)
			continue
		}
		w, err := standardwebhooks.NewWebhook(s.Reveal())
		if err == nil {
			err = w.Verify(body, header)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, standardwebhooks.ErrNoMatchingSignature):
			reason = errors.New("another secret was used, or the body was changed on its way")
		case errors.Is(err, standardwebhooks.ErrRequiredHeaders):
			reason = errors.New("webhook-id, webhook-timestamp or webhook-signature is missing")
		case errors.Is(err, standardwebhooks.ErrMessageTooOld), errors.Is(err, standardwebhooks.ErrMessageTooNew):
			reason = errors.New("its timestamp is more than five minutes off: a repetition, or one of the clocks is wrong")
		default:
			reason = errors.New("its headers cannot be read")
		}
	}
	return fmt.Errorf("%w: %w", ErrUnsigned, reason)
}

// ParseWebhook reads a webhook, after [Verify] has said that it is genuine. Fields that it does not know are left out; all texts but Text are one printable line.
func ParseWebhook(header http.Header, body []byte) (Delivery, error) {
	if len(body) > maxBody {
		return Delivery{}, fmt.Errorf("the body has %d bytes; a webhook has less than %d", len(body), maxBody)
	}
	var e struct {
		Type      Type      `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      struct {
			Incident string   `json:"incident"`
			Revision int      `json:"revision"`
			Severity Severity `json:"severity"`
			Tenant   string   `json:"tenant"`
			Title    string   `json:"title"`
			Text     string   `json:"text"`
			Total    int      `json:"total"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Delivery{}, fmt.Errorf("the body is no webhook of ours: %w", err)
	}
	if oneLine(string(e.Type), maxName) == "" {
		return Delivery{}, errors.New("the body is no webhook of ours: it has no type")
	}
	d := e.Data
	return Delivery{
		ID: oneLine(header.Get(standardwebhooks.HeaderWebhookID), maxTitle), Type: Type(oneLine(string(e.Type), maxName)), At: e.Timestamp, Incident: oneLine(d.Incident, maxTitle),
		Revision: d.Revision, Severity: Severity(oneLine(string(d.Severity), maxName)), Tenant: oneLine(d.Tenant, maxTitle),
		Title: oneLine(d.Title, maxTitle), Text: d.Text, Total: d.Total,
	}, nil
}

// CheckSecret says what is wrong with a signing secret, without repeating it: it is "whsec_" and base64 of 24 to 64 bytes.
func CheckSecret(s Secret) error {
	_, err := signingKey(s)
	return err
}
