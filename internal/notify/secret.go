package notify

import (
	"fmt"
	"log/slog"
	"strconv"
)

const hidden = "<secret>"

// Secret is a text that prints as <secret>, whichever way it is printed. The empty Secret is none and prints as nothing.
type Secret string

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
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

// sinkName is embedded in every sink: a sink prints as its name, never as its fields, some of which are secrets.
type sinkName string

// Format writes the name, whatever the verb.
func (s sinkName) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s)) }
