package alerter

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
)

// tenant is a [Tenant] as the desk uses it.
type tenant struct {
	Tenant
	receivers map[string]*Receiver
	routes    map[string]*Route
}

func newTenant(t Tenant) *tenant {
	out := &tenant{Tenant: t, receivers: map[string]*Receiver{}, routes: map[string]*Route{}}
	for i := range t.Receivers {
		out.receivers[t.Receivers[i].Name] = &t.Receivers[i]
	}
	for i := range t.Routes {
		out.routes[t.Routes[i].Name] = &t.Routes[i]
	}
	return out
}

// target is one receiver of an incident, and the route that says how.
type target struct {
	receiver *Receiver
	route    *Route
}

func (m *Match) takes(i *incident) bool {
	for _, x := range []struct {
		list  []string
		value string
	}{
		{m.Severity, string(i.Severity)}, {m.Type, string(i.Type)}, {m.Queue, i.Queue}, {m.Channel, i.Channel}, {m.Clock, i.Clock}, {m.Alertname, i.Name},
	} {
		if len(x.list) > 0 && !slices.Contains(x.list, x.value) {
			return false
		}
	}
	return true
}

// targets are the receivers that an incident concerns, each once: those of its routes, those that came to it later, and those that were told before and must hear how it ends.
func (t *tenant) targets(i *incident) []target {
	var out []target
	add := func(receiver string, route *Route) {
		r := t.receivers[receiver]
		if r == nil || route == nil || slices.ContainsFunc(out, func(x target) bool { return x.receiver == r }) {
			return
		}
		out = append(out, target{r, route})
	}
	for n := range t.Routes {
		r := &t.Routes[n]
		if !r.Match.takes(i) {
			continue
		}
		for _, name := range r.Receivers {
			add(name, r)
		}
		if !r.Continue {
			break
		}
	}
	for _, x := range i.Extra {
		add(x.Receiver, t.routes[x.Route])
	}
	for _, name := range sortedKeys(i.Told) {
		if k := i.Told[name]; k.knows() {
			add(name, t.routes[k.Route])
		}
	}
	return out
}

// single reports whether incidents are told alone.
func (x target) single() bool {
	if x.receiver.NoMerge {
		return true
	}
	if x.route.GroupBy == nil {
		return x.receiver.PerIncident
	}
	return slices.Contains(x.route.GroupBy, byIncident)
}

// by are the labels that make a group, unless incidents are told alone.
func (x target) by() []string {
	if x.route.GroupBy == nil {
		return []string{"queue", "channel", "clock"}
	}
	return x.route.GroupBy
}

// key names the group of an incident.
func (x target) key(i *incident) string {
	parts := []string{i.Tenant, x.receiver.Name, x.route.Name}
	switch {
	case i.Storm && !x.receiver.NoMerge:
		parts = append(parts, "storm", i.Rule)
	case x.single():
		parts = append(parts, byIncident, i.ID)
	default:
		for _, l := range x.by() {
			parts = append(parts, l, i.label(l))
		}
	}
	for n := range parts {
		parts[n] = escapePart(parts[n])
	}
	return strings.Join(parts, "/")
}

var partEscaper = strings.NewReplacer("%", "%25", "/", "%2F")

func escapePart(s string) string { return partEscaper.Replace(s) }

// wait is how long the first notice of a group waits for company.
func (x target) wait(i *incident) time.Duration {
	switch {
	case x.route.GroupWait >= 0:
		return x.route.GroupWait
	case i.Severity == notify.Critical || x.single():
		return 0
	}
	return 30 * time.Second
}

// quietUntil returns when the people of a receiver may be told an incident, 0 when they may now.
func (t *tenant) quietUntil(receiver string, severity notify.Severity, now int64) int64 {
	until := int64(0)
	for _, q := range t.Quiet {
		if severity == notify.Critical && !q.Critical || len(q.Receivers) > 0 && !slices.Contains(q.Receivers, receiver) {
			continue
		}
		until = max(until, q.until(time.UnixMilli(now).In(t.Zone)))
	}
	return until
}

// until returns the end (Unix ms) of the quiet time around an instant, 0 when there is none.
func (q *Quiet) until(now time.Time) int64 {
	for _, back := range []int{0, 1} { // it may have begun yesterday
		y, m, d := now.AddDate(0, 0, -back).Date()
		day := time.Date(y, m, d, 12, 0, 0, 0, now.Location()).Weekday()
		if len(q.Days) > 0 && !slices.Contains(q.Days, day) {
			continue
		}
		from, to := time.Date(y, m, d, 0, q.From, 0, 0, now.Location()), time.Date(y, m, d, 0, q.To, 0, 0, now.Location())
		if q.To <= q.From {
			to = time.Date(y, m, d+1, 0, q.To, 0, 0, now.Location())
		}
		if !now.Before(from) && now.Before(to) {
			return to.UnixMilli()
		}
	}
	return 0
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
