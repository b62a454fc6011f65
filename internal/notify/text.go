package notify

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

const (
	maxTitle = 200 // characters
	maxName  = 100 // characters of one name in a text
	maxLines = 10  // items that a text lists
)

// the names that a text says in sentences; other labels are listed as they are.
var placed = []string{"alertname", "tenant", "queue", "channel", "clock", "severity", "team", "agent"}

// Title says what happened and where on one line of at most 200 characters, in n.Lang.
func Title(n Notice) string {
	w := writer{n: n, speaker: speak(n.Lang)}
	parts := append([]string{w.head()}, w.place()...)
	parts = append(parts, w.tail()...)
	title := strings.Join(parts, " · ")
	if n.Severity == Critical && !n.Type.Over() && n.Type != Digest {
		title = w.say("mark.critical") + " · " + title
	}
	return oneLine(title, maxTitle)
}

// Text says everything that somebody who is woken by it needs, as plain text of a line for each fact: where, since when and how late, the value against its condition, why, and what
// to do. It is in n.Lang, with instants in n.Zone, and does not repeat the title.
func Text(n Notice) string {
	var b strings.Builder
	for _, f := range facts(n) {
		b.WriteString(f.label + ": " + f.value + "\n")
	}
	for _, item := range itemLines(n) {
		b.WriteString("• " + item.text)
		if item.link != "" {
			b.WriteString(" " + item.link)
		}
		b.WriteByte('\n')
	}
	for _, a := range actions(n) {
		b.WriteString(a.label + ": " + a.url + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writer holds what the pieces of a text share.
type writer struct {
	n Notice
	speaker
}

// local moves an instant into the tenant's zone.
func (w writer) local(at time.Time) time.Time {
	if w.n.Zone == nil {
		return at.UTC()
	}
	return at.In(w.n.Zone)
}

func (w writer) total() int { return max(w.n.Total, len(w.n.Items)) }

// head says what: "Promise broken: first reply", "Alert: Service level 71 %", "37 × At risk: next reply".
func (w writer) head() string {
	n, head := w.n, w.known(string(w.n.Type))
	switch {
	case n.Type == Digest && w.total() == 1:
		return head + ": " + w.say("title.missed.one")
	case n.Type == Digest:
		return head + ": " + w.say("title.missed", "total", strconv.Itoa(w.total()))
	case w.total() > 1 && len(n.Counts) > 1:
		return w.say("title.several", "total", strconv.Itoa(w.total()))
	case w.total() > 1:
		head = strconv.Itoa(w.total()) + " × " + head
	}
	if what := w.what(); what != "" {
		head += ": " + what
	}
	return head
}

func (w writer) what() string {
	n := w.n
	if n.Value != nil && (n.Type == KPIFiring || n.Type == KPIResolved) {
		title := w.title()
		stat := statOf(n.Condition)
		if stat != "" {
			title += " " + stat
		}
		return title + " " + number(n.Value, stat, w.lang)
	}
	if clock := n.Labels["clock"]; clock != "" {
		return w.known(clock)
	}
	return clip(n.Labels["alertname"], maxName)
}

// title names the KPI of the value.
func (w writer) title() string {
	def, err := kpi.ByID(w.n.Value.KPI)
	if err != nil {
		return w.n.Value.KPI
	}
	return def.Title.In(w.lang)
}

// statOf returns the percentile that a condition is about: "p90 > 120 s" is about p90.
func statOf(condition string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(condition), " ")
	if slices.Contains([]string{"p50", "p90", "p95", "p99"}, first) {
		return first
	}
	return ""
}

// place says where, for a title: "support (WhatsApp)".
func (w writer) place() []string {
	queue, channel := clip(w.n.Labels["queue"], maxName), w.n.Labels["channel"]
	if channel != "" {
		channel = clip(w.known(channel), maxName)
	}
	switch {
	case queue != "" && channel != "":
		return []string{queue + " (" + channel + ")"}
	case queue+channel != "":
		return []string{queue + channel}
	case w.n.Tenant != "":
		return []string{clip(w.n.Tenant, maxName)}
	}
	return nil
}

// tail says when, or against what, for a title.
func (w writer) tail() []string {
	n := w.n
	if w.total() > 1 || n.Type == Digest {
		return nil
	}
	late, tense := n.At.Sub(n.DueAt), "title.due"
	if late >= 0 || n.Type.Over() {
		tense = "title.was_due"
	}
	due := w.say(tense, "due", clockTime(w.local(n.DueAt)))
	switch n.Type {
	case SLAWarning:
		if n.DueAt.IsZero() {
			return nil
		}
		if late < 0 {
			due += ", " + w.say("title.in", "left", duration(late))
		}
		return []string{due}
	case SLABreached, SLARetracted:
		if n.DueAt.IsZero() {
			return nil
		}
		return []string{due}
	case SLASettled:
		if end := w.ended(); !n.DueAt.IsZero() && end.After(n.DueAt) {
			return []string{w.say("title.late", "late", duration(end.Sub(n.DueAt)))}
		}
	case KPIFiring:
		if n.Condition != "" {
			return []string{clip(n.Condition, maxName)}
		}
	case KPIResolved:
		if end := w.ended(); !n.StartsAt.IsZero() && end.After(n.StartsAt) {
			return []string{w.say("title.lasted", "lasted", duration(end.Sub(n.StartsAt)))}
		}
	}
	return nil
}

// ended returns the end of an incident that is over.
func (w writer) ended() time.Time {
	if w.n.EndsAt.IsZero() {
		return w.n.At
	}
	return w.n.EndsAt
}

// fact is a line of a text.
type fact struct{ label, value string }

// facts lists what a text says, in order.
func facts(n Notice) []fact {
	w := writer{n: n, speaker: speak(n.Lang)}
	var all []fact
	add := func(label, value string) {
		if value != "" {
			all = append(all, fact{w.say(label), oneLine(value, 1000)})
		}
	}
	add("severity", w.known(string(n.Severity)))
	add("where", w.where())
	if n.Value != nil || n.Labels["clock"] != "" || w.total() > 1 {
		add("rule", n.Labels["alertname"]) // otherwise the title says it
	}
	add("other", w.labels())
	w.when(add)
	if n.Value != nil {
		add("now", w.value())
		add("condition", n.Condition)
		add("window", w.window())
	} else {
		add("condition", n.Condition)
	}
	add("why", n.Reason)
	add("conversation", n.Conversation)
	add("customer", n.Customer)
	add("team", cmp.Or(n.Team, n.Labels["team"]))
	add("agent", cmp.Or(n.Agent, n.Labels["agent"]))
	if len(n.Counts) > 1 {
		add("all", w.counts()) // of one type the title says it
	}
	return all
}

func (w writer) where() string {
	var parts []string
	if tenant := cmp.Or(w.n.Tenant, w.n.Labels["tenant"]); tenant != "" {
		parts = append(parts, w.say("tenant", "name", clip(tenant, maxName)))
	}
	if queue := w.n.Labels["queue"]; queue != "" {
		parts = append(parts, w.say("queue", "name", clip(queue, maxName)))
	}
	if channel := w.n.Labels["channel"]; channel != "" {
		parts = append(parts, clip(w.known(channel), maxName))
	}
	if clock := w.n.Labels["clock"]; clock != "" {
		parts = append(parts, clip(w.known(clock), maxName))
	}
	return strings.Join(parts, ", ")
}

// labels lists those that no other line says.
func (w writer) labels() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(w.n.Labels)) {
		if value := w.n.Labels[name]; value != "" && !slices.Contains(placed, name) {
			parts = append(parts, clip(name, maxName)+"="+clip(value, maxName))
		}
	}
	return strings.Join(parts, " ")
}

