package mapping

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A role is what a column seems to be, judged by its name in English, Spanish or Portuguese. Earlier patterns win.
var (
	roleConversation = pattern(`(ticket|case|caso|call|llamada|chamada|conversation|conversaci|conversa|interaction|interacci|session|sesi).*(id|num|n[uú]m|no)$`, `^(callid|call_id|uniqueid|ticket|folio|protocolo|caso|case)$`, `(^|_)id$`)
	roleCustomer     = pattern(`customer|client|requester|solicitante`, `caller|contact|contacto|contato|ani$|author|usuario|user`)
	roleAgent        = pattern(`agent|server|assignee|operador|operator|asesor|atendente|ejecutivo|representative`)
	roleQueue        = pattern(`queue(_?name)?$|^cola|^fila|skill`, `group|grupo|department|departamento|area|área|^type$|^tipo$`)
	roleParent       = pattern(`in_response_to|in_reply_to|parent|reply_to|respuesta_a|resposta_a`)
	roleText         = pattern(`^(text|body|message|comment|mensaje|mensagem|texto|comentario)$`)
	roleInbound      = pattern(`inbound|direction|direcci|sentido|entrante`)

	roleQueued   = pattern(`(q|queue|cola|fila).*(start|enter|entry|join|in$|inicio|entrada)`)
	roleAnswered = pattern(`(ser|serv|service|talk|answer|connect|pickup|atend|contest).*(start|time|at$|inicio|hora)`, `answered|connected|atendida|contestada`)
	roleEnded    = pattern(`(ser|call|hang|talk|end|fin).*(exit|end|up|time|fin|t[eé]rmino)`, `ended|hangup|finished|completed|termin|^end|^fin`)
	roleStarted  = pattern(`(entry|start|arriv|inicio|created|creado|creada|criado|opened|abierto|abertura|received|recibido)`, `date|fecha|data|time`)
	roleReplied  = pattern(`first.*(repl|respon)|primera.*resp|primeira.*resp`)
	roleResolved = pattern(`resolved|solved|closed|resuelto|cerrado|resolvido|fechado|encerrado`)
)

func pattern(exprs ...string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, e := range exprs {
		out = append(out, regexp.MustCompile(e))
	}
	return out
}

// find returns the first column of a role, by rank of pattern, that fits and is not taken.
func (s *sample) find(role []*regexp.Regexp, taken map[string]bool, fits func(*column) bool) *column {
	for _, p := range role {
		for i := range s.columns {
			c := &s.columns[i]
			if !taken[c.alias] && fits(c) && p.MatchString(c.alias) {
				taken[c.alias] = true
				return c
			}
		}
	}
	return nil
}

func (c *column) isTime() bool { return c.layout != "" || c.clock != "" || c.date != "" }

func isText(c *column) bool { return !c.isTime() }

// guess is what the draft is written from.
type guess struct {
	*sample
	conversation, customer, agent, queue, parent, text, inbound *column
	started, queued, answered, ended, replied, resolved         *column
	day                                                         *column // the date that clocks belong to
}

func (s *sample) guess() *guess {
	g := &guess{sample: s}
	taken := map[string]bool{}
	g.parent = s.find(roleParent, taken, isText)
	g.text = s.find(roleText, taken, isText)
	g.inbound = s.find(roleInbound, taken, isText)
	g.customer = s.find(roleCustomer, taken, isText)
	g.agent = s.find(roleAgent, taken, isText)
	g.conversation = s.find(roleConversation, taken, isText)
	if g.conversation == nil {
		g.conversation = &s.columns[0]
		if i := slices.IndexFunc(s.columns, func(c column) bool { return c.unique && !c.isTime() }); i >= 0 {
			g.conversation = &s.columns[i]
		}
	}
	g.queue = s.find(roleQueue, taken, isText)
	if i := slices.IndexFunc(s.columns, func(c column) bool { return c.date != "" }); i >= 0 {
		g.day = &s.columns[i]
		taken[g.day.alias] = true
	}
	moment := func(c *column) bool { return c.layout != "" || c.clock != "" && g.day != nil }
	g.replied = s.find(roleReplied, taken, moment)
	g.resolved = s.find(roleResolved, taken, moment)
	g.queued = s.find(roleQueued, taken, moment)
	g.answered = s.find(roleAnswered, taken, moment)
	g.started = s.find(roleStarted, taken, moment)
	g.ended = s.find(roleEnded, taken, moment)
	if g.started == nil {
		for i := range s.columns {
			if c := &s.columns[i]; moment(c) && !taken[c.alias] {
				g.started = c
				break
			}
		}
	}
	return g
}

