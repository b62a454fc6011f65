package exporter

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

//go:embed assets/style.css
var style []byte

// stylePath names the content, so that browsers may keep it for ever.
var stylePath = func() string {
	sum := sha256.Sum256(style)
	return "/style-" + hex.EncodeToString(sum[:6]) + ".css"
}()

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(style) // the client is gone
}

const (
	refreshEvery = 5 // seconds
	soon         = 15 * time.Minute
	listed       = 10 // conversations on the page that are overdue, and as many that are due soon
)

// pageData is what the page shows, already in words.
type pageData struct {
	W                       words
	Lang, Tenant, StylePath string
	Langs                   []link
	Refresh                 int // seconds, 0 = paused
	Toggle                  string
	Tone, Icon, Sentence    string
	Problem, Detail         string
	AsOf, AsOfISO           string // the sentence about the age of the data
	Stale                   bool
	Tiles                   []tile
	By                      window.Dimension // that the table is grouped by
	Wanted                  []string         // definitions that the tenant wants
	Groups                  []link
	Queues                  []queueRows
	Incomplete              bool
	Due                     []dueRow
	Alerting, AlertsUnknown bool
	Alerts                  []alertRow
	More                    int
	Empty                   bool
	Origin, MoreURL, Zone   string
	Example                 string // occurred_at of the example event
	CatalogURL              string
}

type link struct {
	URL, Lang, Name string
	Current         bool
}

type tile struct{ Label, Value, Tone, Icon string }

type queueRows struct {
	Name string
	Rows []queueRow
}

type queueRow struct {
	Window string
	Cells  []cell
}

// cell is a number in the table. An empty Text is no data.
type cell struct {
	Text, Note string
	Hidden     string // why there is no number
	Incomplete bool
}

