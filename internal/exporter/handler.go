package exporter

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

// Routes, as metric labels.
const (
	routeKPIs          = "kpis"
	routeConversations = "conversations"
	routeCatalog       = "catalog"
	routeReference     = "reference"
	routeDigest        = "digest"
	routeExplain       = "explain"
	routePage          = "page"
	routeAsset         = "asset"
	routeMetrics       = "metrics_kpi"
	routeOther         = "other"
)

var routes = []string{routeKPIs, routeConversations, routeCatalog, routeReference, routeDigest, routeExplain, routePage, routeAsset, routeMetrics, routeOther}

// Handler serves the API and the page. It is an [http.Handler].
type Handler struct {
	cfg    Config
	reader *Reader
	access atomic.Pointer[access]
	log    *slog.Logger
	m      *metrics
	mux    *http.ServeMux
}

// New makes the handler of the exporter role. It connects to nothing.
func New(cfg Config, s Store, log *slog.Logger, reg prometheus.Registerer) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	acc, err := newAccess(cfg)
	if err != nil {
		return nil, err
	}
	r := NewReader(cfg, s)
	h := &Handler{cfg: cfg, reader: r, log: log.With("component", "exporter"), m: r.m, mux: http.NewServeMux()}
	h.access.Store(acc)
	if err := h.m.register(reg); err != nil {
		return nil, fmt.Errorf("exporter: metrics: %w", err)
	}
	h.mux.Handle("/api/v1/kpis", h.api(routeKPIs, h.kpis))
	h.mux.Handle("/api/v1/conversations", h.api(routeConversations, h.conversations))
	h.mux.Handle("/api/v1/catalog", h.api(routeCatalog, h.catalog))
	h.mux.Handle("/api/v1/reference", h.api(routeReference, h.reference))
	h.mux.Handle("/api/v1/digest", h.api(routeDigest, h.digest))
	h.mux.Handle("/api/v1/explain", h.api(routeExplain, h.explain))
	h.mux.Handle("/{$}", h.count(routePage, h.page))
	h.mux.Handle(stylePath, h.count(routeAsset, serveStyle))
	h.mux.Handle("/", h.count(routeOther, func(w http.ResponseWriter, r *http.Request) {
		notFound.because("The API is at /api/v1/kpis, /api/v1/conversations, /api/v1/catalog, /api/v1/reference, /api/v1/explain and /api/v1/digest, the page at /.").write(w)
	}))
	return h, nil
}

// Reader returns the reader behind the handler, for queries in the same process.
func (h *Handler) Reader() *Reader { return h.reader }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.mux.ServeHTTP(w, r)
}

// count measures a route, and lets only reading methods and known hosts through.
func (h *Handler) count(route string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w, code: http.StatusOK}
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			wrongMethod.because("Nothing can be changed here; use GET.").write(rec)
		case h.access.Load().open && !httpapi.Local(r.Host):
			foreignHost.because(fmt.Sprintf("Without read tokens only requests to localhost are answered, this one names the host %q. Configure a read token to open the API to others.", r.Host)).write(rec)
		default:
			ctx, cancel := context.WithTimeout(r.Context(), h.cfg.ReadTimeout)
			defer cancel()
			serve(rec, r.WithContext(ctx))
		}
		h.m.requests.WithLabelValues(route, strconv.Itoa(rec.code)).Inc()
		h.m.seconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
		h.m.cacheBytes.Set(float64(h.reader.cache.size()))
	})
}

// api serves JSON to holders of a token.
func (h *Handler) api(route string, serve func(w http.ResponseWriter, r *http.Request, q url.Values, tenant Tenant) error) http.Handler {
	return h.count(route, func(w http.ResponseWriter, r *http.Request) {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			badParameter.because("The query string cannot be read: percent-encode spaces, & and + in values.").write(w)
			return
		}
		tenant, err := h.access.Load().tenant(r, q.Get("tenant"))
		if err == nil {
			err = serve(w, r, q, tenant)
		}
		if err != nil {
			h.fail(r, err).write(w)
		}
	})
}

// fail turns an error into a problem, and logs what an operator must know.
func (h *Handler) fail(r *http.Request, err error) *problem {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && r.Context().Err() != context.Canceled {
		h.log.Warn("request not answered", "path", r.URL.Path, "status", p.Status, "err", err)
	}
	return p
}

// recorder remembers the status code.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController find the writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// only refuses query parameters that a route does not know: a misspelt one would otherwise be ignored in silence.
func only(q url.Values, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(known, name) {
			return parameter(name, fmt.Sprintf("There is no parameter %q.", name), known...)
		}
	}
	return nil
}

// items returns the comma-separated values of a parameter, which may be repeated.
func items(q url.Values, name string) []string {
	var out []string
	for _, v := range q[name] {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" && !slices.Contains(out, item) {
				out = append(out, item)
			}
		}
	}
	return out
}
