package notify

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ZendeskConfig makes tickets of the type task in Zendesk Support, one for each incident.
type ZendeskConfig struct {
	URL       string `yaml:"url"`   // https://NAME.zendesk.com
	Email     string `yaml:"email"` // of the agent whom the token belongs to
	Token     Secret `yaml:"token"` // an API token
	TokenFile string `yaml:"token_file"`
	// Group and Assignee are ids; Groups names other groups by team or queue. Without them Zendesk's triggers decide.
	Group    int64            `yaml:"group"`
	Groups   map[string]int64 `yaml:"groups"`
	Assignee int64            `yaml:"assignee"`
	Deadline string           `yaml:"deadline"`  // how long the owner has, as 4h (the default); the promise's own instant while it can be kept
	KeepOpen bool             `yaml:"keep_open"` // leave solving the ticket to people
}

func (c *ZendeskConfig) files() []File {
	return []File{fileOf("token_file", c.TokenFile, &c.Token)}
}

func (c *ZendeskConfig) check(k *checker) {
	k.url("url", c.URL, true)
	k.address("email", c.Email)
	k.secret("token", c.Token, "make one in the Admin Center under Apps and integrations, APIs, API tokens")
	for name, id := range c.Groups {
		if id <= 0 {
			k.add("groups["+name+"]", "%d is no group id", id)
		}
	}
	k.deadline("deadline", c.Deadline)
}

func (c *ZendeskConfig) open(o Options) (Notifier, error) {
	user := c.Email + "/token"
	return &zendesk{
		client: newClient("zendesk", o, c.Token.Reveal(), user+":"+c.Token.Reveal()), config: *c, given: ownerTime(c.Deadline, defaultOwnerTime),
		url: strings.TrimRight(c.URL, "/") + "/api/v2/tickets", authorization: basic(user, c.Token.Reveal()),
	}, nil
}

// zendesk keeps one ticket for each incident. The reference is the ticket's id.
type zendesk struct {
	*client
	config        ZendeskConfig
	given         time.Duration
	url           string
	authorization string
}

// ticket is what is written of a ticket.
type ticket struct {
	Subject    string        `json:"subject,omitempty"`
	Comment    ticketComment `json:"comment"`
	Type       string        `json:"type,omitempty"`
	Priority   string        `json:"priority,omitempty"`
	Status     string        `json:"status,omitempty"`
	DueAt      string        `json:"due_at,omitempty"`
	ExternalID string        `json:"external_id,omitempty"`
	Group      int64         `json:"group_id,omitempty"`
	Assignee   int64         `json:"assignee_id,omitempty"`
	Tags       []string      `json:"tags,omitempty"`
}

// ticketComment is internal: nobody outside the team gets a mail of it.
type ticketComment struct {
	Body   string `json:"body"`
	Public bool   `json:"public"`
}

// readTicket is what is read of a ticket.
type readTicket struct {
	ID          int64  `json:"id"`
	ExternalID  string `json:"external_id"`
	Description string `json:"description"`
}

// Notify adds or changes the incident's ticket.
func (z *zendesk) Notify(ctx context.Context, n Notice) error {
	_, err := z.NotifyRef(ctx, n, "")
	return err
}

// NotifyRef adds a comment to the incident's ticket, which is solved when the incident is over. Without a reference Zendesk is asked first, by the external id that names the incident;
// adding carries the incident as idempotency key besides, which covers an attempt that Zendesk is still working on. An incident that is over before it had a ticket gets none.
func (z *zendesk) NotifyRef(ctx context.Context, n Notice, ref string) (string, error) {
	if ref == "" {
		found, err := z.find(ctx, n)
		if err != nil {
			return "", err
		}
		switch {
		case found == nil && n.Type.Over():
			return "", nil
		case found == nil:
			return z.add(ctx, n)
		}
		ref = strconv.FormatInt(found.ID, 10)
		if strings.Contains(found.Description, signature(n)) {
			return ref, nil // it was added with this very notice
		}
	}
	return ref, z.update(ctx, n, ref)
}

// signature marks the comment of a notice.
func signature(n Notice) string { return "vigia " + n.ID + " ·" }

