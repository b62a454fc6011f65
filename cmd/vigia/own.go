package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/vigia-cx/vigia/internal/config"
)

// ownURL is where a listener of the configuration is asked on this machine.
func ownURL(listen string, t config.TLS) string {
	if t.Enabled() {
		return "https://" + browsable(listen)
	}
	return "http://" + browsable(listen)
}

// ownTLS trusts the certificate in the listener's own file and no other: it bears the name under which others know the listener, not that of the loopback interface. nil
// where the listener speaks plain HTTP.
func ownTLS(t config.TLS) (*tls.Config, error) {
	if !t.Enabled() {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the listener cannot be read: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// The check below takes the place of the usual one.
		InsecureSkipVerify: true,
		VerifyPeerCertificate: func(shown [][]byte, _ [][]*x509.Certificate) error {
			if len(shown) == 0 || !bytes.Equal(shown[0], pair.Certificate[0]) {
				return errors.New("the server shows another certificate than the one in cert_file; is it Vigia, and has it been started since?")
			}
			return nil
		},
	}, nil
}

// ownClient asks a listener of the configuration.
func ownClient(t config.TLS) (*http.Client, error) {
	secure, err := ownTLS(t)
	if err != nil {
		return nil, err
	}
	// No proxy: the listener is on this machine.
	return &http.Client{Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}, nil
}
