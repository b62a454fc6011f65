package exporter

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"golang.org/x/sync/errgroup"
)

const (
	// scrapeTimeout bounds reading for a scrape: a store that hangs must not take the scrape's whole time, so that what is known of its trouble still arrives.
	scrapeTimeout = 5 * time.Second
	// scrapeMargin is left of the time that the scraper grants, for writing the answer.
	scrapeMargin = 500 * time.Millisecond
	// scrapedAtOnce is how many tenants are read at a time.
	scrapedAtOnce = 4
)

// lastSeen remembers up to when each tenant was known, for scrapes that cannot read it.
type lastSeen struct {
	mu   sync.Mutex
	asOf map[string]int64
}

func (l *lastSeen) put(tenant string, asOf int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asOf[tenant] = asOf
}

func (l *lastSeen) get(tenant string) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asOf, ok := l.asOf[tenant]
	return asOf, ok
}

// MetricsKPI returns the handler of /metrics/kpi: the KPIs of tenants as Prometheus metrics, see README.md. A metrics token is answered for all tenants, a
// read token for its own; where no token is asked for, requests from this machine are answered for all. The handler says nothing about the process; that is what /metrics is for.
func (h *Handler) MetricsKPI() http.Handler {
	seen := &lastSeen{asOf: map[string]int64{}}
	return h.count(routeMetrics, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			badParameter.because("The query string cannot be read: percent-encode spaces, & and + in values.").write(w)
			return
		}
		tenants, err := h.access.Load().scraped(r, items(q, "tenant"))
		var o scrapeOptions
		if err == nil {
			o, err = parseScrape(q)
		}
		if err != nil {
			h.fail(r, err).write(w)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeoutOf(r))
		defer cancel()
		h.expose(w, r, h.collect(ctx, tenants, o, seen))
	})
}

// scrapeOptions are the parameters of a scrape.
type scrapeOptions struct {
	rollups     []rollup
	definitions []string
	histogram   histogramKind
}

func parseScrape(q url.Values) (scrapeOptions, error) {
	o := scrapeOptions{rollups: rollups, definitions: items(q, "definition"), histogram: classicHistogram}
	if err := only(q, "tenant", "rollup", "definition", "histogram"); err != nil {
		return o, err
	}
	if !slices.Contains(o.definitions, allDefinitions) {
		if err := checkDefinitions(Query{Definitions: o.definitions}); err != nil {
			return o, err
		}
	}
	if asked := items(q, "rollup"); len(asked) > 0 {
		var names []string
		for _, ru := range rollups {
			names = append(names, ru.name)
		}
		for _, name := range asked {
			if !slices.Contains(names, name) {
				return o, parameter("rollup", fmt.Sprintf("There is no roll-up %q.", name), names...)
			}
		}
		o.rollups = slices.DeleteFunc(slices.Clone(rollups), func(ru rollup) bool { return !slices.Contains(asked, ru.name) })
	}
	if kind := q.Get("histogram"); kind != "" {
		if !slices.Contains(histogramKinds, kind) {
			return o, parameter("histogram", fmt.Sprintf("There is no form %q of histograms.", kind), histogramKinds...)
		}
		o.histogram = histogramKind(kind)
	}
	return o, nil
}

// timeoutOf is how long reading may take.
func timeoutOf(r *http.Request) time.Duration {
	granted, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(granted > 0 && granted < 3600) {
		return scrapeTimeout
	}
	d := time.Duration(granted * float64(time.Second))
	return min(scrapeTimeout, max(d-scrapeMargin, d/2))
}

// read is the outcome of reading one tenant.
type read struct {
	scrape *scrape // nil when it could not be read
	took   time.Duration
}

// of returns the definitions to show of a tenant.
func (o scrapeOptions) of(t Tenant) []string {
	if len(o.definitions) == 0 {
		return t.Definitions
	}
	return o.definitions
}

// collect reads tenants and turns what they hold into metrics. A tenant that cannot be read is said to be down; the others are shown.
func (h *Handler) collect(ctx context.Context, tenants []Tenant, o scrapeOptions, seen *lastSeen) *families {
	results := make([]read, len(tenants))
	var group errgroup.Group
	group.SetLimit(scrapedAtOnce)
	for i, t := range tenants {
		group.Go(func() error {
			began := time.Now()
			s, err := h.reader.scrape(ctx, t.Name, o.rollups, o.of(t))
			if err != nil {
				h.log.Warn("no metrics of a tenant", "tenant", t.Name, "err", err)
			}
			results[i] = read{s, time.Since(began)}
			return nil
		})
	}
	_ = group.Wait() // nobody returns an error
	f := newFamilies()
	for i, t := range tenants {
		of := labels("tenant", t.Name)
		s := results[i].scrape
		f.gauge(metricUp, of, boolean(s != nil))
		f.gauge(metricSeconds, of, results[i].took.Seconds())
		if s == nil {
			f.gauge(metricStale, of, 1)
			if asOf, ok := seen.get(t.Name); ok {
				f.gauge(metricAsOf, of, float64(asOf)/1000)
			}
			continue
		}
		seen.put(t.Name, s.asOf)
		f.gauge(metricStale, of, boolean(s.now-s.asOf > h.cfg.StaleAfter.Milliseconds()))
		f.add(t.Name, s, o.of(t), o.histogram, h.cfg.MaxSeries)
	}
	return f
}

// expose writes metrics in the format that the scraper prefers.
func (h *Handler) expose(w http.ResponseWriter, r *http.Request, f *families) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding, Authorization")
	var out io.Writer = w
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			panic("exporter: BUG: " + err.Error())
		}
		defer zip.Close()
		out = zip
	}
	enc := expfmt.NewEncoder(out, format)
	for _, mf := range f.shown() {
		if err := enc.Encode(mf); err != nil {
			h.log.Debug("a scrape was not written to its end", "err", err) // the client is gone
			return
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		_ = c.Close() // writes the end mark of OpenMetrics
	}
}

func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" {
			return strings.TrimSpace(weight) != "q=0"
		}
	}
	return false
}
