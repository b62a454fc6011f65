package digest

import (
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/kpi"
)

const (
	mostGroupChanges = 12
	mostBreaches     = 12
)

// compose says a digest in one language.
func (d *Digest) compose(w words) *page {
	p := &page{
		lang: w.lang, title: w.say("title_"+string(d.Period), "tenant", d.Tenant),
		subtitle: w.span(d.From, d.To),
	}
	p.add(para{text: w.say("as_of", "at", w.instant(d.AsOf))})
	if !d.Complete {
		p.add(para{w.say("incomplete"), caution})
	}
	d.composeHeadlines(p, w)
	d.composeChanges(p, w)
	for _, s := range d.Sections {
		p.add(heading{w.say("section_" + s.ID)}, d.figures(s, w))
		switch s.ID {
		case "volume":
			d.composeBusiest(p, w)
		case "sla":
			d.composeBreaches(p, w)
		}
	}
	d.composeRankings(p, w)
	d.composeNotes(p, w)
	return p
}

// per is the key of a text that depends on the period.
func (d *Digest) per(key string) string { return key + "_" + string(d.Period) }

func (d *Digest) composeHeadlines(p *page, w words) {
	if len(d.Headlines) == 0 {
		p.add(para{w.say("nothing"), caution})
		return
	}
	var out tiles
	for i := range d.Headlines {
		f := &d.Headlines[i]
		v := &f.Value
		t := tile{label: w.measure(v.KPI, v.Definition), number: w.number(v, v.Value)}
		if v.Unit == kpi.Seconds {
			t.notes = append(t.notes, w.say("mean"))
		}
		if s := shapeOf(v); s != kpi.ShapeCount {
			t.notes = append(t.notes, "n"+nbsp+w.count(v.N))
		}
		if b := v.Baseline; b != nil && b.Difference.Known() {
			t.notes = append(t.notes, w.say(d.per("against"), "difference", w.difference(v, b.Difference), "before", w.number(v, b.Value)))
			if verdict, tone := w.judged(f); verdict != "" {
				t.notes, t.tone = append(t.notes, verdict), tone
			}
		}
		if !v.Complete {
			t.notes = append(t.notes, w.say("mark_incomplete"))
		}
		out = append(out, t)
	}
	p.add(out)
}

// judged is the verdict on a figure; none on what can still change or lacks something.
func (w words) judged(f *Figure) (string, tone) {
	switch {
	case f.Provisional:
		return w.say("provisional"), plain
	case !f.Complete:
		return w.say("not_judged"), plain
	}
	return w.verdict(&f.Value)
}

// verdict says whether a difference is more than chance brings and, then, whether it is for the better. Nothing where the answers do not tell.
func (w words) verdict(v *kpi.Value) (string, tone) {
	b := v.Baseline
	switch {
	case b == nil || b.Significant == nil:
		return "", plain
	case !*b.Significant:
		return w.say("may_be_chance"), plain
	}
	better := kpi.Neither
	if d, err := kpi.ByID(v.KPI); err == nil {
		better = d.Better
	}
	switch up := b.Difference.Float() > 0; {
	case better == kpi.Neither:
		return w.say("significant"), plain
	case up == (better == kpi.Higher):
		return w.say("significant") + ", " + w.say("better"), good
	}
	return w.say("significant") + ", " + w.say("worse"), bad
}

func (d *Digest) composeChanges(p *page, w words) {
	p.add(heading{w.say("changes")})
	found := len(d.Changes.Whole) + len(d.Changes.Groups)
	tested := w.count(int64(d.Changes.Tested))
	switch {
	case d.Changes.Tested == 0:
		p.add(para{text: w.say(d.per("nothing_tested"))})
		return
	case found == 0:
		p.add(para{text: w.say(d.per("none_significant"), "tested", tested)})
		return
	}
	p.add(para{text: w.say(d.per("tested"), "tested", tested, "found", w.count(int64(found)), "chance", w.decimal(float64(d.Changes.Tested)*0.05, 1))})
	var whole, groups points
	for i := range d.Changes.Whole {
		whole = append(whole, d.change(&d.Changes.Whole[i], "", w))
	}
	for i := range d.Changes.Groups[:min(mostGroupChanges, len(d.Changes.Groups))] {
		v := &d.Changes.Groups[i]
		groups = append(groups, d.change(v, w.group(d.By, v)+": ", w))
	}
	if len(whole) > 0 {
		p.add(whole)
	}
	if len(groups) > 0 {
		p.add(para{text: w.say("changes_by_" + d.By)}, groups)
	}
	if more := len(d.Changes.Groups) - len(groups); more > 0 {
		p.add(para{text: w.say("more_changes", "n", w.count(int64(more)))})
	}
}

