package connector_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

const valid = `{"occurred_at":"2026-01-01T11:59:59Z","source":{"native_event_id":"n1"},"conversation":{"id":"c1"},"customer":{"id":"5215512345678"},` +
	`"actor":{"kind":"KIND_CUSTOMER"},"channel":"CHANNEL_EMAIL","routing":{"queue_id":"Ventas"},"message":{"message_id":"m1","direction":"DIRECTION_INBOUND","text":"hola"}}`

func with(old, replacement string) string { return strings.Replace(valid, old, replacement, 1) }

// post sends a body; headers are pairs.
func (s *stage) post(body []byte, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, connector.Path, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

type answer struct {
	Accepted  int
	IDs       []string
	Type      string
	Title     string
	Status    int
	Detail    string
	Instance  string
	RequestID string `json:"request_id"`
	Errors    []struct {
		Index         *int
		Field, Reason string
		Detail        string
	}
}

func read(t *testing.T, w *httptest.ResponseRecorder) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("the answer is not JSON: %v\n%s", err, w.Body)
	}
	return a
}

func zipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	plant := eventtest.Plant("x-1", noon-1000)[0]
	delimited := append(binary.AppendUvarint(nil, uint64(len(plant.Proto))), plant.Proto...)
	envelope := `{"specversion":"1.0","id":"n7","source":"/crm","type":"t","data":` + valid + `}`
	for _, c := range []struct {
		name, media string
		body        []byte
		headers     []string
		want        int
	}{
		{"one object", "application/json", []byte(valid), nil, 1},
		{"charset", "application/json; charset=utf-8", []byte(valid), nil, 1},
		{"array", "application/json", []byte("[" + valid + "," + valid + "]"), nil, 2},
		{"lines", "application/x-ndjson", []byte(valid + "\n" + valid + "\n" + valid + "\n"), nil, 3},
		{"gzip", "application/json", zipped(t, []byte(valid)), []string{"Content-Encoding", "gzip"}, 1},
		{"protobuf", "application/protobuf", plant.Proto, nil, 1},
		{"x-protobuf", "application/x-protobuf", plant.Proto, nil, 1},
		{"delimited", "application/protobuf; delimited=true", append(delimited, delimited...), nil, 2},
		{"structured", "application/cloudevents+json", []byte(envelope), nil, 1},
		{"batch", "application/cloudevents-batch+json; charset=utf-8", []byte("[" + envelope + "," + envelope + "]"), nil, 2},
		{"binary", "application/json", []byte(valid), []string{"ce-specversion", "1.0", "ce-id", "n7", "ce-source", "/crm", "ce-type", "t"}, 1},
		{"binary protobuf", "application/protobuf", plant.Proto, []string{"ce-specversion", "1.0", "ce-id", "n%207", "ce-source", "/crm", "ce-type", "t"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, config())
			w := s.post(c.body, append([]string{"Content-Type", c.media}, c.headers...)...)
			a := read(t, w)
			if w.Code != http.StatusOK || a.Accepted != c.want || len(a.IDs) != c.want {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			events := s.log.events(t)
			if len(events) != c.want || events[0].ID != a.IDs[0] || events[0].Tenant != "acme" || events[0].ReceivedAt != noon {
				t.Errorf("the log has %d events, the first %+v", len(events), events[0])
			}
			if got := s.metric(t, "vigia_ingest_events_total", "accepted"); got != float64(c.want) {
				t.Errorf("%v events counted as accepted", got)
			}
		})
	}
}

