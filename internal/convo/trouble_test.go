package convo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// trouble lists what stage 2 is told of contacts that went badly, in the order of their subjects.
func (d *desk) trouble() string {
	var out []string
	for _, f := range d.facts {
		line := f.Subject[strings.IndexByte(f.Subject, '#'):][:1]
		since := func(at int64) string { return fmt.Sprint(time.Duration(at-t0) * time.Millisecond) }
		if f.Mood != 0 {
			line += fmt.Sprint(" mood ", f.Mood, " ", since(f.MoodAt))
		}
		if f.AbandonedAt != 0 {
			line += " abandoned " + since(f.AbandonedAt)
		}
		if f.Broken {
			line += " broken"
		}
		if line != "#" && !f.Retracted {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func (d *desk) troubled(want string) *desk {
	d.Helper()
	if got := d.trouble(); got != want {
		d.Fatalf("told %q, want %q; after:\n%s", got, want, d.script.String())
	}
	return d
}

// TestTrouble: the second stage hears of a mood that is negative, of a customer who gave up, and of a broken promise, as they are in the end.
func TestTrouble(t *testing.T) {
	chat(t, plain()).play("0s in who=ana score=-199999\n 1m out agent=zoe").troubled("")
	d := chat(t, plain()).play("0s in who=ana score=-200000").troubled("# mood -200000 0s")
	d.play("1m in score=-500000").troubled("# mood -400000 1m0s").play("2m in score=900000").troubled("").play("3m spam").troubled("")

	call(t, plain()).play("0s queued who=ana q=ps\n 3s abandoned").troubled("")
	d = call(t, plain()).play("0s queued who=ana q=ps\n 40s abandoned").troubled("# abandoned 40s")
	d.play("60s queued q=ps\n 61s offered\n 70s answered agent=zoe").troubled("") // another wait came to a better end

	d = chat(t, promised()).play("0s in who=ana\n 90s out agent=zoe").troubled("")
	d.play("10m in\n 20m out agent=zoe").troubled("# broken")
	// A promise that runs is not told yet; nor is that of a resolution that came late.
	chat(t, promised()).play("0s in who=ana\n 30m tick").troubled("")
	chat(t, promised()).play("0s in who=ana\n 1m out agent=zoe\n 3h resolved").troubled("")
	// What silence ends without an answer; each episode for itself.
	d = whatsapp(t, promised()).play("0s in who=ana\n 90h in\n 90h1m out agent=zoe").troubled("# broken")
	if len(d.facts) != 2 {
		t.Fatalf("%d facts", len(d.facts))
	}
}

// What is told stays when the events that it follows from are forgotten.
func TestTroubleIsRemembered(t *testing.T) {
	spec := promised()
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).play("0s in who=ana score=-800000\n 10m out agent=zoe\n 3h tick").troubled("# mood -800000 0s broken")
	d.play("4h in score=100000").troubled("# mood -200000 4h0m0s broken")
	spec = plain()
	spec.Horizon = map[string]string{"*": "1h"}
	call(t, spec).play("0s queued who=ana q=ps\n 40s abandoned\n 3h tick\n 4h in").troubled("# abandoned 40s")
}
