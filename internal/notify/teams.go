package notify

import (
	"context"
	"net/http"
	"strings"
)

// TeamsConfig is a channel or chat of Microsoft Teams behind a workflow ("Post to a channel when a webhook request is received"). The older Office 365 connectors are not supported:
// they do not take cards and are being switched off.
type TeamsConfig struct {
	WebhookURL     Secret `yaml:"webhook_url"`
	WebhookURLFile string `yaml:"webhook_url_file"`
}

func (c *TeamsConfig) files() []File {
	return []File{fileOf("webhook_url_file", c.WebhookURLFile, &c.WebhookURL)}
}

func (c *TeamsConfig) check(k *checker) { k.url("webhook_url", c.WebhookURL.Reveal(), true) }

func (c *TeamsConfig) open(o Options) (Notifier, error) {
	u := c.WebhookURL.Reveal()
	return &teams{client: newClient("teams", o, u), url: u}, nil
}

type teams struct {
	*client
	url string
}

// Notify posts a card. An attempt whose answer is lost may leave a second one: workflows have no key against repetition.
func (t *teams) Notify(ctx context.Context, n Notice) error {
	a, err := t.do(ctx, request{method: http.MethodPost, url: t.url, to: "Teams", body: cardOf(n)})
	if err != nil {
		return err
	}
	if !a.ok() {
		gone := "the workflow was deleted, switched off or lost its owner: look at it in Teams, and configure the URL that it shows"
		return t.refused(a, map[int]string{
			http.StatusBadRequest: gone, http.StatusUnauthorized: gone, http.StatusForbidden: gone, http.StatusNotFound: gone, http.StatusGone: gone,
		})
	}
	return nil
}

// teamsMessage is what a workflow takes: a message with one Adaptive Card.
type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string    `json:"contentType"`
	Content     teamsCard `json:"content"`
}

type teamsCard struct {
	Schema  string            `json:"$schema"`
	Type    string            `json:"type"`
	Version string            `json:"version"`
	MSTeams map[string]string `json:"msteams"`
	Summary string            `json:"fallbackText"`
	Body    []teamsElement    `json:"body"`
	Actions []teamsAction     `json:"actions,omitempty"`
}

type teamsElement struct {
	Type     string      `json:"type"`
	Text     string      `json:"text,omitempty"`
	Weight   string      `json:"weight,omitempty"`
	Size     string      `json:"size,omitempty"`
	Color    string      `json:"color,omitempty"`
	Wrap     bool        `json:"wrap,omitempty"`
	IsSubtle bool        `json:"isSubtle,omitempty"`
	Facts    []teamsFact `json:"facts,omitempty"`
}

type teamsFact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

type teamsAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// teamsEscape keeps names from being read as Markdown, of which cards know emphasis, lists and links.
var teamsEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`", "#", `\#`)

func cardOf(n Notice) teamsMessage {
	color := map[string]string{"#2eb67d": "good", "#d92d20": "attention", "#f2a100": "warning"}[colorOf(n)]
	body := []teamsElement{{Type: "TextBlock", Text: teamsEscape.Replace(Title(n)), Weight: "bolder", Size: "medium", Color: color, Wrap: true}}
	var list []teamsFact
	for _, f := range facts(n) {
		list = append(list, teamsFact{teamsEscape.Replace(f.label), teamsEscape.Replace(clip(f.value, 500))})
	}
	if len(list) > 0 {
		body = append(body, teamsElement{Type: "FactSet", Facts: list})
	}
	for _, item := range itemLines(n) {
		text := teamsEscape.Replace(item.text)
		if item.link != "" && len(item.link) < maxTitle {
			text = "[" + text + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(item.link) + ")"
		}
		body = append(body, teamsElement{Type: "TextBlock", Text: "- " + text, Wrap: true})
	}
	body = append(body, teamsElement{Type: "TextBlock", Text: teamsEscape.Replace(incidentLine(n)), IsSubtle: true, Size: "small"})
	card := teamsCard{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", MSTeams: map[string]string{"width": "Full"}, Summary: Title(n), Body: body,
	}
	for _, a := range actions(n) {
		card.Actions = append(card.Actions, teamsAction{"Action.OpenUrl", a.label, a.url})
	}
	return teamsMessage{"message", []teamsAttachment{{"application/vnd.microsoft.card.adaptive", card}}}
}
