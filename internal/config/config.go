package config

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Config is a configuration file. Start from [Default] or [Load].
type Config struct {
	// Listen is the host:port of the public HTTP listener: ingest, API, page. TLS is how it proves who it is.
	Listen string `yaml:"listen"`
	TLS    TLS    `yaml:"tls"`
	// Admin is the host:port of the listener for operators: metrics, health, reload; see [Config.AdminAddress] for the default. The same as Listen makes one listener of both.
	Admin    string `yaml:"admin"`
	AdminTLS TLS    `yaml:"admin_tls"`
	// Pprof serves the profiles of the process at /debug/pprof/ of the admin listener.
	Pprof bool `yaml:"pprof"`
	// MetricsTokens read /metrics/kpi of all tenants, and nothing else. A file holds one a line.
	MetricsTokens     []Secret `yaml:"metrics_tokens"`
	MetricsTokensFile string   `yaml:"metrics_tokens_file"`
	// Data is the folder in which the embedded log and the embedded state live, relative to the folder of the file. Empty keeps both in memory.
	Data    string   `yaml:"data"`
	Kafka   Kafka    `yaml:"kafka"`
	Redis   Redis    `yaml:"redis"`
	Limits  Limits   `yaml:"limits"`
	Worker  Worker   `yaml:"worker"`
	Tenants []Tenant `yaml:"tenants"`

	source *document.File // where the values stand in the file; nil if there is none
}

// Kafka says where the log is.
type Kafka struct {
	// Brokers are host:port pairs; none means the embedded log.
	Brokers []string `yaml:"brokers"`
	// Prefix begins the name of every topic and of the consumer group: "staging." makes staging.vigia.interactions. Empty by default.
	Prefix string `yaml:"prefix"`
	// Partitions of each topic: 12 by default, 4 embedded. State belongs to a partition count: changing it means a rebuild from the log.
	Partitions int `yaml:"partitions"`
	// Replication is the number of copies of each topic that is created; 0 leaves it to the broker.
	Replication int `yaml:"replication"`
	// TLS encrypts the connections to the brokers; nil does not.
	TLS  *ClientTLS `yaml:"tls"`
	SASL SASL       `yaml:"sasl"`
}

// Embedded reports whether the log runs in this process.
func (k Kafka) Embedded() bool { return len(k.Brokers) == 0 }

// PartitionCount returns Partitions or its default.
func (k Kafka) PartitionCount() int {
	switch {
	case k.Partitions > 0:
		return k.Partitions
	case k.Embedded():
		return 4
	}
	return 12
}

