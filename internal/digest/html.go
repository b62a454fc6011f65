package digest

import (
	"bytes"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"
)

// The styles stand at the elements, for mail programs drop everything else; they load nothing.
const (
	styleBody    = "margin:0;padding:16px;background:#ffffff;color:#1b1f24;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45"
	styleMain    = "max-width:860px;margin:0 auto"
	styleH1      = "font-size:24px;line-height:1.25;margin:0 0 4px"
	styleSub     = "font-size:17px;margin:0 0 12px;color:#3d454e"
	styleH2      = "font-size:18px;margin:28px 0 8px;padding-top:8px;border-top:2px solid #d5dae0;page-break-after:avoid;break-after:avoid"
	styleP       = "margin:8px 0"
	styleCaution = "margin:8px 0;padding:8px 12px;background:#fff4d6;border-left:4px solid #9a6700;color:#1b1f24"
	styleTable   = "border-collapse:collapse;width:100%;margin:8px 0;font-size:14px"
	styleTiles   = "margin:8px 0;padding:0"
	styleTile    = "display:inline-block;vertical-align:top;box-sizing:border-box;width:200px;min-height:128px;margin:0 8px 8px 0;padding:10px 12px;border:1px solid #d5dae0;border-radius:6px;page-break-inside:avoid;break-inside:avoid"
	styleNumber  = "margin:0;font-size:22px;font-weight:600;line-height:1.3"
	styleHead    = "text-align:right;vertical-align:bottom;padding:6px 8px;border-bottom:2px solid #57606a;font-weight:600"
	styleName    = "text-align:left;vertical-align:top;padding:6px 8px;border-bottom:1px solid #d5dae0;font-weight:600"
	styleCell    = "text-align:right;vertical-align:top;padding:6px 8px;border-bottom:1px solid #d5dae0"
	styleLeft    = ";text-align:left"
	styleRow     = "page-break-inside:avoid;break-inside:avoid"
	styleNote    = "display:block;font-size:12px;color:#4b535d;font-weight:400"
	styleCaption = "position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)"
	styleList    = "margin:8px 0;padding-left:22px"
	styleWide    = "overflow-x:auto"
)

// HTML writes the digest in a language of [kpi.Langs] as a page of its own that mail programs show as well: no script, no class, nothing that is loaded. channel names a channel.
func (d *Digest) HTML(lang string, channel func(id string) string) []byte {
	p := d.compose(words{lang, channel})
	var b bytes.Buffer
	_ = p.html().Render(&b) // fails as its writer does, which a buffer never does
	b.WriteByte('\n')
	return b.Bytes()
}

func (p *page) html() g.Node {
	return html.Doctype(html.HTML(html.Lang(p.lang),
		html.Head(
			html.Meta(html.Charset("utf-8")),
			html.Meta(html.Name("viewport"), html.Content("width=device-width, initial-scale=1")),
			html.Meta(html.Name("color-scheme"), html.Content("light")),
			html.TitleEl(g.Text(p.title+" – "+p.subtitle)),
		),
		html.Body(style(styleBody), html.Main(style(styleMain),
			html.H1(style(styleH1), g.Text(p.title)),
			html.P(style(styleSub), g.Text(p.subtitle)),
			g.Map(p.blocks, blockHTML),
		)),
	))
}

func style(s string) g.Node { return html.Style(s) }

func blockHTML(b block) g.Node {
	switch x := b.(type) {
	case heading:
		return html.H2(style(styleH2), g.Text(x.text))
	case para:
		if x.tone == caution {
			return html.P(style(styleCaution), sign("⚠ "), g.Text(x.text))
		}
		return html.P(style(styleP), g.Text(x.text))
	case tiles:
		return x.html()
	case points:
		return html.Ul(style(styleList), g.Map(x, point.html))
	case table:
		return x.html()
	}
	panic("digest: BUG: a block that HTML does not know")
}

// html lays the numbers out side by side, as many as there is room for.
func (t tiles) html() g.Node { return html.Dl(style(styleTiles), g.Map(t, tile.html)) }

func (t tile) html() g.Node {
	return html.Div(style(styleTile),
		html.Dt(g.Text(t.label)),
		html.Dd(style(styleNumber), g.If(t.tone != plain, html.Span(style(t.tone.color()), sign(t.tone.mark()))), g.Text(t.number)),
		g.Map(t.notes, func(note string) g.Node { return html.Dd(style(styleNote+";margin:0"), g.Text(note)) }),
	)
}

func (i point) html() g.Node {
	return html.Li(style(styleP),
		g.If(i.tone != plain, html.Span(style(i.tone.color()), sign(i.tone.mark()))),
		g.If(i.strong != "", g.Group{html.Strong(g.Text(i.strong)), g.Text(": ")}),
		g.Text(i.text),
	)
}

func (t table) html() g.Node {
	heads := make([]g.Node, len(t.heads))
	for i, h := range t.heads {
		s := styleHead
		if i < t.lefts {
			s += styleLeft
		}
		heads[i] = html.Th(html.Scope("col"), style(s), g.Text(h))
	}
	return html.Div(style(styleWide), html.Role("region"), html.Aria("label", t.caption), html.TabIndex("0"), html.Table(style(styleTable),
		html.Caption(style(styleCaption), g.Text(t.caption)),
		html.THead(html.Tr(heads...)),
		html.TBody(g.Map(t.rows, func(row []cell) g.Node {
			cells := make([]g.Node, len(row))
			for i, c := range row {
				switch {
				case i == 0:
					cells[i] = html.Th(html.Scope("row"), style(styleName), c.html())
				case i < t.lefts:
					cells[i] = html.Td(style(styleCell+styleLeft), c.html())
				default:
					cells[i] = html.Td(style(styleCell), c.html())
				}
			}
			return html.Tr(style(styleRow), g.Group(cells))
		})),
	))
}

func (c cell) html() g.Node {
	return g.Group{
		g.If(c.tone != plain, html.Span(style(c.tone.color()), sign(c.tone.mark()))), g.Text(c.text),
		g.If(c.note != "", html.Span(style(styleNote), g.Text(" "+c.note))),
	}
}

// color is a tone to those who see it; on white it has a contrast of 4.5 to 1 at least.
func (t tone) color() string {
	switch t {
	case good:
		return "color:#116329"
	case bad:
		return "color:#b3261e"
	}
	return "color:#7a5200"
}

// sign is not read aloud; the words beside it say the same.
func sign(s string) g.Node { return html.Span(html.Aria("hidden", "true"), g.Text(s)) }