// change is the sentence about one difference: its number, what it rests on and what it is compared with.
func (d *Digest) change(v *kpi.Value, of string, w words) point {
	verdict, tone := w.verdict(v)
	b := v.Baseline
	text := w.say(d.per("change"), "value", w.number(v, v.Value), "n", w.count(v.N), "difference", w.difference(v, b.Difference), "before", w.number(v, b.Value), "n0", w.count(b.N), "verdict", verdict)
	return point{tone, of + w.measure(v.KPI, v.Definition), text}
}

// figures is the table of a section.
func (d *Digest) figures(s Section, w words) table {
	t := table{
		caption: w.say("section_" + s.ID), lefts: 1,
		heads: []string{w.say("measure"), w.say(d.per("this")), "n", w.say(d.per("before")), w.say("change")},
	}
	if d.Period == Week {
		t.heads = append(t.heads, w.say("usual"))
	}
	for i := range s.Figures {
		f := &s.Figures[i]
		v := &f.Value
		row := []cell{{text: w.measure(v.KPI, v.Definition)}, {text: w.number(v, v.Value), note: w.detail(v)}, {text: w.count(v.N)}, w.based(v, v.Baseline), {text: "–"}}
		if b := v.Baseline; b != nil && b.Difference.Known() {
			row[4].text = w.difference(v, b.Difference)
			row[4].note, row[4].tone = w.judged(f)
		}
		if d.Period == Week {
			row = append(row, w.based(v, f.Usual))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// based is what a value is compared with, and on what that rests.
func (w words) based(v *kpi.Value, b *kpi.Baseline) cell {
	if b == nil || !b.Value.Known() {
		return cell{text: "–"}
	}
	out := cell{text: w.number(v, b.Value)}
	if shapeOf(v) != kpi.ShapeCount {
		out.note = "n" + nbsp + w.count(b.N)
	}
	return out
}

// detail is what a number needs beside it: percentiles, interval, mean score, basis, and that something is missing.
func (w words) detail(v *kpi.Value) string {
	var parts []string
	if v.Unit == kpi.Seconds {
		if v.P50 != nil && v.P50.Known() && v.P90 != nil && v.P90.Known() {
			parts = append(parts, w.say("mean_median", "p50", w.number(v, *v.P50), "p90", w.number(v, *v.P90)))
		} else {
			parts = append(parts, w.say("mean"))
		}
	}
	if v.Low.Known() && v.High.Known() {
		parts = append(parts, w.interval(v))
	}
	if v.KPI == "sla_compliance" {
		parts = append(parts, w.say("broken_n", "n", w.count(brokenOf(v))))
	}
	if v.Mean != nil && v.Mean.Known() {
		parts = append(parts, w.say("mean_score", "mean", w.decimal(v.Mean.Float(), 2)))
	}
	if basis := w.basis(v); basis != "" {
		parts = append(parts, basis)
	}
	if !v.Complete {
		parts = append(parts, w.say("mark_incomplete"))
	}
	return strings.Join(parts, "; ")
}

func (w words) interval(v *kpi.Value) string {
	return w.say("interval", "low", w.number(v, v.Low), "high", w.number(v, v.High))
}

func (d *Digest) composeBusiest(p *page, w words) {
	switch {
	case d.Busiest == nil:
		p.add(para{text: w.say("busiest_unknown")})
		return
	case len(d.Busiest.Steps) == 0:
		p.add(para{text: w.say("busiest_none", "at", w.dayBefore(d.Busiest.To), "n", w.count(d.Busiest.N))})
		return
	}
	text := w.say("busiest", "at", w.dayBefore(d.Busiest.To), "n", w.count(d.Busiest.N))
	if !d.Busiest.Complete {
		text += " (" + w.say("mark_incomplete") + ")"
	}
	p.add(para{text: text + ":"})
	var list points
	for _, s := range d.Busiest.Steps {
		f := s.Value.Float()
		digits := 0
		if f != float64(int64(f)) {
			digits = 1
		}
		list = append(list, point{strong: w.step(s.At), text: w.say("per_quarter", "n", w.decimal(f, digits))})
	}
	p.add(list)
}

func (d *Digest) composeBreaches(p *page, w words) {
	if len(d.Breaches) == 0 {
		p.add(para{text: w.say("no_breaches_" + d.By)})
		return
	}
	t := table{caption: w.say("breaches_" + d.By), lefts: 2, heads: []string{w.say("group_" + d.By), w.say("promise"), w.say("broken"), w.say("of_promises"), w.say("kept")}}
	var broken int64
	for i := range d.Breaches {
		b := &d.Breaches[i]
		broken += b.Broken
		if i >= mostBreaches {
			continue
		}
		v := &b.Value
		clock, _ := w.maybe("definition_" + v.KPI + "_" + v.Definition)
		t.rows = append(t.rows, []cell{{text: w.group(d.By, v)}, {text: clock}, {text: w.count(b.Broken)}, {text: w.count(v.N)}, {text: w.number(v, v.Value), note: w.interval(v)}})
	}
	p.add(para{text: w.say("breaches_"+d.By) + ":"}, t)
	if more := len(d.Breaches) - len(t.rows); more > 0 {
		p.add(para{text: w.say("more_breaches", "n", w.count(int64(more)), "broken", w.count(broken))})
	}
}

func (d *Digest) composeRankings(p *page, w words) {
	p.add(heading{w.say("rankings_" + d.By)})
	least := strconv.Itoa(LeastN)
	if len(d.Rankings) == 0 {
		p.add(para{text: w.say("no_rankings_"+d.By, "least", least)})
		return
	}
	p.add(para{text: w.say("rankings_note_"+d.By, "least", least)})
	t := table{caption: w.say("rankings_" + d.By), lefts: 4, heads: []string{w.say("measure"), w.say("best"), w.say("worst"), w.say("difference"), w.say("compared")}}
	side := func(v *kpi.Value) cell {
		note := "n" + nbsp + w.count(v.N)
		if detail := w.detail(v); detail != "" {
			note += "; " + detail
		}
		return cell{text: w.group(d.By, v) + ": " + w.number(v, v.Value), note: note}
	}
	for i := range d.Rankings {
		r := &d.Rankings[i]
		told := cell{text: w.say("no_interval")}
		if r.Apart != nil && *r.Apart {
			told.text = w.say("apart")
		} else if r.Apart != nil {
			told.text = w.say("overlap")
		}
		t.rows = append(t.rows, []cell{{text: w.measure(r.Best.KPI, r.Best.Definition)}, side(&r.Best), side(&r.Worst), told, {text: strconv.Itoa(r.Groups)}})
	}
	p.add(t)
}

// composeNotes says what is not there, and how to read what is.
func (d *Digest) composeNotes(p *page, w words) {
	p.add(heading{w.say("notes")})
	var list points
	for _, h := range d.Hidden {
		list = append(list, point{caution, w.measure(h.KPI, h.Definition), w.say("hidden_"+d.By, "groups", strconv.Itoa(h.Groups), "least", strconv.FormatInt(h.MinN, 10))})
	}
	titles := func(ids []string) string {
		var out []string
		for _, id := range ids {
			out = append(out, w.title(id))
		}
		return strings.Join(out, ", ")
	}
	if len(d.Silent) > 0 {
		list = append(list, point{plain, w.say("silent"), titles(d.Silent) + "."})
	}
	if len(d.Unanswered) > 0 {
		list = append(list, point{plain, w.say("unanswered"), titles(d.Unanswered) + "."})
	}
	for _, key := range []string{"note_n", "note_interval", d.per("note_before"), "note_significant", "note_provisional"} {
		list = append(list, point{text: w.say(key)})
	}
	if d.Period == Week {
		list = append(list, point{text: w.say("note_usual")})
	}
	p.add(list)
}
