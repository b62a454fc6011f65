package verify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/window"
)

// side is a slot that panes are compared of.
type side struct {
	topic     string
	partition int32
	hashes    map[string]map[string][]byte
	tenants   map[string]*custom
	boundary  int64
	cut       int64 // the log says nothing about what was before, Unix ms; 0 when it reaches back to the begin of the state
	undecided func(moments []*oracle.Moment) string
	second    bool
}

// panes compares all pane cells of a slot with those that moments add up to.
func (v *run) panes(s side, moments []oracle.Moment, sure func(m *oracle.Moment) bool) {
	want := expect(moments, s.tenants, s.boundary, sure)
	for key, fields := range s.hashes {
		family, chunk, tenant, ok := chunkOf(key)
		if !ok {
			if strings.HasPrefix(key, "p:") {
				v.damaged(s, "", key, "", errors.New("it is not the name of a chunk"))
			}
			continue
		}
		c := s.tenants[tenant]
		if c == nil || c.zone == nil {
			continue // of a tenant that was not asked for, or that the log no longer knows
		}
		v.directory(s, tenant, family, chunk, key, c)
		for field, b := range fields {
			k := cellKey{key, field}
			if family == window.Agent && unnamed(field) {
				continue // what no agent has done is in no value
			}
			got, err := held(b)
			if err != nil {
				v.damaged(s, tenant, k.key, k.field, err)
				delete(want, k)
				continue
			}
			v.cell(s, tenant, k, got, want[k], moments)
			delete(want, k)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(want), func(a, b cellKey) int { return strings.Compare(a.key+a.field, b.key+b.field) }) {
		v.cell(s, want[k].tenant, k, nil, want[k], moments)
	}
}

func unnamed(field string) bool {
	_, g, ok := window.ParseField(field)
	return ok && g.Agent == ""
}

// directory finds chunks that readers do not.
func (v *run) directory(s side, tenant string, f window.Family, chunk window.Chunk, key string, c *custom) {
	from, to := chunk.Span(c.zone)
	if c.chunks.Has(f, chunk) || !v.asked(from, to) {
		return
	}
	v.report.add(Difference{Kind: Directory, Topic: s.topic, Partition: s.partition, Tenant: tenant, Key: key, State: "the chunk is not in the directory, so that nobody reads it",
		Log: fmt.Sprintf("panes from %s to %s", stamp(from), stamp(to))})
}

func (v *run) damaged(s side, tenant, key, field string, err error) {
	v.report.add(Difference{Kind: Damaged, Topic: s.topic, Partition: s.partition, Tenant: tenant, Key: key, Field: field, State: "cannot be read: " + err.Error(), Log: "a value that can"})
}

// cell compares one cell; want is nil where the log says nothing, got where the state does not.
func (v *run) cell(s side, tenant string, k cellKey, got map[int]*total, want *wanted, moments []oracle.Moment) {
	c := s.tenants[tenant]
	w, ok := where(k, c.zone)
	if !ok {
		v.damaged(s, tenant, k.key, k.field, fmt.Errorf("%q is not the name of a cell", k.field))
		return
	}
	if !v.asked(w.From.UnixMilli(), w.To.UnixMilli()) {
		return
	}
	if s.cut > 0 && w.From.UnixMilli() <= s.cut {
		v.report.Unverifiable.Cells++
		return
	}
	v.report.Compared.Cells++
	if want == nil {
		want = &wanted{}
	}
	var says, should []string
	fewer := false
	kpis := map[string]bool{}
	for _, m := range metricsOf(got, want.metrics) {
		g, x := value(got, m), value(want.metrics, m)
		if g.equal(x) {
			continue
		}
		ids, _ := oracle.Uses(m)
		for _, id := range ids {
			kpis[id] = true
		}
		w.Metrics = append(w.Metrics, m)
		says, should = append(says, fmt.Sprintf("%d: %v", m, g)), append(should, fmt.Sprintf("%d: %v", m, x))
		fewer = fewer || g.n < want.sure[m]
	}
	if len(w.Metrics) == 0 {
		return
	}
	w.KPIs = slices.Sorted(maps.Keys(kpis))
	d := Difference{Kind: Pane, Topic: s.topic, Partition: s.partition, Tenant: tenant, Key: k.key, Field: k.field, Pane: w, State: strings.Join(says, ", "), Log: strings.Join(should, ", ")}
	var behind []*oracle.Moment
	for _, i := range want.behind {
		m := &moments[i]
		behind = append(behind, m)
		if m.Conversation != "" {
			d.Conversations = append(d.Conversations, m.Conversation)
		}
		if m.Customer != "" {
			d.Customers = append(d.Customers, m.Customer)
		}
	}
	d.Conversations, d.Customers = unique(d.Conversations), unique(d.Customers)
	family, chunk, _, _ := chunkOf(k.key)
	switch {
	case c.mixed && (family == window.Agent || family == window.Work):
		d.Why = "agent_cells was turned on or off: what was counted before the change stays as it was"
	case c.followed && family == window.Work:
		d.Why = "agents was turned on or off: which look at an agent found it so first is not told by the log"
	case c.zones && (chunk.Tier == window.Coarse || family == window.Activity):
		d.Why = "the tenant's zone was changed: what was counted before the change stays in the days of the zone before"
	case s.cut > 0 && (s.second || !fewer):
		d.Why = "the log has lost its beginning: conversations that began before it may be behind this"
	case s.undecided != nil:
		d.Why = s.undecided(behind)
	}
	v.report.add(d)
}

func value(m map[int]*total, metric int) total {
	if t := m[metric]; t != nil {
		return *t
	}
	return total{}
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// asked says whether an answer about [from, to) is wanted.
func (v *run) asked(from, to int64) bool {
	return (v.o.To == 0 || from < v.o.To) && (v.o.From == 0 || to > v.o.From)
}
