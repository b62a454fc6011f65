package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// formats of everything that is a list.
var formats = []string{"table", "json", "jsonl", "csv"}

// dimensions in the order of columns; a dimension that no value has gets none.
var dimensions = []string{"channel", "queue", "team", "agent"}

// writeValues prints values in one of the formats: table for people, json (one array), jsonl (one value a line), csv with every field in a column of its own.
func writeValues(w io.Writer, format string, values []kpi.Value) error {
	switch format {
	case "json":
		return writeJSON(w, append([]kpi.Value{}, values...))
	case "jsonl":
		return writeLines(w, values)
	case "csv":
		return writeValuesCSV(w, values)
	}
	return writeValuesTable(w, values)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeLines[T any](w io.Writer, items []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, item := range items {
		if err := e.Encode(item); err != nil {
			return err
		}
	}
	return nil
}

// grouped returns the dimensions that some value has.
func grouped(values []kpi.Value) []string {
	return slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool {
		return !slices.ContainsFunc(values, func(v kpi.Value) bool { _, ok := v.Group[d]; return ok })
	})
}

func writeValuesTable(w io.Writer, values []kpi.Value) error {
	by := grouped(values)
	manyPeriods := slices.ContainsFunc(values, func(v kpi.Value) bool { return v.From != values[0].From && v.Value.Known() && v.From != v.To })
	header := []string{"KPI", "DEFINITION"}
	if manyPeriods {
		header = append(header, "FROM")
	}
	for _, d := range by {
		header = append(header, strings.ToUpper(d))
	}
	header = append(header, "VALUE", "N", "95 %", "P50", "P90", "P99")
	rows := [][]string{header}
	for _, v := range values {
		row := []string{v.KPI, v.Definition}
		if manyPeriods {
			row = append(row, v.From)
		}
		for _, d := range by {
			row = append(row, v.Group[d])
		}
		number := readable(v.Value, v.Unit)
		if !v.Complete {
			number += " *"
		}
		interval := ""
		if v.Low.Known() && v.High.Known() {
			interval = readable(v.Low, v.Unit) + "–" + readable(v.High, v.Unit)
		}
		row = append(row, number, strconv.FormatInt(v.N, 10), interval)
		for _, p := range []*kpi.Number{v.P50, v.P90, v.P99} {
			if p == nil || !p.Known() {
				row = append(row, "")
			} else {
				row = append(row, readable(*p, v.Unit))
			}
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}

// writeTable aligns columns; the first row is the header. Lines end where their text ends.
func writeTable(w io.Writer, rows [][]string) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// readable writes a number as people read it: 79.0 %, 1m05s, 12. What is not known is a dash.
func readable(n kpi.Number, unit kpi.Unit) string {
	if !n.Known() {
		return "–"
	}
	switch unit {
	case kpi.Ratio:
		return strconv.FormatFloat(100*n.Float(), 'f', 1, 64) + " %"
	case kpi.Seconds:
		return seconds(n.Float())
	}
	return string(n)
}

// seconds writes a duration in its two largest units.
func seconds(s float64) string {
	if math.Abs(s) < 10 {
		return strconv.FormatFloat(s, 'f', 1, 64) + "s"
	}
	d := time.Duration(math.Round(s)) * time.Second
	if d >= 48*time.Hour {
		return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	}
	if d >= time.Hour {
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	if d >= time.Minute {
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

func writeValuesCSV(w io.Writer, values []kpi.Value) error {
	by := grouped(values)
	c := csv.NewWriter(w)
	header := append([]string{"kpi", "definition", "version", "tenant"}, by...)
	header = append(header, "from", "to", "value", "unit", "n", "numerator", "denominator", "low", "high", "p50", "p90", "p95", "p99",
		"target_s", "short_abandon_s", "as_of", "freshness_s", "complete")
	if err := c.Write(header); err != nil {
		return err
	}
	for _, v := range values {
		row := []string{v.KPI, v.Definition, strconv.Itoa(v.Version), v.Tenant}
		for _, d := range by {
			row = append(row, v.Group[d])
		}
		row = append(row, v.From, v.To, string(v.Value), string(v.Unit), strconv.FormatInt(v.N, 10), string(v.Numerator), string(v.Denominator), string(v.Low), string(v.High))
		for _, p := range []*kpi.Number{v.P50, v.P90, v.P95, v.P99} {
			if p == nil {
				row = append(row, "")
			} else {
				row = append(row, string(*p))
			}
		}
		row = append(row, string(v.Params["target_s"]), string(v.Params["short_abandon_s"]), v.AsOf, string(v.FreshnessS), strconv.FormatBool(v.Complete))
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
