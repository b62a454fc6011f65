package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
)

// desk is a world whose state is folded from events, both stages, one partition each.
type desk struct {
	*world
	t     testing.TB
	slots map[string]*fold.Slot
	ends  map[string]int64 // of the logs
	ids   int
}

func newDesk(t testing.TB, adapt func(*sla.PolicySpec)) *desk {
	t.Helper()
	d := &desk{world: &world{now: noon + 1500}, t: t, slots: map[string]*fold.Slot{}, ends: map[string]int64{}}
	d.openStore(t)
	d.cfg = testConfig(d.world, 1)
	d.cfg.Tenants = d.cfg.Tenants[:1]
	d.cfg.Tenants[0].Tokens = []httpapi.Token{{Plain: acmeToken}}
	d.reader = NewReader(d.cfg, d.world)
	for stage, n := range map[string]fold.Stage{stageInteractions: fold.Conversations, stageCustomers: fold.Customers} {
		slot := store.Slot{Stage: stage}
		if _, err := d.store.Create(t.Context(), slot, store.Meta{Position: store.Position{Lineage: 1}, LogLineage: 1, Partitions: 1, Partitioner: "murmur2", Schema: fold.Schema}); err != nil {
			t.Fatal(err)
		}
		load := func(refs []fold.Ref) ([]fold.Value, error) {
			ask := make([]store.Ref, len(refs))
			for i, r := range refs {
				ask[i] = store.Ref(r)
			}
			_, _, values, err := d.store.Load(context.Background(), slot, ask)
			out := make([]fold.Value, len(values))
			for i, v := range values {
				out[i] = fold.Value(v)
			}
			return out, err
		}
		d.slots[stage] = fold.New(fold.Config{Stage: n, Topic: stage, Sources: 1, CustomersTopic: stageCustomers, SignalsTopic: "s", DeadLettersTopic: "d", Customers: 1, Signals: 1, DeadLetters: 1,
			Route: func(string, int32) int32 { return 0 }}, load, fold.Position{}, fold.Start{Fresh: true, RestateAt: -1})
	}
	spec := sla.DefaultPolicy("acme", "America/Mexico_City")
	spec.Rules = []sla.RuleSpec{{Name: "all", FirstResponse: "10m", NextResponse: "20m", Resolution: "4h", PauseOn: []string{"pending_customer"}}}
	spec.Horizon = map[string]string{"*": "24h"}
	adapt(&spec)
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	for stage := range d.slots {
		d.fold(stage, "", fold.PolicyRecord(policy, false), nil)
	}
	return d
}

// fold applies a record to a stage, stores what follows, and hands on what stage 1 tells stage 2.
func (d *desk) fold(stage, key string, body event.RecordBody, seq *event.Seq) {
	d.t.Helper()
	s, in := d.slots[stage], fold.Input{Offset: d.ends[stage], Key: key, Record: event.Record{Body: body, Seq: seq}}
	d.ends[stage]++
	for done := false; !done; {
		var err error
		if done, err = s.Apply(in); err != nil {
			d.t.Fatal(err)
		}
		c := s.Commit()
		a := store.Apply{Epoch: 1, From: store.Position{Lineage: 1, Offset: c.From.Offset, Step: c.From.Step}, To: store.Position{Lineage: 1, Offset: c.To.Offset, Step: c.To.Step}}
		for _, w := range c.Writes {
			a.Writes = append(a.Writes, store.Write(w))
		}
		if _, err := d.store.Apply(d.t.Context(), store.Slot{Stage: stage}, a); err != nil {
			d.t.Fatal(err)
		}
		s.Committed(1 << 30)
		for _, o := range c.Outs {
			if o.Topic == stageCustomers && stage == stageInteractions {
				d.fold(stageCustomers, o.Key, o.Record.Body, o.Record.Seq)
			}
		}
	}
}

// tick lets time pass up to so long before noon.
func (d *desk) tick(before time.Duration) {
	d.t.Helper()
	d.fold(stageInteractions, "", event.Tick{At: noon - before.Milliseconds()}, nil)
}

// tell tells an event that happened so long before noon.
func (d *desk) tell(before time.Duration, conversation string, ch event.Channel, actor event.ActorKind, agent string, body event.Body) {
	d.t.Helper()
	d.ids++
	e := &event.Event{ID: fmt.Sprint("e", d.ids), Tenant: "acme", At: noon - before.Milliseconds(), Source: event.Source{Connector: "http"}, Conversation: conversation, Customer: "who-" + conversation,
		Channel: ch, Actor: actor, Routing: event.Routing{Queue: "PS", Agent: agent}, Body: body}
	d.fold(stageInteractions, e.Key(), e, nil)
}