// draft writes the mapping.
func (s *sample) draft() []byte {
	g := s.guess()
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(s.name, `\`, "/")), ".gz")
	name = slug(strings.TrimSuffix(name, path.Ext(name)), map[string]bool{})
	p("# A draft for %q, made from its first rows. Lines with CHECK are guesses; `vigia mapping check` shows what comes of them.", s.name)
	p("name: %q", short(strings.ReplaceAll(name, "_", "-")))
	p("tenant: replay               # CHECK: whose conversations these are; may name a column: \"{column}\"")
	p("zone: UTC                    # CHECK: the zone of times without an offset, such as America/Mexico_City")
	p("channel: %-19s # CHECK", g.channel())
	p("encoding: %s", s.encoding)
	p("delimiter: %s", delimiterName(s.delim))
	p("header: %v", s.header)
	p("# decimal: \",\"              # if numbers are written 1,5")
	p("")
	p("# Names for the file's columns; {column: NAME, empty: [\"-\"]} lists texts that mean nothing, values: {a: b} translates.")
	p("columns:")
	for _, c := range s.columns {
		if c.header != "" && !isDigits(c.header) {
			p("  %s: %q", c.alias, c.header)
		} else {
			p("  %s: %d", c.alias, c.number)
		}
	}
	p("")
	g.writeTimes(p)
	g.writeRules(p)
	return []byte(b.String())
}

func short(s string) string {
	if r := []rune(s); len(r) > 32 {
		return string(r[:32])
	}
	return s
}

func delimiterName(d byte) string {
	for name, c := range delimiters {
		if c == d {
			return name
		}
	}
	return string(d)
}

func (g *guess) messages() bool { return g.parent != nil || g.text != nil && g.inbound != nil }

func (g *guess) channel() string {
	switch {
	case g.messages():
		return "social"
	case g.answered != nil || g.queued != nil:
		return "voice"
	}
	return "ticket"
}

func (g *guess) writeTimes(p func(string, ...any)) {
	p("# Instants. A layout is written with y M d H m s (MMM = name of the month, a = am/pm, Z = offset), or epoch_s, epoch_ms, rfc3339.")
	p("times:")
	for _, t := range []struct {
		name string
		c    *column
	}{{"started", g.started}, {"queued", g.queued}, {"answered", g.answered}, {"replied", g.replied}, {"ended", g.ended}, {"resolved", g.resolved}} {
		switch {
		case t.c == nil && t.name == "started" && g.day != nil:
			p("  started: {column: %s, layout: %q}   # CHECK: days without a time of day%s", g.day.alias, g.day.date, doubt(g.day))
		case t.c == nil && t.name == "started":
			p("  started: {column: %s, layout: \"yyyy-MM-dd HH:mm:ss\"}   # CHECK: no column looks like a time", g.columns[0].alias)
		case t.c == nil:
		case t.c.layout != "":
			p("  %s: {column: %s, layout: %q}%s", t.name, t.c.alias, t.c.layout, doubt(t.c))
		default:
			follows := ""
			if t.name != "started" && g.started != nil {
				follows = ", follows: started"
			}
			if t.c.never != "" {
				follows += fmt.Sprintf(", empty: [%q]", t.c.never)
			}
			p("  %s: {date: %s, clock: %s, layout: %q%s}%s", t.name, g.day.alias, t.c.alias, g.day.date+" "+t.c.clock, follows, doubt(g.day))
		}
	}
	p("# follows: a clock more than 12 h before that time belongs to the next day. empty: [\"0:00:00\"] lists clocks that mean never.")
	p("")
}

func doubt(c *column) string {
	if c.doubt == "" {
		return ""
	}
	return fmt.Sprintf("   # CHECK: or is it %q? Both read every row", c.doubt)
}

func (g *guess) writeRules(p func(string, ...any)) {
	if g.parent != nil {
		p("# Conversations are threads: parents are followed while they are in the file.")
		p("threads: {id: %s, parent: %s, at: started}", g.conversation.alias, g.parent.alias)
		p("conversation: \"{root}\"")
	} else {
		p("conversation: \"{%s}\"       # CHECK: must tell conversations apart", g.conversation.alias)
	}
	if g.customer != nil && !g.messages() {
		p("customer: \"{%s}\"           # CHECK", g.customer.alias)
	}
	p("# unique: \"{%s}\"            # rows that repeat this are left out", g.conversation.alias)
	p("")
	p("# The first rule that matches a row decides. Tests: == != < <= > >=, in (\"a\", \"b\"), is empty, is not empty, and, or, not, brackets.")
	p("rows:")
	routing := ""
	if g.queue != nil {
		routing += fmt.Sprintf(", queue: \"{%s}\"", g.queue.alias)
	}
	agent := routing
	if g.agent != nil {
		agent += fmt.Sprintf(", agent: \"{%s}\"", g.agent.alias)
	}
	switch g.channel() {
	case "social":
		g.writeMessages(p)
	case "voice":
		g.writeCalls(p, routing, agent)
	default:
		p("  - events:")
		p("      - {state: opened, at: started%s}", routing)
		p("      - {message: inbound, at: started%s}", routing)
		if g.replied != nil {
			p("      - {message: outbound, at: replied, when: replied is not empty%s}", agent)
		}
		if end := g.resolvedOrEnded(); end != "" {
			p("      - {state: resolved, at: %s, when: %s is not empty%s}", end, end, agent)
		}
	}
}

func (g *guess) resolvedOrEnded() string {
	switch {
	case g.resolved != nil:
		return "resolved"
	case g.ended != nil:
		return "ended"
	}
	return ""
}

func (g *guess) writeMessages(p func(string, ...any)) {
	common := fmt.Sprintf(", at: started, id: \"{%s}\"", g.conversation.alias)
	if g.parent == nil {
		common = ", at: started"
	} else {
		common += fmt.Sprintf(", reply_to: \"{%s}\"", g.parent.alias)
	}
	if g.text != nil {
		common += fmt.Sprintf(", text: \"{%s}\"", g.text.alias)
	}
	customer := ""
	if g.customer != nil {
		customer = fmt.Sprintf(", customer: \"{%s}\"", g.customer.alias)
	}
	if g.inbound == nil || len(g.inbound.values) == 0 {
		p("  - events:                    # CHECK: no column tells the customer's messages from ours")
		p("      - {message: inbound%s%s}", common, customer)
		return
	}
	inbound := g.inbound.values[0]
	for _, v := range g.inbound.values {
		if containsAny(strings.ToLower(v), "true", "in", "1", "yes", "si", "ent") {
			inbound = v
			break
		}
	}
	p("  - when: %s == %s              # CHECK: what the customer's messages say here", g.inbound.alias, quoted(inbound))
	p("    events:")
	p("      - {message: inbound%s%s}", common, customer)
	p("  - events:")
	p("      - {message: outbound%s}", common)
}

// quoted writes a text for a condition, inside a plain YAML scalar.
func quoted(s string) string {
	s = strings.NewReplacer("\n", " ", "\r", " ", " #", " ", ": ", " ").Replace(s)
	if strings.Contains(s, `"`) {
		return "'" + strings.ReplaceAll(s, "'", "") + "'"
	}
	return `"` + s + `"`
}

func (g *guess) writeCalls(p func(string, ...any), routing, agent string) {
	queued := "started"
	if g.queued != nil {
		queued = "queued"
	}
	answered := "answered"
	if g.answered == nil {
		answered = queued
	}
	p("  - when: %s is not empty      # CHECK: what tells an answered call", answered)
	p("    events:")
	p("      - {call: started, at: started}")
	p("      - {call: queued, at: %s%s}", queued, routing)
	p("      - {call: answered, at: %s%s}", answered, agent)
	if g.ended != nil {
		p("      - {call: ended, at: ended, when: ended is not empty%s}", agent)
		p("  - when: ended is not empty     # CHECK: left while waiting")
		p("    events:")
		p("      - {call: started, at: started}")
		p("      - {call: queued, at: %s, when: %s is not empty%s}", queued, queued, routing)
		p("      - {call: abandoned, at: ended, when: %s is not empty%s}", queued, routing)
		p("      - {call: ended, at: ended}")
	}
	p("  - skip: neither answered nor ended")
}
