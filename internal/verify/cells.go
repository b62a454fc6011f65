package verify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// families are the names of the families in reports.
var families = map[window.Family]string{window.Routing: "routing", window.Agent: "agent", window.Topics: "topic", window.Work: "work", window.Activity: "customers"}

// cellKey names a pane cell of a slot: chunk and pane with group.
type cellKey struct{ key, field string }

// total is what is known of a metric.
type total struct {
	n, sum  int64
	buckets map[int]int64
}

func (t total) equal(o total) bool {
	return t.n == o.n && t.sum == o.sum && maps.Equal(t.buckets, o.buckets)
}

func (t total) String() string {
	if t.sum == 0 && len(t.buckets) == 0 {
		return strconv.FormatInt(t.n, 10)
	}
	return fmt.Sprintf("%d (sum %d)", t.n, t.sum)
}

// wanted is a cell as it follows from the log.
type wanted struct {
	tenant  string
	metrics map[int]*total
	sure    map[int]int64 // how many of each metric are of subjects that the log knows from their begin
	behind  []int32       // places of the moments
}

// custom is what the state keeps of a tenant that decides where a moment is stored.
type custom struct {
	zone       window.Zone
	agents     bool // agent_cells of the policy in force
	zones      bool // it had several zones
	mixed      bool // agent_cells was on and off
	followed   bool // agents was on and off
	names      map[window.Dimension][]string
	full       map[window.Dimension]bool // names beyond those are one
	chunks     *window.Dir
	unreadable error
}

// customs reads what a slot keeps of its tenants. settings are those of the log.
func customs(hashes map[string]map[string][]byte, tenants []string, settings func(tenant string) []oracle.Setting) map[string]*custom {
	out := map[string]*custom{}
	for _, tenant := range tenants {
		c := &custom{names: map[window.Dimension][]string{}, full: map[window.Dimension]bool{}, chunks: &window.Dir{}}
		out[tenant] = c
		list := settings(tenant)
		if len(list) == 0 {
			continue
		}
		for _, s := range list {
			c.zones, c.mixed = c.zones || s.Zone != list[0].Zone, c.mixed || s.AgentCells != list[0].AgentCells
			c.followed = c.followed || s.Agents != list[0].Agents
		}
		last := list[len(list)-1]
		c.agents = last.AgentCells || c.mixed
		c.zone, c.unreadable = sla.LoadZone(last.Zone)
		for field, b := range hashes["names:"+tenant] {
			dim := window.Dimension(field)
			list, full, err := fold.NamesOf(b)
			if err != nil && c.unreadable == nil {
				c.unreadable = fmt.Errorf("the names of %s: %w", field, err)
			}
			slices.Sort(list)
			c.names[dim], c.full[dim] = list, full
		}
		dir, err := window.DecodeDir(hashes["tn:"+tenant]["dir"])
		if err == nil {
			c.chunks = dir
		} else if c.unreadable == nil {
			c.unreadable = fmt.Errorf("the directory of chunks: %w", err)
		}
	}
	return out
}

// name is the one that a moment is stored under, rule 12.3.
func (c *custom) name(dim window.Dimension, name string) string {
	if name == "" || !c.full[dim] {
		return name
	}
	if _, ok := slices.BinarySearch(c.names[dim], name); ok {
		return name
	}
	return window.Overflow
}

// places are the groups of a moment, by family.
func (c *custom) places(m oracle.Moment) map[window.Family]window.Group {
	g := window.Group{Channel: m.Group.Channel, Queue: c.name(window.DimQueue, m.Group.Queue), Team: c.name(window.DimTeam, m.Group.Team)}
	if m.RolledUp() {
		return map[window.Family]window.Group{window.Activity: g}
	}
	if m.OfAgents() {
		g = window.Group{Team: g.Team}
		if c.agents {
			g.Agent = c.name(window.DimAgent, m.Group.Agent)
		}
		return map[window.Family]window.Group{window.Work: g}
	}
	out := map[window.Family]window.Group{window.Routing: g}
	if m.Group.Agent != "" && c.agents {
		out[window.Agent] = window.Group{Channel: g.Channel, Queue: g.Queue, Agent: c.name(window.DimAgent, m.Group.Agent)}
	}
	if m.Group.Topic != "" {
		out[window.Topics] = window.Group{Channel: g.Channel, Topic: c.name(window.DimTopic, m.Group.Topic)}
	}
	return out
}