// TestBadInput has a row for each bad input of the acceptance list that concerns ingest, and more.
func TestBadInput(t *testing.T) {
	bomb := zipped(t, bytes.Repeat([]byte(" "), 900_000))
	for _, c := range []struct {
		name, body string
		headers    []string
		code       int
		reason     string // series of vigia_ingest_rejected_total
		field      string
	}{
		{"garbage protobuf", "\xff\x00garbage", []string{"Content-Type", "application/protobuf"}, 422, "garbage", ""},
		{"garbage JSON", "{", nil, 422, "garbage", ""},
		{"nothing", "", nil, 422, "garbage", ""},
		{"oversized body", strings.Repeat(" ", 1<<20+1), nil, 413, "too_large", ""},
		{"oversized after gzip", string(zipped(t, append(bytes.Repeat([]byte("0123456789abcdef"), 70_000), valid...))), []string{"Content-Encoding", "gzip"}, 413, "too_large", ""},
		{"zip bomb", string(bomb), []string{"Content-Encoding", "gzip"}, 413, "too_large", ""},
		{"no gzip", valid, []string{"Content-Encoding", "gzip"}, 422, "garbage", ""},
		{"too many events", strings.Repeat(valid+"\n", 1001), nil, 413, "too_large", ""},
		{"brotli", valid, []string{"Content-Encoding", "br"}, 415, "unsupported_media_type", ""},
		{"XML", "<x/>", []string{"Content-Type", "text/xml"}, 415, "unsupported_media_type", ""},
		{"no type", valid, []string{"Content-Type", ""}, 415, "unsupported_media_type", ""},
		{"wrong token", valid, []string{"Authorization", "Bearer wrong"}, 401, "unauthorized", ""},
		{"no token", valid, []string{"Authorization", ""}, 401, "unauthorized", ""},
		{"basic", valid, []string{"Authorization", "Basic " + token}, 401, "unauthorized", ""},
		{"unknown tenant", with(`"channel"`, `"tenant_id":"nobody","channel"`), nil, 422, "unknown_tenant", "tenant_id"},
		{"another's tenant", with(`"channel"`, `"tenant_id":"other","channel"`), nil, 422, "unknown_tenant", "tenant_id"},
		{"year 1970", with("2026-01-01T11:59:59Z", "1970-01-01T00:00:00Z"), nil, 422, "bad_time", "occurred_at"},
		{"seconds after 1970", with("2026-01-01T11:59:59Z", "1970-01-21T10:54:28Z"), nil, 422, "bad_time", "occurred_at"},
		{"NaN score", with(`"text"`, `"sentiment":{"polarity":"NaN"},"text"`), nil, 422, "bad_value", "message.sentiment.polarity"},
		{"infinite score", with(`"text"`, `"sentiment":{"polarity":"Infinity"},"text"`), nil, 422, "bad_value", "message.sentiment.polarity"},
		{"unknown field", with(`"text"`, `"txt"`), nil, 422, "bad_value", "message.txt"},
		{"no conversation", with(`"conversation":{"id":"c1"},`, ``), nil, 422, "missing_field", "conversation.id"},
		{"no channel", with(`"channel":"CHANNEL_EMAIL",`, ``), nil, 422, "bad_value", "channel"},
		{"no kind", `{"channel":"CHANNEL_SMS"}`, nil, 422, "unknown_kind", "kind"},
		{"connector of spaces", with(`"native_event_id"`, `"connector":"My CRM","native_event_id"`), nil, 422, "bad_value", "source.connector"},
		{"queue that cannot be shown", with("Ventas", `Ven\u202etas`), nil, 422, "bad_value", "routing.queue_id"},
		{"cloud event without id", `{"specversion":"1.0","source":"/s","type":"t","data":` + valid + `}`, []string{"Content-Type", "application/cloudevents+json"}, 422, "missing_field", "cloudevent.id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, config())
			before := s.metric(t, "vigia_ingest_rejected_total", c.reason)
			w := s.post([]byte(c.body), c.headers...)
			if w.Code != c.code {
				t.Fatalf("got %d, want %d: %s", w.Code, c.code, w.Body)
			}
			a := read(t, w)
			if a.Status != c.code || a.Title == "" || len(a.Detail) < 20 || !strings.Contains(a.Type, "README.md#") || a.RequestID == "" ||
				a.Instance != "urn:vigia:request:"+a.RequestID || w.Header().Get("Content-Type") != "application/problem+json" ||
				w.Header().Get("X-Request-Id") != a.RequestID {
				t.Errorf("not a problem as RFC 9457 has it: %s", w.Body)
			}
			if c.code == 422 && (len(a.Errors) != 1 || a.Errors[0].Field != c.field || a.Errors[0].Reason != c.reason || !strings.Contains(a.Detail, c.field)) {
				t.Errorf("the field is %q, reason %q expected: %s", c.field, c.reason, w.Body)
			}
			if (c.code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Error("WWW-Authenticate")
			}
			if n := len(s.log.all(interactions)); n != 0 {
				t.Errorf("%d records reached the log", n)
			}
			if got := s.metric(t, "vigia_ingest_rejected_total", c.reason); got != before+1 {
				t.Errorf("counted %v times as %s", got-before, c.reason)
			}
			if got := s.metric(t, "vigia_ingest_requests_total", fmt.Sprint(c.code)); got != 1 {
				t.Errorf("counted %v times as %d", got, c.code)
			}
			// The next request is served as if nothing had been.
			if w := s.post([]byte(valid)); w.Code != http.StatusOK {
				t.Errorf("afterwards a good request got %d", w.Code)
			}
		})
	}
}

