package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/printer"
	"github.com/goccy/go-yaml/token"

	"github.com/vigia-cx/vigia/internal/sla"
)

// spec is a mapping as YAML writes it. README.md explains every key.
type spec struct {
	Name         word                `yaml:"name"`
	Format       word                `yaml:"format"` // "rows" (default) or "events"
	Tenant       word                `yaml:"tenant"`
	Channel      word                `yaml:"channel"`
	Zone         word                `yaml:"zone"`
	Encoding     word                `yaml:"encoding"`
	Delimiter    word                `yaml:"delimiter"`
	Quotes       *bool               `yaml:"quotes"`
	Header       headerSpec          `yaml:"header"`
	Decimal      word                `yaml:"decimal"`
	Layouts      words               `yaml:"layouts"`
	Columns      map[string]colSpec  `yaml:"columns"`
	Times        map[string]timeSpec `yaml:"times"`
	Policy       *policySpec         `yaml:"policy"`
	Conversation word                `yaml:"conversation"`
	Repeats      word                `yaml:"repeats"`
	Customer     word                `yaml:"customer"`
	Unique       word                `yaml:"unique"`
	Labels       map[string]word     `yaml:"labels"`
	Threads      *threadSpec         `yaml:"threads"`
	Calls        *callSpec           `yaml:"calls"`
	Rows         []ruleSpec          `yaml:"rows"`
}

// policySpec is the part of a tenant's rules that a mapping may give.
type policySpec struct {
	at   *token.Token
	spec sla.PolicySpec
}

// UnmarshalYAML reads the rules as a configuration does.
func (p *policySpec) UnmarshalYAML(n ast.Node) error {
	p.at = n.GetToken()
	if err := yaml.NodeToValue(n, &p.spec, yaml.Strict()); err != nil {
		return err
	}
	if p.spec.Tenant != "" || p.spec.Zone != "" {
		return refusal(p.at, "policy: tenant and zone are the mapping's own; write them beside policy, not in it")
	}
	return nil
}

type headerSpec struct {
	absent bool // the file has no header line
	names  words
}

type colSpec struct {
	Column word            `yaml:"column"`
	Empty  words           `yaml:"empty"`
	Values map[string]word `yaml:"values"`
}

type timeSpec struct {
	Column  word  `yaml:"column"`
	Date    word  `yaml:"date"`
	Clock   word  `yaml:"clock"`
	Layout  words `yaml:"layout"`
	Empty   words `yaml:"empty"`
	Follows word  `yaml:"follows"`
}

type threadSpec struct {
	ID     word       `yaml:"id"`
	Parent word       `yaml:"parent"`
	At     word       `yaml:"at"`
	Brand  *brandSpec `yaml:"brand"`
}

type brandSpec struct {
	Ours   word `yaml:"ours"`
	Author word `yaml:"author"`
	Text   word `yaml:"text"`
}

type callSpec struct {
	Begin  word            `yaml:"begin"`
	Orphan word            `yaml:"orphan"`
	Keep   map[string]word `yaml:"keep"`
}

type ruleSpec struct {
	When   word        `yaml:"when"`
	Skip   word        `yaml:"skip"`
	Events []eventSpec `yaml:"events"`
}

type eventSpec struct {
	When word `yaml:"when"`
	At   word `yaml:"at"`

	Call       word `yaml:"call"`
	Message    word `yaml:"message"`
	State      word `yaml:"state"`
	Assignment word `yaml:"assignment"`
	Survey     word `yaml:"survey"`

	ID       word `yaml:"id"`
	Customer word `yaml:"customer"`
	Actor    word `yaml:"actor"`
	ActorID  word `yaml:"actor_id"`
	Queue    word `yaml:"queue"`
	Team     word `yaml:"team"`
	Agent    word `yaml:"agent"`
	Bot      word `yaml:"bot"`
	Inbox    word `yaml:"inbox"`

	Direction word `yaml:"direction"`
	EndedBy   word `yaml:"ended_by"`
	Wait      word `yaml:"wait"`
	Ring      word `yaml:"ring"`
	Talk      word `yaml:"talk"`
	Hold      word `yaml:"hold"`
	Wrap      word `yaml:"wrap_up"`

	Text      word `yaml:"text"`
	ReplyTo   word `yaml:"reply_to"`
	Internal  bool `yaml:"internal"`
	Automated bool `yaml:"automated"`

	Priority   word `yaml:"priority"`
	Score      word `yaml:"score"`
	ScaleMin   word `yaml:"scale_min"`
	ScaleMax   word `yaml:"scale_max"`
	Instrument word `yaml:"instrument"`
}

