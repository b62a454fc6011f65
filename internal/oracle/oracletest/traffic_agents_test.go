package oracletest

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
)

// followAgents turns on that agents are followed. Without "always" some versions of the rules turn it off again: which look finds it off is not told by the log alone, for agents of
// whom nothing goes on.
func (g *traffic) followAgents(p *sla.PolicySpec, serial int64) {
	p.Agents = g.on("agents") && (serial == 1 || g.on("always") || g.chance(80))
}

// presences sends what agents tell of themselves.
func (g *traffic) presences(start, span int64, n int) {
	if !g.on("presence") {
		return
	}
	for range n {
		at := start + g.Int64N(span)
		for range 1 + g.IntN(4) {
			g.send(event.Event{Tenant: "t", At: at, Source: event.Source{Connector: pick(g, "http", "slow")}, Channel: event.Other, Actor: event.ByAgent,
				Routing: event.Routing{Team: pick(g, "", "", "one", "two")}, Body: event.Presence{Agent: pick(g, agentNames...), Available: g.chance(60)}})
			at += pick(g, 0, g.Int64N(minute), g.Int64N(20*minute), g.Int64N(min(30*hour, span/6)))
		}
	}
}

// desk is a chat or a call that agents hand on to each other, often within one minute.
func (g *traffic) desk(n int, at int64) {
	channel := pick(g, event.Voice, event.Voice, event.WebChat, event.WhatsApp)
	connector := "http"
	if g.remote {
		connector = pick(g, "http", "far")
	}
	base := event.Event{Tenant: "t", Source: event.Source{Connector: connector}, Conversation: fmt.Sprint("d", n), Threadless: channel == event.WhatsApp, Channel: channel, Actor: event.ByCustomer}
	if g.chance(50) {
		base.Customer = fmt.Sprint("cust", g.IntN(8))
	}
	hands := 3 + g.IntN(5)
	if g.chance(10) {
		hands = 40 // more than are told together
	}
	for i := range hands {
		agent := event.Routing{Agent: pick(g, agentNames...), Team: pick(g, "", "one", "two")}
		tell := func(actor event.ActorKind, r event.Routing, b event.Body) {
			e := base
			e.At, e.Actor, e.Routing, e.Body = at, actor, r, b
			g.send(e)
			at += pick(g, 0, g.Int64N(second), g.Int64N(minute), g.Int64N(10*minute), g.Int64N(40*minute))
		}
		if channel == event.Voice {
			call := func(phase event.CallPhase) event.Call {
				c := event.Call{ID: "x", Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1, Phase: phase}
				if g.chance(30) {
					c.Wrap = g.Int64N(3 * minute)
				}
				if g.chance(30) {
					c.Talk = g.Int64N(5 * minute)
				}
				return c
			}
			tell(event.ByCustomer, event.Routing{Queue: "help"}, call(event.PhaseQueued))
			tell(event.ByAgent, agent, call(event.PhaseAnswered))
			if g.chance(80) {
				tell(event.BySystem, event.Routing{}, call(pick(g, event.PhaseTransferred, event.PhaseEnded)))
			}
			if g.chance(60) {
				tell(event.BySystem, event.Routing{}, call(event.PhaseWrapUpEnded))
			}
			continue
		}
		message := func(d event.Direction) event.Message {
			return event.Message{ID: fmt.Sprint("d", n, ".", i, d), Direction: d}
		}
		tell(event.ByCustomer, event.Routing{}, message(event.Inbound))
		if g.chance(60) {
			tell(event.BySystem, event.Routing{}, event.Assignment{Cause: pick(g, event.CauseRouted, event.CauseTransfer, event.CauseBotToHuman), To: agent})
		}
		if g.chance(70) {
			tell(event.ByAgent, agent, message(event.Outbound))
		}
		switch g.IntN(10) {
		case 0, 1:
			tell(event.BySystem, event.Routing{}, event.ConversationState{State: pick(g, event.StatusResolved, event.StatusClosed, event.StatusReopened, event.StatusPendingCustomer)})
		case 2:
			tell(event.ByAgent, agent, event.Message{ID: fmt.Sprint("i", n, ".", i), Direction: event.Outbound, Internal: true})
		}
	}
	if g.on("void") && g.chance(15) {
		e := base
		e.At, e.Actor, e.Body = at, event.BySystem, event.ConversationState{State: pick(g, event.StatusSpam, event.StatusDeleted)}
		g.send(e)
	}
}

// countAgents adds up how many moments of agents there are.
func countAgents(sum map[oracle.Kind]int, w *oracle.World) {
	for _, m := range w.Moments() {
		if m.OfAgents() {
			sum[m.Kind]++
		}
	}
}