func TestOnlyPost(t *testing.T) {
	s := newStage(t, config())
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, connector.Path, nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// TestOneBadEventRefusesAll: and the answer names each bad one.
func TestOneBadEventRefusesAll(t *testing.T) {
	s := newStage(t, config())
	a := read(t, s.post([]byte("["+valid+","+with(`"actor":{"kind":"KIND_CUSTOMER"},`, "")+","+valid+","+with(`"conversation":{"id":"c1"},`, "")+"]")))
	if len(a.Errors) != 2 || *a.Errors[0].Index != 1 || a.Errors[0].Field != "actor.kind" || *a.Errors[1].Index != 3 || a.Errors[1].Field != "conversation.id" {
		t.Errorf("got %+v", a)
	}
	if n := len(s.log.all(interactions)); n != 0 {
		t.Errorf("%d events reached the log", n)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		name, body string
		at         int64
		quality    event.TimeQuality
		clamped    float64
	}{
		{"as it is", valid, noon - 1000, event.QualitySubsecond, 0},
		{"two minutes ahead", with("11:59:59", "12:02:00"), noon + 120_000, event.QualitySubsecond, 0},
		{"from the future", with("2026-01-01", "2027-01-01"), noon + 120_000, event.QualitySubsecond, 1},
		{"none", with(`"occurred_at":"2026-01-01T11:59:59Z",`, ""), noon, event.QualityReceived, 0},
		{"received says the client", with(`"channel"`, `"received_at":"2001-01-01T00:00:00Z","channel"`), noon - 1000, event.QualitySubsecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, config())
			if w := s.post([]byte(c.body)); w.Code != http.StatusOK {
				t.Fatalf("got %s", w.Body)
			}
			e := s.log.events(t)[0]
			if e.At != c.at || e.Quality != c.quality || e.ReceivedAt != noon {
				t.Errorf("occurred %+d ms with quality %d, received %+d ms", e.At-noon, e.Quality, e.ReceivedAt-noon)
			}
			if got := s.metric(t, "vigia_ingest_clamped_total", ""); got != c.clamped {
				t.Errorf("%v clamped", got)
			}
		})
	}
}

// TestRepeatedEventsKeepTheirIDs: through any format, at any time, with and without an id of the source.
func TestRepeatedEventsKeepTheirIDs(t *testing.T) {
	s := newStage(t, config())
	for _, body := range []string{valid, with(`"native_event_id":"n1"`, ``), with(`"native_event_id":"n1"`, `"delivery_attempt":1`)} {
		first := read(t, s.post([]byte("["+body+","+body+"]")))
		s.time = s.time.Add(time.Hour)
		again := read(t, s.post([]byte(strings.Replace(body, `"delivery_attempt":1`, `"delivery_attempt":2`, 1))))
		if first.IDs[0] != first.IDs[1] || first.IDs[0] != again.IDs[0] {
			t.Errorf("%v then %v for %s", first.IDs, again.IDs, body)
		}
	}
}

func TestScriptsPass(t *testing.T) {
	for _, name := range []string{"Ventas Ñandú", "خدمة العملاء", "客户服务", "सेवा केन्द्र", "サポート", "שירות", "ბანკი", "ᐃᓄᒃᑎᑐᑦ", "𞤆𞤵𞤤𞤢𞤪", "😀 support"} {
		s := newStage(t, config())
		if w := s.post([]byte(strings.ReplaceAll(with("Ventas", name), "hola", name))); w.Code != http.StatusOK {
			t.Errorf("%s: %s", name, w.Body)
			continue
		}
		e := s.log.events(t)[0]
		if m := e.Body.(event.Message); e.Routing.Queue != name || m.Text != "" || int(m.TextChars) != len([]rune(name)) {
			t.Errorf("%s became %q with %+v", name, e.Routing.Queue, m)
		}
	}
}

