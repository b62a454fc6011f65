package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/sla"
)

var (
	tenantName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	connectorName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	topicPrefix   = regexp.MustCompile(`^[A-Za-z0-9._-]{0,100}$`)
	redisPrefix   = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
	languages     = []string{"en", "es", "pt"}
)

// checker collects findings.
type checker struct {
	source *document.File
	found  document.Findings
}

func (k *checker) add(path, format string, args ...any) {
	k.found = append(k.found, k.source.Finding(path, fmt.Sprintf(format, args...)))
}

// Validate checks everything that can be known without opening a connection. The error is [document.Findings].
func (c *Config) Validate() error {
	found := c.check()
	if len(found) == 0 {
		return nil
	}
	return c.source.Finish(found)
}

func (c *Config) check() document.Findings {
	k := &checker{source: c.source}
	c.checkListeners(k)
	c.checkServers(k)
	c.checkKafkaSecurity(k)
	c.checkRedisSecurity(k)
	c.checkLimits(k)
	c.checkTenants(k)
	c.checkWebhooks(k)
	return k.found
}

func (c *Config) checkServers(k *checker) {
	for i, address := range c.Kafka.Brokers {
		k.address(fmt.Sprintf("kafka.brokers[%d]", i), address)
	}
	if !topicPrefix.MatchString(c.Kafka.Prefix) {
		k.add("kafka.prefix", `%q cannot begin the name of a topic; use up to 100 of A-Z a-z 0-9 . _ -`, c.Kafka.Prefix)
	}
	if c.Kafka.Partitions < 0 || c.Kafka.Partitions > 1024 {
		k.add("kafka.partitions", "%d partitions; use 1 to 1024, or leave it out for the default", c.Kafka.Partitions)
	}
	if c.Kafka.Replication < 0 || c.Kafka.Replication > 10 {
		k.add("kafka.replication", "%d copies; use 1 to 10, or leave it out for the broker's default", c.Kafka.Replication)
	}
	for i, address := range c.Redis.Addresses {
		k.address(fmt.Sprintf("redis.addresses[%d]", i), address)
	}
	if !redisPrefix.MatchString(c.Redis.Prefix) {
		k.add("redis.prefix", `%q cannot begin a key; use 1 to 64 of A-Z a-z 0-9 . _ : -`, c.Redis.Prefix)
	}
	if c.Redis.DB < 0 {
		k.add("redis.db", "%d is not the number of a database; they start at 0", c.Redis.DB)
	}
	if c.Redis.Embedded() && !c.Kafka.Embedded() {
		k.add("redis", "kafka.brokers names servers but redis.addresses is empty: the state of a shared log cannot live in one process; name the Redis too, or leave both out")
	}
}

func (k *checker) address(path, address string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		k.add(path, "%q is no address; write host:port, for example 127.0.0.1:8420", address)
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && path != "listen" && path != "admin" {
		k.add(path, "%q has no usable port; write host:port with a port from 1 to 65535", address)
	}
}

func (c *Config) checkLimits(k *checker) {
	if c.Limits.Body < 1<<10 || c.Limits.Body > 64<<20 {
		k.add("limits.body", "%s is out of range; use 1KiB to 64MiB", c.Limits.Body)
	}
	if c.Limits.Events < 1 || c.Limits.Events > 100_000 {
		k.add("limits.events", "%d is out of range; use 1 to 100000", c.Limits.Events)
	}
	if !(c.Limits.Rate > 0 && c.Limits.Rate <= 10_000_000) { // not NaN either
		k.add("limits.rate", "%v is out of range; use events a second above 0", c.Limits.Rate)
	}
	if c.Limits.Burst < 0 || c.Limits.Burst > 0 && c.Limits.Burst < c.Limits.Events {
		k.add("limits.burst", "a burst of %d would refuse every request of %d events (limits.events); make it at least that, or leave it out", c.Limits.Burst, c.Limits.Events)
	}
	if c.Worker.Memory < 16<<20 {
		k.add("worker.memory", "%s is too little to work with; use at least 16MiB", c.Worker.Memory)
	}
}

func (c *Config) checkTenants(k *checker) {
	if len(c.Tenants) == 0 {
		k.add("tenants", "there are no tenants; `vigia init` writes a configuration with one")
	}
	public := !Loopback(c.Listen)
	names := map[string]bool{}
	owners := map[[32]byte]string{} // a token names exactly one tenant and one right
	k.tokens("", "metrics_tokens", "", c.MetricsTokens, owners)
	for i := range c.Tenants {
		t, at := &c.Tenants[i], fmt.Sprintf("tenants[%d]", i)
		switch {
		case !tenantName.MatchString(t.Name):
			k.add(at+".name", "%q cannot be the name of a tenant; use 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit", t.Name)
		case names[t.Name]:
			k.add(at+".name", "the tenant %q stands here twice; keep one", t.Name)
		}
		names[t.Name] = true
		if t.Language != "" && !slices.Contains(languages, t.Language) {
			k.add(at+".language", "%q is not a language of Vigia; use %s", t.Language, strings.Join(languages, ", "))
		}
		for _, list := range []struct {
			key    string
			tokens []Secret
		}{{"ingest_tokens", t.IngestTokens}, {"read_tokens", t.ReadTokens}} {
			if public && len(list.tokens) == 0 {
				k.add(at, "tenant %s has no %s, but %s can be reached from other machines; add some, or listen on 127.0.0.1", t.Name, list.key, c.Listen)
			}
			k.tokens(at, list.key, t.Name, list.tokens, owners)
		}
		k.pseudonymKey(at, t)
		k.sources(at, t)
		k.policy(at, t)
		k.firstContacts(at, t)
		k.worth(at, t)
		k.numbers(at, t)
		k.alerting(at, t, owners)
	}
}

