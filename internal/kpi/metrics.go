package kpi

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// The raw metrics that cells are made of. The numbers stand in stored cells: never change or reuse one, append.
const (
	mStarted              window.Metric = 1
	mFirstResponse        window.Metric = 2
	mFirstResponseReceipt window.Metric = 3 // replies known only from a delivery receipt
	mNextResponse         window.Metric = 4
	mNextResponseReceipt  window.Metric = 5
	mResolution           window.Metric = 6
	mFirstResponseHit     window.Metric = 7
	mFirstResponseMiss    window.Metric = 8
	mNextResponseHit      window.Metric = 9
	mNextResponseMiss     window.Metric = 10
	mResolutionHit        window.Metric = 11
	mResolutionMiss       window.Metric = 12
	mAnswered             window.Metric = 13 // waits
	mAnsweredInTarget     window.Metric = 14
	mAbandoned            window.Metric = 15 // waits, without histogram
	mAbandonedShort       window.Metric = 16 // a subset of mAbandoned
	mAbandonedInTarget    window.Metric = 17 // a subset of mAbandoned, short ones not included
	mFlowOut              window.Metric = 18
	mFlowOutInTarget      window.Metric = 19
	mVoicemail            window.Metric = 20
	mVoicemailInTarget    window.Metric = 21
	mCallback             window.Metric = 22
	mCallbackInTarget     window.Metric = 23
	mLost                 window.Metric = 24
	mHandled              window.Metric = 25
	mSentiment            window.Metric = 26 // scores in millionths, without histogram
	mSentimentPositive    window.Metric = 27
	mSentimentNegative    window.Metric = 28
	mActive               window.Metric = 29 // last activity of each customer
	mActiveDay            window.Metric = 30 // one a customer and day
)

// What people did.
const (
	mResolved      window.Metric = 31
	mReopened      window.Metric = 32
	mOpenSegments  window.Metric = 33
	mLastSegment   window.Metric = 34
	mRequesterWait window.Metric = 35
	mAgentWork     window.Metric = 36
	mReplies       window.Metric = 37 // how many, without histogram
	mJoined        window.Metric = 38
	mMoved         window.Metric = 39
	mTalked        window.Metric = 40
	mHeld          window.Metric = 41
	mWrapped       window.Metric = 42
)

// The promise to keep the customer informed.
const (
	mPeriodicUpdate     window.Metric = 43 // ms between replies
	mPausableUpdate     window.Metric = 44
	mPeriodicUpdateHit  window.Metric = 45
	mPeriodicUpdateMiss window.Metric = 46
	mPausableUpdateHit  window.Metric = 47
	mPausableUpdateMiss window.Metric = 48
)

// Surveys.
const (
	mPrompted          window.Metric = 60
	mDelivered         window.Metric = 61 // each a subset of the one before, as far as it is told
	mSeen              window.Metric = 62
	mSurveyAnswered    window.Metric = 63 // of all, as the next two of those delivered and seen
	mDeliveredAnswered window.Metric = 64
	mSeenAnswered      window.Metric = 65
	mPromptedWidget    window.Metric = 700  // and 16 for each of the six above in turn, and the widget, from 1
	mPromptedMoment    window.Metric = 800  // and the moment
	mRated             window.Metric = 100  // and the number of the scale; scores in millionths, without histogram
	mRatedPoint        window.Metric = 1000 // and 16 for each scale, and the point
)

// How customers sound: millionths, without histograms.
const (
	mMood        window.Metric = 70
	mMoodTrend   window.Metric = 71
	mLowStart    window.Metric = 72
	mRecovered   window.Metric = 73 // a subset of mLowStart
	mFrustration window.Metric = 74
	mFrustrated  window.Metric = 75 // a subset of mFrustration
	mUrgency     window.Metric = 76
	mUrgent      window.Metric = 77 // a subset of mUrgency
)

// What bots did.
const (
	mBotJoined       window.Metric = 80
	mHandedOff       window.Metric = 81 // a subset of mBotJoined
	mHandedOffClosed window.Metric = 82 // a subset of mHandedOff
	mHandoffTime     window.Metric = 83
)

// First contacts and self-service.
const (
	mFirstContact     window.Metric = 200 // and the tier of complexity, 0 to 3, as the next three
	mFirstHeld        window.Metric = 210
	mFirstFinal       window.Metric = 220
	mFirstFinalHeld   window.Metric = 230
	mFirstFinalStrict window.Metric = 241 // subsets of mFirstFinal
	mFirstNet         window.Metric = 242
	mFirstNetHeld     window.Metric = 243

	mServed          window.Metric = 250
	mServedDeflected window.Metric = 251 // each a subset of the one before
	mServedContained window.Metric = 252
	mServedVerified  window.Metric = 253
	mServedConfirmed window.Metric = 254
)

// What customers say of their way, and whether they come back.
const (
	mAsked               window.Metric = 90
	mTired               window.Metric = 91 // a subset of mAsked
	mReturned            window.Metric = 92 // of each customer, the session before the last one
	mSeenWeek            window.Metric = 93
	mStayedWeek          window.Metric = 94 // a subset of mSeenWeek
	mSeenMonth           window.Metric = 95
	mStayedMonth         window.Metric = 96  // a subset of mSeenMonth
	mLatestRelational    window.Metric = 260 // and the point, 0 to 10, as the next three
	mLatestTransactional window.Metric = 280
	mEveryRelational     window.Metric = 300
	mEveryTransactional  window.Metric = 320
	mJourney             window.Metric = 400 // and 10 for each change of channel (2 at most), and the point, 0 to 6
	mAtRisk              window.Metric = 540 // and the reason, 0 for any
)

