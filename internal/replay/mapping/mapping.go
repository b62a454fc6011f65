package mapping

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// Mapping says how a file is written and which events its rows stand for. It is immutable and safe for concurrent use.
type Mapping struct {
	file string // how messages call it
	name string

	jsonl bool // the input is canonical events, one JSON object a line; nothing below is used but the tenant

	tenant     template
	channel    event.Channel // when fixed
	channelOf  template      // else
	zone       *time.Location
	encoding   string
	delimiter  byte // 0 = found from the first line
	quotes     *bool
	header     headerSpec
	comma      bool // decimal comma
	fields     []field
	policy     sla.PolicySpec
	convo      template
	convoField int
	apart      bool // rows that repeat a conversation's name are conversations of their own
	customer   template
	unique     template
	uniqueName string
	labels     []labelOf
	threads    *threads
	calls      *calls
	rules      []rule
	counts     bool // {nth} is used
}

// field is something a template or a condition can name.
type field struct {
	name   string
	kind   fieldKind
	used   *token.Token // where the mapping first names it
	column string       // name in the header
	number int          // or place in the row, from 1; 0 = by name
	empty  []string     // texts that mean "nothing"
	values map[string]string
	time   *timing
	kept   int // index in row.kept
}

type fieldKind uint8

const (
	fieldColumn fieldKind = iota
	fieldTime
	fieldConversation
	fieldNth
	fieldRoot
	fieldBrand
	fieldKept
)

// timing is an instant made of one column, or of a date and a clock.
type timing struct {
	date, clock int // fields; date is -1 when clock holds the whole
	layouts     []*layout
	empty       []string
	follows     int // the instant this one cannot be more than 12 h before, -1 for none
}

type labelOf struct {
	key   string
	value template
}

// threads finds conversations by parent ids; see threads.go.
type threads struct {
	id, parent, at int
	idName         string
	ours           condition // nil: no brand
	author, text   int
}

// calls remembers what the row that begins a call said; see [Mapping.Read].
type calls struct {
	begin  condition
	orphan string
	keep   []template
}

// rule is what becomes of the rows that it matches. The first match wins.
type rule struct {
	when   condition // nil: every row
	skips  bool
	skip   template
	events []maker
}

// Name is the mapping's own name; it is part of the ids of its events.
func (m *Mapping) Name() string { return m.name }

// Policy returns the rules of a tenant that the mapping's events were found for: its zone, and what the mapping says under policy.
func (m *Mapping) Policy(tenant string) sla.PolicySpec {
	p := m.policy
	p.Tenant, p.Zone = tenant, m.zone.String()
	return p
}

// Names lists the shipped mappings.
func Names() []string {
	entries, err := fs.ReadDir(builtin, "builtin")
	if err != nil {
		panic("mapping: BUG: the shipped mappings are missing: " + err.Error()) // the embed directive guarantees the folder
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Source returns the text of a shipped mapping. The error is [fs.ErrNotExist] when there is none of that name.
func Source(name string) ([]byte, error) { return builtin.ReadFile(path.Join("builtin", name+".yaml")) }

// Load returns a shipped mapping by name, or reads a mapping file. Anything with a slash or an ending .yaml or .yml is a file; another name is a
// shipped mapping and, when there is none of that name, a file.
func Load(nameOrPath string) (*Mapping, error) {
	isPath := strings.ContainsAny(nameOrPath, `/\`) || strings.HasSuffix(nameOrPath, ".yaml") || strings.HasSuffix(nameOrPath, ".yml")
	if !isPath {
		if data, err := builtin.ReadFile(path.Join("builtin", nameOrPath+".yaml")); err == nil {
			return Parse("builtin/"+nameOrPath+".yaml", data)
		}
	}
	data, err := os.ReadFile(nameOrPath)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !isPath:
		return nil, fmt.Errorf("there is no mapping %q: name one of %s, or a YAML file (`vigia mapping init FILE` writes one)", nameOrPath, strings.Join(Names(), ", "))
	case err != nil:
		return nil, fmt.Errorf("cannot read the mapping: %w", err)
	}
	return Parse(nameOrPath, data)
}

// Parse compiles a mapping; file is how its messages call it. Errors name file, line and column and show the place.
func Parse(file string, data []byte) (*Mapping, error) {
	s, err := parseSpec(file, data)
	if err != nil {
		return nil, err
	}
	m, err := compile(file, s)
	if err != nil {
		return nil, locate(file, err)
	}
	return m, nil
}
