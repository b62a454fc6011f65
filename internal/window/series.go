// Package window holds panes that add up in any order: cells of additive integers, kept in tiers of coarser panes the older they grow, merged at read.
//
// A pane cell is a [Cell]: for each metric a count, a sum and a histogram. Everything is int64 (durations in ms, scores in millionths), can be taken
// back, and merges by addition, so the order of arrival never shows in a result.
package window

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Metric is a number under which contributions are kept. Numbers are part of the schema: never reuse one.
type Metric uint16

// Sample is one contribution.
type Sample struct {
	Metric Metric
	N      int64 // count, usually 1
	Sum    int64 // ms or millionths; 0 for plain counts
	Hist   bool  // Sum is also counted in a histogram bucket
}

// Agg is what is known of one metric: count, sum and histogram buckets ascending by index.
type Agg struct {
	N, Sum  int64
	Buckets []BucketCount
}

// BucketCount is the number of values in one bucket.
type BucketCount struct {
	Index int
	N     int64
}

// Cell is the content of one pane for one group: metrics ascending.
type Cell struct {
	metrics []Metric
	aggs    []Agg
}

// Add counts a sample sign times.
func (c *Cell) Add(s Sample, sign int64) {
	a := c.at(s.Metric)
	a.N += sign * s.N
	a.Sum += sign * s.Sum
	if s.Hist {
		a.add(Bucket(s.Sum), sign*s.N)
	}
}

// Merge adds all of o.
func (c *Cell) Merge(o *Cell) {
	for i, m := range o.metrics {
		c.at(m).Merge(o.aggs[i])
	}
}

// Metric returns what is known of a metric; the zero Agg when nothing is. The buckets are the cell's own: read them, or merge them into another Agg.
func (c *Cell) Metric(m Metric) Agg {
	if i, ok := slices.BinarySearch(c.metrics, m); ok {
		return c.aggs[i]
	}
	return Agg{}
}

// Metrics are those that something was counted of, ascending. The list is the cell's own: read it.
func (c *Cell) Metrics() []Metric { return c.metrics }

// Empty reports whether all contributions have been taken back.
func (c *Cell) Empty() bool {
	for _, a := range c.aggs {
		if !a.empty() {
			return false
		}
	}
	return true
}

func (c *Cell) at(m Metric) *Agg {
	i, ok := slices.BinarySearch(c.metrics, m)
	if !ok {
		c.metrics = slices.Insert(c.metrics, i, m)
		c.aggs = slices.Insert(c.aggs, i, Agg{})
	}
	return &c.aggs[i]
}

// Merge adds all of o.
func (a *Agg) Merge(o Agg) {
	a.N += o.N
	a.Sum += o.Sum
	for _, b := range o.Buckets {
		a.add(b.Index, b.N)
	}
}

func (a *Agg) add(bucket int, n int64) {
	i, ok := slices.BinarySearchFunc(a.Buckets, bucket, func(b BucketCount, i int) int { return b.Index - i })
	if !ok {
		a.Buckets = slices.Insert(a.Buckets, i, BucketCount{Index: bucket})
	}
	a.Buckets[i].N += n
}

func (a Agg) empty() bool {
	return a.N == 0 && a.Sum == 0 && !slices.ContainsFunc(a.Buckets, func(b BucketCount) bool { return b.N != 0 })
}

// Percentile returns the value below or at which percent (1 to 100) of the values lie, by nearest rank, as the middle of its bucket: at most 1.1 % off.
// ok is false without values.
func (a Agg) Percentile(percent int) (v int64, ok bool) {
	var total int64
	for _, b := range a.Buckets {
		total += b.N
	}
	if total <= 0 {
		return 0, false
	}
	rank := max(1, min((total*int64(percent)+99)/100, total)) // in integers: 0.07 × 100 is not 7 in floating point
	var seen int64
	for _, b := range a.Buckets {
		if seen += b.N; seen >= rank {
			return representative(b.Index), true
		}
	}
	return 0, false
}

// Encode writes the cell; equal contents give equal bytes, an empty cell gives nil.
func (c *Cell) Encode() []byte {
	var out []byte
	for i, m := range c.metrics {
		a := c.aggs[i]
		if a.empty() {
			continue
		}
		out = binary.AppendUvarint(out, uint64(m))
		out = binary.AppendVarint(out, a.N)
		out = binary.AppendVarint(out, a.Sum)
		used := 0
		for _, b := range a.Buckets {
			if b.N != 0 {
				used++
			}
		}
		out = binary.AppendUvarint(out, uint64(used))
		last := 0
		for _, b := range a.Buckets {
			if b.N != 0 {
				out = binary.AppendUvarint(out, uint64(b.Index-last))
				out = binary.AppendVarint(out, b.N)
				last = b.Index
			}
		}
	}
	return out
}

var errCell = errors.New("window: damaged pane cell: restore a snapshot or rebuild the partition from the log")

// DecodeCell reads what Encode wrote.
func DecodeCell(b []byte) (*Cell, error) {
	c := &Cell{}
	if err := c.MergeEncoded(b); err != nil {
		return nil, err
	}
	return c, nil
}

// MergeEncoded adds an encoded cell without building it first: the reader's hot path. After an error the cell holds a part of it.
func (c *Cell) MergeEncoded(b []byte) error {
	r := reader{b: b}
	for len(r.b) > 0 {
		m := r.uvarint()
		if m > math.MaxUint16 {
			return errCell
		}
		a := c.at(Metric(m))
		a.N += r.varint()
		a.Sum += r.varint()
		index := 0
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			step := r.uvarint()
			if step > MaxBucket || index+int(step) > MaxBucket {
				return errCell
			}
			index += int(step)
			a.add(index, r.varint())
		}
		if r.bad {
			return errCell
		}
	}
	return nil
}

// countEncoded returns the count of one metric in a cell that was decoded once: there is no error here.
func countEncoded(b []byte, m Metric) int64 {
	r := reader{b: b}
	for len(r.b) > 0 && !r.bad {
		found := Metric(r.uvarint())
		n := r.varint()
		if found == m {
			return n
		}
		if found > m {
			return 0
		}
		r.varint() // the sum
		for k := r.uvarint(); k > 0 && !r.bad; k-- {
			r.uvarint()
			r.varint()
		}
	}
	return 0
}

// reader takes varints off a byte slice; bad is set when it runs dry.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}
