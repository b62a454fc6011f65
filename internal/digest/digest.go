package digest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// Period is what a digest is about.
type Period string

// The periods: whole ones of the tenant's calendar.
const (
	Week  Period = "week" // from Monday to Sunday
	Month Period = "month"
)

// Periods lists the periods.
var Periods = []string{string(Week), string(Month)}

// Groupings lists what the parts of a digest can be: agents are not compared in mail.
var Groupings = []string{"queue", "channel", "team"}

// LeastN is on how many contributions a group's value must rest to be called best or worst.
const LeastN = 30

// Input is what the API answers for one period.
type Input struct {
	Tenant string
	Period Period
	By     string // one of [Groupings]
	// Whole are the values of all groups together, compared with the period before.
	Whole []kpi.Value
	// Usual are the same, compared with the median of four weeks before; none for months, which would overlap.
	Usual []kpi.Value
	// Groups are the values of each group, compared with the period before.
	Groups []kpi.Value
	// Profile is volume_profile of the newest four weeks that it can be told of; empty when it cannot.
	Profile []kpi.Value
}

// Digest is a summary in no language yet. Encoded as JSON it is what the API answers.
type Digest struct {
	Tenant string `json:"tenant"`
	Period Period `json:"period"`
	By     string `json:"by"`
	// From and To bound the period [from, to), RFC 3339 in the tenant's zone.
	From string `json:"from"`
	To   string `json:"to"`
	// AsOf is the instant up to which everything is known, RFC 3339.
	AsOf string `json:"as_of"`
	// Complete is false when something that belongs into the period is known to be missing or not known yet.
	Complete  bool      `json:"complete"`
	Headlines []Figure  `json:"headlines"`
	Changes   Changes   `json:"changes"`
	Sections  []Section `json:"sections"`
	Busiest   *Busiest  `json:"busiest,omitempty"`
	Breaches  []Breach  `json:"breaches"`
	Rankings  []Ranking `json:"rankings"`
	// LeastN is on how many contributions every value of the rankings rests.
	LeastN int64    `json:"least_n"`
	Hidden []Hidden `json:"hidden"`
	// Silent are KPIs that had nothing to measure; Unanswered those that cannot be told of the period, such as distinct customers, or for the tenant.
	Silent     []string `json:"silent"`
	Unanswered []string `json:"unanswered"`
}

// Figure is a value with what is usual for it.
type Figure struct {
	kpi.Value
	Usual *kpi.Baseline `json:"usual,omitempty"`
	// Provisional says that what happens after the period can still change the value; the periods before have had more time, so that its difference is not judged.
	Provisional bool `json:"provisional,omitempty"`
}

// Section is the figures of one theme. Its id is one of volume, response, sla, voice, resolution, relationship, other.
type Section struct {
	ID      string   `json:"id"`
	Figures []Figure `json:"figures"`
}

// Changes are the differences from the period before that are more than chance brings in 95 of 100 cases.
type Changes struct {
	// Tested is how many differences could be judged.
	Tested int `json:"tested"`
	// Whole are those of everything together, in the order of the sections; Groups those of single groups, what rests on most first.
	Whole  []kpi.Value `json:"whole"`
	Groups []kpi.Value `json:"groups"`
}

// Breach is how many promises of a clock were broken in a group.
type Breach struct {
	Broken int64     `json:"broken"`
	Value  kpi.Value `json:"value"`
}

// Hidden says of how many groups a value is hidden because it rests on less than MinN.
type Hidden struct {
	KPI        string `json:"kpi"`
	Definition string `json:"definition"`
	Groups     int    `json:"groups"`
	MinN       int64  `json:"min_n"`
}

// Make makes the digest of a period.
func Make(in Input) *Digest {
	d := &Digest{
		Tenant: in.Tenant, Period: in.Period, By: in.By, LeastN: LeastN, Complete: true,
		Headlines: []Figure{}, Sections: []Section{}, Breaches: []Breach{}, Rankings: []Ranking{}, Hidden: []Hidden{}, Silent: []string{}, Unanswered: []string{},
		Changes: Changes{Whole: []kpi.Value{}, Groups: []kpi.Value{}},
	}
	for i := range in.Whole {
		v := &in.Whole[i]
		if d.From == "" {
			d.From, d.To, d.AsOf = v.From, v.To, v.AsOf
		}
		d.AsOf = earlier(d.AsOf, v.AsOf)
		d.Complete = d.Complete && v.Complete
	}
	d.busiest(in.Profile)
	d.themes(in)
	d.headlines()
	d.changes(in)
	d.breaches(in.Groups)
	d.rankings(in.Groups)
	d.hidden(in.Groups)
	return d
}

