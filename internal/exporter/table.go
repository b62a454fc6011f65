package exporter

import (
	"maps"
	"slices"
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
	{"offered", "contacts_offered", "default", showCount, true},
	{"answered", "contacts_answered", "default", showCount, true},
	{"abandon_rate", "abandon_rate", "default", showRatio, false},
	{"service_level", "service_level", "vigia", showRatio, false},
	{"speed_of_answer", "speed_of_answer", "default", showMean, false},
	{"first_response", "first_response_time", "default", showP90, false},
	{"next_response", "next_response_time", "default", showP90, false},
	{"sla_compliance", "sla_compliance", "first_response", showRatio, false},
	{"sentiment", "sentiment_balance", "default", showBalance, false},
}

// Columns names the headings of the table.
func (d *pageData) Columns() []string {
	var out []string
	for _, c := range columns {
		out = append(out, d.W.Say(c.head))
	}
	return out
}

func showCount(_ words, v *kpi.Value) cell { return cell{Text: string(v.Value)} }

func showRatio(w words, v *kpi.Value) cell {
	if !v.Value.Known() {
		return cell{}
	}
	return cell{Text: w.percent(v.Value.Float()), Note: string(v.Numerator) + "/" + string(v.Denominator)}
}

func showMean(w words, v *kpi.Value) cell {
	if !v.Value.Known() {
		return cell{}
	}
	return cell{Text: w.duration(int64(v.Value.Float() * 1000)), Note: "n\u00a0" + string(v.Denominator)}
}

func showP90(w words, v *kpi.Value) cell {
	if v.P90 == nil || !v.P90.Known() {
		return cell{}
	}
	return cell{Text: w.duration(int64(v.P90.Float() * 1000)), Note: "n\u00a0" + string(v.Denominator)}
}

func showBalance(w words, v *kpi.Value) cell {
	if !v.Value.Known() {
		return cell{}
	}
	sign := ""
	if v.Value.Float() > 0 {
		sign = "+"
	}
	return cell{Text: sign + strings.Replace(w.decimal(v.Value.Float(), 2), "-", "\u2212", 1), Note: "n\u00a0" + string(v.Denominator)}
}

// pageQueries asks for each window, for all queues together and for each.
func pageQueries(tenant string) []Query {
	q := Query{Tenant: tenant}
	for _, c := range columns {
		q.KPIs, q.Definitions = append(q.KPIs, c.kpi), append(q.Definitions, c.definition)
	}
	var out []Query
	for _, w := range pageWindows {
		for _, by := range [][]window.Dimension{nil, {window.DimQueue}} {
			q.Window, q.By = w.span, by
			out = append(out, q)
		}
	}
	return out
}

// table fills in the answers to pageQueries by queue, after a row for all of them.
func (d *pageData) table(answers [][]kpi.Value) {
	all := &queueRows{Name: d.W.Say("all_queues")}
	queues := map[string]*queueRows{}
	for i, values := range answers {
		for j := range values {
			v, rows := &values[j], all
			if name, grouped := v.Group["queue"]; grouped {
				if rows = queues[name]; rows == nil {
					rows = &queueRows{Name: name}
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
		rows.Name = d.W.Say("no_queue")
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
		if c.kpi == v.KPI && c.definition == v.Definition {
			shown := c.show(d.W, v)
			shown.Incomplete = !v.Complete
			d.Incomplete = d.Incomplete || shown.Incomplete
			rows.Rows[i].Cells[k] = shown
		}
	}
}