type dueRow struct {
	Tone, Icon, State, Clock, Due, DueISO, Until, Queue, Channel, Agent, Conversation, Link string
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:_\[\]-]{1,253}$`)

// page serves the plain page. It needs no script.
func (h *Handler) page(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Vary", "Accept-Language, Authorization")
	q := r.URL.Query()
	tenant, err := h.access.Load().tenant(r, q.Get("tenant"))
	say := speak(r, tenant.Lang)
	d := &pageData{W: say, Lang: string(say), Tenant: tenant.Name, Wanted: tenant.Definitions, StylePath: stylePath, Refresh: refreshEvery, Origin: origin(r), CatalogURL: "/api/v1/catalog", MoreURL: "/api/v1/conversations"}
	if q.Get("refresh") == "off" {
		d.Refresh = 0
	}
	d.By = pageGroups[0]
	if asked := window.Dimension(q.Get("by")); slices.Contains(pageGroups, asked) {
		d.By = asked
	}
	d.links(q)
	status := http.StatusOK
	if err == nil {
		err = h.fill(r.Context(), d, tenant.Name)
	}
	if err != nil {
		p := h.fail(r, err)
		status = p.Status
		d.Tone, d.Icon, d.Sentence, d.Problem = "unknown", "?", say.Say("unknown"), say.problem(p)
		if p.kind == stateUnknown {
			d.Detail = p.Detail // names the partitions
		}
		if status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", `Basic realm="Vigia", charset="UTF-8"`)
			d.Refresh, d.Problem = 0, say.Say("sign_in")
		}
	}
	var b bytes.Buffer
	_ = d.html().Render(&b) // fails as its writer does, which a buffer never does
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone
}

func origin(r *http.Request) string {
	host := r.Host
	if !plainHost.MatchString(host) {
		host = "HOST"
	}
	if r.TLS != nil {
		return "https://" + host
	}
	return "http://" + host
}

// links makes the links to the page in other languages and with the refresh turned on or off.
func (d *pageData) links(q url.Values) {
	with := func(name, value string) string {
		to := url.Values{}
		for _, keep := range []string{"tenant", "lang", "refresh", "by"} {
			if v := q.Get(keep); v != "" {
				to.Set(keep, v)
			}
		}
		to.Set(name, value)
		return "/?" + to.Encode()
	}
	if asked := q.Get("tenant"); asked != "" { // without tokens it chooses
		d.CatalogURL += "?tenant=" + url.QueryEscape(asked)
		d.MoreURL += "?tenant=" + url.QueryEscape(asked)
	}
	d.Toggle = with("refresh", "off")
	if d.Refresh == 0 {
		d.Toggle = with("refresh", "on")
	}
	names := map[string]string{"en": "English", "es": "Español", "pt": "Português"}
	for _, lang := range kpi.Langs {
		d.Langs = append(d.Langs, link{with("lang", lang), lang, names[lang], lang == d.Lang})
	}
	for _, dim := range pageGroups {
		d.Groups = append(d.Groups, link{URL: with("by", string(dim)), Name: d.W.Say("group_" + string(dim)), Current: dim == d.By})
	}
}

// fill reads everything that the page shows.
func (h *Handler) fill(ctx context.Context, d *pageData, tenant string) error {
	queries := pageQueries(Tenant{Name: tenant, Definitions: d.Wanted}, d.By)
	answers, open, err := h.reader.answer(ctx, tenant, queries, true)
	if err != nil {
		return err
	}
	overdue, due := open.overdue, open.dueSoon
	d.list(open)
	h.alerts(ctx, d, tenant, open)
	d.table(answers)
	d.Tiles = d.tiles(open)
	d.age(open, h.cfg.StaleAfter)
	d.Zone = open.Zone.String()
	switch {
	case open.total == 0 && len(d.Queues) == 0:
		d.Empty, d.Tone, d.Icon, d.Sentence = true, "unknown", "○", d.W.Say("nothing_yet")
		d.Example = time.UnixMilli(open.Now).UTC().Format(time.RFC3339)
	case overdue > 0:
		d.Tone, d.Icon, d.Sentence = "bad", "✖", d.W.Count("overdue", overdue)
		if due > 0 {
			d.Sentence += " · " + d.W.Count("due_soon", due)
		}
	case due > 0:
		d.Tone, d.Icon, d.Sentence = "warn", "▲", d.W.Count("due_soon", due)
	default:
		d.Tone, d.Icon, d.Sentence = "ok", "✔", d.W.Say("all_well")
	}
	return nil
}

// list shows the conversations that press.
func (d *pageData) list(open *Open) {
	first := slices.DeleteFunc(slices.Clone(open.List), func(c Conversation) bool { return c.State != kpi.Overdue })
	for _, c := range slices.Concat(first, open.next) {
		row := dueRow{Queue: c.Queue, Channel: d.W.channel(c.Channel), Agent: c.Agent, Conversation: c.Conversation, Link: c.Link}
		left := c.DueAt - c.T
		switch {
		case c.State == kpi.Overdue:
			row.Tone, row.Icon, row.Until = "bad", "✖", d.W.Say("late_by", "age", d.W.duration(-left))
		case c.DueAt != 0 && left <= soon.Milliseconds():
			row.Tone, row.Icon, row.Until = "warn", "▲", d.W.Say("due_in", "age", d.W.duration(max(0, left)))
		default:
			continue
		}
		row.State, row.Clock = d.W.Say("state_"+string(c.State)), d.W.Say("clock_"+c.Clock)
		row.Due, row.DueISO = clockTime(c.DueAt, open), kpi.Timestamp(c.DueAt, open.Zone)
		d.Due = append(d.Due, row)
	}
	d.More = open.overdue + open.dueSoon - len(d.Due)
}

// clockTime prints an instant in the tenant's zone, with the date unless it is today.
func clockTime(at int64, open *Open) string {
	layout := "15:04:05"
	if window.Day(at, open.Zone) != window.Day(open.Now, open.Zone) {
		layout = "2006-01-02 15:04:05"
	}
	return time.UnixMilli(at).In(open.Zone).Format(layout)
}

func (d *pageData) tiles(open *Open) []tile {
	out := []tile{
		{Label: d.W.Say("tile_waiting"), Value: d.W.decimal(float64(open.waiting), 0)},
		{Label: d.W.Say("tile_longest"), Value: "–"},
		{Label: d.W.Say("tile_overdue"), Value: d.W.decimal(float64(open.overdue), 0)},
		{Label: d.W.Say("tile_due_soon"), Value: d.W.decimal(float64(open.dueSoon), 0)},
	}
	if open.waiting > 0 {
		out[1].Value = d.W.duration(open.longest)
	}
	if open.overdue > 0 {
		out[2].Tone, out[2].Icon = "bad", "✖"
	}
	if open.dueSoon > 0 {
		out[3].Tone, out[3].Icon = "warn", "▲"
	}
	return out
}

func (d *pageData) age(open *Open, staleAfter time.Duration) {
	age := max(0, open.Now-open.AsOf)
	d.Stale, d.AsOfISO = age > staleAfter.Milliseconds(), kpi.Timestamp(open.AsOf, open.Zone)
	key := "as_of"
	if d.Stale {
		key = "stale_since"
	}
	d.AsOf = d.W.Say(key, "at", clockTime(open.AsOf, open), "age", d.W.duration(age))
}
