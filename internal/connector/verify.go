package connector

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash"
	"log/slog"
	"net/http"
	"strings"
)

// Secret is shared with a vendor. However it is printed, it shows nothing.
type Secret string

// Format hides the secret from every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(secret)")) }

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("(secret)") }

// MarshalText hides the secret from JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Equal compares in a time that tells nothing about the secret, not even its length. An empty secret equals nothing.
func (s Secret) Equal(text string) bool {
	a, b := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && s != ""
}

// Verifier tells a vendor's deliveries from those of others.
type Verifier interface {
	// Signed reports whether the headers can belong to a delivery of the vendor at all. Where they cannot, the body is not even read.
	Signed(h http.Header) bool
	// Verify reports whether one of the secrets signed the delivery, in a time that does not tell which, nor how much of a signature was right.
	Verify(r *Request, secrets []Secret) bool
}

// BodyMAC is the scheme of Meta and others: a header with a keyed hash of the raw body in hexadecimal, after a prefix such as "sha256=".
type BodyMAC struct {
	Header, Prefix string
	Hash           func() hash.Hash
}

// Signed implements [Verifier].
func (v BodyMAC) Signed(h http.Header) bool {
	_, ok := v.signature(h)
	return ok
}

func (v BodyMAC) signature(h http.Header) ([]byte, bool) {
	values := h.Values(v.Header)
	if len(values) != 1 {
		return nil, false // two signatures are nobody's
	}
	text, ok := strings.CutPrefix(values[0], v.Prefix)
	if !ok || len(text) != 2*v.Hash().Size() {
		return nil, false
	}
	sum, err := hex.DecodeString(text)
	return sum, err == nil
}

// Verify implements [Verifier]. Empty secrets sign nothing.
func (v BodyMAC) Verify(r *Request, secrets []Secret) bool {
	signature, ok := v.signature(r.Header)
	fits := 0
	for _, secret := range secrets {
		mac := hmac.New(v.Hash, []byte(secret))
		mac.Write(r.Body)
		if secret != "" {
			fits |= subtle.ConstantTimeCompare(mac.Sum(nil), signature)
		}
	}
	return ok && fits == 1
}
