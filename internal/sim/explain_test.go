package sim_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sim"
)

// TestExplain: after some hours of a shop every KPI, by every definition, is explained for the whole tenant and for a queue, and its parts add up to it: panes to counters,
// conversations and customers to counters, counters to the value. 100 conversations tell what they count, and all of them together tell what the values are made of.
func TestExplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(9 * time.Hour)
		w := newWorld(t, func(t *config.Tenant) { // so that every KPI can be asked for
			t.AgentCells, t.Agents, t.Value.Currency = true, true, "USD"
		})
		defer w.close()
		worker := w.start(app.Worker)
		io := w.start(app.Connector, app.Exporter)
		settled(worker)
		start := time.Now()
		traffic := sim.New(sim.Shift{Seed: 5, Tenant: "shop", Start: start, PerHour: 110, Flat: true})
		spam := map[string]bool{}
		for end := start.Add(3 * time.Hour); ; {
			e := traffic.NextBefore(end)
			if e == nil {
				break
			}
			time.Sleep(time.Until(time.UnixMilli(e.At).Truncate(time.Second).Add(time.Second)))
			batch := []*event.Event{e}
			for next := traffic.NextBefore(time.Now()); next != nil; next = traffic.NextBefore(time.Now()) {
				batch = append(batch, next)
			}
			w.send(io, batch)
			if m, ok := e.Body.(event.Message); ok && m.Direction == event.Inbound && len(spam) < 4 && e.At > start.Add(time.Hour).UnixMilli() && !spam[e.Conversation] {
				spam[e.Conversation] = true
				s := *e
				s.ID, s.At, s.Actor, s.OrderHint = e.ID+"-spam", e.At+1, event.ByAgent, ""
				s.Body = event.ConversationState{State: event.StatusSpam}
				w.send(io, []*event.Event{&s})
			}
		}
		time.Sleep(10 * time.Minute)
		settled(worker)
		x := &explained{world: w, of: io}
		x.everyKPI()
		x.everyConversation()
		x.check(len(spam))
	})
}

// explained is what was explained so far.
type explained struct {
	*world
	of       *process
	n        int
	values   []explain.Value // of the whole tenant
	subjects map[string]bool
	counted  map[int]explain.Bare // by metric, by all conversations, in the last six hours
}

func (x *explained) get(into any, pairs ...string) {
	x.t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, "http://"+x.of.Addr().String()+"/api/v1/explain?"+q.Encode(), nil)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+readToken)
	if s, ok := into.(*string); ok {
		answer, err := x.http.Do(r)
		if err != nil {
			x.t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			x.t.Fatalf("%s: %s %s %v", r.URL, answer.Status, b, err)
		}
		*s = string(b)
		return
	}
	x.do(r, into)
}

const explainedWindow = "6h"

// everyKPI explains every definition of every KPI.
func (x *explained) everyKPI() {
	for _, d := range kpi.Catalog() {
		for _, def := range d.Definitions {
			for _, group := range [][]string{nil, {"queue", "soporte"}} {
				pairs := append([]string{"kpi", d.ID, "definition", def.ID, "window", explainedWindow}, group...)
				if group != nil && (len(d.Dimensions) < 2 || !slices.Contains(d.Dimensions, "queue")) {
					continue
				}
				var v explain.Value
				x.get(&v, pairs...)
				x.addsUp(d, &v)
				x.sameAsKPIs(&v, group)
				x.n++
				if group == nil {
					x.values = append(x.values, v)
				}
				lang, text := kpi.Langs[x.n%len(kpi.Langs)], ""
				if x.get(&text, append(pairs, "format", "text", "lang", lang)...); !strings.Contains(text, d.Title.In(lang)) || !strings.Contains(text, def.Explain.In(lang)) {
					x.t.Errorf("%v in %s: %s", pairs, lang, text)
				}
			}
		}
	}
}

// addsUp checks that a value is the sum of its parts.
func (x *explained) addsUp(d *kpi.Def, v *explain.Value) {
	x.t.Helper()
	name := fmt.Sprint(v.Value.KPI, " ", v.Value.Definition, " ", v.Value.Group)
	if v.Value.Hidden {
		if v.Parts != nil || len(v.Inputs) > 0 || len(v.Heaviest) > 0 {
			x.t.Errorf("%s is hidden, its parts are not: %+v", name, v)
		}
		return
	}
	if d.Instant() {
		if d.Unit == kpi.Count && v.Parts.N != v.Value.N {
			x.t.Errorf("%s: conversations count %d, the value says %d", name, v.Parts.N, v.Value.N)
		}
		return
	}
	if v.Parts.Moved || v.Parts.Cut {
		x.t.Errorf("%s: moved or cut: %+v", name, v.Parts)
	}
	for i, in := range v.Inputs {
		all := map[int]explain.Bare{}
		for _, c := range in.Counters {
			all[c.Metric] = explain.Bare{Metric: c.Metric, N: c.N, Sum: c.Sum}
		}
		panes := map[int]explain.Bare{}
		for _, p := range in.Panes {
			add(panes, p.Counters)
		}
		if diff := cmp.Diff(all, panes); diff != "" {
			x.t.Errorf("%s: the panes of %s are not its counters: %s", name, in.From, diff)
		}
		parts := map[int]explain.Bare{}
		add(parts, v.Parts.Remembered[i])
		add(parts, v.Parts.Forgotten[i])
		if diff := cmp.Diff(all, parts); diff != "" {
			x.t.Errorf("%s: the parts of %s are not its counters: %s", name, in.From, diff)
		}
		// Everything is of today: nothing is forgotten.
		if len(v.Parts.Forgotten[i]) > 0 {
			x.t.Errorf("%s: of %s something is forgotten: %v", name, in.From, v.Parts.Forgotten[i])
		}
	}
	if len(v.Formula.Numerator)+len(v.Formula.Denominator) == 0 {
		return
	}
	num, den := total(v.Formula.Numerator), total(v.Formula.Denominator)
	switch {
	case v.Value.P50 != nil:
		if kpi.SecondsOf(num) != v.Value.Numerator || den != v.Value.N {
			x.t.Errorf("%s: %d ms of %d, the value says %s of %s", name, num, den, v.Value.Numerator, v.Value.Denominator)
		}
	case !v.Value.Denominator.Known():
		if v.Value.Numerator.Known() && fmt.Sprint(num) != string(v.Value.Numerator) {
			x.t.Errorf("%s: %d, the value says %s", name, num, v.Value.Numerator)
		}
	case fmt.Sprint(den) != string(v.Value.Denominator) || fmt.Sprint(num) != string(v.Value.Numerator) && !strings.Contains(string(v.Value.Numerator), ".") && v.Formula.Numerator[0].Unit == "":
		x.t.Errorf("%s: %d of %d, the value says %s of %s", name, num, den, v.Value.Numerator, v.Value.Denominator)
	}
}

