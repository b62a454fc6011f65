package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestBoardsAreUpToDate generates the boards and compares them with the files.
func TestBoardsAreUpToDate(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(made) != len(boards()) {
		t.Fatalf("%d boards, %v", len(made), err)
	}
	for _, name := range made {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("..", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what the code makes: run `go run .` in deploy/grafana/gen and commit the result", filepath.Base(name))
		}
	}
	kept, err := filepath.Glob("../*.json")
	if err != nil || len(kept) != len(made) {
		t.Errorf("deploy/grafana holds %d boards, the code makes %d (%v)", len(kept), len(made), err)
	}
}

// boardFile is a board as Grafana reads it.
type boardFile struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Editable   bool   `json:"editable"`
	Templating struct {
		List []struct {
			Name, Type string
			Query      any `json:"query"`
			Datasource any `json:"datasource"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panelFile `json:"panels"`
}

type panelFile struct {
	ID          int `json:"id"`
	Type        string
	Title       string
	Description string
	Datasource  any `json:"datasource"`
	FieldConfig struct {
		Defaults struct{ Unit string } `json:"defaults"`
	} `json:"fieldConfig"`
	GridPos struct{ X, Y, W, H int } `json:"gridPos"`
	Targets []struct {
		Expr       string `json:"expr"`
		RefID      string `json:"refId"`
		Datasource any    `json:"datasource"`
	} `json:"targets"`
}

func readBoards(t *testing.T) []boardFile {
	t.Helper()
	var out []boardFile
	for _, b := range boards() {
		text, err := os.ReadFile(filepath.Join("..", b.file()))
		if err != nil {
			t.Fatal(err)
		}
		var f boardFile
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// shownIn75 are the kinds of panels that Grafana 7.5 has.
var shownIn75 = []string{"row", "stat", "timeseries", "gauge", "bargauge", "barchart", "table", "heatmap", "piechart", "text"}

// TestBoardsAreComplete: every panel says what it shows, in which unit, and works in old and new Grafanas.
func TestBoardsAreComplete(t *testing.T) {
	for _, b := range readBoards(t) {
		if b.Editable || b.UID == "" || b.Title == "" {
			t.Errorf("%s: editable, or without a uid or title", b.UID)
		}
		want := []string{"datasource", "tenant", "queue", "channel", "window"}
		if b.UID == "vigia-pipeline" {
			want = want[:1]
		}
		var names []string
		for _, v := range b.Templating.List {
			names = append(names, v.Name)
			if v.Type == "query" {
				if _, plain := v.Query.(string); !plain || v.Datasource != "$datasource" {
					t.Errorf("%s: variable %s has query %v of %v: Grafana 7.5 needs plain strings", b.UID, v.Name, v.Query, v.Datasource)
				}
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: variables %v, want %v", b.UID, names, want)
		}
		ids := map[int]bool{}
		for i, p := range b.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s: panel %q has id %d", b.UID, p.Title, p.ID)
			}
			ids[p.ID] = true
			if !slices.Contains(shownIn75, p.Type) {
				t.Errorf("%s: panel %q is a %s", b.UID, p.Title, p.Type)
			}
			if p.GridPos.X+p.GridPos.W > 24 || p.GridPos.H == 0 {
				t.Errorf("%s: panel %q lies at %+v", b.UID, p.Title, p.GridPos)
			}
			for _, o := range b.Panels[:i] {
				if p.GridPos.X < o.GridPos.X+o.GridPos.W && o.GridPos.X < p.GridPos.X+p.GridPos.W && p.GridPos.Y < o.GridPos.Y+o.GridPos.H && o.GridPos.Y < p.GridPos.Y+p.GridPos.H {
					t.Errorf("%s: panels %q and %q overlap", b.UID, o.Title, p.Title)
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 || p.Datasource != "$datasource" {
				t.Errorf("%s: panel %d %q lacks a title, a description, a unit, a query or the data source of the variable", b.UID, p.ID, p.Title)
			}
			for _, q := range p.Targets {
				if q.RefID == "" || q.Expr == "" || q.Datasource != "$datasource" {
					t.Errorf("%s: a query of panel %q lacks its name, expression or data source", b.UID, p.Title)
				}
			}
		}
	}
}
