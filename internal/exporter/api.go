package exporter

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// kpis serves GET /api/v1/kpis.
func (h *Handler) kpis(w http.ResponseWriter, r *http.Request, q url.Values, tenant Tenant) error {
	query, err := h.parse(q, tenant.Name)
	if err != nil {
		return err
	}
	if len(query.Definitions) == 0 {
		query.Definitions = tenant.Definitions
	}
	values, err := h.reader.Values(r.Context(), query)
	if err != nil {
		return err
	}
	httpapi.WriteJSON(w, http.StatusOK, struct {
		Values []kpi.Value `json:"values"`
	}{append([]kpi.Value{}, values...)})
	return nil
}

// parse reads the parameters of a query.
func (h *Handler) parse(q url.Values, tenant string) (Query, error) {
	out := Query{Tenant: tenant, KPIs: items(q, "kpi"), Definitions: items(q, "definition"), Window: Lasting(time.Hour)}
	if err := only(q, "kpi", "group", "window", "at", "definition", "compare", "tenant"); err != nil {
		return out, err
	}
	for _, id := range out.KPIs {
		if _, err := kpi.ByID(id); err != nil {
			return out, parameter("kpi", fmt.Sprintf("There is no KPI %q.", id), kpi.IDs()...)
		}
	}
	var err error
	if out.Compare, err = comparison(q.Get("compare")); err != nil {
		return out, err
	}
	if out.By, err = dimensions(items(q, "group")); err != nil {
		return out, err
	}
	if s := q.Get("window"); s != "" {
		if out.Window, err = ParseSpan(s); err != nil {
			return out, parameter("window", err.Error(), "30s", "5m", "15m", "1h", "24h", "7d", "30d", "today", "yesterday", "last_week", "last_month")
		}
	}
	if out.At, err = h.instant(q); err != nil {
		return out, err
	}
	return out, checkDefinitions(out)
}

// instant reads where a window ends, Unix ms; 0 is now.
func (h *Handler) instant(q url.Values) (int64, error) {
	s := q.Get("at")
	if s == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, parameter("at", fmt.Sprintf("%q is no instant; write it as RFC 3339, such as 2026-03-02T10:00:00Z or 2026-03-02T10:00:00-06:00 (a + must be sent as %%2B).", s))
	}
	if ahead := at.Sub(h.reader.now()); ahead > 10*time.Second {
		return 0, parameter("at", fmt.Sprintf("%s lies %s in the future.", s, ahead.Round(time.Second)))
	}
	if at.UnixMilli() <= 0 {
		return 0, parameter("at", fmt.Sprintf("%s lies before 1970.", s))
	}
	return at.UnixMilli(), nil
}

// checkDefinitions refuses definitions that none of the KPIs has.
func checkDefinitions(q Query) error {
	defs := kpi.Catalog()
	if len(q.KPIs) > 0 {
		defs = slices.DeleteFunc(defs, func(d *kpi.Def) bool { return !slices.Contains(q.KPIs, d.ID) })
	}
	allowed := kpi.PresetNames()
	for _, d := range defs {
		for _, def := range d.Definitions {
			if !slices.Contains(allowed, def.ID) {
				allowed = append(allowed, def.ID)
			}
		}
	}
	for _, id := range q.Definitions {
		if !slices.Contains(allowed, id) {
			return parameter("definition", fmt.Sprintf("None of the KPIs asked for has a definition %q.", id), allowed...)
		}
	}
	return nil
}

// dimensions reads what to group by; "tenant" is all of the tenant together.
func dimensions(names []string) ([]window.Dimension, error) {
	var out []window.Dimension
	for _, name := range names {
		switch d := window.Dimension(name); {
		case slices.Contains(window.Dimensions, d):
			out = append(out, d)
		case name != "tenant":
			return nil, parameter("group", fmt.Sprintf("There is no dimension %q.", name), "tenant", "channel", "queue", "team", "agent", "topic")
		}
	}
	return out, nil
}

