package digest

import (
	"fmt"
	"math"
	"strconv"

	"github.com/vigia-cx/vigia/internal/kpi"
)

const (
	weekFrom, weekTo     = "2026-11-09T00:00:00-06:00", "2026-11-16T00:00:00-06:00"
	beforeFrom, beforeTo = "2026-11-02T00:00:00-06:00", "2026-11-09T00:00:00-06:00"
	asOf                 = "2026-11-16T08:00:00-06:00"
)

func num(f float64) kpi.Number {
	return kpi.Number(strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64))
}

// answer is a value of the week without a number.
func answer(id, definition string, unit kpi.Unit, n int64) kpi.Value {
	return kpi.Value{
		KPI: id, Definition: definition, Version: 1, Tenant: "acme", Group: map[string]string{}, Params: map[string]kpi.Number{}, From: weekFrom, To: weekTo, Unit: unit, N: n, AsOf: asOf, FreshnessS: "2", Complete: true,
	}
}

// against gives a value its baseline; significant is 1, 0, or −1 for not told.
func against(v kpi.Value, x float64, n int64, significant int) kpi.Value {
	v.Baseline = &kpi.Baseline{Value: num(x), N: n, From: beforeFrom, To: beforeTo, Difference: num(v.Value.Float() - x), Method: kpi.MethodDifference}
	if significant >= 0 {
		v.Baseline.Significant = new(significant == 1)
	}
	return v
}

// share is x of n, with its Wilson interval by the textbook.
func share(id, definition string, x, n int64) kpi.Value {
	v := answer(id, definition, kpi.Ratio, n)
	const z = 1.959963984540054
	p, m := float64(x)/float64(n), float64(n)
	centre, half := (p+z*z/(2*m))/(1+z*z/m), z/(1+z*z/m)*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	v.Value, v.Numerator, v.Denominator, v.Low, v.High = num(p), num(float64(x)), num(m), num(centre-half), num(centre+half)
	return v
}

func count(id string, n int64) kpi.Value {
	v := answer(id, "default", kpi.Count, n)
	v.Value, v.Numerator = num(float64(n)), num(float64(n))
	return v
}

func duration(id, definition string, mean, p50, p90 float64, n int64) kpi.Value {
	v := answer(id, definition, kpi.Seconds, n)
	v.Value, v.Numerator, v.Denominator = num(mean), num(mean*float64(n)), num(float64(n))
	v.P50, v.P90, v.P95, v.P99 = new(num(p50)), new(num(p90)), new(num(p90)), new(num(p90))
	return v
}

// in puts a value into a group.
func in(by, name string, v kpi.Value) kpi.Value {
	v.Group = map[string]string{by: name}
	return v
}

func hidden(by, name string, v kpi.Value, least int64) kpi.Value {
	v = in(by, name, v)
	v.Hidden, v.MinN, v.Value, v.Numerator, v.Denominator, v.Low, v.High, v.Baseline = true, least, "", "", "", "", "", nil
	return v
}

// odd is a name that is markup everywhere.
const odd = "Ventas | <b>*VIP*</b> \"1\"\n# x"

