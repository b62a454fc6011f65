package oracletest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
)

const (
	begin  = 1_790_000_000_000
	second = 1000
	minute = 60 * second
	hour   = 60 * minute
)

// arrival is an event on its way to the log.
type arrival struct {
	at   int64
	body event.RecordBody
}

// traffic makes a log out of chance: conversations of every sort, their events late, repeated and out of order.
type traffic struct {
	*rand.Rand
	all      []arrival
	events   int
	pace     int64             // how much slower than usual everything is
	windows  map[string]string // of first contacts
	lookback string            // of orders
	without  map[string]bool   // kinds of trouble that are off
	remote   bool              // some agents are told of days later
}

func (g *traffic) on(name string) bool { return !g.without[name] }

func pick[T any](g *traffic, of ...T) T { return of[g.IntN(len(of))] }

func (g *traffic) chance(percent int) bool { return g.IntN(100) < percent }

// policyOf makes a version of the rules.
func (g *traffic) policyOf(serial int64) *sla.Policy {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.Calendars = []sla.CalendarSpec{
		{Name: "office", Week: map[string][]string{"mon-fri": {"08:00-12:00", "13:00-18:00"}, "sat": {"09:00-13:00"}}, Holidays: []sla.Holiday{{Date: "09-21"}}},
		{Name: "night", Zone: "Europe/Madrid", Week: map[string][]string{"daily": {"21:00-05:30"}, "sun": {"10:00-11:00"}}},
	}
	calendar := func() string { return pick(g, "", "office", "night") }
	p.Rules = []sla.RuleSpec{
		{Name: "vip", Match: sla.Match{Priority: []string{"high"}}, FirstResponse: "1m", NextResponse: "90s", Resolution: "20m", OnResolve: "miss", NextFrom: "last"},
		{Name: "sales", Match: sla.Match{Queue: []string{"sales"}}, Calendar: calendar(), FirstResponse: "2m", NextResponse: "5m", Resolution: "1h", BotTime: g.chance(50),
			PauseOn: pick(g, nil, []string{"snoozed"}, []string{"pending_customer", "snoozed"})},
		{Name: "none", Match: sla.Match{Team: []string{"exempt"}}},
		{Name: "rest", Calendar: calendar(), FirstResponse: fmt.Sprint(1+g.IntN(10), "m"), Resolution: fmt.Sprint(1+g.IntN(5), "h"), OnResolve: pick(g, "cancel", "miss")},
	}
	target := int64(g.IntN(60))
	p.Queues = map[string]sla.QueueSpec{"sales": {TargetSeconds: &target}}
	p.Stale = map[string]string{"*": "2h", "voice": "40m", "email": "never"}
	p.EpisodeGap = pick(g, "1h", "3h")
	p.Grace = map[string]string{"*": "2s", "slow": "30s"}
	p.Horizon = map[string]string{"*": "3h", "slow": "5h"}
	p.AgentCells = true
	p.Retain = pick(g, "", "2d", "never")
	g.moreRules(&p)
	g.followAgents(&p, serial)
	c, err := sla.CompilePolicy(p, serial)
	if err != nil {
		panic(err)
	}
	return c
}

