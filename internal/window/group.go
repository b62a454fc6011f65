package window

import (
	"encoding/binary"
	"strings"
)

// Family is a set of dimensions that contributions are kept by. A roll-up is a sum over the cells of one family.
type Family string

// The families.
const (
	Routing  Family = "r" // channel × queue × team
	Agent    Family = "a" // channel × queue × agent; off unless the tenant turns it on
	Topics   Family = "t" // channel × topic, of what has a topic
	Work     Family = "w" // team × agent, of the time of agents; without agents unless the tenant keeps numbers by agent
	Activity Family = "d" // distinct customers: one roll-up a cell, not additive over cells
)

// Dimension of a group.
type Dimension string

// The dimensions that can be grouped by.
const (
	DimChannel Dimension = "channel"
	DimQueue   Dimension = "queue"
	DimTeam    Dimension = "team"
	DimAgent   Dimension = "agent"
	DimTopic   Dimension = "topic"
)

// Dimensions lists all of them.
var Dimensions = []Dimension{DimChannel, DimQueue, DimTeam, DimAgent, DimTopic}

// Overflow is the name that stands for all names beyond a dimension's cap.
const Overflow = "__other__"

// Group names a cell. Dimensions a family does not have are empty.
type Group struct{ Channel, Queue, Team, Agent, Topic string }

const groupSep = "\x1f"

// Field is the name of a pane cell inside its chunk.
func Field(pane int, g Group) string { return string(AppendField(nil, pane, g)) }

// AppendField appends what Field returns: folds look cells up without making a string.
func AppendField(b []byte, pane int, g Group) []byte {
	b = binary.AppendUvarint(b, uint64(pane))
	b = append(append(b, g.Channel...), groupSep...)
	b = append(append(b, g.Queue...), groupSep...)
	b = append(append(b, g.Team...), groupSep...)
	b = append(append(b, g.Agent...), groupSep...)
	return append(b, g.Topic...)
}

// ParseField takes a field apart.
func ParseField(f string) (pane int, g Group, ok bool) {
	v, n := binary.Uvarint([]byte(f))
	if n <= 0 {
		return 0, g, false
	}
	g, ok = ParseGroup(f[n:])
	return int(v), g, ok
}

// Encode writes the group as one string. Names never hold control characters (see event validation), so the separator is safe.
func (g Group) Encode() string {
	return g.Channel + groupSep + g.Queue + groupSep + g.Team + groupSep + g.Agent + groupSep + g.Topic
}

// ParseGroup reads what Encode wrote.
func ParseGroup(s string) (Group, bool) {
	p := strings.Split(s, groupSep)
	if len(p) != 5 {
		return Group{}, false
	}
	return Group{p[0], p[1], p[2], p[3], p[4]}, true
}

// By keeps the dimensions named and blanks the others: the group of a roll-up.
func (g Group) By(dims []Dimension) Group {
	var out Group
	for _, d := range dims {
		switch d {
		case DimChannel:
			out.Channel = g.Channel
		case DimQueue:
			out.Queue = g.Queue
		case DimTeam:
			out.Team = g.Team
		case DimAgent:
			out.Agent = g.Agent
		case DimTopic:
			out.Topic = g.Topic
		}
	}
	return out
}

// Folded reports whether a name of the group stands for several names beyond a cap.
func (g Group) Folded() bool {
	return g.Queue == Overflow || g.Team == Overflow || g.Agent == Overflow || g.Topic == Overflow
}
