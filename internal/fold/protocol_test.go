package fold

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// run plays a scenario and returns the world at its end.
func run(s *scenario, actions []*action, bug string, say func(string, ...any)) (w *world) {
	at := int64(epoch)
	if len(actions) > 0 {
		at = actions[0].at
	}
	w = newWorld(bug, at)
	defer func() {
		if v := recover(); v != nil {
			w.failure = fmt.Errorf("%v\n%s", v, debug.Stack())
		}
	}()
	w.say = say
	w.lossy = s.lossy
	for i := range actions {
		a := actions[i]
		if w.now = max(w.now, a.at); say != nil {
			say("%s", a)
		}
		w.do(a)
		if w.failure != nil {
			return w
		}
	}
	version := int64(1)
	for _, v := range w.version {
		version = max(version, v)
	}
	w.tell("heal")
	w.heal(version)
	w.examine()
	return w
}

// do lets one thing happen.
func (w *world) do(a *action) {
	w.note(int64(a.kind), a.at, a.n)
	switch a.kind {
	case produce, misroute:
		key := a.event.Key()
		p := int(route(key, partitions))
		if a.kind == misroute {
			p = 1 - p
		}
		w.append(p, key, event.Record{Body: a.event}, nil)
		return
	case work:
		w.task(a.who, a.bay).work(int(a.n))
		return
	case relayStep:
		w.task(a.who, a.bay).relay(int(a.n))
		return
	case tick:
		w.task(a.who, a.bay).tick(int(a.n))
		return
	case keep:
		w.task(a.who, a.bay).keep()
		return
	case gap:
		w.append(a.bay, "", event.Record{Body: *a.gap}, nil)
		return
	case policy:
		w.everywhere(PolicyRecord(policies[a.n], false))
		return
	case garbage:
		w.append(a.bay, "", event.Record{}, nil)
		return
	}
	w.faults++
	b := &w.bays[a.bay]
	switch a.kind {
	case assign:
		w.assign(a.bay, a.who)
	case revoke:
		for who := range workers {
			if t := w.tasks[who][a.bay]; t != nil && t.gen != w.group[a.bay].gen {
				w.tasks[who][a.bay] = nil
			}
		}
	case crash:
		for i := range bays {
			if t := w.tasks[a.who][i]; t != nil {
				w.tasks[a.who][i] = nil
				if w.group[i].gen == t.gen {
					w.assign(i, a.who)
				}
			}
		}
	case failOver:
		b.failOver(int(a.n))
	case lose:
		if b.print == 0 || b.print == w.wires[a.bay].life {
			b.lose()
		}
	case save:
		b.save()
	case restore:
		b.restore(int(a.n))
	case cut:
		// With its first records a log loses what tells it from the one before it: see recreate.
		if b.print == 0 || b.print == w.wires[a.bay].life {
			w.cut(a.bay, a.n)
		}
	case recreate:
		w.recreate(a.bay)
	case skew:
		w.skew[a.who] = a.n
	case redisSkew:
		w.redisSkew = a.n
	case redisDown:
		w.redisDown = w.now + a.n
	case kafkaDown:
		w.kafkaDown = w.now + a.n
	case upgrade:
		w.version[a.who] = 2
	case expire:
		w.expire(a.bay)
	}
}

var (
	protocolSeed = flag.Uint64("protocol.seed", 0, "play this seed of the protocol's simulation, aloud")
	protocolBug  = flag.String("protocol.bug", "", "with this bug planted")
)

