package bus

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/segmentio/kafka-go/sasl"
	saslplain "github.com/segmentio/kafka-go/sasl/plain"
)

// Mechanisms of [SASL].
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// SASL is who we are for the brokers. The zero value is nobody: brokers that ask refuse us.
type SASL struct {
	// Mechanism is [Plain], [ScramSHA256] or [ScramSHA512].
	Mechanism, Username, Password string
}

// String hides the password.
func (s SASL) String() string {
	if s.Mechanism == "" {
		return "none"
	}
	return s.Mechanism + " as " + s.Username
}

// GoString hides the password.
func (s SASL) GoString() string { return s.String() }

// LogValue hides the password.
func (s SASL) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s SASL) validate() error {
	switch s.Mechanism {
	case "":
		return nil
	case Plain, ScramSHA256, ScramSHA512:
	default:
		return fmt.Errorf("sasl: mechanism %q is not known; use %s, %s or %s", s.Mechanism, Plain, ScramSHA256, ScramSHA512)
	}
	if s.Username == "" || s.Password == "" {
		return errors.New("sasl: user name or password is missing")
	}
	return nil
}

// mechanism returns what the library asks for; nil for nobody.
func (s SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case "":
		return nil
	case Plain:
		return saslplain.Mechanism{Username: s.Username, Password: s.Password}
	}
	return newScram(s.Mechanism, s.Username, s.Password)
}

// reachHint says what to look at when no broker answers.
func (c *Client) reachHint() string {
	who := ""
	if c.cfg.SASL.Mechanism != "" {
		who = " Are the user and the password in kafka.sasl right? Some brokers only close the connection."
	}
	if c.cfg.TLS == nil {
		return "is the broker running, is the address right, and does it listen without TLS?" + who
	}
	return "is the broker running, is the address that of its TLS listener, and does its certificate come from the authorities that are configured?" + who
}
