package sla

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzCompile feeds arbitrary calendars; those that compile must obey the laws.
func FuzzCompile(f *testing.F) {
	f.Add(`{"name":"a","zone":"Europe/Madrid","week":{"mon-fri":["08:00-12:00","13:30-18:00"]},"holiday_set":"es"}`, int64(1_774_742_400_000), int64(3_600_000))
	f.Add(`{"zone":"America/Asuncion","week":{"daily":["22:00-06:00"]},"holidays":[{"date":"02-29"},{"date":"2024-10-06","hours":["00:00-24:00"]}]}`, int64(1_728_172_800_000), int64(1))
	f.Add(`{"zone":"UTC","week":{"sat-sun":["23:59-00:01"]},"holiday_set":"mx"}`, int64(-1), int64(9_000_000_000_000))
	f.Fuzz(func(t *testing.T, text string, from, d int64) {
		var spec CalendarSpec
		if json.Unmarshal([]byte(text), &spec) != nil {
			return
		}
		c, err := Compile(spec)
		if err != nil {
			if c != nil || err.Error() == "" {
				t.Fatalf("Compile = %v, %v", c, err)
			}
			return
		}
		from = min(max(from, firstAt), lastAt)
		due, ok := Due(c, from, d, nil)
		switch {
		case !ok:
			if left := c.Elapsed(from, lastAt); left >= d {
				t.Fatalf("not due, but %d ≥ %d ms are left", left, d)
			}
		case d > 0 && (c.Elapsed(from, due) != d || !c.Open(due-1)):
			t.Fatalf("%s + %d = %d: elapsed %d", time.UnixMilli(from).UTC(), d, due, c.Elapsed(from, due))
		}
	})
}

// FuzzDecodePolicy feeds arbitrary policy records: an error or a policy that
// answers, never a panic.
func FuzzDecodePolicy(f *testing.F) {
	p, err := CompilePolicy(DefaultPolicy("t", "America/Sao_Paulo"), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.JSON())
	f.Add([]byte(`{"tenant":"t","zone":"UTC","rules":[{"name":"r","match":{"queue":["q"]},"first_response":"2m"}],"queues":{"q":{"target_seconds":1}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodePolicy(body, 1)
		if err != nil {
			return
		}
		if r := p.Match("voice", "q", "", ""); r != nil {
			r.Calendar.Add(0, r.Targets[FirstResponse])
		}
		if q := p.Queue("q"); q.TargetMs < 0 || p.StaleMs("voice") < 0 || p.GraceMs("x") < 0 || p.HorizonMs("x") <= 0 {
			t.Fatalf("%+v", p)
		}
		if again, err := CompilePolicy(p.Spec(), 1); err != nil {
			t.Fatalf("its own spec does not compile: %v (%v)", err, again)
		}
	})
}
