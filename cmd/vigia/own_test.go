package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/config"
)

// selfSigned writes a certificate that only names another host, as those of public listeners do.
func selfSigned(t *testing.T, dir string) config.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"vigia.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := config.TLS{CertFile: filepath.Join(dir, "tls.pem"), KeyFile: filepath.Join(dir, "tls.key")}
	for file, block := range map[string]*pem.Block{files.CertFile: {Type: "CERTIFICATE", Bytes: der}, files.KeyFile: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestOwnClient: commands on the machine of the server trust its certificate, whatever name it bears, and no other.
func TestOwnClient(t *testing.T) {
	ours, theirs := selfSigned(t, t.TempDir()), selfSigned(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(ours.CertFile, ours.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" {
			http.NotFound(w, r)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that we do not trust it
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	for _, c := range []struct {
		files config.TLS
		code  int
		says  string
	}{{ours, exitOK, ""}, {theirs, exitUnreachable, "another certificate than the one in cert_file"}} {
		file := filepath.Join(t.TempDir(), "vigia.yml")
		text := "admin: " + server.Listener.Addr().String() + "\nadmin_tls: {cert_file: " + c.files.CertFile + ", key_file: " + c.files.KeyFile + "}\n" +
			"tenants: [{name: acme, zone: UTC, pseudonym_key: \"" + strings.Repeat("ab", 32) + "\"}]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"healthcheck", "--config", file}, func(string) string { return "" }, &out, &errs); code != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("exit code %d, %s", code, errs.String())
		}
	}
	if got := ownURL("0.0.0.0:8420", ours); got != "https://127.0.0.1:8420" {
		t.Error(got)
	}
}
