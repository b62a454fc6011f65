package exporter

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// pageWindows are the rows of each queue.
var pageWindows = []struct {
	name string
	span Span
}{{"5m", Lasting(5 * time.Minute)}, {"1h", Lasting(time.Hour)}, {"today", Today}}

// columns are the numbers of the page's table: key of the heading and how the value reads.
var columns = []struct {
	head, kpi, definition string
	show                  func(w words, v *kpi.Value) cell
	count                 bool // 0 when nothing happened, instead of no data
}{
	{"offered", "contacts_offered", "default", showValue, true},
	{"answered", "contacts_answered", "default", showValue, true},
	{"abandon_rate", "abandon_rate", "default", showValue, false},
	{"service_level", "service_level", "vigia", showValue, false},
	{"speed_of_answer", "speed_of_answer", "default", showValue, false},
	{"first_response", "first_response_time", "default", showP90, false},
	{"next_response", "next_response_time", "default", showP90, false},
	{"sla_compliance", "sla_compliance", "first_response", showValue, false},
	{"sentiment", "sentiment_balance", "default", showValue, false},
}

// Columns names the headings of the table.
func (d *pageData) Columns() []string {
	var out []string
	for _, c := range columns {
		out = append(out, d.W.Say(c.head))
	}
	return out
}

func showP90(w words, v *kpi.Value) cell {
	if v.P90 == nil || !v.P90.Known() {
		return cell{}
	}
	return cell{Text: w.duration(int64(v.P90.Float() * 1000)), Note: restsOn(v)}
}

func restsOn(v *kpi.Value) string { return "n\u00a0" + strconv.FormatInt(v.N, 10) }

// showValue writes a value as its unit and shape read, with what it rests on. A value that is hidden says below how many.
func showValue(w words, v *kpi.Value) cell {
	if !v.Value.Known() {
		return cell{}
	}
	f := v.Value.Float()
	out := cell{Note: restsOn(v)}
	switch {
	case v.Unit == kpi.Ratio && v.Low.Known() && v.Numerator.Known(): // a share
		out.Text, out.Note = w.percent(f), string(v.Numerator)+"/"+string(v.Denominator)
	case v.Unit == kpi.Ratio: // a balance, a difference, or an average from −1 to 1
		out.Text = w.signed(f, 2)
	case v.Unit == kpi.Points:
		out.Text = w.signed(f, 0)
	case v.Unit == kpi.Factor:
		out.Text = "×\u00a0" + w.decimal(f, 1)
	case v.Unit == kpi.Money:
		out.Text = w.decimal(f, 2)
	case v.Unit == kpi.Seconds:
		out.Text = w.duration(int64(f * 1000))
	case v.Value == v.Numerator && f == math.Trunc(f): // a count
		out.Text, out.Note = string(v.Value), ""
	default:
		out.Text = w.decimal(f, 1)
	}
	if v.Mean != nil && v.Mean.Known() {
		out.Note = "ø\u00a0" + w.decimal(v.Mean.Float(), 2) + ", " + out.Note
	}
	if len(v.Series) > 0 {
		out.Note = bars(v.Series)
	}
	return out
}

// signed prints a number that has a direction with its sign.
func (w words) signed(f float64, digits int) string {
	sign := ""
	if f > 0 {
		sign = "+"
	}
	return sign + strings.Replace(w.decimal(f, digits), "-", "\u2212", 1)
}