// when says since when and how late.
func (w writer) when(add func(label, value string)) {
	n := w.n
	if !n.DueAt.IsZero() && w.total() <= 1 {
		due, seen := instant(w.local(n.DueAt)), n.At
		if n.Type.Over() {
			seen = w.ended()
		}
		late := seen.Sub(n.DueAt)
		switch {
		case n.Type == SLARetracted:
			due = w.say("due.kept", "due", due)
		case late < 0 && !n.Type.Over():
			due = w.say("due.left", "due", due, "left", duration(late))
		case late > 0:
			due = w.say("due.late", "due", due, "late", duration(late))
		}
		add("due", due)
	}
	started := n.StartsAt
	switch {
	case n.Type.Over() && !started.IsZero() && w.ended().After(started):
		end := w.ended()
		add("lasted", w.say("lasted.span", "lasted", duration(end.Sub(started)), "span", w.span(started, end)))
	case !started.IsZero() && !n.Type.Over() && n.Type != Digest:
		add("since", instant(w.local(started)))
	case !n.At.IsZero():
		add("at", instant(w.local(n.At)))
	}
}

// value says the value with what it rests on.
func (w writer) value() string {
	v := w.n.Value
	s := number(v, statOf(w.n.Condition), w.lang)
	if w.n.Type != KPIFiring && w.n.Type != KPIResolved {
		s = w.title() + " " + s // the title of the notice does not say what is measured
	}
	var rests []string
	switch {
	case v.Low.Known() && v.High.Known():
		rests = append(rests, w.say("of", "num", string(v.Numerator), "den", string(v.Denominator)),
			w.say("interval", "low", percent(v.Low.Float(), w.lang), "high", percent(v.High.Float(), w.lang)))
	case v.Unit != kpi.Count:
		rests = append(rests, w.say("n", "n", strconv.FormatInt(v.N, 10)))
	}
	if len(rests) > 0 {
		s += " (" + strings.Join(rests, "; ") + ")"
	}
	if !v.Complete {
		s += "; " + w.say("incomplete")
	}
	return s
}

