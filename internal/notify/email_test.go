package notify_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// mailServer speaks as much SMTP as a submission server does. answers replace the usual reply to a command; an empty one closes the connection, "…" is silence.
type mailServer struct {
	addr    string
	implied bool // TLS from the first byte
	noTLS   bool // does not offer STARTTLS
	config  *tls.Config
	pool    *x509.CertPool
	done    chan struct{}

	mu      sync.Mutex
	answers map[string]string
	mails   []string
	secured []bool // whether the connection was, when the mail came
}

func newMailServer(t *testing.T, change func(*mailServer)) *mailServer {
	t.Helper()
	s := &mailServer{answers: map[string]string{}, done: make(chan struct{})}
	s.certify(t)
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(s.done)
		l.Close()
		serving.Wait()
	})
	return s
}

func (s *mailServer) certify(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
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
	s.config = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.pool = x509.NewCertPool()
	s.pool.AddCert(leaf)
}

// got returns the mails that came, and whether each was encrypted.
func (s *mailServer) got() ([]string, []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails), slices.Clone(s.secured)
}

func (s *mailServer) answer(command, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = map[string]string{command: text}
}

// serve holds one conversation.
func (s *mailServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	secure := s.implied
	if s.implied {
		conn = tls.Server(conn, s.config)
	}
	in := bufio.NewReader(conn)
	// say answers a command, and reports whether the conversation goes on.
	say := func(command, usual string) bool {
		s.mu.Lock()
		text, other := s.answers[command]
		s.mu.Unlock()
		if !other {
			text = usual
		}
		switch text {
		case "":
			return false
		case "…":
			<-s.done
			return false
		}
		_, err := io.WriteString(conn, text+"\r\n")
		return err == nil
	}
	if !say("hello", "220 mail.example.org ESMTP") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		goOn := true
		switch command {
		case "EHLO":
			offer := "250-mail.example.org\r\n250-8BITMIME\r\n"
			if !secure && !s.noTLS {
				offer += "250-STARTTLS\r\n"
			}
			goOn = say(command, offer+"250 AUTH PLAIN LOGIN")
		case "STARTTLS":
			if goOn = say(command, "220 go ahead"); goOn {
				conn, secure = tls.Server(conn, s.config), true
				in = bufio.NewReader(conn)
			}
		case "AUTH":
			goOn = say(command, "235 welcome")
		case "DATA":
			if goOn = say(command, "354 go ahead"); goOn && !s.refuses(command) {
				goOn = s.data(in, secure) && say("mail", "250 queued")
			}
		case "QUIT":
			_ = say(command, "221 bye")
			return
		default:
			goOn = say(command, "250 ok")
		}
		if !goOn {
			return
		}
	}
}

func (s *mailServer) refuses(command string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[command] != ""
}

func (s *mailServer) data(in *bufio.Reader, secure bool) bool {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails, s.secured = append(s.mails, b.String()), append(s.secured, secure)
	return true
}

const mailPassword = "m41lp455w0rd"

