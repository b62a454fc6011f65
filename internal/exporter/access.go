package exporter

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
)

// access knows which token reads which tenant.
type access struct {
	open    bool
	tenants []Tenant
	tokens  []tokenOf
	metrics [][sha256.Size]byte // read the metrics of all tenants
}

type tokenOf struct {
	digest [sha256.Size]byte
	tenant int
}

func newAccess(cfg Config) (*access, error) {
	a := &access{open: cfg.Open, tenants: cfg.Tenants}
	for i, t := range cfg.Tenants {
		for _, token := range t.Tokens {
			sum, err := token.digest()
			if err != nil {
				return nil, err
			}
			a.tokens = append(a.tokens, tokenOf{sum, i})
		}
	}
	for _, token := range cfg.MetricsTokens {
		sum, err := token.digest()
		if err != nil {
			return nil, err
		}
		a.metrics = append(a.metrics, sum)
	}
	return a, nil
}

// scraped returns the tenants whose metrics a request may read: all of them with a metrics token or, where no token is asked for, from this machine; else that of its read
// token. asked narrows them down. Where the request comes from matters because metrics may be served on another listener than the one that is open.
func (a *access) scraped(r *http.Request, asked []string) ([]Tenant, error) {
	all := a.open && fromHere(r)
	if token, given := bearer(r); given {
		sum := sha256.Sum256([]byte(token))
		for _, m := range a.metrics {
			// Every token is compared, so that the time tells nothing.
			if subtle.ConstantTimeCompare(sum[:], m[:]) == 1 {
				all = true
			}
		}
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
	token, given := bearer(r)
	if given {
		sum := sha256.Sum256([]byte(token))
		found := -1
		for _, t := range a.tokens {
			// Every token is compared, so that the time tells nothing.
			if subtle.ConstantTimeCompare(sum[:], t.digest[:]) == 1 {
				found = t.tenant
			}
		}
		switch {
		case found >= 0 && (asked == "" || asked == a.tenants[found].Name):
			return a.tenants[found], nil
		case found >= 0:
			return Tenant{}, parameter("tenant", "The token is that of another tenant; leave the parameter out.", a.tenants[found].Name)
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

func bearer(r *http.Request) (token string, ok bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}
