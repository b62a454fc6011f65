package exporter

import (
	"net/url"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"
)

// html is the whole page. Texts and attributes are escaped as they are written, so that names from outside remain names; the parts of the page are functions, which the compiler
// checks and the linker can follow. (A template finds methods by name, for which every method of every type has to stay in the binary.)
func (d *pageData) html() g.Node {
	return html.Doctype(html.HTML(html.Lang(d.Lang),
		d.head(),
		html.Body(
			d.header(),
			html.Main(d.main()...),
			d.footer(),
		),
	))
}

func (d *pageData) head() g.Node {
	return html.Head(
		html.Meta(html.Charset("utf-8")),
		html.Meta(html.Name("viewport"), html.Content("width=device-width, initial-scale=1")),
		html.Meta(html.Name("color-scheme"), html.Content("light dark")),
		g.If(d.Refresh > 0, html.Meta(g.Attr("http-equiv", "refresh"), html.Content(strconv.Itoa(d.Refresh)))),
		html.TitleEl(g.Text(d.Icon+" "+d.Sentence+" – "+d.W.Say("title"))),
		html.Link(html.Rel("stylesheet"), html.Href(d.StylePath)),
	)
}

// header says in a sentence how things are, and how old that is.
func (d *pageData) header() g.Node {
	brand := []string{d.W.Say("title")}
	for _, part := range []string{d.Tenant, d.Zone} {
		if part != "" {
			brand = append(brand, part)
		}
	}
	return html.Header(
		html.P(html.Class("brand"), g.Text(strings.Join(brand, " · "))),
		html.H1(html.Class(d.Tone), icon(d.Icon), g.Text(" "+d.Sentence)),
		g.If(d.Problem != "", html.P(g.Text(d.Problem))),
		g.If(d.Detail != "", html.P(html.Lang("en"), html.Small(g.Text(d.Detail)))),
		g.If(d.AsOf != "", d.dataAge()),
	)
}

func (d *pageData) dataAge() g.Node {
	at := html.Time(html.DateTime(d.AsOfISO), g.Text(d.AsOf))
	if !d.Stale {
		return html.P(html.Class("age"), at)
	}
	return html.P(html.Class("stale"), html.Strong(unread("⚠"), g.Text(" "+d.W.Say("stale")+".")), g.Text(" "), at)
}

// main is what is known: nothing when the state is not, what to do next when nothing has arrived yet.
func (d *pageData) main() []g.Node {
	switch {
	case d.Empty:
		return []g.Node{d.nextSteps()}
	case d.Tiles == nil:
		return nil
	}
	return []g.Node{
		html.Dl(html.Class("tiles"), g.Map(d.Tiles, tile.html)),
		d.dueList(),
		g.Iff(d.Alerting, d.alertList),
		g.Iff(len(d.Queues) > 0, d.queueTable),
	}
}

func (t tile) html() g.Node {
	return html.Div(html.Class(t.Tone),
		html.Dt(g.Text(t.Label)),
		html.Dd(g.If(t.Icon != "", g.Group{icon(t.Icon), g.Text(" ")}), g.Text(t.Value)),
	)
}

func (d *pageData) nextSteps() g.Node {
	return html.Section(
		html.H2(g.Text(d.W.Say("next_steps"))),
		html.P(g.Text(d.W.Say("step_send"))),
		// The command stands in the source of the page as it is typed.
		html.Pre(html.TabIndex("0"), g.Raw("curl "), g.Text(d.Origin), g.Raw(exampleHead), g.Text(d.Example), g.Raw(exampleTail)),
		html.P(g.Text(d.W.Say("step_replay"))),
		html.P(g.Text(d.W.Say("step_demo"))),
	)
}

const (
	exampleHead = `/ingest/v1/events -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{"occurred_at":"`
	exampleTail = `","source":{"native_event_id":"1"},"conversation":{"id":"c1"},"actor":{"kind":"KIND_CUSTOMER"},"channel":"CHANNEL_EMAIL",` +
		`"routing":{"queue_id":"support"},"message":{"message_id":"m1","direction":"DIRECTION_INBOUND"}}'`
)

// dueList is the table of conversations that press.
func (d *pageData) dueList() g.Node {
	title := html.H2(html.ID("due"), g.Text(d.W.Say("due_first")))
	if len(d.Due) == 0 {
		return html.Section(title, html.P(g.Text(d.W.Say("none_due"))))
	}
	heads := []string{"state", "due", "queue", "clock", "channel", "agent", "conversation"}
	return html.Section(
		title,
		wideTable("due", "due", d.W.Say("caption_due"),
			html.THead(html.Tr(g.Map(heads, func(key string) g.Node { return columnHead(d.W.Say(key)) }))),
			html.TBody(g.Map(d.Due, dueRow.html)),
		),
		g.If(d.More > 0, html.P(html.A(html.Href(d.MoreURL), g.Text(d.W.Say("more", "n", strconv.Itoa(d.More)))))),
	)
}

