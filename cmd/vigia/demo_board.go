package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	boardEvery = 2 * time.Second  // on a terminal
	plainEvery = 10 * time.Second // where lines stay
	boardSpan  = 15 * time.Minute

	boardMinutes = "15 min"
)

var boardKPIs = []string{"conversations_started", "contacts_waiting", "speed_of_answer", "service_level", "sla_compliance", "sla_overdue"}

// show keeps the numbers on the screen until ctx ends.
func (d *demo) show(ctx context.Context) {
	every := plainEvery
	if d.screen.live {
		every = boardEvery
	}
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		if d.screen.live {
			d.screen.footer(d.board(ctx))
		} else if text := d.summary(ctx); text != "" {
			d.screen.line(text)
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
	}
}

// ask returns the numbers of the last minutes; nil while they are not known.
func (d *demo) ask(ctx context.Context, by ...window.Dimension) []kpi.Value {
	values, err := d.app.Exporter().Reader().Values(ctx, exporter.Query{Tenant: demoTenant, KPIs: boardKPIs, By: by, Window: exporter.Lasting(boardSpan)})
	if err != nil {
		return nil
	}
	return values
}

// row is what the table says of one queue.
type row struct {
	name string
	kpis map[string]kpi.Value // by id, and by id and definition where there are several
}

func rows(values []kpi.Value) []row {
	var out []row
	for _, v := range values {
		name := v.Group["channel"]
		if queue := v.Group["queue"]; queue != "" {
			name += "/" + queue
		}
		i := slices.IndexFunc(out, func(r row) bool { return r.name == name })
		if i < 0 {
			i = len(out)
			out = append(out, row{name, map[string]kpi.Value{}})
		}
		out[i].kpis[v.KPI], out[i].kpis[v.KPI+"/"+v.Definition] = v, v
	}
	return out
}

// board is the table at the bottom of a terminal.
func (d *demo) board(ctx context.Context) []string {
	values := d.ask(ctx, window.DimChannel, window.DimQueue)
	if len(values) == 0 {
		return []string{"", d.screen.paint(faint, d.say("waiting"))}
	}
	heads := []string{d.say("col.queue"), d.say("col.started"), d.say("col.waiting"), d.say("col.p50"), d.say("col.p90"), d.say("col.level"), d.say("col.sla"), d.say("col.overdue")}
	table := [][]string{heads}
	for _, r := range rows(values) {
		answer := r.kpis["speed_of_answer"]
		table = append(table, []string{
			r.name, count(r.kpis["conversations_started"]), count(r.kpis["contacts_waiting"]), duration(answer.P50), duration(answer.P90),
			percent(r.kpis["service_level"]), percent(r.kpis["sla_compliance/first_response"]), fmt.Sprint(overdue(r.kpis)),
		})
	}
	as := values[0]
	lines := []string{"", d.screen.paint(faint, d.say("title", "span", boardMinutes, "hour", d.hour(d.clock.Now().UnixMilli()), "age", string(as.FreshnessS)))}
	return append(lines, align(table)...)
}

// summary is one line for where nothing can be drawn.
func (d *demo) summary(ctx context.Context) string {
	all := rows(d.ask(ctx))
	if len(all) == 0 {
		return ""
	}
	k := all[0].kpis
	return d.hour(d.clock.Now().UnixMilli()) + "   " + d.say("summary", "span", boardMinutes, "started", count(k["conversations_started"]),
		"waiting", count(k["contacts_waiting"]), "p90", duration(k["speed_of_answer"].P90), "sla", percent(k["sla_compliance/first_response"]), "overdue", fmt.Sprint(overdue(k)))
}

func overdue(k map[string]kpi.Value) int64 {
	var n int64
	for clock := range sla.Clock(sla.NumClocks) {
		n += k["sla_overdue/"+clock.String()].N
	}
	return n
}

const nothing = "–"

func count(v kpi.Value) string {
	if !v.Value.Known() {
		return nothing
	}
	return string(v.Value)
}

func percent(v kpi.Value) string {
	if !v.Value.Known() {
		return nothing
	}
	return fmt.Sprintf("%.1f %%", 100*v.Value.Float())
}

func duration(n *kpi.Number) string {
	if n == nil || !n.Known() {
		return nothing
	}
	return seconds(n.Float())
}

// align puts a table into columns, numbers to the right.
func align(table [][]string) []string {
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var lines []string
	for _, cells := range table {
		var b strings.Builder
		for i, c := range cells {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 {
				b.WriteString(c + gap)
			} else {
				b.WriteString("  " + gap + c)
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}
