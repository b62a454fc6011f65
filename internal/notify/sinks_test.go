package notify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

const (
	key1 = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
	key2 = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
)

// open opens a sink at a fixed time.
func open(t *testing.T, c notify.Config) notify.Notifier {
	t.Helper()
	n, err := notify.New(c, notify.Options{Now: func() time.Time { return notifytest.Now }})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func header(name string) func(notifytest.Request) string {
	return func(r notifytest.Request) string { return r.Header.Get(name) }
}

func deliveryOf(n notify.Notice) string { return n.ID }

func TestWebhook(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Webhook: &notify.WebhookConfig{URL: notify.Secret(url + "/hooks/k3y0fth3crm?key=q9w8e7r6"), Secrets: []notify.Secret{key1, key2}}}
		},
		Secrets: []string{"k3y0fth3crm", "q9w8e7r6", key1, key2, strings.TrimPrefix(key1, "whsec_")}, Golden: "testdata/webhook.golden",
		Identity: header("Webhook-Id"), Want: deliveryOf,
	})
}

func TestSlackWebhook(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Slack: &notify.SlackConfig{WebhookURL: notify.Secret(url + "/services/T0AAAAAA/B0BBBBBB/xXyYzZsecret")}}
		},
		Secrets: []string{"T0AAAAAA", "B0BBBBBB", "xXyYzZsecret"}, Golden: "testdata/slack_webhook.golden",
	})
}

func TestSlackBot(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Slack: &notify.SlackConfig{Token: "xoxb-1234-secret", Channel: "C0123456789", API: url + "/api"}}
		},
		Reply:   func(notifytest.Request) string { return `{"ok":true,"channel":"C0123456789","ts":"1772458323.000100"}` },
		Secrets: []string{"xoxb-1234-secret"}, Golden: "testdata/slack_bot.golden",
		Identity: func(r notifytest.Request) string {
			var m struct {
				Metadata struct {
					Payload map[string]string `json:"event_payload"`
				} `json:"metadata"`
			}
			_ = json.Unmarshal(r.Body, &m)
			return m.Metadata.Payload["id"]
		},
		Want: deliveryOf,
	})
}

func TestTeams(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Teams: &notify.TeamsConfig{WebhookURL: notify.Secret(url + "/workflows/0a1b2c3d4e5f/triggers/manual/paths/invoke?api-version=2016-06-01&sig=sIgNaTuRe_-x")}}
		},
		Secrets: []string{"0a1b2c3d4e5f", "sIgNaTuRe_-x"}, Golden: "testdata/teams.golden",
	})
}

func TestAlertmanager(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Alertmanager: &notify.AlertmanagerConfig{URLs: []string{url + "/am/"}, Username: "vigia", Password: "pa55w0rd-am"}}
		},
		Secrets: []string{"pa55w0rd-am", "dmlnaWE6cGE1NXcwcmQtYW0="}, Golden: "testdata/alertmanager.golden",
	})
}

func TestBitrix24(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Bitrix24: &notify.Bitrix24Config{
				WebhookURL: notify.Secret(url + "/rest/1/s3cr3tc0de/"), Responsible: 17, Owners: map[string]int64{"tier 1": 18}, Group: 7, Observers: []int64{3}, Deadline: "90m",
			}}
		},
		Reply: func(r notifytest.Request) string {
			if strings.HasSuffix(r.Path, "list") {
				return `{"result":{"tasks":[]}}`
			}
			return `{"result":{"task":{"id":"3711"}}}`
		},
		Secrets: []string{"s3cr3tc0de"}, Golden: "testdata/bitrix24.golden",
	})
}

func TestZendesk(t *testing.T) {
	notifytest.Exercise(t, notifytest.Sink{
		Config: func(url string) notify.Config {
			return notify.Config{Zendesk: &notify.ZendeskConfig{
				URL: url, Email: "vigia@example.org", Token: "z3nd35kt0k3n", Group: 360001, Groups: map[string]int64{"sales": 360002}, Assignee: 42,
			}}
		},
		Reply: func(r notifytest.Request) string {
			if r.Method == http.MethodGet {
				return `{"tickets":[],"count":0}`
			}
			return `{"ticket":{"id":35436}}`
		},
		Secrets: []string{"z3nd35kt0k3n", "dmlnaWFAZXhhbXBsZS5vcmcvdG9rZW46ejNuZDM1a3QwazNu"}, Golden: "testdata/zendesk.golden",
	})
}
