package kpi

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	usd = 840
	eur = 978
	ars = 32
)

// valueFrame is of the last 73 days, a fifth of a year, of a tenant that tells amounts in dollars.
func valueFrame(t testing.TB, edit ...func(*sla.ValueSpec)) Frame {
	t.Helper()
	spec := sla.DefaultPolicy("t", "UTC")
	spec.Value = sla.ValueSpec{Currency: "USD", LifespanMonths: 24}
	for _, e := range edit {
		e(&spec.Value)
	}
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	to := goldenStart + 24*3600*second
	w := Window{From: to - 73*24*3600*second, To: to, Now: to, Zone: time.UTC}
	return Frame{Tenant: "t", AsOf: to, Complete: true, Window: w, Policy: p}
}

// sold are the moments of an order of a customer who buys for the first time.
func sold(amount int64, currency uint32) []convo.Moment {
	at := goldenStart - 24*3600*second
	return []convo.Moment{{Kind: convo.Bought, At: at}, {Kind: convo.Sold, At: at, Value: amount * 1e6, Class: currency, Group: window.Group{Channel: "commerce"}}}
}

func readValue(t testing.TB, d *Def, f Frame, g window.Group, moments []convo.Moment, definitions ...string) []Value {
	t.Helper()
	src := whole{window.Activity, moments}
	values, err := d.Values(d.Resolve(definitions), f, []window.Group{g}, src.Sum(f.By, f.Window.From, f.Window.To), src)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func worthText(v Value) string {
	return fmt.Sprintf("%s = %s/%s n=%d %s", v.Value, v.Numerator, v.Denominator, v.N, v.Basis)
}

// TestGoldenCLV: an average order of 50 × 5 orders / 4 customers in a fifth of a year × 2 years = 625; 20 a month × 24 months = 480; 250 / 4 customers / 2.4 months × 30 % / (5 % + 1 %) = 130.2; and
// 625 over a cost of 250 € at 1.25 = 2.
func TestGoldenCLV(t *testing.T) {
	f := valueFrame(t, func(v *sla.ValueSpec) { v.Margin, v.MonthlyChurn, v.Discount = new(0.3), new(0.05), new(0.01) })
	var moments []convo.Moment
	for range 4 {
		moments = append(moments, sold(50, usd)...)
	}
	moments = append(moments, sold(50, usd)[1]) // a fifth order of one of them
	at := goldenStart - 1
	for _, price := range []int64{15, 25} {
		moments = append(moments, convo.Moment{Kind: convo.Bought, At: at, Class: 1}, convo.Moment{Kind: convo.Sold, At: at, Value: price * 1e6, Class: convo.Monthly + usd, Group: window.Group{Channel: "web_chat"}})
	}
	want := map[string]string{
		"commerce":     "625 = 250/4 n=4 USD",
		"subscription": "480 = 40/2 n=2 USD",
		"margin":       "130.20833333333334 = 250/4 n=4 USD",
	}
	for _, v := range readValue(t, &clv, f, window.Group{}, moments, slices.Collect(maps.Keys(want))...) {
		if got := worthText(v); got != want[v.Definition] {
			t.Errorf("%s: got %s, want %s", v.Definition, got, want[v.Definition])
		}
	}
	f.References = References{{Type: event.AcquisitionCost}: {{At: 0, Value: 250e9, Currency: "EUR"}}, {Type: event.ExchangeRate, Key: "EUR"}: {{At: 0, Value: 1_250_000_000, Currency: "USD"}}}
	if got := worthText(readValue(t, &clvToCAC, f, window.Group{}, moments)[0]); got != "2 = 625/312.5 n=4 USD EUR=1.25" {
		t.Errorf("to its cost: got %s", got)
	}
}

// TestCLVCurrencies: the rates that hold at the end of the window are used, and stated; what has none is left out.
func TestCLVCurrencies(t *testing.T) {
	f := valueFrame(t)
	moments := slices.Concat(sold(10, usd), sold(10, eur), sold(10, ars), sold(10, event.NoCurrency))
	at := func(rate float64, at int64, to string) ReferencePoint {
		return ReferencePoint{At: at, Value: int64(rate * 1e9), Currency: to}
	}
	for _, c := range []struct {
		rates References
		want  string
	}{
		{nil, "25 = 10/4 n=4 USD ARS=none EUR=none XXX=none"},
		{References{{Type: event.ExchangeRate, Key: "EUR"}: {at(1.5, 0, "USD"), at(2, f.Window.To, "USD"), at(3, f.Window.To+1, "USD")}}, "75 = 30/4 n=4 USD ARS=none EUR=2 XXX=none"},
		{References{{Type: event.ExchangeRate, Key: "EUR"}: {at(1.5, 0, "USD"), at(900, 1, "ARS")}}, "25 = 10/4 n=4 USD ARS=none EUR=none XXX=none"},
		{References{{Type: event.ExchangeRate, Key: "EUR"}: {at(1.1, 0, "USD")}, {Type: event.ExchangeRate, Key: "ARS"}: {at(0.000000001, 0, "USD")}},
			"52.500000025 = 21.00000001/4 n=4 USD ARS=0.000000001 EUR=1.1 XXX=none"},
	} {
		f.References = c.rates
		if got := worthText(readValue(t, &clv, f, window.Group{}, moments)[0]); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestNoCLV: what cannot be told says why, or what to do next.
func TestNoCLV(t *testing.T) {
	some := sold(10, usd)
	for _, c := range []struct {
		d          *Def
		definition string
		edit       func(f *Frame)
		want       string
	}{
		{&clv, "commerce", func(f *Frame) { f.Window.From = f.Window.To - 27*24*3600*second }, "81.64026095060578 = 10/1 n=1 90d USD"},
		{&clv, "margin", func(*Frame) {}, " = / n=0 needs_margin"},
		{&clv, "margin", func(f *Frame) { f.Policy = valueFrame(t, func(v *sla.ValueSpec) { v.Margin = new(0.5) }).Policy }, " = / n=0 needs_monthly_churn"},
		{&clv, "subscription", func(*Frame) {}, " = 0/0 n=0 USD"},
		{&clvToCAC, "commerce", func(*Frame) {}, " = / n=0 needs_acquisition_cost"},
		{&clvToCAC, "commerce", func(f *Frame) {
			f.References = References{{Type: event.AcquisitionCost}: {{At: 0, Value: 1e9, Currency: "EUR"}}}
		}, " = / n=1 USD EUR=none"},
		{&clvToCAC, "subscription", func(f *Frame) {
			f.References = References{{Type: event.AcquisitionCost}: {{At: 0, Value: 1e9, Currency: "USD"}}}
		}, " = / n=0 USD"},
	} {
		f := valueFrame(t)
		c.edit(&f)
		if got := worthText(readValue(t, c.d, f, window.Group{}, some, c.definition)[0]); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.d.ID, c.definition, got, c.want)
		}
	}
	for _, d := range []*Def{&clv, &clvByChannel, &clvToCAC} {
		for want, edit := range map[string]func(f *Frame){
			"leave \"at\" out":   func(f *Frame) { f.Window.Now++ },
			"set value.currency": func(f *Frame) { f.Policy = nil },
		} {
			f := valueFrame(t)
			edit(&f)
			_, err := d.Values(d.Resolve(nil), f, []window.Group{{}}, whole{window.Activity, some}.Sum(nil, f.Window.From, f.Window.To), whole{window.Activity, some})
			var refused *WindowError
			if !errors.As(err, &refused) || refused.KPI != d.ID || !strings.Contains(refused.Reason, want) {
				t.Errorf("%s: got %v, want %s", d.ID, err, want)
			}
		}
	}
}

// TestChannelsAddUp: whatever a customer does and buys, in whatever currencies, by every model the channels have all of clv, exactly.
func TestChannelsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := valueFrame(t)
		f.References = References{{Type: event.ExchangeRate, Key: "EUR"}: {{At: 0, Value: rapid.Int64Range(1, 3e9).Draw(rt, "rate"), Currency: "USD"}}}
		channels := []event.Channel{event.WhatsApp, event.Voice, event.Email, event.WebChat}
		var counted []convo.Moment
		for c := range rapid.IntRange(1, 4).Draw(rt, "customers") {
			s := customer.New(event.Fact{Tenant: "t", Customer: fmt.Sprint(c)})
			for n := range rapid.IntRange(1, 8).Draw(rt, "facts") {
				at := f.Window.To - rapid.Int64Range(1, 60*24).Draw(rt, "hours before the end")*3600*second
				fact := event.Fact{Tenant: "t", Customer: fmt.Sprint(c), Subject: fmt.Sprint(n), Revision: 1, Channel: rapid.SampledFrom(channels).Draw(rt, "channel"), StartedAt: at, EndedAt: at}
				if rapid.Bool().Draw(rt, "purchase") {
					fact.Channel = event.Commerce
					fact.Sales = []event.Sale{{At: at, Type: event.PurchaseType(rapid.IntRange(1, 3).Draw(rt, "type")), Order: uint64(rapid.IntRange(0, 3).Draw(rt, "order")),
						Amount: rapid.Int64Range(0, 1e9).Draw(rt, "amount"), Currency: rapid.SampledFrom([]uint16{usd, eur, ars}).Draw(rt, "currency")}}
				} else {
					fact.Inbound, fact.ActiveAt = true, []int64{at}
				}
				change, _ := s.Apply(fact, f.Window.From, f.Policy)
				for _, m := range change.Gone {
					i := slices.Index(counted, m)
					counted = slices.Delete(counted, i, i+1)
				}
				counted = append(counted, change.New...)
			}
		}
		all := readValue(t, &clv, f, window.Group{}, counted)[0]
		for _, model := range clvByChannel.definitionIDs() {
			sum, values := new(big.Rat), new(big.Rat)
			by := f
			by.By = []window.Dimension{window.DimChannel}
			for _, channel := range []string{"whatsapp", "voice", "email", "web_chat", "direct"} {
				v := readValue(t, &clvByChannel, by, window.Group{Channel: channel}, counted, model)[0]
				if v.Denominator != all.Denominator || v.Value.Known() != all.Value.Known() {
					rt.Fatalf("%s of %s: %s; all: %s", model, channel, worthText(v), worthText(all))
				}
				part, _ := new(big.Rat).SetString(string(v.Numerator))
				sum.Add(sum, part)
				if v.Value.Known() {
					part, _ = new(big.Rat).SetString(string(v.Value))
					values.Add(values, part)
				}
			}
			if got := decimal(sum); got != all.Numerator {
				rt.Fatalf("%s: the channels have %s of %s", model, got, all.Numerator)
			}
			if got, _ := values.Float64(); all.Value.Known() && (got > all.Value.Float()*(1+1e-12) || got < all.Value.Float()*(1-1e-12)) {
				rt.Fatalf("%s: the channels add up to %v, not %s", model, got, all.Value)
			}
			if got := worthText(readValue(t, &clvByChannel, f, window.Group{}, counted, model)[0]); !strings.HasPrefix(got, string(all.Value)+" = "+string(all.Numerator)+"/") {
				rt.Fatalf("%s of all channels: %s; clv: %s", model, got, worthText(all))
			}
		}
	})
}
