package fold

import (
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

// chunk is a chunk of panes in use, always whole: what is not in it does not exist.
type chunk struct {
	tenant  string
	key     string
	changes int64 // contributions so far: readers fetch a chunk again when this moved
	cells   map[string]*cell
	touched []*cell
	size    int
	used    uint64
}

type cell struct {
	window.Cell
	field   string
	touched bool
}

// chunkID names a chunk without building its key.
type chunkID struct {
	tenant string
	family window.Family
	chunk  window.Chunk
}

func (s *Slot) chunk(t *tenant, f window.Family, c window.Chunk) *chunk {
	id := chunkID{t.name, f, c}
	x := s.recent.chunk
	if x == nil || s.recent.id != id {
		x = s.chunks[id]
	}
	if x == nil {
		x = &chunk{tenant: t.name, key: c.Key(t.name, f), cells: map[string]*cell{}, size: 500}
		if t.dir.Has(f, c) {
			v := s.getAll([]Ref{{x.key, ""}, {prefixChanges + t.name, x.key}})
			x.changes = pack.NewReader(v[1].Blob).Int()
			for field, b := range v[0].Fields {
				y := &cell{field: field}
				if err := y.MergeEncoded(b); err != nil {
					s.err = err
					return x
				}
				x.cells[field] = y
				x.size += len(field) + len(b)*4 + 100
			}
		}
		if s.err != nil {
			return x
		}
		s.chunks[id] = x
		s.bytes += x.size
		if t.dir.Add(f, c) {
			t.dirDirty = true
			s.touch(t)
		}
	}
	s.clock++
	x.used = s.clock
	s.recent = recentChunk{id, x}
	return x
}

// recentChunk is the chunk asked for last: mostly the next moment counts in the same.
type recentChunk struct {
	id    chunkID
	chunk *chunk
}

// dropChunk forgets a chunk that is stored, or stored no more.
func (s *Slot) dropChunk(id chunkID) {
	s.bytes -= s.chunks[id].size
	delete(s.chunks, id)
	s.recent = recentChunk{}
}

// cell returns a pane cell to write to.
func (s *Slot) cell(c *chunk, pane int, g window.Group) *window.Cell {
	s.scratch = window.AppendField(s.scratch[:0], pane, g)
	x := c.cells[string(s.scratch)]
	if x == nil {
		x = &cell{field: string(s.scratch)}
		c.cells[x.field] = x
		c.size += len(x.field) + 200
		s.bytes += len(x.field) + 200
	}
	if !x.touched {
		s.touch(c)
		x.touched = true
		c.touched = append(c.touched, x)
	}
	c.changes++
	return &x.Cell
}

func (c *chunk) flush(s *Slot) {
	if len(c.touched) == 0 {
		return // moved up since it was touched
	}
	for _, x := range c.touched {
		x.touched = false
		b := x.Encode()
		if b == nil {
			delete(c.cells, x.field)
		}
		s.write(c.key, x.field, b)
	}
	c.touched = c.touched[:0]
	w := &pack.Writer{}
	w.Int(c.changes)
	s.write(prefixChanges+c.tenant, c.key, w.Bytes())
}
