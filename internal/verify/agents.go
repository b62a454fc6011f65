package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// agentsHeard says the same of agents.
type agentsHeard struct{ heard }

func (h agentsHeard) partition(a oracle.Agent) int32 {
	return bus.Partition([]byte(event.AgentKey(a.Tenant, a.Name)), h.v.topics.Customers.Partitions)
}

// Until implements [oracle.AgentsHeard].
func (h agentsHeard) Until(a oracle.Agent, partition int32) int64 {
	return h.v.heardUntil(h.partition(a), partition)
}

// At implements [oracle.AgentsHeard].
func (h agentsHeard) At(a oracle.Agent) int64 { return h.v.secondTime(h.partition(a)) }

// desks compares the agents whom readers are shown with those who are there by the log.
func (v *run) desks(h agentsHeard, want map[oracle.Agent][]oracle.Shown, fresh map[oracle.Agent]bool) {
	followed := map[string]bool{} // tenants that have turned agents on or off
	for _, tenant := range v.tenants(v.reader.Tenants()) {
		list := v.reader.Settings(tenant)
		followed[tenant] = slices.ContainsFunc(list, func(s oracle.Setting) bool { return s.Agents != list[0].Agents })
	}
	for p := range int32(v.topics.Customers.Partitions) {
		c := v.seconds[p]
		if c == nil {
			continue
		}
		got := map[oracle.Agent]oracle.Shown{}
		for who := range want {
			if h.partition(who) == p {
				got[who] = oracle.Shown{}
			}
		}
		v.shown(p, c, got)
		for who, x := range got {
			if v.o.Tenant != "" && who.Tenant != v.o.Tenant {
				continue
			}
			may := want[who]
			if len(may) == 0 {
				may = []oracle.Shown{{}}
			}
			v.report.Compared.Agents++
			if slices.Contains(may, x) {
				continue
			}
			d := Difference{Kind: Agent, Topic: v.topics.Customers.Name, Partition: p, Tenant: who.Tenant, Key: "o:" + who.Tenant, Field: who.Name, State: desk(x), Log: desk(may[0])}
			switch {
			case v.cut > 0:
				d.Why = "the log has lost its beginning: what was told to the agent before it may be behind this"
			case followed[who.Tenant]:
				d.Why = "agents was turned on or off: which look at an agent found it so first is not told by the log"
			case fresh[who]:
				d.Why = "the agent is just being told: compare again"
			}
			v.report.add(d)
		}
	}
}

// shown reads the agents whom a partition shows. Those who cannot be read are told of and taken out.
func (v *run) shown(p int32, c *copied, into map[oracle.Agent]oracle.Shown) {
	for key, fields := range c.Hashes {
		tenant, ok := strings.CutPrefix(key, "o:")
		if !ok {
			continue
		}
		for name, b := range fields {
			who := oracle.Agent{Tenant: tenant, Name: name}
			n, err := agent.DecodeNow(b)
			if err != nil {
				v.report.add(Difference{Kind: Damaged, Topic: v.topics.Customers.Name, Partition: p, Tenant: tenant, Key: key, Field: name, State: "cannot be read: " + err.Error(), Log: "an agent who is there"})
				delete(into, who)
				continue
			}
			into[who] = oracle.Shown{There: true, Team: n.Team, Desk: oracle.Desk{Available: n.Available, Busy: n.Contacts > 0}}
		}
	}
}

// desk prints what readers are shown.
func desk(x oracle.Shown) string {
	if !x.There {
		return "not there"
	}
	is := func(yes bool, word string) string {
		if yes {
			return word
		}
		return "not " + word
	}
	text := fmt.Sprintf("%s, %s", is(x.Available, "available"), is(x.Busy, "busy"))
	if x.Team != "" {
		text += ", of team " + x.Team
	}
	return text
}
