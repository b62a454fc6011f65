package fold

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// calls are the cells of triggers that stage 2 keeps: "group metric=n ...".
func (c *couple) calls() []string {
	c.t.Helper()
	var out []string
	for key, fields := range c.second.mem {
		if !strings.HasPrefix(key, "p:r:") {
			continue
		}
		for field, b := range fields {
			_, g, ok := window.ParseField(field)
			if !ok {
				continue
			}
			cell, err := window.DecodeCell(b)
			if err != nil {
				c.t.Fatal(err)
			}
			var text strings.Builder
			text.WriteString(fmt.Sprintf("%s/%s", g.Channel, g.Queue))
			for m := window.Metric(560); m <= 568; m++ {
				if n := cell.Metric(m).N; n != 0 {
					text.WriteString(fmt.Sprintf(" %d=%d", m, n))
				}
			}
			if strings.Contains(text.String(), "=") {
				out = append(out, text.String())
			}
		}
	}
	slices.Sort(out)
	return out
}

func (c *couple) wantCells(want ...string) {
	c.t.Helper()
	if d := cmp.Diff(want, c.calls()); d != "" {
		c.t.Fatalf("cells of triggers (-want +got):\n%s", d)
	}
}

// TestWhatBecomesOfTriggers: from messages to panes, through both stages. A reply to the angry customer is help, their thanks are an answer, and the resolve clears it; spam takes
// it all back, and a reopening in time makes it count again.
func TestWhatBecomesOfTriggers(t *testing.T) {
	spec := withTriggers(sla.TriggerSpec{Name: "angry", Kind: sla.NegativeStreak, Cooldown: "0s"})
	spec.ProactiveWindow = "2h"
	state := func(at int64, conv string, s event.ConversationStatus) *event.Event {
		e := message(at, conv, event.Outbound)
		e.Actor, e.Body = event.BySystem, event.ConversationState{State: s}
		return e
	}
	begin := func() *couple {
		c := newCouple(t, spec)
		c.until(t0)
		c.do(scored(t0+1000, "a", -1), scored(t0+2000, "a", -1), scored(t0+3000, "a", -1))
		c.wantCalls("3s angry a n=3 ana")
		return c
	}
	const after = t0 + 3000 + 120*minute + 10_000
	c := begin()
	c.until(t0 + 120*minute)
	c.wantCells()
	c.until(after)
	c.wantCells("web_chat/sales 560=1")

	c = begin()
	c.do(message(t0+10*minute, "a", event.Outbound), message(t0+11*minute, "a", event.Inbound), state(t0+12*minute, "a", event.StatusResolved))
	c.until(after)
	c.wantCells("web_chat/sales 560=1 561=1 562=1 563=1")
	c.do(state(after, "a", event.StatusSpam))
	c.wantCells()
	c.do(state(after+1000, "a", event.StatusReopened))
	c.wantCells("web_chat/sales 560=1 562=1 563=1") // the resolve is undone, too

	c = begin()
	c.do(message(t0+9*minute, "a", event.Inbound), message(t0+10*minute, "a", event.Outbound), state(t0+12*minute, "a", event.StatusResolved))
	c.until(after)
	c.wantCells("web_chat/sales 560=1 562=1 564=1")

	c = begin()
	c.do(state(t0+minute, "a", event.StatusResolved))
	c.do(message(t0+30*minute, "b", event.Inbound)) // and they come again
	c.until(after)
	c.wantCells("web_chat/sales 560=1 564=1")

	// The reply that was written in time is told late: help that nobody knew of.
	c = begin()
	c.until(after)
	c.do(message(t0+10*minute, "a", event.Outbound))
	c.wantCells("web_chat/sales 560=1 562=1")
}
