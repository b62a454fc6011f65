package reference

import "fmt"

// Presets lists the service-level definitions that this package knows.
var Presets = []string{
	"vigia", "connect",
	"genesys", "genesys-no-short", "genesys-flowouts", "genesys-no-abandons",
	"talkdesk-contacts", "talkdesk-calls",
}

// Outcomes counts how the contacts of a group and period left the queue. In target
// means a wait of at most the target, the target itself included.
type Outcomes struct {
	// Answered counts every answered contact, AnsweredInTarget those in target.
	Answered, AnsweredInTarget int64
	// Abandoned counts every abandonment, AbandonedInTarget those in target and
	// AbandonedShort those of at most the short threshold.
	Abandoned, AbandonedInTarget, AbandonedShort int64
	// FlowOuts counts contacts that left for elsewhere (another queue, a callback),
	// FlowOutsInTarget those in target. A call log without transfers has none.
	FlowOuts, FlowOutsInTarget int64
}

// Ratio is an exact fraction. A zero Denominator means that there is no data.
type Ratio struct {
	Numerator, Denominator int64
}

// ServiceLevel applies the formula of one preset. An unknown preset is an error that
// names the known ones.
func ServiceLevel(preset string, o Outcomes) (Ratio, error) {
	switch preset {
	case "vigia": // short abandonments say nothing about the service
		return Ratio{o.AnsweredInTarget, o.Answered + o.Abandoned - o.AbandonedShort}, nil
	case "connect": // whoever left the queue in time, however, counts as served
		return Ratio{
			o.AnsweredInTarget + o.AbandonedInTarget + o.FlowOutsInTarget,
			o.Answered + o.Abandoned + o.FlowOuts,
		}, nil
	case "genesys": // short abandonments included, flow-outs not
		return Ratio{o.AnsweredInTarget, o.Answered + o.Abandoned}, nil
	case "genesys-no-short":
		return Ratio{o.AnsweredInTarget, o.Answered + o.Abandoned - o.AbandonedShort}, nil
	case "genesys-flowouts":
		return Ratio{o.AnsweredInTarget, o.Answered + o.Abandoned + o.FlowOuts}, nil
	case "genesys-no-abandons": // short ones are abandonments: subtracted once, not twice
		return Ratio{o.AnsweredInTarget, o.Answered}, nil
	case "talkdesk-contacts": // inbound less short abandonments
		return Ratio{o.AnsweredInTarget, o.Answered + o.Abandoned - o.AbandonedShort}, nil
	case "talkdesk-calls": // abandonments ignored altogether
		return Ratio{o.AnsweredInTarget, o.Answered}, nil
	default:
		return Ratio{}, fmt.Errorf("service level preset %q is unknown: use one of %q", preset, Presets)
	}
}