// What became of triggers.
const (
	mCalled         window.Metric = 560 // that people were told of, as the next four
	mCalledSolved   window.Metric = 561
	mCalledEngaged  window.Metric = 562
	mCalledAnswered window.Metric = 563 // a subset of mCalledEngaged
	mCalledAsked    window.Metric = 564
	mHeldOut        window.Metric = 565
	mHeldOutAsked   window.Metric = 566 // a subset of mHeldOut
	mTried          window.Metric = 567 // told by triggers that hold customers out
	mTriedAsked     window.Metric = 568
	mCalledOfKind   window.Metric = 570 // and the number of the kind, as the next: mCalled and mCalledSolved apart
	mSolvedOfKind   window.Metric = 580
)

// What customers buy: amounts in millionths, kept apart by currency, without histograms. The number of a currency is that of ISO 4217, from 8 to 999.
const (
	mBuyers        window.Metric = 5000 // latest order of each customer
	mSubscribers   window.Metric = 5001 // latest begun subscription that runs
	lowestCurrency window.Metric = 8
	mSold          window.Metric = 5000 + lowestCurrency  // and the currency, as the next two
	mAttributed    window.Metric = 6000 + lowestCurrency  // and 1000 for each model, to 10999
	mMonthly       window.Metric = 11000 + lowestCurrency // to 11999
)

// What agents do with their time: ms in the minutes that it fell into, without histograms.
const (
	mBusy   window.Metric = 500
	mWorked window.Metric = 501 // each contact by itself: never less than mBusy
	mIdle   window.Metric = 502
	mTaken  window.Metric = 503 // contacts
)

// A Feed counts moments of one kind under one metric.
type Feed struct {
	Metric window.Metric
	Kind   convo.MomentKind
	// Timed also adds up Moment.Value; Spread also keeps its histogram.
	Timed, Spread bool
	// Sum adds up something else of the moment.
	Sum func(m convo.Moment) int64
	// Of is added to Metric: one metric for each point of a scale. nil adds nothing.
	Of func(m convo.Moment) window.Metric
	// Wide is how many metrics Of makes, from Metric on.
	Wide window.Metric
	// If selects among the moments of the kind; nil takes all.
	If func(m convo.Moment) bool
}

// Counts reports whether the feed counts under a metric.
func (f *Feed) Counts(m window.Metric) bool { return m >= f.Metric && m < f.Metric+max(f.Wide, 1) }

// Reads reports whether the KPI is read from a metric.
func (d *Def) Reads(m window.Metric) bool {
	return slices.ContainsFunc(d.Feeds, func(f *Feed) bool { return f.Counts(m) })
}

func (f *Feed) sample(m convo.Moment) window.Sample {
	s := window.Sample{Metric: f.Metric, N: 1, Hist: f.Spread}
	if f.Of != nil {
		s.Metric += f.Of(m)
	}
	if f.Timed || f.Spread {
		s.Sum = m.Value
	}
	if f.Sum != nil {
		s.Sum = f.Sum(m)
	}
	return s
}

// The feeds that several KPIs read.
var (
	answered          = Feed{Metric: mAnswered, Kind: convo.Answered, Spread: true}
	answeredInTarget  = Feed{Metric: mAnsweredInTarget, Kind: convo.Answered, If: inTarget}
	abandoned         = Feed{Metric: mAbandoned, Kind: convo.Abandoned, Timed: true}
	abandonedShort    = Feed{Metric: mAbandonedShort, Kind: convo.Abandoned, If: func(m convo.Moment) bool { return m.Band == convo.Short }}
	abandonedInTarget = Feed{Metric: mAbandonedInTarget, Kind: convo.Abandoned, If: inTarget}
	flowOut           = Feed{Metric: mFlowOut, Kind: convo.FlowOut}
	flowOutInTarget   = Feed{Metric: mFlowOutInTarget, Kind: convo.FlowOut, If: inTarget}
	voicemail         = Feed{Metric: mVoicemail, Kind: convo.Voicemail}
	voicemailInTarget = Feed{Metric: mVoicemailInTarget, Kind: convo.Voicemail, If: inTarget}
	callback          = Feed{Metric: mCallback, Kind: convo.Callback}
	callbackInTarget  = Feed{Metric: mCallbackInTarget, Kind: convo.Callback, If: inTarget}
	lost              = Feed{Metric: mLost, Kind: convo.Lost}

	busy   = Feed{Metric: mBusy, Kind: convo.Busy, Timed: true}
	worked = Feed{Metric: mWorked, Kind: convo.Worked, Timed: true}
	idle   = Feed{Metric: mIdle, Kind: convo.Idle, Timed: true}
	taken  = Feed{Metric: mTaken, Kind: convo.Taken}

	outcomes = []*Feed{&answered, &abandoned, &flowOut, &voicemail, &callback, &lost}
)

func ofClass(class uint32) func(convo.Moment) bool {
	return func(m convo.Moment) bool { return m.Class == class }
}

func inTarget(m convo.Moment) bool { return m.Band == convo.InTarget }

func isReceipt(m convo.Moment) bool { return m.Receipt }

func notReceipt(m convo.Moment) bool { return !m.Receipt }

func ofClock(c sla.Clock) func(convo.Moment) bool {
	return func(m convo.Moment) bool { return m.Clock == c }
}

// offered is how many contacts had an outcome, whichever.
func offered(c *window.Cell) int64 {
	var n int64
	for _, f := range outcomes {
		n += c.Metric(f.Metric).N
	}
	return n
}