func (z *zendesk) write(n Notice) ticket {
	t := ticket{Comment: ticketComment{Body: Title(n) + "\n\n" + Text(n) + "\n\n" + signature(n) + " " + n.Incident}, Priority: zendeskPriority(n)}
	if n.Type.Over() && !z.config.KeepOpen {
		t.Status, t.Priority = "solved", ""
	}
	return t
}

func zendeskPriority(n Notice) string {
	switch n.Severity {
	case Critical:
		return "urgent"
	case Warning:
		return "high"
	}
	return "normal"
}

func (z *zendesk) headers(more ...string) map[string]string {
	h := map[string]string{"Authorization": z.authorization, "Accept": "application/json"}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

func (z *zendesk) find(ctx context.Context, n Notice) (*readTicket, error) {
	a, err := z.do(ctx, request{method: http.MethodGet, url: z.url + ".json?external_id=" + url.QueryEscape(externalID(n)), to: "Zendesk", header: z.headers()})
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, z.problem(a)
	}
	var got struct {
		Tickets []readTicket `json:"tickets"`
	}
	if err := z.decode(a, &got); err != nil {
		return nil, err
	}
	for _, t := range got.Tickets {
		if t.ExternalID == externalID(n) && t.ID > 0 {
			return &t, nil
		}
	}
	return nil, nil
}

func externalID(n Notice) string { return "vigia:" + n.Incident }

func (z *zendesk) add(ctx context.Context, n Notice) (string, error) {
	t := z.write(n)
	t.Subject, t.Type, t.DueAt, t.ExternalID = Title(n), "task", ownerDue(n, z.given).UTC().Format(time.RFC3339), externalID(n)
	t.Group = cmp.Or(z.config.Groups[cmp.Or(n.Team, n.Labels["team"])], z.config.Groups[n.Labels["queue"]], z.config.Group)
	t.Assignee, t.Tags = z.config.Assignee, []string{"vigia"}
	a, err := z.do(ctx, request{
		method: http.MethodPost, url: z.url + ".json", to: "Zendesk", header: z.headers("Idempotency-Key", externalID(n)), body: map[string]ticket{"ticket": t},
	})
	if err != nil {
		return "", err
	}
	if !a.ok() {
		e := z.problem(a)
		if strings.Contains(string(a.body), "IdempotentRequestError") {
			// An earlier notice of the incident has made the ticket, which cannot be found yet.
			e.Retry, e.Hint, e.After = true, "", 5*time.Second
		}
		return "", e
	}
	var got struct {
		Ticket readTicket `json:"ticket"`
	}
	if err := z.decode(a, &got); err != nil {
		return "", err
	}
	if got.Ticket.ID <= 0 {
		return "", &Error{Retry: true, Err: errors.New("the answer of Zendesk does not say which ticket it has added")}
	}
	return strconv.FormatInt(got.Ticket.ID, 10), nil
}

// update comments on a ticket. One that people have closed or deleted stays as it is: they have seen it, and a second ticket would be one too many.
func (z *zendesk) update(ctx context.Context, n Notice, id string) error {
	a, err := z.do(ctx, request{
		method: http.MethodPut, url: z.url + "/" + url.PathEscape(id) + ".json", to: "Zendesk", header: z.headers(), body: map[string]ticket{"ticket": z.write(n)},
	})
	if err != nil {
		return err
	}
	switch {
	case a.ok(), a.status == http.StatusUnprocessableEntity && strings.Contains(string(a.body), "closed"):
		return nil
	case a.status == http.StatusNotFound:
		// Deleted, or is it the wrong address? Then asking fails too.
		found, err := z.find(ctx, n)
		if err == nil && found == nil {
			return nil
		}
	}
	return z.problem(a)
}

func (z *zendesk) problem(a *answer) *Error {
	return z.refused(a, map[int]string{
		http.StatusUnauthorized:        "check email and token, and that token access is switched on in the Admin Center",
		http.StatusForbidden:           "the agent whom the token belongs to may not change tickets: give them the role of an agent with access to the group",
		http.StatusNotFound:            "check the address: it is https://NAME.zendesk.com",
		http.StatusUnprocessableEntity: "Zendesk refuses a field: check the ids of group and assignee, and the fields that your tickets need before they are solved (or set keep_open)",
	})
}
