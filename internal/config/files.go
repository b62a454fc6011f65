package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vigia-cx/vigia/internal/document"
)

// certificateFiles are the certificates and keys that a configuration names, with the places of their keys.
func (c *Config) certificateFiles() []certificateSet {
	sets := []certificateSet{
		{"tls", &c.TLS.CertFile, &c.TLS.KeyFile, "client_ca_file", &c.TLS.ClientCAFile},
		{"admin_tls", &c.AdminTLS.CertFile, &c.AdminTLS.KeyFile, "client_ca_file", &c.AdminTLS.ClientCAFile},
	}
	if t := c.Kafka.TLS; t != nil {
		sets = append(sets, certificateSet{"kafka.tls", &t.CertFile, &t.KeyFile, "ca_file", &t.CAFile})
	}
	if t := c.Redis.TLS; t != nil {
		sets = append(sets, certificateSet{"redis.tls", &t.CertFile, &t.KeyFile, "ca_file", &t.CAFile})
	}
	return sets
}

type certificateSet struct {
	at        string
	cert, key *string
	caKey     string
	ca        *string
}

// readCertificates makes the paths of certificates absolute and checks that they can be used, so that a wrong one is found before anything starts.
func (c *Config) readCertificates(dir string) document.Findings {
	var found document.Findings
	for _, s := range c.certificateFiles() {
		for _, file := range []*string{s.cert, s.key, s.ca} {
			if *file != "" && !filepath.IsAbs(*file) {
				*file = filepath.Join(dir, *file)
			}
		}
		if *s.cert != "" && *s.key != "" {
			if _, err := tls.LoadX509KeyPair(*s.cert, *s.key); err != nil {
				found = append(found, c.source.Finding(s.at+".cert_file", fmt.Sprintf("the certificate %s and its key %s cannot be used: %v; both must be PEM and belong together", *s.cert, *s.key, err)))
			}
		}
		if *s.ca != "" {
			if _, err := CertPool(*s.ca); err != nil {
				found = append(found, c.source.Finding(s.at+"."+s.caKey, err.Error()))
			}
		}
	}
	return found
}

// CertPool reads the authorities of a PEM file.
func CertPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the authorities cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}

// Config returns the settings of a connection to a server; nil if t is nil. The files are read now.
func (t *ClientTLS) Config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pool, err := CertPool(t.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("our certificate %s and its key %s cannot be used: %w", t.CertFile, t.KeyFile, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
