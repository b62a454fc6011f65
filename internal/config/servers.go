package config

import (
	"fmt"
	"slices"
	"strings"
)

// ClientTLS is how a server is known, and how it knows us. All fields may be empty: the certificates that the system trusts, the name in the address, no certificate of our own.
type ClientTLS struct {
	// CAFile holds the authorities (PEM) that the server's certificate must come from, instead of the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile (PEM) are our own certificate, where the server asks for one.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name that the certificate must have, where the addresses do not tell.
	ServerName string `yaml:"server_name"`
}

// SASL mechanisms of Kafka.
const (
	SASLPlain       = "plain"
	SASLScramSHA256 = "scram-sha-256"
	SASLScramSHA512 = "scram-sha-512"
)

var saslMechanisms = []string{SASLPlain, SASLScramSHA256, SASLScramSHA512}

// SASL is who we are for Kafka. Without a mechanism nobody asks.
type SASL struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512.
	Mechanism    string `yaml:"mechanism"`
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Sentinel finds the primary of a replicated Redis. Then [Redis].Addresses stays empty; user and password there are those of the data servers.
type Sentinel struct {
	// Addresses are the host:port pairs of the sentinels, Master is what they call the primary.
	Addresses []string `yaml:"addresses"`
	Master    string   `yaml:"master"`
	// Username and Password are those of the sentinels themselves, which often have none.
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Servers returns the addresses that are asked first, for people: of Redis, or of its sentinels.
func (r Redis) Servers() []string {
	if len(r.Sentinel.Addresses) > 0 {
		return r.Sentinel.Addresses
	}
	return r.Addresses
}

func (c *Config) checkKafkaSecurity(k *checker) {
	k.clientTLS("kafka.tls", c.Kafka.TLS, c.Kafka.Embedded(), "kafka.brokers")
	s := c.Kafka.SASL
	if s.Mechanism == "" {
		if s.Username != "" || !s.Password.IsZero() {
			k.add("kafka.sasl", "a user without a mechanism; add mechanism: %s", strings.Join(saslMechanisms, ", "))
		}
		return
	}
	const at = "kafka.sasl."
	switch {
	case !slices.Contains(saslMechanisms, s.Mechanism):
		k.add(at+"mechanism", "%q is not known here; use %s", s.Mechanism, strings.Join(saslMechanisms, ", "))
	case c.Kafka.Embedded():
		k.add("kafka.sasl", "the embedded log knows no users; name servers in kafka.brokers, or remove this")
	case s.Mechanism == SASLPlain && c.Kafka.TLS == nil && !allLoopback(c.Kafka.Brokers):
		k.add(at+"mechanism", "plain sends the password as it is, and without kafka.tls everybody on the way can read it; add kafka.tls, or use scram-sha-512")
	}
	if s.Username == "" {
		k.add("kafka.sasl", "kafka.sasl.username is missing")
	}
	if s.Password.IsZero() && s.PasswordFile == "" {
		k.add("kafka.sasl", "kafka.sasl.password (or password_file) is missing")
	}
}

func (c *Config) checkRedisSecurity(k *checker) {
	r := c.Redis
	k.clientTLS("redis.tls", r.TLS, r.Embedded(), "redis.addresses")
	s := r.Sentinel
	for i, address := range s.Addresses {
		k.address(fmt.Sprintf("redis.sentinel.addresses[%d]", i), address)
	}
	switch {
	case len(s.Addresses) == 0 && (s.Master != "" || s.Username != "" || !s.Password.IsZero()):
		k.add("redis.sentinel", "redis.sentinel.addresses is empty; name the sentinels, host:port each")
	case len(s.Addresses) > 0 && s.Master == "":
		k.add("redis.sentinel", "redis.sentinel.master is missing: the name that `sentinel monitor` gives to the primary, often mymaster")
	}
	if len(s.Addresses) > 0 && len(r.Addresses) > 0 {
		k.add("redis.addresses", "the sentinels know where the primary is; remove redis.addresses, or redis.sentinel")
	}
	if r.Cluster && len(r.Addresses) == 0 {
		k.add("redis.cluster", "a cluster needs the addresses of some of its nodes in redis.addresses")
	}
	if (r.Cluster || len(r.Addresses) > 1) && r.DB != 0 {
		k.add("redis.db", "a cluster has only database 0; remove redis.db")
	}
}

func (k *checker) clientTLS(at string, t *ClientTLS, embedded bool, servers string) {
	if t == nil {
		return
	}
	if embedded {
		k.add(at, "the embedded engine needs no TLS; name servers in %s, or remove this", servers)
	}
	k.certificates(at, t.CertFile, t.KeyFile)
}

func allLoopback(addresses []string) bool {
	return !slices.ContainsFunc(addresses, func(a string) bool { return !Loopback(a) })
}