func (d *desk) inbound(before time.Duration, id string) {
	d.tell(before, id, event.Email, event.ByCustomer, "", event.Message{ID: fmt.Sprint(id, before), Direction: event.Inbound})
}

func (d *desk) reply(before time.Duration, id string) {
	d.tell(before, id, event.Email, event.ByAgent, "zoltan", event.Message{ID: fmt.Sprint(id, before), Direction: event.Outbound})
}

func (d *desk) state(before time.Duration, id string, status event.ConversationStatus) {
	d.tell(before, id, event.Email, event.ByAgent, "", event.ConversationState{State: status})
}

func (d *desk) call(before time.Duration, id string, phase event.CallPhase) {
	d.tell(before, id, event.Voice, event.ByCustomer, "", event.Call{ID: id, Phase: phase, Wait: event.NotReported, Talk: event.NotReported, Hold: event.NotReported, Wrap: event.NotReported})
}

// live tells a few days with everything that is left out for a reason.
func (d *desk) live() {
	d.tick(72 * time.Hour)
	d.inbound(50*time.Hour, "old")
	d.reply(50*time.Hour-3*time.Minute, "old")
	d.tick(25 * time.Hour) // what old told is final by now
	m := time.Minute
	d.inbound(150*m, "paused")
	d.reply(146*m, "paused")
	d.state(145*m, "paused", event.StatusPendingCustomer)
	d.inbound(100*m, "paused")
	d.reply(70*m, "paused")
	d.state(65*m, "paused", event.StatusResolved)
	d.inbound(60*m, "spam")
	d.reply(58*m, "spam")
	d.state(50*m, "spam", event.StatusSpam)
	d.reply(40*m, "ours")
	d.inbound(30*m, "waits")
	d.call(25*m, "short", event.PhaseQueued)
	d.call(25*m-2*time.Second, "short", event.PhaseAbandoned)
	d.call(25*m-2*time.Second, "short", event.PhaseEnded)
	d.call(20*m, "call", event.PhaseQueued)
	d.call(20*m-15*time.Second, "call", event.PhaseAnswered)
	d.call(15*m, "call", event.PhaseEnded)
	for i := range 4 {
		id := fmt.Sprint("rated", i)
		d.inbound(12*m, id)
		d.tell(5*m, id, event.Email, event.ByCustomer, "", event.SurveyAnswered{Survey: "s", Response: id, Question: "q", Instrument: event.CSAT, Score: int64(2+i) * 1e6, ScaleMin: 1e6, ScaleMax: 5e6, Revision: 1})
	}
	d.tick(10 * time.Second)
	d.tick(0)
}

// TestExplainText compares whole explanations: the shape is what people read.
func TestExplainText(t *testing.T) {
	d := newDesk(t, func(*sla.PolicySpec) {})
	d.live()
	h := newHandler(t, d.world)
	for name, path := range map[string]string{
		"service_level_en":  "kpi=service_level&window=3h&queue=PS&lang=en",
		"first_response_es": "kpi=first_response_time&window=3d&lang=es",
		"waiting_pt":        "kpi=contacts_waiting&lang=pt",
		"csat_en":           "kpi=csat&definition=1-5&queue=PS&window=3h&lang=en",
		"csat_all_pt":       "kpi=csat&definition=1-5&window=3h&lang=pt",
		"burn_rate_en":      "kpi=sla_burn_rate&definition=fast&lang=en",
		"conversation_en":   "conversation=paused&lang=en",
		"conversation_es":   "conversation=spam&lang=es",
		"old_pt":            "conversation=old&lang=pt",
		"customer_es":       "customer=who-paused&lang=es",
	} {
		t.Run(name, func(t *testing.T) {
			got := get(h, "/api/v1/explain?format=text&"+path)
			if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%d %s", got.Code, got.Header())
			}
			golden(t, "testdata/explain_"+name+".golden", strings.ReplaceAll(got.Body.String(), "\u00a0", " "))
		})
	}
}

func explained[T any](t *testing.T, h http.Handler, query string) *T {
	t.Helper()
	got := get(h, "/api/v1/explain?"+query)
	if got.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", query, got.Code, got.Body)
	}
	var v T
	if err := json.Unmarshal(got.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return &v
}

