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
var dimensions = []string{"channel", "queue", "team", "agent", "topic"}

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
	has := func(what func(v kpi.Value) bool) bool { return slices.ContainsFunc(values, what) }
	scored := has(func(v kpi.Value) bool { return v.Mean != nil })
	if scored {
		header = append(header, "MEAN")
	}
	based := has(func(v kpi.Value) bool { return v.Basis != "" })
	if based {
		header = append(header, "BASIS")
	}
	compared := has(func(v kpi.Value) bool { return v.Baseline != nil })
	if compared {
		header = append(header, "BASELINE", "CHANGE")
	}
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
		if v.Hidden {
			number = fmt.Sprintf("n < %d", v.MinN)
		}
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
		if scored {
			mean := ""
			if v.Mean != nil && v.Mean.Known() {
				mean = strconv.FormatFloat(v.Mean.Float(), 'f', 2, 64)
			}
			row = append(row, mean)
		}
		if based {
			row = append(row, v.Basis)
		}
		if compared {
			row = append(row, comparedWith(v)...)
		}
		rows = append(rows, row)
	}
	if err := writeTable(w, rows); err != nil {
		return err
	}
	for _, v := range values {
		if err := writeDetails(w, v, by); err != nil {
			return err
		}
	}
	return nil
}

// comparedWith is the baseline and the difference; a difference that chance would not bring is marked !.
func comparedWith(v kpi.Value) []string {
	b := v.Baseline
	if b == nil {
		return []string{"", ""}
	}
	change := ""
	if b.Difference.Known() {
		if change = readable(b.Difference, v.Unit); b.Difference.Float() > 0 {
			change = "+" + change
		}
		if b.Significant != nil && *b.Significant {
			change += " !"
		}
	}
	return []string{readable(b.Value, v.Unit), change}
}

// writeDetails prints what does not fit into a line of the table: how often each score was given, the steps of a series.
func writeDetails(w io.Writer, v kpi.Value, by []string) error {
	if len(v.Distribution) == 0 && len(v.Series) == 0 {
		return nil
	}
	name := []string{v.KPI, v.Definition}
	for _, d := range by {
		name = append(name, v.Group[d])
	}
	if _, err := fmt.Fprintf(w, "\n%s\n", strings.Join(name, " ")); err != nil {
		return err
	}
	var rows [][]string
	for _, bin := range v.Distribution {
		rows = append(rows, []string{string(bin.Score), strconv.FormatInt(bin.N, 10)})
	}
	for _, s := range v.Series {
		row := []string{s.At, readable(s.Value, v.Unit)}
		switch {
		case !s.Low.Known() || !s.High.Known():
		case v.Unit == kpi.Ratio:
			row = append(row, readable(s.Low, v.Unit)+" – "+readable(s.High, v.Unit))
		default:
			row = append(row, short(s.Low)+"–"+short(s.High))
		}
		if s.N > 0 {
			row = append(row, fmt.Sprint("n=", s.N))
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}

func short(n kpi.Number) string { return strconv.FormatFloat(n.Float(), 'f', 1, 64) }

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
	case kpi.Points:
		return short(n)
	case kpi.Factor, kpi.Money:
		return strconv.FormatFloat(n.Float(), 'f', 2, 64)
	}
	if _, err := strconv.ParseInt(string(n), 10, 64); err != nil { // a mean of counts
		return strconv.FormatFloat(n.Float(), 'f', 2, 64)
	}
	return string(n)
}

// seconds writes a duration in its two largest units.
func seconds(s float64) string {
	if s < 0 {
		return "-" + seconds(-s)
	}
	if s < 10 {
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
		"target_s", "short_abandon_s", "as_of", "freshness_s", "complete",
		"mean", "basis", "hidden", "min_n", "baseline", "baseline_n", "baseline_from", "baseline_to", "difference", "significant", "method")
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
		mean := ""
		if v.Mean != nil {
			mean = string(*v.Mean)
		}
		row = append(row, string(v.Params["target_s"]), string(v.Params["short_abandon_s"]), v.AsOf, string(v.FreshnessS), strconv.FormatBool(v.Complete))
		row = append(row, mean, v.Basis, strconv.FormatBool(v.Hidden), strconv.FormatInt(v.MinN, 10))
		row = append(row, baselineFields(v.Baseline)...)
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func baselineFields(b *kpi.Baseline) []string {
	if b == nil {
		return make([]string, 7)
	}
	significant := ""
	if b.Significant != nil {
		significant = strconv.FormatBool(*b.Significant)
	}
	return []string{string(b.Value), strconv.FormatInt(b.N, 10), b.From, b.To, string(b.Difference), significant, b.Method}
}
