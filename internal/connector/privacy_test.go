package connector_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

// TestNothingPersonalPasses plants phone numbers, names and card numbers in every string of every kind of event, sends them in every format, the faulty ones included,
// and looks for them in the log, in what was logged, in the metrics and in the answers.
func TestNothingPersonalPasses(t *testing.T) {
	for _, secret := range eventtest.Secrets() {
		s := newStage(t, config())
		var answers bytes.Buffer
		send := func(want int, body []byte, headers ...string) {
			t.Helper()
			w := s.post(body, headers...)
			if w.Code != want {
				t.Errorf("got %d, want %d: %s", w.Code, want, w.Body)
			}
			if err := w.Result().Header.Write(&answers); err != nil {
				t.Fatal(err)
			}
			answers.Write(w.Body.Bytes())
		}
		for _, plant := range eventtest.Plant(secret, noon-1000) {
			send(http.StatusOK, plant.JSON)
			send(http.StatusOK, plant.Proto, "Content-Type", "application/protobuf")
			send(http.StatusOK, plant.JSON, "ce-specversion", "1.0", "ce-id", secret, "ce-source", secret, "ce-type", secret, "ce-subject", secret)
			// Refused: the payload is in nobody's answer or log.
			send(422, bytes.Replace(plant.JSON, []byte(`"connector"`), []byte(`"connectors"`), 1))
			send(422, append([]byte{'['}, plant.JSON...))
			send(422, plant.Proto[:len(plant.Proto)-1], "Content-Type", "application/protobuf")
			send(422, plant.JSON, "Content-Type", "application/protobuf")
			send(422, bytes.ReplaceAll(plant.JSON, []byte("CHANNEL_WHATSAPP"), []byte(secret)))
			send(401, plant.JSON, "Authorization", "Bearer "+secret)
			send(415, plant.JSON, "Content-Type", secret)
			send(415, plant.JSON, "Content-Encoding", secret)
		}
		s.log.setOut(func(string, int32) bool { return true })
		for _, plant := range eventtest.Plant(secret, noon-1000) {
			send(503, plant.JSON)
		}
		var log bytes.Buffer
		for _, m := range s.log.all(interactions) {
			log.Write(m.Key)
			log.Write(m.Value)
			for _, h := range m.Headers {
				log.WriteString(h.Key)
				log.Write(h.Value)
			}
		}
		if log.Len() < 10_000 {
			t.Fatalf("only %d bytes in the log: the test looks at nothing", log.Len())
		}
		for where, content := range map[string][]byte{"log": log.Bytes(), "words": s.out.Bytes(), "metrics": exposition(t, s.reg), "answers": answers.Bytes()} {
			if leak := eventtest.Leak(content, secret); leak != "" {
				t.Errorf("%q of the secret %q is in the %s", leak, secret, where)
			}
		}
	}
}

// TestSecretsAreWhereTheyWerePlanted keeps the test above honest: without hiding, it would find something in every event.
func TestSecretsAreWhereTheyWerePlanted(t *testing.T) {
	for _, secret := range eventtest.Secrets() {
		for _, plant := range eventtest.Plant(secret, noon) {
			if eventtest.Leak(plant.JSON, secret) == "" || eventtest.Leak(plant.Proto, secret) == "" {
				t.Errorf("%s does not carry %q", plant.Kind, secret)
			}
		}
	}
}

func exposition(t *testing.T, reg *prometheus.Registry) []byte {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		b.WriteString(f.String())
	}
	return b.Bytes()
}

// TestMetricsAreClosed: series exist from the start and no request makes new ones.
func TestMetricsAreClosed(t *testing.T) {
	s := newStage(t, config())
	count := func() int {
		families, err := s.reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range families {
			n += len(f.GetMetric())
		}
		return n
	}
	before := count()
	for _, plant := range eventtest.Plant("5215512345678", noon) {
		s.post(plant.JSON)
		s.post(plant.JSON[1:])
		s.post(plant.JSON, "Content-Type", "a/b")
		s.post([]byte(`{"labels":{"x":"y"}}`))
	}
	if after := count(); after != before {
		t.Errorf("%d series became %d", before, after)
	}
	if got := s.metric(t, "vigia_ingest_dropped_values_total", "labels"); got == 0 {
		t.Error("dropped labels are not counted")
	}
	if _, err := connector.New(config(), s.log, nil, s.reg); err == nil {
		t.Error("registering twice is no error")
	}
}