// log makes a log of some hours.
func log(seed uint64, conversations int, span, pace int64, without map[string]bool) []oracle.Placed {
	// Some days have an hour more or less in Madrid.
	start := begin + []int64{0, 33, 187}[seed%3]*24*hour
	g := &traffic{Rand: rand.New(rand.NewPCG(seed, 7)), without: without, pace: pace}
	for n := range conversations {
		g.conversation(n, start+g.Int64N(span), 1+g.IntN(22))
	}
	if g.on("burst") && seed%10 == 5 {
		g.conversation(conversations, start+g.Int64N(hour), 900)
	}
	if g.on("desk") {
		for n := range conversations / 6 {
			g.desk(n, start+g.Int64N(span))
		}
		g.presences(start, span, conversations/6)
	}
	if g.on("own") {
		for range conversations / 4 {
			e := event.Event{Tenant: "t", At: start + g.Int64N(span), Source: event.Source{Connector: "http"}, Customer: fmt.Sprint("cust", g.IntN(40)), Channel: event.Commerce,
				Actor: event.ByCustomer, Body: event.Purchase{Type: 1, Order: "o", Currency: "COP"}}
			if g.on("identity") && g.chance(30) {
				c := event.CustomerIdentity{Change: event.IdentityMerged, Survivor: fmt.Sprint("cust", g.IntN(40))}
				if g.chance(20) {
					c = event.CustomerIdentity{Change: event.IdentityErased}
				}
				e.Body = c
			}
			g.send(e)
		}
	}
	if g.on("gap") {
		for range 1 + g.IntN(2) {
			from := start + g.Int64N(span)
			gap := event.Gap{Tenant: "t", Connector: pick(g, "", "http", "slow"), From: from}
			g.all = append(g.all, arrival{from + g.Int64N(5*minute), gap})
			if g.chance(60) {
				gap.To = from + g.Int64N(20*minute)
				g.all = append(g.all, arrival{gap.To + g.Int64N(minute), gap})
			}
		}
	}
	if g.on("policy") {
		for n := range g.IntN(4) {
			at := start + g.Int64N(span)
			g.all = append(g.all, arrival{at, fold.PolicyRecord(g.policyOf(int64(10+n)), g.chance(40))})
		}
	}
	sortArrivals(g.all)
	out := []oracle.Placed{{Body: event.Tick{At: start - hour}}, {Body: fold.PolicyRecord(g.policyOf(1), false)}}
	tick := start
	for _, a := range g.all {
		for tick <= a.at {
			out = append(out, oracle.Placed{Body: event.Tick{At: tick}})
			tick += second * pace * int64(1+g.IntN(40))
		}
		key := ""
		if e, ok := a.body.(*event.Event); ok {
			key = e.Key()
		}
		out = append(out, oracle.Placed{Key: key, Body: a.body})
	}
	for end := tick + g.Int64N(10*hour*pace); tick < end; tick += minute * pace * int64(1+g.IntN(10)) {
		out = append(out, oracle.Placed{Body: event.Tick{At: tick}})
	}
	for i := range out {
		out[i].Offset = int64(i)
	}
	return out
}

func sortArrivals(all []arrival) {
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
}

// send puts an event on its way.
func (g *traffic) send(e event.Event) {
	g.events++
	e.ID = fmt.Sprint("e", g.events)
	e.ReceivedAt = e.At
	if g.on("hint") && g.chance(10) {
		e.OrderHint = fmt.Sprint(g.IntN(200))
	}
	at := e.At + g.Int64N(second)
	if g.on("late") {
		switch g.IntN(20) {
		case 0:
			at += g.Int64N(5 * hour)
		case 1, 2, 3:
			at += g.Int64N(3 * minute)
		}
	}
	if e.Source.Connector == "far" && g.chance(10) {
		at += g.Int64N(100 * hour)
	}
	g.all = append(g.all, arrival{at, &e})
	if g.on("repeat") && g.chance(5) {
		again := e
		g.all = append(g.all, arrival{at + g.Int64N(hour), &again})
	}
}

// conversation sends all of one.
func (g *traffic) conversation(n int, at int64, events int) {
	channel := pick(g, event.WhatsApp, event.WebChat, event.Email, event.Voice, event.WhatsApp, event.WebChat, event.Ticket)
	base := event.Event{Tenant: "t", Source: event.Source{Connector: pick(g, "http", "http", "slow"), Account: pick(g, "", "a")}, Conversation: fmt.Sprint("c", n),
		Threadless: channel == event.WhatsApp, Customer: fmt.Sprint("cust", g.IntN(40)), Channel: channel, Actor: event.ByCustomer}
	queues := []string{"sales", "help", "", ""}
	agents := []string{"", "", "ana", "bob"}
	messages := 0
	id := func() string { return fmt.Sprint("m", n, ".", messages) }
	hurry := int64(1)
	if events > 100 {
		hurry = 30
	}
	for before := int64(0); events > 0; events-- {
		e := base
		e.At = at
		e.Routing = event.Routing{Queue: pick(g, queues...), Agent: pick(g, agents...), Team: pick(g, "", "", "", "exempt", "one")}
		if g.chance(40) {
			e.Routing = event.Routing{}
		}
		if g.on("topic") && g.chance(15) && at != before {
			e.Labels = []event.Label{{Key: event.LabelTopic, Value: pick(g, "bill", "delivery")}}
		}
		if g.on("customer") {
			switch g.IntN(20) {
			case 0:
				e.Customer = fmt.Sprint("cust", g.IntN(40))
			case 1:
				e.Customer = ""
			}
		}
		if g.on("survey") && g.chance(12) {
			e.Body = g.survey(&e, n, events)
		} else {
			e.Body = g.body(&e, channel, func(next bool) string {
				if next {
					messages++
				}
				return id()
			})
		}
		if e.Body != nil {
			g.send(e)
		}
		before = at
		switch g.IntN(12) {
		case 0:
			at += g.Int64N(3 * hour * g.pace / hurry)
		case 1, 2:
			at += g.Int64N(30 * minute * g.pace / hurry)
		case 3:
		default:
			at += g.Int64N(2 * minute / hurry)
		}
	}
}

