package connector

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/time/rate"

	"github.com/vigia-cx/vigia/internal/event"
)

// HookConfig is a source that calls us, at /hooks/v1/{channel}/{name}.
type HookConfig struct {
	Channel     string   // name of a [Channel]
	Name        string   // in the URL: 1 to 64 of a-z, 0-9, _ and -; unique within the channel, also among tenants
	Secrets     []Secret // any of them may sign: two while one is being replaced
	VerifyToken Secret   // for the handshake of channels that have one; empty refuses it
	// Accounts of the vendor that belong to the source. They are configured names and kept; what comes from others is ignored and counted. Empty allows all of them.
	Accounts []string
}

type hookKey struct{ channel, name string }

// hook is a source in use. One without tenant stands for all that do not exist: it costs a stranger the same time and gets him the same answer.
type hook struct {
	hookKey
	tenant      *tenant
	secrets     []Secret
	verifyToken Secret
	accounts    map[string]bool
	limiter     *rate.Limiter
	refused     rate.Sometimes // so that strangers cannot fill the log
	unreadable  rate.Sometimes
}

// newHook expects a configuration that was validated. Accounts become declared names of the tenant.
func newHook(c HookConfig, t *tenant, channels []Channel, limiter *rate.Limiter) (*hook, error) {
	if channelOf(channels, c.Channel) == nil {
		return nil, fmt.Errorf("ingest: tenant %s: hook %s: there is no channel %q; choose from %s", t.name, c.Name, c.Channel, channelNames(channels))
	}
	k := &hook{hookKey: hookKey{c.Channel, c.Name}, tenant: t, secrets: c.Secrets, verifyToken: c.VerifyToken, limiter: limiter,
		refused: rate.Sometimes{Interval: quiet}, unreadable: rate.Sometimes{Interval: quiet}}
	for _, account := range c.Accounts {
		if k.accounts == nil {
			k.accounts = map[string]bool{}
		}
		k.accounts[account] = true
		key := [2]string{c.Channel, account}
		if _, ok := t.rules[key]; !ok {
			rules := t.rulesOf(event.Source{Connector: c.Channel})
			rules.DeclaredConnector, rules.DeclaredAccount = true, true
			t.rules[key] = rules
		}
	}
	return k, nil
}

// allows reports whether an account belongs to the source.
func (k *hook) allows(account string) bool { return len(k.accounts) == 0 || k.accounts[account] }

// account returns the account of a call that may leave it out.
func (k *hook) account(named string) (string, error) {
	if named == "" && len(k.accounts) == 1 {
		for only := range k.accounts {
			return only, nil
		}
	}
	switch {
	case named == "":
		return "", &event.Error{Reason: event.ReasonMissingField, Field: "account", Detail: "is required, for the source does not have exactly one account"}
	case !k.allows(named):
		return "", &event.Error{Reason: event.ReasonBadValue, Field: "account", Detail: "is not an account of the source"}
	}
	return named, nil
}

func channelOf(channels []Channel, name string) Channel {
	for _, c := range channels {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func channelNames(channels []Channel) string {
	var names []string
	for _, c := range channels {
		names = append(names, c.Name())
	}
	return strings.Join(names, ", ")
}

// validateHooks checks the hooks of a tenant; taken are those of the tenants before it.
func (t TenantConfig) validateHooks(taken map[hookKey]string) error {
	var errs []error
	for _, k := range t.Hooks {
		key := hookKey{k.Channel, k.Name}
		add := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("hook %s/%s: "+format, append([]any{k.Channel, k.Name}, args...)...))
		}
		if k.Name == "" || len(k.Name) > 64 || strings.Trim(k.Name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			add("the name stands in a URL and must be 1 to 64 characters of a-z, 0-9, _ and -")
		}
		if owner, ok := taken[key]; ok {
			add("is there already, of tenant %s; a URL belongs to one source", owner)
		}
		taken[key] = t.Name
		if len(k.Secrets) == 0 {
			add("has no secret, so that anybody could write; add the one that the vendor signs with")
		}
		for i, secret := range k.Secrets {
			if len(secret) < minSecret {
				add("secret %d is shorter than %d characters", i, minSecret)
			}
		}
		if k.VerifyToken != "" && len(k.VerifyToken) < minSecret {
			add("the verify token is shorter than %d characters", minSecret)
		}
		for i, account := range k.Accounts {
			if account == "" || len(account) > event.MaxID {
				add("account %d must have 1 to %d bytes", i, event.MaxID)
			}
		}
	}
	return errors.Join(errs...)
}

// minSecret refuses what is no secret; vendors make those they sign with, and they are longer.
const minSecret = 8
