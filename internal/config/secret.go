package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

const hidden = "<secret>"

// Secret is a text that prints as <secret>, whichever way it is printed. The zero value is no secret and prints as nothing.
type Secret struct {
	text *string // a pointer: package fmt prints fields that it may not call methods on
}

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String hides the text.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// GoString hides the text.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// Format hides the text from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText hides the text from JSON, YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

const (
	digestPrefix = "sha256:"
	minToken     = 16
	minKey       = 32
)

// Digest returns the SHA-256 of a bearer token, or what it declares as such. Errors never contain the token.
func Digest(token Secret) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	if text, ok := strings.CutPrefix(token.Reveal(), digestPrefix); ok {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != len(sum) {
			return sum, errors.New(`after "sha256:" come 64 hexadecimal digits, as "printf %s TOKEN | sha256sum" prints them`)
		}
		return [sha256.Size]byte(b), nil
	}
	if len(token.Reveal()) < minToken {
		return sum, fmt.Errorf(`a token has at least %d characters; make one with "openssl rand -hex 32"`, minToken)
	}
	return sha256.Sum256([]byte(token.Reveal())), nil
}

// Plain returns the first of the tokens that is given as itself, for a command that wants to use it.
func Plain(tokens []Secret) (Secret, bool) {
	for _, t := range tokens {
		if !t.IsZero() && !strings.HasPrefix(t.Reveal(), digestPrefix) {
			return t, true
		}
	}
	return Secret{}, false
}

// decodeKey reads a key: hexadecimal if it looks like that, else base64 of either alphabet.
func decodeKey(key Secret) ([]byte, error) {
	text := strings.TrimSpace(key.Reveal())
	b, err := hex.DecodeString(text)
	if err != nil {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		b, err = base64.RawStdEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, errors.New(`the key is neither hexadecimal nor base64; make one with "openssl rand -base64 32"`)
	}
	if len(b) < minKey {
		return nil, fmt.Errorf(`the key has %d bytes and needs %d; make one with "openssl rand -base64 32"`, len(b), minKey)
	}
	return b, nil
}
