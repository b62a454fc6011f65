package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
)

// hidden is what a token prints as.
const hidden = "(token)"

// minToken keeps tokens from being guessed; `vigia init` writes longer ones.
const minToken = 16

// Token is a bearer token, either itself (at least 16 bytes) or (better) the SHA-256 of it in hex. It never prints itself.
type Token struct{ Plain, SHA256 string }

// String hides the token.
func (Token) String() string { return hidden }

// GoString hides the token.
func (Token) GoString() string { return hidden }

// Format hides the token from every verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) } // whoever prints sees the error

// MarshalText hides the token from JSON, YAML and XML.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue(hidden) }

// Digest returns the SHA-256 of the token. Errors go on a sentence that begins with the token's place, and never contain it.
func (t Token) Digest() ([sha256.Size]byte, error) {
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

// Ring holds tokens and what each of them stands for. The zero value is empty. Once filled it is safe for concurrent use.
type Ring[T any] struct{ keys []key[T] }

type key[T any] struct {
	digest [sha256.Size]byte
	of     T
}

// Add makes a token stand for something. One token may stand for several things. Errors are those of [Token.Digest].
func (r *Ring[T]) Add(token Token, of T) error {
	sum, err := token.Digest()
	if err != nil {
		return err
	}
	r.keys = append(r.keys, key[T]{sum, of})
	return nil
}

// Find returns what a token stands for, in the order of [Ring.Add]; nothing when it is unknown.
func (r *Ring[T]) Find(token string) []T {
	sum := sha256.Sum256([]byte(token))
	var found []T
	for _, k := range r.keys {
		// Every token is compared, so that the time tells nothing.
		if subtle.ConstantTimeCompare(sum[:], k.digest[:]) == 1 {
			found = append(found, k.of)
		}
	}
	return found
}
