package window

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Round widens a window outward to the edges of the finest panes that survive when panes have been moved up to boundary. A window longer than
// [MaxFineWindow] becomes whole days of the zone, except that a last day which is not over at boundary keeps its finer edge. Instants are Unix ms, windows
// [from, to) with from < to.
func Round(from, to, boundary int64, zone Zone) (int64, int64) {
	long := to-from > MaxFineWindow
	from, _ = surviving(from, boundary, zone)
	_, to = surviving(to-1, boundary, zone)
	if long {
		from = DayStart(Day(from, zone), zone)
		if over := DayStart(Day(to-1, zone)+1, zone); over <= boundary {
			to = over
		}
	}
	return from, to
}

// surviving returns the span of the finest pane that an instant has.
func surviving(at, boundary int64, zone Zone) (from, to int64) {
	p, _ := Locate(at, boundary, zone)
	return p.Span(zone)
}

// Kept returns the first instant for which panes are kept when they have been moved up to boundary: what lies before has been dropped.
func Kept(boundary int64, zone Zone) int64 {
	c := coarsePlace(boundary-coarseKeep, zone).Chunk
	for !c.Due(boundary, zone) {
		c.Start--
	}
	_, to := c.Span(zone)
	return to
}

// Overlapping returns the chunks of a family that hold panes of [from, to), in the order of the directory.
func (d *Dir) Overlapping(f Family, from, to int64, zone Zone) []Chunk {
	var out []Chunk
	for _, c := range d.Chunks(f) {
		if a, b := c.Span(zone); a < to && b > from {
			out = append(out, c)
		}
	}
	return out
}

// Block is a chunk as readers hold it: the panes as stored, and the sum of all. It is immutable.
type Block struct {
	chunk  Chunk
	panes  []pane
	groups []Group // of totals, sorted
	totals []*Cell
	size   int
}

type pane struct {
	number int
	groups []Group
	cells  [][]byte
}

// DecodeBlock reads the fields of a chunk's hash. It keeps the values, which must not change afterwards.
func DecodeBlock(c Chunk, fields map[string][]byte) (*Block, error) {
	b := &Block{chunk: c, size: 200}
	totals := map[Group]*Cell{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		number, g, ok := ParseField(name)
		if !ok || number < 0 || number >= c.panes() {
			return nil, fmt.Errorf("window: chunk %+v has a field %q that names no pane: restore a snapshot or rebuild the partition from the log", c, name)
		}
		if totals[g] == nil {
			totals[g] = &Cell{}
		}
		if err := totals[g].MergeEncoded(fields[name]); err != nil {
			return nil, err
		}
		if n := len(b.panes); n == 0 || b.panes[n-1].number != number {
			b.panes = append(b.panes, pane{number: number})
		}
		p := &b.panes[len(b.panes)-1]
		p.groups = append(p.groups, g)
		p.cells = append(p.cells, fields[name])
		b.size += len(name) + len(fields[name]) + 100
	}
	b.groups = slices.SortedFunc(maps.Keys(totals), Group.Compare)
	for _, g := range b.groups {
		b.totals = append(b.totals, totals[g])
		b.size += totals[g].size() + 100
	}
	return b, nil
}

// Size returns roughly how many bytes of memory the block takes.
func (b *Block) Size() int { return b.size }

// Span returns the instants of the pane.
func (b *Block) span(p *pane, zone Zone) (from, to int64) { return Place{b.chunk, p.number}.Span(zone) }

func (c *Cell) size() int {
	n := 80 + 50*len(c.metrics)
	for i := range c.aggs {
		n += 16 * cap(c.aggs[i].Buckets)
	}
	return n
}

// Sum adds up the panes of a window, by some of the dimensions.
type Sum struct {
	by       []Dimension
	distinct bool
	from, to int64
	zone     Zone
	cells    map[Group]*Cell
}

// NewSum begins the sum of the panes in [from, to), which must be edges as [Round] returns them. Cells of the family [Activity] are roll-ups already: of them only
// those kept for exactly the dimensions by are taken.
func NewSum(f Family, by []Dimension, from, to int64, zone Zone) *Sum {
	return &Sum{by: by, distinct: f == Activity, from: from, to: to, zone: zone, cells: map[Group]*Cell{}}
}

// Add adds the panes of a block that lie in the window. When a pane straddles an edge, because panes are being moved up right now, ok is false: begin again
// with the window [from, to), widened to take the pane in. The sum is of no use then.
func (s *Sum) Add(b *Block) (from, to int64, ok bool) {
	a, z := b.chunk.Span(s.zone)
	if z <= s.from || a >= s.to {
		return s.from, s.to, true
	}
	if a >= s.from && z <= s.to {
		for i, g := range b.groups {
			s.add(g, func(c *Cell) { c.Merge(b.totals[i]) })
		}
		return s.from, s.to, true
	}
	from, to = s.from, s.to
	for i := range b.panes {
		p := &b.panes[i]
		a, z := b.span(p, s.zone)
		if z <= s.from || a >= s.to {
			continue
		}
		from, to = min(from, a), max(to, z)
		for i, g := range p.groups {
			// DecodeBlock has read every cell once: there is no error here.
			s.add(g, func(c *Cell) { _ = c.MergeEncoded(p.cells[i]) })
		}
	}
	return from, to, from == s.from && to == s.to
}

func (s *Sum) add(g Group, merge func(*Cell)) {
	of := g.By(s.by)
	if s.distinct && (of != g || !g.Names(s.by)) {
		return
	}
	c := s.cells[of]
	if c == nil {
		c = &Cell{}
		s.cells[of] = c
	}
	merge(c)
}

// Merge adds all of o, a sum by the same dimensions over other blocks or another window.
func (s *Sum) Merge(o *Sum) {
	for g, c := range o.cells {
		s.add(g, func(into *Cell) { into.Merge(c) })
	}
}

// Groups returns the groups that have contributions, sorted. Contributions that were all taken back leave none.
func (s *Sum) Groups() []Group {
	var out []Group
	for g, c := range s.cells {
		if !c.Empty() {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, Group.Compare)
	return out
}

// Cell returns the sum of a group; an empty cell when it has none.
func (s *Sum) Cell(g Group) *Cell {
	if c := s.cells[g]; c != nil {
		return c
	}
	return &Cell{}
}

// Compare orders groups by channel, queue, team and agent.
func (g Group) Compare(o Group) int {
	return cmp.Or(cmp.Compare(g.Channel, o.Channel), cmp.Compare(g.Queue, o.Queue), cmp.Compare(g.Team, o.Team), cmp.Compare(g.Agent, o.Agent))
}

// Name returns the group's name in a dimension, "" when it has none.
func (g Group) Name(d Dimension) string {
	switch d {
	case DimChannel:
		return g.Channel
	case DimQueue:
		return g.Queue
	case DimTeam:
		return g.Team
	case DimAgent:
		return g.Agent
	}
	return ""
}

// Names reports whether the group has a name in each of the dimensions.
func (g Group) Names(by []Dimension) bool {
	for _, d := range by {
		if g.Name(d) == "" {
			return false
		}
	}
	return true
}
