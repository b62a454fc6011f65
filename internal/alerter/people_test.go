package alerter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	_ "testing/synctest" // time is virtual here, see inWorld
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/notify"
)

const (
	readToken  = "read-0123456789abcdef"
	alertToken = "alert-0123456789abcdef"
)

// client is the API of an alerter as its users see it.
type client struct {
	t *testing.T
	h *Handler
}

func (w *world) api(r *process) client {
	h, err := r.Handler()
	if err != nil {
		w.t.Fatal(err)
	}
	return client{w.t, h}
}

func (c client) call(token, method, path, body string) (int, string) {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	c.h.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

func (c client) incidents() (out []Incident) {
	c.t.Helper()
	status, body := c.call(readToken, http.MethodGet, "/api/v1/incidents", "")
	var answer struct{ Incidents []Incident }
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil {
		c.t.Fatalf("%d %s", status, body)
	}
	return answer.Incidents
}

// escalating is a tenant whose breaches go to a duty, and to a boss when nobody acknowledges.
func escalating(duty, boss *inbox) Tenant {
	t := tenantT(duty)
	t.Receivers = append(t.Receivers, Receiver{Name: "boss", Notifier: boss, PerIncident: true})
	t.Routes[0].AckWithin, t.Routes[0].EscalateTo = 10*time.Minute, []string{"boss"}
	t.ReadTokens, t.AlertTokens = []httpapi.Token{{Plain: readToken}}, []httpapi.Token{{Plain: alertToken}}
	t.PublicURL, t.LinkKey = "https://vigia.example", []byte(strings.Repeat("k", 32))
	return t
}

// TestAcknowledge: what nobody acknowledges is escalated once, what somebody does is not.
func TestAcknowledge(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var duty, boss inbox
		r := w.start(serving(escalating(&duty, &boss)))
		w.rest(r)
		api := w.api(r)
		w.relay(breach("a", 1, event.SignalBreach, time.Now()), breach("b", 1, event.SignalBreach, time.Now()), breach("c", 1, event.SignalBreach, time.Now()))
		time.Sleep(time.Minute)
		told := map[string]notify.Notice{}
		for _, d := range duty.all() {
			told[d.Conversation] = d.Notice
		}
		if status, body := api.call(readToken, http.MethodPost, "/api/v1/incidents/"+told["a"].Incident+"/ack", `{"by":"ana"}`); status != http.StatusForbidden {
			t.Errorf("with a read token: %d %s", status, body)
		}
		if status, body := api.call(alertToken, http.MethodPost, "/api/v1/incidents/"+told["a"].Incident+"/ack", `{"by":"ana"}`); status != http.StatusAccepted {
			t.Errorf("%d %s", status, body)
		}
		link, err := url.Parse(told["b"].Acknowledge)
		if err != nil || link.Host != "vigia.example" {
			t.Fatalf("link %q", told["b"].Acknowledge)
		}
		if status, body := api.call("", http.MethodGet, link.RequestURI(), ""); status != http.StatusOK || !strings.Contains(body, "<form") {
			t.Errorf("%d %s", status, body)
		}
		time.Sleep(time.Second)
		if i := slices.IndexFunc(api.incidents(), func(i Incident) bool { return i.Acknowledged != nil && i.Conversation == "b" }); i >= 0 {
			t.Error("looking at the link acknowledged")
		}
		forged := strings.Replace(link.RequestURI(), told["b"].Incident, told["c"].Incident, 1)
		if status, _ := api.call("", http.MethodPost, forged, ""); status != http.StatusForbidden {
			t.Errorf("a forged link: %d", status)
		}
		if status, body := api.call("", http.MethodPost, link.RequestURI(), ""); status != http.StatusOK || strings.Contains(body, "<form") {
			t.Errorf("%d %s", status, body)
		}
		time.Sleep(time.Hour)
		if got := boss.all(); len(got) != 1 || got[0].Conversation != "c" {
			t.Errorf("escalated %v", boss.types())
		}
		for _, i := range api.incidents() {
			if (i.Acknowledged != nil) == (i.Conversation == "c") || i.Escalated != (i.Conversation == "c") || !i.Open || len(i.Delivered) == 0 || i.Delivered[0].Type != notify.SLABreached {
				t.Errorf("%+v", i)
			}
		}
		w.relay(breach("c", 2, event.SignalSettled, time.Now()))
		time.Sleep(time.Minute)
		if got := boss.types(); len(got) != 2 || got[1] != "sla.breach_settled/1" {
			t.Errorf("the boss was told %v", got)
		}
		time.Sleep(26 * time.Hour)
		if status, _ := api.call("", http.MethodPost, link.RequestURI(), ""); status != http.StatusGone {
			t.Errorf("an old link: %d", status)
		}
		if n := len(api.incidents()); n != 2 {
			t.Errorf("%d incidents a day later, want the two that are open", n)
		}
		r.stop(t)
	})
}

