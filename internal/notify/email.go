package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// EmailConfig is a list of mailboxes behind an SMTP server.
type EmailConfig struct {
	Server       string   `yaml:"server"` // host:port
	From         string   `yaml:"from"`
	To           []string `yaml:"to"`
	Username     string   `yaml:"username"`
	Password     Secret   `yaml:"password"`
	PasswordFile string   `yaml:"password_file"`
	// Security is starttls (the default: without it nothing is sent), tls (from the first byte, port 465) or plain (only to this machine).
	Security string `yaml:"security"`
}

func (c *EmailConfig) files() []File {
	return []File{fileOf("password_file", c.PasswordFile, &c.Password)}
}

func (c *EmailConfig) check(k *checker) {
	k.hostPort("server", c.Server)
	k.address("from", c.From)
	if len(c.To) == 0 {
		k.add("to", "is missing; list who gets the mails")
	}
	for i, to := range c.To {
		k.address(fmt.Sprintf("to[%d]", i), to)
	}
	if (c.Username == "") != (c.Password == "") {
		k.add("password", "goes together with username; give both or none")
	}
	switch c.Security {
	case "", "starttls", "tls":
	case "plain":
		if host, _, err := net.SplitHostPort(c.Server); err == nil && !loopback(host) {
			k.add("security", "plain is for a server on this machine only; use starttls or tls")
		}
	default:
		k.add("security", "%q is unknown; use starttls, tls or plain", c.Security)
	}
}

func (c *EmailConfig) open(o Options) (Notifier, error) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, FieldErrors{{"email.server", "is no address; write host:port"}}
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return nil, FieldErrors{{"email.server", "has no usable port; write host:port with a port from 1 to 65535"}}
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, FieldErrors{{"email.from", "is no e-mail address"}}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	hide := newClient("email", o, c.Password.Reveal(), "\x00"+c.Username+"\x00"+c.Password.Reveal()) // the second as AUTH PLAIN sends it
	return &email{
		client: hide, config: *c, host: host, port: number, domain: domain, dial: o.dialer(), tls: o.TLS,
	}, nil
}

// email sends mails. Its client only knows what to hide and how long to wait.
type email struct {
	*client
	config EmailConfig
	host   string
	port   int
	domain string
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	tls    *tls.Config
}

// Notify sends one mail to all recipients. Its Message-ID is the delivery, so that a repetition can be seen as one; References names the incident, so that its mails stand together.
func (m *email) Notify(ctx context.Context, n Notice) error {
	msg, err := m.message(n)
	if err != nil {
		return &Error{Err: errors.New(m.hide.Replace(err.Error())), Hint: "correct the addresses in the configuration"}
	}
	bounded, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	c, err := m.connect(bounded)
	if err != nil {
		return &Error{Err: errors.New(m.hide.Replace(err.Error()))}
	}
	err = c.DialAndSendWithContext(bounded, msg)
	if err == nil || msg.IsDelivered() { // what follows the server's word that it has the mail does not matter
		return nil
	}
	if bounded.Err() != nil {
		return m.failed(ctx, m.name(), bounded.Err())
	}
	return m.refusedMail(err)
}

func (m *email) name() string { return "mail server " + m.host }

// connect prepares a connection for one mail, which ends with the context at the latest.
func (m *email) connect(bounded context.Context) (*mail.Client, error) {
	config := m.tls.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = cmp.Or(config.ServerName, m.host)
	options := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(m.timeout), mail.WithTLSConfig(config), mail.WithTLSPolicy(mail.TLSMandatory), mail.WithHELO(m.domain)}
	if m.config.Security == "tls" || m.config.Security == "plain" {
		options = append(options, mail.WithTLSPolicy(mail.NoTLS)) // of STARTTLS: the connection is encrypted already, or is not to be
	}
	if m.config.Username != "" {
		order := []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin}
		if m.config.Security == "plain" {
			order = []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
		}
		options = append(options, mail.WithUsername(m.config.Username), mail.WithPassword(m.config.Password.Reveal()), mail.WithOpportunisticSMTPAuth(order...))
	}
	options = append(options, mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := m.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(bounded, func() { _ = conn.Close() }) // ctx is only about the beginning
		if m.config.Security != "tls" {
			return conn, nil
		}
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return encrypted, nil
	}))
	return mail.NewClient(m.host, options...)
}

