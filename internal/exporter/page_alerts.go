package exporter

import (
	"context"
	"strings"
	"time"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// alertsListed is how many alerts the page shows.
const alertsListed = 8

// alertRow is an alert on the page.
type alertRow struct {
	Tone, Icon, State, What, At, AtISO, Queue, Channel, Clock string
	Told                                                      []string
	Failed                                                    bool
}

// alerts reads what people were called for. It is the least of the page: when it is not known, the rest stands.
func (h *Handler) alerts(ctx context.Context, d *pageData, tenant string, open *Open) {
	if h.cfg.Alerts == nil {
		return
	}
	d.Alerting = true
	list, err := h.cfg.Alerts(ctx, tenant, alertsListed)
	if err != nil {
		h.log.Debug("alerts are not known", "err", err)
		d.AlertsUnknown = true
		return
	}
	for _, a := range list {
		row := alertRow{Tone: "unknown", Icon: "○", State: d.W.Say("alert_over"), What: d.W.alert(a.Name), Queue: a.Queue, Channel: d.W.channel(a.Channel)}
		if a.Open {
			row.Tone, row.Icon, row.State = "bad", "✖", d.W.Say("alert_open")
		}
		if a.Clock != "" {
			row.Clock = d.W.Say("clock_" + a.Clock)
		}
		if !a.At.IsZero() {
			row.At, row.AtISO = clockTime(a.At.UnixMilli(), open), kpi.Timestamp(a.At.UnixMilli(), open.Zone)
		}
		for _, t := range a.Told {
			text := t.Receiver
			if !t.At.IsZero() {
				text += " " + t.At.In(open.Zone).Format(time.TimeOnly)
			}
			row.Told, row.Failed = append(row.Told, text), row.Failed || t.Failed
		}
		d.Alerts = append(d.Alerts, row)
	}
}

// alertList is the table of what people were called for.
func (d *pageData) alertList() g.Node {
	title := html.H2(html.ID("alerts"), g.Text(d.W.Say("alerts")))
	switch {
	case d.AlertsUnknown:
		return html.Section(title, html.P(g.Text(d.W.Say("alerts_unknown"))))
	case len(d.Alerts) == 0:
		return html.Section(title, html.P(g.Text(d.W.Say("none_alerted"))))
	}
	heads := []string{"state", "alert", "queue", "clock", "channel", "since", "told"}
	return html.Section(title, wideTable("alerts", "alerts", d.W.Say("caption_alerts"),
		html.THead(html.Tr(g.Map(heads, func(key string) g.Node { return columnHead(d.W.Say(key)) }))),
		html.TBody(g.Map(d.Alerts, d.alertHTML)),
	))
}

func (d *pageData) alertHTML(r alertRow) g.Node {
	told := g.Group{g.Text(strings.Join(r.Told, ", "))}
	if len(r.Told) == 0 {
		told = g.Group{html.Span(html.Class("none"), g.Text(d.W.Say("nobody")))}
	}
	return html.Tr(
		html.Td(html.Class(r.Tone), icon(r.Icon), g.Text(" "+r.State)),
		html.Th(html.Scope("row"), g.Text(r.What)),
		html.Td(g.Text(r.Queue)),
		html.Td(g.Text(r.Clock)),
		html.Td(g.Text(r.Channel)),
		html.Td(html.Time(html.DateTime(r.AtISO), g.Text(r.At))),
		html.Td(told, g.If(r.Failed, g.Group{g.Text(" "), html.Strong(html.Class("bad"), icon("✖"), g.Text(" "+d.W.Say("not_delivered")))})),
	)
}
