package oracletest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// TestEngineEqualsOracle folds logs made of chance and computes them again by the definitions: every metric of every group of every pane must be equal.
func TestEngineEqualsOracle(t *testing.T) {
	days, conversations, cells, moments, open, numbers := 40, 0, 0, 0, 0, 0
	if s, err := strconv.Atoi(os.Getenv("VIGIA_ORACLE_DAYS")); err == nil {
		days = s
	}
	from, _ := strconv.Atoi(os.Getenv("VIGIA_ORACLE_SEED"))
	without, ofAgents := map[string]bool{}, map[oracle.Kind]int{}
	for name := range strings.SplitSeq(os.Getenv("VIGIA_ORACLE_WITHOUT"), ",") {
		without[name] = true
	}
	for n := range days {
		pace := int64(1)
		if (from+n)%4 == 3 { // a week, in which much is forgotten
			pace = 14
		}
		l := log(uint64(from+n), 60, 12*hour*pace, pace, without)
		truncated := (from+n)%7 == 6 // as if the log had lost what was before
		c := compare(t, l, truncated)
		if len(c.diffs) > 0 {
			small := smallest(t, l, truncated, ofAll)
			t.Fatalf("seed %d: %d differences; the smallest log that shows one:\n%s%s", from+n, len(c.diffs), script(small), strings.Join(compare(t, small, truncated).diffs, "\n"))
		}
		conversations, cells, moments, open = conversations+60, cells+c.cells, moments+len(c.world.Moments()), open+len(c.world.Open())
		countAgents(ofAgents, c.world)
		p, err := policyIn(l)
		if err != nil {
			t.Fatal(err)
		}
		if n%5 != 3 && os.Getenv("VIGIA_ORACLE_DAYS") == "" {
			continue // values take long
		}
		numbers += values(t, p, nil, c.mem, c.second, c.world, c.boundary, 30*hour, uint64(from+n))
	}
	if (ofAgents[oracle.Idle] == 0 || ofAgents[oracle.Taken] == 0) && len(without) == 1 {
		t.Errorf("agents count %v: nothing was compared", ofAgents)
	}
	t.Logf("compared: %d days, %d conversations (%d open at the end), %d moments, %d cells, %d values of %d KPIs", days, conversations, open, moments, cells, numbers, len(oracle.IDs()))
	t.Logf("of agents: %v", ofAgents)
}

// smallest leaves out records as long as engine and oracle still differ.
func smallest(t *testing.T, log []oracle.Placed, truncated bool, of func([]string) []string) []oracle.Placed {
	differs := func(l []oracle.Placed) bool {
		return len(of(compare(t, l, truncated).diffs)) > 0
	}
	for size := len(log) / 2; size >= 1; {
		cut := false
		for i := 2; i+size <= len(log); {
			shorter := append(append([]oracle.Placed{}, log[:i]...), log[i+size:]...)
			for j := range shorter {
				shorter[j].Offset = int64(j)
			}
			if differs(shorter) {
				log, cut = shorter, true
			} else {
				i += size
			}
		}
		if !cut || size > 1 {
			size /= 2
		}
	}
	return log
}

func script(log []oracle.Placed) string {
	var out strings.Builder
	for _, r := range log {
		switch b := r.Body.(type) {
		case event.Tick:
			out.WriteString(fmt.Sprintf("%3d tick %d\n", r.Offset, b.At-begin))
		case event.Policy:
			out.WriteString(fmt.Sprintf("%3d policy %d reapply %v %s\n", r.Offset, b.Serial, b.Reapply, b.Body))
		case *event.Event:
			out.WriteString(fmt.Sprintf("%3d %d %s %s/%s %v %v %s threadless=%v actor=%d/%s routing=%+v hint=%s %T%+v\n", r.Offset, b.At-begin, b.ID, b.Conversation, b.Customer, b.Labels, b.Channel, b.Source.Connector, b.Threadless, b.Actor, b.ActorID,
				b.Routing, b.OrderHint, b.Body, b.Body))
		default:
			out.WriteString(fmt.Sprintf("%3d %T%+v\n", r.Offset, b, b))
		}
	}
	return out.String()
}

func ofAll(diffs []string) []string { return diffs }
