package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
)

// pki is an authority and a folder with the certificates that it has signed.
type pki struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	n    int64
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, dir: t.TempDir()}
	p.key, p.cert = p.sign("authority", nil)
	p.write("ca.pem", "CERTIFICATE", p.cert.Raw)
	return p
}

func (p *pki) sign(name string, parent *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.n++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.n), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	signer := p.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return key, cert
}

func (p *pki) write(name, kind string, der []byte) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// issue writes name.pem and name.key and returns the pair.
func (p *pki) issue(name string) tls.Certificate {
	p.t.Helper()
	key, cert := p.sign(name, p.cert)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(name+".pem", "CERTIFICATE", cert.Raw)
	p.write(name+".key", "EC PRIVATE KEY", der)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (p *pki) files(name string) config.TLS {
	return config.TLS{CertFile: filepath.Join(p.dir, name+".pem"), KeyFile: filepath.Join(p.dir, name+".key")}
}

// client trusts the authority, and shows a certificate if it has one.
func (p *pki) client(own ...tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: own}, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	answer, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// TestTLS: both listeners; a renewed certificate is taken without a restart, a broken one is not; operators need a certificate except for health.
func TestTLS(t *testing.T) {
	p := newPKI(t)
	p.issue("server")
	cfg := configured(t, "", "")
	cfg.TLS, cfg.AdminTLS = p.files("server"), p.files("server")
	cfg.AdminTLS.ClientCAFile = filepath.Join(p.dir, "ca.pem")
	a := started(t, app.Options{Config: cfg})
	public, admin := "https://"+a.Addr().String(), "https://"+a.AdminAddr().String()

	answer, _ := get(t, p.client(), public+"/api/v1/catalog")
	if answer.StatusCode != http.StatusUnauthorized || answer.ProtoMajor != 2 {
		t.Errorf("public: %s %s", answer.Status, answer.Proto)
	}
	first := answer.TLS.PeerCertificates[0]
	for path, want := range map[string]int{"/livez": 200, "/-/healthy": 200, "/metrics": 403, "/-/reload": 403} {
		if answer, body := get(t, p.client(), admin+path); answer.StatusCode != want {
			t.Errorf("%s without a certificate: %s %s", path, answer.Status, body)
		}
	}
	if answer, _ := get(t, p.client(p.issue("operator")), admin+"/metrics"); answer.StatusCode != http.StatusOK {
		t.Errorf("with a certificate: %s", answer.Status)
	}
	if _, err := p.client(newPKI(t).issue("stranger")).Get(admin + "/livez"); err == nil {
		t.Error("the certificate of another authority is taken")
	}
	old := &tls.Config{MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}
	if c, err := tls.Dial("tcp", a.Addr().String(), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}

	later := time.Now().Add(time.Minute)
	touch := func() {
		for _, file := range []string{cfg.TLS.CertFile, cfg.TLS.KeyFile} {
			if err := os.Chtimes(file, later, later); err != nil {
				t.Fatal(err)
			}
		}
		later = later.Add(time.Minute)
	}
	p.write("server.pem", "CERTIFICATE", []byte("half a renewal"))
	touch()
	shown := func() *x509.Certificate {
		answer, _ := get(t, p.client(), public+"/api/v1/catalog")
		return answer.TLS.PeerCertificates[0]
	}
	eventually(t, 3*time.Second, func() string { // until it has looked
		if !shown().Equal(first) {
			return "another certificate"
		}
		return ""
	})
	renewed := p.issue("server").Leaf
	touch()
	eventually(t, 10*time.Second, func() string {
		if !shown().Equal(renewed) {
			return "still the old certificate"
		}
		return ""
	})
}

// TestListeners: what is where, and who is let in.
func TestListeners(t *testing.T) {
	cfg := configured(t, "", "")
	cfg.Pprof = true
	a := started(t, app.Options{Config: cfg})
	public, admin := "http://"+a.Addr().String(), "http://"+a.AdminAddr().String()
	for url, want := range map[string]int{
		admin + "/livez": 200, admin + "/-/healthy": 200, admin + "/metrics": 200, admin + "/debug/pprof/cmdline": 200, admin + "/-/reload": 405, admin + "/api/v1/catalog": 404,
		public + "/livez": 404, public + "/metrics": 404, public + "/-/reload": 404, public + "/debug/pprof/": 404,
	} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %s, want %d", url, answer.Status, want)
		}
	}
	ask := func(method, path string, header http.Header) int {
		r, err := http.NewRequestWithContext(t.Context(), method, admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header, r.Host = header, header.Get("Host")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask(http.MethodGet, "/metrics", http.Header{"Host": {"evil.example"}}); got != http.StatusForbidden {
		t.Errorf("a name that was bound to loopback: %d", got)
	}
	if got := ask(http.MethodPost, "/-/reload", http.Header{"Sec-Fetch-Site": {"cross-site"}}); got != http.StatusForbidden {
		t.Errorf("a page of another site may reload: %d", got)
	}
	if got := ask(http.MethodPost, "/-/reload", http.Header{}); got != http.StatusInternalServerError {
		t.Errorf("reload without a file: %d", got)
	}

	cfg = configured(t, "", "")
	cfg.Admin = cfg.Listen
	one := started(t, app.Options{Config: cfg})
	if one.Addr().String() != one.AdminAddr().String() {
		t.Errorf("%v and %v are not one listener", one.Addr(), one.AdminAddr())
	}
	for path, want := range map[string]int{"/livez": 200, "/metrics": 200, "/api/v1/catalog": 401, "/debug/pprof/": 404} {
		if answer, _ := get(t, http.DefaultClient, "http://"+one.Addr().String()+path); answer.StatusCode != want {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}

// TestSlowClients: connections that never end their headers are cut off, and meanwhile others are served.
func TestSlowClients(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, "", "")})
	var slow []net.Conn
	for range 100 {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("POST /ingest/v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	if status, body := call(t, a, ingestToken, http.MethodPost, "/ingest/v1/events", message("m", time.Now())); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	for _, c := range slow {
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatalf("still open: %v", err)
		}
	}
	big, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	big.Header.Set("X-Big", strings.Repeat("x", 64<<10))
	answer, err := http.DefaultClient.Do(big)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("large headers: %s", answer.Status)
	}
}

