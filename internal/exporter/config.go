package exporter

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Config of the exporter role. Start from [Default].
type Config struct {
	// Tenants may read. The first one is shown when Open and none is named.
	Tenants []Tenant
	// Open answers without tokens, for any tenant that there is. Only for listeners on loopback: requests that name another host are refused.
	Open bool
	// Interactions and Customers are the partition counts of the two stages.
	Interactions, Customers int32
	// MetricsTokens may read the metrics of all tenants, and nothing else.
	MetricsTokens []httpapi.Token
	// MaxSeries bounds the series of KPIs that a scrape shows of one tenant.
	MaxSeries int
	// CacheBytes bounds the memory for panes and open conversations that are kept between reads, roughly.
	CacheBytes int64
	// StaleAfter is the age of the data from which it is shown as stale, and values as incomplete.
	StaleAfter time.Duration
	// ReadTimeout bounds how long a request waits for the state.
	ReadTimeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Alerts lists what people were called for, open ones first, for the page; nil leaves that part out.
	Alerts func(ctx context.Context, tenant string, most int) ([]Alert, error)
}

// Alert is one thing that people were called for.
type Alert struct {
	Name                  string // SLABreach, SLAWarning, or the name of a rule or trigger
	Queue, Channel, Clock string
	At                    time.Time // when the promise was due, else when it began
	Open                  bool
	Told                  []Told
}

// Told is what one receiver knows of an alert.
type Told struct {
	Receiver string
	At       time.Time // zero when nothing was delivered yet
	Failed   bool      // the newest could not be delivered
}

// Tenant is one organisation that may read.
type Tenant struct {
	Name   string
	Zone   string          // IANA zone until the state knows better; "" is UTC
	Lang   string          // language of the page when the browser asks for none that we speak; "" is English
	Tokens []httpapi.Token // bearer tokens that may read
	// Definitions are answered when none is asked for: presets and definitions by name.
	Definitions []string
}

// Default returns the configuration of an exporter without tenants.
func Default() Config {
	return Config{Interactions: 12, Customers: 12, MaxSeries: 50_000, CacheBytes: 256 << 20, StaleAfter: 10 * time.Second, ReadTimeout: 10 * time.Second}
}

// Validate reports every mistake at once, each with its place. No message contains a secret.
func (c Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("api: "+format, args...)) }
	if c.Interactions <= 0 || c.Customers <= 0 {
		add("the partition counts must be above 0, they are %d and %d", c.Interactions, c.Customers)
	}
	if c.MaxSeries <= 0 {
		add("the cap of series must be above 0, it is %d", c.MaxSeries)
	}
	if c.CacheBytes <= 0 || c.StaleAfter <= 0 || c.ReadTimeout <= 0 {
		add("cache bytes, stale after and read timeout must be above 0")
	}
	tenants := map[string]bool{}
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
		if _, err := sla.LoadZone(cmp.Or(t.Zone, "UTC")); err != nil {
			add("%s: %w", at, err)
		}
		if t.Lang != "" && !slices.Contains(kpi.Langs, t.Lang) {
			add("%s: language %q is not spoken; use %s", at, t.Lang, strings.Join(kpi.Langs, ", "))
		}
		for j, token := range t.Tokens {
			sum, err := token.Digest()
			if err != nil {
				add("%s: read token %d %w", at, j, err)
				continue
			}
			if other, taken := tokens[sum]; taken {
				add("%s: read token %d is also a token of tenant %s; a token names exactly one tenant", at, j, other)
			}
			tokens[sum] = t.Name
		}
	}
	for j, token := range c.MetricsTokens {
		sum, err := token.Digest()
		if err != nil {
			add("metrics token %d %w", j, err)
			continue
		}
		if other, taken := tokens[sum]; taken {
			add("metrics token %d is also a read token of tenant %s; it reads the metrics of all tenants, so it must be one of its own", j, other)
		}
	}
	if len(tokens) == 0 && !c.Open {
		add("no tenant has a read token, so nobody could read; give one, or listen on loopback only")
	}
	return errors.Join(errs...)
}
