package connector

import (
	"cmp"
	"crypto/sha256"
	"net/http"

	"golang.org/x/time/rate"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// directory is who may send what: what of the configuration is taken while the process runs. It is replaced as a whole.
type directory struct {
	maxBody   int64
	maxEvents int
	beats     []beat // of the declared sources
	tenants   map[string]*tenant
	tokens    map[[sha256.Size]byte]*tenant
	hooks     map[hookKey]*hook
}

type tenant struct {
	name       string
	pseudonyms event.Pseudonymizer
	rules      map[[2]string]event.SourceRules
	limiter    *rate.Limiter
}

// beat is a heartbeat to keep.
type beat struct{ tenant, source string }

// Reload takes the tenants (tokens, sources, webhooks, keys, rates) and the limits of requests from a new configuration; everything else stays as it was at the start. Requests
// at hand end under the old one. Budgets of rate limits begin anew. A configuration that [Config.Validate] refuses changes nothing.
func (h *Handler) Reload(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	d := &directory{maxBody: cfg.MaxBody, maxEvents: cfg.MaxEvents, tenants: map[string]*tenant{}, tokens: map[[sha256.Size]byte]*tenant{}, hooks: map[hookKey]*hook{}}
	for _, tc := range cfg.Tenants {
		if err := d.add(tc, h.channels); err != nil {
			return err
		}
	}
	h.dir.Store(d)
	h.hooks.expect(d)
	return nil
}

func (d *directory) add(tc TenantConfig, channels []Channel) error {
	pseudonyms, err := tc.pseudonymizer()
	if err != nil {
		return err
	}
	perSecond := cmp.Or(tc.RateEvents, defaultRate)
	burst := cmp.Or(tc.Burst, max(int(2*perSecond), d.maxEvents))
	limiter := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(perSecond), burst) }
	t := &tenant{name: tc.Name, pseudonyms: pseudonyms, rules: tc.rules(), limiter: limiter()}
	for _, s := range tc.Sources {
		d.beats = append(d.beats, beat{tc.Name, event.SourceName(s.Connector, s.Account)})
	}
	if len(tc.Sources) == 0 {
		d.beats = append(d.beats, beat{tc.Name, event.SourceName("", "")})
	}
	d.tenants[tc.Name] = t
	for _, token := range tc.Tokens {
		sum, err := token.Digest()
		if err != nil {
			return err
		}
		d.tokens[sum] = t
	}
	for _, hc := range tc.Hooks {
		k, err := newHook(hc, t, channels, limiter())
		if err != nil {
			return err
		}
		d.hooks[hookKey{hc.Channel, hc.Name}] = k
	}
	return nil
}

// authenticate returns the tenant of the bearer token, or nil. Tokens are looked up by their hash, so the time tells nothing about a token.
func (d *directory) authenticate(r *http.Request) *tenant {
	token, given := httpapi.Bearer(r)
	if !given {
		return nil
	}
	return d.tokens[sha256.Sum256([]byte(token))]
}