// conversationBody is an open conversation as the API shows it. Instants are RFC 3339 in the tenant's zone, null when there is none.
type conversationBody struct {
	Conversation string           `json:"conversation"`
	Channel      string           `json:"channel"`
	Queue        string           `json:"queue"`
	Team         string           `json:"team"`
	Agent        string           `json:"agent"`
	Customer     string           `json:"customer"`
	State        kpi.PromiseState `json:"state"`
	Clock        string           `json:"clock"`
	DueAt        *string          `json:"due_at"`
	LateS        kpi.Number       `json:"late_s"`
	OpenedAt     *string          `json:"opened_at"`
	WaitingSince *string          `json:"waiting_since"`
	Promises     []promiseBody    `json:"promises"`
	Link         string           `json:"link"`
}

type promiseBody struct {
	Clock     string           `json:"clock"`
	State     kpi.PromiseState `json:"state"`
	StartedAt *string          `json:"started_at"`
	WarnAt    *string          `json:"warn_at"`
	DueAt     *string          `json:"due_at"`
}

// conversations serves GET /api/v1/conversations.
func (h *Handler) conversations(w http.ResponseWriter, r *http.Request, q url.Values, tenant Tenant) error {
	if err := only(q, "limit", "queue", "channel", "tenant"); err != nil {
		return err
	}
	const most = 1000
	limit := 100
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return parameter("limit", fmt.Sprintf("%q is not a number from 1 to %d.", s, most), fmt.Sprintf("1 to %d", most))
		}
		limit = n
	}
	queues, channels := items(q, "queue"), items(q, "channel")
	open, err := h.reader.conversations(r.Context(), tenant.Name, false, func(o *kpi.OpenAt) bool {
		return (len(queues) == 0 || slices.Contains(queues, o.Queue)) && (len(channels) == 0 || slices.Contains(channels, o.Channel))
	}, limit)
	if err != nil {
		return err
	}
	body := struct {
		Conversations []conversationBody `json:"conversations"`
		Total         int                `json:"total"`
		Overdue       int                `json:"overdue"`
		AsOf          string             `json:"as_of"`
		FreshnessS    kpi.Number         `json:"freshness_s"`
		Complete      bool               `json:"complete"`
	}{
		Conversations: []conversationBody{}, Total: open.total, Overdue: open.overdue, AsOf: kpi.Timestamp(open.AsOf, open.Zone),
		FreshnessS: kpi.SecondsOf(max(0, open.Now-open.AsOf)), Complete: !open.Incomplete,
	}
	for i := range open.List {
		body.Conversations = append(body.Conversations, conversationJSON(&open.List[i], open.Zone))
	}
	httpapi.WriteJSON(w, http.StatusOK, body)
	return nil
}

func conversationJSON(c *Conversation, zone *time.Location) conversationBody {
	at := func(ms int64) *string {
		if ms == 0 {
			return nil
		}
		return new(kpi.Timestamp(ms, zone))
	}
	b := conversationBody{
		Conversation: c.Conversation, Channel: c.Channel, Queue: c.Queue, Team: c.Team, Agent: c.Agent, Customer: c.Customer, Link: c.Link,
		State: c.State, Clock: c.Clock, DueAt: at(c.DueAt), OpenedAt: at(c.OpenedAt), WaitingSince: at(c.WaitingSince), Promises: []promiseBody{},
	}
	if c.State == kpi.Overdue {
		b.LateS = kpi.SecondsOf(c.T - c.DueAt)
	}
	for _, p := range c.Promises {
		b.Promises = append(b.Promises, promiseBody{p.Clock.String(), kpi.StateOf(p, c.T), at(p.StartAt), at(p.WarnAt), at(p.DueAt)})
	}
	return b
}

// catalog serves GET /api/v1/catalog: what can be asked for.
func (h *Handler) catalog(w http.ResponseWriter, _ *http.Request, q url.Values, _ Tenant) error {
	if err := only(q, "tenant"); err != nil {
		return err
	}
	httpapi.WriteJSON(w, http.StatusOK, struct {
		KPIs []kpi.Entry `json:"kpis"`
	}{kpi.Entries()})
	return nil
}