// span says from when to when, the day once if it is the same.
func (w writer) span(from, to time.Time) string {
	from, to = w.local(from), w.local(to)
	if from.Format(time.DateOnly+"-07") == to.Format(time.DateOnly+"-07") {
		return w.say("span", "from", from.Format(time.DateOnly)+" "+clockTime(from), "to", strings.TrimPrefix(instant(to), to.Format(time.DateOnly)+" "))
	}
	return w.say("span", "from", instant(from), "to", instant(to))
}

func (w writer) window() string {
	v := w.n.Value
	asOf, err := time.Parse(time.RFC3339, v.AsOf)
	if err != nil {
		return ""
	}
	from, err1 := time.Parse(time.RFC3339, v.From)
	to, err2 := time.Parse(time.RFC3339, v.To)
	if err1 != nil || err2 != nil || from.Equal(to) {
		return w.say("window.now", "as_of", instant(w.local(asOf)))
	}
	known := instant(w.local(asOf))
	if w.local(asOf).Format(time.DateOnly) == w.local(to).Format(time.DateOnly) {
		known = clockTime(w.local(asOf))
	}
	return w.say("window.of", "span", w.span(from, to), "as_of", known)
}

// counts says how many there are of each type: "37: 30 broken, 7 at risk".
func (w writer) counts() string {
	var parts []string
	for _, t := range slices.Sorted(maps.Keys(w.n.Counts)) {
		if c := w.n.Counts[t]; c > 0 {
			parts = append(parts, strconv.Itoa(c)+" "+strings.TrimPrefix(w.known("kind."+string(t)), "kind."))
		}
	}
	if len(parts) == 0 {
		return strconv.Itoa(w.total())
	}
	return w.say("all.of", "total", strconv.Itoa(w.total()), "counts", strings.Join(parts, ", "))
}
