package mapping

import (
	"fmt"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// Describe says an event in one line, for people who check a mapping. Message texts are left out; ids are shown as the file has them.
func Describe(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s", time.UnixMilli(e.At).UTC().Format("2006-01-02T15:04:05.999Z07:00"), e.Tenant, e.Conversation)
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	fmt.Fprintf(&b, "  %s", e.Channel)
	switch k := e.Body.(type) {
	case event.Call:
		fmt.Fprintf(&b, " call %s", k.Phase)
		for _, d := range []struct {
			name string
			ms   int64
		}{{"wait", k.Wait}, {"ring", k.Ring}, {"talk", k.Talk}, {"hold", k.Hold}, {"wrap_up", k.Wrap}} {
			if d.ms != event.NotReported {
				field(d.name, (time.Duration(d.ms) * time.Millisecond).String())
			}
		}
	case event.Message:
		fmt.Fprintf(&b, " message %s", choiceName(directionNames, int(k.Direction)))
		if k.Internal {
			b.WriteString(" internal")
		}
		if k.Automated {
			b.WriteString(" automated")
		}
		field("id", k.ID)
		field("reply_to", k.InReplyTo)
		if k.TextChars > 0 {
			field("chars", decimal(int(k.TextChars)))
		}
	case event.ConversationState:
		fmt.Fprintf(&b, " state %s", k.State)
		field("priority", k.Priority)
	case event.Assignment:
		fmt.Fprintf(&b, " assignment %s", choiceName(causeNames, int(k.Cause)))
	case event.SurveyAnswered:
		fmt.Fprintf(&b, " survey %s", k.Survey)
		field("score", fmt.Sprintf("%g of %g to %g", float64(k.Score)/1e6, float64(k.ScaleMin)/1e6, float64(k.ScaleMax)/1e6))
	default:
		fmt.Fprintf(&b, " %s", e.Body.Kind())
	}
	field("queue", e.Routing.Queue)
	field("team", e.Routing.Team)
	field("agent", e.Routing.Agent)
	field("customer", e.Customer)
	field("by", e.Actor.String())
	return b.String()
}

func choiceName(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}
