package notify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

// desk is a Bitrix24 portal and a Zendesk at once, as far as the sinks use them: things with an incident, a state and texts, that answers sometimes fail to arrive from.
type desk struct {
	mu      sync.Mutex
	calls   []string
	things  []*thing
	mute    string          // the call after which the connection is closed instead of answering
	blind   bool            // do not find anything yet
	refuse  map[string]bool // methods that are refused
	seen    map[string]string
	server  *httptest.Server
	foreign string // what a look-up also finds
}

type thing struct {
	ID       int
	Incident string
	Title    string
	Status   string
	Texts    []string
}

func newDesk(t *testing.T) *desk {
	d := &desk{refuse: map[string]bool{}, seen: map[string]string{}}
	d.server = httptest.NewServer(d)
	t.Cleanup(d.server.Close)
	return d
}

func (d *desk) set(change func(d *desk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *desk) byID(id string) *thing {
	i := slices.IndexFunc(d.things, func(t *thing) bool { return fmt.Sprint(t.ID) == id })
	if i < 0 {
		return nil
	}
	return d.things[i]
}

// ServeHTTP implements [http.Handler].
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var status int
	var body string
	if strings.HasPrefix(r.URL.Path, "/rest/") {
		status, body = d.bitrix(r)
	} else {
		status, body = d.zendesk(r)
	}
	if len(d.calls) > 0 && d.calls[len(d.calls)-1] == d.mute {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (d *desk) bitrix(r *http.Request) (int, string) {
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	var q struct {
		TaskID string            `json:"taskId"`
		Filter map[string]string `json:"filter"`
		Fields struct {
			Title       string   `json:"TITLE"`
			Description string   `json:"DESCRIPTION"`
			Tags        []string `json:"TAGS"`
		} `json:"fields"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return 400, err.Error()
	}
	d.calls = append(d.calls, method)
	if d.refuse[method] {
		return 400, `{"error":"ERROR_CORE","error_description":"Action not allowed"}`
	}
	switch method {
	case "tasks.task.list":
		tasks := []string{}
		if d.foreign != "" {
			tasks = append(tasks, d.foreign)
		}
		for _, t := range d.things {
			if !d.blind && (q.Filter["TAG"] == t.Incident || q.Filter["ID"] == fmt.Sprint(t.ID)) {
				tasks = append(tasks, fmt.Sprintf(`{"id":"%d","status":%q,"tags":{"1":{"id":1,"title":%q}}}`, t.ID, t.Status, t.Incident))
			}
		}
		return 200, `{"result":{"tasks":[` + strings.Join(tasks, ",") + `]},"total":1}`
	case "tasks.task.add":
		t := &thing{ID: 100 + len(d.things), Incident: q.Fields.Tags[1], Title: q.Fields.Title, Status: "2", Texts: []string{q.Fields.Description}}
		d.things = append(d.things, t)
		return 200, fmt.Sprintf(`{"result":{"task":{"id":"%d"}}}`, t.ID)
	}
	t := d.byID(q.TaskID)
	if t == nil {
		return 400, `{"error":"1048582","error_description":"Access denied"}`
	}
	if method == "tasks.task.complete" {
		t.Status = "5"
	} else {
		t.Title, t.Texts = q.Fields.Title, append(t.Texts, q.Fields.Description)
	}
	return 200, `{"result":{"task":{"id":"` + q.TaskID + `"}}}`
}

func (d *desk) zendesk(r *http.Request) (int, string) {
	d.calls = append(d.calls, r.Method)
	if d.refuse[r.Method] {
		return 422, `{"error":"RecordInvalid","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}`
	}
	if r.Method == http.MethodGet {
		tickets := []string{}
		if d.foreign != "" {
			tickets = append(tickets, d.foreign)
		}
		for _, t := range d.things {
			if !d.blind && t.Incident == r.URL.Query().Get("external_id") {
				tickets = append(tickets, fmt.Sprintf(`{"id":%d,"external_id":%q,"description":%q}`, t.ID, t.Incident, t.Texts[0]))
			}
		}
		return 200, `{"tickets":[` + strings.Join(tickets, ",") + `]}`
	}
	var q struct {
		Ticket struct {
			Subject    string `json:"subject"`
			Status     string `json:"status"`
			ExternalID string `json:"external_id"`
			Comment    struct {
				Body   string `json:"body"`
				Public *bool  `json:"public"`
			} `json:"comment"`
		} `json:"ticket"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Ticket.Comment.Public == nil || *q.Ticket.Comment.Public {
		return 400, "the comment has to be internal"
	}
	if r.Method == http.MethodPost {
		key := r.Header.Get("Idempotency-Key")
		if before, ok := d.seen[key]; ok && before != q.Ticket.Comment.Body {
			return 400, `{"error":"IdempotentRequestError","description":"Request parameters do not match"}`
		} else if ok {
			return 200, `{"ticket":{"id":100}}`
		}
		d.seen[key] = q.Ticket.Comment.Body
		t := &thing{ID: 100 + len(d.things), Incident: q.Ticket.ExternalID, Title: q.Ticket.Subject, Status: "new", Texts: []string{q.Ticket.Comment.Body}}
		d.things = append(d.things, t)
		return 201, fmt.Sprintf(`{"ticket":{"id":%d}}`, t.ID)
	}
	t := d.byID(strings.TrimSuffix(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ".json"))
	if t == nil {
		return 404, `{"error":"RecordNotFound"}`
	}
	t.Texts = append(t.Texts, q.Ticket.Comment.Body)
	if q.Ticket.Status != "" {
		t.Status = q.Ticket.Status
	}
	return 200, fmt.Sprintf(`{"ticket":{"id":%d}}`, t.ID)
}

// keepers are the sinks that keep one thing an incident, and the state of one that is done.
func keepers(d *desk) map[string]notify.Config {
	return map[string]notify.Config{
		"bitrix24": {Bitrix24: &notify.Bitrix24Config{WebhookURL: notify.Secret(d.server.URL + "/rest/1/code1234/"), Responsible: 1}},
		"zendesk":  {Zendesk: &notify.ZendeskConfig{URL: d.server.URL, Email: "a@example.org", Token: "token1234"}},
	}
}

var done = map[string]string{"bitrix24": "5", "zendesk": "solved"}

// eachKeeper runs a test for each of them with a desk of its own.
func eachKeeper(t *testing.T, test func(t *testing.T, d *desk, sink notify.Referrer, name string)) {
	for _, name := range []string{"bitrix24", "zendesk"} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			test(t, d, open(t, keepers(d)[name]).(notify.Referrer), name)
		})
	}
}

// revision makes the next notice of the incident.
func revision(sample string, number int) notify.Notice {
	n := notifytest.Notice(sample, "en")
	n.ID, n.Revision = fmt.Sprintf("%s.%d", n.Incident, number), number
	return n
}

// TestOneThingAnIncident: a life from the warning to the end is one task or ticket, with the reference and without, and it ends done.
func TestOneThingAnIncident(t *testing.T) {
	eachKeeper(t, func(t *testing.T, d *desk, sink notify.Referrer, name string) {
		for _, kept := range []bool{true, false} {
			d.set(func(d *desk) { d.things, d.seen = nil, map[string]string{} })
			ref := ""
			for i, sample := range []string{"warning", "breached", "breached", "settled"} {
				got, err := sink.NotifyRef(t.Context(), revision(sample, i), ref)
				if err != nil || got == "" {
					t.Fatalf("%s: reference %q, %v", sample, got, err)
				}
				if kept {
					ref = got
				}
			}
			if len(d.things) != 1 || d.things[0].Status != done[name] {
				t.Errorf("with references %t there are %d things, the first %+v", kept, len(d.things), *d.things[0])
			}
		}
	})
}

// TestLostAnswers: whatever answer is lost, repeating the notice ends with one thing.
func TestLostAnswers(t *testing.T) {
	eachKeeper(t, func(t *testing.T, d *desk, sink notify.Referrer, name string) {
		n := revision("breached", 1)
		lookUp, add := "tasks.task.list", "tasks.task.add"
		if name == "zendesk" {
			lookUp, add = "GET", "POST"
		}
		for _, mute := range []string{lookUp, add, lookUp} {
			d.set(func(d *desk) { d.mute = mute })
			if _, err := sink.NotifyRef(t.Context(), n, ""); err == nil {
				t.Fatal("an answer that is lost is no success")
			}
		}
		d.set(func(d *desk) { d.mute = "" })
		ref, err := sink.NotifyRef(t.Context(), n, "")
		if err != nil || ref != "100" || len(d.things) != 1 {
			t.Errorf("reference %q, %d things, %v; want the one that the attempt without an answer has left", ref, len(d.things), err)
		}
		if name == "zendesk" && len(d.things[0].Texts) != 1 {
			t.Errorf("the notice stands in the ticket %d times", len(d.things[0].Texts))
		}
	})
}

// TestNeedless: what was over before anybody was told is not worth a task; what people have completed, closed or deleted stays so.
func TestNeedless(t *testing.T) {
	eachKeeper(t, func(t *testing.T, d *desk, sink notify.Referrer, name string) {
		ref, err := sink.NotifyRef(t.Context(), revision("settled", 1), "")
		if err != nil || ref != "" || len(d.things) != 0 {
			t.Errorf("reference %q, %d things, %v; want nothing", ref, len(d.things), err)
		}
		// Deleted by hand.
		ref, err = sink.NotifyRef(t.Context(), revision("breached", 2), "77")
		if err != nil || ref != "77" || len(d.things) != 0 {
			t.Errorf("deleted: reference %q, %d things, %v", ref, len(d.things), err)
		}
		// Done by hand, and not to be changed any more.
		ref, err = sink.NotifyRef(t.Context(), revision("breached", 1), "")
		if err != nil {
			t.Fatal(err)
		}
		d.set(func(d *desk) {
			d.things[0].Status = done[name]
			d.refuse["PUT"], d.refuse["tasks.task.update"] = true, true
		})
		if got, err := sink.NotifyRef(t.Context(), revision("settled", 3), ref); err != nil || got != ref {
			t.Errorf("done by hand: reference %q, %v", got, err)
		}
	})
}

// TestForeignThings: a portal that does not know a filter answers with anything; only what says the incident is taken.
func TestForeignThings(t *testing.T) {
	eachKeeper(t, func(t *testing.T, d *desk, sink notify.Referrer, _ string) {
		d.set(func(d *desk) { d.foreign = `{"id":5,"status":"2","external_id":"other","xmlId":"vigia:other"}` })
		ref, err := sink.NotifyRef(t.Context(), revision("breached", 1), "")
		if err != nil || ref != "100" || len(d.things) != 1 {
			t.Errorf("reference %q, %d things, %v; want a new one", ref, len(d.things), err)
		}
	})
}

func TestKeepOpen(t *testing.T) {
	for name, c := range keepers(newDesk(t)) {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			c = keepers(d)[name]
			if c.Bitrix24 != nil {
				c.Bitrix24.KeepOpen = true
			} else {
				c.Zendesk.KeepOpen = true
			}
			sink := open(t, c).(notify.Referrer)
			ref, err := sink.NotifyRef(t.Context(), revision("breached", 1), "")
			if err == nil {
				_, err = sink.NotifyRef(t.Context(), revision("settled", 2), ref)
			}
			if err != nil || d.things[0].Status == done[name] || len(d.things[0].Texts) != 2 {
				t.Errorf("%v, %+v", err, d.things[0])
			}
		})
	}
}

// TestZendeskStillWorking: an earlier notice of the incident is still on its way into Zendesk; the next one waits instead of making a second ticket.
func TestZendeskStillWorking(t *testing.T) {
	d := newDesk(t)
	sink := open(t, keepers(d)["zendesk"]).(notify.Referrer)
	if _, err := sink.NotifyRef(t.Context(), revision("warning", 1), ""); err != nil {
		t.Fatal(err)
	}
	d.set(func(d *desk) { d.blind = true })
	_, err := sink.NotifyRef(t.Context(), revision("breached", 2), "")
	e, ok := errors.AsType[*notify.Error](err)
	if !ok || !e.Retry || e.After == 0 || len(d.things) != 1 {
		t.Errorf("%v with %d tickets, want to be told to try again", err, len(d.things))
	}
	d.set(func(d *desk) { d.blind = false })
	if ref, err := sink.NotifyRef(t.Context(), revision("breached", 2), ""); err != nil || ref != "100" || len(d.things[0].Texts) != 2 {
		t.Errorf("reference %q, %v, %+v", ref, err, d.things[0])
	}
}

// TestBitrixLimit: the portal allows two requests a second.
func TestBitrixLimit(t *testing.T) {
	r := notifytest.NewReceiver(t, nil)
	sink := open(t, notify.Config{Bitrix24: &notify.Bitrix24Config{WebhookURL: notify.Secret(r.URL + "/rest/1/code1234"), Responsible: 1}})
	for body, want := range map[string]*notify.Error{
		`{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}`: {Retry: true, After: time.Second},
		`{"error":"insufficient_scope"}`:                                           {},
	} {
		for _, status := range []int{200, 403} {
			r.Be(notifytest.Mood{Status: status, Body: body})
			e, ok := errors.AsType[*notify.Error](sink.Notify(t.Context(), revision("breached", 1)))
			if !ok || e.Retry != want.Retry || status == 403 && e.After != want.After || !e.Retry && e.Hint == "" {
				t.Errorf("%d %s: %+v", status, body, e)
			}
		}
	}
}