// expect makes the cells that moments add up to. Sure says which moments are of subjects that the log knows from their begin.
func expect(moments []oracle.Moment, tenants map[string]*custom, boundary int64, sure func(m *oracle.Moment) bool) map[cellKey]*wanted {
	out := map[cellKey]*wanted{}
	agents := map[int]bool{}
	for i := range moments {
		m := &moments[i]
		c := tenants[m.Tenant]
		if c == nil || c.zone == nil {
			continue
		}
		place, ok := window.Locate(m.At, boundary, c.zone)
		if !ok {
			continue
		}
		counts := m.Counts()
		known := sure(m)
		for family, g := range c.places(*m) {
			var w *wanted
			for _, count := range counts {
				if family == window.Agent {
					if _, looked := agents[count.Metric]; !looked {
						agents[count.Metric] = count.ByAgent()
					}
					if !agents[count.Metric] {
						continue
					}
				}
				if w == nil {
					w = cellOf(out, cellKey{place.Chunk.Key(m.Tenant, family), window.Field(place.Pane, g)}, m.Tenant)
					w.behind = append(w.behind, int32(i))
				}
				w.add(count, known)
			}
		}
	}
	return out
}

func cellOf(cells map[cellKey]*wanted, k cellKey, tenant string) *wanted {
	w := cells[k]
	if w == nil {
		w = &wanted{tenant: tenant, metrics: map[int]*total{}, sure: map[int]int64{}}
		cells[k] = w
	}
	return w
}

func (w *wanted) add(c oracle.Count, known bool) {
	t := w.metrics[c.Metric]
	if t == nil {
		t = &total{}
		w.metrics[c.Metric] = t
	}
	v, distributed := c.Sum()
	t.n++
	t.sum += v
	if distributed {
		if t.buckets == nil {
			t.buckets = map[int]int64{}
		}
		t.buckets[oracle.Bucket(v)]++
	}
	if known {
		w.sure[c.Metric]++
	}
}

// metricsOf are the metrics that are in any of some cells, ascending. A few of the thousands that there are: each currency has its own.
func metricsOf(cells ...map[int]*total) []int {
	var out []int
	for _, c := range cells {
		out = slices.AppendSeq(out, maps.Keys(c))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// held is what a stored cell holds of the metrics that the definitions have.
func held(b []byte) (map[int]*total, error) {
	c, err := window.DecodeCell(b)
	if err != nil {
		return nil, err
	}
	out := map[int]*total{}
	for _, m := range c.Metrics() {
		if !oracle.Knows(int(m)) {
			continue
		}
		a := c.Metric(m)
		t := total{n: a.N, sum: a.Sum}
		for _, b := range a.Buckets {
			if b.N != 0 {
				if t.buckets == nil {
					t.buckets = map[int]int64{}
				}
				t.buckets[b.Index] = b.N
			}
		}
		if t.n != 0 || t.sum != 0 || t.buckets != nil {
			out[int(m)] = &t
		}
	}
	return out, nil
}

// chunkOf takes the key of a chunk apart: "p:" family tier number tenant.
func chunkOf(key string) (f window.Family, c window.Chunk, tenant string, ok bool) {
	parts := strings.SplitN(key, ":", 5)
	if len(parts) != 5 || parts[0] != "p" {
		return "", c, "", false
	}
	tier, err1 := strconv.Atoi(parts[2])
	start, err2 := strconv.ParseInt(parts[3], 10, 64)
	if err1 != nil || err2 != nil || tier < 0 || tier >= len(farthest) || start > farthest[tier] || start < -farthest[tier] {
		return "", c, "", false
	}
	return window.Family(parts[1]), window.Chunk{Tier: window.Tier(tier), Start: start}, parts[4], true
}

// farthest are numbers of chunks that no event can lie in, by tier: about the year 4700.
var farthest = [...]int64{window.Fine: 100_000_000, window.Medium: 1_000_000, window.Coarse: 16_000}

// where says which pane and group a cell is.
func where(k cellKey, zone window.Zone) (*Where, bool) {
	f, c, _, ok1 := chunkOf(k.key)
	pane, g, ok2 := window.ParseField(k.field)
	if !ok1 || !ok2 {
		return nil, false
	}
	from, to := window.Place{Chunk: c, Pane: pane}.Span(zone)
	w := &Where{From: at(from), To: at(to), By: families[f], Group: map[string]string{}}
	for _, dim := range window.Dimensions {
		if name := g.Name(dim); name != "" {
			w.Group[string(dim)] = name
		}
	}
	return w, true
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
