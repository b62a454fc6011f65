package kpi

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/window"
)

// Entry is a KPI as the catalogue is published: by the API and by `vigia catalog`.
type Entry struct {
	ID          string             `json:"id"`
	Version     int                `json:"version"`
	Unit        Unit               `json:"unit"`
	Better      Better             `json:"better"`
	Now         bool               `json:"now"`
	Goal        string             `json:"goal,omitempty"`
	MinN        int64              `json:"min_n,omitempty"`
	Title       Text               `json:"title"`
	Explain     Text               `json:"explain"`
	Definitions []EntryDefinition  `json:"definitions"`
	Dimensions  []window.Dimension `json:"dimensions"`
	// Presets names, for each preset, its definition of the KPI.
	Presets map[string]string `json:"presets"`
	Example string            `json:"example"`
}

// EntryDefinition is one definition of an [Entry].
type EntryDefinition struct {
	ID      string `json:"id"`
	Default bool   `json:"default"`
	Explain Text   `json:"explain"`
}

// Entries returns the catalogue as it is published.
func Entries() []Entry {
	out := make([]Entry, 0, len(catalog))
	for _, d := range catalog {
		e := Entry{ID: d.ID, Version: d.Version, Unit: d.Unit, Better: d.Better, Now: d.Instant(), Goal: d.Goal, MinN: d.MinN, Title: d.Title, Explain: d.Explain, Dimensions: d.Dimensions,
			Presets: map[string]string{}, Example: d.Example()}
		for i := range d.Definitions {
			def := &d.Definitions[i]
			e.Definitions = append(e.Definitions, EntryDefinition{def.ID, slices.Contains(d.Default, def.ID), def.Explain})
		}
		for i := range presets {
			if id := presets[i].Definitions[d.ID]; id != "" {
				e.Presets[presets[i].Name] = id
			}
		}
		out = append(out, e)
	}
	return out
}
