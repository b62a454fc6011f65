package oracle

// The metrics of rules 14 to 17.
func init() {
	line := func(no int, s shape, holds func(Moment) bool) { metrics = append(metrics, metric{no, s, holds}) }
	is := func(k Kind) func(Moment) bool { return func(m Moment) bool { return m.Kind == k } }
	clock := func(k Kind, name string) func(Moment) bool {
		return func(m Moment) bool { return m.Kind == k && m.Clock == name }
	}
	reached := func(all int64) func(Moment) bool {
		return func(m Moment) bool { return m.Kind == Prompted && m.Value&all == all }
	}
	line(31, counted, is(Resolved))
	line(32, counted, is(Reopened))
	for i, k := range []Kind{OpenSegments, LastSegment, RequesterWait, AgentWork} {
		line(33+i, distributed, is(k))
	}
	line(37, summed, is(Replies))
	line(38, counted, is(Joined))
	line(39, counted, is(Moved))
	for i, k := range []Kind{Talked, Held, Wrapped} {
		line(40+i, distributed, is(k))
	}
	for i, name := range updateClocks {
		line(43+i, distributed, clock(Updated, name))
		line(45+2*i, counted, clock(Kept, name))
		line(46+2*i, counted, clock(Broken, name))
	}
	line(60, counted, is(Prompted))
	line(61, counted, reached(reachedDelivered))
	line(62, counted, reached(reachedSeen))
	line(63, counted, reached(reachedAnswer))
	line(64, counted, reached(reachedAnswer|reachedDelivered))
	line(65, counted, reached(reachedAnswer|reachedSeen))
	for i, all := range []int64{0, reachedDelivered, reachedSeen, reachedAnswer, reachedAnswer | reachedDelivered, reachedAnswer | reachedSeen} {
		for w, name := range widgets {
			line(700+16*i+w+1, counted, func(m Moment) bool { return reached(all)(m) && m.Widget == name })
		}
		for w, name := range askedAt {
			line(800+16*i+w+1, counted, func(m Moment) bool { return reached(all)(m) && m.Moment == name })
		}
	}
	line(70, summed, is(Mood))
	line(71, summed, is(MoodTrend))
	line(72, counted, is(LowStart))
	line(73, counted, is(Recovered))
	for i, k := range []Kind{Frustration, Urgency} {
		line(74+2*i, summed, is(k))
		line(75+2*i, counted, func(m Moment) bool { return m.Kind == k && m.Value >= 500_000 })
	}
	for i, k := range []Kind{BotJoined, HandedOff, HandedOffOutHours} {
		line(80+i, counted, is(k))
	}
	line(83, distributed, is(HandOffTime))
	for s, on := range scales {
		line(100+s, summed, func(m Moment) bool { return m.Kind == Rated && m.Scale == s+1 })
		for k := range on.max - on.min + 1 {
			line(1000+16*s+int(k), counted, func(m Moment) bool { return m.Kind == Rated && m.Scale == s+1 && on.point(m.Value) == k })
		}
	}
}

// point is the place of a score on its scale, 0 for the lowest: rule 15.4.
func (s scale) point(score int64) int64 { return floorDiv(2*score+million, 2*million) - s.min }