// TestReloadFile: tokens come and go while the process runs, a bad file changes nothing, and the metrics tell.
func TestReloadFile(t *testing.T) {
	const second = "second-0123456789abcdef"
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
data: ""
tenants:
  - name: acme
    zone: UTC
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
    sources: [{connector: http}]
`, ingestToken, readToken, strings.Repeat("ab", 32))
	load := func() (*config.Config, error) {
		return config.Parse("vigia.yml", []byte(text), func(string) string { return "" })
	}
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	a := started(t, app.Options{Config: cfg, Load: load})
	expect := func(what string, reload int, ingest, reader string, ingestStatus, readStatus int, metric string) {
		t.Helper()
		status, body := call(t, a, "", http.MethodPost, "/-/reload", "")
		if status != reload {
			t.Errorf("%s: reload answers %d %s", what, status, body)
		}
		if status, body := call(t, a, ingest, http.MethodPost, "/ingest/v1/events", message("m", time.Now())); status != ingestStatus {
			t.Errorf("%s: ingest answers %d %s", what, status, body)
		}
		if status, body := call(t, a, reader, http.MethodGet, "/api/v1/catalog", ""); status != readStatus {
			t.Errorf("%s: the API answers %d %.100s", what, status, body)
		}
		if _, body := call(t, a, "", http.MethodGet, "/metrics", ""); !strings.Contains(body, metric) || !strings.Contains(body, "vigia_config_last_reload_success_timestamp_seconds 1") {
			t.Errorf("%s: %s is not in the metrics", what, metric)
		}
	}
	const good, bad = "vigia_config_last_reload_successful 1", "vigia_config_last_reload_successful 0"
	expect("the same", 200, ingestToken, readToken, 200, 200, good)
	original := text
	text = strings.NewReplacer(ingestToken, "sends-"+second, readToken, "reads-"+second).Replace(text)
	expect("new tokens", 200, "sends-"+second, "reads-"+second, 200, 200, good)
	expect("the old tokens", 200, ingestToken, readToken, 401, 401, good)
	newest := text
	text += "    sources: nonsense\n"
	expect("a bad file", 500, "sends-"+second, "reads-"+second, 200, 200, bad)
	text = newest + strings.NewReplacer("sends", "sends2", "reads", "reads2", "name: acme", "name: other").Replace(newest[strings.Index(newest, "  - name"):])
	expect("a new tenant", 200, "sends2-"+second, "reads2-"+second, 200, 200, good)
	text = strings.Replace(newest, "sources: [{connector: http}]", "sources: [{connector: genesys}]", 1)
	expect("without the new tenant", 200, "sends2-"+second, "reads2-"+second, 401, 401, good)
	text = strings.Replace(original, strings.Repeat("ab", 32), strings.Repeat("cd", 32), 1)
	expect("another key waits for a restart", 200, ingestToken, readToken, 200, 200, good)
}

// TestNotifier: systemd hears of the start, a reload, the end, and in between that the process lives.
func TestNotifier(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skipf("the path of the socket is too long here: %v", err)
	}
	defer l.Close()
	getenv := func(name string) string {
		return map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "200000"}[name]
	}
	heard := make(chan string, 1000)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := l.Read(b)
			if err != nil {
				close(heard)
				return
			}
			heard <- string(bytes.TrimSpace(b[:n]))
		}
	}()
	expect := func(want string) {
		t.Helper()
		limit := time.After(20 * time.Second)
		for {
			select {
			case got := <-heard:
				if strings.HasPrefix(got, want) {
					return
				}
				if !strings.HasPrefix(got, "WATCHDOG=1") {
					t.Fatalf("%q before %q", got, want)
				}
			case <-limit:
				t.Fatalf("systemd did not hear %q", want)
			}
		}
	}
	cfg := configured(t, "", "")
	a := mustNew(t, app.Options{Config: cfg, Load: func() (*config.Config, error) { return cfg, nil }, Notifier: app.NewNotifier(getenv, nil)})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("READY=1\nSTATUS=connector, worker, exporter, alerter")
	expect("WATCHDOG=1")
	if err := a.ReloadFile(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("RELOADING=1")
	expect("READY=1")
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect("STOPPING=1")
	if app.NewNotifier(func(string) string { return "" }, nil) != nil {
		t.Error("a notifier although nobody asks")
	}
}