// week is the answers about a week.
func week() Input {
	csat := against(share("csat", "1-5", 188, 240), 0.8, 200, 0)
	csat.Mean = new(kpi.Number("4.125"))
	feedback := against(share("feedback_conversion", "best", 240, 800), 0.31, 790, 0)
	feedback.Basis = "seen"
	score := answer("sentiment_score", "conversations", kpi.Ratio, 900)
	score.Value, score.Numerator, score.Denominator = "-0.124", "-111.6", "900"
	replies := answer("replies_to_resolution", "default", kpi.Count, 1100)
	replies.Value, replies.Numerator, replies.Denominator = "3.456", "3801.6", "1100"
	nps := answer("nps", "transactional_all", kpi.Points, 120)
	nps.Value, nps.Low, nps.High, nps.Numerator, nps.Denominator = "23.333333", "9.1", "36.2", "28", "120"
	retention := share("retention_rate", "week", 310, 1000)
	retention.Basis = "2026-10-26"
	evolution := answer("nps_evolution", "transactional", kpi.Points, 180)
	evolution.Value, evolution.Low, evolution.High, evolution.Basis = "12.5", "1.5", "23.5", "bot significant"
	empty := func(id, definition string, unit kpi.Unit) kpi.Value { return answer(id, definition, unit, 0) }
	incomplete := against(share("fcr", "provisional", 700, 900), 0.75, 880, 0)
	incomplete.Complete = false

	whole := []kpi.Value{
		against(count("conversations_started", 12_345), 11_000, 11_000, 1), against(count("contacts_offered", 4_000), 3_980, 3_980, 0), against(count("contacts_lost", 0), 0, 0, -1),
		against(share("abandon_rate", "default", 210, 4000), 0.065, 3980, 1),
		against(share("service_level", "vigia", 3_160, 4_000), 0.84, 3_980, 1), against(duration("first_response_time", "default", 244.6, 120, 610, 5200), 250.1, 5100, -1),
		against(duration("resolution_time", "from_creation", 190_000, 90_000, 400_000, 1100), 185_000, 1000, -1), replies,
		against(share("reopen_rate", "default", 55, 1100), 0.051, 1000, 0), duration("hold_time", "default", 9.4, 8, 20, 100),
		against(share("sla_compliance", "first_response", 4900, 5200), 0.955, 5100, 1), against(share("sla_compliance", "resolution", 1000, 1100), 0.9, 1000, 0), empty("sla_compliance", "next_response", kpi.Ratio),
		csat, feedback, score, incomplete, nps, evolution, retention, empty("ces", "easy", kpi.Ratio),
	}
	whole[1].AsOf = "2026-11-16T13:59:00Z" // a minute before the others
	var usual []kpi.Value
	for _, v := range whole {
		if v.KPI == "conversations_started" || v.KPI == "csat" || v.KPI == "first_response_time" {
			v.Baseline = &kpi.Baseline{Value: num(v.Value.Float() * 0.95), N: 4 * v.N, Method: kpi.MethodMedian}
			usual = append(usual, v)
		}
	}
	groups := []kpi.Value{
		in("queue", "Soporte", against(share("service_level", "vigia", 1500, 1800), 0.84, 1790, 0)), in("queue", odd, against(share("service_level", "vigia", 1650, 2180), 0.84, 2170, 1)),
		in("queue", "Cobros", share("service_level", "vigia", 19, 20)), in("queue", "", share("service_level", "vigia", 0, 40)), in("queue", "__other__", share("service_level", "vigia", 40, 40)),
		in("queue", "Soporte", duration("first_response_time", "default", 130, 100, 300, 2000)), in("queue", odd, duration("first_response_time", "default", 320, 200, 900, 3000)),
		in("queue", "Soporte", share("csat", "1-5", 90, 110)), in("queue", odd, share("csat", "1-5", 98, 126)), hidden("queue", "Cobros", share("csat", "1-5", 1, 3), 5), hidden("queue", "", share("csat", "1-5", 1, 1), 5), hidden("queue", "Soporte", answer("ces", "easy", kpi.Ratio, 0), 5),
		in("queue", "Soporte", share("reopen_rate", "default", 5, 100)), in("queue", odd, share("reopen_rate", "default", 10, 200)),
		in("queue", odd, against(share("sla_compliance", "first_response", 2700, 2900), 0.95, 2800, 1)), in("queue", "Soporte", share("sla_compliance", "first_response", 2100, 2190)),
		in("queue", "__other__", share("sla_compliance", "first_response", 90, 100)), in("queue", "", share("sla_compliance", "first_response", 10, 10)),
	}
	profile := count("volume_profile", 41_000)
	profile.From, profile.To = "2026-11-16T07:00:00-06:00", "2026-11-16T08:00:10-06:00"
	for slot := range 672 {
		s := kpi.Step{At: fmt.Sprintf("%s %02d:%02d", []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}[slot/96], slot%96/4, slot%4*15), Value: "0"}
		switch slot {
		case 40, 136: // Monday and Tuesday 10:00
			s.Value = "44"
		case 41:
			s.Value = "52.5"
		}
		profile.Series = append(profile.Series, s)
	}
	return Input{Tenant: "acme", Period: Week, By: "queue", Whole: whole, Usual: usual, Groups: groups, Profile: []kpi.Value{profile}}
}
