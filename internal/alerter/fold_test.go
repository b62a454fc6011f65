package alerter

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/rule"
)

// plain is a desk of one shard that serves the tenant t.
func plain(b notify.Notifier) *desk {
	t := newTenant(Tenant{
		Name: "t", Lang: "es", Receivers: []Receiver{{Name: "hook", Notifier: b, PerIncident: true}}, Routes: []Route{{Name: "all", Receivers: []string{"hook"}, GroupWait: -1}},
	}.withDefaults())
	return newDesk(0, 2, map[string]*tenant{"t": t}, func(tenant string) int32 {
		if tenant == "elsewhere" {
			return 1
		}
		return 0
	}, func(string, string, int64) int64 { return 0 })
}

func relayed(p int32, offset int64, id string, prev event.PrevSeq, body event.RecordBody) *event.Record {
	return &event.Record{Body: body, OutputID: id, Seq: &event.Seq{Topic: "vigia.interactions", Partition: p, LogLineage: 1, Offset: offset, Prev: prev}}
}

const noon = int64(1_767_268_800_000)

func promise(conversation string, rev uint32, kind event.SignalKind) event.Signal {
	s := event.Signal{Tenant: "t", Conversation: conversation, Clock: "first_response", Instance: "1", Kind: kind, Revision: rev, StartedAt: noon - 60_000, DueAt: noon, At: noon + int64(rev)*1000}
	if kind == event.SignalSettled {
		s.FulfilledAt = s.At
	}
	return s
}

// TestAnyRepetition: whatever is delivered twice, from wherever a relay begins again, every promise is what its newest revision says.
func TestAnyRepetition(t *testing.T) {
	kinds := []event.SignalKind{event.SignalWarning, event.SignalBreach, event.SignalRetracted, event.SignalSettled}
	rapid.Check(t, func(t *rapid.T) {
		var log []*event.Record
		prev, rev, last := event.PrevSeq{Offset: -1}, map[string]uint32{}, map[string]event.Signal{}
		for i := range rapid.IntRange(1, 40).Draw(t, "records") {
			c := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "conversation")
			rev[c]++
			s := promise(c, rev[c], rapid.SampledFrom(kinds).Draw(t, "kind"))
			log = append(log, relayed(0, int64(i), fmt.Sprint("id", i), prev, s))
			prev, last[c] = event.PrevSeq{Offset: int64(i)}, s
		}
		d := plain(nil)
		for at := 0; at < len(log); {
			if o, hole := d.fold(0, log[at], noon); o != folded && o != duplicate || hole {
				t.Fatalf("record %d: %s, hole %v", at, o, hole)
			}
			at++
			if rapid.IntRange(0, 4).Draw(t, "begins again") == 0 {
				at = rapid.IntRange(0, at).Draw(t, "from")
			}
			if at < len(log) && rapid.IntRange(0, 200).Draw(t, "never ends") == 0 {
				at = len(log) - 1
				for i := range log {
					d.fold(0, log[i], noon)
				}
			}
		}
		for c, s := range last {
			i := d.incidents[incidentOf(&s)]
			want := map[event.SignalKind]notify.Type{
				event.SignalWarning: notify.SLAWarning, event.SignalBreach: notify.SLABreached, event.SignalRetracted: notify.SLARetracted, event.SignalSettled: notify.SLASettled,
			}[s.Kind]
			if i == nil || i.Type != want || i.Rev != int64(s.Revision)<<revBits {
				t.Fatalf("%s is %+v, want %s", c, i, want)
			}
		}
	})
}

