package exporter

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/digest"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// digestFormats are the forms of a digest, the one for programs first.
var digestFormats = []struct{ name, media string }{{"json", "application/json"}, {"md", "text/markdown"}, {"html", "text/html"}}

// digest serves GET /api/v1/digest: the last whole week or month, in the form and the language that the request asks for.
func (h *Handler) digest(w http.ResponseWriter, r *http.Request, q url.Values, tenant Tenant) error {
	if err := only(q, "period", "at", "by", "lang", "format", "tenant"); err != nil {
		return err
	}
	in := digest.Input{Tenant: tenant.Name, Period: digest.Week, By: digest.Groupings[0]}
	if s := q.Get("period"); s != "" {
		if !slices.Contains(digest.Periods, s) {
			return parameter("period", fmt.Sprintf("There is no digest of a %q.", s), digest.Periods...)
		}
		in.Period = digest.Period(s)
	}
	if s := q.Get("by"); s != "" {
		if !slices.Contains(digest.Groupings, s) {
			return parameter("by", fmt.Sprintf("A digest is not made by %q.", s), digest.Groupings...)
		}
		in.By = s
	}
	if s := q.Get("lang"); s != "" && !slices.Contains(kpi.Langs, s) {
		return parameter("lang", fmt.Sprintf("A digest is not written in %q.", s), kpi.Langs...)
	}
	format, err := digestFormat(r, q.Get("format"))
	if err != nil {
		return err
	}
	at, err := h.instant(q)
	if err != nil {
		return err
	}
	if err := h.reader.digest(r.Context(), &in, tenant.Definitions, at); err != nil {
		return err
	}
	d, say := digest.Make(in), speak(r, tenant.Lang)
	header := w.Header()
	header.Set("Vary", "Accept, Accept-Language, Authorization")
	var body []byte
	switch format {
	case "md":
		header.Set("Content-Type", "text/markdown; charset=utf-8")
		body = d.Markdown(string(say), say.channel)
	case "html":
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		body = d.HTML(string(say), say.channel)
	default:
		httpapi.WriteJSON(w, http.StatusOK, d)
		return nil
	}
	_, _ = w.Write(body) // the client is gone
	return nil
}

// digest reads what a digest is made of, from one read of each stage. at is the instant before which the period lies, Unix ms; 0 is now.
func (r *Reader) digest(ctx context.Context, in *digest.Input, definitions []string, at int64) error {
	span := LastWeek
	if in.Period == digest.Month {
		span = LastMonth
	}
	by := window.Dimension(in.By)
	whole := Query{Tenant: in.Tenant, KPIs: digest.KPIs(), Definitions: digest.Definitions(definitions), Window: span, At: at, Compare: Previous, lenient: true}
	groups := whole
	groups.By, groups.KPIs = []window.Dimension{by}, groupable(whole.KPIs, by)
	profile := Query{Tenant: in.Tenant, KPIs: []string{digest.Profile}, Window: Lasting(time.Hour), At: at, lenient: true}
	queries := []Query{whole, groups, profile}
	if in.Period == digest.Week {
		usual := whole
		usual.Compare = FourWeeks
		queries = append(queries, usual)
	}
	answers, _, err := r.answer(ctx, in.Tenant, queries, false)
	if err != nil {
		return err
	}
	in.Whole, in.Groups, in.Profile = answers[0], answers[1], answers[2]
	if len(answers) > 3 {
		in.Usual = answers[3]
	}
	return nil
}

// groupable leaves out what cannot be told by a dimension.
func groupable(ids []string, by window.Dimension) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		d, err := kpi.ByID(id)
		if err != nil {
			return true
		}
		_, err = d.FamilyOf([]window.Dimension{by})
		return err != nil
	})
}

// digestFormat is the form that a request asks for: by name, else by what it accepts, else JSON.
func digestFormat(r *http.Request, name string) (string, error) {
	var names []string
	for _, f := range digestFormats {
		if names = append(names, f.name); f.name == name {
			return name, nil
		}
	}
	if name != "" {
		return "", parameter("format", fmt.Sprintf("A digest has no form %q.", name), names...)
	}
	best, weight := names[0], 0.0
	for accept := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(accept)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			q, _ = strconv.ParseFloat(s, 64) // 0 when it cannot be read: not wanted
		}
		for _, f := range digestFormats {
			if media == f.media && q > weight {
				best, weight = f.name, q
			}
		}
	}
	return best, nil
}
