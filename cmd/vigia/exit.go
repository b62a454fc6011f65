package main

import (
	"context"
	"errors"
	"net"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
)

// The exit codes, for ever. exitCodesHelp says the same to people.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitPartial     = 4
	exitInterrupted = 130
)

const exitCodesHelp = `Every command of vigia ends with one of these exit codes:

  0    done; a check found nothing
  1    failed, or a check found something; stderr (or the data, with --format json) says what
  2    usage: no such command, flag, argument or role
  3    cannot reach Kafka, Redis or the Vigia server
  4    partial: it ended, but left something out and said what
  130  interrupted before it was done (Ctrl-C, SIGTERM)

` + "`vigia run` and `vigia demo` work until they are interrupted: for them Ctrl-C and SIGTERM are the way to stop, and after a clean stop they exit with 0.\n"

func newExitCodesTopic(*env) *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp}
}

// exitError is an error that has chosen its exit code. With err nil there is nothing to say any more.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks an error as a mistake on the command line.
func usage(err error) error { return &exitError{exitUsage, err} }

// partial marks an error as "done, except for".
func partial(err error) error { return &exitError{exitPartial, err} }

// failed ends with exit code 1 and without another word: everything has been said.
func failed() error { return &exitError{exitFailed, nil} }

// exitCode maps an error to the exit code. began tells whether the command line was understood and the command has begun.
func exitCode(ctx context.Context, err error, began bool) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if !began {
		return exitUsage
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	_, server := errors.AsType[*app.UnreachableError](err)
	_, network := errors.AsType[*net.OpError](err)
	if server || network && !isListen(err) {
		return exitUnreachable
	}
	return exitFailed
}

// isListen reports whether an error is about opening a port of our own.
func isListen(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "listen"
}
