package fold

import (
	"flag"
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

// run plays a scenario and returns the world at its end.
func run(s *scenario, actions []action, bug string, say func(string, ...any)) *world {
	at := int64(epoch)
	if len(actions) > 0 {
		at = actions[0].at
	}
	w := newWorld(bug, at)
	w.say = say
	w.lossy = s.lossy
	for i := range actions {
		a := &actions[i]
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
		w.append(a.bay, "", event.Record{Body: a.gap}, nil)
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
		b.lose()
	case save:
		b.save()
	case restore:
		b.restore(int(a.n))
	case cut:
		w.cut(a.bay, a.n)
	case recreate:
		w.recreate(a.bay)
	case skew:
		w.skew[a.who] = a.n
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

func TestProtocol(t *testing.T) {
	if *protocolSeed != 0 {
		s := newScenario(*protocolSeed)
		w := run(s, s.actions, *protocolBug, func(f string, a ...any) { fmt.Printf(f+"\n", a...) })
		t.Fatal(w.failure)
	}
	bad := 0
	for seed := uint64(1); seed <= 300; seed++ {
		s := newScenario(seed)
		if w := run(s, s.actions, "", nil); w.failure != nil {
			if bad++; bad < 10 {
				t.Errorf("seed %d lossy %v: %v", seed, s.lossy, w.failure)
			}
		}
	}
	t.Logf("%d bad", bad)
}
