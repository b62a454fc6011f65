package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// line is what is compared of an open conversation, rule 12.5.
type line struct {
	group    oracle.Group
	waits    int64 // since when, -1 for not
	promises string
}

func (l line) String() string {
	text := "open, by " + strings.Join(slices.DeleteFunc([]string{l.group.Channel, l.group.Queue, l.group.Team, l.group.Agent, l.group.Topic}, func(s string) bool { return s == "" }), "/")
	if l.waits >= 0 {
		text += ", waits since " + stamp(l.waits)
	}
	if l.promises != "" {
		text += ", " + l.promises
	}
	return text
}

// promised prints a running promise; what has no due time stands.
func promised(clock string, due, warn int64) string {
	if due == 0 {
		return clock + " stands"
	}
	if warn == 0 || warn >= due {
		return fmt.Sprintf("%s due %s", clock, stamp(due))
	}
	return fmt.Sprintf("%s due %s, at risk from %s", clock, stamp(due), stamp(warn))
}

func lineOf(o convo.Open) line {
	l := line{group: oracle.Group{Channel: o.Channel, Queue: o.Queue, Team: o.Team, Agent: o.Agent, Topic: o.Topic}, waits: -1}
	if o.WaitingSince != 0 {
		l.waits = o.WaitingSince
	}
	var list []string
	for _, p := range o.Promises {
		list = append(list, promised(p.Clock.String(), p.DueAt, p.WarnAt))
	}
	slices.Sort(list)
	l.promises = strings.Join(list, "; ")
	return l
}

func lineOfLog(o oracle.Open) line {
	l := line{group: o.Group, waits: -1}
	if o.Waits {
		l.waits = o.Entered
	}
	var list []string
	for _, p := range o.Promises {
		list = append(list, promised(p.Clock, p.Due, p.Warn))
	}
	slices.Sort(list)
	l.promises = strings.Join(list, "; ")
	return l
}

// open compares the open conversations and the promises that run.
func (f *firstStage) open() {
	type name struct{ tenant, conversation string }
	want := map[name]line{}
	for _, o := range f.w.Open() {
		want[name{o.Tenant, o.Conversation}] = lineOfLog(o)
	}
	differ := func(n name, state, log string) {
		d := Difference{Kind: Open, Topic: f.topic, Partition: f.p, Tenant: n.tenant, Key: "o:" + n.tenant, Field: n.conversation, State: state, Log: log, Conversations: []string{n.conversation}}
		d.Why = f.unsure((oracle.Moment{Tenant: n.tenant, Conversation: n.conversation}).Key())
		f.report.add(d)
	}
	logged := map[string]bool{}
	for _, r := range f.x.records {
		logged[r.Key] = true
	}
	for key, fields := range f.c.Hashes {
		tenant, ok := strings.CutPrefix(key, "o:")
		if !ok || f.o.Tenant != "" && tenant != f.o.Tenant {
			continue
		}
		for conversation, b := range fields {
			n := name{tenant, conversation}
			if f.cut > 0 && !logged[(oracle.Moment{Tenant: tenant, Conversation: conversation}).Key()] {
				f.report.Unverifiable.Conversations++
				continue
			}
			o, err := convo.DecodeOpen(b)
			w, known := want[n]
			delete(want, n)
			f.report.Compared.Open++
			switch {
			case err != nil:
				f.report.add(Difference{Kind: Damaged, Topic: f.topic, Partition: f.p, Tenant: tenant, Key: key, Field: conversation, State: "cannot be read: " + err.Error(), Log: "an open conversation",
					Conversations: []string{conversation}})
			case !known:
				differ(n, lineOf(o).String(), "not open")
			case lineOf(o) != w:
				differ(n, lineOf(o).String(), w.String())
			}
		}
	}
	for n, w := range want {
		f.report.Compared.Open++
		differ(n, "not open", w.String())
	}
}

// numbers compares the numbers that no channel brings.
func (f *firstStage) numbers() {
	type name struct {
		tenant string
		kpi.ReferenceName
	}
	want := map[name]kpi.History{}
	for _, n := range f.w.Numbers() {
		k := name{n.Tenant, kpi.ReferenceName{Type: n.Type, Key: n.Key}}
		want[k] = want[k].Set(kpi.ReferencePoint{At: n.At, Value: n.Value, Currency: n.Currency})
	}
	got := map[name]kpi.History{}
	for key, fields := range f.c.Hashes {
		tenant, ok := strings.CutPrefix(key, "ref:")
		if !ok || f.o.Tenant != "" && tenant != f.o.Tenant {
			continue
		}
		for field, b := range fields {
			n, ok := kpi.ParseReferenceName(field)
			h, err := kpi.DecodeHistory(b)
			if !ok || err != nil {
				f.report.add(Difference{Kind: Damaged, Topic: f.topic, Partition: f.p, Tenant: tenant, Key: key, Field: field, State: "cannot be read", Log: "the history of a number"})
				continue
			}
			got[name{tenant, n}] = h
		}
	}
	for n, h := range want {
		f.report.Compared.Numbers += len(h)
		have := got[n]
		if f.cut > 0 { // what was told before the log begins is not in it
			have = slices.DeleteFunc(slices.Clone(have), func(p kpi.ReferencePoint) bool {
				_, told := slices.BinarySearchFunc(h, p.At, func(o kpi.ReferencePoint, at int64) int { return cmp.Compare(o.At, at) })
				return !told
			})
		}
		if !slices.Equal(have, h) {
			f.number(n.tenant, n.ReferenceName, fmt.Sprintf("%d values", len(have)), fmt.Sprintf("%d values", len(h)))
		}
		delete(got, n)
	}
	for n, h := range maps.All(got) {
		if f.cut == 0 {
			f.number(n.tenant, n.ReferenceName, fmt.Sprintf("%d values", len(h)), "none")
		}
	}
}

func (f *firstStage) number(tenant string, n kpi.ReferenceName, state, log string) {
	f.report.add(Difference{Kind: Number, Topic: f.topic, Partition: f.p, Tenant: tenant, Key: "ref:" + tenant, Field: n.Field(), State: state + " of " + n.Type.String() + " " + n.Key, Log: log + ", or other ones"})
}
