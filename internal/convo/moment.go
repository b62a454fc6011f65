package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
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
	Class   uint32    // what else tells moments of the kind apart; see the kind
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
	Resolved                            // every resolve, also those that are undone
	Reopened                            // a resolve that was undone; counts where that resolve does
	OpenSegments                        // with a resolution: ms that the conversation was open
	LastSegment                         // with a resolution: ms since it was opened last
	RequesterWait                       // with a resolution: ms open without waiting for the customer
	AgentWork                           // with a resolution: ms open without any pause
	Replies                             // with a resolution; Value = number of human replies
	Joined                              // a person took part for the first time
	Moved                               // such an episode was transferred later; counts where Joined does
	Talked                              // with Handled: ms
	Held                                // with Handled: ms
	Wrapped                             // with Handled: ms
	Updated                             // a reply after a reply; Clock says under which promise, Value = ms between
	Prompted                            // a survey was sent; Class = Reach, PromptedOn
	Rated                               // a survey was answered; Value = millionths, Class = Scale
	Mood                                // how the conversation sounds; Value = millionths
	MoodTrend                           // how that changed; Value = millionths
	LowStart                            // it began badly; Class 1: and ended well
	Toned                               // with Scored; Value = frustration, Class = urgency, millionths
	BotJoined                           // a bot took part; Class = 0 alone, HandedOff or HandedOffClosed
	HandoffTime                         // with a hand-off: ms
	FirstContact                        // stage 2: a first contact was resolved; Class = bits of FirstContactBits, and the tier
	Served                              // stage 2: a contact is over; Class = rung of the self-service ladder
	Recommends                          // stage 2: latest NPS answer of a customer, moves; Value = points × 1e6, Class 1 relational
	Recommended                         // stage 2: any NPS answer; as Recommends
	Journeyed                           // stage 2: a CES answer; Value = millionths, Class = switches of channel, 2 for more
	Asked                               // stage 2: a survey was sent; Class 1: too soon after another
	Returned                            // stage 2: where the session before the last one ended; moves with the customer
	SeenIn                              // stage 2: the customer was active in the week (Class 0) or month (1) that begins at At
	StayedIn                            // stage 2: and in the one after
	AtRisk                              // stage 2: since when the customer may leave; moves with the customer. Class = RiskAny or the reason
	CalledFor                           // stage 2: what became of a trigger that was set off; Class = bits of it, and the number of the trigger's kind
	Bought                              // stage 2: latest order (Class 0) or begun subscription (1) of a customer in the roll-up Group; moves
	Sold                                // stage 2: an order; Value = millionths, Class = number of the currency, of a subscription and Monthly
	Attributed                          // stage 2: what a channel has in an order; Value = millionths, Class = model and number of the currency
	Busy                                // stage 2: an agent had contacts in the minute that begins at At; Value = ms
	Worked                              // stage 2: with Busy, each contact by itself; Value = ms
	Idle                                // stage 2: an agent could take contacts and had none, in that minute; Value = ms
	Taken                               // stage 2: an agent took a contact

	// LastKind is the last of them.
	LastKind = Taken
)

// Monthly in the class of Sold says that the amount is paid every month.
const Monthly = 1000

// Models say how orders are divided among the channels of the contacts before them; in the class of Attributed.
const (
	ToFirst    = iota * 1000 // all to the first
	ToLast                   // all to the last
	ToEach                   // alike
	ToEnds                   // 40 % each to the first and to the last
	ToRecent                 // half as much for each week before the order
	LastModel  = ToRecent
	EndOfModel = LastModel + 1000
)

// Reach is how far a survey request came, as it is told. ReachAnswered is a bit beside it: who answers has seen it, but where nobody tells who has seen it, only those who
// answer would have.
const (
	ReachSent = iota
	ReachDelivered
	ReachSeen

	ReachAnswered = 4
)

// Beside how far it came, the class of Prompted has the survey's widget and moment, as [sla.Policy.SurveyKind] numbers them.
const (
	surveyKinds = 7 // of each, beside 0
	widgetShift = 3
	momentShift = 6
)

// PromptedOn is the class of Prompted for a widget and a moment; what came of it is added.
func PromptedOn(widget, moment uint32) uint32 { return widget<<widgetShift | moment<<momentShift }

// Prompted tells of a moment of that kind how far the request came, whether it was answered, and its widget and moment.
func (m Moment) Prompted() (reach uint32, answered bool, widget, moment uint32) {
	return m.Class & 3, m.Class&ReachAnswered != 0, m.Class >> widgetShift & surveyKinds, m.Class >> momentShift & surveyKinds
}

// Who took over from a bot, the class of BotJoined beside 0.
const (
	HandedOff       = iota + 1 // people
	HandedOffClosed            // people, out of hours
)

