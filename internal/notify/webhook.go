package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/vigia-cx/vigia/internal/kpi"
)

const (
	maxBody       = 20_000 // bytes of a webhook's body, as Standard Webhooks advises
	maxWebhookLen = 4_000  // characters of the text in it
	maxLabels     = 32     // labels in it
	minSecret     = 24     // bytes of a signing secret
	maxSecret     = 64
)

// WebhookConfig is a receiver of signed webhooks (Standard Webhooks).
type WebhookConfig struct {
	URL     Secret `yaml:"url"` // a secret, for many receivers authenticate by it
	URLFile string `yaml:"url_file"`
	// Secrets sign, each by itself: during a rotation list the new one and the old one. Each is "whsec_" and base64 of 24 to 64 bytes.
	Secrets     []Secret `yaml:"secrets"`
	SecretsFile string   `yaml:"secrets_file"` // one a line
}

func (c *WebhookConfig) files() []File {
	return []File{fileOf("url_file", c.URLFile, &c.URL), filesOf("secrets_file", c.SecretsFile, &c.Secrets)}
}

func (c *WebhookConfig) check(k *checker) {
	k.url("url", c.URL.Reveal(), false)
	if len(c.Secrets) == 0 {
		k.add("secrets", `is missing; make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	for i, s := range c.Secrets {
		if _, err := signingKey(s); err != nil {
			k.add(fmt.Sprintf("secrets[%d]", i), "%v", err)
		}
	}
}

// signingKey decodes a secret. The error does not contain it.
func signingKey(s Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	if err != nil {
		return nil, errors.New(`is not "whsec_" and base64; make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	if len(key) < minSecret || len(key) > maxSecret {
		return nil, fmt.Errorf(`has %d bytes and needs %d to %d; make one with: echo "whsec_$(openssl rand -base64 32)"`, len(key), minSecret, maxSecret)
	}
	return key, nil
}

func (c *WebhookConfig) open(o Options) (Notifier, error) {
	w := &webhook{url: c.URL.Reveal()}
	hide := []string{w.url}
	for _, s := range c.Secrets {
		signer, err := standardwebhooks.NewWebhook(s.Reveal())
		if err != nil {
			return nil, FieldErrors{{"webhook.secrets", "cannot be used for signing"}}
		}
		w.signers = append(w.signers, signer)
		hide = append(hide, s.Reveal(), strings.TrimPrefix(s.Reveal(), "whsec_"))
	}
	w.client = newClient("webhook", o, hide...)
	return w, nil
}

// webhook posts the notice as JSON, signed as Standard Webhooks says.
type webhook struct {
	*client
	url     string
	signers []*standardwebhooks.Webhook
}

// Notify posts n once. The id is the same on every attempt, timestamp and signatures are new.
func (w *webhook) Notify(ctx context.Context, n Notice) error {
	body, err := WebhookBody(n)
	if err != nil {
		return &Error{Err: err}
	}
	now := w.now()
	var signatures []string
	for _, s := range w.signers {
		signature, err := s.Sign(n.ID, now, body)
		if err != nil {
			return &Error{Err: errors.New("the notice cannot be signed")}
		}
		signatures = append(signatures, signature)
	}
	a, err := w.do(ctx, request{method: http.MethodPost, url: w.url, to: hostOf(w.url), body: body, header: map[string]string{
		standardwebhooks.HeaderWebhookID: n.ID, standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature: strings.Join(signatures, " "),
	}})
	if err != nil {
		return err
	}
	if !a.ok() {
		return w.refused(a, nil)
	}
	return nil
}

// envelope is the body of a webhook. README.md documents it; names and meanings stay.
type envelope struct {
	Type      Type      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      payload   `json:"data"`
}

// payload is a notice as receivers see it.
type payload struct {
	ID           string            `json:"id,omitempty"`
	Incident     string            `json:"incident,omitempty"`
	Revision     int               `json:"revision"`
	Type         Type              `json:"type,omitempty"` // of an item; the type of the whole stands in the envelope
	Severity     Severity          `json:"severity,omitempty"`
	Tenant       string            `json:"tenant,omitempty"`
	Lang         string            `json:"lang,omitempty"`
	Title        string            `json:"title"`
	Text         string            `json:"text,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	At           *time.Time        `json:"at,omitempty"`
	StartsAt     *time.Time        `json:"starts_at,omitempty"`
	EndsAt       *time.Time        `json:"ends_at,omitempty"`
	DueAt        *time.Time        `json:"due_at,omitempty"`
	Conversation string            `json:"conversation,omitempty"`
	Customer     string            `json:"customer,omitempty"`
	Team         string            `json:"team,omitempty"`
	Agent        string            `json:"agent,omitempty"`
	Link         string            `json:"link,omitempty"`
	Runbook      string            `json:"runbook,omitempty"`
	Acknowledge  string            `json:"acknowledge,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Condition    string            `json:"condition,omitempty"`
	Value        *kpi.Value        `json:"value,omitempty"`
	Items        []payload         `json:"items,omitempty"`
	Total        int               `json:"total,omitempty"`
	Counts       map[Type]int      `json:"counts,omitempty"`
}

// WebhookBody writes n as the JSON body of a webhook, documented in README.md, in less than 20 kB: items beyond that are cut, and total says how many there are.
func WebhookBody(n Notice) ([]byte, error) {
	e := envelope{Type: n.Type, Timestamp: n.At.UTC(), Data: payloadOf(n)}
	e.Data.Lang, e.Data.Type, e.Data.Text = speak(n.Lang).lang, "", clip(Text(n), maxWebhookLen)
	const mostItems = 50
	for _, item := range n.Items[:min(len(n.Items), mostItems)] {
		item.Lang, item.Zone = n.Lang, n.Zone
		e.Data.Items = append(e.Data.Items, payloadOf(item))
	}
	// What goes when it is too much, the least missed first.
	d := &e.Data
	cuts := []func(){
		func() { d.Text = "" }, func() { d.Labels = nil }, func() { d.Value = nil }, func() { d.Reason = "" }, func() { d.Link, d.Runbook, d.Acknowledge = "", "", "" },
	}
	for {
		body, err := encodeJSON(e)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the notice cannot be written as JSON: %w", err)
		case len(body) < maxBody:
			return body, nil
		case len(d.Items) > 0:
			d.Items = d.Items[:len(d.Items)*3/4]
		case len(cuts) > 0:
			cuts[0]()
			cuts = cuts[1:]
		default:
			return nil, fmt.Errorf("the notice has %d bytes and cannot be cut below %d", len(body), maxBody)
		}
	}
}

func payloadOf(n Notice) payload {
	w := writer{n: n}
	p := payload{
		ID: clip(n.ID, maxTitle), Incident: clip(n.Incident, maxTitle), Revision: n.Revision, Type: n.Type, Severity: n.Severity, Tenant: clip(n.Tenant, maxTitle), Title: Title(n),
		At: instantOf(n.At), StartsAt: instantOf(n.StartsAt), EndsAt: instantOf(n.EndsAt), DueAt: instantOf(n.DueAt),
		Conversation: clip(n.Conversation, maxTitle), Customer: clip(n.Customer, maxTitle), Team: clip(n.Team, maxTitle), Agent: clip(n.Agent, maxTitle),
		Link: webLink(n.Link), Runbook: webLink(n.Runbook), Acknowledge: webLink(n.Acknowledge),
		Reason: oneLine(n.Reason, 1000), Condition: oneLine(n.Condition, maxTitle), Value: n.Value, Total: w.total(), Counts: n.Counts,
	}
	for _, name := range slices.Sorted(maps.Keys(n.Labels)) {
		if value := n.Labels[name]; value != "" && len(p.Labels) < maxLabels {
			if p.Labels == nil {
				p.Labels = map[string]string{}
			}
			p.Labels[clip(name, maxName)] = clip(value, maxTitle)
		}
	}
	return p
}

// instantOf writes an instant in UTC, and leaves out one that is not there.
func instantOf(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
