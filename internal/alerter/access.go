package alerter

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Token is a bearer token, either itself or (better) the SHA-256 of it in hex.
type Token struct{ Plain, SHA256 string }

// String hides the token.
func (Token) String() string { return "(token)" }

// GoString hides the token.
func (Token) GoString() string { return "(token)" }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue("(token)") }

const minToken = 16

func (t Token) digest() ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	switch {
	case t.Plain != "" && t.SHA256 != "":
		return sum, errors.New("has both a token and its SHA-256: give one")
	case t.SHA256 != "":
		b, err := hex.DecodeString(t.SHA256)
		if err != nil || len(b) != sha256.Size {
			return sum, errors.New("the SHA-256 must be 64 hexadecimal digits, as `printf %s TOKEN | sha256sum` prints them")
		}
		return [sha256.Size]byte(b), nil
	case len(t.Plain) < minToken:
		return sum, fmt.Errorf("is shorter than %d characters: make one with `openssl rand -hex 32`", minToken)
	}
	return sha256.Sum256([]byte(t.Plain)), nil
}

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
	tokens  []tokenOf
}

type tokenOf struct {
	digest [sha256.Size]byte
	tenant int
	right  right
}

func newAccess(cfg Config) (*access, error) {
	a := &access{open: cfg.Open, tenants: cfg.Tenants}
	for i, t := range cfg.Tenants {
		for _, list := range []struct {
			tokens []Token
			right  right
		}{{t.ReadTokens, mayRead}, {t.AlertTokens, mayAlert}} {
			for n, token := range list.tokens {
				sum, err := token.digest()
				if err != nil {
					return nil, fmt.Errorf("alerter: tenant %s: token %d %w", t.Name, n, err)
				}
				a.tokens = append(a.tokens, tokenOf{sum, i, list.right})
			}
		}
	}
	return a, nil
}

// tenant returns whose alerts a request is about, if it may do what it wants.
func (a *access) tenant(r *http.Request, want right) (*Tenant, *problem) {
	asked := r.URL.Query().Get("tenant")
	if token, given := bearer(r); given {
		sum := sha256.Sum256([]byte(token))
		found, can := -1, right(0)
		for _, t := range a.tokens {
			// Every token is compared, so that the time tells nothing.
			if subtle.ConstantTimeCompare(sum[:], t.digest[:]) == 1 {
				found, can = t.tenant, max(can, t.right)
			}
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
	if !local(r.Host) {
		return nil, forbidden.because(fmt.Sprintf("Without tokens only requests to localhost are answered, this one names the host %q.", r.Host))
	}
	for i := range a.tenants {
		if asked == "" || a.tenants[i].Name == asked {
			return &a.tenants[i], nil
		}
	}
	return nil, notFound.because("There is no such tenant.")
}

func bearer(r *http.Request) (token string, ok bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// local reports whether a Host header names this machine. A page on the web whose name was bound to 127.0.0.1 does not.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
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