// TestRateLimit: the budget is the tenant's, counted in events.
func TestRateLimit(t *testing.T) {
	cfg := config()
	cfg.MaxEvents = 10
	cfg.Tenants[0].RateEvents, cfg.Tenants[0].Burst = 2, 10
	s := newStage(t, cfg)
	batch := func(n int) *httptest.ResponseRecorder { return s.post([]byte(strings.Repeat(valid+"\n", n))) }
	for _, c := range []struct {
		after  time.Duration
		events int
		code   int
		retry  string
	}{{0, 8, 200, ""}, {0, 4, 429, "1"}, {0, 2, 200, ""}, {0, 1, 429, "1"}, {time.Second, 10, 429, "4"}, {4 * time.Second, 10, 200, ""}} {
		s.time = s.time.Add(c.after)
		w := batch(c.events)
		if w.Code != c.code || w.Header().Get("Retry-After") != c.retry {
			t.Fatalf("%d events got %d, Retry-After %q, want %d, %q", c.events, w.Code, w.Header().Get("Retry-After"), c.code, c.retry)
		}
	}
	if got := s.metric(t, "vigia_ingest_rejected_total", "rate_limited"); got != 3 {
		t.Errorf("%v refusals counted", got)
	}
}

// TestAckRule: what the log did not take is not acknowledged.
func TestAckRule(t *testing.T) {
	s := newStage(t, config())
	s.log.setOut(func(string, int32) bool { return true })
	w := s.post([]byte(valid))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if a := read(t, w); a.Accepted != 0 || a.IDs != nil || a.Detail == "" {
		t.Errorf("got %+v", a)
	}
	if got := s.metric(t, "vigia_ingest_events_total", "unavailable"); got != 1 {
		t.Errorf("%v events counted as unavailable", got)
	}
	if got := s.metric(t, "vigia_ingest_blind_sources", ""); got != 1 {
		t.Errorf("%v blind sources", got)
	}
	s.log.setOut(nil)
	if w := s.post([]byte(valid)); w.Code != http.StatusOK {
		t.Errorf("when the log is back, the same request gets %d", w.Code)
	}
}

// TestOverHTTP runs the real server: deadlines, chunked bodies and many clients at once.
func TestOverHTTP(t *testing.T) {
	s := newStage(t, config())
	server := httptest.NewServer(s)
	defer server.Close()
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			r, err := http.NewRequest(http.MethodPost, server.URL+connector.Path, io.MultiReader(strings.NewReader(valid))) // unknown length: chunked
			if err != nil {
				errs <- err
				return
			}
			r.Header.Set("Authorization", "bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			answer, err := server.Client().Do(r)
			if err == nil {
				_, err = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					err = fmt.Errorf("status %s", answer.Status)
				}
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := len(s.log.events(t)); n != cap(errs) {
		t.Errorf("%d events in the log", n)
	}
}

// TestUnknownLength: a body that does not announce its length is cut at the limit.
func TestUnknownLength(t *testing.T) {
	s := newStage(t, config())
	r := httptest.NewRequest(http.MethodPost, connector.Path, io.MultiReader(strings.NewReader(strings.Repeat(" ", 2<<20))))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", w.Code)
	}
}

// TestSlowBody: a client that stops in the middle of its body is told so and let go, also when it was refused before its body was looked at.
func TestSlowBody(t *testing.T) {
	cfg := config()
	cfg.ReadTimeout = 50 * time.Millisecond
	server := httptest.NewServer(newStage(t, cfg))
	defer server.Close()
	for credential, want := range map[string]int{token: http.StatusRequestTimeout, "wrong": http.StatusUnauthorized} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{", connector.Path, credential)
		from := bufio.NewReader(c)
		answer, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Errorf("%d: no answer: %v", want, err)
			continue
		}
		if _, _ = io.Copy(io.Discard, answer.Body); answer.StatusCode != want {
			t.Errorf("got %s, want %d", answer.Status, want)
		}
		if _, err := from.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%d: the connection is still held: %v", want, err)
		}
	}
}
