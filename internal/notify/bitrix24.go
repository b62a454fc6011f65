package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// defaultOwnerTime is how long the owner of a task or ticket has, unless the configuration says.
const defaultOwnerTime = 4 * time.Hour

// Bitrix24Config makes tasks in a Bitrix24 portal, one for each incident.
type Bitrix24Config struct {
	WebhookURL     Secret `yaml:"webhook_url"` // of an inbound webhook with the right "task": https://PORTAL/rest/USER/CODE/
	WebhookURLFile string `yaml:"webhook_url_file"`
	// Responsible is the user id of the owner; Owners names others by team or queue.
	Responsible int64            `yaml:"responsible"`
	Owners      map[string]int64 `yaml:"owners"`
	Observers   []int64          `yaml:"observers"` // user ids
	Group       int64            `yaml:"group"`     // id of the workgroup, 0 for none
	Deadline    string           `yaml:"deadline"`  // how long the owner has, as 4h (the default); the promise's own instant while it can be kept
	KeepOpen    bool             `yaml:"keep_open"` // leave completing the task to people
}

func (c *Bitrix24Config) files() []File {
	return []File{fileOf("webhook_url_file", c.WebhookURLFile, &c.WebhookURL)}
}

func (c *Bitrix24Config) check(k *checker) {
	k.url("webhook_url", c.WebhookURL.Reveal(), true)
	if c.Responsible <= 0 {
		k.add("responsible", "is missing; give the user id of the tasks' owner, the number in the address of their profile")
	}
	for name, id := range c.Owners {
		if id <= 0 {
			k.add("owners["+name+"]", "%d is no user id", id)
		}
	}
	k.deadline("deadline", c.Deadline)
}

func (c *Bitrix24Config) open(o Options) (Notifier, error) {
	u := c.WebhookURL.Reveal()
	return &bitrix24{client: newClient("bitrix24", o, u), url: strings.TrimRight(u, "/") + "/", config: *c, given: ownerTime(c.Deadline, defaultOwnerTime)}, nil
}

// bitrix24 keeps one task for each incident. The reference is the task's id.
type bitrix24 struct {
	*client
	url    string
	config Bitrix24Config
	given  time.Duration
}

// Notify adds or changes the incident's task.
func (b *bitrix24) Notify(ctx context.Context, n Notice) error {
	_, err := b.NotifyRef(ctx, n, "")
	return err
}

// NotifyRef brings the incident's task up to date and completes it when the incident is over. Adding a task cannot be repeated without harm, so without a reference the portal is asked
// first, by a tag that names the incident. An incident that is over before it had a task gets none.
func (b *bitrix24) NotifyRef(ctx context.Context, n Notice, ref string) (string, error) {
	id := ref
	if id == "" {
		var err error
		if id, _, err = b.find(ctx, "TAG", tagOf(n)); err != nil {
			return "", err
		}
	}
	if id == "" {
		if n.Type.Over() {
			return "", nil
		}
		return b.add(ctx, n)
	}
	fields := map[string]any{"TITLE": Title(n), "DESCRIPTION": bbcodeOf(n), "PRIORITY": bitrixPriority(n)}
	if err := b.call(ctx, "tasks.task.update", map[string]any{"taskId": id, "fields": fields}, nil); err != nil {
		return id, b.unlessDone(ctx, id, n, err)
	}
	if !n.Type.Over() || b.config.KeepOpen {
		return id, nil
	}
	if err := b.call(ctx, "tasks.task.complete", map[string]any{"taskId": id}, nil); err != nil {
		return id, b.unlessDone(ctx, id, n, err)
	}
	return id, nil
}

func tagOf(n Notice) string { return "vigia:" + n.Incident }

func bitrixPriority(n Notice) string {
	if n.Severity == Critical && !n.Type.Over() {
		return "2"
	}
	return "1"
}

func (b *bitrix24) add(ctx context.Context, n Notice) (string, error) {
	fields := map[string]any{
		"TITLE": Title(n), "DESCRIPTION": bbcodeOf(n), "PRIORITY": bitrixPriority(n), "RESPONSIBLE_ID": b.owner(n), "DEADLINE": ownerDue(n, b.given).Format("2006-01-02T15:04:05-07:00"),
		"TAGS": []string{"vigia", tagOf(n)}, "XML_ID": tagOf(n),
	}
	if b.config.Group > 0 {
		fields["GROUP_ID"] = b.config.Group
	}
	if len(b.config.Observers) > 0 {
		fields["AUDITORS"] = b.config.Observers
	}
	var got struct {
		Task struct {
			ID bitrixID `json:"id"`
		} `json:"task"`
	}
	if err := b.call(ctx, "tasks.task.add", map[string]any{"fields": fields}, &got); err != nil {
		return "", err
	}
	if got.Task.ID == "" {
		return "", &Error{Retry: true, Err: errors.New("Bitrix24 tasks.task.add did not say which task it has added")}
	}
	return string(got.Task.ID), nil
}

