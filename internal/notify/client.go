package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

const (
	maxAnswer     = 256 << 10      // bytes of an answer that are read
	maxRetryAfter = 24 * time.Hour // a receiver that asks for more is not believed
	maxSaid       = 200            // characters of an answer that errors repeat
	userAgent     = "vigia"
)

// client makes the requests of one sink. Errors never contain what is in hide.
type client struct {
	sinkName // of the sink
	http     *http.Client
	timeout  time.Duration
	now      func() time.Time
	hide     *strings.Replacer
}

// newClient makes the client of a sink. secrets are hidden in errors, whole and in the forms in which requests carry them; of URLs also each part.
func newClient(name string, o Options, secrets ...string) *client {
	var pairs []string
	for _, s := range secrets {
		for _, form := range formsOf(s) {
			pairs = append(pairs, form, hidden)
		}
	}
	transport := &http.Transport{
		DialContext: o.dialer(), Proxy: o.Proxy, TLSClientConfig: o.TLS.Clone(), ForceAttemptHTTP2: true, TLSHandshakeTimeout: o.Timeout,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		DisableCompression: true, // a small answer may unpack to a large one
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{
		sinkName: sinkName(name), http: &http.Client{Transport: transport, CheckRedirect: refuse}, timeout: o.Timeout, now: o.Now, hide: strings.NewReplacer(pairs...),
	}
}

// Close ends the connections that are kept for the next request.
func (c *client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// formsOf lists the forms of a secret, long ones first, so that no part is replaced before the whole.
func formsOf(secret string) []string {
	const shortest = 4 // hiding "a" wherever it stands would hide the message
	var forms []string
	add := func(s string) {
		if len(s) >= shortest {
			forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(s, "/", `\/`), base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
	add(secret)
	u, err := url.Parse(secret)
	if err != nil || u.Host == "" {
		return forms
	}
	add(u.RequestURI())
	const shortestPart = 6
	for _, part := range strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' }) {
		if len(part) >= shortestPart {
			add(part)
		}
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if len(v) >= shortestPart {
				add(v)
			}
		}
	}
	if password, ok := u.User.Password(); ok {
		add(password)
	}
	return forms
}

// request is what to send. to names the destination in errors, without secrets.
type request struct {
	method, url, to string
	header          map[string]string
	body            any // []byte as it is, nil for none, anything else as JSON
}

// answer is what came back, whatever its status.
type answer struct {
	to     string
	status int
	header http.Header
	body   []byte
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// do makes one request. The error, an [*Error], means that there is no answer, and that the destination may have taken the request nevertheless.
func (c *client) do(ctx context.Context, q request) (*answer, error) {
	body, isBytes := q.body.([]byte)
	if q.body != nil && !isBytes {
		var err error
		if body, err = encodeJSON(q.body); err != nil {
			return nil, &Error{Err: fmt.Errorf("the notice cannot be written as JSON: %w", err)}
		}
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(bounded, q.method, q.url, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Err: fmt.Errorf("%s has an address that cannot be used", q.to), Hint: "correct it in the configuration"}
	}
	r.Header.Set("User-Agent", userAgent)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	response, err := c.http.Do(r)
	if err == nil {
		defer response.Body.Close()
		a := &answer{to: q.to, status: response.StatusCode, header: response.Header}
		if a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err == nil {
			return a, nil
		}
	}
	return nil, c.failed(ctx, q.to, err)
}

// failed describes a request without an answer.
func (c *client) failed(ctx context.Context, to string, err error) *Error {
	if ctx.Err() != nil {
		return &Error{Retry: true, Err: fmt.Errorf("%s was not waited for any longer: %w", to, context.Cause(ctx))}
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which may be a secret
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Retry: true, Err: fmt.Errorf("%s did not answer within %s: %w", to, c.timeout, context.DeadlineExceeded)}
	case errors.Is(err, errForbidden):
		return &Error{Err: fmt.Errorf("%s: %s", to, c.hide.Replace(err.Error())), Hint: "use an address of the receiver that others can reach too"}
	}
	return &Error{Retry: true, Err: &quietError{to + ": " + c.hide.Replace(err.Error()), breakOf(err)}}
}

// quietError is an error whose text has lost its secrets, and that still says which way a connection broke: whoever asks wants to know whether the request may have arrived.
type quietError struct {
	text  string
	cause error // without any text of its own, or nil
}

// Error returns the text.
func (e *quietError) Error() string { return e.text }

// Unwrap returns how the connection broke.
func (e *quietError) Unwrap() error { return e.cause }

// breakOf finds how a connection broke; nil when it never was.
func breakOf(err error) error {
	for _, way := range []error{context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET} {
		if errors.Is(err, way) {
			return way
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return context.DeadlineExceeded
	}
	return nil
}

// refused describes an answer that is not a success. hints say what to do, by status; there are general ones for the rest.
func (c *client) refused(a *answer, hints map[int]string) *Error {
	e := &Error{Retry: passes(a.status), Hint: hints[a.status], Err: fmt.Errorf("%s answered %s%s", a.to, statusText(a.status), c.said(a))}
	if e.Retry {
		e.After = retryAfter(a.header.Get("Retry-After"), c.now())
		return e
	}
	if e.Hint != "" {
		return e
	}
	switch {
	case a.status >= 300 && a.status < 400:
		e.Hint = "redirects are not followed: configure the address that it points to"
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		e.Hint = "check the credentials and what they may do"
	case a.status == http.StatusNotFound:
		e.Hint = "check the address"
	case a.status == http.StatusGone:
		e.Hint = "the receiver wants no more: remove it from the configuration, or give it a new address"
	case a.status == http.StatusRequestEntityTooLarge:
		e.Hint = "let the receiver take at least 20 kB"
	default:
		e.Hint = "it will not take this notice however often it is sent: look into the receiver's log"
	}
	return e
}

// passes reports whether a status means that a later attempt may succeed.
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// said quotes the beginning of an answer's text, on one line and without secrets. Pages for browsers are left out.
func (c *client) said(a *answer) string {
	if strings.Contains(a.header.Get("Content-Type"), "html") {
		return ""
	}
	text := oneLine(c.hide.Replace(string(a.body[:min(len(a.body), 4<<10)])), maxSaid)
	if text == "" {
		return ""
	}
	return ": " + text
}

// oneLine makes one printable line of at most limit characters.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	return clip(strings.Join(strings.Fields(text), " "), limit)
}

// clip cuts a text to at most limit characters, and says so with an ellipsis.
func clip(text string, limit int) string {
	n := 0
	cut := 0 // where limit-1 characters end
	for i := range text {
		if n == limit-1 {
			cut = i
		}
		if n++; n > limit {
			return text[:cut] + "…"
		}
	}
	return text
}

// retryAfter reads a Retry-After header, seconds or a date; 0 when there is none to obey.
func retryAfter(header string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(header), 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		d = time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// encodeJSON writes v without escaping what only HTML needs escaped.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// decode reads a JSON answer. One that is none is taken for a fault that passes: something else answered, a proxy say.
func (c *client) decode(a *answer, into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return &Error{Retry: true, Err: fmt.Errorf("%s answered %s with something that is not what it documents%s", a.to, statusText(a.status), c.said(a))}
	}
	return nil
}

// hostOf names a destination in errors: its host, never the path, which may be a secret.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "it"
	}
	return u.Host
}

// basic is the header of HTTP's basic authentication.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