// earlier returns the earlier of two RFC 3339 instants; their offsets may differ.
func earlier(a, b string) string {
	x, errA := time.Parse(time.RFC3339, a)
	y, errB := time.Parse(time.RFC3339, b)
	if errA == nil && errB == nil && y.Before(x) {
		return b
	}
	return a
}

// themes sorts what is known into sections, and notes what is not.
func (d *Digest) themes(in Input) {
	usual := map[string]*kpi.Baseline{}
	for i := range in.Usual {
		usual[key(&in.Usual[i])] = in.Usual[i].Baseline
	}
	for _, theme := range themes() {
		s := Section{ID: theme.id, Figures: []Figure{}}
		for _, id := range theme.kpis {
			answered, known := false, false
			for i := range in.Whole {
				v := &in.Whole[i]
				if v.KPI != id {
					continue
				}
				answered = true
				if v.Value.Known() && (v.N > 0 || v.Unit == kpi.Count) {
					known = true
					f := Figure{Value: *v, Usual: usual[key(v)], Provisional: provisional(v)}
					f.Series, f.Distribution = nil, nil
					s.Figures = append(s.Figures, f)
				}
			}
			switch {
			case answered && !known, !answered && optional(id):
				d.Silent = append(d.Silent, id)
			case !answered:
				d.Unanswered = append(d.Unanswered, id)
			}
		}
		if len(s.Figures) > 0 {
			d.Sections = append(d.Sections, s)
		}
	}
}

// optional reports whether a KPI is left out of answers where it has nothing to say.
func optional(id string) bool {
	d, err := kpi.ByID(id)
	return err == nil && !slices.ContainsFunc(d.Definitions, func(def kpi.Definition) bool { return slices.Contains(d.Default, def.ID) && !def.Optional })
}

// headlines are the first figures of those that stand for their theme.
func (d *Digest) headlines() {
	for _, h := range headlineKPIs {
		for _, s := range d.Sections {
			for _, f := range s.Figures {
				if f.KPI == h.kpi && (h.definition == "" || h.definition == f.Definition) && len(d.Headlines) < mostHeadlines {
					d.Headlines = append(d.Headlines, f)
				}
			}
		}
	}
}

// changes collects what the answers call significant.
func (d *Digest) changes(in Input) {
	shown := map[string]bool{}
	for _, s := range d.Sections {
		for i := range s.Figures {
			v := &s.Figures[i].Value
			shown[v.KPI] = true
			if !s.Figures[i].Provisional && d.Changes.test(v) {
				d.Changes.Whole = append(d.Changes.Whole, *v)
			}
		}
	}
	for i := range in.Groups {
		if v := &in.Groups[i]; shown[v.KPI] && !provisional(v) && d.Changes.test(v) {
			d.Changes.Groups = append(d.Changes.Groups, *v)
		}
	}
	slices.SortStableFunc(d.Changes.Groups, func(a, b kpi.Value) int { return int(b.N + b.Baseline.N - a.N - a.Baseline.N) })
}

// test counts a difference that can be judged, and reports whether it is significant. Where something is missing, the difference may be what is missing.
func (c *Changes) test(v *kpi.Value) bool {
	if !v.Complete || v.Baseline == nil || v.Baseline.Significant == nil {
		return false
	}
	c.Tested++
	return *v.Baseline.Significant
}

// breaches lists the promises broken by group and clock, most first.
func (d *Digest) breaches(groups []kpi.Value) {
	for _, v := range groups {
		if v.KPI != "sla_compliance" || !v.Value.Known() {
			continue
		}
		if broken := brokenOf(&v); broken > 0 {
			d.Breaches = append(d.Breaches, Breach{broken, v})
		}
	}
	slices.SortStableFunc(d.Breaches, func(a, b Breach) int { return int(b.Broken - a.Broken) })
}

// brokenOf is how many promises were not kept.
func brokenOf(v *kpi.Value) int64 {
	return int64(math.Round(v.Denominator.Float() - v.Numerator.Float()))
}

// hidden counts the groups whose values are hidden. Where nothing happened nothing is.
func (d *Digest) hidden(groups []kpi.Value) {
	for _, v := range groups {
		if !v.Hidden || v.N == 0 {
			continue
		}
		i := slices.IndexFunc(d.Hidden, func(h Hidden) bool { return h.KPI == v.KPI && h.Definition == v.Definition })
		if i < 0 {
			i, d.Hidden = len(d.Hidden), append(d.Hidden, Hidden{KPI: v.KPI, Definition: v.Definition, MinN: v.MinN})
		}
		d.Hidden[i].Groups++
	}
}

// key names a value among those of one answer.
func key(v *kpi.Value) string {
	return strings.Join([]string{v.KPI, v.Definition, fmt.Sprint(v.Group)}, "\x00")
}