// owner returns the user id of who has to see to it.
func (b *bitrix24) owner(n Notice) int64 {
	return cmp.Or(b.config.Owners[cmp.Or(n.Team, n.Labels["team"])], b.config.Owners[n.Labels["queue"]], b.config.Responsible)
}

// find looks for the task of an incident, by one field, and returns its id and status; no id when there is none.
func (b *bitrix24) find(ctx context.Context, field, value string) (id, status string, err error) {
	var got struct {
		Tasks []json.RawMessage `json:"tasks"`
	}
	query := map[string]any{"filter": map[string]any{field: value}, "order": map[string]any{"ID": "asc"}, "select": []string{"ID", "STATUS", "XML_ID", "TAGS"}}
	if err := b.call(ctx, "tasks.task.list", query, &got); err != nil {
		return "", "", err
	}
	for _, raw := range got.Tasks {
		var task struct {
			ID     bitrixID `json:"id"`
			Status bitrixID `json:"status"`
		}
		// A portal that does not know the filter answers with tasks that are not ours: ours say so.
		if err := json.Unmarshal(raw, &task); err == nil && (field == "ID" && string(task.ID) == value || bytes.Contains(raw, []byte(`"`+value+`"`))) {
			return string(task.ID), string(task.Status), nil
		}
	}
	return "", "", nil
}

// unlessDone forgives that a task cannot be changed when nothing is left to change: people have completed or deleted it. They have seen it, and a second task would be one too many.
func (b *bitrix24) unlessDone(ctx context.Context, id string, n Notice, failed error) error {
	if e, ok := errors.AsType[*Error](failed); !ok || e.Retry {
		return failed
	}
	found, status, err := b.find(ctx, "ID", id)
	if err != nil {
		return failed
	}
	const awaitsControl, completed = "4", "5"
	if found == "" || status == completed || status == awaitsControl && n.Type.Over() {
		return nil
	}
	return failed
}

// bitrixID is an id that comes as a text or as a number, depending on the version.
type bitrixID string

// UnmarshalJSON reads both.
func (i *bitrixID) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if text == "null" || strings.Trim(text, "-0123456789") != "" {
		text = ""
	}
	*i = bitrixID(text)
	return nil
}

// bitrixPassing are errors that pass although the status does not say so.
var bitrixPassing = []string{"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "INTERNAL_SERVER_ERROR", "OVERLOAD_LIMIT"}

// call makes one call of the REST API.
func (b *bitrix24) call(ctx context.Context, method string, parameters, result any) error {
	a, err := b.do(ctx, request{method: http.MethodPost, url: b.url + method, to: "Bitrix24 " + method, body: parameters, header: map[string]string{"Accept": "application/json"}})
	if err != nil {
		return err
	}
	var got struct {
		Error  string          `json:"error"`
		Result json.RawMessage `json:"result"`
	}
	if !a.ok() {
		e := b.refused(a, map[int]string{
			http.StatusUnauthorized: "the inbound webhook was removed or its user left: make one with the right \"task\" and configure its URL",
			http.StatusForbidden:    "give the inbound webhook the right \"task\", and its user access to the workgroup",
			http.StatusBadRequest:   "check the user ids and the workgroup of the receiver",
		})
		if json.Unmarshal(a.body, &got) == nil && slices.Contains(bitrixPassing, got.Error) {
			e.Retry, e.Hint, e.After = true, "", max(e.After, time.Second) // two requests a second are allowed
		}
		return e
	}
	if err := b.decode(a, &got); err != nil {
		return err
	}
	if got.Error != "" {
		e := b.refused(a, nil)
		e.Retry = slices.Contains(bitrixPassing, got.Error)
		return e
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(got.Result, result); err != nil {
		return &Error{Retry: true, Err: fmt.Errorf("Bitrix24 %s answered with something that is not what it documents", method)}
	}
	return nil
}

// bbcodeOf writes the description of a task.
func bbcodeOf(n Notice) string {
	plain := strings.NewReplacer("[", "(", "]", ")") // no name may open a tag
	var b strings.Builder
	for _, f := range facts(n) {
		b.WriteString("[B]" + plain.Replace(f.label) + ":[/B] " + plain.Replace(f.value) + "\n")
	}
	for _, item := range itemLines(n) {
		b.WriteString("• " + plain.Replace(item.text) + " " + bbLink(item.link, item.link) + "\n")
	}
	for _, a := range actions(n) {
		b.WriteString(bbLink(a.url, a.label) + "\n")
	}
	return b.String() + tagOf(n) + "\n"
}

func bbLink(link, label string) string {
	if link == "" {
		return ""
	}
	safe := strings.NewReplacer("[", "%5B", "]", "%5D")
	return "[URL=" + safe.Replace(link) + "]" + safe.Replace(label) + "[/URL]"
}
