package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// turns is the number of events of a conversation.
const turns = 8

// workload says what events to write. Equal workloads give equal events, but for their instants.
type workload struct {
	Conversations int
	// Pace is the time between two events of a conversation, Span the time over which conversations begin; the last event stands at the end of both.
	Pace, Span time.Duration
	// TickEvery is how often time passes: as often as the owner of a partition would write a tick.
	TickEvery time.Duration
	// Open leaves the conversations open: the customer has the last word.
	Open bool
	// End is the instant of the last event, Unix ms.
	End int64
}

func (w workload) events() int { return w.Conversations * turns }

// agents is how many share the work, each with one conversation on every channel after another.
const agents = 2000

var channels = [4]event.Channel{event.WhatsApp, event.Email, event.Voice, event.WebChat}

// event returns one event of a conversation.
func (w workload) event(conversation, turn int) *event.Event {
	begin := w.End - (w.Span + (turns-1)*w.Pace).Milliseconds()
	at := begin + int64(conversation)*w.Span.Milliseconds()/int64(w.Conversations) + int64(turn)*w.Pace.Milliseconds()
	// Three conversations a customer, 20 queues of 5 teams on every channel.
	channel, queue := channels[conversation%len(channels)], conversation/len(channels)%20
	e := &event.Event{
		At: at, Quality: event.QualitySubsecond, Channel: channel, Threadless: channel == event.WhatsApp,
		Source:       event.Source{Connector: "bench", NativeID: fmt.Sprintf("%d.%d", conversation, turn)},
		Conversation: fmt.Sprintf("conversation-%d", conversation), Customer: fmt.Sprintf("customer-%d", conversation/3),
		Actor: event.ByCustomer, Routing: event.Routing{Queue: fmt.Sprintf("queue-%02d", queue), Team: fmt.Sprintf("team-%d", queue%5)},
	}
	agent := fmt.Sprintf("agent-%d", conversation%agents)
	if channel.Voiced() {
		e.Body = w.call(e, turn, agent)
	} else {
		e.Body = w.message(e, turn, agent)
	}
	return e
}

func (w workload) message(e *event.Event, turn int, agent string) event.Body {
	if turn == turns-1 && !w.Open {
		e.Actor = event.ByAgent
		return event.ConversationState{State: event.StatusResolved}
	}
	m := event.Message{ID: e.Source.NativeID, Direction: event.Inbound, ContentType: "text", TextChars: 80}
	if agentTurn := turn%2 == 1 && turn != turns-1; agentTurn {
		e.Actor, e.Routing.Agent = event.ByAgent, agent
		m.Direction = event.Outbound
	} else {
		m.Sentiment = &event.Sentiment{Polarity: int64(turn*200_000 - 500_000), Confidence: 900_000, Model: "bench"}
	}
	return m
}

var callSteps = [turns]event.CallPhase{event.PhaseStarted, event.PhaseQueued, event.PhaseOffered, event.PhaseAnswered, event.PhaseHoldStarted, event.PhaseHoldEnded,
	event.PhaseEnded, event.PhaseWrapUpEnded}

func (w workload) call(e *event.Event, turn int, agent string) event.Body {
	phase := callSteps[turn]
	if phase == event.PhaseAnswered {
		e.Routing.Agent = agent
	}
	if w.Open && turn >= 6 {
		phase = callSteps[turn-2] // held once more
	}
	return event.Call{ID: e.Conversation, Phase: phase, Direction: event.Inbound, Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1}
}

// write sends the whole workload through the ingest of an app, in order of time, with ticks between, as the log of a live installation would have it.
func (w workload) write(ctx context.Context, a *app.App) error {
	const batch, share = 4000, 500
	apart := int(w.Pace * time.Duration(w.Conversations) / w.Span) // conversations that begin between two events of one
	pending := make([]*event.Event, 0, batch)
	flush := func() error {
		errs := make(chan error, batch/share+1)
		shares := 0
		for part := range slices.Chunk(pending, share) {
			shares++
			go func() {
				_, err := a.Connector().Accept(ctx, tenant, part)
				errs <- err
			}()
		}
		pending = make([]*event.Event, 0, batch)
		return first(errs, shares)
	}
	ticked := int64(0)
	for row := range w.Conversations + (turns-1)*apart {
		for turn := turns - 1; turn >= 0; turn-- {
			c := row - turn*apart
			if c < 0 || c >= w.Conversations {
				continue
			}
			e := w.event(c, turn)
			if due := e.At - ticked; due >= w.TickEvery.Milliseconds() || len(pending) == batch {
				if err := flush(); err != nil {
					return err
				}
				if due >= w.TickEvery.Milliseconds() {
					ticked = e.At
					if err := tick(ctx, a, ticked); err != nil {
						return err
					}
				}
			}
			pending = append(pending, e)
		}
	}
	return flush()
}

// tick lets time pass in every partition.
func tick(ctx context.Context, a *app.App, at int64) error {
	topic := a.Topics().Interactions
	errs := make(chan error, topic.Partitions)
	value := event.Encode(event.Record{Body: event.Tick{At: at}})
	for p := range int32(topic.Partitions) {
		go func() {
			_, err := a.Log().Produce(ctx, topic.Name, p, []bus.Message{{Value: value}})
			errs <- err
		}()
	}
	return first(errs, topic.Partitions)
}

// first waits for n results and returns the first error.
func first(results <-chan error, n int) error {
	var err error
	for range n {
		if e := <-results; e != nil && err == nil {
			err = e
		}
	}
	return err
}
