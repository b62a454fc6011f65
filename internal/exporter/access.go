package exporter

import (
	"net"
	"net/http"
	"slices"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

// access knows which token reads which tenant.
type access struct {
	open    bool
	tenants []Tenant
	tokens  httpapi.Ring[Tenant]
	metrics httpapi.Ring[struct{}] // read the metrics of all tenants
}

func newAccess(cfg Config) (*access, error) {
	a := &access{open: cfg.Open, tenants: cfg.Tenants}
	for _, t := range cfg.Tenants {
		for _, token := range t.Tokens {
			if err := a.tokens.Add(token, t); err != nil {
				return nil, err
			}
		}
	}
	for _, token := range cfg.MetricsTokens {
		if err := a.metrics.Add(token, struct{}{}); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// scraped returns the tenants whose metrics a request may read: all of them with a metrics token or, where no token is asked for, from this machine; else that of its read
// token. asked narrows them down. Where the request comes from matters because metrics may be served on another listener than the one that is open.
func (a *access) scraped(r *http.Request, asked []string) ([]Tenant, error) {
	all := a.open && fromHere(r)
	if token, given := httpapi.BearerOrPassword(r); given && len(a.metrics.Find(token)) > 0 {
		all = true
	}
	if !all && a.open {
		return nil, unauthorized.because("Without a token only this machine is answered. Send a metrics token of the configuration: Authorization: Bearer TOKEN.")
	}
	if !all {
		name := ""
		if len(asked) == 1 {
			name = asked[0]
		}
		t, err := a.tenant(r, name)
		if err != nil {
			return nil, err
		}
		if len(asked) > 1 {
			return nil, parameter("tenant", "The token is that of one tenant; leave the parameter out.", t.Name)
		}
		return []Tenant{t}, nil
	}
	if len(asked) == 0 {
		return a.tenants, nil
	}
	var out []Tenant
	for _, t := range a.tenants {
		if slices.Contains(asked, t.Name) {
			out = append(out, t)
		}
	}
	if len(out) < len(asked) {
		return nil, parameter("tenant", "A tenant that is asked for is not configured.")
	}
	return out, nil
}

// tenant returns whose data a request may read: that of its token, which is a bearer token or the password of basic authentication (browsers ask for it). asked is
// the tenant that the request names, if any.
func (a *access) tenant(r *http.Request, asked string) (Tenant, error) {
	if token, given := httpapi.BearerOrPassword(r); given {
		found := a.tokens.Find(token) // one at most: see Validate
		switch {
		case len(found) > 0 && (asked == "" || asked == found[0].Name):
			return found[0], nil
		case len(found) > 0:
			return Tenant{}, parameter("tenant", "The token is that of another tenant; leave the parameter out.", found[0].Name)
		case !a.open:
			return Tenant{}, unauthorized.because("The token is not known. Use a read token of the configuration; tokens for ingest do not read.")
		}
	}
	if !a.open {
		return Tenant{}, unauthorized.because("Send a read token of the configuration: Authorization: Bearer TOKEN.")
	}
	if asked == "" {
		if len(a.tenants) == 0 {
			return Tenant{}, parameter("tenant", "No tenant is configured; name one.")
		}
		return a.tenants[0], nil
	}
	for _, t := range a.tenants {
		if t.Name == asked {
			return t, nil
		}
	}
	return Tenant{Name: asked}, nil
}

// fromHere reports whether a request comes from this machine.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
