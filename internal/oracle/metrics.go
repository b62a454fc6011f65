package oracle

// Count is a moment under one metric of rule 12.1.
type Count struct {
	Metric int
	Moment Moment
}

// shape is what is kept of a metric beside its number of moments.
type shape uint8

const (
	counted shape = iota
	summed
	distributed
)

// metric is one line of the tables of metrics.
type metric struct {
	no    int
	shape shape
	holds func(Moment) bool
}

// metrics are the lines of all tables; every file of moments adds its own.
var metrics []metric

func init() {
	is := func(k Kind) func(Moment) bool { return func(m Moment) bool { return m.Kind == k } }
	and := func(k Kind, b Band) func(Moment) bool {
		return func(m Moment) bool { return m.Kind == k && m.Band == b }
	}
	response := func(k Kind, receipt bool) func(Moment) bool {
		return func(m Moment) bool { return m.Kind == k && m.Receipt == receipt }
	}
	promise := func(k Kind, clock string) func(Moment) bool {
		return func(m Moment) bool { return m.Kind == k && m.Clock == clock }
	}
	metrics = append(metrics,
		metric{1, counted, is(Started)},
		metric{2, distributed, response(First, false)}, metric{3, distributed, response(First, true)},
		metric{4, distributed, response(Next, false)}, metric{5, distributed, response(Next, true)},
		metric{6, distributed, is(Resolution)},
		metric{7, counted, promise(Kept, FirstResponse)}, metric{8, counted, promise(Broken, FirstResponse)},
		metric{9, counted, promise(Kept, NextResponse)}, metric{10, counted, promise(Broken, NextResponse)},
		metric{11, counted, promise(Kept, Resolving)}, metric{12, counted, promise(Broken, Resolving)},
		metric{13, distributed, is(Answered)}, metric{14, counted, and(Answered, InTarget)},
		metric{15, summed, is(Abandoned)}, metric{16, counted, and(Abandoned, Short)}, metric{17, counted, and(Abandoned, InTarget)},
		metric{18, counted, is(FlowedOut)}, metric{19, counted, and(FlowedOut, InTarget)},
		metric{20, counted, is(Voicemail)}, metric{21, counted, and(Voicemail, InTarget)},
		metric{22, counted, is(Callback)}, metric{23, counted, and(Callback, InTarget)},
		metric{24, counted, is(Lost)}, metric{25, distributed, is(Handled)},
		metric{26, summed, is(Scored)},
		metric{27, counted, func(m Moment) bool { return m.Kind == Scored && m.Value >= 200_000 }},
		metric{28, counted, func(m Moment) bool { return m.Kind == Scored && m.Value <= -200_000 }},
	)
}

// Counts are the metrics that a moment counts in.
func (m Moment) Counts() []Count {
	var out []Count
	if no := m.valueMetric(); no != 0 {
		return []Count{{no, m}}
	}
	for _, c := range metrics {
		if c.holds(m) {
			out = append(out, Count{c.no, m})
		}
	}
	return out
}

// Sum is what the moment adds to the sum of a metric, 0 where none is kept; kept says whether single values are, too.
func (c Count) Sum() (v int64, kept bool) {
	if _, money := ofValue(c.Metric); money {
		return c.Moment.Value, false
	}
	for _, m := range metrics {
		if m.no == c.Metric && m.shape != counted {
			return c.Moment.Value, m.shape == distributed
		}
	}
	return 0, false
}
