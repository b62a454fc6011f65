package bus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/vigia-cx/vigia/internal/bus"
)

// certificate makes one for 127.0.0.1 that signs itself, and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// roundTrip publishes a message and reads it back, as a member of a group too: every way to the brokers is used.
func roundTrip(t *testing.T, cfg bus.Config, topic string) {
	t.Helper()
	c := newClient(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopics(ctx, []bus.TopicSpec{{Name: topic, Partitions: 1, Replication: 1}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.DeleteTopics(ctx, topic); err != nil {
			t.Error(err)
		}
	})
	for {
		err := c.Publish(ctx, topic, []bus.Message{{Key: []byte("k"), Value: []byte("v")}})
		if err == nil {
			break
		}
		if !bus.Retryable(err) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	got, err := c.Fetch(ctx, topic, 0, 0, bus.FetchOptions{})
	if err != nil || len(got.Messages) == 0 || string(got.Messages[0].Value) != "v" {
		t.Fatalf("%+v %v", got, err)
	}
	g, err := c.Join(ctx, bus.GroupConfig{ID: topic + "-group", Topics: []string{topic}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Next(ctx); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// TestSecureLog: TLS and each mechanism against a broker that asks for them, and what is said when one is wrong.
func TestSecureLog(t *testing.T) {
	const user, password = "vigia", "p=ä,ss"
	pair, pool := certificate(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}),
		kfake.Superuser("PLAIN", user, password), kfake.Superuser("SCRAM-SHA-256", user, password), kfake.Superuser("SCRAM-SHA-512", user, password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	trusting := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	for _, mechanism := range []string{bus.Plain, bus.ScramSHA256, bus.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			cfg := bus.Config{Brokers: cluster.ListenAddrs(), TLS: trusting, SASL: bus.SASL{Mechanism: mechanism, Username: user, Password: password}}
			roundTrip(t, cfg, "secure-"+mechanism)
			cfg.SASL.Password = "wrong-password"
			refused(t, cfg, "kafka.sasl", "wrong-password")
			cfg.SASL.Password, cfg.TLS = password, &tls.Config{RootCAs: x509.NewCertPool()}
			refused(t, cfg, "authorities", password)
		})
	}
	refused(t, bus.Config{Brokers: cluster.ListenAddrs(), SASL: bus.SASL{Mechanism: bus.Plain, Username: user, Password: password}}, "without TLS", password)
}

// refused: the error helps and shows no secret.
func refused(t *testing.T, cfg bus.Config, want, secret string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := newClient(t, cfg).Ping(ctx)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
		t.Errorf("%v: %v, want %q", cfg.SASL, err, want)
	}
}

// TestSecureKafka does the same on Apache Kafka.
func TestSecureKafka(t *testing.T) {
	brokers, ca, password := os.Getenv("VIGIA_TEST_SECURE_KAFKA"), os.Getenv("VIGIA_TEST_SECURE_CA"), os.Getenv("VIGIA_TEST_SECURE_PASSWORD")
	if brokers == "" || ca == "" || password == "" {
		t.Skip("VIGIA_TEST_SECURE_KAFKA, _CA and _PASSWORD are not set: `eval \"$(scripts/secure-stack.sh up)\"` starts the servers and sets them")
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	for _, mechanism := range []string{bus.Plain, bus.ScramSHA256, bus.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			cfg := bus.Config{
				Brokers: strings.Split(brokers, ","), TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
				SASL: bus.SASL{Mechanism: mechanism, Username: "vigia", Password: password},
			}
			roundTrip(t, cfg, "secure-"+mechanism)
			cfg.SASL.Password = "wrong-password"
			refused(t, cfg, "kafka.sasl", "wrong-password")
		})
	}
}
