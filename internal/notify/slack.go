package notify

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SlackConfig is a channel of Slack: an incoming webhook, which can only add messages, or a bot, which changes its message as the incident goes on.
type SlackConfig struct {
	WebhookURL     Secret `yaml:"webhook_url"` // of an incoming webhook; also of Mattermost and Rocket.Chat
	WebhookURLFile string `yaml:"webhook_url_file"`
	Token          Secret `yaml:"token"` // of a bot with the right chat:write, "xoxb-…"
	TokenFile      string `yaml:"token_file"`
	Channel        string `yaml:"channel"` // with a token: the channel's id or name; the bot must be in it
	API            string `yaml:"api"`     // of another Slack, for example https://slack-gov.com/api; default https://slack.com/api
}

func (c *SlackConfig) files() []File {
	return []File{fileOf("webhook_url_file", c.WebhookURLFile, &c.WebhookURL), fileOf("token_file", c.TokenFile, &c.Token)}
}

func (c *SlackConfig) check(k *checker) {
	switch {
	case c.WebhookURL != "" && c.Token != "":
		k.add("token", "stands beside webhook_url; keep one of them")
	case c.WebhookURL != "":
		k.url("webhook_url", c.WebhookURL.Reveal(), true)
		if c.Channel != "" {
			k.add("channel", "belongs to a token: an incoming webhook has its channel already")
		}
	case c.Token != "":
		if c.Channel == "" {
			k.add("channel", "is missing; name the channel by its id, as C0123456789")
		}
		if c.API != "" {
			k.url("api", c.API, true)
		}
	default:
		k.add("webhook_url", "is missing; add an incoming webhook to a Slack app, or give the token of a bot")
	}
}

func (c *SlackConfig) open(o Options) (Notifier, error) {
	if c.Token == "" {
		u := c.WebhookURL.Reveal()
		hook := &slackHook{client: newClient("slack", o, u), url: u, message: slackPlain}
		if host := "." + hostOf(u); strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com") {
			hook.message = slackOf
		}
		return hook, nil
	}
	api := "https://slack.com/api"
	if c.API != "" {
		api = strings.TrimRight(c.API, "/")
	}
	return &slackBot{client: newClient("slack", o, c.Token.Reveal()), api: api, token: c.Token, channel: c.Channel}, nil
}

// slackMessage is the part of a message that both ways share.
type slackMessage struct {
	Channel     string            `json:"channel,omitempty"`
	TS          string            `json:"ts,omitempty"`
	Text        string            `json:"text"`
	Attachments []slackAttachment `json:"attachments"`
	Metadata    *slackMetadata    `json:"metadata,omitempty"`
	UnfurlLinks bool              `json:"unfurl_links"`
}

