package notify

import (
	"cmp"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Config is one receiver: exactly one field is set. Every secret has a twin whose name ends in `_file`; whoever loads the configuration reads the files ([Config.Files]).
type Config struct {
	Webhook      *WebhookConfig      `yaml:"webhook"`
	Slack        *SlackConfig        `yaml:"slack"`
	Teams        *TeamsConfig        `yaml:"teams"`
	Email        *EmailConfig        `yaml:"email"`
	Alertmanager *AlertmanagerConfig `yaml:"alertmanager"`
	Bitrix24     *Bitrix24Config     `yaml:"bitrix24"`
	Zendesk      *ZendeskConfig      `yaml:"zendesk"`
	Stdout       *StdoutConfig       `yaml:"stdout"`
}

// sinkConfig is one kind of receiver: a file of this package.
type sinkConfig interface {
	check(k *checker)
	files() []File
	open(o Options) (Notifier, error)
}

// sinks lists the kinds of receivers; adding one is a field, a line here and a file.
func (c *Config) sinks() []named {
	return []named{
		{"webhook", c.Webhook},
		{"slack", c.Slack},
		{"teams", c.Teams},
		{"email", c.Email},
		{"alertmanager", c.Alertmanager},
		{"bitrix24", c.Bitrix24},
		{"zendesk", c.Zendesk},
		{"stdout", c.Stdout},
	}
}

type named struct {
	name   string
	config sinkConfig
}

// chosen returns the kinds that are set.
func (c *Config) chosen() []named {
	return slices.DeleteFunc(c.sinks(), func(n named) bool { return reflect.ValueOf(n.config).IsNil() })
}

// Kind names the kind of the receiver, "webhook" say; it is empty unless exactly one is set.
func (c *Config) Kind() string {
	if chosen := c.chosen(); len(chosen) == 1 {
		return chosen[0].name
	}
	return ""
}

// Format prints the kind, whatever the verb: some verbs would print secrets behind pointers.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("notify." + c.Kind())) }

// File is a secret that may stand in a file of its own.
type File struct {
	Field string            // of the file's path: "slack.token_file"
	Path  string            // as configured, empty when there is no file
	Given bool              // the secret stands in the configuration too: one of both has to go
	Set   func(text string) // takes what the file contains; white space around it is dropped
}

// Files lists the secrets that may stand in files, in the order of the configuration.
func (c *Config) Files() []File {
	var all []File
	for _, n := range c.chosen() {
		for _, f := range n.config.files() {
			f.Field = n.name + "." + f.Field
			all = append(all, f)
		}
	}
	return all
}

// fileOf makes the File of a single secret.
func fileOf(field, path string, into *Secret) File {
	return File{Field: field, Path: path, Given: *into != "", Set: func(text string) { *into = Secret(strings.TrimSpace(text)) }}
}

// filesOf makes the File of several secrets, one a line.
func filesOf(field, path string, into *[]Secret) File {
	return File{Field: field, Path: path, Given: len(*into) > 0, Set: func(text string) {
		*into = nil
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				*into = append(*into, Secret(line))
			}
		}
	}}
}

// FieldError is a mistake in a configuration. Field is its path below the receiver, as "email.from".
type FieldError struct{ Field, Message string }

// Error says where and what.
func (e FieldError) Error() string { return e.Field + ": " + e.Message }

// FieldErrors are all mistakes of a receiver.
type FieldErrors []FieldError

// Error lists them, one a line.
func (e FieldErrors) Error() string {
	var lines []string
	for _, f := range e {
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

// Validate checks everything that can be known without a connection, after the files of secrets have been read. The error is [FieldErrors].
func (c *Config) Validate() error {
	k := &checker{}
	chosen := c.chosen()
	switch len(chosen) {
	case 0:
		var names []string
		for _, n := range c.sinks() {
			names = append(names, n.name)
		}
		k.add("", "a receiver has one of %s", strings.Join(names, ", "))
	case 1:
	default:
		k.add(chosen[1].name, "this receiver is %s already; make two receivers of it", chosen[0].name)
	}
	for _, n := range chosen {
		k.prefix = n.name
		n.config.check(k)
	}
	if len(k.found) > 0 {
		return k.found
	}
	return nil
}

// New opens the receiver. Nothing is sent yet. What it returns may be an [io.Closer]: closing it ends idle connections.
//
// Errors: [FieldErrors].
func New(c Config, o Options) (Notifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c.chosen()[0].config.open(o.withDefaults())
}

// checker collects mistakes.
type checker struct {
	prefix string
	found  FieldErrors
}

func (k *checker) add(field, format string, args ...any) {
	if k.prefix != "" {
		field = strings.TrimSuffix(k.prefix+"."+field, ".")
	}
	k.found = append(k.found, FieldError{cmp.Or(field, "receiver"), fmt.Sprintf(format, args...)})
}

// url checks an address. One that carries a secret must not travel in the clear, except to the same machine. The message never repeats it: it may be a secret itself.
func (k *checker) url(field, raw string, secret bool) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		k.add(field, "is missing")
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		k.add(field, "is no web address; write it like https://host/path")
	case secret && u.Scheme == "http" && !loopback(u.Hostname()):
		k.add(field, "begins with http: and would send a secret in the clear; use https")
	}
}

func (k *checker) secret(field string, s Secret, what string) {
	if s == "" {
		k.add(field, "is missing; %s", what)
	}
}

func (k *checker) address(field, address string) {
	if _, err := mail.ParseAddress(address); err != nil {
		k.add(field, "%q is no e-mail address; write it like name@example.org", address)
	}
}

// maxOwnerTime bounds how long the owner of a task may be given.
const maxOwnerTime = 365 * 24 * time.Hour

func (k *checker) deadline(field, text string) {
	if text == "" {
		return
	}
	if d, err := model.ParseDuration(text); err != nil || d <= 0 || time.Duration(d) > maxOwnerTime {
		k.add(field, "%q is no length of time; write it like 4h, 90m or 2d", text)
	}
}

// ownerTime reads what deadline has checked.
func ownerTime(text string, otherwise time.Duration) time.Duration {
	d, err := model.ParseDuration(text)
	if text == "" || err != nil {
		return otherwise
	}
	return time.Duration(d)
}

// ownerDue says until when the owner of a task has time: the promise's own instant while it can be kept, else the given time from when it happened.
func ownerDue(n Notice, given time.Duration) time.Time {
	if n.DueAt.After(n.At) {
		return n.DueAt
	}
	if !n.StartsAt.IsZero() {
		return n.StartsAt.Add(given)
	}
	return n.At.Add(given)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// hostPort checks host:port.
func (k *checker) hostPort(field, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || port == "0" {
		k.add(field, "%q is no address; write host:port, for example smtp.example.org:587", address)
	}
}