func add(into map[int]explain.Bare, list []explain.Bare) {
	for _, c := range list {
		b := into[c.Metric]
		if b = (explain.Bare{Metric: c.Metric, N: b.N + c.N, Sum: b.Sum + c.Sum}); b.N == 0 && b.Sum == 0 {
			delete(into, c.Metric)
			continue
		}
		into[c.Metric] = b
	}
}

func total(terms []explain.Term) (n int64) {
	for _, t := range terms {
		n += t.Times * t.Amount
	}
	return n
}

// sameAsKPIs checks that what is explained is what the API says.
func (x *explained) sameAsKPIs(v *explain.Value, group []string) {
	x.t.Helper()
	q := url.Values{"kpi": {v.Value.KPI}, "definition": {v.Value.Definition}, "window": {explainedWindow}}
	if group != nil {
		q.Set("group", group[0])
	}
	for _, other := range x.world.values(x.of, q) {
		if group != nil && other.Group[group[0]] != group[1] {
			continue
		}
		if other.Value != v.Value.Value || other.N != v.Value.N || other.Numerator != v.Value.Numerator || other.Denominator != v.Value.Denominator {
			x.t.Errorf("the API says %+v, the explanation %+v", other, v.Value)
		}
	}
}

// everyConversation explains all conversations, and adds up what they count.
func (x *explained) everyConversation() {
	x.counted, x.subjects = map[int]explain.Bare{}, map[string]bool{}
	for _, m := range x.records(app.Topics(x.config()).Interactions.Name) {
		key, ok := strings.CutPrefix(string(m.Key), "shop/v/")
		if id, err := url.PathUnescape(key); ok && err == nil {
			x.subjects[id] = true
		}
	}
	var ids []string
	for id := range x.subjects {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	for i, id := range ids {
		var c explain.Conversation
		x.get(&c, "conversation", id)
		if len(c.Timeline) == 0 || len(c.Contributions) == 0 && c.Counts == "yes" || c.KnownFrom != nil {
			x.t.Errorf("%s tells nothing: %+v", id, c)
		}
		for _, m := range c.Contributions {
			for _, counter := range m.Metrics {
				add(x.counted, []explain.Bare{{Metric: counter.Metric, N: counter.N, Sum: counter.Sum}})
			}
			if len(m.KPIs) == 0 && m.What != "session_began" {
				x.t.Errorf("%s: %s counts for no KPI", id, m.What)
			}
		}
		if i >= 100 {
			continue
		}
		lang, text := kpi.Langs[i%len(kpi.Langs)], ""
		if x.get(&text, "conversation", id, "format", "text", "lang", lang); !strings.Contains(text, id) {
			x.t.Errorf("%s in %s: %s", id, lang, text)
		}
	}
}

// check compares what all conversations together count with the values, and looks at what was left out.
func (x *explained) check(spam int) {
	compared, customers, withheld := 0, 0, int64(0)
	for i := range x.values {
		v := &x.values[i]
		if v.Parts == nil || len(v.Inputs) == 0 {
			continue
		}
		if v.Parts.Of == "customers" {
			customers++
			continue
		}
		for _, c := range v.Inputs[0].Counters {
			if got := x.counted[c.Metric]; got.N != c.N || got.Sum != c.Sum {
				x.t.Errorf("%s %s: metric %d is %d (%d), all conversations tell %d (%d)", v.Value.KPI, v.Value.Definition, c.Metric, c.N, c.Sum, got.N, got.Sum)
			}
			compared++
		}
		if v.Value.KPI == "conversations_started" {
			j := slices.IndexFunc(v.LeftOut, func(l explain.LeftOut) bool { return l.Reason == explain.OutSpam })
			withheld = *v.LeftOut[j].N
			if len(v.Heaviest) != 10 || v.Parts.Subjects < 100 {
				x.t.Errorf("%+v", v.Parts)
			}
		}
	}
	if withheld != int64(spam) || compared < 100 || customers < 10 || len(x.subjects) < 250 {
		x.t.Errorf("%d of %d spam left out, %d counters, %d values of customers, %d conversations", withheld, spam, compared, customers, len(x.subjects))
	}
	x.t.Logf("explained %d values of %d KPIs; %d conversations tell %d counters", x.n, len(kpi.Catalog()), len(x.subjects), compared)
}
