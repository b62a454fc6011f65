package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// alertLife is how long an Alertmanager takes an alert for lasting that nobody re-sends, when the notice does not say.
	alertLife = 4 * time.Minute
	// stragglers is how long the other Alertmanagers are waited for when one has taken the alert.
	stragglers = time.Second
)

// AlertmanagerConfig is a cluster of Alertmanagers; a notice goes to all of them, as Prometheus does.
type AlertmanagerConfig struct {
	URLs         []string `yaml:"urls"` // http://am-0:9093, with the path prefix if there is one
	Username     string   `yaml:"username"`
	Password     Secret   `yaml:"password"`
	PasswordFile string   `yaml:"password_file"`
	Token        Secret   `yaml:"token"` // a bearer token instead
	TokenFile    string   `yaml:"token_file"`
}

func (c *AlertmanagerConfig) files() []File {
	return []File{fileOf("password_file", c.PasswordFile, &c.Password), fileOf("token_file", c.TokenFile, &c.Token)}
}

func (c *AlertmanagerConfig) check(k *checker) {
	if len(c.URLs) == 0 {
		k.add("urls", "is missing; list every Alertmanager of the cluster, as [http://am-0:9093, http://am-1:9093]")
	}
	for i, u := range c.URLs {
		k.url(fmt.Sprintf("urls[%d]", i), u, c.Password != "" || c.Token != "")
	}
	switch {
	case c.Token != "" && (c.Username != "" || c.Password != ""):
		k.add("token", "stands beside username and password; keep one of them")
	case (c.Username == "") != (c.Password == ""):
		k.add("password", "goes together with username; give both or none")
	}
}

func (c *AlertmanagerConfig) open(o Options) (Notifier, error) {
	a := &alertmanager{logger: o.Logger, header: map[string]string{}}
	hide := append([]string{c.Password.Reveal(), c.Token.Reveal()}, c.URLs...)
	switch {
	case c.Token != "":
		a.header["Authorization"] = "Bearer " + c.Token.Reveal()
	case c.Username != "":
		a.header["Authorization"] = basic(c.Username, c.Password.Reveal())
		hide = append(hide, c.Username+":"+c.Password.Reveal())
	}
	for _, u := range c.URLs {
		a.peers = append(a.peers, strings.TrimRight(u, "/")+"/api/v2/alerts")
	}
	a.client = newClient("alertmanager", o, hide...)
	return a, nil
}

// alertmanager posts alerts. An Alertmanager is no queue: it forgets what is not sent again before endsAt, which is the alerter's to do, and takes what it knows already for the same
// alert, by its labels. So repeating a notice does no harm.
type alertmanager struct {
	*client
	logger interface {
		WarnContext(ctx context.Context, msg string, args ...any)
	}
	peers  []string
	header map[string]string
}

// alertLabels are the labels of an alert; nothing else, for every label splits groups and silences.
var alertLabels = []string{"alertname", "tenant", "queue", "channel", "clock", "severity"}

// postableAlert is an alert of the API v2.
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// alertOf describes the notice as an alert. While the incident lasts, endsAt is when the alert ends by itself unless it is sent again.
func alertOf(n Notice, now time.Time) postableAlert {
	labels := map[string]string{"alertname": n.Labels["alertname"], "tenant": n.Tenant, "severity": string(n.Severity)}
	if labels["alertname"] == "" {
		labels["alertname"] = string(n.Type)
	}
	for _, name := range alertLabels {
		if labels[name] == "" {
			labels[name] = n.Labels[name]
		}
		if labels[name] == "" {
			delete(labels, name)
		}
	}
	annotations := map[string]string{"summary": Title(n), "description": Text(n), "link": webLink(n.Link), "runbook_url": webLink(n.Runbook), "conversations": conversations(n)}
	if n.Value != nil {
		annotations["value"], annotations["n"] = string(n.Value.Value), strconv.FormatInt(n.Value.N, 10)
	}
	for name, text := range annotations {
		if text == "" {
			delete(annotations, name)
		}
	}
	a := postableAlert{Labels: labels, Annotations: annotations, StartsAt: n.StartsAt, EndsAt: n.EndsAt, GeneratorURL: webLink(n.Link)}
	if a.StartsAt.IsZero() {
		a.StartsAt = n.At
	}
	switch {
	case !a.EndsAt.IsZero():
	case n.Type.Over():
		a.EndsAt = n.At
	default:
		a.EndsAt = now.Add(alertLife)
	}
	if a.EndsAt.Before(a.StartsAt) {
		a.EndsAt = a.StartsAt // anything earlier is refused
	}
	a.StartsAt, a.EndsAt = a.StartsAt.UTC(), a.EndsAt.UTC()
	return a
}

// conversations lists the most pressing ones.
func conversations(n Notice) string {
	const most = 5
	var all []string
	if n.Conversation != "" {
		all = append(all, n.Conversation)
	}
	for _, item := range n.Items {
		if item.Conversation != "" && len(all) < most {
			all = append(all, clip(item.Conversation, maxName))
		}
	}
	return strings.Join(all, ", ")
}

// Notify posts n to every Alertmanager at the same time. It is delivered when one has taken it: they tell each other whom they have notified, and those that are away get it when the
// alerter sends it again. A digest is not delivered: what still lasts is sent as itself.
func (a *alertmanager) Notify(ctx context.Context, n Notice) error {
	if n.Type == Digest {
		return nil
	}
	body, err := encodeJSON([]postableAlert{alertOf(n, a.now())})
	if err != nil {
		return &Error{Err: fmt.Errorf("the notice cannot be written as JSON: %w", err)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error, len(a.peers))
	for _, peer := range a.peers {
		go func() { results <- a.post(ctx, peer, body) }()
	}
	var failed []error
	taken := false
	for range a.peers {
		err := <-results
		switch {
		case err == nil && !taken:
			taken = true
			defer time.AfterFunc(stragglers, cancel).Stop()
		case err != nil:
			failed = append(failed, err)
		}
	}
	if !taken {
		return joined(failed)
	}
	for _, err := range failed {
		a.logger.WarnContext(ctx, "an Alertmanager did not take an alert that another one took", "err", err)
	}
	return nil
}

func (a *alertmanager) post(ctx context.Context, peer string, body []byte) error {
	answer, err := a.do(ctx, request{method: http.MethodPost, url: peer, to: "Alertmanager " + hostOf(peer), header: a.header, body: body})
	if err != nil {
		return err
	}
	if !answer.ok() {
		return a.refused(answer, map[int]string{http.StatusNotFound: "check the address and its path prefix; Alertmanager 0.16 or newer is needed"})
	}
	return nil
}

// joined makes one error of those of all Alertmanagers: it passes if one of them does, and then it is worth trying as soon as the first one is.
func joined(failed []error) error {
	all := &Error{}
	var causes []error
	for _, err := range failed {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			e = &Error{Retry: true, Err: err}
		}
		causes = append(causes, e.Err)
		if e.Retry && (!all.Retry || e.After < all.After) {
			all.Retry, all.After = true, e.After
		}
		if all.Hint == "" {
			all.Hint = e.Hint
		}
	}
	all.Err = errors.Join(causes...)
	return all
}
