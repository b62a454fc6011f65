package config

import (
	"fmt"
	"strings"
	"testing"
)

const tenantText = `
tenants:
  - name: acme
    zone: UTC
    pseudonym_key: "abababababababababababababababababababababababababababababababab"
`

func TestAdminAddress(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8420": "127.0.0.1:8421", "127.0.0.1:0": "127.0.0.1:0", "[::1]:9000": "127.0.0.1:9001", "localhost:65534": "127.0.0.1:65535",
		"localhost:65535": "", "localhost": "", "localhost:http": "",
	} {
		if got := (&Config{Listen: listen}).AdminAddress(); got != want {
			t.Errorf("%s: %q, want %q", listen, got, want)
		}
	}
	if got := (&Config{Listen: "127.0.0.1:1", Admin: "[::1]:7"}).AdminAddress(); got != "[::1]:7" {
		t.Error(got)
	}
	one := &Config{Listen: "127.0.0.1:1", Admin: "127.0.0.1:1", TLS: TLS{CertFile: "a"}}
	if !one.OneListener() || one.AdminListenerTLS() != one.TLS {
		t.Error("the same address is not one listener")
	}
}

// TestServerSecurity: what can be known without opening a connection.
func TestServerSecurity(t *testing.T) {
	const kafka = "kafka: {brokers: [\"kafka-1:9092\"], %s}\nredis: {addresses: [redis-1:6379]}\n"
	const redis = "kafka: {brokers: [\"kafka-1:9092\"]}\nredis: {%s}\n"
	for _, c := range []struct{ shape, in, want string }{
		{kafka, "tls: {}", ""},
		{kafka, "tls: {}, sasl: {mechanism: plain, username: v, password: p}", ""},
		{kafka, "sasl: {mechanism: plain, username: v, password: p}", "everybody on the way can read it"},
		{strings.Replace(kafka, "kafka-1", "127.0.0.1", 1), "sasl: {mechanism: plain, username: v, password: p}", ""},
		{kafka, "sasl: {mechanism: scram-sha-512, username: v, password: p}", ""},
		{kafka, "sasl: {mechanism: scram-sha-512, username: v}", "vigia.yml:1:42: kafka.sasl.password (or password_file) is missing"},
		{kafka, "sasl: {username: v, password: p}", "a user without a mechanism"},
		{redis, "sentinel: {addresses: [s-1:26379], master: mymaster}", ""},
		{redis, "sentinel: {addresses: [s-1:26379]}", "redis.sentinel.master is missing"},
		{redis, "addresses: [r-1:6379], sentinel: {master: m}", "redis.sentinel.addresses is empty"},
		{redis, "addresses: [r-1:6379], cluster: true", ""},
		{redis, "addresses: [r-1:6379], cluster: true, db: 1", "only database 0"},
		{redis, "cluster: true, sentinel: {addresses: [s-1:26379], master: m}", "a cluster needs the addresses"},
		{"metrics_tokens: [%s]\n", "short", "metrics_tokens[0]: a token has at least 16 characters"},
		{"metrics_tokens: [%s]\n", "token-0123456789abcdef, token-0123456789abcdef", "also among the metrics_tokens;"},
		{"redis: {%s}\n", "tls: {}", "the embedded engine needs no TLS"},
		{"kafka: {%s}\n", "sasl: {mechanism: scram-sha-256, username: v, password: p}", "the embedded log knows no users"},
	} {
		text := strings.Replace(c.shape, "%s", c.in, 1) + tenantText
		_, err := Parse("vigia.yml", []byte(text), unset)
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", text, err, c.want)
		}
	}
}
