package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// conversation is what tables show of an open conversation; the JSON formats print all that the server says.
type conversation struct {
	Conversation, Channel, Queue, Team, Agent, Customer, State, Clock, Link string

	DueAt        string     `json:"due_at"`
	LateS        kpi.Number `json:"late_s"`
	OpenedAt     string     `json:"opened_at"`
	WaitingSince string     `json:"waiting_since"`
}

func newConversationsCommand(e *env) *cobra.Command {
	var (
		c              client
		queue, channel []string
		limit          int
		format         string
	)
	cmd := &cobra.Command{
		Use:   "conversations",
		Short: "Print open conversations, due soonest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.resolve(e); err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, values := range map[string][]string{"queue": queue, "channel": channel} {
				if len(values) > 0 {
					query.Set(name, strings.Join(values, ","))
				}
			}
			var answer struct {
				Conversations  []json.RawMessage
				Total, Overdue int
				AsOf           string `json:"as_of"`
				Complete       bool
			}
			if err := c.get(cmd.Context(), "/api/v1/conversations", query, &answer); err != nil {
				return err
			}
			if err := writeConversations(e.stdout, format, answer.Conversations); err != nil {
				return err
			}
			shown := ""
			if n := len(answer.Conversations); n < answer.Total {
				shown = fmt.Sprintf(" (the first %d are shown, --limit shows more)", n)
			}
			incomplete := ""
			if !answer.Complete {
				incomplete = "; incomplete: something is missing, or not known yet"
			}
			e.say("%d open%s, %d overdue, as of %s%s", answer.Total, shown, answer.Overdue, answer.AsOf, incomplete)
			return nil
		},
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&queue, "queue", nil, "only these queues")
	f.StringSliceVar(&channel, "channel", nil, "only these channels")
	f.IntVar(&limit, "limit", 100, "at most this many, up to 1000")
	formatFlag(cmd, &format, formats...)
	return cmd
}

func writeConversations(w io.Writer, format string, raw []json.RawMessage) error {
	switch format {
	case "json":
		return writeJSON(w, append([]json.RawMessage{}, raw...))
	case "jsonl":
		return writeLines(w, raw)
	}
	list := make([]conversation, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &list[i]); err != nil {
			return fmt.Errorf("the server describes a conversation in a way that this version does not know: %w", err)
		}
	}
	if format == "csv" {
		return writeConversationsCSV(w, list)
	}
	rows := [][]string{{"STATE", "CLOCK", "DUE", "LATE", "CHANNEL", "QUEUE", "AGENT", "CONVERSATION", "LINK"}}
	for _, c := range list {
		late := ""
		if c.LateS.Known() {
			late = seconds(c.LateS.Float())
		}
		rows = append(rows, []string{c.State, c.Clock, c.DueAt, late, c.Channel, c.Queue, c.Agent, c.Conversation, c.Link})
	}
	return writeTable(w, rows)
}

func writeConversationsCSV(w io.Writer, list []conversation) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"conversation", "channel", "queue", "team", "agent", "customer", "state", "clock", "due_at", "late_s", "opened_at", "waiting_since", "link"}}
	for _, v := range list {
		rows = append(rows, []string{v.Conversation, v.Channel, v.Queue, v.Team, v.Agent, v.Customer, v.State, v.Clock, v.DueAt, string(v.LateS), v.OpenedAt, v.WaitingSince, v.Link})
	}
	return c.WriteAll(rows)
}