func (m *email) message(n Notice) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.config.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := msg.To(m.config.To...); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	root := "<" + n.Incident + "@" + m.domain + ">"
	msg.SetMessageIDWithValue(n.ID + "@" + m.domain)
	msg.SetGenHeaderPreformatted(mail.HeaderReferences, root)
	msg.SetGenHeaderPreformatted(mail.HeaderInReplyTo, root)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetDateWithValue(m.now())
	if n.Severity == Critical && !n.Type.Over() {
		msg.SetImportance(mail.ImportanceHigh)
	}
	title := Title(n)
	msg.Subject(title)
	msg.SetBodyString(mail.TypeTextPlain, title+"\n\n"+Text(n)+"\n")
	msg.AddAlternativeString(mail.TypeTextHTML, htmlOf(n))
	return msg, nil
}

// htmlOf writes the notice for mail programs, which know little of HTML and load nothing.
func htmlOf(n Notice) string {
	e := html.EscapeString
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html lang="` + speak(n.Lang).lang + `"><body style="font-family:sans-serif;font-size:15px;color:#1a1a1a">`)
	b.WriteString(`<h1 style="font-size:18px;border-left:6px solid ` + colorOf(n) + `;padding-left:10px">` + e(Title(n)) + "</h1>\n<table>")
	for _, f := range facts(n) {
		b.WriteString(`<tr><td style="padding:2px 12px 2px 0;color:#555;vertical-align:top">` + e(f.label) + "</td><td>" + e(f.value) + "</td></tr>\n")
	}
	b.WriteString("</table>\n")
	if lines := itemLines(n); len(lines) > 0 {
		b.WriteString("<ul>")
		for _, l := range lines {
			text := e(l.text)
			if l.link != "" {
				text = `<a href="` + e(l.link) + `">` + text + "</a>"
			}
			b.WriteString("<li>" + text + "</li>\n")
		}
		b.WriteString("</ul>\n")
	}
	for _, a := range actions(n) {
		b.WriteString(`<p><a href="` + e(a.url) + `">` + e(a.label) + "</a></p>\n")
	}
	return b.String() + "</body></html>\n"
}

// refusedMail describes what the server, or the way to it, has against the mail.
func (m *email) refusedMail(err error) *Error {
	e := &Error{Retry: true}
	code, text := smtpCode(err), err.Error()
	switch {
	case errors.Is(err, errForbidden):
		e.Retry, e.Hint = false, "use an address of the server that others can reach too"
	case code >= 400 && code < 500:
		e.After = 30 * time.Second // greylisting and limits want a pause
	case code == 530 || code == 534 || code == 535 || code == 538:
		e.Retry, e.Hint = false, "check username and password; many providers want a password made for this use"
	case code >= 500:
		e.Retry, e.Hint = false, "check the sender and the recipients: as long as one of them is refused, nobody gets the mail"
	case strings.Contains(text, "STARTTLS"):
		e.Retry, e.Hint = false, "the server does not encrypt: use its port for submission (587), or security: tls with port 465"
	case certificateFault(err):
		e.Retry, e.Hint = false, "the server's certificate is not trusted: use the name that stands in it, and install its authority on this machine"
	case strings.Contains(text, "does not support SMTP AUTH"):
		e.Retry, e.Hint = false, "the server wants no password: remove username and password, or use its port for submission (587)"
	}
	cause := breakOf(err)
	if sending, ok := errors.AsType[*mail.SendError](err); ok && sending.ErrorCode() == 0 {
		cause = io.ErrUnexpectedEOF // the library does not tell; no reply means that the connection broke
	}
	e.Err = &quietError{m.name() + ": " + oneLine(m.hide.Replace(text), 2*maxSaid), cause}
	return e
}

func certificateFault(err error) bool {
	_, found := errors.AsType[*tls.CertificateVerificationError](err)
	return found
}

// smtpCode finds the reply code of the server, 0 when it said none.
func smtpCode(err error) int {
	if e, ok := errors.AsType[*mail.SendError](err); ok && e.ErrorCode() != 0 {
		return e.ErrorCode()
	}
	for ; err != nil; err = errors.Unwrap(err) {
		digits, _, _ := strings.Cut(err.Error(), " ")
		if code, bad := strconv.Atoi(digits); bad == nil && len(digits) == 3 && code >= 400 && code < 600 {
			return code
		}
	}
	return 0
}