// TestExplainForgotten: what is final is known as a sum alone, and still adds up; conversations that are remembered say so.
func TestExplainForgotten(t *testing.T) {
	d := newDesk(t, func(*sla.PolicySpec) {})
	d.live()
	h := newHandler(t, d.world)
	v := explained[explain.Value](t, h, "kpi=first_response_time&window=3d")
	if forgotten := (explain.Bare{Metric: 2, N: 1, Sum: 180_000}); v.Value.N != 2 || !slices.Equal(v.Parts.Forgotten[0], []explain.Bare{forgotten}) || v.Parts.Remembered[0][0].N != 1 {
		t.Errorf("%+v %+v", v.Value, v.Parts)
	}
	if !slices.Contains(v.Notes, explain.NoteForgotten) {
		t.Errorf("%v", v.Notes)
	}
	c := explained[explain.Conversation](t, h, "conversation=old")
	if c.KnownFrom == nil || len(c.Timeline) > 0 {
		t.Errorf("%+v", c)
	}
}

// TestExplainLeftOut: every reason that the state knows is told, with the conversations that it is about.
func TestExplainLeftOut(t *testing.T) {
	d := newDesk(t, func(*sla.PolicySpec) {})
	d.live()
	h := newHandler(t, d.world)
	for query, want := range map[string]map[string]string{
		"kpi=contacts_answered&window=3h": {"spam": "spam", "outbound": "ours", "unfinished": "rated0 rated1 rated2 rated3 waits", "nothing": "short", "deleted": "", "unknown": ""},
		"kpi=service_level&window=3h":     {"short_abandon": "", "spam": "spam"},
	} {
		got := map[string]explain.LeftOut{}
		for _, l := range explained[explain.Value](t, h, query).LeftOut {
			got[l.Reason] = l
		}
		for reason, ids := range want {
			l, ok := got[reason]
			if slices.Sort(l.Conversations); !ok || strings.Join(l.Conversations, " ") != ids || ids != "" && *l.N != int64(len(l.Conversations)) {
				t.Errorf("%s: %s: %+v", query, reason, l)
			}
		}
		if reason := explain.OutShort; want[reason] == "" && got[reason].N != nil && *got[reason].N != 1 {
			t.Errorf("%+v", got[reason])
		}
	}
}

// TestExplainHides: of a value that is hidden nothing is told that would give it away, and agents are named only where numbers by agent are kept.
func TestExplainHides(t *testing.T) {
	for _, agents := range []bool{false, true} {
		d := newDesk(t, func(p *sla.PolicySpec) { p.AgentCells = agents })
		d.live()
		h := newHandler(t, d.world)
		v := explained[explain.Value](t, h, "kpi=csat&definition=1-5&queue=PS&window=3h")
		if !v.Value.Hidden || v.Value.N != 4 || v.Parts != nil || len(v.Inputs)+len(v.Heaviest)+len(v.LeftOut)+len(v.Formula.Numerator) > 0 || !slices.Equal(v.Notes, []string{explain.NoteHidden}) {
			t.Errorf("%+v", v)
		}
		for _, query := range []string{"conversation=paused", "customer=who-paused", "kpi=first_response_time&window=3h", "kpi=sla_running&definition=first_response", "conversation=paused&format=text"} {
			got := get(h, "/api/v1/explain?"+query).Body.String()
			if named := strings.Contains(got, "zoltan"); named && !agents || !named && agents && strings.HasPrefix(query, "conversation") {
				t.Errorf("agents %v, %s: %s", agents, query, got)
			}
		}
		if got := get(h, "/api/v1/explain?kpi=first_response_time&window=3h&agent=zoltan"); (got.Code == http.StatusOK) != agents {
			t.Errorf("agents %v: %d %s", agents, got.Code, got.Body)
		}
	}
}