// slackAttachment carries blocks, or text for those who speak Slack's older dialect.
type slackAttachment struct {
	Color    string       `json:"color"`
	Fallback string       `json:"fallback"`
	Text     string       `json:"text,omitempty"`
	Footer   string       `json:"footer,omitempty"`
	Markdown []string     `json:"mrkdwn_in,omitempty"`
	Blocks   []slackBlock `json:"blocks,omitempty"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type slackMetadata struct {
	EventType    string            `json:"event_type"`
	EventPayload map[string]string `json:"event_payload"`
}

const maxSlackSection = 3000 // characters that Slack takes; bytes are counted

// slackEscape makes text that Slack does not take for a link, a mention or a command.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackLines writes what a message says below its title: facts, incidents and links.
func slackLines(n Notice) (said, items, links []string) {
	for _, f := range facts(n) {
		said = append(said, "*"+slackEscape.Replace(f.label)+":* "+slackEscape.Replace(clip(f.value, 500)))
	}
	for _, item := range itemLines(n) {
		line := "• " + slackEscape.Replace(item.text)
		if item.link != "" {
			line = "• <" + item.link + "|" + slackEscape.Replace(item.text) + ">"
		}
		items = append(items, line)
	}
	for _, a := range actions(n) {
		links = append(links, "<"+a.url+"|"+slackEscape.Replace(a.label)+">")
	}
	return fitting(said), fitting(items), fitting(links)
}

// fitting keeps the lines that a section has room for, whole: a link that is cut leads nowhere.
func fitting(lines []string) []string {
	room := maxSlackSection
	for i, line := range lines {
		if room -= len(line) + 1; room < 0 {
			return lines[:i]
		}
	}
	return lines
}

// slackOf writes the message with blocks, as Slack shows it best.
func slackOf(n Notice) slackMessage {
	said, items, links := slackLines(n)
	var blocks []slackBlock
	for _, lines := range [][]string{said, items, links} {
		if len(lines) > 0 {
			blocks = append(blocks, slackBlock{Type: "section", Text: &slackText{"mrkdwn", strings.Join(lines, "\n")}})
		}
	}
	blocks = append(blocks, slackBlock{Type: "context", Elements: []slackText{{"mrkdwn", slackEscape.Replace(incidentLine(n))}}})
	return slackMessage{Text: slackEscape.Replace(Title(n)), Attachments: []slackAttachment{{Color: colorOf(n), Fallback: Title(n), Blocks: blocks}}}
}

// slackPlain writes the message for services that take Slack's webhooks but do not know blocks, Mattermost and Rocket.Chat among them.
func slackPlain(n Notice) slackMessage {
	said, items, links := slackLines(n)
	text := strings.Join(slices.Concat(said, items, links), "\n")
	return slackMessage{Text: slackEscape.Replace(Title(n)), Attachments: []slackAttachment{{
		Color: colorOf(n), Fallback: Title(n), Text: text, Footer: incidentLine(n), Markdown: []string{"text"},
	}}}
}

func incidentLine(n Notice) string { return speak(n.Lang).say("incident") + " " + n.Incident }

// colorOf tells from afar how bad it is.
func colorOf(n Notice) string {
	switch {
	case n.Type.Over():
		return "#2eb67d"
	case n.Severity == Critical:
		return "#d92d20"
	case n.Severity == Warning:
		return "#f2a100"
	}
	return "#5b6b7b"
}

// slackHook posts to an incoming webhook.
type slackHook struct {
	*client
	url     string
	message func(Notice) slackMessage
}

// Notify adds a message.
func (s *slackHook) Notify(ctx context.Context, n Notice) error {
	a, err := s.do(ctx, request{method: http.MethodPost, url: s.url, to: "Slack", body: s.message(n)})
	if err != nil {
		return err
	}
	if !a.ok() {
		gone := "the incoming webhook was removed: add one to the Slack app and configure its URL"
		return s.refused(a, map[int]string{http.StatusForbidden: gone, http.StatusNotFound: gone, http.StatusGone: "the channel was archived: choose another one"})
	}
	return nil
}

// slackBot posts and changes messages as a bot. The reference of a message is channel/timestamp.
type slackBot struct {
	*client
	api     string
	token   Secret
	channel string
}

// Notify adds a message.
func (s *slackBot) Notify(ctx context.Context, n Notice) error {
	_, err := s.NotifyRef(ctx, n, "")
	return err
}

// NotifyRef changes the incident's message; without one, or when it was deleted, it adds one. Slack has no key against repetition: an attempt whose answer is lost may leave a second
// message, which carries the same incident in its metadata.
func (s *slackBot) NotifyRef(ctx context.Context, n Notice, ref string) (string, error) {
	m := slackOf(n)
	m.Metadata = &slackMetadata{"vigia_notice", map[string]string{"id": n.ID, "incident": n.Incident, "type": string(n.Type)}}
	if channel, ts, ok := strings.Cut(ref, "/"); ok {
		m.Channel, m.TS = channel, ts
		got, code, err := s.call(ctx, "chat.update", m)
		if err == nil || !slices.Contains([]string{"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"}, code) {
			return keep(got, ref), err
		}
	}
	m.Channel, m.TS = s.channel, ""
	got, _, err := s.call(ctx, "chat.postMessage", m)
	return keep(got, ref), err
}

func keep(got, ref string) string {
	if got == "" {
		return ref
	}
	return got
}

// slackHints say what to do about the errors that a person can mend.
var slackHints = map[string]string{
	"invalid_auth": "the token is wrong: copy the bot token of the Slack app", "not_authed": "the token is wrong: copy the bot token of the Slack app",
	"token_revoked": "the token was revoked: install the Slack app again and configure its new token", "token_expired": "the token has expired: configure a new one",
	"account_inactive": "the bot was removed: install the Slack app again and configure its new token", "missing_scope": "give the Slack app the right chat:write and install it again",
	"channel_not_found": "there is no such channel for the bot: use the channel's id, and invite the bot", "not_in_channel": "invite the bot to the channel",
	"is_archived": "the channel is archived: choose another one",
}

// call makes one call of the API, which answers 200 whatever happens, and returns the message's reference or the error's code.
func (s *slackBot) call(ctx context.Context, method string, m slackMessage) (ref, code string, err error) {
	a, err := s.do(ctx, request{method: http.MethodPost, url: s.api + "/" + method, to: "Slack " + method, body: m, header: map[string]string{
		"Authorization": "Bearer " + s.token.Reveal(), "Content-Type": "application/json; charset=utf-8",
	}})
	if err != nil {
		return "", "", err
	}
	if !a.ok() {
		return "", "", s.refused(a, nil)
	}
	var got struct {
		OK      bool   `json:"ok"`
		Error   string `json:"error"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := s.decode(a, &got); err != nil {
		return "", "", err
	}
	if got.OK {
		return oneLine(got.Channel+"/"+got.TS, maxTitle), "", nil
	}
	e := s.refused(a, nil)
	e.Hint = cmp.Or(slackHints[got.Error], "Slack's list of errors of "+method+" says what it means")
	switch got.Error {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		e.Retry, e.After = true, max(retryAfter(a.header.Get("Retry-After"), s.now()), time.Second)
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "ekm_access_denied":
		e.Retry = true
	}
	if e.Retry {
		e.Hint = ""
	}
	return "", got.Error, e
}
