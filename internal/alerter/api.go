package alerter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/store"
)

// Paths under which [Handler] wants to be reached.
var Paths = []string{"/api/v1/incidents", "/api/v1/incidents/", "/api/v1/silences", "/api/v1/silences/"}

const (
	maxBody        = 64 << 10
	requestTimeout = 10 * time.Second
	maxSilence     = 14 * 24 * time.Hour
	maxListed      = 500
	retrySoon      = 2 * time.Second // when the state or the log does not answer
)

// Handler answers who was told what, and takes acknowledgements and silences. Those are records in the log of signals, so that any process can take them, and whoever owns the
// tenant's shard obeys. It is an [http.Handler].
type Handler struct {
	a      *Alerter
	access *access
	log    *slog.Logger
	mux    *http.ServeMux
}

// Handler makes the API of the role. It fails when a token cannot be used.
func (a *Alerter) Handler() (*Handler, error) {
	acc, err := newAccess(a.cfg)
	if err != nil {
		return nil, err
	}
	h := &Handler{a: a, access: acc, log: a.log, mux: http.NewServeMux()}
	h.mux.HandleFunc("/api/v1/incidents", h.only("GET, HEAD", h.incidents))
	h.mux.HandleFunc("/api/v1/incidents/{id}", h.only("GET, HEAD", h.incident))
	h.mux.HandleFunc("/api/v1/incidents/{id}/ack", h.only("GET, HEAD, POST", h.acknowledge))
	h.mux.HandleFunc("/api/v1/silences", h.only("GET, HEAD, POST", h.silences))
	h.mux.HandleFunc("/api/v1/silences/{id}", h.only("DELETE", h.unsilence))
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		p := notFound.because("Alerts are at /api/v1/incidents and /api/v1/silences.")
		p.Write(w, p)
	})
	return h, nil
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	h.mux.ServeHTTP(w, r.WithContext(ctx))
}

// only lets some methods through.
func (h *Handler) only(methods string, serve func(w http.ResponseWriter, r *http.Request) *problem) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := wrongMethod.because("Use " + methods + ".")
		p.Allow = methods
		if slices.Contains(strings.Split(methods, ", "), r.Method) {
			p = serve(w, r)
		}
		if p == nil {
			return
		}
		if p.Status >= http.StatusInternalServerError {
			h.log.Warn("request not answered", "path", r.URL.Path, "status", p.Status, "detail", p.Detail)
		}
		p.Write(w, p)
	}
}