// word is a scalar that remembers where it stands.
type word struct {
	s  string
	at *token.Token
}

func (w word) set() bool { return w.at != nil }

// UnmarshalYAML takes any scalar as the text that was written.
func (w *word) UnmarshalYAML(n ast.Node) error {
	switch n := n.(type) {
	case *ast.StringNode:
		w.s = n.Value
	case *ast.LiteralNode:
		w.s = strings.TrimSpace(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		w.s = n.GetToken().Value
	default:
		return refusal(n.GetToken(), "a text is expected here")
	}
	w.at = n.GetToken()
	return nil
}

// words is one scalar or a list of them.
type words []word

func (w *words) UnmarshalYAML(n ast.Node) error {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		var one word
		if err := one.UnmarshalYAML(n); err != nil {
			return err
		}
		*w = words{one}
		return nil
	}
	for _, v := range seq.Values {
		var one word
		if err := one.UnmarshalYAML(v); err != nil {
			return err
		}
		*w = append(*w, one)
	}
	return nil
}

// UnmarshalYAML takes true, false or the list of names.
func (h *headerSpec) UnmarshalYAML(n ast.Node) error {
	if b, ok := n.(*ast.BoolNode); ok {
		h.absent = !b.Value
		return nil
	}
	if _, ok := n.(*ast.SequenceNode); !ok {
		return refusal(n.GetToken(), "write true (the file's first line names the columns), false, or the list of the names")
	}
	h.absent = true
	return h.names.UnmarshalYAML(n)
}

// UnmarshalYAML takes a name or number of a column, or a mapping with more.
func (c *colSpec) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.MapNode); !ok {
		return c.Column.UnmarshalYAML(n)
	}
	type plain colSpec
	return yaml.NodeToValue(n, (*plain)(c), yaml.Strict())
}

// fault is an error at a place of a mapping file.
type fault struct {
	file string
	at   *token.Token
	msg  string
}

func (f *fault) Error() string {
	if f.at == nil {
		return f.file + ": " + f.msg
	}
	var p printer.Printer
	return fmt.Sprintf("%s:%d:%d: %s\n%s", f.file, f.at.Position.Line, f.at.Position.Column, f.msg, strings.TrimRight(p.PrintErrorToken(f.at, false), "\n"))
}

func refusal(at *token.Token, format string, args ...any) error {
	return &fault{at: at, msg: fmt.Sprintf(format, args...)}
}

// parseSpec reads YAML strictly: unknown and repeated keys are errors with line and caret.
func parseSpec(file string, data []byte) (*spec, error) {
	var s spec
	d := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := d.Decode(&s); err != nil {
		if err == io.EOF {
			return nil, &fault{file: file, msg: "the mapping is empty; `vigia mapping init FILE` writes one to start from"}
		}
		return nil, locate(file, err)
	}
	return &s, nil
}

// locate gives an error of the YAML library the form of our own.
func locate(file string, err error) error {
	if f, ok := errors.AsType[*fault](err); ok {
		f.file = file
		return f
	}
	if y, ok := errors.AsType[yaml.Error](err); ok {
		return &fault{file: file, at: y.GetToken(), msg: y.GetMessage()}
	}
	return &fault{file: file, msg: err.Error()}
}