// TestStoredStateIsWhole: a desk that is stored and loaded goes on exactly as the one that was not.
func TestStoredStateIsWhole(t *testing.T) {
	a := plain(nil)
	a.fold(0, relayed(0, 1, "A", event.PrevSeq{Offset: -1}, promise("a", 1, event.SignalBreach)), noon)
	a.fold(1, relayed(1, 7, "B", event.PrevSeq{Offset: -1}, promise("b", 1, event.SignalWarning)), noon)
	a.fold(0, &event.Record{Body: event.Silence{Tenant: "t", ID: "s", Author: "x", Reason: "y", StartsAt: noon, EndsAt: noon + 3_600_000, Matchers: []event.SilenceMatcher{{Name: "queue", Value: "z"}}}}, noon)
	a.touch(keyRoot, rootField)
	a.keepRule("fingerprint", rule.State{Tenant: "t", Rule: "Slow", Group: map[string]string{"queue": "q"}, At: noon, Status: rule.Firing, Incident: "x"})
	a.advance(noon)
	b := plain(nil)
	for _, w := range a.writes() {
		if w.Value != nil {
			if err := b.load(w.Key, w.Field, w.Value); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d := cmp.Diff(a.incidents, b.incidents); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(a.hearings, b.hearings); d != "" {
		t.Error(d)
	}
	if len(b.silences) != 1 || len(b.attempts) != len(a.attempts) || len(b.attempts) != 2 || len(b.rules) != 1 || len(b.unpublished) != 2 {
		t.Errorf("%d silences, %d attempts, %d rules, %d unpublished", len(b.silences), len(b.attempts), len(b.rules), len(b.unpublished))
	}
	b.resume(noon)
	b.caught(noon)
	b.advance(noon)
	if len(b.launch) != 2 || a.attempts[b.launch[0].ID] == nil || a.attempts[b.launch[1].ID] == nil {
		t.Errorf("the heir makes %v", b.launch)
	}
	if err := b.restore(a.progress()); err != nil {
		t.Error(err)
	}
	for _, key := range []string{keyRoot, keyHearings, keyIncidents, keyGroups, keyAttempts, keySilences, keyRules} {
		if err := b.load(key, "x", []byte("{")); err == nil {
			t.Errorf("damaged state under %s was loaded", key)
		}
	}
}

// TestRestated: what a rebuilt source no longer mentions is closed as unknown; what it states again is not told again.
func TestRestated(t *testing.T) {
	d := plain(nil)
	d.fold(0, relayed(0, 1, "A", event.PrevSeq{Offset: -1}, promise("stays", 1, event.SignalBreach)), noon)
	d.fold(0, relayed(0, 2, "B", event.PrevSeq{Offset: 1}, promise("gone", 1, event.SignalBreach)), noon)
	d.fold(1, relayed(0, 2, "C", event.PrevSeq{Offset: -1}, promise("other partition", 1, event.SignalBreach)), noon)
	d.fold(0, relayed(1, 2, "D", event.PrevSeq{Offset: -1}, promise("other source", 1, event.SignalBreach)), noon)
	for _, i := range d.incidents {
		k := i.note("hook")
		k.Rev, k.Type, k.Route = i.Rev, i.Type, "all"
	}
	d.attempts, d.busy, d.launch = map[string]*attempt{}, map[string]string{}, nil
	restart := event.PrevSeq{Offset: 2, Restart: true}
	if o, hole := d.fold(0, relayed(0, 9, "A2", restart, promise("stays", 1, event.SignalBreach)), noon); o != folded || hole {
		t.Fatalf("%s, hole %v", o, hole)
	}
	d.fold(0, relayed(0, 9, "W", event.PrevSeq{Offset: 9}, event.Watermark{Partition: 0, At: noon}), noon)
	d.advance(noon)
	for _, i := range d.incidents {
		if closed := i.Unknown && i.Type == notify.SLASettled; closed != (i.Conversation == "gone") {
			t.Errorf("%s: %+v", i.Conversation, i)
		}
	}
	if len(d.launch) != 1 {
		t.Fatalf("told %v", d.launch)
	}
	n := d.compose(d.launch[0], func(*Tenant, string) string { return "" })
	if n.Conversation != "gone" || n.Type != notify.SLASettled || n.Reason != words["es"]["unknown"] {
		t.Errorf("%+v", n)
	}
	// It comes back: open after all.
	d.fold(0, relayed(0, 10, "B2", event.PrevSeq{Offset: 9}, promise("gone", 1, event.SignalBreach)), noon)
	for _, i := range d.incidents {
		if i.Conversation == "gone" && (i.Type != notify.SLABreached || i.over()) {
			t.Errorf("%+v", i)
		}
	}
}

// TestStrangers: what does not belong here is counted and changes nothing.
func TestStrangers(t *testing.T) {
	d := plain(nil)
	of := func(tenant string) event.Signal {
		s := promise("a", 1, event.SignalBreach)
		s.Tenant = tenant
		return s
	}
	for i, c := range []struct {
		r    *event.Record
		want outcome
	}{
		{relayed(0, 1, "A", event.PrevSeq{Offset: -1}, of("elsewhere")), foreign},
		{relayed(0, 2, "B", event.PrevSeq{Offset: 1}, of("nobody")), unknown},
		{relayed(0, 3, "C", event.PrevSeq{Offset: 2}, promise("a", 2, event.SignalBreach)), folded},
		{relayed(0, 3, "C", event.PrevSeq{Offset: 2}, promise("a", 2, event.SignalBreach)), duplicate},
		{relayed(0, 4, "D", event.PrevSeq{Offset: 3}, promise("a", 1, event.SignalBreach)), outdated},
		{relayed(0, 5, "E", event.PrevSeq{Offset: 4}, event.Tick{At: 1}), unwanted},
		{&event.Record{Body: promise("a", 3, event.SignalBreach)}, unwanted},
		{&event.Record{Body: event.Watermark{}}, unwanted},
		{&event.Record{Body: event.Acknowledgement{Tenant: "t", Incident: "none"}}, outdated},
		{&event.Record{Body: event.Acknowledgement{Tenant: "nobody"}}, unknown},
		{&event.Record{Body: event.Silence{Tenant: "t", ID: "x", StartsAt: 1, EndsAt: noon * 2, Matchers: []event.SilenceMatcher{{Name: "queue", Value: "(", Regex: true}}}}, garbage},
		{relayed(0, 6, "F", event.PrevSeq{Offset: 5}, promise("b", 1, event.SignalUnknown)), unwanted},
	} {
		if o, hole := d.fold(0, c.r, noon); o != c.want || hole {
			t.Errorf("record %d: %s, hole %v; want %s", i, o, hole, c.want)
		}
	}
	if len(d.incidents) != 1 {
		t.Errorf("%d incidents", len(d.incidents))
	}
	if _, hole := d.fold(0, relayed(0, 9, "G", event.PrevSeq{Offset: 8}, promise("b", 1, event.SignalBreach)), noon); !hole {
		t.Error("a hole was not seen")
	}
}

// TestTriggers: each says why it fired, once; those held out are told to nobody.
func TestTriggers(t *testing.T) {
	d := plain(nil)
	fired := func(offset int64, kind string, held bool) {
		s := event.Signal{
			Tenant: "t", Conversation: "a", Instance: fmt.Sprint(offset), Kind: event.SignalTrigger, At: noon, Customer: "ana", Trigger: "help", TriggerKind: kind, Count: 3,
			SpanMs: 7 * 24 * 3_600_000, WarnPercent: 75, HeldOut: held,
		}
		d.fold(0, relayed(0, offset, fmt.Sprint(offset), event.PrevSeq{Offset: offset - 1}, s), noon)
	}
	for i, kind := range []string{"deadline_at_risk", "negative_streak", "repeat_contact", "gone_silent", "bot_loop", "of tomorrow"} {
		fired(int64(i), kind, false)
	}
	fired(7, "bot_loop", true)
	d.advance(noon)
	var said []string
	for _, a := range d.launch {
		n := d.compose(a, func(*Tenant, string) string { return "" })
		if n.Type != notify.TriggerFired || n.Customer != "ana" {
			t.Errorf("%+v", n)
		}
		said = append(said, n.Reason)
	}
	if len(said) != 6 {
		t.Fatalf("told %q", said)
	}
	want := []string{
		"", "3 mensajes seguidos suenan negativos.", "3 respuestas seguidas de un bot y nadie se ha hecho cargo.", "Contacto número 3 en 7 d.", "Sin respuesta a nuestro último mensaje desde hace 7 d.",
		"Ya se ha consumido el 75 % del tiempo de este compromiso.",
	}
	seen := map[string]bool{}
	for _, s := range said {
		seen[s] = true
	}
	for _, s := range want {
		if !seen[s] {
			t.Errorf("nobody says %q, but %q", s, said)
		}
	}
}

// TestNews pins what a receiver that knows something must hear of an incident.
func TestNews(t *testing.T) {
	for _, c := range []struct {
		now  notify.Type
		told told
		want notify.Type
	}{
		{notify.SLAWarning, told{}, notify.SLAWarning},
		{notify.SLABreached, told{}, notify.SLABreached},
		{notify.SLABreached, told{Rev: 1, Type: notify.SLAWarning}, notify.SLABreached},
		{notify.SLABreached, told{Rev: 2, Type: notify.SLABreached}, ""},
		{notify.SLASettled, told{}, notify.SLASettled},
		{notify.SLASettled, told{Rev: 1, Type: notify.SLABreached}, notify.SLASettled},
		{notify.SLARetracted, told{}, ""},
		{notify.SLARetracted, told{Rev: 1, Type: notify.SLAWarning}, ""},
		{notify.SLARetracted, told{Rev: 1, Type: notify.SLABreached}, notify.SLARetracted},
		{notify.SLARetracted, told{Maybe: true}, notify.SLARetracted},
		{notify.KPIResolved, told{}, ""},
		{notify.KPIResolved, told{First: 1}, notify.KPIResolved},
		{notify.KPIResolved, told{Rev: 1, Type: notify.KPIFiring}, notify.KPIResolved},
	} {
		i := incident{Type: c.now, Rev: 2}
		if got := i.news(&c.told); got != c.want {
			t.Errorf("%s, told %+v: %q, want %q", c.now, c.told, got, c.want)
		}
	}
}

// TestQuietUntil pins the ends of quiet times, over midnight and across a change of clocks.
func TestQuietUntil(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skip("no time zones on this machine: ", err)
	}
	q := Quiet{Days: []time.Weekday{time.Friday, time.Saturday}, From: 22 * 60, To: 7 * 60}
	for at, want := range map[string]string{
		"2026-03-27 21:59": "", "2026-03-27 22:00": "2026-03-28 07:00", "2026-03-28 06:59": "2026-03-28 07:00", "2026-03-28 07:00": "",
		"2026-03-28 23:00": "2026-03-29 07:00", "2026-03-29 06:59": "2026-03-29 07:00", "2026-03-29 23:00": "",
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", at, madrid)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end := q.until(now); end != 0 {
			got = time.UnixMilli(end).In(madrid).Format("2006-01-02 15:04")
		}
		if got != want {
			t.Errorf("at %s until %q, want %q", at, got, want)
		}
	}
}

