package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/vigia-cx/vigia"

// anything marks a package on top of everything, which may import all others.
const anything = "*"

// mayImport is the dependency rule: what each package may import of our own. Imports go down only, and roles never import each other.
// A conformance suite (internal/bus/bustest beside internal/bus) may import its parent and whatever the parent may.
var mayImport = map[string][]string{
	"internal": {},

	// 0 nouns
	"proto/vigia/v1":  {},
	"internal/event":  {"proto/vigia/v1"},
	"internal/sla":    {},
	"internal/window": {},
	"internal/pack":   {},
	// what files are read with, whatever they say
	"internal/document": {},

	// 1 verbs
	"internal/convo":    {"internal/event", "internal/sla", "internal/window", "internal/pack"},
	"internal/customer": {"internal/event", "internal/sla", "internal/window", "internal/pack", "internal/convo"},
	"internal/agent":    {"internal/event", "internal/window", "internal/pack", "internal/convo"},
	"internal/kpi":      {"internal/event", "internal/sla", "internal/window", "internal/pack", "internal/convo", "internal/customer", "internal/agent"},
	"internal/fold": {
		"internal/event", "internal/sla", "internal/window", "internal/pack", "internal/convo", "internal/customer", "internal/agent", "internal/kpi",
	},
	"internal/explain": {
		"internal/event", "internal/sla", "internal/window", "internal/convo", "internal/customer", "internal/kpi", "internal/fold",
	},
	"internal/rule": {"internal/document", "internal/sla", "internal/window", "internal/pack", "internal/kpi"},

	"internal/digest": {"internal/window", "internal/kpi"},

	// 2 edges
	"internal/bus":    {"internal/event"},
	"internal/store":  {"internal/event", "internal/window"},
	"internal/notify": {"internal/kpi"},
	// What roles share without meeting: they may say the same thing once.
	"internal/httpapi": {},
	"internal/retry":   {},

	// 3 roles
	"internal/connector":          {"internal/event", "internal/sla", "internal/bus", "internal/httpapi", "internal/event/eventtest"}, // the last for connectortest
	"internal/connector/whatsapp": {"internal/event", "internal/connector"},
	"internal/worker": {
		"internal/event", "internal/sla", "internal/window", "internal/convo", "internal/customer", "internal/kpi", "internal/fold", "internal/pack", "internal/bus",
		"internal/store", "internal/retry",
	},
	"internal/exporter": {
		"internal/event", "internal/sla", "internal/window", "internal/pack", "internal/convo", "internal/agent", "internal/kpi", "internal/fold", "internal/explain", "internal/digest",
		"internal/store", "internal/httpapi",
	},

	"internal/alerter": {
		"internal/event", "internal/sla", "internal/window", "internal/kpi", "internal/rule", "internal/bus", "internal/store", "internal/notify", "internal/httpapi", "internal/retry",
	},

	// 4 wire
	"internal/config": {
		"internal/document", "internal/event", "internal/sla", "internal/kpi", "internal/bus", "internal/store", "internal/connector", "internal/worker", "internal/exporter",
		"internal/notify", "internal/rule",
	},
	"internal/app": {
		"internal/event", "internal/sla", "internal/window", "internal/convo", "internal/customer", "internal/kpi", "internal/bus", "internal/store",
		"internal/connector", "internal/worker", "internal/exporter", "internal/config", "internal/fold", "internal/connector/whatsapp", "internal/alerter", "internal/notify", "internal/rule",
		"internal/httpapi",
	},
	"internal/replay": {
		"internal/event", "internal/sla", "internal/window", "internal/kpi", "internal/bus", "internal/store", "internal/connector", "internal/worker",
		"internal/config", "internal/app", "internal/exporter", "internal/fold", "internal/convo", "internal/replay/mapping", "internal/rule",
	},
	"internal/verify": {
		"internal/event", "internal/sla", "internal/window", "internal/convo", "internal/customer", "internal/agent", "internal/kpi", "internal/fold", "internal/bus", "internal/store", "internal/worker", "internal/oracle",
	},
	"internal/sim": {"internal/event", "internal/sla", "internal/kpi", "internal/config", "internal/app", "internal/exporter"},
	// The plain computation that results are judged by shares no code with what it judges.
	"internal/replay/reference": {},
	"internal/replay/mapping":   {"internal/event", "internal/sla", "internal/convo"},
	"internal/oracle":           {"internal/event"},
	// It meets the engine in tests only.
	"internal/oracle/oracletest": {"internal/event", "internal/sla", "internal/window", "internal/convo", "internal/kpi", "internal/fold", "internal/replay", "internal/replay/mapping", "internal/oracle"},

	"cmd/vigia":      {anything},
	"internal/e2e":   {anything},
	"internal/bench": {anything},
}

