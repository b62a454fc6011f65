package config

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// firstContacts checks the names that the policy takes as they are: a channel that does not exist would change nothing, and nobody would notice.
func (k *checker) firstContacts(at string, t *Tenant) {
	k.known(at+".fcr.window", maps.Keys(t.FCR.Window), append(event.Channels(), "*"))
	k.known(at+".fcr.weights", maps.Keys(t.FCR.Weights), append(event.Channels(), sla.Tiers...))
}

// worth checks the currency, of which the policy knows only the form.
func (k *checker) worth(at string, t *Tenant) {
	if c := t.Value.Currency; len(c) == 3 && event.CurrencyNumber(c) == event.NoCurrency {
		k.add(at+".value.currency", "%q is no currency in use; use a code of ISO 4217, such as EUR", c)
	}
}

// known checks the names under a key.
func (k *checker) known(at string, names iter.Seq[string], known []string) {
	for _, name := range slices.Sorted(names) {
		if !slices.Contains(known, name) {
			k.add(fmt.Sprintf("%s[%q]", at, name), "%q is unknown; use %s", name, strings.Join(known, ", "))
		}
	}
}
