package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/config"
)

// answerTimeout is longer than the server's own limit, so that its explanation arrives.
const answerTimeout = 30 * time.Second

// client asks a running Vigia.
type client struct {
	server, token, tokenFile, tenant string

	http *http.Client // how the server of the configuration is asked; nil for others
}

func (c *client) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.server, "server", "", "`URL` of the server (or VIGIA_SERVER; default: where the configuration listens)")
	f.StringVar(&c.token, "token", "", "read `token` (or VIGIA_TOKEN; other users of this machine can see arguments, --token-file is safer)")
	f.StringVar(&c.tokenFile, "token-file", "", "`file` with the read token")
	f.StringVar(&c.tenant, "tenant", "", "tenant to read (default: that of the token, else the first)")
}

// resolve completes what the flags left open. The configuration's token is only ever sent where the configuration listens.
func (c *client) resolve(e *env) error {
	if c.token != "" && c.tokenFile != "" {
		return usage(errors.New("give --token or --token-file, not both"))
	}
	if c.tokenFile != "" {
		text, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		c.token = strings.TrimSpace(string(text))
	}
	c.token = cmp.Or(c.token, e.getenv("VIGIA_TOKEN"))
	if c.server = cmp.Or(c.server, e.getenv("VIGIA_SERVER")); c.server == "" {
		if err := c.fromConfig(e); err != nil {
			return err
		}
	}
	if !strings.Contains(c.server, "://") {
		c.server = "http://" + c.server
	}
	u, err := url.Parse(c.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage(fmt.Errorf("%q is not the address of a server; write it like http://127.0.0.1:8420", c.server))
	}
	c.server = strings.TrimSuffix(c.server, "/")
	return nil
}

func (c *client) fromConfig(e *env) error {
	cfg, err := e.config()
	if errors.Is(err, fs.ErrNotExist) {
		c.server = config.Default().Listen
		return nil
	}
	if err != nil {
		return err
	}
	c.server = ownURL(cfg.Listen, cfg.TLS)
	if c.http, err = ownClient(cfg.TLS); err != nil {
		return err
	}
	for i := range cfg.Tenants {
		if t := &cfg.Tenants[i]; c.token == "" && (c.tenant == "" || c.tenant == t.Name) {
			if token, ok := config.Plain(t.ReadTokens); ok {
				c.token = token.Reveal()
			}
		}
	}
	return nil
}

// browsable turns an address that is listened on into one that can be asked.
func browsable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// get asks for a resource and decodes the answer. A problem of the server becomes an error that says what the server says.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	body, err := c.fetch(ctx, path, query)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("what %s answers is not Vigia's: %w; does --server name the right one?", c.server, err)
	}
	return nil
}

// fetch asks for a resource and returns it as it is answered.
func (c *client) fetch(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if c.tenant != "" {
		query.Set("tenant", c.tenant)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	r.Header.Set("User-Agent", "vigia/"+build().Version)
	answer, err := cmp.Or(c.http, http.DefaultClient).Do(r)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, &exitError{exitUnreachable, fmt.Errorf("no answer from %s: %w; is `vigia run` running there? --server names another", c.server, bare(err))}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 256<<20))
	if err != nil {
		return nil, &exitError{exitUnreachable, fmt.Errorf("the answer of %s broke off: %w", c.server, err)}
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(c.server, answer, body)
	}
	return body, nil
}

// bare drops the method and the URL, which the message around it has.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// refusal makes an error of an RFC 9457 problem.
func refusal(server string, answer *http.Response, body []byte) error {
	var p struct {
		Detail, Parameter string
		Allowed           []string
	}
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("%s answers %s, not as Vigia does; does --server name the right one?", server, answer.Status)
	}
	message := p.Detail
	if len(p.Allowed) > 0 {
		message += " Use one of: " + strings.Join(p.Allowed, ", ") + "."
	}
	err := errors.New(message)
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return usage(err)
	case http.StatusUnauthorized:
		return fmt.Errorf("%w (--token-file, VIGIA_TOKEN)", err)
	}
	return err
}