func (k *checker) tokens(at, key, tenant string, tokens []Secret, owners map[[32]byte]string) {
	for j, token := range tokens {
		path := strings.TrimPrefix(fmt.Sprintf("%s.%s[%d]", at, key, j), ".")
		sum, err := Digest(token)
		if err != nil {
			k.add(path, "%s: %v", path, err)
			continue
		}
		if owner := owners[sum]; owner != "" {
			k.add(path, "this token is also among the %s; a token names one tenant and one right, make another", owner)
		}
		owners[sum] = strings.TrimSuffix(key+" of tenant "+tenant, " of tenant ")
	}
}

func (k *checker) pseudonymKey(at string, t *Tenant) {
	if t.KeyVersion != "" && (len(t.KeyVersion) != 1 || strings.Trim(t.KeyVersion, "0123456789abcdefghijklmnopqrstuvwxyz") != "") {
		k.add(at+".key_version", "%q must be one character of 0-9 and a-z", t.KeyVersion)
	}
	if t.PseudonymKey.IsZero() {
		k.add(at, `tenant %s has no pseudonym_key (or pseudonym_key_file), and without one no event can be taken; make one with "openssl rand -base64 32" and keep it`, t.Name)
		return
	}
	if _, err := decodeKey(t.PseudonymKey); err != nil {
		path := at + ".pseudonym_key"
		if t.PseudonymKeyFile != "" {
			path += "_file"
		}
		k.add(path, "%s: %v", path, err)
	}
}

func (k *checker) sources(at string, t *Tenant) {
	seen := map[[2]string]bool{}
	for i, s := range t.Sources {
		path, key := fmt.Sprintf("%s.sources[%d]", at, i), [2]string{s.Connector, s.Account}
		switch {
		case !connectorName.MatchString(s.Connector):
			k.add(path+".connector", "%q cannot name a connector; use 1 to 32 of a-z 0-9 -", s.Connector)
		case len(s.Account) > 256:
			k.add(path+".account", "longer than 256 bytes; is it an account?")
		case seen[key]:
			k.add(path, "this connector and account stand here twice; keep one")
		}
		seen[key] = true
	}
}

// policy compiles the tenant's rules and finds the places of what is wrong with them.
func (k *checker) policy(at string, t *Tenant) {
	spec := t.PolicySpec()
	spec.Tenant = cmp.Or(spec.Tenant, "?") // a missing name is reported already
	_, err := sla.CompilePolicy(spec, 1)
	prefix := fmt.Sprintf("policy of tenant %q: ", spec.Tenant)
	for _, fault := range leaves(err) {
		message := strings.TrimPrefix(fault.Error(), prefix)
		if inherited(message, t.Calendars) {
			continue
		}
		k.add(k.locate(at, message, t), "%s", message)
	}
}

// inherited reports whether a fault is the tenant's zone again, this time of a calendar that has none of its own.
func inherited(message string, calendars []sla.CalendarSpec) bool {
	name, ok := strings.CutPrefix(message, `calendar "`)
	name, rest, _ := strings.Cut(name, `": `)
	return ok && strings.HasPrefix(rest, "zone ") && !slices.ContainsFunc(calendars, func(c sla.CalendarSpec) bool { return c.Name == name && c.Zone != "" })
}

// leaves lists the errors that were joined.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, leaves(e)...)
		}
		return all
	}
	return []error{err}
}

var step = regexp.MustCompile(`^([a-z_]+)(?: "([^"]*)"|\[(\d+)\])?(.*)$`)

// locate follows the steps of a fault's message, such as `rule "vip": first_response: …`, down the file as far as they lead.
func (k *checker) locate(at, message string, t *Tenant) string {
	for part := range strings.SplitSeq(message, ": ") {
		m := step.FindStringSubmatch(part)
		if m == nil {
			break
		}
		next := at + "." + m[1]
		switch {
		case m[1] == "calendar" && m[2] != "":
			next = at + index("calendars", slices.IndexFunc(t.Calendars, func(c sla.CalendarSpec) bool { return c.Name == m[2] }))
		case m[1] == "rule":
			next = at + index("rules", slices.IndexFunc(t.Rules, func(r sla.RuleSpec) bool { return r.Name == m[2] }))
		case m[1] == "trigger":
			next = at + index("triggers", slices.IndexFunc(t.Triggers, func(s sla.TriggerSpec) bool { return s.Name == m[2] }))
		case m[1] == "queue":
			next = at + ".queues[" + strconv.Quote(m[2]) + "]"
		case m[1] == "names":
			next = at + ".name_limits"
		case m[2] != "":
			next = at + "." + m[1] + "[" + strconv.Quote(m[2]) + "]"
		case m[3] != "":
			next = at + "." + m[1] + "[" + m[3] + "]"
		}
		if !k.source.Has(next) {
			next = at + "." + m[1] // `zone "Mars" is unknown` names a value, not a place
		}
		if !k.source.Has(next) {
			break
		}
		if at = next; m[4] != "" {
			break // the words have begun
		}
	}
	return at
}

func index(list string, i int) string {
	return fmt.Sprintf(".%s[%d]", list, i)
}

// Loopback reports whether an address can only be reached from this machine.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
