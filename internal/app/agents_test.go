package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
)

// TestAgentsFromEventToValue: an agent waits, has a call, and waits again: the presence and the call go in as any source sends them, through both stages, to numbers by
// team and by agent.
func TestAgentsFromEventToValue(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, t.TempDir(), "    agents: true\n    agent_cells: true\n    plain_names: [zoe, red]\n")})
	// Whole minutes that are over: idle, three busy ones, idle.
	from := time.Now().UTC().Truncate(time.Minute).Add(-10 * time.Minute)
	event := func(minutes int, id, rest string) string {
		return fmt.Sprintf(`{"occurred_at":%q,"source":{"native_event_id":%q},"actor":{"kind":"KIND_AGENT","id":"zoe"},"channel":"CHANNEL_VOICE",%s}`,
			from.Add(time.Duration(minutes)*time.Minute).Format(time.RFC3339Nano), id, rest)
	}
	step := func(minutes int, phase string) string {
		return event(minutes, phase, fmt.Sprintf(`"conversation":{"id":"v1"},"routing":{"queue_id":"Ventas","team_id":"red","agent_id":"zoe"},"call":{"call_id":"v1","phase":"PHASE_%s"}`, phase))
	}
	status, body := call(t, a, ingestToken, http.MethodPost, "/ingest/v1/events", "["+strings.Join([]string{
		event(0, "p1", `"routing":{"team_id":"red"},"agent_presence":{"agent_id":"zoe","available":true}`),
		step(1, "QUEUED"), step(1, "ANSWERED"), step(4, "ENDED"),
		event(5, "p2", `"agent_presence":{"agent_id":"zoe","available":false}`),
	}, ",")+"]")
	if status != http.StatusOK {
		t.Fatalf("ingest: %d %s", status, body)
	}
	eventually(t, 40*time.Second, func() string {
		for _, by := range []string{"", "&group=team", "&group=agent"} {
			v := values(t, a, "kpi=occupancy&window=1h"+by)
			if len(v) != 1 || v[0].Value != "0.6" || by == "&group=team" && v[0].Group["team"] != "red" || by == "&group=agent" && v[0].Group["agent"] != "zoe" {
				return fmt.Sprintf("%s %+v", by, v)
			}
		}
		v := values(t, a, "kpi=agents_by_state&definition=unavailable")
		if len(v) != 1 || v[0].Value != "1" {
			return fmt.Sprintf("%+v", v)
		}
		return ""
	})
	if status, body := call(t, a, readToken, http.MethodGet, "/api/v1/kpis?kpi=agents_by_state&group=agent", ""); status != http.StatusBadRequest {
		t.Errorf("agents by state, by agent: %d %s", status, body)
	}
}
