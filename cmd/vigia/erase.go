package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/event"
)

func newEraseCommand(e *env) *cobra.Command {
	var to ingester
	cmd := &cobra.Command{
		Use:   "erase id... | -",
		Short: "Forget customers for good",
		Long: `Forget customers: every conversation with them, what is known of them over all conversations, and who they are in alerts. What was counted stays, as numbers of nobody. It cannot
be undone: the wish stands in the log, so that a replay, a rebuild or an older copy of Redis comes to the same, and what happened before and is delivered again is left out.

An id is what the channels know a customer by, such as a phone number or a mail address, or the pseudonym that ` + "`vigia conversations`" + ` and alerts show. Give all ids of the person: Vigia
does not know which belong together. With - the ids are read from standard input, one a line, where other users of this machine cannot see them.

The workers do it when they come to that place of the log, as a rule within a second. Kafka keeps events, which hold pseudonyms, until its retention ends.`,
		Example: "  vigia erase +573001234567 ana@example.com\n  vigia erase - < wishes.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids := args
			if slices.Contains(args, "-") {
				if len(args) > 1 {
					return usage(errors.New("give ids, or - to read them from standard input, not both"))
				}
				var err error
				if ids, err = readIDs(os.Stdin); err != nil {
					return err
				}
			}
			return e.erase(cmd.Context(), &to, ids)
		},
	}
	to.flags(cmd)
	return cmd
}

// readIDs reads one id a line; empty lines are left out.
func readIDs(r io.Reader) (ids []string, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" {
			ids = append(ids, id)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if len(ids) == 0 {
		return nil, usage(errors.New("standard input holds no id: write one a line"))
	}
	return ids, nil
}

func (e *env) erase(ctx context.Context, to *ingester, ids []string) error {
	for n, id := range ids {
		if strings.TrimSpace(id) == "" {
			return usage(fmt.Errorf("id %d is empty", n+1))
		}
	}
	var events []*event.Event
	// A worker looks through all its conversations for each event, so one is about as many ids as it can hold.
	for some := range slices.Chunk(ids, 1+event.MaxIdentities) {
		b := event.CustomerIdentity{Change: event.IdentityErased}
		for _, id := range some[1:] {
			b.Identities = append(b.Identities, event.Identity{Value: id})
		}
		// Without an instant it is the server's: a clock here that is slow would spare what has just begun.
		events = append(events, &event.Event{Source: event.Source{Connector: "http"}, Customer: some[0], Actor: event.BySystem, Channel: event.Other, Body: b})
	}
	ingest, err := to.connect(e, 1)
	if err != nil {
		return err
	}
	for page := range slices.Chunk(events, 100) {
		if err := ingest.Send(ctx, page); err != nil {
			return err
		}
	}
	e.say("The log has the wish to forget %d: the workers do it when they come to it, as a rule within a second.", len(ids))
	return nil
}
