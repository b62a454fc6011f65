package notify

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// StdoutConfig is a receiver that prints, for a first look and for logs that somebody else collects.
type StdoutConfig struct {
	Format string `yaml:"format"` // text (the default) or json, one line a notice
}

func (c *StdoutConfig) files() []File { return nil }

func (c *StdoutConfig) check(k *checker) {
	if c.Format != "" && c.Format != "text" && c.Format != "json" {
		k.add("format", "%q is no format; use text or json", c.Format)
	}
}

func (c *StdoutConfig) open(o Options) (Notifier, error) {
	return &stdout{sinkName: "stdout", out: o.Stdout, json: c.Format == "json"}, nil
}

type stdout struct {
	sinkName
	json bool
	mu   sync.Mutex // one notice at a time
	out  io.Writer
}

// Notify prints n: title and indented text, or the JSON that a webhook gets.
func (s *stdout) Notify(ctx context.Context, n Notice) error {
	if err := ctx.Err(); err != nil {
		return &Error{Retry: true, Err: err}
	}
	line := Title(n) + "\n  " + strings.ReplaceAll(Text(n), "\n", "\n  ")
	if s.json {
		body, err := WebhookBody(n)
		if err != nil {
			return &Error{Err: err}
		}
		line = string(body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.out, line+"\n"); err != nil {
		return &Error{Retry: true, Err: fmt.Errorf("standard output: %w", err)}
	}
	return nil
}