// pure lists the packages whose results depend on nothing but their arguments.
var pure = []string{
	"internal/event", "internal/sla", "internal/window", "internal/pack", "internal/convo", "internal/customer", "internal/agent", "internal/kpi", "internal/fold",
	"internal/rule", "internal/digest", "internal/document", "internal/explain",
}

// impure lists what a pure package must not import: I/O, shared memory, chance.
var impure = []string{
	"crypto/rand", "io/fs", "io/ioutil", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "os/signal", "sync", "sync/atomic",
}

// clock lists what a pure package must not use of package time.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// onlyIn says which packages may import a library (and what lies below its path).
var onlyIn = map[string][]string{
	"github.com/segmentio/kafka-go": {"internal/bus"},
	"github.com/twmb/franz-go":      {"internal/bus"},
	"github.com/redis/go-redis":     {"internal/store"},
	"github.com/alicebob/miniredis": {"internal/store"},
	"google.golang.org/protobuf":    {"internal/event", "proto/vigia/v1"},
	"github.com/golang/protobuf":    {},
	// They find methods by name, for which the linker keeps every method of every type: a quarter of the binary.
	"html/template": {},
	"text/template": {},
	"github.com/confluentinc/confluent-kafka-go": {},
}

func TestArchitecture(t *testing.T) {
	faults, files := inspect(t, os.DirFS(".."))
	for _, fault := range faults {
		t.Error(fault)
	}
	if files == 0 {
		t.Error("no Go file found below the repository's root: the test looks in the wrong place")
	}
}

// inspect reads every Go file of the module below root, whatever its build tags, and returns what breaks the rules, in the order of the files.
func inspect(t *testing.T, root fs.FS) (faults []string, files int) {
	t.Helper()
	unknown := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name == "." {
				return nil
			}
			_, nested := fs.Stat(root, path.Join(name, "go.mod"))
			if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || nested == nil {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		c := &checker{positions: positions, file: file, dir: path.Dir(name), test: strings.HasSuffix(base, "_test.go"), unknown: unknown}
		faults = append(faults, c.check()...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults, files
}

// checker looks at one file.
type checker struct {
	positions *token.FileSet
	file      *ast.File
	dir       string // folder of the file below the repository's root: the package
	test      bool
	unknown   map[string]bool // packages already reported as unknown
	faults    []string
}

func (c *checker) fault(at token.Pos, format string, args ...any) {
	c.faults = append(c.faults, c.positions.Position(at).String()+": "+fmt.Sprintf(format, args...))
}

func (c *checker) check() []string {
	suiteOf := parent(c.dir)
	if c.test || suiteOf != "" {
		c.checkSleep()
	}
	if c.test {
		return c.faults
	}
	self := c.dir
	if suiteOf != "" {
		self = suiteOf
	}
	allowed, known := mayImport[self]
	if !known {
		if c.unknown[c.dir] {
			return c.faults
		}
		c.unknown[c.dir] = true
		c.fault(c.file.Package, "package %s is not in the dependency rule; add a line to mayImport in internal/arch_test.go that says what it may import, "+
			"and one to internal/doc.go that says what it is for (a conformance suite is called after its parent: internal/x/xtest)", c.dir)
		return c.faults
	}
	for _, spec := range c.file.Imports {
		c.checkImport(spec, self, allowed)
	}
	if slices.Contains(pure, c.dir) {
		c.checkPure()
	}
	return c.faults
}

// parent returns the package that dir is the conformance suite of, or "".
func parent(dir string) string {
	above := path.Dir(dir)
	if path.Base(dir) == path.Base(above)+"test" {
		return above
	}
	return ""
}

func (c *checker) checkImport(spec *ast.ImportSpec, self string, allowed []string) {
	imported := importPath(spec)
	if own, ok := strings.CutPrefix(imported, module+"/"); ok && !slices.Contains(allowed, anything) {
		if isParent := self != c.dir && own == self; !isParent && !slices.Contains(allowed, own) {
			c.fault(spec.Pos(), "%s may not import %s: imports go down only (see internal/doc.go); pass the value in, or move the code to the layer that needs both", c.dir, own)
		}
	}
	for library, users := range onlyIn {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(users, self) {
			c.fault(spec.Pos(), "%s may not import %s: it is kept to these packages: %v", c.dir, imported, users)
		}
	}
}

func (c *checker) checkPure() {
	for _, spec := range c.file.Imports {
		imported := importPath(spec)
		if slices.Contains(impure, imported) {
			c.fault(spec.Pos(), "%s is pure and may not import %s: take the value as an argument", c.dir, imported)
		}
		if imported == "time" && spec.Name != nil && spec.Name.Name == "." {
			c.fault(spec.Pos(), "%s is pure and may not import time with a dot: its clock would go unseen", c.dir)
		}
	}
	name := c.nameOf("time")
	ast.Inspect(c.file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GoStmt:
			c.fault(node.Pos(), "%s is pure and may not start a goroutine", c.dir)
		case *ast.SelectorExpr:
			if isName(node.X, name) && slices.Contains(clock, node.Sel.Name) {
				c.fault(node.Pos(), "%s is pure and may not use time.%s: the instant comes with the record", c.dir, node.Sel.Name)
			}
		}
		return true
	})
}

