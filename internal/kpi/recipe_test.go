package kpi

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecipe follows recipe.md word for word on a copy laid over the tree: the KPI must be whole, and the oracle must agree with it.
func TestRecipe(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages anew")
	}
	text, err := os.ReadFile("recipe.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(text), "```") {
		if i%2 == 1 {
			blocks = append(blocks, strings.TrimPrefix(part, "go\n"))
		}
	}
	if len(blocks) != 3 {
		t.Fatalf("the recipe has %d blocks of code, want the KPI, its line and the oracle's file", len(blocks))
	}
	list, err := os.ReadFile("catalog.go")
	if err != nil {
		t.Fatal(err)
	}
	const anchor = "	&serviceLevel,\n"
	if !strings.Contains(string(list), anchor) {
		t.Fatalf("catalog.go has no line %q", anchor)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	lay := func(path, content string) {
		t.Helper()
		to, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		from := filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(from, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[to] = from
	}
	lay("late_answer_rate.go", blocks[0])
	lay("catalog.go", strings.Replace(string(list), anchor, anchor+blocks[1], 1))
	lay("../oracle/late_answer_rate.go", blocks[2])
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"./internal/kpi", "-run", "TestCatalogIsComplete|TestMetricsAreStable|TestSplitsAddUp|TestShapes"},
		{"./internal/oracle/oracletest", "-run", "TestEngineEqualsOracle", "-short", "-v"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-overlay", file}, args...)...)
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go test %s: %v\n%s", args[0], err, out)
		}
	}
}