// Bits of the class of FirstContact; the tier of complexity (0 to 3) is in the lowest two.
const (
	FirstHeld   = 1 << (iota + 2) // no repeat so far
	FirstFinal                    // none can come any more
	FirstStrict                   // held, one agent, never moved
	FirstNet                      // of a topic that a first contact can resolve
)

// Bits of the class of CalledFor; the number of the trigger's kind is in the lowest three. Solved is Cleared and not Asked.
const (
	CalledForHeldOut  = 1 << (iota + 3) // nobody was told
	CalledForAsked                      // the customer asked before anybody helped
	CalledForEngaged                    // people turned to the customer
	CalledForAnswered                   // and the customer answered
	CalledForCleared                    // what set it off is settled
	CalledForTried                      // by a trigger that holds customers out: those told and those not can be compared
)

// Rungs of the self-service ladder.
const (
	ServedByPeople = iota
	ServedDeflected
	ServedContained
	ServedVerified
	ServedConfirmed
)

// Why a customer is at risk, the class of AtRisk. Part of stored metrics.
const (
	RiskAny      = iota // the first of those that hold
	RiskSilent          // silent beyond their own rhythm
	RiskFalling         // less satisfied than before
	RiskNegative        // the last contact went badly

	Risks // how many classes there are
)

// scales that satisfaction and effort are counted on, by number. Never change or reuse one: they are part of stored metrics.
var scales = []struct {
	instrument event.Instrument
	min, max   int64
}{
	{event.CSAT, 0, 1}, {event.CSAT, 1, 2}, {event.CSAT, 1, 3}, {event.CSAT, 1, 5}, {event.CSAT, 1, 7}, {event.CSAT, 1, 10}, {event.CSAT, 0, 10},
	{event.CES, 1, 5}, {event.CES, 1, 7},
}

// ScaleOf returns the number of a scale; ok is false for one that is not counted. The ends are millionths.
func ScaleOf(i event.Instrument, lowest, highest int64) (scale uint32, ok bool) {
	for n, s := range scales {
		if s.instrument == i && s.min*1e6 == lowest && s.max*1e6 == highest {
			return uint32(n), true
		}
	}
	return 0, false
}

// ScaleEnds returns the lowest and the highest point of a scale.
func ScaleEnds(scale uint32) (lowest, highest int64) { return scales[scale].min, scales[scale].max }

// Point returns which point of the scale a score (millionths) is nearest to, 0 for the lowest; halves count upwards.
func Point(scale uint32, score int64) int64 { return (score - scales[scale].min*1e6 + 500_000) / 1e6 }

// satisfied is how many of the highest points of each satisfaction scale count as positive.
var satisfied = [...]int64{1, 1, 1, 2, 2, 3, 3}

// Satisfied reports whether a point of a scale, as [Point] numbers them, counts as positive; none does on scales of effort.
func Satisfied(scale uint32, point int64) bool {
	if int(scale) >= len(satisfied) {
		return false
	}
	highest := scales[scale].max - scales[scale].min
	return point > highest-satisfied[scale]
}

// Band classifies a contact's wait against the parameters of its queue.
type Band uint8

// The bands.
const (
	InTarget Band = iota + 1 // wait ≤ target (for abandonments: and longer than short)
	Late                     // wait > target
	Short                    // abandonment with wait ≤ the short-abandon threshold
)

// Difference returns what before has and after has not, and the reverse, both in order.
func Difference(before, after []Moment) (gone, fresh []Moment) {
	return new(Comparison).Difference(before, after)
}

// Comparison is memory that one comparison after the other uses. The zero value is ready.
type Comparison struct {
	gone, fresh []Moment
	used        []bool
}

// Difference is [Difference]; its answers are good until the next.
func (d *Comparison) Difference(before, after []Moment) (gone, fresh []Moment) {
	i := 0
	for i < len(before) && i < len(after) && before[i] == after[i] {
		i++
	}
	b, a := before[i:], after[i:]
	j := 0
	for j < len(b) && j < len(a) && b[len(b)-1-j] == a[len(a)-1-j] {
		j++
	}
	b, a = b[:len(b)-j], a[:len(a)-j]
	used := slices.Grow(d.used[:0], len(b))[:len(b)]
	clear(used)
	gone, fresh = d.gone[:0], d.fresh[:0]
next:
	for _, m := range a {
		for k := range b {
			if !used[k] && b[k] == m {
				used[k] = true
				continue next
			}
		}
		fresh = append(fresh, m)
	}
	for k := range b {
		if !used[k] {
			gone = append(gone, b[k])
		}
	}
	d.gone, d.fresh, d.used = gone, fresh, used
	if len(gone) == 0 {
		gone = nil
	}
	if len(fresh) == 0 {
		fresh = nil
	}
	return gone, fresh
}
