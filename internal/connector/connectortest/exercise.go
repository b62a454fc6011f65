package connectortest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/vigia-cx/vigia/internal/connector"
)

// Case is what [Exercise] must know about a channel.
type Case struct {
	Channel connector.Channel
	// Deliveries of the vendor, at least two, that together show everything the channel reads. Each brings at least one event, and one of them several of one conversation.
	Deliveries [][]byte
	// Account that the deliveries are about.
	Account string
	// Personal are the names, numbers, texts and ids of people in the deliveries. Each stands in at least one.
	Personal []string
	// Sign returns the headers with which the vendor sends a body.
	Sign func(body []byte, secret connector.Secret) http.Header
	// Cut returns the same items in other deliveries: one each, where the vendor batches; nil where it does not.
	Cut func(body []byte) [][]byte
	// Extend returns the body with fields that nobody knows; nil means JSON, in which every object gets some.
	Extend func(body []byte) []byte
	// Handshake returns the parameters of the vendor's question; nil for channels without one.
	Handshake func(token, challenge string) url.Values
	// Resolve is the body of a resolve call about the conversation of the first event of the first delivery; nil for channels that are not threadless.
	Resolve []byte
}

// Exercise checks what every channel promises, through the whole way from HTTP to the log.
func Exercise(t *testing.T, c Case) {
	t.Helper()
	if len(c.Deliveries) < 2 || c.Account == "" || len(c.Personal) == 0 || c.Sign == nil {
		t.Fatal("the case lacks something: deliveries (two at least), account, personal, sign")
	}
	for _, check := range []struct {
		name string
		run  func(*testing.T, Case)
	}{
		{"signature", signature}, {"handshake", handshake}, {"unknown source", unknownSource}, {"size", size}, {"content types", contentTypes},
		{"replay", replay}, {"another cut", anotherCut}, {"unknown fields", unknownFields}, {"order", order}, {"log down", logDown},
		{"garbage", garbage}, {"other accounts", otherAccounts}, {"privacy", privacy}, {"metrics", closedMetrics}, {"pure", pure}, {"resolve", resolve},
	} {
		t.Run(check.name, func(t *testing.T) { check.run(t, c) })
	}
}

func signature(t *testing.T, c Case) {
	s := newStage(t, c)
	body := c.Deliveries[0]
	for _, x := range []struct {
		name    string
		headers http.Header
		code    int
	}{
		{"right", c.Sign(body, secret), 200},
		{"the other of two secrets", c.Sign(body, nextSecret), 200},
		{"wrong secret", c.Sign(body, "not-the-secret"), 401},
		{"empty secret", c.Sign(body, ""), 401},
		{"of another body", c.Sign(append([]byte(" "), body...), secret), 401},
		{"none", http.Header{}, 401},
		{"empty", emptied(c.Sign(body, secret)), 401},
		{"cut off", cutOff(c.Sign(body, secret)), 401},
		{"twice, the first wrong", doubled(c.Sign(body, "not-the-secret"), c.Sign(body, secret)), 401},
	} {
		s.log.Clear()
		w := s.send(http.MethodPost, s.path, body, x.headers)
		if w.Code != x.code {
			t.Errorf("%s: got %d, want %d: %s", x.name, w.Code, x.code, w.Body)
		}
		if written := len(s.log.All(Interactions)) + len(s.log.All(DeadLetters)); (written > 0) != (x.code == 200) {
			t.Errorf("%s: %d records were written", x.name, written)
		}
	}
}

func handshake(t *testing.T, c Case) {
	s := newStage(t, c)
	if c.Handshake == nil {
		if w := s.send(http.MethodGet, s.path, nil, nil); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("a GET to a channel without handshake got %d", w.Code)
		}
		return
	}
	ask := func(path string, q url.Values) (int, string, string) {
		w := s.send(http.MethodGet, path+"?"+q.Encode(), nil, nil)
		return w.Code, w.Body.String(), w.Header().Get("Content-Type")
	}
	const challenge = "115<8b>&"
	if code, body, media := ask(s.path, c.Handshake(verifyToken, challenge)); code != 200 || body != challenge || media != "text/plain; charset=utf-8" {
		t.Errorf("got %d %s %q, want the challenge as plain text", code, media, body)
	}
	for name, q := range map[string]url.Values{
		"wrong token": c.Handshake("not-the-token-at-all", challenge), "no token": c.Handshake("", challenge), "no challenge": c.Handshake(verifyToken, ""), "nothing": {},
	} {
		if code, _, _ := ask(s.path, q); code != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, code)
		}
	}
	for name, path := range map[string]string{"a source without verify token": s.prefix + mute, "an unknown source": s.prefix + "nobody"} {
		for _, token := range []string{"", verifyToken} {
			if code, _, _ := ask(path, c.Handshake(token, challenge)); code != http.StatusForbidden {
				t.Errorf("%s: got %d, want 403", name, code)
			}
		}
	}
	if w := s.send(http.MethodPut, s.path, nil, nil); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, POST" {
		t.Errorf("PUT got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// unknownSource: nobody learns which sources exist.
func unknownSource(t *testing.T, c Case) {
	s := newStage(t, c)
	body := c.Deliveries[0]
	wrong, unknown := s.send(http.MethodPost, s.path, body, c.Sign(body, "not-the-secret")), s.send(http.MethodPost, s.prefix+"nobody", body, c.Sign(body, secret))
	if wrong.Code != unknown.Code || withoutID(wrong) != withoutID(unknown) {
		t.Errorf("a wrong signature and an unknown source are answered differently:\n%d %s\n%d %s", wrong.Code, wrong.Body, unknown.Code, unknown.Body)
	}
	if w := s.send(http.MethodPost, connector.HooksPath+"no-such-channel/main", body, c.Sign(body, secret)); w.Code != http.StatusNotFound {
		t.Errorf("an unknown channel got %d", w.Code)
	}
}

func size(t *testing.T, c Case) {
	s := newStage(t, c)
	most := int(c.Channel.MaxBody())
	for _, x := range []struct {
		size, code int
	}{{most, 200}, {most + 1, 413}, {2 * most, 413}} {
		body := make([]byte, x.size)
		copy(body, c.Deliveries[0])
		for i := len(c.Deliveries[0]); i < len(body); i++ {
			body[i] = '\n'
		}
		for _, chunked := range []bool{false, true} {
			if w := s.stream(s.path, body, c.Sign(body, secret), chunked); w.Code != x.code {
				t.Errorf("%d bytes (chunked: %v) got %d, want %d", x.size, chunked, w.Code, x.code)
			}
		}
	}
}

// contentTypes: what a body is called does not change what it is; compressed ones are refused, for nobody declared them.
func contentTypes(t *testing.T, c Case) {
	s := newStage(t, c)
	body := c.Deliveries[0]
	want := s.accepted(body)
	for _, media := range []string{"application/json", "application/json; charset=utf-8", "text/plain", "application/octet-stream", "nonsense", ""} {
		headers := c.Sign(body, secret)
		headers.Set("Content-Type", media)
		if got := s.acceptedWith(body, headers); !equal(got, want) {
			t.Errorf("as %q: got %v, want %v", media, got, want)
		}
	}
	for encoding, code := range map[string]int{"gzip": 415, "br": 415, "identity": 200} {
		headers := c.Sign(body, secret)
		headers.Set("Content-Encoding", encoding)
		if w := s.send(http.MethodPost, s.path, body, headers); w.Code != code {
			t.Errorf("Content-Encoding %s: got %d, want %d", encoding, w.Code, code)
		}
	}
}
