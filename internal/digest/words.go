package digest

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

//go:embed lang/*.json
var langFiles embed.FS

// texts holds the words of a digest: by language, by key.
var texts = func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, lang := range kpi.Langs {
		b, err := langFiles.ReadFile("lang/" + lang + ".json")
		if err != nil {
			panic("digest: BUG: " + err.Error())
		}
		words := map[string]string{}
		if err := json.Unmarshal(b, &words); err != nil {
			panic("digest: BUG: lang/" + lang + ".json: " + err.Error())
		}
		all[lang] = words
	}
	return all
}()

const nbsp = "\u00a0"

// words speaks one language.
type words struct {
	lang string
	// channel names a channel.
	channel func(id string) string
}

// say returns a text; pairs of name and value fill its {places}.
func (w words) say(key string, pairs ...string) string {
	text, ok := texts[w.lang][key]
	if !ok {
		panic(fmt.Sprintf("digest: BUG: no text %q in %s", key, w.lang))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// maybe returns a text if there is one.
func (w words) maybe(key string) (string, bool) {
	text, ok := texts[w.lang][key]
	return text, ok
}

// decimal prints a number with digits after the decimal sign of the language, its thousands apart.
func (w words) decimal(f float64, digits int) string {
	s := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	point, apart, least := ",", ".", 4
	switch w.lang {
	case "en":
		point, apart = ".", ","
	case "es":
		least = 5 // 1234, but 12.345
	}
	if len(whole) >= least {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + apart + whole[i:]
		}
	}
	if fraction != "" {
		whole += point + fraction
	}
	if f < 0 && strings.ContainsAny(s, "123456789") {
		return "\u2212" + whole
	}
	return whole
}

// signed prints a number that has a direction with its sign.
func (w words) signed(f float64, digits int) string {
	s := w.decimal(f, digits)
	if f > 0 && strings.ContainsAny(s, "123456789") {
		return "+" + s
	}
	return s
}

func (w words) count(n int64) string { return w.decimal(float64(n), 0) }

// duration prints seconds in the two largest units that matter.
func (w words) duration(seconds float64) string {
	if seconds < 0 {
		return "\u2212" + w.duration(-seconds)
	}
	if seconds < 9.95 {
		return w.decimal(seconds, 1) + nbsp + "s"
	}
	s := int64(math.Round(seconds))
	two := func(a int64, unit string, b int64, small string) string {
		return fmt.Sprintf("%d%s%s%s%02d%s%s", a, nbsp, unit, nbsp, b, nbsp, small)
	}
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + nbsp + "s"
	case s < 3600:
		return two(s/60, "min", s%60, "s")
	case s < 86_400:
		return two(s/3600, "h", s%3600/60, "min")
	}
	return two(s/86_400, "d", s%86_400/3600, "h")
}

// shapeOf is what the numbers of a value are.
func shapeOf(v *kpi.Value) kpi.Shape {
	if d, err := kpi.ByID(v.KPI); err == nil {
		if def, ok := d.Definition(v.Definition); ok {
			return def.Shape()
		}
	}
	return kpi.ShapeCount
}

// number prints a number as the values of v read.
func (w words) number(v *kpi.Value, n kpi.Number) string {
	if !n.Known() {
		return "–"
	}
	f := n.Float()
	switch v.Unit {
	case kpi.Ratio:
		if shapeOf(v) == kpi.ShapeShare {
			return w.decimal(100*f, 1) + nbsp + "%"
		}
		return w.signed(f, 2)
	case kpi.Points:
		return w.signed(f, 1)
	case kpi.Factor:
		return "×" + nbsp + w.decimal(f, 2)
	case kpi.Seconds:
		return w.duration(f)
	}
	if shapeOf(v) == kpi.ShapeAverage {
		return w.decimal(f, 2)
	}
	if f != math.Trunc(f) {
		return w.decimal(f, 1) // scaled, or half of two
	}
	return w.decimal(f, 0)
}

// difference prints how much a value is above or below another.
func (w words) difference(v *kpi.Value, n kpi.Number) string {
	if !n.Known() {
		return "–"
	}
	f := n.Float()
	switch {
	case v.Unit == kpi.Ratio && shapeOf(v) == kpi.ShapeShare:
		return w.signed(100*f, 1) + nbsp + w.say("points")
	case v.Unit == kpi.Seconds && f > 0:
		return "+" + w.duration(f)
	case v.Unit == kpi.Ratio, v.Unit == kpi.Points, v.Unit == kpi.Seconds:
		return w.number(v, n)
	}
	if s := w.number(v, n); f > 0 {
		return "+" + s
	}
	return w.number(v, n)
}

// title names a KPI, title and definition where it has more than one.
func (w words) title(id string) string {
	if d, err := kpi.ByID(id); err == nil {
		return d.Title.In(w.lang)
	}
	return id
}

func (w words) measure(id, definition string) string {
	d, err := kpi.ByID(id)
	if err != nil || len(d.Definitions) < 2 {
		return w.title(id)
	}
	name, ok := w.maybe("definition_" + id + "_" + definition)
	if !ok {
		name = definition
	}
	return w.title(id) + " (" + name + ")"
}

// group names a group in the dimension that the digest compares.
func (w words) group(by string, v *kpi.Value) string {
	name := v.Group[by]
	switch {
	case name == "":
		return w.say("no_" + by)
	case name == window.Overflow:
		return w.say("overflow")
	case by == "channel":
		return w.channel(name)
	}
	return name
}

// date prints the local day of an instant: Monday 9 November 2026.
func (w words) date(t time.Time) string {
	return w.say("date", "weekday", w.weekday(strings.ToLower(t.Weekday().String())), "day", strconv.Itoa(t.Day()), "month", w.say("month_"+strconv.Itoa(int(t.Month()))), "year", strconv.Itoa(t.Year()))
}

func (w words) weekday(name string) string { return w.say("weekday_" + name) }

// instant prints an instant with its distance from UTC.
func (w words) instant(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return rfc3339
	}
	return w.date(t) + ", " + t.Format("15:04 (UTC-07:00)")
}

// dayBefore prints the local day that ends at an instant, or holds it.
func (w words) dayBefore(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return rfc3339
	}
	return w.date(t.Add(-time.Millisecond))
}

// span prints a period whose end is not included: its first and its last day.
func (w words) span(from, to string) string {
	a, errA := time.Parse(time.RFC3339, from)
	z, errZ := time.Parse(time.RFC3339, to)
	if errA != nil || errZ != nil {
		return from + " – " + to
	}
	return w.say("span", "from", w.date(a), "to", w.date(z.Add(-time.Millisecond)))
}

// step prints a quarter of an hour of the week: "monday 09:15" is Monday 09:15 to 09:30.
func (w words) step(at string) string {
	day, clock, _ := strings.Cut(at, " ")
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return at
	}
	return w.weekday(day) + " " + clock + "–" + t.Add(15*time.Minute).Format("15:04")
}

// basis says what a denominator is.
func (w words) basis(v *kpi.Value) string {
	first, second, _ := strings.Cut(v.Basis, " ")
	if first == "" {
		return ""
	}
	out := first
	if text, ok := w.maybe("basis_" + first); ok {
		out = text
	} else if t, err := time.Parse(time.DateOnly, first); err == nil { // of retention: the period looked at
		out = w.say("basis_date", "date", w.date(t))
	}
	if text, ok := w.maybe("basis_" + second); ok {
		out += ", " + text
	}
	return out
}
