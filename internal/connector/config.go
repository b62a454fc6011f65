package connector

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// Config of the connector role. Start from [Default].
type Config struct {
	Tenants        []TenantConfig
	MaxBody        int64         // largest request body in bytes, as sent and after decompression
	MaxEvents      int           // most events of one request
	MaxInFlight    int           // requests that are worked on at the same time; bounds memory
	PublishTimeout time.Duration // how long the log may take before a request is answered 503
	ReadTimeout    time.Duration // how long a client may take to send its body
	Topic          string        // where events go
	GapTopics      []string      // where gaps are announced, on every partition
	DeadLetters    string        // where it is noted what of a delivery could not be read
}

// TenantConfig is one organisation.
type TenantConfig struct {
	Name         string
	Tokens       []httpapi.Token // bearer tokens that may write; none means no access over HTTP
	PseudonymKey []byte          // secret of at least 32 bytes; a new key unlinks all that was known before
	KeyVersion   byte            // visible in every pseudonym, one character of 0-9 and a-z; 0 means '1'
	Sources      []SourceConfig
	Hooks        []HookConfig        // vendors that call us
	Labels       map[string][]string // label → allowed values, for every source
	Names        []string            // configured names, for every source: priorities of policies, campaigns, surveys, …
	RateEvents   float64             // events a second; 0 means 5,000
	Burst        int                 // events at once; 0 means two seconds' worth, and at least MaxEvents
}

// SourceConfig declares a source: its connector and account are then configured names, kept as they are.
type SourceConfig struct {
	Connector          string
	Account            string              // empty: the rules hold for all accounts of the connector, which stay hashed
	PlainConversations bool                // its conversation ids name no person
	Labels             map[string][]string // label → allowed values, in addition to the tenant's
	Names              []string            // configured names, in addition to the tenant's
	KeepLinks          bool                // its links name no person
	KeepOrderHints     bool                // its order hints name no person
}

// Default returns the configuration of a connector without tenants.
func Default() Config {
	return Config{MaxBody: 1 << 20, MaxEvents: 1000, MaxInFlight: 128, PublishTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		Topic: "vigia.interactions", GapTopics: []string{"vigia.interactions", "vigia.customers"}, DeadLetters: "vigia.deadletters"}
}

// Validate reports every mistake at once, each with its place. No message contains a secret.
func (c Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("ingest: "+format, args...)) }
	if c.MaxBody <= 0 || c.MaxEvents <= 0 || c.MaxInFlight <= 0 {
		add("max body, max events and max in flight must be above 0")
	}
	if c.PublishTimeout <= 0 || c.ReadTimeout <= 0 {
		add("the time limits must be above 0")
	}
	if c.Topic == "" || c.DeadLetters == "" {
		add("the topic is missing, of events or of dead letters")
	}
	tenants := map[string]bool{}
	hooks := map[hookKey]string{}
	tokens := map[[sha256.Size]byte]string{}
	for i, t := range c.Tenants {
		at := fmt.Sprintf("tenant %d", i)
		if t.Name == "" {
			add("%s has no name", at)
		} else {
			at = "tenant " + t.Name
		}
		if tenants[t.Name] {
			add("%s is there twice", at)
		}
		tenants[t.Name] = true
		if _, err := t.pseudonymizer(); err != nil && t.Name != "" {
			add("%s: %w", at, err)
		}
		if t.RateEvents < 0 || t.Burst < 0 {
			add("%s: rate and burst must not be negative", at)
		} else if t.Burst > 0 && t.Burst < c.MaxEvents {
			add("%s: a burst of %d would refuse every request of %d events; make it at least that", at, t.Burst, c.MaxEvents)
		}
		for j, token := range t.Tokens {
			sum, err := token.Digest()
			if err != nil {
				add("%s: token %d %w", at, j, err)
				continue
			}
			if other, taken := tokens[sum]; taken {
				add("%s: token %d is also a token of tenant %s; a token names exactly one tenant", at, j, other)
			}
			tokens[sum] = t.Name
		}
		if err := t.validateSources(); err != nil {
			add("%s: %w", at, err)
		}
		if err := t.validateHooks(hooks); err != nil {
			add("%s: %w", at, err)
		}
	}
	return errors.Join(errs...)
}

func (t TenantConfig) validateSources() error {
	seen := map[[2]string]bool{}
	for i, s := range t.Sources {
		key := [2]string{s.Connector, s.Account}
		switch {
		case s.Connector == "" || len(s.Connector) > 32 || strings.Trim(s.Connector, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return fmt.Errorf("source %d: connector must be 1 to 32 characters of a-z, 0-9 and -", i)
		case len(s.Account) > event.MaxID:
			return fmt.Errorf("source %s: account is longer than %d bytes", s.Connector, event.MaxID)
		case seen[key]:
			return fmt.Errorf("source %s is there twice", event.SourceName(s.Connector, s.Account))
		}
		seen[key] = true
	}
	return nil
}

func (t TenantConfig) pseudonymizer() (event.Pseudonymizer, error) {
	version := t.KeyVersion
	if version == 0 {
		version = '1'
	}
	return event.NewPseudonymizer(t.Name, t.PseudonymKey, version)
}

// rules returns the rules of each declared source, and under the empty key those of any other.
func (t TenantConfig) rules() map[[2]string]event.SourceRules {
	out := map[[2]string]event.SourceRules{{}: {Labels: t.Labels, Names: t.Names}}
	for _, s := range t.Sources {
		labels := map[string][]string{}
		for _, from := range []map[string][]string{t.Labels, s.Labels} {
			for k, v := range from {
				labels[k] = append(slices.Clip(labels[k]), v...)
			}
		}
		out[[2]string{s.Connector, s.Account}] = event.SourceRules{DeclaredConnector: true, DeclaredAccount: true, PlainConversations: s.PlainConversations, Labels: labels,
			Names: append(slices.Clip(t.Names), s.Names...), KeepLinks: s.KeepLinks, KeepOrderHints: s.KeepOrderHints}
	}
	return out
}
