package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/notify"
)

func newWebhookCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Try out alerts that are sent as webhooks",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newWebhookListenCommand(e))
	return cmd
}

// webhookFlags are the flags of `vigia webhook listen`.
type webhookFlags struct {
	listen     string
	secrets    []string
	secretFile string
	answers    string
	retryAfter time.Duration
	count      int
	format     string
}

func newWebhookListenCommand(e *env) *cobra.Command {
	var f webhookFlags
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Show what a receiver of webhooks would get, and check its signature",
		Long: `Listen for webhooks and print each one: its type, its id, the attempt, whether its signature is good or why not, and its title. With --format json each is a line of
JSON on stdout, with the body.

--answer says what the sender is told: a status, or several that are used in turn, the last one for all that follow, to see how deliveries are repeated. A webhook whose
signature is wrong is answered 401, something that is no webhook 400.

Exit codes: 0 after Ctrl-C, or after --count webhooks that were all as they should be; 1 when one of those was not, or the port is taken; 2 usage.`,
		Example: `  vigia webhook listen --secret whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0
  vigia webhook listen --secret-file webhook.secret --answer 500,429,200
  vigia webhook listen --count 1 --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := f.listener(e)
			if err != nil {
				return err
			}
			return l.run(cmd.Context(), f.listen)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8422", "`address` to listen on")
	flags.StringArrayVar(&f.secrets, "secret", nil, "`secret` of the signatures, whsec_…; may be repeated while one is changed (or VIGIA_WEBHOOK_SECRET)")
	flags.StringVar(&f.secretFile, "secret-file", "", "`file` with secrets, one a line")
	flags.StringVar(&f.answers, "answer", "200", "`status` to answer with, or several in turn: 500,429,200")
	flags.DurationVar(&f.retryAfter, "retry-after", 0, "ask the sender to wait this long, with every answer that is no success")
	flags.IntVar(&f.count, "count", 0, "end after this many webhooks (0: never)")
	formatFlag(cmd, &f.format, "text", "json")
	return cmd
}

// listener makes what the flags ask for.
func (f *webhookFlags) listener(e *env) (*webhookListener, error) {
	l := &webhookListener{env: e, json: f.format == "json", retryAfter: f.retryAfter, left: f.count, attempts: map[string]int{}, enough: make(chan struct{})}
	if f.count < 0 {
		return nil, usage(fmt.Errorf("--count %d: use 1 or more, or leave it out", f.count))
	}
	if f.retryAfter < 0 {
		return nil, usage(fmt.Errorf("--retry-after %s: use a time from now on, as 5s", f.retryAfter))
	}
	for text := range strings.SplitSeq(f.answers, ",") {
		status, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || status < 200 || status > 599 {
			return nil, usage(fmt.Errorf("--answer %q: use statuses from 200 to 599, as 200 or 500,429,200", f.answers))
		}
		l.answers = append(l.answers, status)
	}
	secrets := f.secrets
	if f.secretFile != "" {
		if len(secrets) > 0 {
			return nil, usage(errors.New("--secret and --secret-file: use one of them"))
		}
		text, err := os.ReadFile(f.secretFile)
		if err != nil {
			return nil, err
		}
		secrets = strings.Fields(string(text))
		if len(secrets) == 0 {
			return nil, fmt.Errorf("%s is empty; write the secret of the webhook receiver into it", f.secretFile)
		}
	}
	if len(secrets) == 0 {
		secrets = strings.Fields(e.getenv("VIGIA_WEBHOOK_SECRET"))
	}
	for _, s := range secrets {
		if err := notify.CheckSecret(notify.Secret(s)); err != nil {
			return nil, usage(fmt.Errorf("the secret %w", err))
		}
		l.secrets = append(l.secrets, notify.Secret(s))
	}
	return l, nil
}

// run listens until it is told to stop or has had enough.
func (l *webhookListener) run(ctx context.Context, address string) error {
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen at %s; name another address with --listen: %w", address, err)
	}
	server := &http.Server{Handler: l, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second, MaxHeaderBytes: 16 << 10}
	l.env.say("Waiting for webhooks at http://%s/ — Ctrl-C stops it", browsable(socket.Addr().String()))
	if len(l.secrets) == 0 {
		l.env.say("Signatures are not checked: give the receiver's secret with --secret or --secret-file.")
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	case <-l.enough:
	}
	// Whoever was just answered gets the answer.
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(down); err != nil {
		_ = server.Close()
	}
	if l.wrong() {
		return failed()
	}
	return nil
}

// status returns the answer to the next webhook that is as it should be.
func (l *webhookListener) status() int {
	status := l.answers[0]
	if len(l.answers) > 1 {
		l.answers = slices.Delete(l.answers, 0, 1)
	}
	return status
}
