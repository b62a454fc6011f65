package sla

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTriggers(t *testing.T) {
	spec := DefaultPolicy("t", "America/Bogota")
	spec.Calendars = append(spec.Calendars, CalendarSpec{Name: "office", Week: map[string][]string{"mon-fri": {"09:00-18:00"}}})
	spec.Triggers = []TriggerSpec{
		{Name: "angry", Kind: NegativeStreak, Match: Match{Channel: []string{"whatsapp"}}, Hours: "office", Holdout: 20},
		{Name: "again", Kind: RepeatContact, Span: "3d", Count: 2, Cooldown: "7d"},
		{Name: "quiet", Kind: GoneSilent},
		{Name: "late", Kind: DeadlineAtRisk},
		{Name: "loop", Kind: BotLoop},
	}
	p, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	const hour = 3_600_000
	angry, again := p.Trigger("angry"), p.Trigger("again")
	if angry.Count != 3 || angry.Score != -250_000 || angry.CooldownMs != 24*hour || again.Count != 2 || again.SpanMs != 72*hour || again.CooldownMs != 168*hour ||
		p.Trigger("quiet").SpanMs != 24*hour || p.Trigger("late").Percent != 75 || p.Trigger("loop").Count != 3 || p.Trigger("none") != nil {
		t.Errorf("%+v", p.Triggers())
	}
	if !angry.Covers("whatsapp", "q", "", "") || angry.Covers("email", "q", "", "") || !again.Covers("email", "", "", "") {
		t.Error("triggers match other conversations than they say")
	}
	zone, _ := LoadZone("America/Bogota")
	at := func(day, hour, minute int) int64 {
		return time.Date(2026, 3, day, hour, minute, 0, 0, zone).UnixMilli()
	}
	for _, c := range []struct {
		at   int64
		open bool
	}{{at(2, 9, 0), true}, {at(2, 8, 59), false}, {at(2, 17, 59), true}, {at(2, 18, 0), false}, {at(7, 12, 0), false}} {
		if got := angry.Open(c.at); got != c.open {
			t.Errorf("open at %s is %v", time.UnixMilli(c.at).In(zone), got)
		}
	}
	if !again.Open(at(7, 3, 0)) {
		t.Error("without hours a trigger is always open")
	}
	held := 0
	for i := range 10_000 {
		name := fmt.Sprint("customer-", i)
		if angry.HeldOut(name) {
			held++
		}
		if again.HeldOut(name) {
			t.Fatal("nobody is held out without being asked for")
		}
	}
	if held < 1850 || held > 2150 {
		t.Errorf("%d of 10,000 customers are held out, want 20 %%", held)
	}
	again2, err := DecodePolicy(p.JSON(), 1)
	if err != nil || again2.Hash != p.Hash || len(again2.Triggers()) != 5 {
		t.Errorf("read back: %v", err)
	}
}

func TestTriggerFaults(t *testing.T) {
	for _, c := range []struct {
		spec TriggerSpec
		want string
	}{
		{TriggerSpec{Kind: BotLoop}, "name is empty"},
		{TriggerSpec{Name: "a", Kind: "x"}, `kind: "x" is unknown; use deadline_at_risk negative_streak`},
		{TriggerSpec{Name: "a", Kind: NegativeStreak, Count: 9}, "count: 9 is out of range"},
		{TriggerSpec{Name: "a", Kind: NegativeStreak, Score: new(-1.5)}, "score: -1.5 is out of range"},
		{TriggerSpec{Name: "a", Kind: GoneSilent, Count: 2}, "count: means nothing to gone_silent"},
		{TriggerSpec{Name: "a", Kind: RepeatContact, Span: "9d"}, `span: "9d" is out of range`},
		{TriggerSpec{Name: "a", Kind: RepeatContact, Match: Match{Team: []string{"x"}}}, "match: repeat_contact knows no team"},
		{TriggerSpec{Name: "a", Kind: DeadlineAtRisk, Percent: 100}, "percent: 100 is not a part"},
		{TriggerSpec{Name: "a", Kind: DeadlineAtRisk, Holdout: 5}, "never held out"},
		{TriggerSpec{Name: "a", Kind: BotLoop, Holdout: 60}, "holdout: 60 is out of range"},
		{TriggerSpec{Name: "a", Kind: BotLoop, Hours: "night"}, `hours: "night" is not among calendars`},
		{TriggerSpec{Name: "a", Kind: BotLoop, Cooldown: "soon"}, `cooldown: "soon" is not a duration`},
	} {
		spec := DefaultPolicy("t", "UTC")
		spec.Triggers = []TriggerSpec{c.spec}
		if _, err := CompilePolicy(spec, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.spec, err, c.want)
		}
	}
	spec := DefaultPolicy("t", "UTC")
	spec.Triggers = []TriggerSpec{{Name: "a", Kind: BotLoop}, {Name: "a", Kind: GoneSilent}}
	if _, err := CompilePolicy(spec, 1); err == nil || !strings.Contains(err.Error(), `trigger "a" is given twice`) {
		t.Error(err)
	}
	spec.Triggers, spec.Bot = nil, BotSpec{MaxReply: "2h"}
	if _, err := CompilePolicy(spec, 1); err == nil || !strings.Contains(err.Error(), "bot: max_reply") {
		t.Error(err)
	}
}
