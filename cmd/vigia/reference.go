package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// referenceColumns are those of an import, in any order.
var referenceColumns = []string{"from", "kind", "key", "value", "currency"}

func newReferenceCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reference",
		Short: "Tell Vigia numbers that no channel brings",
		Long: `Some KPIs need numbers that no channel brings. They hold from an instant on, until another one holds:

  customer_base              how many customers there are
  acquisition_cost           what winning one customer costs, with its currency
  channel_cost CHANNEL       what one contact on a channel costs, with its currency
  exchange_rate CURRENCY     what one unit of a currency is worth, with the other currency
  event_marker KIND          something happened that numbers are compared before and after: deploy, outage, price,
                             product, policy, bot, survey, staffing, campaign, season, other`,
	}
	cmd.AddCommand(newReferenceSetCommand(e), newReferenceImportCommand(e), newReferenceListCommand(e))
	return cmd
}

func newReferenceSetCommand(e *env) *cobra.Command {
	var to ingester
	var from, key, currency string
	cmd := &cobra.Command{
		Use:   "set kind [value]",
		Short: "Set one number",
		Example: "  vigia reference set customer_base 120000\n  vigia reference set exchange_rate 0.000245 --key COP --currency USD\n" +
			"  vigia reference set event_marker --key bot --from 2026-11-02T09:00:00-05:00",
		Args: cobra.RangeArgs(1, 2), ValidArgs: event.ReferenceTypes(),
		RunE: func(cmd *cobra.Command, args []string) error {
			row := map[string]string{"from": from, "kind": args[0], "key": key, "currency": currency}
			if len(args) > 1 {
				row["value"] = args[1]
			}
			ev, err := referenceEvent(row, time.Now())
			if err != nil {
				return usage(err)
			}
			return e.sendReference(cmd.Context(), &to, []*event.Event{ev})
		},
	}
	to.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&key, "key", "", "channel, currency or kind of event")
	f.StringVar(&currency, "currency", "", "currency of a cost or a rate, such as USD")
	f.StringVar(&from, "from", "", "since when, RFC 3339 or a date in UTC (default now)")
	return cmd
}

func newReferenceImportCommand(e *env) *cobra.Command {
	var to ingester
	cmd := &cobra.Command{
		Use:   "import file.csv",
		Short: "Set the numbers of a CSV file",
		Long: `Read a CSV file whose first line names the columns from, kind, key, value and currency, in any order; key and currency may be left out where nothing needs them. All lines are
checked before the first one is sent, and importing a file twice changes nothing.`,
		Example: "  vigia reference import numbers.csv\n  printf 'from,kind,value\\n2026-01-01,customer_base,118000\\n' | vigia reference import -",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := io.Reader(os.Stdin)
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			events, err := readReference(in, args[0], time.Now())
			if err != nil {
				return usage(err)
			}
			return e.sendReference(cmd.Context(), &to, events)
		},
	}
	to.flags(cmd)
	return cmd
}

// readReference reads a CSV file. The error joins what is wrong with it, each with its line.
func readReference(in io.Reader, name string, now time.Time) ([]*event.Event, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the first line must name the columns %s: %w", name, strings.Join(referenceColumns, ", "), err)
	}
	for i, column := range head {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(column, "\ufeff")))
		if !slices.Contains(referenceColumns, head[i]) {
			return nil, fmt.Errorf("%s:1: there is no column %q; use %s", name, column, strings.Join(referenceColumns, ", "))
		}
	}
	if !slices.Contains(head, "from") || !slices.Contains(head, "kind") {
		return nil, fmt.Errorf("%s:1: the columns from and kind are required", name)
	}
	var out []*event.Event
	var faults []error
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		row := map[string]string{}
		for i, cell := range cells {
			if i < len(head) {
				row[head[i]] = strings.TrimSpace(cell)
			}
		}
		ev, err := referenceEvent(row, now)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, line, err))
			continue
		}
		out = append(out, ev)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: holds no line but the first", name)
	}
	return out, nil
}

// referenceEvent makes the event of one number. Its id follows from its content, so that the same told again is a repeat.
func referenceEvent(row map[string]string, now time.Time) (*event.Event, error) {
	b := event.Reference{Key: row["key"], Currency: row["currency"]}
	var ok bool
	if b.Type, ok = event.ParseReferenceType(row["kind"]); !ok {
		return nil, fmt.Errorf("kind %q is unknown; use %s", row["kind"], strings.Join(event.ReferenceTypes(), ", "))
	}
	at := now
	if from := row["from"]; from != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, from); err != nil {
			if at, err = time.Parse(time.DateOnly, from); err != nil {
				return nil, fmt.Errorf("from %q is no instant; write 2026-11-02 or 2026-11-02T09:00:00-05:00", from)
			}
		}
	}
	if b.Type != event.EventMarker {
		value, err := strconv.ParseFloat(row["value"], 64)
		if err != nil {
			return nil, fmt.Errorf("value %q is no number; write it like 120000 or 0.5", row["value"])
		}
		if b.Value, err = event.Billionths(value); err != nil {
			return nil, err
		}
	} else if row["value"] != "" {
		return nil, errors.New("an event_marker has no value; its kind is the key")
	}
	native := strings.Join([]string{b.Type.String(), b.Key, at.UTC().Format(time.RFC3339Nano), strconv.FormatInt(b.Value, 10), b.Currency}, "/")
	ev := &event.Event{
		Source: event.Source{Connector: "http", NativeID: "reference/" + native}, At: at.UnixMilli(), Actor: event.BySystem, Channel: event.Other, Quality: event.QualitySecond, Body: b,
	}
	// What the server adds does not matter for what can be wrong here.
	checked := *ev
	checked.ID, checked.Tenant, checked.ReceivedAt = "x", "x", max(now.UnixMilli(), ev.At)
	return ev, checked.Validate()
}

func (e *env) sendReference(ctx context.Context, to *ingester, events []*event.Event) error {
	ingest, err := to.connect(e, 1)
	if err != nil {
		return err
	}
	for page := range slices.Chunk(events, 100) {
		if err := ingest.Send(ctx, page); err != nil {
			return err
		}
	}
	e.say("%d told.", len(events))
	return nil
}

// referenceNumber is one number as the API lists it.
type referenceNumber struct {
	Kind, Key, From, Currency string
	Value                     kpi.Number
}

func newReferenceListCommand(e *env) *cobra.Command {
	var c client
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the numbers that Vigia knows",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.resolve(e); err != nil {
				return err
			}
			var answer struct{ Reference []referenceNumber }
			if err := c.get(cmd.Context(), "/api/v1/reference", url.Values{}, &answer); err != nil {
				return err
			}
			if len(answer.Reference) == 0 {
				e.say("None are known: `vigia reference set` tells one.")
				return nil
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KIND\tKEY\tFROM\tVALUE\tCURRENCY")
			for _, n := range answer.Reference {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.Kind, cmp.Or(n.Key, "-"), n.From, cmp.Or(string(n.Value), "-"), cmp.Or(n.Currency, "-"))
			}
			return w.Flush()
		},
	}
	c.flags(cmd)
	return cmd
}