func (r dueRow) html() g.Node {
	return html.Tr(
		html.Td(html.Class(r.Tone), icon(r.Icon), g.Text(" "+r.State)),
		html.Td(html.Time(html.DateTime(r.DueISO), g.Text(r.Due)), g.Text(" "), html.Small(g.Text(r.Until))),
		html.Td(g.Text(r.Queue)),
		html.Td(g.Text(r.Clock)),
		html.Td(g.Text(r.Channel)),
		html.Td(g.Text(r.Agent)),
		html.Th(html.Scope("row"), html.Class("id"), outward(r.Link, r.Conversation)),
	)
}

// outward is a link to a place that an event named. What is not plainly on the web, such as javascript:, is not linked: escaping does not make it harmless.
func outward(link, text string) g.Node {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return g.Text(text)
	}
	return html.A(html.Href(link), html.Rel("noreferrer"), g.Text(text))
}

// queueTable is the numbers by queue and window.
func (d *pageData) queueTable() g.Node {
	return html.Section(
		html.H2(html.ID("queues"), g.Text(d.W.Say("by_"+string(d.By)))),
		html.Nav(html.Aria("label", d.W.Say("group_by")), g.Map(d.Groups, link.html)),
		g.If(d.Incomplete, html.P(unread("◌"), g.Text(" "), html.Strong(g.Text(d.W.Say("incomplete")+":")), g.Text(" "+d.W.Say("incomplete_note")))),
		wideTable("queues", "numbers", d.W.Say("caption_queues"),
			html.THead(html.Tr(columnHead(d.W.Say("group_"+string(d.By))), columnHead(d.W.Say("window")), g.Map(d.Columns(), columnHead))),
			g.Map(d.Queues, d.queueBody),
		),
	)
}

func (d *pageData) queueBody(q queueRows) g.Node {
	name := html.Th(html.Scope("rowgroup"), html.RowSpan(strconv.Itoa(len(q.Rows))), g.Text(q.Name))
	rows := make(g.Group, 0, len(q.Rows))
	for i, r := range q.Rows {
		rows = append(rows, html.Tr(g.If(i == 0, name), html.Th(html.Scope("row"), g.Text(r.Window)), g.Map(r.Cells, d.numberCell)))
	}
	return html.TBody(rows)
}

func (d *pageData) numberCell(c cell) g.Node {
	number := g.Group{g.Text(c.Text), g.If(c.Note != "", g.Group{g.Text(" "), html.Small(g.Text(c.Note))})}
	switch {
	case c.Hidden != "":
		number = g.Group{html.Span(html.Class("none"), sign("–", c.Hidden)), g.Text(" "), html.Small(g.Text(c.Note))}
	case c.Text == "":
		number = g.Group{html.Span(html.Class("none"), sign("–", d.W.Say("no_data")))}
	}
	missing := d.W.Say("incomplete")
	return html.Td(number, g.If(c.Incomplete, g.Group{g.Text(" "), html.Span(html.Class("partial"), html.Title(missing), sign("◌", missing))}))
}

func (d *pageData) footer() g.Node {
	state, change := "refreshes", "pause"
	if d.Refresh == 0 {
		state, change = "paused", "resume"
	}
	return html.Footer(
		html.P(g.Text(d.W.Say(state)+" "), html.A(html.Href(d.Toggle), g.Text(d.W.Say(change))), g.Text(" · "), html.A(html.Href(d.CatalogURL), g.Text(d.W.Say("catalog")))),
		html.Nav(html.Aria("label", d.W.Say("language")), g.Map(d.Langs, link.html)),
	)
}

func (l link) html() g.Node {
	return g.Group{
		html.A(html.Href(l.URL), g.If(l.Lang != "", g.Group{html.Lang(l.Lang), g.Attr("hreflang", l.Lang)}), g.If(l.Current, html.Aria("current", "true")), g.Text(l.Name)),
		g.Text(" "),
	}
}

// wideTable is a table that scrolls by itself, also with the keyboard, where the screen is narrow; the heading with the id names it.
func wideTable(id, class, caption string, parts ...g.Node) g.Node {
	return html.Div(html.Class("wide"), html.Role("region"), html.Aria("labelledby", id), html.TabIndex("0"),
		html.Table(html.Class(class), html.Caption(html.Class("hidden"), g.Text(caption)), g.Group(parts)))
}

func columnHead(text string) g.Node { return html.Th(html.Scope("col"), g.Text(text)) }

// icon stands before the words that say the same.
func icon(s string) g.Node {
	return html.Span(html.Class("icon"), html.Aria("hidden", "true"), g.Text(s))
}

// unread is a sign that is not read aloud.
func unread(s string) g.Node { return html.Span(html.Aria("hidden", "true"), g.Text(s)) }

// sign is seen, and read aloud as words.
func sign(s, words string) g.Node {
	return g.Group{unread(s), html.Span(html.Class("hidden"), g.Text(words))}
}