// TestSilence: nobody hears of what is silenced; what is still open when the silence ends, or is taken back, is told then.
func TestSilence(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var duty, boss inbox
		r := w.start(serving(escalating(&duty, &boss)))
		w.rest(r)
		api := w.api(r)
		hush := func(matcher string, d time.Duration) string {
			body := fmt.Sprintf(`{"author":"ana","reason":"we move","ends_at":%q,"matchers":[%s]}`, time.Now().Add(d).UTC().Format(time.RFC3339), matcher)
			status, answer := api.call(alertToken, http.MethodPost, "/api/v1/silences", body)
			var s Silence
			if err := json.Unmarshal([]byte(answer), &s); status != http.StatusAccepted || err != nil {
				t.Fatalf("%d %s", status, answer)
			}
			time.Sleep(time.Second)
			return s.ID
		}
		hush(`{"name":"queue","value":"sa.*","regex":true}`, 20*time.Minute)
		w.relay(breach("stays", 1, event.SignalBreach, time.Now()), breach("ends", 1, event.SignalBreach, time.Now()))
		time.Sleep(10 * time.Minute)
		w.relay(breach("ends", 2, event.SignalSettled, time.Now().Add(-10*time.Minute)))
		time.Sleep(5 * time.Minute)
		if len(duty.all()) != 0 {
			t.Fatalf("told %v", duty.types())
		}
		time.Sleep(10 * time.Minute)
		if got := duty.all(); len(got) != 1 || got[0].Conversation != "stays" {
			t.Fatalf("after the silence: %v", duty.types())
		}
		id := hush(`{"name":"queue","value":"sales"},{"name":"channel","value":"voice","negative":true}`, 24*time.Hour)
		w.relay(breach("hidden", 1, event.SignalBreach, time.Now()))
		time.Sleep(time.Minute)
		if status, body := api.call(readToken, http.MethodGet, "/api/v1/silences", ""); status != http.StatusOK || strings.Count(body, `"author"`) != 1 {
			t.Errorf("%d %s", status, body)
		}
		if len(duty.all()) != 1 {
			t.Errorf("told in spite of the silence: %v", duty.types())
		}
		if status, _ := api.call(alertToken, http.MethodDelete, "/api/v1/silences/"+id, ""); status != http.StatusNoContent {
			t.Errorf("%d", status) // from here on it may be told at any moment
		}
		time.Sleep(time.Minute)
		if got := duty.all(); len(got) != 2 || got[1].Conversation != "hidden" {
			t.Errorf("taken back: %v", duty.types())
		}
		for _, bad := range []string{
			`{`, `{"author":"a"}`, `{"author":"a","reason":"b","ends_at":"2001-01-01T00:00:00Z","matchers":[{"name":"queue","value":"x"}]}`,
			`{"author":"a","reason":"b","ends_at":"2999-01-01T00:00:00Z","matchers":[{"name":"queue","value":"x"}]}`,
			`{"author":"a","reason":"b","ends_at":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `","matchers":[{"name":"queue","value":"(","regex":true}]}`,
			`{"author":"a","reason":"b","ends_at":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `","matchers":[]}`, `{"id":"x"}`, `{"surprise":1}`,
		} {
			if status, body := api.call(alertToken, http.MethodPost, "/api/v1/silences", bad); status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", bad, status, body)
			}
		}
		r.stop(t)
	})
}

// TestQuietHours: warnings of the night wait for the morning, breaches do not.
func TestQuietHours(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) { // the bubble begins at midnight UTC
		var box inbox
		tenant := tenantT(&box)
		tenant.Quiet = []Quiet{{From: 22 * 60, To: 7 * 60}}
		r := w.start(serving(tenant))
		w.rest(r)
		w.relay(breach("w", 1, event.SignalWarning, time.Now().Add(10*time.Hour)), breach("b", 1, event.SignalBreach, time.Now()))
		time.Sleep(6*time.Hour + 50*time.Minute)
		if got := box.types(); len(got) != 1 || got[0] != "sla.breached/1" {
			t.Errorf("at night %v", got)
		}
		time.Sleep(20 * time.Minute)
		if got := box.types(); len(got) != 2 || got[1] != "sla.warning/1" {
			t.Errorf("in the morning %v", got)
		}
		r.stop(t)
	})
}

