package sim

import (
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Policy is what the invented shop promises its customers.
func Policy(tenant, zone string) sla.PolicySpec {
	p := sla.DefaultPolicy(tenant, zone)
	p.Rules = []sla.RuleSpec{
		{Name: "mensajes", Match: sla.Match{Channel: []string{"whatsapp", "web_chat"}}, FirstResponse: "2m", NextResponse: "5m", Resolution: "2h"},
		{Name: "correo", Match: sla.Match{Channel: []string{"email"}}, FirstResponse: "2h", NextResponse: "4h", Resolution: "24h"},
	}
	target := int64(60)
	p.Queues = map[string]sla.QueueSpec{"ventas": {TargetSeconds: &target}, "soporte": {TargetSeconds: &target}}
	p.Surveys = map[string]sla.SurveySpec{satisfaction: {Widget: "stars", Moment: "resolution"}, effort: {Reversed: true, Widget: "scale", Moment: "resolution"}}
	return p
}

// Tenant is the invented shop as a configuration describes it. The caller adds tokens and the pseudonym key.
func Tenant(name, zone string) config.Tenant {
	p := Policy(name, zone)
	return config.Tenant{
		Name: name, Zone: zone, Calendars: p.Calendars, Rules: p.Rules, Queues: p.Queues, Defaults: p.Defaults, AgentCells: p.AgentCells, Agents: p.Agents,
		Stale: p.Stale, EpisodeGap: p.EpisodeGap, SessionGap: p.SessionGap, Triggers: p.Triggers, Bot: p.Bot, Grace: p.Grace, Horizon: p.Horizon, NameLimits: p.Names,
		Labels: labels(), Surveys: p.Surveys, SurveysRest: p.SurveysRest, SLAObjective: p.SLAObjective, ProactiveWindow: p.ProactiveWindow, Value: p.Value,
	}
}