// TestExplainProblems: mistakes say what to do, and what is not there is not invented.
func TestExplainProblems(t *testing.T) {
	d := newDesk(t, func(*sla.PolicySpec) {})
	d.live()
	h := newHandler(t, d.world)
	for _, c := range []struct {
		query, slug, says string
		status            int
	}{
		{"", "invalid-parameter", "one kpi, one conversation or one customer", 400},
		{"kpi=csat&conversation=c", "invalid-parameter", "one kpi, one conversation or one customer", 400},
		{"kpi=asa", "invalid-parameter", `no KPI \"asa\"`, 400},
		{"kpi=csat,ces", "invalid-parameter", "One value is explained at a time", 400},
		{"kpi=csat&definition=1-5,1-3", "invalid-parameter", "One value is explained at a time", 400},
		{"kpi=csat&definition=best", "invalid-parameter", `definition \"best\"`, 400},
		{"kpi=csat&format=xml", "invalid-parameter", "no format", 400},
		{"kpi=csat&group=queue", "invalid-parameter", "no parameter", 400},
		{"conversation=paused&window=1h", "invalid-parameter", "no parameter", 400},
		{"kpi=contacts_waiting&at=2026-03-20T05:00:00-06:00", "invalid-parameter", "about now", 400},
		{"kpi=active_customers&team=x", "invalid-parameter", "cannot be grouped by team", 400},
		{"kpi=contacts_answered&window=1h&at=2020-03-20T05:00:00-06:00", "invalid-parameter", "nothing is kept", 400},
		{"kpi=active_customers&queue=", "invalid-parameter", "only by name", 400},
		{"conversation=nobody", "not-found", `no conversation \"nobody\" is remembered`, 404},
		{"customer=nobody", "not-found", "is remembered", 404},
	} {
		got := get(h, "/api/v1/explain?"+c.query)
		if got.Code != c.status || !strings.Contains(got.Body.String(), "#"+c.slug) || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s: %d %s", c.query, got.Code, got.Body)
		}
	}
	if got := get(h, "/api/v1/explain?kpi=csat", "Authorization", "Bearer wrong"); got.Code != http.StatusUnauthorized {
		t.Errorf("%d", got.Code)
	}
	d.down = fmt.Errorf("connection refused")
	for _, query := range []string{"kpi=contacts_answered", "conversation=paused"} {
		if got := get(h, "/api/v1/explain?"+query); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "#store-unavailable") {
			t.Errorf("%s: %d %s", query, got.Code, got.Body)
		}
	}
	empty := &world{now: noon}
	empty.openStore(t)
	empty.cfg = testConfig(empty, 1)
	created := &world{now: noon}
	created.openStore(t)
	created.cfg = testConfig(created, 1)
	begin(t, created.store, stageInteractions, 0)
	for _, w := range []*world{empty, created} {
		for _, query := range []string{"kpi=contacts_answered", "kpi=contacts_waiting", "conversation=paused"} {
			if got := get(newHandler(t, w), "/api/v1/explain?"+query); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "#state-unknown") {
				t.Errorf("%s: %d %s", query, got.Code, got.Body)
			}
		}
	}
}

// TestExplainMoved: what comes in while subjects are read has them read again; what never stands still is said to have moved.
func TestExplainMoved(t *testing.T) {
	for _, times := range []int{1, 1000} {
		d := newDesk(t, func(*sla.PolicySpec) {})
		d.live()
		n := 0
		d.before = func() {
			if before := d.before; n < times {
				n++
				d.before = nil
				d.inbound(time.Minute, fmt.Sprint("more", n))
				d.before = before
			}
		}
		h := newHandler(t, d.world)
		v := explained[explain.Value](t, h, "kpi=conversations_started&window=3h")
		if moved := slices.Contains(v.Notes, explain.NoteMoved); moved != (times > 1) || moved != v.Parts.Moved || !moved && (len(v.Parts.Forgotten[0]) > 0 || v.Value.N != int64(9+times)) {
			t.Errorf("%d times: %+v %+v", times, v.Value, v.Parts)
		}
	}
}

// TestExplainWords: whatever an explanation can say has words.
func TestExplainWords(t *testing.T) {
	var keys []string
	for _, kind := range append(convo.StepKinds(), "time", "policy", "gap") {
		keys = append(keys, "why_step_"+kind)
	}
	for _, reason := range explain.Reasons {
		keys = append(keys, "why_out_"+reason)
	}
	for _, note := range explain.Notes {
		keys = append(keys, "why_note_"+note)
	}
	for _, status := range []string{"none", "open", "pending", "on_hold", "snoozed", "resolved", "closed"} {
		keys = append(keys, "why_status_"+status)
	}
	for c := range sla.Clock(sla.NumClocks) {
		keys = append(keys, "clock_"+c.String())
	}
	for _, key := range keys {
		if texts["en"][key] == "" {
			t.Errorf("%s has no words", key)
		}
	}
}