func (s *mailServer) sink(t *testing.T, timeout time.Duration, change func(*notify.EmailConfig)) notify.Notifier {
	t.Helper()
	c := &notify.EmailConfig{
		Server: s.addr, From: "Vigia <vigia@example.org>", To: []string{"Duty <duty@example.org>", "lead@example.org"}, Username: "vigia", Password: mailPassword,
	}
	if change != nil {
		change(c)
	}
	n, err := notify.New(notify.Config{Email: c}, notify.Options{Timeout: timeout, TLS: &tls.Config{RootCAs: s.pool}, Now: func() time.Time { return notifytest.Now }})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEmail shows the mails in every language, headers and both bodies.
func TestEmail(t *testing.T) {
	s := newMailServer(t, nil)
	sink := s.sink(t, 0, nil)
	var b strings.Builder
	for _, lang := range []string{"en", "es", "pt"} {
		for _, name := range []string{"breached", "settled", "group"} {
			for range 2 {
				if err := sink.Notify(t.Context(), notifytest.Notice(name, lang)); err != nil {
					t.Fatal(err)
				}
			}
			mails, _ := s.got()
			n := len(mails)
			first, second := readMail(t, mails[n-2]), readMail(t, mails[n-1])
			if first != second {
				t.Errorf("the second attempt is another mail:\n%s\n%s", first, second)
			}
			fmt.Fprintf(&b, "== %s %s\n%s\n", name, lang, first)
		}
	}
	notifytest.Golden(t, "testdata/email.golden", b.String())
	_, secured := s.got()
	for i, secure := range secured {
		if !secure {
			t.Errorf("mail %d came in the clear", i)
		}
	}
}

// readMail writes what matters of a mail.
func readMail(t *testing.T, raw string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range []string{"From", "To", "Subject", "Message-Id", "In-Reply-To", "References", "Date", "Auto-Submitted", "Importance"} {
		text, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get(name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", name, text)
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "-- %s\n%s", part.Header.Get("Content-Type"), strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
}

// TestEmailRefused: what a mail server says decides whether the mail is tried again; no error contains the password.
func TestEmailRefused(t *testing.T) {
	s := newMailServer(t, nil)
	sink := s.sink(t, 0, nil)
	for _, c := range []struct {
		command, answer string
		retry           bool
	}{
		{"hello", "421 too busy", true},
		{"hello", "554 go away", false},
		{"AUTH", "535 5.7.8 bad password " + mailPassword + " AHZpZ2lhAG00MWxwNDU1dzByZA==", false},
		{"AUTH", "454 4.7.0 temporary authentication failure", true},
		{"MAIL", "550 5.7.1 sender refused", false},
		{"RCPT", "450 4.2.0 greylisted", true},
		{"RCPT", "550 5.1.1 no such user", false},
		{"DATA", "452 disk full", true},
		{"mail", "554 5.7.1 looks like spam", false},
		{"mail", "451 try again", true},
		{"mail", "", true},
		{"MAIL", "", true},
		{"STARTTLS", "454 not now", true},
	} {
		s.answer(c.command, c.answer)
		e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), notifytest.Notice("breached", "en")))
		switch {
		case !ok:
			t.Errorf("%s %q: no error", c.command, c.answer)
		case c.answer == "" && !errors.Is(e, io.EOF) && !errors.Is(e, io.ErrUnexpectedEOF):
			t.Errorf("%s %q: %v does not say that the connection broke", c.command, c.answer, e)
		case e.Retry != c.retry || !e.Retry && e.Hint == "":
			t.Errorf("%s %q: retry %t, %v", c.command, c.answer, e.Retry, e)
		case strings.Contains(e.Error(), mailPassword) || strings.Contains(e.Error(), "AHZpZ2lhAG00MWxwNDU1dzByZA=="):
			t.Errorf("the error contains the password: %v", e)
		}
	}
	// The server has the mail; how it ends the conversation does not matter.
	s.answer("QUIT", "")
	if err := sink.Notify(t.Context(), notifytest.Notice("breached", "en")); err != nil {
		t.Errorf("%v after the mail was taken", err)
	}
}

func TestEmailHangs(t *testing.T) {
	s := newMailServer(t, nil)
	for _, command := range []string{"hello", "RCPT", "mail"} {
		s.answer(command, "…")
		e, ok := errors.AsType[*notify.Error](s.sink(t, 100*time.Millisecond, nil).Notify(t.Context(), notifytest.Notice("breached", "en")))
		if !ok || !e.Retry {
			t.Errorf("%s: %v", command, e)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		e, ok = errors.AsType[*notify.Error](s.sink(t, time.Minute, nil).Notify(ctx, notifytest.Notice("breached", "en")))
		cancel()
		if !ok || !e.Retry {
			t.Errorf("%s: %v", command, e)
		}
	}
}

// TestEmailSecurity: nothing goes out in the clear unless that is asked for on this machine, and the certificate counts.
func TestEmailSecurity(t *testing.T) {
	plain := newMailServer(t, func(s *mailServer) { s.noTLS = true })
	implied := newMailServer(t, func(s *mailServer) { s.implied = true })
	usual := newMailServer(t, nil)
	notice := notifytest.Notice("breached", "en")

	if err := implied.sink(t, 0, func(c *notify.EmailConfig) { c.Security = "tls" }).Notify(t.Context(), notice); err != nil {
		t.Errorf("tls: %v", err)
	}
	if _, secured := implied.got(); !slices.Equal(secured, []bool{true}) {
		t.Errorf("tls: mails came encrypted: %t", secured)
	}
	if err := plain.sink(t, 0, func(c *notify.EmailConfig) { c.Security = "plain" }).Notify(t.Context(), notice); err != nil {
		t.Errorf("plain: %v", err)
	}
	e, ok := errors.AsType[*notify.Error](plain.sink(t, 0, nil).Notify(t.Context(), notice))
	if mails, _ := plain.got(); !ok || e.Retry || !strings.Contains(e.Hint, "encrypt") || len(mails) != 1 {
		t.Errorf("without STARTTLS: %v, %d mails", e, len(mails))
	}
	usual.pool = x509.NewCertPool()
	e, ok = errors.AsType[*notify.Error](usual.sink(t, 0, nil).Notify(t.Context(), notice))
	if mails, _ := usual.got(); !ok || e.Retry || !strings.Contains(e.Hint, "certificate") || len(mails) != 0 {
		t.Errorf("untrusted: %v, %d mails", e, len(mails))
	}
}