// checkSleep: a test that sleeps is slow when it passes and flaky when it fails, except in a bubble, where time is virtual.
func (c *checker) checkSleep() {
	if c.nameOf("testing/synctest") != "" {
		return
	}
	name := c.nameOf("time")
	ast.Inspect(c.file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok && isName(selector.X, name) && selector.Sel.Name == "Sleep" {
			c.fault(selector.Pos(), "time.Sleep in a test: wait for what is expected, or run the test in a testing/synctest bubble")
		}
		return true
	})
}

// nameOf returns the name that the file gives to an imported package, or "" when it does not import it.
func (c *checker) nameOf(imported string) string {
	for _, spec := range c.file.Imports {
		if importPath(spec) != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

func importPath(spec *ast.ImportSpec) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return imported
}

func isName(expr ast.Expr, name string) bool {
	ident, ok := expr.(*ast.Ident)
	return ok && name != "" && ident.Name == name
}

// TestArchitectureFinds plants one fault of each kind and expects the checker to find exactly it.
func TestArchitectureFinds(t *testing.T) {
	own := func(dir string) string { return `import _ "` + module + "/" + dir + `"` }
	for _, c := range []struct {
		name, file, source string
		want               string // part of the only fault; "" for none
	}{
		{"down", "internal/worker/a.go", own("internal/store"), ""},
		{"up", "internal/event/a.go", own("internal/kpi"), "internal/event may not import internal/kpi"},
		{"role to role", "internal/exporter/a.go", own("internal/worker"), "internal/exporter may not import internal/worker"},
		{"top", "cmd/vigia/a.go", own("internal/worker"), ""},
		{"unknown package", "internal/helpers/a.go", "", "internal/helpers is not in the dependency rule"},
		{"any build tag", "internal/sla/a_windows.go", own("internal/bus"), "may not import internal/bus"},
		{"test is exempt", "internal/sla/a_test.go", own("internal/bus"), ""},
		{"suite to parent", "internal/store/storetest/a.go", own("internal/store"), ""},
		{"suite to others", "internal/store/storetest/a.go", own("internal/worker"), "may not import internal/worker"},
		{"kafka outside bus", "internal/worker/a.go", `import _ "github.com/segmentio/kafka-go"`, "kept to these packages: [internal/bus]"},
		{"kafka in bus", "internal/bus/a.go", `import _ "github.com/twmb/franz-go/pkg/kfake"`, ""},
		{"redis outside store", "cmd/vigia/a.go", `import _ "github.com/redis/go-redis/v9"`, "kept to these packages: [internal/store]"},
		{"protobuf outside event", "internal/connector/a.go", `import _ "google.golang.org/protobuf/proto"`, "kept to these packages: [internal/event proto/vigia/v1]"},
		{"other kafka client", "internal/bus/a.go", `import _ "github.com/confluentinc/confluent-kafka-go/v2/kafka"`, "kept to these packages: []"},
		{"pure os", "internal/kpi/a.go", `import _ "os"`, "may not import os"},
		{"pure clock", "internal/convo/a.go", `import clock "time"; var _ = clock.Now`, "may not use time.Now"},
		{"pure dot", "internal/convo/a.go", `import . "time"; var _ = Now`, "with a dot"},
		{"pure instant", "internal/convo/a.go", `import "time"; var _ = time.UnixMilli`, ""},
		{"pure goroutine", "internal/window/a.go", "func f() { go f() }", "may not start a goroutine"},
		{"goroutine in a role", "internal/worker/a.go", "func f() { go f() }", ""},
		{"sleeping test", "internal/worker/a_test.go", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep in a test"},
		{"sleeping suite", "internal/bus/bustest/a.go", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep in a test"},
		{"sleep in a bubble", "internal/worker/a_test.go", `import ("time"; _ "testing/synctest"); func f() { time.Sleep(1) }`, ""},
		{"nested module", "internal/tools/x/a.go", own("internal/worker"), ""},
		{"testdata", "internal/sla/testdata/a.go", own("internal/worker"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults, _ := inspect(t, fstest.MapFS{
				"internal/tools/go.mod": {Data: []byte("module tools")},
				c.file:                  {Data: []byte("package p\n" + c.source)},
			})
			switch {
			case c.want == "" && len(faults) > 0:
				t.Errorf("found %q, want nothing", faults)
			case c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)):
				t.Errorf("found %q, want exactly one fault about %q", faults, c.want)
			}
		})
	}
}
