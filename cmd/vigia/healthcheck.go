package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/config"
)

func newHealthcheckCommand(e *env) *cobra.Command {
	var address string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server of this machine whether it is alive (for containers)",
		Long: `Ask /livez of the admin listener, as the configuration says, or the URL that is given, and say nothing when all is well. For the HEALTHCHECK of a container, which
has no other program in it. With --url http://127.0.0.1:8421/readyz it waits for readiness instead: servers answer and the worker has caught up.

It exits with 0 when the answer is 200, 1 when it is another, 3 when there is none, 2 when the URL is none.`,
		Example: "  vigia healthcheck\n  vigia healthcheck --url http://127.0.0.1:8421/readyz",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return e.healthcheck(ctx, address)
		},
	}
	cmd.Flags().StringVar(&address, "url", "", "`URL` to ask (default: /livez where the configuration says)")
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long an answer may take")
	_ = cmd.RegisterFlagCompletionFunc("url", cobra.NoFileCompletions)
	return cmd
}

func (e *env) healthcheck(ctx context.Context, address string) error {
	client := http.DefaultClient
	if address == "" {
		cfg, err := e.config()
		if errors.Is(err, fs.ErrNotExist) {
			cfg, err = config.Default(), nil
		}
		if err != nil {
			return err
		}
		address = ownURL(cfg.AdminAddress(), cfg.AdminListenerTLS()) + "/livez"
		if client, err = ownClient(cfg.AdminListenerTLS()); err != nil {
			return err
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage(fmt.Errorf("%q is not a URL; write it like http://127.0.0.1:8421/readyz", address))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return usage(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return &exitError{exitUnreachable, fmt.Errorf("no answer from %s: %w", address, bare(err))}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		const most = 1 << 10
		body, _ := io.ReadAll(io.LimitReader(answer.Body, most))
		return fmt.Errorf("%s answers %s: %s", address, answer.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
