package exporter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	panesShown  = 12
	inputsShown = 6
)

// value writes why a value is what it is.
func (s *scribe) value(v *explain.Value) {
	m := &v.Meaning
	group := s.Say("why_tenant")
	if names := s.group(v.Value.Group); names != "" {
		group = names
	}
	s.line(0, m.Title.In(string(s.words))+" · "+group)
	s.line(0, s.Say("why_version", "definition", m.Definition, "version", strconv.Itoa(m.Version)))
	if v.Value.From == v.Value.To {
		s.line(0, s.Say("why_now", "at", wallTime(v.Value.AsOf)))
	} else {
		s.line(0, s.Say("why_window", "from", wallTime(v.Value.From), "to", wallTime(v.Value.To)))
	}
	shown := showValue(s.words, &v.Value)
	if shown.Text == "" {
		shown.Text, shown.Note = s.Say("no_data"), restsOn(&v.Value)
	}
	if v.Value.Hidden {
		shown.Text = s.Say("hidden", "n", strconv.FormatInt(v.Value.MinN, 10))
	}
	text := shown.Text
	if shown.Note != "" {
		text = s.Say("why_value", "value", shown.Text, "rests", shown.Note)
	}
	if !v.Value.Complete {
		text += " · " + s.Say("incomplete")
	}
	s.line(0, text)
	s.out.WriteByte('\n')
	s.line(0, m.Explain.In(string(s.words)))
	s.line(0, m.How.In(string(s.words)))
	if len(m.Presets) > 0 {
		s.line(0, s.Say("why_presets", "names", strings.Join(m.Presets, ", ")))
	}
	if v.Parts != nil {
		s.follows(v)
		s.wentIn(v)
		s.parts(v)
		s.heaviest(v)
		s.leftOut(v)
	}
	if len(v.Notes) > 0 {
		s.head("why_notes")
		for _, note := range v.Notes {
			s.line(1, s.Say("why_note_"+note))
		}
	}
}

// follows shows how the number comes out of the counters.
func (s *scribe) follows(v *explain.Value) {
	if !v.Value.Numerator.Known() && !v.Value.Value.Known() {
		return
	}
	s.head("why_follows")
	if len(v.Formula.Numerator) > 0 {
		s.line(1, s.Say("why_numerator", "sum", s.sum(v.Formula.Numerator, v.Value.Numerator)))
	}
	if len(v.Formula.Denominator) > 0 {
		s.line(1, s.Say("why_denominator", "sum", s.sum(v.Formula.Denominator, v.Value.Denominator)))
	}
	switch {
	case !v.Value.Value.Known():
		s.line(1, s.Say("why_quotient", "sum", s.Say("no_data")))
	case v.Value.Numerator.Known() && v.Value.Denominator.Known():
		quotient := string(v.Value.Numerator) + " / " + string(v.Value.Denominator)
		if v.Value.Unit == kpi.Points {
			quotient = "100 × " + quotient
		}
		s.line(1, s.Say("why_quotient", "sum", quotient+" = "+string(v.Value.Value)))
	default:
		s.line(1, s.Say("why_quotient", "sum", string(v.Value.Value)))
	}
	var percentiles []string
	for _, p := range []struct {
		name string
		of   *kpi.Number
	}{{"p50", v.Value.P50}, {"p90", v.Value.P90}, {"p95", v.Value.P95}, {"p99", v.Value.P99}} {
		if p.of != nil && p.of.Known() {
			percentiles = append(percentiles, p.name+" "+string(*p.of)+" s")
		}
	}
	if len(percentiles) > 0 {
		s.line(1, s.Say("why_percentiles", "list", strings.Join(percentiles, ", ")))
	}
}

// sum writes terms as an addition.
func (s *scribe) sum(terms []explain.Term, total kpi.Number) string {
	var out strings.Builder
	for i, t := range terms {
		times := t.Times
		switch {
		case times < 0 && i == 0:
			out.WriteString("−")
		case times < 0:
			out.WriteString(" − ")
		case i > 0:
			out.WriteString(" + ")
		}
		if times = max(times, -times); times != 1 {
			fmt.Fprintf(&out, "%d × ", times)
		}
		if t.Of == "sum" {
			fmt.Fprintf(&out, "%s [%s %d %s]", s.amount(t.Amount, t.Unit), s.Say("why_sum_of"), t.Metric, t.Name.In(string(s.words)))
		} else {
			fmt.Fprintf(&out, "%d [%d %s]", t.Amount, t.Metric, t.Name.In(string(s.words)))
		}
	}
	if total.Known() {
		out.WriteString(" = " + string(total))
	}
	return out.String()
}

// amount prints the sum of a metric.
func (s *scribe) amount(sum int64, unit string) string {
	switch unit {
	case explain.Milliseconds:
		return string(kpi.SecondsOf(sum)) + " s"
	case explain.Millionths:
		return strconv.FormatFloat(float64(sum)/1e6, 'f', -1, 64)
	}
	return strconv.FormatInt(sum, 10)
}

// counter writes what is known of a metric.
func (s *scribe) counter(c *explain.Counter) string {
	text := fmt.Sprintf("%d %s: %d", c.Metric, c.Name.In(string(s.words)), c.N)
	if c.Sum != 0 || c.Unit == explain.Milliseconds {
		text += ", " + s.amount(c.Sum, c.Unit)
	}
	return text
}

