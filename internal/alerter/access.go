package alerter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

// right is what a token permits.
type right uint8

const (
	mayRead  right = iota + 1 // see incidents and silences
	mayAlert                  // acknowledge and silence too
)

// access knows which token permits what for which tenant.
type access struct {
	open    bool
	tenants []Tenant
	tokens  httpapi.Ring[permit]
}

// permit is what one token permits.
type permit struct {
	tenant int
	right  right
}

func newAccess(cfg Config) (*access, error) {
	a := &access{open: cfg.Open, tenants: cfg.Tenants}
	for i, t := range cfg.Tenants {
		for _, list := range []struct {
			tokens []httpapi.Token
			right  right
		}{{t.ReadTokens, mayRead}, {t.AlertTokens, mayAlert}} {
			for n, token := range list.tokens {
				if err := a.tokens.Add(token, permit{i, list.right}); err != nil {
					return nil, fmt.Errorf("alerter: tenant %s: token %d %w", t.Name, n, err)
				}
			}
		}
	}
	return a, nil
}

// tenant returns whose alerts a request is about, if it may do what it wants.
func (a *access) tenant(r *http.Request, want right) (*Tenant, *problem) {
	asked := r.URL.Query().Get("tenant")
	if token, given := httpapi.BearerOrPassword(r); given {
		found, can := -1, right(0)
		for _, p := range a.tokens.Find(token) {
			found, can = p.tenant, max(can, p.right)
		}
		switch {
		case found >= 0 && asked != "" && asked != a.tenants[found].Name:
			return nil, badRequest.because("The token is that of another tenant; leave the parameter tenant out.")
		case found >= 0 && can < want:
			return nil, forbidden.because("The token may read only. Use one of alert_tokens.")
		case found >= 0:
			return &a.tenants[found], nil
		case !a.open:
			return nil, unauthorized.because("The token is not known. Use one of read_tokens or alert_tokens of the configuration.")
		}
	}
	if !a.open {
		return nil, unauthorized.because("Send a token of the configuration: Authorization: Bearer TOKEN.")
	}
	if !httpapi.Local(r.Host) {
		return nil, forbidden.because(fmt.Sprintf("Without tokens only requests to localhost are answered, this one names the host %q.", r.Host))
	}
	for i := range a.tenants {
		if asked == "" || a.tenants[i].Name == asked {
			return &a.tenants[i], nil
		}
	}
	return nil, notFound.because("There is no such tenant.")
}

// Of links that acknowledge.
const (
	linkUntil     = "until"
	linkSignature = "sig"
	minLinkKey    = 32
)

// ackLink is a link by which whoever gets the message can acknowledge the incident; "" when none can be made.
func (a *Alerter) ackLink(t *Tenant, incident string) string {
	if t.PublicURL == "" || len(t.LinkKey) < minLinkKey {
		return ""
	}
	// To the hour, so that the same notice has the same link.
	until := a.cfg.Clock().Add(a.cfg.LinkFor).Truncate(time.Hour).Unix()
	q := url.Values{"tenant": {t.Name}, linkUntil: {strconv.FormatInt(until, 10)}, linkSignature: {signLink(t.LinkKey, t.Name, incident, until)}}
	return strings.TrimSuffix(t.PublicURL, "/") + "/api/v1/incidents/" + url.PathEscape(incident) + "/ack?" + q.Encode()
}

func signLink(key []byte, tenant, incident string, until int64) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(incidentLink(tenant, incident, until))) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// byLink returns the tenant of a valid link.
func (a *access) byLink(q url.Values, incident string, now time.Time) (*Tenant, *problem) {
	until, err := strconv.ParseInt(q.Get(linkUntil), 10, 64)
	for i := range a.tenants {
		t := &a.tenants[i]
		if err != nil || t.Name != q.Get("tenant") || len(t.LinkKey) < minLinkKey {
			continue
		}
		if !hmac.Equal([]byte(signLink(t.LinkKey, t.Name, incident, until)), []byte(q.Get(linkSignature))) {
			break
		}
		if now.Unix() >= until {
			return nil, gone.because("The link has expired. Acknowledge with an alert token, or use the link of a newer message.")
		}
		return t, nil
	}
	return nil, forbidden.because("The link is not one of ours, or was changed on its way.")
}
