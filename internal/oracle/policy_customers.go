package oracle

import (
	"math"
	"slices"
)

// customerPolicy is what a policy says of customers over all their contacts, and of what is promised as a whole: rules 18 and 19.
type customerPolicy struct {
	FCR struct {
		Window        map[string]string `json:"window"`
		Match         string            `json:"match"`
		NotFirstLevel []string          `json:"not_first_level"`
		Weights       map[string]int64  `json:"weights"`
	} `json:"fcr"`
	SurveysRest  string   `json:"surveys_rest"`
	SessionGap   string   `json:"session_gap"`
	SLAObjective *float64 `json:"sla_objective"`

	Triggers        []triggerSpec `json:"triggers"`
	ProactiveWindow string        `json:"proactive_window"`

	Value struct {
		Currency       string   `json:"currency"`
		LifespanMonths int64    `json:"lifespan_months"`
		Margin         *float64 `json:"margin"`
		MonthlyChurn   *float64 `json:"monthly_churn"`
		Discount       *float64 `json:"discount"`
		Lookback       string   `json:"lookback"`
	} `json:"value"`
}

// lookback is W of rule 22.6.
func (p *customerPolicy) lookback() int64 {
	if p.Value.Currency == "" {
		return 0
	}
	return span(p.Value.Lookback, 30*dayMs)
}

// returnWindows are the W of rule 18.1 that no policy has replaced; other channels have 7 days.
var returnWindows = map[string]int64{"whatsapp": dayMs, "messenger": dayMs, "instagram": dayMs, "telegram": dayMs, "sms": dayMs, "web_chat": dayMs, "in_app": dayMs,
	"social": 3 * dayMs, "ticket": 3 * dayMs}

// returning is W of a channel.
func (p *customerPolicy) returning(channel string) int64 {
	w, ok := returnWindows[channel]
	if !ok {
		w = span(p.FCR.Window["*"], 7*dayMs)
	}
	return span(p.FCR.Window[channel], w)
}

// contactsKept is K of rule 11.4.
func (p *customerPolicy) contactsKept() int64 {
	longest := p.returning("")
	for name := range returnWindows {
		longest = max(longest, p.returning(name))
	}
	for name := range p.FCR.Window {
		longest = max(longest, p.returning(name))
	}
	return max(9*dayMs, 2*dayMs+longest)
}

// oneTopic says whether two contacts are about the same, rule 18.1.
func (p *customerPolicy) oneTopic(a, b string) bool {
	return p.FCR.Match == "any" || a == b || a == "" || b == ""
}

// firstLevel says whether a first contact can resolve a topic.
func (p *customerPolicy) firstLevel(topic string) bool {
	return !slices.Contains(p.FCR.NotFirstLevel, topic)
}

// weight is that of a channel times that of a tier, rule 18.
func (p *customerPolicy) weight(channel string, tier int64) int64 {
	w := int64(1)
	if v, ok := p.FCR.Weights[channel]; ok {
		w = v
	}
	if tier > 0 {
		if v, ok := p.FCR.Weights[[]string{"simple", "medium", "complex"}[tier-1]]; ok {
			w *= v
		}
	}
	return w
}

func (p *customerPolicy) surveysRest() int64 { return span(p.SurveysRest, 30*dayMs) }
func (p *customerPolicy) sessionGap() int64  { return span(p.SessionGap, dayMs) }

// objective is o of rule 19.2 in millionths.
func (p *customerPolicy) objective() int64 {
	if p.SLAObjective == nil {
		return 950_000
	}
	return int64(math.Round(*p.SLAObjective * 1e6))
}
