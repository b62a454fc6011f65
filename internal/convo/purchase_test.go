package convo_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

// sales lists what stage 2 knows of purchases: "customer instant type amount/currency queue".
func (d *desk) sales() string {
	var facts []event.Fact
	for _, f := range d.facts {
		if len(f.Sales) > 0 && !f.Retracted {
			facts = append(facts, f)
		}
	}
	slices.SortFunc(facts, func(a, b event.Fact) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Subject, b.Subject))
	})
	var out []string
	for _, f := range facts {
		s := f.Sales[0]
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d %d/%d %s", f.Customer, rel(s.At), s.Type, s.Amount, s.Currency, f.Queue)))
	}
	return strings.Join(out, ", ")
}

// TestPurchases: each is told by itself, of the customer known by now, and taken back with its episode.
func TestPurchases(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		channel            event.Channel
	}{
		{name: "in the queue at its instant, whoever the customer turns out to be", script: `
			0s in q=sales
			1m bought amount=25
			2m assign q=help
			3m bought amount=-5 type=refund cur=EUR
			4m in who=ana`, want: "ana 1m0s 1 25000000/840 sales, ana 3m0s 3 5000000/978 help"},
		{name: "another customer", script: `
			0s in who=ana
			1m bought
			2m in who=bob`, want: "bob 1m0s 1 10000000/840"},
		{name: "spam", script: `
			0s in who=ana
			1m bought
			2m spam`, want: ""},
		{name: "spam that was none", script: `
			0s in who=ana
			1m bought
			2m spam
			3m reopened`, want: "ana 1m0s 1 10000000/840"},
		{name: "spam a day later changes nothing", script: `
			0s in who=ana
			1m bought
			25h tick
			25h spam`, want: "ana 1m0s 1 10000000/840"},
		{name: "each of a chat without threads in its episode", channel: event.WhatsApp, script: `
			0s in who=ana
			1m bought
			2m resolved
			1h in
			61m bought amount=7
			62m spam`, want: "ana 1m0s 1 10000000/840"},
		{name: "without a conversation", script: `
			0s bought who=ana order=o1
			0s bought who=ana order=o1 id=e1 repeat`, want: "ana 0s 1 10000000/840"},
		{name: "what cannot be: less than nothing is nothing, too much is not told, and unknown currencies are one", script: `
			0s bought who=ana amount=-3
			1s bought amount=100000000001
			2s bought cur=ABC`, want: "ana 0s 1 0/840, ana 2s 1 10000000/999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, cmp.Or(c.channel, event.WebChat), plain())
			d.play(c.script)
			if diff := gocmp.Diff(c.want, d.sales()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPurchasesOneByOne: purchases whose ids and instants follow each other are two.
func TestPurchasesOneByOne(t *testing.T) {
	for _, ids := range [][2]int{{412, 413}, {413, 412}, {698, 699}} {
		d := newDesk(t, event.Commerce, plain())
		d.play(fmt.Sprintf("0ms bought who=ana id=e%d order=o1\n 1ms bought who=ana id=e%d order=o2", ids[0], ids[1]))
		if want := "ana 0s 1 10000000/840, ana 1ms 1 10000000/840"; d.sales() != want {
			t.Errorf("%v: known are %s, want %s", ids, d.sales(), want)
		}
	}
}
