package window

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Dir lists the chunks that exist of one tenant in one partition, per family. It is what folds move up and what readers read by.
type Dir struct {
	families []Family
	chunks   [][]Chunk // ascending by tier and start
}

// Has reports whether a chunk exists.
func (d *Dir) Has(f Family, c Chunk) bool {
	i := slices.Index(d.families, f)
	if i < 0 {
		return false
	}
	_, ok := slices.BinarySearchFunc(d.chunks[i], c, compareChunks)
	return ok
}

// Add enters a chunk; it reports whether it was new.
func (d *Dir) Add(f Family, c Chunk) bool {
	i, ok := slices.BinarySearch(d.families, f)
	if !ok {
		d.families = slices.Insert(d.families, i, f)
		d.chunks = slices.Insert(d.chunks, i, nil)
	}
	j, ok := slices.BinarySearchFunc(d.chunks[i], c, compareChunks)
	if !ok {
		d.chunks[i] = slices.Insert(d.chunks[i], j, c)
	}
	return !ok
}

// Remove strikes a chunk.
func (d *Dir) Remove(f Family, c Chunk) {
	if i := slices.Index(d.families, f); i >= 0 {
		if j, ok := slices.BinarySearchFunc(d.chunks[i], c, compareChunks); ok {
			d.chunks[i] = slices.Delete(d.chunks[i], j, j+1)
		}
	}
}

// Families returns the families that have chunks, ascending.
func (d *Dir) Families() []Family { return d.families }

// Chunks returns the chunks of a family, ascending by tier and start.
func (d *Dir) Chunks(f Family) []Chunk {
	if i := slices.Index(d.families, f); i >= 0 {
		return d.chunks[i]
	}
	return nil
}

// FirstDue returns the first chunk that a tick at t moves up.
func (d *Dir) FirstDue(t int64, zone Zone) (Family, Chunk, bool) {
	for i, f := range d.families {
		for _, c := range d.chunks[i] {
			if c.Due(t, zone) {
				return f, c, true
			}
		}
	}
	return "", Chunk{}, false
}

// Encode writes the directory.
func (d *Dir) Encode() []byte {
	var out []byte
	for i, f := range d.families {
		out = binary.AppendUvarint(out, uint64(len(f)))
		out = append(out, f...)
		out = binary.AppendUvarint(out, uint64(len(d.chunks[i])))
		for _, c := range d.chunks[i] {
			out = append(out, byte(c.Tier))
			out = binary.AppendVarint(out, c.Start)
		}
	}
	return out
}

var errDir = errors.New("window: damaged directory of panes: restore a snapshot or rebuild the partition from the log")

// maxStart bounds chunk numbers to some nine thousand years around 1970, where arithmetic in ms is safe.
var maxStart = [tiers]int64{300_000_000_000_000 / MediumPane, 300_000_000_000_000 / day, 300_000_000_000_000 / (coarseDays * day)}

// DecodeDir reads what Encode wrote.
func DecodeDir(b []byte) (*Dir, error) {
	d := &Dir{}
	r := reader{b: b}
	for len(r.b) > 0 {
		f := Family(r.bytes())
		n := r.uvarint()
		var cs []Chunk
		for ; n > 0 && !r.bad; n-- {
			t, start := r.uvarint(), r.varint()
			if t >= uint64(tiers) || start < -maxStart[t] || start > maxStart[t] {
				return nil, errDir
			}
			cs = append(cs, Chunk{Tier(t), start})
		}
		if r.bad {
			return nil, errDir
		}
		d.families, d.chunks = append(d.families, f), append(d.chunks, cs)
	}
	return d, nil
}

func compareChunks(a, b Chunk) int {
	if a.Tier != b.Tier {
		return int(a.Tier) - int(b.Tier)
	}
	switch {
	case a.Start < b.Start:
		return -1
	case a.Start > b.Start:
		return 1
	}
	return 0
}
