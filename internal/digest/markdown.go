package digest

import (
	"bytes"
	"strings"
	"unicode"
)

// Markdown writes the digest in a language of [kpi.Langs]; channel names a channel in it. The text is that of GitHub: tables, no HTML.
func (d *Digest) Markdown(lang string, channel func(id string) string) []byte {
	p := d.compose(words{lang, channel})
	var b bytes.Buffer
	b.WriteString("# " + escape(p.title) + "\n\n" + escape(p.subtitle) + "\n")
	for _, block := range p.blocks {
		b.WriteByte('\n')
		switch x := block.(type) {
		case heading:
			b.WriteString("## " + escape(x.text) + "\n")
		case para:
			if x.tone == caution {
				b.WriteString("> ⚠ ")
			}
			b.WriteString(escape(x.text) + "\n")
		case tiles:
			for _, t := range x {
				b.WriteString("- " + t.tone.mark() + escape(t.label) + ": **" + escape(t.number) + "**")
				if len(t.notes) > 0 {
					b.WriteString(" (" + escape(strings.Join(t.notes, "; ")) + ")")
				}
				b.WriteByte('\n')
			}
		case points:
			for _, i := range x {
				b.WriteString("- " + i.tone.mark())
				if i.strong != "" {
					b.WriteString("**" + escape(i.strong) + "**: ")
				}
				b.WriteString(escape(i.text) + "\n")
			}
		case table:
			x.markdown(&b)
		}
	}
	return b.Bytes()
}

// markdown writes a table: words to the left, numbers to the right.
func (t table) markdown(b *bytes.Buffer) {
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	var heads, rule []string
	for i, h := range t.heads {
		heads = append(heads, escape(h))
		if i < t.lefts {
			rule = append(rule, "---")
		} else {
			rule = append(rule, "---:")
		}
	}
	row(heads)
	row(rule)
	for _, r := range t.rows {
		var cells []string
		for _, c := range r {
			text := c.tone.mark() + escape(c.text)
			if c.note != "" {
				text += " (" + escape(c.note) + ")"
			}
			cells = append(cells, text)
		}
		row(cells)
	}
}

// mark is a sign for a tone; the words beside it say the same.
func (t tone) mark() string {
	switch t {
	case good:
		return "✔ "
	case bad:
		return "✖ "
	case caution:
		return "◌ "
	}
	return ""
}

// escape writes text as it is meant, not as markup; line breaks and other control characters become spaces. An underscore within a word marks nothing and stays.
func escape(s string) string {
	var b strings.Builder
	runes := []rune(s)
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		switch {
		case unicode.IsControl(r):
			r = ' '
		case r == '_' && word(i-1) && word(i+1):
		case strings.ContainsRune("\\`*_[]<>|~&#", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
