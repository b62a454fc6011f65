package document

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Hide keeps the value out of everything that is shown, with all that it contains, if the file hides anything.
func (n *Node) Hide() { n.file.hide(n.ast) }

func (f *File) hide(n ast.Node) {
	if f.hidden != "" {
		ast.Walk(hider{f}, n)
	}
}

type hider struct{ file *File }

// Visit implements [ast.Visitor].
func (h hider) Visit(n ast.Node) ast.Visitor {
	const shortest = 4 // hiding "a" wherever it stands would hide the message
	if _, ok := n.(ast.ScalarNode); ok {
		if raw := n.GetToken().Value; len(raw) >= shortest && !strings.Contains(raw, "${") {
			h.file.secrets = append(h.file.secrets, strings.Split(raw, "\n")...)
		}
	}
	return h
}

// What is named or looks like a secret, in text that is not YAML.
var (
	secretValue = regexp.MustCompile(`(?i)((?:tok|pass|pwd|secret|key|auth)[\w-]*["']?\s*:\s*)(.+)$`)
	longWord    = regexp.MustCompile(`[A-Za-z0-9+/=_-]{16,}`)
)

// excerpt returns a line of the file as it may be shown, without its secrets, and the column that a caret belongs below.
func (f *File) excerpt(number, column int) (string, int) {
	if number < 1 || number > len(f.lines) {
		return "", 0
	}
	if f.broken && f.hidden != "" {
		line := secretValue.ReplaceAllString(f.lines[number-1], "${1}"+f.hidden)
		line = longWord.ReplaceAllString(line, f.hidden)
		return line, min(column, utf8.RuneCountInString(line)+1)
	}
	const widest = 160
	runes := []rune(f.lines[number-1])
	column = min(column, len(runes)+1)
	before, after := []rune(f.redact(string(runes[:column-1]))), []rune(f.redact(string(runes[column-1:])))
	line := string(before) + string(after)
	if room := max(0, widest-len(before)); len(after) > room {
		line = string(before) + string(after[:room]) + "…"
	}
	return line, len(before) + 1
}

// redact hides the known secrets.
func (f *File) redact(text string) string {
	for _, secret := range f.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, f.hidden)
		}
	}
	return text
}
