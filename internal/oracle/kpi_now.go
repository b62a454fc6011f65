package oracle

// Open is a conversation that is open, rule 12.5.
type Open struct {
	Tenant, Conversation string
	Group                Group
	T                    int64 // of its partition, Unix ms
	Waits                bool
	Entered              int64 // of the contact that waits
	Promises             []Promise
	Desk                 *Desk // of an agent, who is no conversation
}

// Promise is one that runs.
type Promise struct {
	Clock string
	Due   int64 // 0: it stands
	Warn  int64 // the first warning point before the due time, 0 when there is none
}

func (p Promise) overdue(t int64) bool { return p.Due != 0 && t > p.Due }
func (p Promise) atRisk(t int64) bool  { return p.Due != 0 && t <= p.Due && p.Warn != 0 && t >= p.Warn }

func init() {
	promises := func(holds func(Promise, int64) bool) map[string]Formula {
		out := map[string]Formula{}
		for _, clock := range append([]string{FirstResponse, NextResponse, Resolving}, updateClocks...) {
			out[clock] = Formula{Now: func(open []Open) Reading {
				n := int64(0)
				for _, o := range open {
					for _, p := range o.Promises {
						if p.Clock == clock && holds(p, o.T) {
							n++
						}
					}
				}
				return countOf(n)
			}}
		}
		return out
	}
	clocks := []string{FirstResponse, NextResponse, Resolving}
	add(KPI{ID: "sla_running", ByAgent: true, Default: clocks, Definitions: promises(func(Promise, int64) bool { return true })})
	add(KPI{ID: "sla_overdue", ByAgent: true, Default: clocks, Definitions: promises(Promise.overdue)})
	add(KPI{ID: "sla_at_risk", ByAgent: true, Default: clocks, Definitions: promises(Promise.atRisk)})
	predicted := map[string]Formula{} // rule 19.1
	for name, within := range map[string]int64{"5m": 300_000, "15m": 900_000, "60m": 3_600_000} {
		predicted[name] = Formula{Now: func(open []Open) Reading {
			n := int64(0)
			for _, o := range open {
				for _, p := range o.Promises {
					if p.Due > o.T && p.Due <= o.T+within {
						n++
					}
				}
			}
			return countOf(n)
		}}
	}
	add(KPI{ID: "sla_predicted_breaches", ByAgent: true, Default: []string{"15m"}, Definitions: predicted})
	add(KPI{ID: "contacts_waiting", Default: []string{"default"}, Definitions: only(Formula{Now: func(open []Open) Reading { return countOf(waiting(open)) }})})
	add(KPI{ID: "longest_wait", Default: []string{"default"}, Definitions: only(Formula{Now: func(open []Open) Reading {
		r := Reading{N: waiting(open)}
		for _, o := range open {
			if o.Waits {
				r.Known, r.Value = true, max(r.Value, float64(max(0, o.T-o.Entered))/1000)
			}
		}
		return r
	}})})
}

func waiting(open []Open) int64 {
	n := int64(0)
	for _, o := range open {
		if o.Waits {
			n++
		}
	}
	return n
}

// Open are the conversations that are open at the end of the log, in the order of their partitions and ids.
func (w *World) Open() []Open {
	var out []Open
	for _, s := range w.subjects {
		if s.now == nil || s.dead || s.gone || s.key.conversation == "" || !s.now.ep.open() {
			continue
		}
		o := Open{Tenant: s.key.tenant, Conversation: s.key.conversation, Group: s.now.routing, T: s.p.time(s.p.end)}
		o.Group.Topic = s.now.topicAt(forever)
		if c := s.now.ep.contact; c != nil && !c.handled {
			o.Waits, o.Entered = true, c.entered
		}
		for _, r := range s.running {
			p := Promise{Clock: r.clock}
			if r.due < forever {
				p.Due = r.due
				for _, at := range r.warn {
					if at < r.due && (p.Warn == 0 || at < p.Warn) {
						p.Warn = at
					}
				}
			}
			o.Promises = append(o.Promises, p)
		}
		out = append(out, o)
	}
	return out
}