// TestProtocol plays thousands of scripts of traffic and faults over the real folds. VIGIA_SEEDS sets how many.
//
// A failure prints the seed and the smallest part of its script that still fails; go test ./internal/fold -run 'TestProtocol$' -protocol.seed=N plays it aloud.
func TestProtocol(t *testing.T) {
	if *protocolSeed != 0 {
		s := newScenario(*protocolSeed)
		if w := run(s, s.actions, *protocolBug, func(f string, a ...any) { fmt.Printf(f+"\n", a...) }); w.failure != nil {
			t.Fatal(w.failure)
		}
		return
	}
	seeds := uint64(10_000)
	if testing.Short() {
		seeds = 500
	}
	if text := os.Getenv("VIGIA_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("VIGIA_SEEDS: %v", err)
		}
		seeds = n
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	begun := time.Now()
	var next, faults, steps atomic.Uint64
	var mu sync.Mutex
	failed := map[uint64]error{}
	told := map[string]int{}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= seeds; seed = next.Add(1) {
				s := newScenario(seed)
				w := run(s, s.actions, "", nil)
				if seed%10 == 0 && w.failure == nil {
					if again := run(newScenario(seed), s.actions, "", nil); again.trace != w.trace {
						w.fail("the second run took another course")
					}
				}
				faults.Add(uint64(w.faults))
				steps.Add(uint64(w.applied))
				mu.Lock()
				if w.failure != nil {
					failed[seed] = w.failure
				}
				w.triggers(told)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if seeds >= 500 {
		for _, name := range []string{"risk", "quiet", "angry", "again"} {
			if told[name] == 0 {
				t.Errorf("the trigger %s was never set off: %v", name, told)
			}
		}
	}
	t.Logf("%d seeds, %d faults, %d steps applied, %d wrong, %.0f seeds/s", seeds, faults.Load(), steps.Load(), len(failed), float64(seeds)/time.Since(begun).Seconds())
	for i, seed := range slices.Sorted(maps.Keys(failed)) {
		if i == 20 {
			break
		}
		t.Errorf("seed %d: %v", seed, failed[seed])
		if i == 0 {
			t.Log(minimal(seed, ""))
		}
	}
}

// bugs are the planted ones: each is one rule of the protocol left out.
var bugs = []string{
	"skip-seen", "no step", "sweep outside the log", "outbox outside the script", "stage-2 time = maximum", "random seq", "high-water ignored at rebuild",
	"group generation as fence", "retraction to the original pane", "incremental clock", "no event dedupe", "seen by partition number only", "pipelined relay", "K per worker",
	"torn load", "commit before relay", "map order", "wrong partitioner",
}

// TestProtocolFindsPlantedBugs shows that the simulation can fail: every rule left out is found within 1,000 seeds.
func TestProtocolFindsPlantedBugs(t *testing.T) {
	found := make([]string, len(bugs))
	var wg sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, bug := range bugs {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			for seed := uint64(1); seed <= 1000; seed++ {
				s := newScenario(seed)
				if w := run(s, s.actions, bug, nil); w.failure != nil {
					found[i] = fmt.Sprintf("%4d  %.150s", seed, strings.SplitN(w.failure.Error(), "\n", 2)[0])
					return
				}
			}
			t.Errorf("%q is not found in 1,000 seeds", bug)
		})
	}
	wg.Wait()
	var out strings.Builder
	fmt.Fprintf(&out, "planted bug → first seed that finds it\n")
	for i, bug := range bugs {
		fmt.Fprintf(&out, "%-34s %s\n", bug, found[i])
	}
	t.Log(out.String())
}

// minimal describes the smallest part of a seed's script that fails in the same way.
func minimal(seed uint64, bug string) string {
	s := newScenario(seed)
	actions := shrink(s, s.actions, bug)
	w := run(s, actions, bug, nil)
	var out strings.Builder
	fmt.Fprintf(&out, "seed %d, %d of %d actions: %v\n", seed, len(actions), len(s.actions), w.failure)
	for i := range actions {
		fmt.Fprintln(&out, actions[i])
	}
	return out.String()
}

// shrink leaves out as much as it can without losing the failure: halves first, single actions last.
func shrink(s *scenario, actions []*action, bug string) []*action {
	want := signature(run(s, actions, bug, nil).failure)
	runs := 0
	for size := len(actions) / 2; size > 0 && want != ""; {
		smaller := false
		for from := 0; from < len(actions) && runs < 4000; {
			part := slices.Concat(actions[:from], actions[min(from+size, len(actions)):])
			if runs++; signature(run(s, part, bug, nil).failure) == want {
				actions, smaller = part, true
			} else {
				from += size
			}
		}
		if !smaller {
			size /= 2
		}
	}
	return actions
}

// signature is what a failure is about, without its numbers.
func signature(err error) string {
	if err == nil {
		return ""
	}
	text := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, err.Error())
	return text[:min(len(text), 40)]
}

// TestProtocolShrinks: a failure comes out as a short story.
func TestProtocolShrinks(t *testing.T) {
	const bug = "skip-seen"
	for seed := uint64(1); seed <= 50; seed++ {
		s := newScenario(seed)
		if run(s, s.actions, bug, nil).failure == nil {
			continue
		}
		if n := len(shrink(s, s.actions, bug)); n > len(s.actions)/4 {
			t.Errorf("seed %d: %d of %d actions are left", seed, n, len(s.actions))
		}
		return
	}
	t.Fatal("the planted bug is not found")
}
