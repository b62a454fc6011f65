package window

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBucketHoldsItsValues(t *testing.T) {
	for v := int64(-1); v < 5000; v++ {
		checkBucket(t, v)
	}
	rapid.Check(t, func(t *rapid.T) { checkBucket(t, rapid.Int64Range(0, 1<<40).Draw(t, "v")) })
	if b := Bucket(math.MaxInt64); b != MaxBucket {
		t.Errorf("the largest value is in bucket %d, want the last, %d", b, MaxBucket)
	}
}

func checkBucket(t interface{ Fatalf(string, ...any) }, v int64) {
	b := Bucket(v)
	lower, upper := Bounds(b)
	if in := max(v, 0); in <= lower || in > upper {
		t.Fatalf("%d is in bucket %d, which holds (%d, %d]", v, b, lower, upper)
	}
	r := representative(b)
	if r <= lower || r > upper {
		t.Fatalf("bucket %d holds (%d, %d], its representative is %d", b, lower, upper, r)
	}
	if off := math.Abs(float64(r - max(v, 0))); off > 0.5 && off > 0.0111*float64(v)+0.5 {
		t.Fatalf("%d is reported as %d: more than 1.1 %% off", v, r)
	}
}

// TestBoundsAreTheSameEverywhere compares with exact arithmetic: a processor whose exponential rounds differently must not move a value to another bucket.
func TestBoundsAreTheSameEverywhere(t *testing.T) {
	for i := 1; i <= MaxBucket; i++ {
		// 2^((i-1)/32) by five square roots.
		f := new(big.Float).SetPrec(400).SetMantExp(big.NewFloat(1).SetPrec(400), i-1)
		for range 5 {
			f.Sqrt(f)
		}
		want, _ := f.Int64()
		if _, upper := Bounds(i); upper != want {
			t.Errorf("bucket %d ends at %d, exactly at %d", i, upper, want)
		}
		// And no bound is so near an integer that four units in the last place decide.
		e := math.Exp2(float64(i-1) / bucketsPerOctave)
		whole := new(big.Float).SetInt64(want)
		over, _ := new(big.Float).Sub(f, whole).Float64()
		if ulp := math.Nextafter(e, math.Inf(1)) - e; (i-1)%bucketsPerOctave != 0 && min(over, 1-over) < 4*ulp {
			t.Errorf("bucket %d ends %v above an integer", i, over)
		}
	}
}

func TestPercentileIsNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 10_000_000), 0, 200).Draw(t, "values")
		percent := rapid.IntRange(1, 100).Draw(t, "percent")
		var c Cell
		for _, v := range values {
			c.Add(Sample{Metric: 1, N: 1, Sum: v, Hist: true}, 1)
		}
		got, ok := c.Metric(1).Percentile(percent)
		if ok != (len(values) > 0) {
			t.Fatalf("%d values: ok is %v", len(values), ok)
		}
		if !ok {
			return
		}
		slices.Sort(values)
		rank := (len(values)*percent + 99) / 100
		if want := values[rank-1]; Bucket(got) != Bucket(want) {
			t.Fatalf("p%d of %v is %d, want one bucket with %d", percent, values, got, want)
		}
	})
}

func drawCell(t *rapid.T) *Cell {
	c := &Cell{}
	for range rapid.IntRange(0, 12).Draw(t, "samples") {
		s := Sample{
			Metric: Metric(rapid.Uint16Range(1, 5).Draw(t, "metric")), N: rapid.Int64Range(0, 3).Draw(t, "n"),
			Sum: rapid.Int64Range(-1_000_000, 100_000_000).Draw(t, "sum"), Hist: rapid.Bool().Draw(t, "hist"),
		}
		c.Add(s, rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign"))
	}
	return c
}

func TestCellCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawCell(t), drawCell(t)
		back, err := DecodeCell(a.Encode())
		if err != nil || !bytes.Equal(back.Encode(), a.Encode()) {
			t.Fatalf("decoding gives another cell: %v", err)
		}
		ab, ba := &Cell{}, &Cell{}
		ab.Merge(a)
		ab.Merge(b)
		if err := ba.MergeEncoded(b.Encode()); err != nil {
			t.Fatal(err)
		}
		if err := ba.MergeEncoded(a.Encode()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ab.Encode(), ba.Encode()) {
			t.Fatal("the order of a merge shows")
		}
		if (ab.Encode() == nil) != ab.Empty() {
			t.Fatalf("empty is %v, encoded %x", ab.Empty(), ab.Encode())
		}
	})
}

func TestTakenBackLeavesNothing(t *testing.T) {
	var c Cell
	for _, sign := range []int64{1, -1} {
		c.Add(Sample{Metric: 1, N: 1, Sum: 250, Hist: true}, sign)
	}
	if !c.Empty() || c.Encode() != nil {
		t.Errorf("%+v", c)
	}
	if _, ok := c.Metric(1).Percentile(50); ok {
		t.Error("no values have a percentile")
	}
}

func FuzzDecodeCell(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 2, 4, 1, 5, 2})
	f.Add([]byte{1, 2, 4, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCell(b)
		if err != nil {
			return
		}
		again, err := DecodeCell(c.Encode())
		if err != nil || !bytes.Equal(again.Encode(), c.Encode()) {
			t.Fatalf("%x decodes, but not its encoding: %v", b, err)
		}
	})
}

func FuzzDecodeDir(f *testing.F) {
	f.Add([]byte{1, 'r', 1, 0, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDir(b)
		if err != nil {
			return
		}
		d.FirstDue(0, time.UTC)
		for _, f := range d.Families() {
			d.Overlapping(f, -1<<40, 1<<40, time.UTC)
		}
		if again, err := DecodeDir(d.Encode()); err != nil || !bytes.Equal(again.Encode(), d.Encode()) {
			t.Fatalf("%x decodes, but not its encoding: %v", b, err)
		}
	})
}

func TestDirCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Dir{}
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			f := rapid.SampledFrom([]Family{Routing, Agent, Activity}).Draw(t, "family")
			c := Chunk{Tier(rapid.IntRange(0, 2).Draw(t, "tier")), rapid.Int64Range(-5, 5).Draw(t, "start")}
			had := d.Has(f, c)
			if rapid.Bool().Draw(t, "add") {
				if d.Add(f, c) == had || !d.Has(f, c) {
					t.Fatalf("adding %v %v", f, c)
				}
			} else if d.Remove(f, c); d.Has(f, c) {
				t.Fatalf("removing %v %v", f, c)
			}
		}
		back, err := DecodeDir(d.Encode())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []Family{Routing, Agent, Activity} {
			if diff := cmp.Diff(fmt.Sprint(d.Chunks(f)), fmt.Sprint(back.Chunks(f))); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