// TestRepeat tells again what lasts, until somebody acknowledges.
func TestRepeat(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := grouped(&box)
		tenant.Routes[0].Repeat = 4 * time.Hour
		tenant.ReadTokens, tenant.AlertTokens = []httpapi.Token{{Plain: readToken}}, []httpapi.Token{{Plain: alertToken}}
		r := w.start(serving(tenant))
		w.rest(r)
		w.relay(breach("a", 1, event.SignalBreach, time.Now()), breach("b", 1, event.SignalBreach, time.Now()))
		time.Sleep(13 * time.Hour)
		before := len(box.all())
		if before < 4 || before > 5 { // at once, the second of them a minute later perhaps, and three times again
			t.Errorf("told %v", box.types())
		}
		r.stop(t)
		again := w.start(serving(tenant))
		w.rest(again)
		api := w.api(again)
		for _, i := range api.incidents() {
			if status, body := api.call(alertToken, http.MethodPost, "/api/v1/incidents/"+i.ID+"/ack", ""); status != http.StatusAccepted {
				t.Errorf("%d %s", status, body)
			}
		}
		time.Sleep(13 * time.Hour)
		if n := len(box.all()); n != before {
			t.Errorf("acknowledged, and told again: %v", box.types())
		}
		again.stop(t)
	})
}

// TestTokens: who may what.
func TestTokens(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var duty, boss inbox
		r := w.start(serving(escalating(&duty, &boss)))
		w.rest(r)
		api := w.api(r)
		for _, c := range []struct {
			token, method, path string
			want                int
		}{
			{"", http.MethodGet, "/api/v1/incidents", http.StatusUnauthorized},
			{"wrong-0123456789abcdef", http.MethodGet, "/api/v1/incidents", http.StatusUnauthorized},
			{readToken, http.MethodGet, "/api/v1/incidents", http.StatusOK},
			{alertToken, http.MethodGet, "/api/v1/incidents", http.StatusOK},
			{alertToken, http.MethodGet, "/api/v1/incidents?tenant=other", http.StatusBadRequest},
			{alertToken, http.MethodGet, "/api/v1/incidents/none", http.StatusNotFound},
			{alertToken, http.MethodPost, "/api/v1/incidents/none/ack", http.StatusNotFound},
			{alertToken, http.MethodDelete, "/api/v1/incidents", http.StatusMethodNotAllowed},
			{readToken, http.MethodPost, "/api/v1/silences", http.StatusForbidden},
			{alertToken, http.MethodDelete, "/api/v1/silences/none", http.StatusNotFound},
			{alertToken, http.MethodGet, "/api/v1/incidents/none/ack", http.StatusNotFound},
		} {
			if status, body := api.call(c.token, c.method, c.path, ""); status != c.want {
				t.Errorf("%s %s with %q: %d %s", c.method, c.path, c.token, status, body)
			}
		}
		r.stop(t)
	})
}

// TestErased: when a customer is erased, what lasts of their conversation is over for whoever was told, and no incident names them any more, in the API or in what is stored.
func TestErased(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var duty, boss inbox
		r := w.start(serving(escalating(&duty, &boss)))
		w.rest(r)
		about := func(s event.Signal, link string) event.Signal {
			s.Customer, s.Link = "p1ANA", link
			return s
		}
		trigger := about(breach("a", 1, event.SignalTrigger, time.Now()), "https://desk.example.com/1")
		trigger.Trigger, trigger.Clock = "angry", ""
		w.relay(about(breach("a", 1, event.SignalBreach, time.Now()), "https://desk.example.com/1"), trigger, about(breach("b", 1, event.SignalBreach, time.Now()), "https://desk.example.com/2"))
		time.Sleep(10 * time.Second)
		api := w.api(r)
		if n := len(api.incidents()); n != 3 {
			t.Fatalf("%d incidents", n)
		}
		gone := breach("a", 2, event.SignalErased, time.Now())
		gone.Clock, gone.Instance = "", ""
		w.relay(gone, gone)
		time.Sleep(10 * time.Second)
		named := 0
		for _, i := range api.incidents() {
			switch {
			case i.Conversation == "b":
				named++
				if i.Customer == "" || i.Link == "" || !i.Open {
					t.Errorf("somebody else's incident: %+v", i)
				}
			case i.Customer != "" || i.Link != "":
				t.Errorf("names the erased customer: %+v", i)
			case i.Type == notify.SLABreached:
				t.Errorf("still lasts: %+v", i)
			}
		}
		if named != 1 {
			t.Errorf("%d incidents of others", named)
		}
		if got := duty.types(); got[len(got)-1] != "sla.breach_settled/1" || len(got) != 4 {
			t.Errorf("told %v", got)
		}
		if last := duty.all()[len(duty.all())-1]; last.Customer != "" || last.Link != "" {
			t.Errorf("the last notice names the customer: %+v", last.Notice)
		}
		r.stop(t)
	})
}