// bars draws a series in at most 24 bars, each as high as the sum of its steps.
func bars(series []kpi.Step) string {
	const most, heights = 24, "▁▂▃▄▅▆▇█"
	levels := []rune(heights)
	sums := make([]float64, min(most, len(series)))
	highest := 0.0
	for i, s := range series {
		if k := i * len(sums) / len(series); s.Value.Known() {
			sums[k] += s.Value.Float()
			highest = max(highest, sums[k])
		}
	}
	var b strings.Builder
	for _, x := range sums {
		level := 0
		if highest > 0 {
			level = int(math.Round(x / highest * float64(len(levels)-1)))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}

// pageGroups are what the table can be grouped by, the first one unless another is asked for.
var pageGroups = []window.Dimension{window.DimQueue, window.DimChannel, window.DimTeam, window.DimTopic}

// definitionOf is how the column's KPI is computed: as the tenant wants its numbers, else as the column says.
func definitionOf(column int, wanted []string) string {
	c := columns[column]
	if d, err := kpi.ByID(c.kpi); err == nil && len(wanted) > 0 {
		return d.Resolve(wanted)[0].ID
	}
	return c.definition
}

// pageQueries asks for each window, for all groups together and for each.
func pageQueries(t Tenant, dim window.Dimension) []Query {
	q := Query{Tenant: t.Name}
	for i, c := range columns {
		q.KPIs, q.Definitions = append(q.KPIs, c.kpi), append(q.Definitions, definitionOf(i, t.Definitions))
	}
	var out []Query
	for _, w := range pageWindows {
		for _, by := range [][]window.Dimension{nil, {dim}} {
			q.Window, q.By = w.span, by
			out = append(out, q)
		}
	}
	return out
}

// table fills in the answers to pageQueries by group, after a row for all of them.
func (d *pageData) table(answers [][]kpi.Value) {
	all := &queueRows{Name: d.W.Say("all_" + string(d.By))}
	queues := map[string]*queueRows{}
	for i, values := range answers {
		for j := range values {
			v, rows := &values[j], all
			if name, grouped := v.Group[string(d.By)]; grouped {
				if rows = queues[name]; rows == nil {
					rows = &queueRows{Name: name}
					if d.By == window.DimChannel && name != "" {
						rows.Name = d.W.channel(name)
					}
					queues[name] = rows
				}
			}
			d.put(rows, i/2, v)
		}
	}
	if len(queues) == 0 {
		return
	}
	d.Queues = []queueRows{*all}
	for _, name := range slices.Sorted(maps.Keys(queues)) {
		if name != "" {
			queues[name].zero(all)
			d.Queues = append(d.Queues, *queues[name])
		}
	}
	if rows := queues[""]; rows != nil && rows.any() { // an open conversation without a queue is no reason for a row of nothing
		rows.Name = d.W.Say("no_" + string(d.By))
		rows.zero(all)
		d.Queues = append(d.Queues, *rows)
	}
}

// any reports whether anything happened.
func (q *queueRows) any() bool {
	return slices.ContainsFunc(q.Rows, func(r queueRow) bool {
		return slices.ContainsFunc(r.Cells, func(c cell) bool { return c.Text != "" && c.Text != "0" })
	})
}

// zero shows the counts of windows in which nothing happened in the queue: they are known to be 0, as far as all is known.
func (q *queueRows) zero(all *queueRows) {
	for i := range q.Rows {
		for k := range q.Rows[i].Cells {
			if c := &q.Rows[i].Cells[k]; *c == (cell{}) {
				c.Incomplete = all.Rows[i].Cells[k].Incomplete
				if columns[k].count {
					c.Text = "0"
				}
			}
		}
	}
}

// put shows a value in its cell.
func (d *pageData) put(rows *queueRows, i int, v *kpi.Value) {
	if rows.Rows == nil {
		for _, w := range pageWindows {
			rows.Rows = append(rows.Rows, queueRow{Window: d.W.Say("window_" + w.name), Cells: make([]cell, len(columns))})
		}
	}
	for k, c := range columns {
		if c.kpi == v.KPI && definitionOf(k, d.Wanted) == v.Definition {
			shown := c.show(d.W, v)
			if shown.Incomplete = !v.Complete; v.Hidden {
				shown.Note = "n\u00a0<\u00a0" + strconv.FormatInt(v.MinN, 10)
				shown.Hidden = d.W.Say("hidden", "n", strconv.FormatInt(v.MinN, 10))
			}
			d.Incomplete = d.Incomplete || shown.Incomplete
			rows.Rows[i].Cells[k] = shown
		}
	}
}
