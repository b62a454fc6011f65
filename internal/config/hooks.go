package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Webhook is the address at which a vendor calls: /hooks/v1/{connector}/{name}.
type Webhook struct {
	// Name of the source in the URL: 1 to 64 of a-z 0-9 _ -, once per connector.
	Name string `yaml:"name"`
	// Secrets that deliveries are signed with: for WhatsApp those of the Meta app. Two while one is being replaced. A file holds one a line.
	Secrets     []Secret `yaml:"secrets"`
	SecretsFile string   `yaml:"secrets_file"`
	// VerifyToken is what the vendor repeats when it asks whether the address is ours; only needed while the address is entered there.
	VerifyToken     Secret `yaml:"verify_token"`
	VerifyTokenFile string `yaml:"verify_token_file"`
	// PhoneNumberIDs are the numbers that belong to the source; others are ignored and counted. Without them, the source's account is the only one, and without that all are taken.
	PhoneNumberIDs []string `yaml:"phone_number_ids"`
}

// WebhookHorizons are the connectors that have webhooks, with how late the events of each may come: a day more than the vendor goes on trying.
var WebhookHorizons = map[string]string{"whatsapp": "192h"}

// Accounts returns the accounts that belong to a source with a webhook; none means all.
func (s *Source) Accounts() []string {
	if s.Account != "" {
		return []string{s.Account}
	}
	return s.Webhook.PhoneNumberIDs
}

var (
	webhookName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	accountText = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)
)

// horizons returns what the tenant says, completed for the vendors that call it.
func (t *Tenant) horizons() map[string]string {
	out := t.Horizon
	for _, s := range t.Sources {
		horizon, ok := WebhookHorizons[s.Connector]
		if _, said := out[s.Connector]; s.Webhook == nil || !ok || said {
			continue
		}
		if out = maps.Clone(out); out == nil {
			out = map[string]string{}
		}
		out[s.Connector] = horizon
	}
	return out
}

// webhookFiles reads the secrets that stand in files.
func (c *Config) webhookFiles(one func(at, file string, into *Secret), many func(at, file string, into *[]Secret)) {
	for i := range c.Tenants {
		for j := range c.Tenants[i].Sources {
			if w := c.Tenants[i].Sources[j].Webhook; w != nil {
				at := fmt.Sprintf("tenants[%d].sources[%d].webhook.", i, j)
				many(at+"secrets_file", w.SecretsFile, &w.Secrets)
				one(at+"verify_token_file", w.VerifyTokenFile, &w.VerifyToken)
			}
		}
	}
}

func (c *Config) checkWebhooks(k *checker) {
	taken := map[[2]string]string{}
	for i := range c.Tenants {
		for j := range c.Tenants[i].Sources {
			s, at := &c.Tenants[i].Sources[j], fmt.Sprintf("tenants[%d].sources[%d].webhook", i, j)
			if s.Webhook == nil {
				continue
			}
			key := [2]string{s.Connector, s.Webhook.Name}
			if owner, ok := taken[key]; ok {
				k.add(at+".name", "%q already names a %s source of tenant %s; a URL belongs to one source", s.Webhook.Name, s.Connector, owner)
			}
			taken[key] = c.Tenants[i].Name
			k.webhook(at, s)
		}
	}
}

func (k *checker) webhook(at string, s *Source) {
	const shortest = 8
	w := s.Webhook
	if _, ok := WebhookHorizons[s.Connector]; !ok {
		k.add(at, "the connector %q has no webhook; those that have one are: %s", s.Connector, strings.Join(slices.Sorted(maps.Keys(WebhookHorizons)), ", "))
	}
	if !webhookName.MatchString(w.Name) {
		k.add(at+".name", "%q cannot stand in a URL; use 1 to 64 of a-z 0-9 _ -", w.Name)
	}
	if len(w.Secrets) == 0 {
		k.add(at, "the webhook has no secrets (or secrets_file), so that anybody could write; add the secret that the vendor signs with (Meta: App settings, Basic, App secret)")
	}
	for i, secret := range w.Secrets {
		if len(secret.Reveal()) < shortest {
			k.add(fmt.Sprintf("%s.secrets[%d]", at, i), "the secret has less than %d characters, and those that vendors sign with have more; was it cut off?", shortest)
		}
	}
	if !w.VerifyToken.IsZero() && len(w.VerifyToken.Reveal()) < shortest {
		k.add(at+".verify_token", `the verify token needs at least %d characters; make one with "openssl rand -hex 16"`, shortest)
	}
	for i, id := range w.PhoneNumberIDs {
		if !accountText.MatchString(id) {
			k.add(fmt.Sprintf("%s.phone_number_ids[%d]", at, i), "%q is no id of a number; it stands beside the number in the WhatsApp manager and has digits only", id)
		}
	}
	if s.Account != "" && len(w.PhoneNumberIDs) > 0 {
		k.add(at+".phone_number_ids", "the source has an account already; keep account for one number, or phone_number_ids for several")
	}
	if s.PlainConversations {
		k.add(strings.TrimSuffix(at, "webhook")+"plain_conversations", "conversations of %s are composed of phone numbers and are never kept plain; remove it", s.Connector)
	}
}
