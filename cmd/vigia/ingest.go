package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/sim"
)

// ingester sends events to a running Vigia.
type ingester struct{ server, token, tokenFile, tenant string }

func (i *ingester) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.server, "server", "", "`URL` of the server (or VIGIA_SERVER; default: where the configuration listens)")
	f.StringVar(&i.token, "token", "", "ingest `token` (or VIGIA_INGEST_TOKEN; other users of this machine can see arguments, --token-file is safer)")
	f.StringVar(&i.tokenFile, "token-file", "", "`file` with the ingest token")
	f.StringVar(&i.tenant, "tenant", "", "tenant of the configuration whose token is used (default: the first)")
}

// connect finds the server and the token. The configuration's token is only ever sent where the configuration listens.
func (i *ingester) connect(e *env, connections int) (*sim.Ingest, error) {
	if i.token != "" && i.tokenFile != "" {
		return nil, usage(errors.New("give --token or --token-file, not both"))
	}
	if i.tokenFile != "" {
		text, err := os.ReadFile(i.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		i.token = strings.TrimSpace(string(text))
	}
	i.token = cmp.Or(i.token, e.getenv("VIGIA_INGEST_TOKEN"))
	var secure *tls.Config // of the server of the configuration
	if i.server = cmp.Or(i.server, e.getenv("VIGIA_SERVER")); i.server == "" {
		cfg, err := e.config()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			cfg = config.Default()
		case err != nil:
			return nil, err
		}
		i.server = ownURL(cfg.Listen, cfg.TLS)
		if secure, err = ownTLS(cfg.TLS); err != nil {
			return nil, err
		}
		if t, err := tenantOf(cfg, i.tenant); err == nil && i.token == "" {
			token, _ := config.Plain(t.IngestTokens)
			i.token = token.Reveal()
		}
	}
	if i.token == "" {
		return nil, usage(errors.New("no ingest token: give one with --token-file or VIGIA_INGEST_TOKEN, or run where the configuration is"))
	}
	if !strings.Contains(i.server, "://") {
		i.server = "http://" + i.server
	}
	u, err := url.Parse(i.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage(fmt.Errorf("%q is not the address of a server; write it like http://127.0.0.1:8420", i.server))
	}
	return &sim.Ingest{URL: strings.TrimSuffix(i.server, "/") + connector.Path, Token: i.token, Client: &http.Client{
		Timeout: answerTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: connections, Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure},
	}}, nil
}