func (g *traffic) body(e *event.Event, channel event.Channel, id func(bool) string) event.Body {
	call := func() event.Body {
		c := event.Call{ID: "x", Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1}
		c.Phase = pick(g, event.PhaseStarted, event.PhaseQueued, event.PhaseQueued, event.PhaseAnswered, event.PhaseAnswered, event.PhaseEnded, event.PhaseEnded, event.PhaseWrapUpEnded,
			event.PhaseTransferred, event.PhaseAbandoned, event.PhaseVoicemail, event.PhaseCallback, event.PhaseFlowOut, event.PhaseHoldStarted, event.PhaseHoldEnded, event.PhaseOffered,
			event.PhaseOfferFailed)
		for _, d := range []*int64{&c.Wait, &c.Talk, &c.Hold, &c.Wrap} {
			if g.chance(20) {
				*d = g.Int64N(minute)
			}
		}
		if c.Phase == event.PhaseAnswered {
			e.Actor, e.ActorID = event.ByAgent, pick(g, agentNames...)
		}
		return c
	}
	score := func() *event.Sentiment {
		return &event.Sentiment{Polarity: g.Int64N(2_000_001) - 1_000_000, Tone: g.tone()}
	}
	if voice := channel == event.Voice; voice && g.chance(75) {
		return call()
	}
	switch x := g.IntN(100); {
	case x < 35:
		m := event.Message{ID: id(true), Direction: event.Inbound}
		if g.on("score") && g.chance(20) {
			m.Sentiment = score()
		}
		if g.chance(4) {
			m.ContentType = "reaction"
		}
		if g.on("bot") && g.chance(10) {
			e.Routing = event.Routing{Bot: "max"}
		}
		return m
	case x < 60:
		e.Actor, e.ActorID = event.ByAgent, pick(g, agentNames...)
		m := event.Message{ID: id(true), Direction: event.Outbound, Internal: g.chance(4), Automated: g.chance(4)}
		switch {
		case g.on("bot") && g.chance(15):
			e.Actor, e.ActorID = event.ByBot, "max"
		case g.on("unsure") && g.chance(15):
			e.Actor, e.ActorID = event.ByBusiness, ""
		case g.chance(3):
			e.Actor = event.BySystem
		}
		if g.on("receipt") && g.chance(15) {
			again := *e
			again.At += g.Int64N(3 * second)
			again.Actor, again.ActorID, again.Routing.Agent, again.Labels = event.ByBusiness, "", "", nil
			again.Body = event.Message{ID: m.ID, Direction: event.Outbound, Receipt: true}
			g.send(again)
			if g.chance(50) {
				return nil
			}
		}
		return m
	case x < 66:
		if !g.on("assign") {
			return nil
		}
		e.Actor = event.BySystem
		a := event.Assignment{Cause: pick(g, event.CauseRouted, event.CauseTransfer, event.CauseUnassigned, event.CauseEscalation), To: event.Routing{Queue: pick(g, "sales", "help")}}
		if g.on("bot") && g.chance(40) {
			a.Cause = pick(g, event.CauseBotToHuman, event.CauseHumanToBot)
			if g.chance(30) {
				a.To = event.Routing{Bot: "max"}
			}
		}
		return a
	case x < 90:
		e.Actor = event.BySystem
		s := event.ConversationState{State: pick(g, event.StatusOpened, event.StatusResolved, event.StatusResolved, event.StatusClosed, event.StatusReopened)}
		if g.on("pause") && g.chance(45) {
			s.State = pick(g, event.StatusPendingCustomer, event.StatusOnHold, event.StatusSnoozed)
		}
		if g.on("void") && g.chance(8) {
			s.State = pick(g, event.StatusSpam, event.StatusSpam, event.StatusDeleted, event.StatusMerged)
		}
		if g.on("priority") && g.chance(20) {
			s.Priority = pick(g, "high", "low")
		}
		return s
	case x < 94:
		if !g.on("score") {
			return nil
		}
		s := *score()
		s.Subject = id(false)
		if g.on("later") && g.chance(30) { // long after its message
			e.At += g.Int64N(2 * hour * g.pace)
		}
		return s
	case x < 96 && g.on("chat"):
		return call()
	case x < 98 && g.on("self"):
		return event.SelfService{Outcome: pick(g, event.SelfServiceStarted, event.SelfServiceViewed, event.SelfServiceContained, event.SelfServiceEscalated, event.SelfServiceConfirmed, event.SelfServiceAbandoned)}
	case x < 97:
		return event.Purchase{Type: 1, Order: "o", Currency: "COP"}
	case x < 98:
		return event.MessageState{MessageID: id(false), State: event.MessageRead}
	}
	return nil
}

var agentNames = []string{"ana", "bob", "eva"}