// wentIn shows the counters and the panes that they are the sum of, the newest ones by themselves.
func (s *scribe) wentIn(v *explain.Value) {
	if len(v.Inputs) == 0 {
		return
	}
	s.head("why_went_in")
	for i := range v.Inputs[:min(len(v.Inputs), inputsShown)] {
		in := &v.Inputs[i]
		s.line(1, s.Say("why_input", "from", wallTime(in.From), "to", wallTime(in.To), "n", strconv.Itoa(len(in.Panes))))
		for k := range in.Counters {
			s.line(2, s.counter(&in.Counters[k]))
		}
		first := max(0, len(in.Panes)-panesShown)
		for _, p := range in.Panes[first:] {
			var bare []string
			for _, c := range p.Counters {
				text := fmt.Sprintf("%d: %d", c.Metric, c.N)
				if c.Sum != 0 {
					text += " (Σ " + strconv.FormatInt(c.Sum, 10) + ")"
				}
				bare = append(bare, text)
			}
			s.line(3, wallTime(p.From)+"  "+strings.Join(bare, ", "))
		}
		if first > 0 {
			s.line(3, s.Say("why_more_panes", "n", strconv.Itoa(first)))
		}
	}
}

// parts shows that what is remembered and what is not add up.
func (s *scribe) parts(v *explain.Value) {
	s.head("why_parts")
	s.line(1, s.Say("why_parts_"+v.Parts.Of, "looked", strconv.Itoa(v.Parts.Looked), "n", strconv.Itoa(v.Parts.Subjects)))
	if len(v.Inputs) == 0 {
		return
	}
	of := func(list []explain.Bare, metric int) int64 {
		if i := slices.IndexFunc(list, func(b explain.Bare) bool { return b.Metric == metric }); i >= 0 {
			return list[i].N
		}
		return 0
	}
	for i := range v.Inputs[0].Counters {
		c := &v.Inputs[0].Counters[i]
		s.line(1, s.Say("why_part", "name", strconv.Itoa(c.Metric)+" "+c.Name.In(string(s.words)), "all", strconv.FormatInt(c.N, 10),
			"known", strconv.FormatInt(of(v.Parts.Remembered[0], c.Metric), 10), "lost", strconv.FormatInt(of(v.Parts.Forgotten[0], c.Metric), 10)))
	}
}

func (s *scribe) heaviest(v *explain.Value) {
	if len(v.Heaviest) == 0 {
		return
	}
	s.head("why_heaviest")
	for i := range v.Heaviest {
		c := &v.Heaviest[i]
		name := c.Conversation
		switch {
		case c.Customer != "" && name == "":
			name = s.Say("why_of_customer", "id", c.Customer)
		case c.Agent != "":
			name = s.Say("why_of_agent", "id", c.Agent)
		}
		text := strconv.Itoa(i+1) + ". " + name
		if c.Without != nil && c.Without.Difference.Known() {
			text += ": " + s.Say("why_without", "value", string(c.Without.Value), "difference", string(c.Without.Difference))
		} else if c.Without != nil && !c.Without.Value.Known() {
			text += ": " + s.Say("why_without_none")
		}
		s.line(1, text)
		for k := range c.Counters {
			s.line(2, s.counter(&c.Counters[k]))
		}
		for _, x := range c.Counts {
			switch {
			case x.What == explain.Waits:
				s.line(2, s.Say("why_after_waiting", "at", wallTime(x.At)))
			case x.State != "":
				s.line(2, s.Say("why_promise", "clock", s.Say("clock_"+x.Clock), "at", wallTime(x.At), "state", s.Say("why_promise_"+x.State)))
			}
		}
		if c.Link != "" {
			s.line(2, c.Link)
		}
	}
}

func (s *scribe) leftOut(v *explain.Value) {
	if len(v.LeftOut) == 0 {
		return
	}
	s.head("why_left_out")
	for _, x := range v.LeftOut {
		n := s.Say("why_not_known")
		if x.N != nil {
			n = strconv.FormatInt(*x.N, 10)
		}
		text := s.Say("why_out_" + x.Reason)
		if x.Metric != 0 {
			if i := slices.IndexFunc(v.Inputs[0].Counters, func(c explain.Counter) bool { return c.Metric == x.Metric }); i >= 0 {
				text += " [" + strconv.Itoa(x.Metric) + " " + v.Inputs[0].Counters[i].Name.In(string(s.words)) + "]"
			}
		}
		s.line(1, text+": "+n)
		if len(x.Conversations) > 0 {
			s.line(2, strings.Join(x.Conversations, ", "))
		}
	}
}

// group names a group, in the order of the dimensions.
func (s *scribe) group(g map[string]string) string {
	var out []string
	for _, dim := range window.Dimensions {
		name, ok := g[string(dim)]
		switch {
		case !ok:
		case name == "" && dim != window.DimAgent:
			out = append(out, s.Say("no_"+string(dim)))
		case dim == window.DimChannel:
			out = append(out, s.channel(name))
		default:
			out = append(out, name)
		}
	}
	return strings.Join(out, " · ")
}