// Incident is one incident as the API tells it.
type Incident struct {
	ID           string            `json:"id"`
	Type         notify.Type       `json:"type"`
	Severity     notify.Severity   `json:"severity"`
	Open         bool              `json:"open"`
	Unknown      bool              `json:"closed_as_unknown,omitempty"`
	Labels       map[string]string `json:"labels"`
	StartsAt     string            `json:"starts_at"`
	EndsAt       string            `json:"ends_at,omitempty"`
	DueAt        string            `json:"due_at,omitempty"`
	Conversation string            `json:"conversation,omitempty"`
	Customer     string            `json:"customer,omitempty"`
	Team         string            `json:"team,omitempty"`
	Agent        string            `json:"agent,omitempty"`
	Link         string            `json:"link,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Condition    string            `json:"condition,omitempty"`
	Runbook      string            `json:"runbook,omitempty"`
	Acknowledged *AckOf            `json:"acknowledged,omitempty"`
	Escalated    bool              `json:"escalated,omitempty"`
	HeldOut      bool              `json:"held_out,omitempty"` // nobody is told, so that the effect of telling can be measured
	Delivered    []DeliveryOf      `json:"delivered"`
}

// AckOf says who looks after an incident.
type AckOf struct {
	By string `json:"by"`
	At string `json:"at"`
}

// DeliveryOf says what one receiver knows of an incident.
type DeliveryOf struct {
	Receiver string      `json:"receiver"`
	Type     notify.Type `json:"type,omitempty"` // last told; none when nothing was
	At       string      `json:"at,omitempty"`
	Current  bool        `json:"current"` // it knows the newest
	Error    string      `json:"error,omitempty"`
	Tries    int         `json:"tries,omitempty"`
}

// read loads parts of a tenant's shard.
func (h *Handler) read(ctx context.Context, t *Tenant, keys ...string) (map[string]map[string][]byte, *problem) {
	slot := SlotOf(h.a.shardOf(t.Name))
	request := store.SlotRefs{Slot: slot}
	for _, key := range keys {
		request.Refs = append(request.Refs, store.Ref{Key: key})
	}
	answer, err := h.a.vault.Read(ctx, []store.SlotRefs{request})
	if err != nil || answer[0].Absent {
		p := unavailable.because("What people were told is not known at this moment: the state does not answer, or no alerter has opened it yet.")
		p.Retry = retrySoon
		return nil, p
	}
	out := map[string]map[string][]byte{}
	for i, key := range keys {
		out[key] = answer[0].Values[i].Fields
	}
	return out, nil
}

// incidentsOf returns a tenant's incidents, open ones first, the newest first.
func (h *Handler) incidentsOf(ctx context.Context, t *Tenant) ([]*incident, map[string]*attempt, *problem) {
	state, p := h.read(ctx, t, keyIncidents, keyAttempts)
	if p != nil {
		return nil, nil, p
	}
	var list []*incident
	tries := map[string]*attempt{}
	for id, b := range state[keyIncidents] {
		if i, err := decode[incident](id, b); err == nil && i.Tenant == t.Name {
			list = append(list, i)
		}
	}
	for id, b := range state[keyAttempts] {
		if a, err := decode[attempt](id, b); err == nil {
			for _, m := range a.Members {
				tries[m.Incident+" "+a.Receiver] = a
			}
		}
	}
	slices.SortFunc(list, func(x, y *incident) int {
		if a, b := x.gone() == 0, y.gone() == 0; a != b {
			if a {
				return -1
			}
			return 1
		}
		return int(max(-1, min(1, y.At-x.At)))
	})
	return list, tries, nil
}

// Recent returns what the API does: a tenant's incidents, open ones first, the newest first, at most most of them. A tenant that nobody has configured has none.
func (h *Handler) Recent(ctx context.Context, tenant string, most int) ([]Incident, error) {
	served := h.a.tenants[tenant]
	if served == nil {
		return nil, nil
	}
	t := &served.Tenant
	list, tries, p := h.incidentsOf(ctx, t)
	if p != nil {
		return nil, errors.New(p.Detail)
	}
	var out []Incident
	for _, i := range list[:min(len(list), most)] {
		out = append(out, t.show(i, tries))
	}
	return out, nil
}

func (h *Handler) incidents(w http.ResponseWriter, r *http.Request) *problem {
	t, p := h.access.tenant(r, mayRead)
	if p != nil {
		return p
	}
	list, tries, p := h.incidentsOf(r.Context(), t)
	if p != nil {
		return p
	}
	body := struct {
		Tenant    string     `json:"tenant"`
		Open      int        `json:"open"`
		Total     int        `json:"total"`
		Incidents []Incident `json:"incidents"`
	}{Tenant: t.Name, Total: len(list), Incidents: []Incident{}}
	for _, i := range list {
		if i.gone() == 0 {
			body.Open++
		}
		if len(body.Incidents) < maxListed {
			body.Incidents = append(body.Incidents, t.show(i, tries))
		}
	}
	httpapi.WriteJSON(w, http.StatusOK, body)
	return nil
}

func (h *Handler) incident(w http.ResponseWriter, r *http.Request) *problem {
	t, p := h.access.tenant(r, mayRead)
	if p != nil {
		return p
	}
	list, tries, p := h.incidentsOf(r.Context(), t)
	if p != nil {
		return p
	}
	for _, i := range list {
		if i.ID == r.PathValue("id") {
			httpapi.WriteJSON(w, http.StatusOK, t.show(i, tries))
			return nil
		}
	}
	return notFound.because("There is no such incident; those that ended more than a day ago are forgotten.")
}

// show is an incident as the API tells it.
func (t *Tenant) show(i *incident, tries map[string]*attempt) Incident {
	out := Incident{
		ID: i.ID, Type: i.Type, Severity: i.Severity, Open: i.gone() == 0, Unknown: i.Unknown, Labels: i.labels(), StartsAt: t.stamp(i.StartedAt), EndsAt: t.stamp(i.EndedAt),
		DueAt: t.stamp(i.DueAt), Conversation: i.Conversation, Customer: i.Customer, Team: i.Team, Agent: i.Agent, Link: i.Link, Reason: i.Reason, Condition: i.Condition,
		Runbook: i.Runbook, Escalated: i.Escalated, HeldOut: i.HeldOut, Delivered: []DeliveryOf{},
	}
	if i.AckAt != 0 {
		out.Acknowledged = &AckOf{i.AckBy, t.stamp(i.AckAt)}
	}
	for _, name := range sortedKeys(i.Told) {
		k := i.Told[name]
		x := DeliveryOf{Receiver: name, Type: k.Type, At: t.stamp(k.At), Current: k.Rev >= i.Rev && k.Err == "", Error: k.Err}
		if a := tries[i.ID+" "+name]; a != nil {
			x.Tries, x.Error = a.Tries, a.Err
		}
		out.Delivered = append(out.Delivered, x)
	}
	return out
}

func (t *Tenant) stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(t.Zone).Format("2006-01-02T15:04:05.999Z07:00")
}

// publish writes a record to the log of signals and waits until it is safe.
func (h *Handler) publish(ctx context.Context, key string, body event.RecordBody) *problem {
	message := bus.Message{Key: []byte(key), Value: event.Encode(event.Record{Body: body}), Headers: headers(body)}
	if err := h.a.journal.Publish(ctx, h.a.cfg.Signals, []bus.Message{message}); err != nil {
		p := unavailable.because("The log did not take it; nothing has changed as far as is known. Try again.")
		p.Retry = retrySoon
		h.log.Warn("a record of the API was not written", "err", err)
		return p
	}
	return nil
}

func (h *Handler) acknowledge(w http.ResponseWriter, r *http.Request) *problem {
	id := r.PathValue("id")
	linked := r.URL.Query().Has(linkSignature)
	var t *Tenant
	var p *problem
	if linked {
		t, p = h.access.byLink(r.URL.Query(), id, h.a.cfg.Clock())
	} else {
		t, p = h.access.tenant(r, mayAlert)
	}
	if p != nil {
		return p
	}
	list, _, p := h.incidentsOf(r.Context(), t)
	if p != nil {
		return p
	}
	n := slices.IndexFunc(list, func(i *incident) bool { return i.ID == id })
	if n < 0 {
		return notFound.because("There is no such incident; those that ended more than a day ago are forgotten.")
	}
	if r.Method != http.MethodPost {
		if !linked {
			p := wrongMethod.because("Use POST to acknowledge.")
			p.Allow = http.MethodPost
			return p
		}
		// Whatever looks at links in messages must not acknowledge: a person presses the button.
		return showAckPage(w, t, list[n], false)
	}
	by, p := author(r)
	if p != nil {
		return p
	}
	at := h.a.now()
	if p := h.publish(r.Context(), event.IncidentKey(t.Name, id), event.Acknowledgement{Tenant: t.Name, Incident: id, By: by, At: at}); p != nil {
		return p
	}
	if linked {
		list[n].AckAt = at
		return showAckPage(w, t, list[n], true)
	}
	httpapi.WriteJSON(w, http.StatusAccepted, map[string]any{"incident": id, "acknowledged": AckOf{by, t.stamp(at)}})
	return nil
}

// author reads who acknowledges: from a form, or from JSON {"by": "…"}. Nobody must say.
func author(r *http.Request) (string, *problem) {
	by := ""
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return "", badRequest.because("The form cannot be read.")
		}
		by = r.PostForm.Get("by")
	case "application/json":
		var body struct {
			By string `json:"by"`
		}
		if p := readJSON(r, &body); p != nil {
			return "", p
		}
		by = body.By
	}
	if len(by) > 200 {
		return "", badRequest.because("by: longer than 200 bytes.")
	}
	return strings.ToValidUTF8(by, ""), nil
}

func readJSON(r *http.Request, into any) *problem {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("there is more than one value")
	}
	return badRequest.because(fmt.Sprintf("The body is not the JSON that is expected here: %v.", err))
}
