package store

import (
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The keys of a slot, all under the hash tag {tag}:
//
//	prefix{tag}:meta         hash: position, epoch, ...
//	prefix{tag}:freeze       string with a TTL: until when, and the token of the snapshot, that holds the slot still
//	prefix{tag}:out:SPACE    list: outbox
//	prefix{tag}:SPACE:KEY    hash: state
//
// and outside of any slot, prefix:hb:TENANT:SOURCE, a string with a TTL.

const (
	clusterSlots = 16384
	// tagWindow is how far above its ideal place a slot's hash slot may lie: a short search, a small unevenness.
	tagWindow = 64
)

var (
	stagePattern  = regexp.MustCompile(`^[a-z]{1,8}$`)
	prefixPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
	tagPattern    = regexp.MustCompile(`^([a-z]{1,8})([0-9]+)-[0-9a-z]+$`)
)

// layout computes key names. Tags cost a search, so that they are kept.
type layout struct {
	prefix string
	metas  sync.Map // Slot → string
}

func (l *layout) meta(slot Slot) string {
	if key, ok := l.metas.Load(slot); ok {
		return key.(string)
	}
	key := l.prefix + "{" + tag(slot) + "}:meta"
	l.metas.Store(slot, key)
	return key
}

// base is what all keys of the slot begin with.
func (l *layout) base(slot Slot) string { return strings.TrimSuffix(l.meta(slot), "meta") }

func (l *layout) outbox(slot Slot, space int64) string {
	return l.base(slot) + "out:" + strconv.FormatInt(space, 10)
}

func (l *layout) data(slot Slot, space int64) string {
	return l.base(slot) + strconv.FormatInt(space, 10) + ":"
}

func (l *layout) heartbeat(tenant, source string) string {
	return l.prefix + ":hb:" + escape(tenant) + ":" + escape(source)
}

// slotOf is the inverse of meta.
func (l *layout) slotOf(metaKey string) (Slot, bool) {
	rest, ok1 := strings.CutPrefix(metaKey, l.prefix+"{")
	name, ok2 := strings.CutSuffix(rest, "}:meta")
	m := tagPattern.FindStringSubmatch(name)
	if !ok1 || !ok2 || m == nil {
		return Slot{}, false
	}
	p, err := strconv.ParseInt(m[2], 10, 32)
	if err != nil {
		return Slot{}, false
	}
	slot := Slot{Stage: m[1], Partition: int32(p)}
	return slot, tag(slot) == name
}

func checkSlot(slot Slot) error {
	if !stagePattern.MatchString(slot.Stage) || slot.Partition < 0 {
		return fmt.Errorf("store: invalid slot %q/%d: a stage is one to eight lower-case letters, a partition is not negative", slot.Stage, slot.Partition)
	}
	return nil
}

// tag returns the hash tag of a slot: the first "stage partition - suffix" whose Redis hash slot lies at the slot's
// ideal place. It depends on nothing but the slot, so that a changed partition count still finds the old state, and refuses it.
func tag(slot Slot) string {
	ideal := place(slot)
	for n := uint64(0); ; n++ {
		name := slot.String() + "-" + strconv.FormatUint(n, 36)
		if (int(crc16(name))-ideal+clusterSlots)%clusterSlots < tagWindow {
			return name
		}
	}
}

// place spreads partitions 0, 1, 2, ... over the hash slots so that every prefix of the sequence is spread evenly:
// the first digit chooses a third, the rest, bit-reversed, halves the thirds on and on. So 3, 6, 12, 24, ... partitions
// lie at exactly equal distances, and clusters of 2, 3, 4, 6, ... nodes get equal shares. A stage is shifted by its
// name, so that partition 0 of two stages is not on the same node.
func place(slot Slot) int {
	p := uint32(slot.Partition)
	half := uint64(bits.Reverse32(p / 3)) // a fraction of 2^32
	at := (uint64(p%3)<<32 + half) * clusterSlots / (3 << 32)
	return (int(at) + int(crc16(slot.Stage))) % clusterSlots
}

// crc16 is the hash of Redis Cluster (XMODEM), reduced to a hash slot.
func crc16(s string) uint16 {
	var crc uint16
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc % clusterSlots
}

// escape percent-encodes what could be taken for a separator or a hash tag.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