// Redis says where the state is.
type Redis struct {
	// Addresses are host:port pairs, several of them the seeds of a cluster; none means the embedded server.
	Addresses []string `yaml:"addresses"`
	// Prefix begins every key, "vigia" by default.
	Prefix       string `yaml:"prefix"`
	DB           int    `yaml:"db"`
	Username     string `yaml:"username"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
	// Cluster says that one address is the seed of a cluster; several always are.
	Cluster bool `yaml:"cluster"`
	// TLS encrypts the connections, those to sentinels too; nil does not.
	TLS      *ClientTLS `yaml:"tls"`
	Sentinel Sentinel   `yaml:"sentinel"`
}

// Embedded reports whether the state is kept in this process.
func (r Redis) Embedded() bool { return len(r.Addresses) == 0 && len(r.Sentinel.Addresses) == 0 }

// Limits bound what senders may ask of ingest.
type Limits struct {
	// Body is the largest request body, 1MiB by default.
	Body Size `yaml:"body"`
	// Events is the most events of one request, 1000 by default.
	Events int `yaml:"events"`
	// Rate is the events a second that each tenant may send, 5000 by default; Burst how many at once, two seconds' worth by default.
	Rate  float64 `yaml:"rate"`
	Burst int     `yaml:"burst"`
}

// Worker adjusts the role that folds the log.
type Worker struct {
	// Memory bounds the conversations that are kept beside Redis, 128MiB by default.
	Memory Size `yaml:"memory"`
	// AcceptClock lets time jump more than an hour ahead at start although only this machine's clock says so.
	AcceptClock bool `yaml:"accept_clock"`
}

// Tenant is one organisation: who may write and read, what its ids mean, what it has promised.
type Tenant struct {
	Name string `yaml:"name"`
	// Zone is the IANA zone in which its days begin.
	Zone string `yaml:"zone"`
	// Language of the page when the reader has no preference: en, es or pt.
	Language string `yaml:"language"`

	// Tokens are bearer tokens, either themselves (16 characters at least) or "sha256:" and 64 hexadecimal digits. A file holds one a line.
	IngestTokens     []Secret `yaml:"ingest_tokens"`
	IngestTokensFile string   `yaml:"ingest_tokens_file"`
	ReadTokens       []Secret `yaml:"read_tokens"`
	ReadTokensFile   string   `yaml:"read_tokens_file"`

	// PseudonymKey is at least 32 random bytes in hexadecimal or base64: the only way from a pseudonym in the log back to a person.
	PseudonymKey     Secret `yaml:"pseudonym_key"`
	PseudonymKeyFile string `yaml:"pseudonym_key_file"`
	// KeyVersion is one character of 0-9 and a-z, visible in every pseudonym; "1" by default.
	KeyVersion string `yaml:"key_version"`

	Sources []Source `yaml:"sources"`
	// Labels lists label → allowed values, PlainNames other configured names (campaigns, surveys, models, …): what is not listed is dropped or hashed.
	Labels     map[string][]string `yaml:"labels"`
	PlainNames []string            `yaml:"plain_names"`

	// What follows is the policy, see [sla.PolicySpec].
	Calendars  []sla.CalendarSpec       `yaml:"calendars"`
	Rules      []sla.RuleSpec           `yaml:"rules"`
	Queues     map[string]sla.QueueSpec `yaml:"queues"`
	Defaults   sla.QueueSpec            `yaml:"defaults"`
	AgentCells bool                     `yaml:"agent_cells"`
	Agents     bool                     `yaml:"agents"`
	Stale      map[string]string        `yaml:"stale"`
	EpisodeGap string                   `yaml:"episode_gap"`
	SessionGap string                   `yaml:"session_gap"`
	Triggers   []sla.TriggerSpec        `yaml:"triggers"`
	Bot        sla.BotSpec              `yaml:"bot"`
	FCR        sla.FCRSpec              `yaml:"fcr"`
	Value      sla.ValueSpec            `yaml:"value"`
	Grace      map[string]string        `yaml:"grace"`
	Horizon    map[string]string        `yaml:"horizon"`
	NameLimits sla.NameCaps             `yaml:"name_limits"`
	// SLAObjective is the share of promises that is meant to be kept; nil is the default.
	SLAObjective *float64 `yaml:"sla_objective"`
	// Surveys are configured names, too.
	Surveys map[string]sla.SurveySpec `yaml:"surveys"`
	// SurveysRest is how long a customer should be left alone after a survey request.
	SurveysRest string `yaml:"surveys_rest"`
	// ProactiveWindow is within how long after a trigger it shows whether the customer was helped before they asked.
	ProactiveWindow string `yaml:"proactive_window"`
	// MinN is, by KPI, below how many contributions values of single groups are hidden.
	MinN map[string]int64 `yaml:"min_n"`

	// Definitions are presets and definitions that are answered when none is asked for.
	Definitions []string `yaml:"definitions"`

	// Alerting says who is told what.
	Alerting Alerting `yaml:"alerting"`
}

// Source declares where events come from: its connector and account are then configured names and are kept.
type Source struct {
	Connector string `yaml:"connector"`
	// Account may be empty: the rules then hold for all accounts of the connector, which stay hashed.
	Account string `yaml:"account"`
	// PlainConversations says that its conversation ids name no person, KeepLinks that of its links, KeepOrderHints that of its order hints.
	PlainConversations bool                `yaml:"plain_conversations"`
	KeepLinks          bool                `yaml:"keep_links"`
	KeepOrderHints     bool                `yaml:"keep_order_hints"`
	Labels             map[string][]string `yaml:"labels"`
	PlainNames         []string            `yaml:"plain_names"`
	// Webhook is where the vendor calls us; nil for sources that send to ingest.
	Webhook *Webhook `yaml:"webhook"`
}

// Default returns the configuration of an empty file. It has no tenants and is not valid yet.
func Default() *Config {
	return &Config{
		Listen: "127.0.0.1:8420",
		Data:   "vigia-data",
		Redis:  Redis{Prefix: "vigia"},
		Limits: Limits{Body: 1 << 20, Events: 1000, Rate: 5000},
		Worker: Worker{Memory: 128 << 20},
	}
}

// Tenant returns a tenant by name, nil if there is none.
func (c *Config) Tenant(name string) *Tenant {
	i := slices.IndexFunc(c.Tenants, func(t Tenant) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Tenants[i]
}

// File returns the path that [Load] was given, empty if the configuration came from elsewhere.
func (c *Config) File() string {
	if c.source == nil {
		return ""
	}
	return c.source.Name()
}

// PolicySpec returns the tenant's rules as the engine takes them.
func (t *Tenant) PolicySpec() sla.PolicySpec {
	return sla.PolicySpec{
		Tenant: t.Name, Zone: t.Zone, Calendars: t.Calendars, Rules: t.Rules, Queues: t.Queues, Defaults: t.Defaults, AgentCells: t.AgentCells, Agents: t.Agents,
		Stale: t.Stale, EpisodeGap: t.EpisodeGap, SessionGap: t.SessionGap, Grace: t.Grace, Horizon: t.horizons(), Names: t.NameLimits, Triggers: t.Triggers, Bot: t.Bot, FCR: t.FCR, Value: t.Value,
		Surveys: t.Surveys, SurveysRest: t.SurveysRest, SLAObjective: t.SLAObjective, MinN: t.MinN, ProactiveWindow: t.ProactiveWindow,
	}
}

// Location returns the tenant's zone; UTC when it is not known, which [Config.Validate] refuses.
func (t *Tenant) Location() *time.Location {
	zone, err := sla.LoadZone(t.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Lang returns the language of the tenant's page.
func (t *Tenant) Lang() string {
	if t.Language == "" {
		return "en"
	}
	return t.Language
}

// Key returns the bytes of the pseudonym key; nil if it is one that [Config.Validate] refuses.
func (t *Tenant) Key() []byte {
	key, err := decodeKey(t.PseudonymKey)
	if err != nil {
		return nil
	}
	return key
}

// Version returns the version of the pseudonym key.
func (t *Tenant) Version() byte {
	if t.KeyVersion == "" {
		return '1'
	}
	return t.KeyVersion[0]
}
