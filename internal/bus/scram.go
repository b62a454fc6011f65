package bus

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
)

// scram is SCRAM (RFC 5802, 7677) as Kafka speaks it: no channel binding, and names and passwords as they are in UTF-8. The broker proves that it knows the password too.
type scram struct {
	name               string
	hash               func() hash.Hash
	username, password string
	nonce              func() string
}

const (
	// minIterations is what the RFC asks for; Kafka's own minimum is the same.
	minIterations = 4096
	// maxIterations keeps a false broker from making us count for minutes.
	maxIterations = 1_000_000
)

func newScram(mechanism, username, password string) *scram {
	s := &scram{name: "SCRAM-SHA-256", hash: sha256.New, username: username, password: password, nonce: rand.Text}
	if mechanism == ScramSHA512 {
		s.name, s.hash = "SCRAM-SHA-512", sha512.New
	}
	return s
}

// Name implements [sasl.Mechanism].
func (s *scram) Name() string { return s.name }

// Start implements [sasl.Mechanism]: it says who we are, and a nonce.
func (s *scram) Start(context.Context) (sasl.StateMachine, []byte, error) {
	c := &scramExchange{scram: s, nonce: s.nonce()}
	c.first = "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.username) + ",r=" + c.nonce
	return c, []byte(scramHeader + c.first), nil
}

// scramHeader says: no channel binding, nobody else's name.
const scramHeader = "n,,"

// scramExchange is one authentication.
type scramExchange struct {
	*scram
	nonce, first string
	signature    []byte // what the broker must answer at last; nil before our proof is sent
}

// Next implements [sasl.StateMachine].
func (c *scramExchange) Next(_ context.Context, challenge []byte) (done bool, response []byte, err error) {
	fields := scramFields(string(challenge))
	if reason := fields["e"]; reason != "" {
		return false, nil, fmt.Errorf("the broker refuses the user: %s", reason)
	}
	if c.signature != nil {
		signature, err := base64.StdEncoding.DecodeString(fields["v"])
		if err != nil || !hmac.Equal(signature, c.signature) {
			return false, nil, errors.New("the broker does not prove that it knows the password; is it the right broker?")
		}
		return true, nil, nil
	}
	response, err = c.prove(string(challenge), fields)
	return false, response, err
}

// prove answers the broker's salt and nonce with the proof that we know the password.
func (c *scramExchange) prove(challenge string, fields map[string]string) ([]byte, error) {
	salt, err := base64.StdEncoding.DecodeString(fields["s"])
	if err != nil || len(salt) == 0 {
		return nil, errors.New("the broker sends no salt")
	}
	rounds, err := strconv.Atoi(fields["i"])
	if err != nil || rounds < minIterations || rounds > maxIterations {
		return nil, fmt.Errorf("the broker asks for %.20q iterations; %d to %d are safe", fields["i"], minIterations, maxIterations)
	}
	nonce := fields["r"]
	if !strings.HasPrefix(nonce, c.nonce) || len(nonce) == len(c.nonce) {
		return nil, errors.New("the broker does not answer our nonce")
	}
	salted, err := pbkdf2.Key(c.hash, c.password, salt, rounds, c.hash().Size())
	if err != nil {
		return nil, err
	}
	final := "c=" + base64.StdEncoding.EncodeToString([]byte(scramHeader)) + ",r=" + nonce
	message := c.first + "," + challenge + "," + final
	clientKey := c.mac(salted, "Client Key")
	stored := c.hash()
	stored.Write(clientKey)
	proof := c.mac(stored.Sum(nil), message)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	c.signature = c.mac(c.mac(salted, "Server Key"), message)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

func (c *scramExchange) mac(key []byte, text string) []byte {
	m := hmac.New(c.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// scramFields reads "r=…,s=…,i=…". Values may contain "=", never ",".
func scramFields(message string) map[string]string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(message, ",") {
		if name, value, ok := strings.Cut(field, "="); ok {
			fields[name] = value
		}
	}
	return fields
}
