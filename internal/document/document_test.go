package document_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/document"
)

// visit reads everything below a node. The keys of the document are a and b; a is a list.
func visit(n *document.Node, texts map[string]string) {
	switch {
	case n == nil || n.Null():
	case n.Path == "":
		for _, pair := range n.Fields([]string{"a", "b"}) {
			visit(pair.Value, texts)
		}
	case n.Scalar():
		texts[n.Path], _ = n.Text()
	case strings.HasSuffix(n.Path, "a"):
		for _, item := range n.Items() {
			visit(item, texts)
		}
	default:
		for _, pair := range n.Entries() {
			visit(pair.Value, texts)
		}
	}
}

func read(text, hidden string) (*document.File, map[string]string) {
	f, body := document.Parse("f.yaml", []byte(text), hidden)
	texts := map[string]string{}
	visit(body, texts)
	return f, texts
}

func TestValues(t *testing.T) {
	f, texts := read("\ufeffa: [one, &x 'two', *x, 3, ~]\r\nb:\r\n  k.1: 1.50\r\n  k2: {deep: yes}\r\n", "")
	if len(f.Found) > 0 {
		t.Fatal(f.Finish(f.Found))
	}
	want := map[string]string{"a[0]": "one", "a[1]": "two", "a[2]": "two", "a[3]": "3", `b["k.1"]`: "1.50", `b["k2"]["deep"]`: "yes"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	if x := f.Finding(`b["k2"]["missing"]`, "m"); x.Line != 4 || x.Column != 7 || !f.Has("b") || f.Has("c") {
		t.Errorf("the nearest place is %d:%d", x.Line, x.Column)
	}
}

// TestMistakes: all at once, in the order of the file, each with its place.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"tabs": {"aa: 1\nb:\n\tx: 1\n", "f.yaml:3:1: not YAML: "},
		"keys": {
			"b: {x: 1, x: second}\naa: secret\n", `f.yaml:1:11: the key "x" stands here twice; keep one
    1 | b: {x: 1, x: second}
      |           ^
f.yaml:2:1: unknown key "aa"; did you mean "a"?
    2 | aa: secret
      | ^`,
		},
		"shapes": {
			"a: {x: 1}\nb: [1]\n", `f.yaml:1:4: a must be a list; write [a, b], or one item a line, each after a dash
    1 | a: {x: 1}
      |    ^
f.yaml:2:4: b must be a mapping of keys to values
    2 | b: [1]
      |    ^`,
		},
		"anchors": {
			"a: [*none, !!str x]\nb: {<<: {}}\n", `f.yaml:1:5: the alias *none has no anchor before it
    1 | a: [*none, !!str x]
      |     ^
f.yaml:1:12: tags such as !!str are not read here; remove it
    1 | a: [*none, !!str x]
      |            ^
f.yaml:2:5: merge keys ("<<") are not read here; write the values out
    2 | b: {<<: {}}
      |     ^`,
		},
		"endless": {"b: &x {k: *x}\n", "nested deeper than 64 levels"},
		"two":     {"a: []\n---\nb: {}\n", "f.yaml:3:1: a file is one document"},
		"no keys": {"words\n", "f.yaml:1:1: the file must be a mapping of keys to values"},
	} {
		f, _ := read(c.text, "")
		if got := f.Finish(f.Found).Error(); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

func TestHidden(t *testing.T) {
	f, _ := read("aa: hunter22\nb: {x: hunter23, x: hunter22}\n", "***")
	want := `f.yaml:1:1: unknown key "aa"; did you mean "a"?
    1 | aa: ***
      | ^
f.yaml:2:18: the key "x" stands here twice; keep one
    2 | b: {x: hunter23, x: ***}
      |                  ^`
	if diff := cmp.Diff(want, f.Finish(f.Found).Error()); diff != "" {
		t.Error(diff)
	}
	f, body := document.Parse("f.yaml", []byte("a: {k: !!str hunter22, l: '${hunter22}'}\n"), "***")
	a := body.Fields([]string{"a"})[0].Value
	a.Hide()
	a.Fault("wrong")
	if got := f.Finish(f.Found).Error(); !strings.Contains(got, "a: {k: *** ***, l: '${***}'}") {
		t.Error(got)
	}
	for _, hidden := range []string{"", "***"} {
		f, _ = document.Parse("f.yaml", []byte("password: hunter22\n  a: {\n"), hidden)
		if got := f.Finish(f.Found).Error(); !f.Broken() || strings.Contains(got, "hunter22") != (hidden == "") {
			t.Errorf("%q:\n%s", hidden, got)
		}
	}
}

// TestLongLines: what is shown ends soon after what is meant.
func TestLongLines(t *testing.T) {
	text := "a: [" + strings.Repeat("é, ", 100) + "!!str x, " + strings.Repeat("y", 200) + "]\n"
	f, _ := read(text, "")
	lines := strings.Split(f.Finish(f.Found).Error(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[1], "é, …") || len([]rune(lines[1])) != len([]rune(lines[2])) {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	f, _ = read("aa: "+strings.Repeat("é", 300)+"\n", "")
	if got := f.Finish(f.Found).Error(); !strings.Contains(got, "| aa: "+strings.Repeat("é", 156)+"…\n") {
		t.Error(got)
	}
}

// TestWithoutFile: what no file says has paths instead of places.
func TestWithoutFile(t *testing.T) {
	var f *document.File
	found := f.Finish(document.Findings{f.Finding("a[1]", "wrong"), f.Finding("", "nothing")})
	if got, want := found.Error(), "a[1]: wrong\nnothing"; got != want || f.Has("a") {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a: [1, &x two, *x]\nb: {k: v, 'q': \"w\"}\n", "b: &x {k: *x}\n", "a: |\n  text\n---\nb: 1\n", "b: {mon-fri: [09:00-12:00], <<: {}}\r\n", "\tb: !!x {}", "a: &x *x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, hidden := range []string{"", "***"} {
			file, body := document.Parse("f.yaml", text, hidden)
			visit(body, map[string]string{})
			if body != nil {
				body.Hide()
			}
			if found := file.Finish(file.Found); len(found) > 0 && found.Error() == "" {
				t.Error("a mistake without words")
			}
		}
	})
}
