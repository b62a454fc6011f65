package worker

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/bus"
)

// mark is the relay's high-water mark, committed as the group's offset: everything that records below Offset have caused is in Kafka. Log and State are the
// lineages it was written under. It also is the memory of both when Redis is lost.
type mark struct {
	Offset     int64 // -1: no mark
	Log, State int64
}

var noMark = mark{Offset: -1}

func (m mark) known() bool { return m.Offset >= 0 }

// advance returns the mark to commit when m is committed and next was found. A mark never goes back: not to an older lineage, and within a lineage not to a lower
// offset. Only a new lineage of the state may lower it: an older copy that was put back has not sent all that the mark speaks of.
func (m mark) advance(next mark) mark {
	switch {
	case !m.known():
		return next
	case next.Log < m.Log || next.State < m.State:
		return m
	case next.Log == m.Log && next.State == m.State:
		next.Offset = max(next.Offset, m.Offset)
	}
	return next
}

func (m mark) metadata() string { return fmt.Sprintf("log=%d,state=%d", m.Log, m.State) }

// parseMark reads a committed offset. An offset that something else has committed is no mark.
func parseMark(c bus.Commit) mark {
	m := mark{Offset: c.Offset}
	for field := range strings.SplitSeq(c.Metadata, ",") {
		name, value, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "log":
			m.Log = n
		case "state":
			m.State = n
		}
	}
	if m.Offset < 0 || m.Log <= 0 || m.State <= 0 {
		return noMark
	}
	return m
}

// stamp is what the state keeps in its fingerprint: which record was applied last, to notice that the log was replaced. Until the first record of a lineage
// is applied it also says how the lineage began, so that an owner that crashes in between is followed by one that knows, and both do the same.
type stamp struct {
	hash  string // of the last applied record; "" unknown
	lost  int64  // first offset that was lost to retention, -1 none
	tell  int64  // where the log ended when the lineage began: what is open is told again there; -1 no need
	moved bool   // the state is that of an older lineage
}

var noStamp = stamp{lost: -1, tell: -1}

// String returns hash, then what else there is: !moved, !lost=N, !tell=N.
func (s stamp) String() string {
	text := s.hash
	if s.moved {
		text += "!moved"
	}
	if s.lost >= 0 {
		text += "!lost=" + strconv.FormatInt(s.lost, 10)
	}
	if s.tell >= 0 {
		text += "!tell=" + strconv.FormatInt(s.tell, 10)
	}
	return text
}

func parseStamp(text string) stamp {
	s := noStamp
	var rest string
	s.hash, rest, _ = strings.Cut(text, "!")
	for word := range strings.SplitSeq(rest, "!") {
		name, value, _ := strings.Cut(word, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case name == "moved":
			s.moved = true
		case name == "lost" && err == nil:
			s.lost = n
		case name == "tell" && err == nil:
			s.tell = n
		}
	}
	return s
}

// fingerprint identifies a record: the first 8 bytes of the SHA-256 over its offset and value, in hex.
func fingerprint(offset int64, value []byte) string {
	h := sha256.New()
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(offset))
	h.Write(at[:])
	h.Write(value)
	return hex.EncodeToString(h.Sum(nil)[:8])
}
