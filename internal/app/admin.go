package app

import (
	"net/http"
	"net/http/pprof"
	"slices"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// healthPaths answer without a client certificate: those who ask have none.
var healthPaths = []string{"/livez", "/readyz", "/-/healthy", "/-/ready"}

// publicRoutes is what senders and readers reach.
func (a *App) publicRoutes(mux *http.ServeMux) {
	if a.connector != nil {
		mux.Handle(connector.Path, a.connector)
		a.hookRoutes(mux)
	}
	a.alertRoutes(mux)
	if a.exporter != nil {
		mux.Handle("/", a.exporter)
	}
}

// adminRoutes is what operators, probes and Prometheus reach.
func (a *App) adminRoutes(mux *http.ServeMux) {
	for _, path := range []string{"/livez", "/-/healthy"} {
		mux.HandleFunc("GET "+path, livez)
	}
	for _, path := range []string{"/readyz", "/-/ready"} {
		mux.HandleFunc("GET "+path, a.readyz)
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.opts.Registry, promhttp.HandlerOpts{Registry: a.opts.Registry, MaxRequestsInFlight: 4}))
	if kpis, ok := any(a.exporter).(interface{ MetricsKPI() http.Handler }); ok && a.exporter != nil {
		mux.Handle("GET /metrics/kpi", kpis.MetricsKPI())
	}
	mux.Handle("POST /-/reload", http.NewCrossOriginProtection().Handler(http.HandlerFunc(a.serveReload)))
	if a.cfg.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
}

func livez(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// guardAdmin refuses who may not look: without a certificate where one is asked for, and on loopback what names another host, as a page on the web does whose name was
// bound to 127.0.0.1.
func (a *App) guardAdmin(next http.Handler) http.Handler {
	private := config.Loopback(a.cfg.AdminAddress()) && !a.cfg.AdminTLS.Enabled()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case slices.Contains(healthPaths, r.URL.Path):
		case a.cfg.AdminTLS.ClientCAFile != "" && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0):
			http.Error(w, "a client certificate of the authorities in admin_tls.client_ca_file is needed here", http.StatusForbidden)
			return
		case private && !httpapi.Local(r.Host):
			http.Error(w, "the admin listener is for this machine; ask for localhost, or give admin an address that other machines can reach", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
