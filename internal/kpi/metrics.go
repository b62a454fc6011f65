package kpi

import (
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

// A Feed counts moments of one kind under one metric.
type Feed struct {
	Metric window.Metric
	Kind   convo.MomentKind
	// Timed also adds up Moment.Value; Spread also keeps its histogram.
	Timed, Spread bool
	// If selects among the moments of the kind; nil takes all.
	If func(m convo.Moment) bool
}

func (f *Feed) sample(m convo.Moment) window.Sample {
	s := window.Sample{Metric: f.Metric, N: 1, Hist: f.Spread}
	if f.Timed || f.Spread {
		s.Sum = m.Value
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

	outcomes = []*Feed{&answered, &abandoned, &flowOut, &voicemail, &callback, &lost}
)

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
