package kpi

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestReadme keeps README.md as the catalogue says it; -update writes it anew. recipe.md is the part that people write.
func TestReadme(t *testing.T) {
	recipe, err := os.ReadFile("recipe.md")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("<!-- Written by `go generate ./internal/kpi` from the catalogue and recipe.md; change those instead. -->\n# KPIs\n\n" +
		"Every value names its definition and carries what it rests on. Durations are in seconds and come with mean, p50, p90, p95 and p99 (percentiles at most 1.1 % off); ratios " +
		"that are shares come with their Wilson 95 % interval, net scores with the adjusted Wald interval. No data is `null`, a true zero is 0. What is counted, to the last edge case, is in " +
		"[DEFINITIONS.md](DEFINITIONS.md).\n\n| KPI | name | unit | better | definitions (default first) | by | goal |\n|---|---|---|---|---|---|---|\n")
	for _, d := range catalog {
		var defs, dims []string
		for _, def := range d.Resolve(nil) {
			defs = append(defs, "`"+def.ID+"`")
		}
		for _, id := range d.definitionIDs() {
			if !slices.Contains(d.Default, id) {
				defs = append(defs, "`"+id+"`")
			}
		}
		for _, dim := range d.Dimensions {
			dims = append(dims, string(dim))
		}
		unit := string(d.Unit)
		if d.Instant() {
			unit += ", now"
		}
		fmt.Fprintf(&b, "| [`%s`](#%[1]s) | %s | %s | %s | %s | %s | %s |\n", d.ID, d.Title.EN, unit, d.Better, strings.Join(defs, ", "), strings.Join(dims, ", "), d.Goal)
	}
	b.WriteString("\n## Presets\n\nThe name of a preset, wherever a definition is asked for, chooses its definition of every KPI; several are shown side by side. KPIs that it does not name have their default.\n\n" +
		"| preset | stands for | definitions |\n|---|---|---|\n")
	for _, p := range presets {
		var defs []string
		for _, d := range catalog {
			if id := p.Definitions[d.ID]; id != "" {
				defs = append(defs, fmt.Sprintf("`%s`: `%s`", d.ID, id))
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s. %s | %s |\n", p.Name, p.Title, p.Explain.EN, strings.Join(defs, ", "))
	}
	for _, d := range catalog {
		fmt.Fprintf(&b, "\n## %s\n\n%s · %s · %s\n\n%s\n", d.ID, d.Title.EN, d.Title.ES, d.Title.PT, d.Explain.EN)
		if len(d.Definitions) > 1 {
			b.WriteString("\n")
			for _, def := range d.Definitions {
				fmt.Fprintf(&b, "- `%s`: %s\n", def.ID, def.Explain.EN)
			}
		}
		fmt.Fprintf(&b, "\n    %s\n", d.Example())
	}
	b.WriteString("\n")
	b.Write(recipe)
	golden(t, "README.md", b.Bytes())
}

// TestPresetsExist: a preset must not name what the catalogue does not have.
func TestPresetsExist(t *testing.T) {
	for _, p := range presets {
		if p.Name == "" || p.Title == "" {
			t.Errorf("preset %q has no name or title", p.Name)
		}
		for _, lang := range Langs {
			if p.Explain.In(lang) == "" {
				t.Errorf("preset %s has no text in %s", p.Name, lang)
			}
		}
		for id, definition := range p.Definitions {
			d, err := ByID(id)
			if err != nil {
				t.Errorf("preset %s: %v", p.Name, err)
				continue
			}
			if _, ok := d.Definition(definition); !ok {
				t.Errorf("preset %s: %s has no definition %q", p.Name, id, definition)
			}
		}
	}
}
