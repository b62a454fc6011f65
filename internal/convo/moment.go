package convo

import (
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Moment is one countable thing that a conversation yields: the input of every KPI. Moments are values; when a late event changes what happened, the
// moments that no longer hold are taken back and the new ones counted.
type Moment struct {
	Kind  MomentKind
	At    int64        // where it counts, Unix ms
	Group window.Group // channel, queue, team, agent it counts for
	// Value: ms of a wait, response, resolution or handling; millionths of a score; 0 for plain counts.
	Value   int64
	Clock   sla.Clock // ClockHit and ClockMiss
	Band    Band      // contact outcomes: the wait against the queue's target
	Receipt bool      // responses known only from a delivery receipt
}

// MomentKind is what happened.
type MomentKind uint8

// The kinds of moments. Contact outcomes are Answered to Lost: each contact yields exactly one of them, at its outcome.
const (
	Started       MomentKind = iota + 1 // a conversation or episode began
	FirstResponse                       // first human reply; Value = time from the customer's first message
	NextResponse                        // human reply of a later turn; Value = time since the oldest unanswered message
	Resolution                          // resolved; Value = time since the conversation began
	ClockHit                            // a promise was kept
	ClockMiss                           // a promise was not kept; counts at its due time
	Answered                            // contact answered; Value = wait
	Abandoned                           // contact left by the customer; Value = wait
	FlowOut                             // contact taken out of the queue by the flow; Value = wait
	Voicemail                           // contact went to voicemail; Value = wait
	Callback                            // contact agreed to be called back; Value = wait
	Lost                                // contact that never ended, closed after its channel's limit; Value = wait
	Handled                             // handling ended; Value = talk + hold + wrap-up
	Scored                              // a customer message has a sentiment score; Value = millionths
	Active                              // stage 2: last activity of a customer in the roll-up Group; moves with the customer
	ActiveDay                           // stage 2: the customer was active on the tenant's day of At in the roll-up Group
	SessionBegan                        // stage 2: the customer came back after the session gap
)

// Band classifies a contact's wait against the parameters of its queue.
type Band uint8

// The bands.
const (
	InTarget Band = iota + 1 // wait ≤ target (for abandonments: and longer than short)
	Late                     // wait > target
	Short                    // abandonment with wait ≤ the short-abandon threshold
)
