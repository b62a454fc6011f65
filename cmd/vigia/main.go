// Command vigia computes contact-centre KPIs in real time. `vigia help` lists what it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks twice does not want to wait
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run does what args say and returns the exit code. Data goes to stdout, words to stderr. It ends early when ctx does.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	e := &env{getenv: getenv, stdout: stdout, stderr: stderr}
	root := newRoot(e)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(ctx, err, e.began)
	if code == exitInterrupted && errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "vigia: interrupted")
		return code
	}
	if message := strings.TrimSpace(err.Error()); message != "" {
		fmt.Fprintf(stderr, "vigia: %s\n", message)
	}
	if code == exitUsage {
		fmt.Fprintf(stderr, "See `%s --help`.\n", cmd.CommandPath())
	}
	return code
}