// FuzzLoad: stored state may be damaged; it is refused in words or loaded, and never panics. What is loaded is stored as it was.
func FuzzLoad(f *testing.F) {
	f.Add(keyIncidents, []byte(`{"id":"x","tenant":"t","type":"sla.breached","rev":1024,"told":{"hook":{"rev":3}}}`))
	f.Add(keyAttempts, []byte(`{"id":"x","tenant":"t","receiver":"hook","groups":["t/hook/all/incident/x"],"members":[{"incident":"x","rev":1024,"type":"sla.breached"}]}`))
	f.Add(keyGroups, []byte(`{"key":"k","tenant":"t","receiver":"hook","route":"all","last_sent":5}`))
	f.Add(keyHearings, []byte(`{"log":1,"last":{"Offset":3},"ids":["A"]}`))
	f.Add(keySilences, []byte(`{"Tenant":"t","ID":"s","EndsAt":9,"Matchers":[{"Name":"queue","Value":"x"}]}`))
	f.Add(keyRoot, []byte(`{"positions":[1,2]}`))
	f.Add(keyRules, []byte{1, 0})
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		d := plain(nil)
		if err := d.load(key, "x", value); err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		d.resume(noon)
		d.caught(noon)
		d.advance(noon)
		for _, a := range d.launch {
			d.compose(a, func(*Tenant, string) string { return "" })
		}
		d.writes()
	})
}

// FuzzRestore is the same for what the topic of alerts holds.
func FuzzRestore(f *testing.F) {
	f.Add(plain(nil).progress())
	f.Add([]byte(`{"root":{"positions":[1,2]},"hearings":{"0/x/1":{}},"silences":{"t/x":{}},"rules":{"r":"AQ=="}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := plain(nil)
		if err := d.restore(b); err != nil && json.Valid(b) && err.Error() == "" {
			t.Error("an error without words")
		}
		if len(d.root.Positions) != 2 {
			t.Errorf("%d positions", len(d.root.Positions))
		}
	})
}
