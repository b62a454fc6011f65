package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHashSlot(t *testing.T) {
	// Known values of CLUSTER KEYSLOT.
	for s, want := range map[string]uint16{"": 0, "123456789": 12739, "foo": 12182, "bar": 5061} {
		if got := crc16(s); got != want {
			t.Errorf("hash slot of %q is %d, want %d", s, got, want)
		}
	}
}

// The tags are an address on disk: a change would lose every state.
func TestTagsNeverChange(t *testing.T) {
	for slot, want := range map[Slot]string{
		{"i", 0}: "i0-4l", {"i", 1}: "i1-o9", {"i", 11}: "i11-5h", {"i", 4095}: "i4095-1q", {"c", 0}: "c0-9a", {"c", 11}: "c11-3u",
	} {
		if got := tag(slot); got != want {
			t.Errorf("tag of slot %s is %q, want %q", slot, got, want)
		}
	}
}

func TestKeyNames(t *testing.T) {
	l := layout{prefix: "vigia"}
	slot := Slot{Stage: "i", Partition: 1}
	for got, want := range map[string]string{
		l.meta(slot):                 "vigia{i1-o9}:meta",
		l.outbox(slot, 7):            "vigia{i1-o9}:out:7",
		l.data(slot, 7):              "vigia{i1-o9}:7:",
		l.heartbeat("a:b", "{ñ}%-_"): "vigia:hb:a%3Ab:%7B%C3%B1%7D%25-_",
	} {
		if got != want {
			t.Errorf("key %q, want %q", got, want)
		}
	}
	for _, other := range []string{"", "vigia{i1-o9}:out:7", "vigia{i1-0}:meta", "vigia{i01-35}:meta", "other{i1-o9}:meta", "vigia{i99999999999-1}:meta"} {
		if slot, ok := l.slotOf(other); ok {
			t.Errorf("%q is taken for the meta key of %v", other, slot)
		}
	}
	if got, ok := l.slotOf(l.meta(slot)); !ok || got != slot {
		t.Errorf("slot of %q: %v, %v", l.meta(slot), got, ok)
	}
}

// Nodes of a cluster own ranges of equal size: each must get its share of the partitions, at any count.
func TestSlotsSpreadEvenly(t *testing.T) {
	for _, stage := range []string{"i", "c"} {
		for _, partitions := range []int{3, 4, 6, 12, 24, 48, 96, 100} {
			for _, nodes := range []int{1, 2, 3, 4, 6, 12} {
				counts := make([]int, nodes)
				for p := range partitions {
					at := int(crc16(tag(Slot{Stage: stage, Partition: int32(p)})))
					counts[at*nodes/clusterSlots]++
				}
				// A place is met to within the search window, so that one slot may fall across a border.
				if limit := (partitions+nodes-1)/nodes + 1; slices.Max(counts) > limit {
					t.Errorf("stage %s, %d partitions on %d nodes: %v, want at most %d", stage, partitions, nodes, counts, limit)
				}
			}
		}
	}
}

func TestPositionText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Position{Lineage: rapid.Int64().Draw(t, "lineage"), Offset: rapid.Int64().Draw(t, "offset"), Step: rapid.Int32().Draw(t, "step")}
		got, err := ParsePosition(p.String())
		if err != nil || got != p {
			t.Fatalf("%v → %q → %v, %v", p, p.String(), got, err)
		}
	})
	for _, bad := range []string{"", "1", "1/2", "1/2/3/4", "a/2/3", "1/2/99999999999", "1.5/2/3"} {
		if p, err := ParsePosition(bad); err == nil {
			t.Errorf("%q is taken for position %v", bad, p)
		}
	}
}

func TestJudge(t *testing.T) {
	good := map[string]string{"redis_version": "7.0.15", "redis_mode": "standalone", "role": "master", "maxmemory_policy": "noeviction"}
	for _, test := range []struct {
		name, value string
		fine        bool
	}{
		{"redis_version", "6.2.0", true}, {"redis_version", "10.0", true}, {"redis_version", "255.255.255", true}, {"redis_version", "", true},
		{"redis_version", "6.0.16", false}, {"redis_version", "5.0.14", false},
		{"redis_mode", "cluster", false}, {"redis_mode", "sentinel", false}, {"role", "slave", false},
		{"maxmemory_policy", "allkeys-lru", false}, {"maxmemory_policy", "volatile-ttl", false}, {"maxmemory_policy", "", true},
	} {
		info := map[string]string{}
		maps.Copy(info, good)
		info[test.name] = test.value
		if err := judge(info, true); (err == nil) != test.fine {
			t.Errorf("%s %q: %v", test.name, test.value, err)
		}
	}
	good["redis_mode"] = "cluster"
	if err := judge(good, false); err != nil {
		t.Errorf("a node of a cluster, configured as one: %v", err)
	}
}

func TestGrouped(t *testing.T) {
	w := func(key, field string) Write { return Write{Key: key, Field: field, Value: []byte{1}} }
	in := []Write{w("b", "1"), w("a", "2"), w("b", "3"), w("a", "1"), w("b", "2")}
	var got []string
	for _, x := range grouped(in) {
		got = append(got, x.Key+x.Field)
	}
	if want := []string{"a2", "a1", "b1", "b3", "b2"}; !slices.Equal(got, want) {
		t.Errorf("grouped: %v, want %v", got, want)
	}
	if in[0].Key != "b" || in[1].Key != "a" {
		t.Error("the caller's slice has been changed")
	}
	if ready := []Write{w("b", "1"), w("b", "2"), w("a", "1")}; &grouped(ready)[0] != &ready[0] {
		t.Error("writes that stand together already are copied")
	}
}

// One command for each run of a key, split where Lua could not unpack the arguments.
func TestAppendWrites(t *testing.T) {
	var writes []Write
	for n := range 1201 {
		writes = append(writes, Write{Key: "k", Field: fmt.Sprint(n), Value: []byte{}})
	}
	writes = append(writes, Write{Key: "k", Field: "x"}, Write{Key: "k", Field: "y"}, Write{Key: "k"}, Write{Key: "l"})
	args := appendWrites(nil, writes)
	var ops []string
	for i := 0; i < len(args); {
		n := args[i+2].(string)
		ops = append(ops, fmt.Sprint(args[i], " ", *args[i+1].(*string), " ", n))
		var count int
		fmt.Sscan(n, &count)
		i += 3 + count
	}
	want := []string{"S k 1000", "S k 1000", "S k 402", "D k 2", "U k 0", "U l 0"}
	if !slices.Equal(ops, want) {
		t.Errorf("operations %v, want %v", ops, want)
	}
}
