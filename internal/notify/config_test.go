package notify_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/notify/notifytest"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		yaml string
		want []string // fields, in order
	}{
		{"{}", []string{"receiver"}},
		{"{stdout: {}, teams: {webhook_url: https://x.example.org/s}}", []string{"stdout"}},
		{"stdout: {format: xml}", []string{"stdout.format"}},
		{"stdout: {}", nil},
		{"webhook: {}", []string{"webhook.url", "webhook.secrets"}},
		{"webhook: {url: crm, secrets: [abc, whsec_YWJj]}", []string{"webhook.url", "webhook.secrets[0]", "webhook.secrets[1]"}},
		{"webhook: {url: http://crm.example.org/x, secrets: [" + key1 + "]}", nil},
		{"slack: {}", []string{"slack.webhook_url"}},
		{"slack: {webhook_url: http://hooks.slack.com/x}", []string{"slack.webhook_url"}},
		{"slack: {webhook_url: https://hooks.slack.com/x, channel: c}", []string{"slack.channel"}},
		{"slack: {token: xoxb-1}", []string{"slack.channel"}},
		{"slack: {token: xoxb-1, channel: C1, api: http://slack.example.org}", []string{"slack.api"}},
		{"slack: {token: xoxb-1, webhook_url: https://hooks.slack.com/x}", []string{"slack.token"}},
		{"teams: {webhook_url: ftp://x}", []string{"teams.webhook_url"}},
		{"email: {}", []string{"email.server", "email.from", "email.to"}},
		{"email: {server: mail.example.org:25, from: a@b.org, to: [me], security: plain, username: u}", []string{"email.to[0]", "email.password", "email.security"}},
		{"email: {server: localhost:25, from: a@b.org, to: [b@b.org], security: plain}", nil},
		{"email: {server: localhost:25, from: a@b.org, to: [b@b.org], security: ssl}", []string{"email.security"}},
		{"alertmanager: {}", []string{"alertmanager.urls"}},
		{"alertmanager: {urls: ['http://am:9093', am], token: t, username: u, password: p}", []string{"alertmanager.urls[0]", "alertmanager.urls[1]", "alertmanager.token"}},
		{"alertmanager: {urls: ['http://am:9093'], username: u}", []string{"alertmanager.password"}},
		{"bitrix24: {deadline: soon, owners: {a: 0}}", []string{"bitrix24.webhook_url", "bitrix24.responsible", "bitrix24.owners[a]", "bitrix24.deadline"}},
		{"zendesk: {groups: {a: -1}, deadline: 0s}", []string{"zendesk.url", "zendesk.email", "zendesk.token", "zendesk.groups[a]", "zendesk.deadline"}},
	} {
		var config notify.Config
		if err := yaml.UnmarshalWithOptions([]byte(c.yaml), &config, yaml.Strict()); err != nil {
			t.Fatal(err)
		}
		err := config.Validate()
		var got []string
		if found, ok := errors.AsType[notify.FieldErrors](err); ok {
			for _, f := range found {
				got = append(got, f.Field)
				if len(f.Message) < 10 {
					t.Errorf("%s: %q does not say what to do", c.yaml, f)
				}
			}
		} else if err != nil {
			t.Errorf("%s: %T", c.yaml, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.yaml, diff)
		}
		if _, opened := notify.New(config, notify.Options{}); (opened == nil) != (c.want == nil) {
			t.Errorf("%s opens with %v", c.yaml, opened)
		}
	}
}

// TestFiles: every secret may stand in a file.
func TestFiles(t *testing.T) {
	for text, want := range map[string]string{
		"webhook: {url_file: u, secrets_file: s}":                         "webhook.url_file=u webhook.secrets_file=s",
		"slack: {webhook_url_file: u, token_file: t}":                     "slack.webhook_url_file=u slack.token_file=t",
		"teams: {webhook_url_file: u}":                                    "teams.webhook_url_file=u",
		"email: {password_file: p}":                                       "email.password_file=p",
		"alertmanager: {urls: [x], password_file: p, token_file: t}":      "alertmanager.password_file=p alertmanager.token_file=t",
		"bitrix24: {webhook_url_file: u}":                                 "bitrix24.webhook_url_file=u",
		"zendesk: {token_file: t}":                                        "zendesk.token_file=t",
		"zendesk: {token_file: t, token: given, deadline: 4h, url: none}": "zendesk.token_file=t!",
		"stdout: {format: json}":                                          "",
	} {
		var config notify.Config
		if err := yaml.UnmarshalWithOptions([]byte(text), &config, yaml.Strict()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range config.Files() {
			s := f.Field + "=" + f.Path
			if f.Given {
				s += "!"
			}
			got = append(got, s)
			f.Set("  first-secret \n\nsecond-secret\n")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if c := config.Webhook; c != nil && (len(c.Secrets) != 2 || c.Secrets[1].Reveal() != "second-secret") {
			t.Errorf("secrets %d", len(c.Secrets))
		}
	}
}

// TestSecret: a secret shows itself to nobody who does not ask for it.
func TestSecret(t *testing.T) {
	s := notify.Secret("tell-nobody")
	b, err := yaml.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%q %#v %x %d %+v", s, s, s, s, struct{ S notify.Secret }{s}), string(b), s.LogValue().String(), s.GoString()} {
		if strings.Contains(got, "tell") || !strings.Contains(got, "<secret>") {
			t.Errorf("printed as %q", got)
		}
	}
	if s.Reveal() != "tell-nobody" || fmt.Sprint(notify.Secret("")) != "" {
		t.Error("the secret is lost, or nothing prints as something")
	}
}

func TestStdout(t *testing.T) {
	var text, lines bytes.Buffer
	for format, out := range map[string]*bytes.Buffer{"text": &text, "json": &lines} {
		sink, err := notify.New(notify.Config{Stdout: &notify.StdoutConfig{Format: format}}, notify.Options{Stdout: out})
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "es", "pt"} {
			if err := sink.Notify(t.Context(), notifytest.Notice("breached", lang)); err != nil {
				t.Error(err)
			}
		}
	}
	notifytest.Golden(t, "testdata/stdout.golden", text.String()+lines.String())
	broken, err := notify.New(notify.Config{Stdout: &notify.StdoutConfig{}}, notify.Options{Stdout: full{}})
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*notify.Error](broken.Notify(t.Context(), notifytest.Notice("breached", "en"))); !ok || !e.Retry {
		t.Errorf("%v", e)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
