package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/sla"
)

// zones have days of 23, 24 and 25 h, begin days at odd hours, skip a midnight, or (Apia) a whole day.
var zones = []string{
	"UTC", "America/Mexico_City", "America/Sao_Paulo", "America/Santiago", "America/Asuncion", "America/Havana", "Europe/Madrid", "Asia/Kathmandu",
	"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
}

func drawZone(t *rapid.T) Zone {
	zone, err := sla.LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// Instants are drawn near changes of clocks: 2011-12-30 Apia skips, 2018-11-04 São Paulo, 2024-03-10 Havana, 2026-10-25 Madrid, 2016-10-02 Asunción.
var near = []string{"2011-12-30T12:00:00Z", "2018-11-04T03:00:00Z", "2024-03-10T05:00:00Z", "2026-10-25T01:00:00Z", "2016-10-02T04:00:00Z", "2026-03-02T12:00:00Z"}

func drawNear(t *rapid.T) int64 {
	at, err := time.Parse(time.RFC3339, rapid.SampledFrom(near).Draw(t, "near"))
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func TestDayStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		at := drawNear(t) + rapid.Int64Range(-3*day, 3*day).Draw(t, "off")
		d := Day(at, zone)
		start, end := DayStart(d, zone), DayStart(d+1, zone)
		if at < start || at >= end {
			t.Fatalf("%s lies outside its day %d, [%s, %s)", show(at, zone), d, show(start, zone), show(end, zone))
		}
		if Day(start, zone) != d || Day(start-1, zone) >= d || Day(end-1, zone) != d {
			t.Fatalf("day %d is [%s, %s)", d, show(start, zone), show(end, zone))
		}
		if start%MediumPane != 0 {
			t.Fatalf("day %d begins inside a pane, at %s", d, show(start, zone))
		}
	})
}

func show(at int64, zone Zone) string { return time.UnixMilli(at).In(zone).Format(time.RFC3339Nano) }

// contribution is one sample of a metric at an instant.
type contribution struct {
	at    int64
	group Group
	value int64
}

// keeper keeps panes as a fold does: contributions go to where they live, chunks that are due move up one after the other.
type keeper struct {
	zone     Zone
	boundary int64
	dir      Dir
	chunks   map[Chunk]map[string]*Cell
	all      []contribution
}

func (k *keeper) cell(p Place, g Group) *Cell {
	k.dir.Add(Routing, p.Chunk)
	if k.chunks[p.Chunk] == nil {
		k.chunks[p.Chunk] = map[string]*Cell{}
	}
	name := Field(p.Pane, g)
	if k.chunks[p.Chunk][name] == nil {
		k.chunks[p.Chunk][name] = &Cell{}
	}
	return k.chunks[p.Chunk][name]
}

func (k *keeper) add(c contribution, sign int64) {
	if p, ok := Locate(c.at, k.boundary, k.zone); ok {
		k.cell(p, c.group).Add(Sample{Metric: 1, N: 1, Sum: c.value, Hist: true}, sign)
	}
}

// moveUp moves at most n chunks that are due at t, and reports whether none is left.
func (k *keeper) moveUp(t int64, n int) bool {
	for ; ; n-- {
		_, c, due := k.dir.FirstDue(t, k.zone)
		if !due {
			k.boundary = t
			return true
		}
		if n == 0 {
			return false
		}
		for name, cell := range k.chunks[c] {
			number, g, _ := ParseField(name)
			if up, ok := (Place{c, number}).Up(k.zone); ok {
				k.cell(up, g).Merge(cell)
			}
		}
		k.dir.Remove(Routing, c)
		delete(k.chunks, c)
	}
}

// read sums a window as a reader does; boundary is what the reader believes.
func (k *keeper) read(t *rapid.T, by []Dimension, from, to, boundary int64) (*Sum, int64, int64) {
	from, to = Round(from, to, boundary, k.zone)
	for range 10 {
		sum, ok := NewSum(Routing, by, from, to, k.zone), true
		for _, c := range k.dir.Overlapping(Routing, from, to, k.zone) {
			encoded := map[string][]byte{}
			for name, cell := range k.chunks[c] {
				if b := cell.Encode(); b != nil {
					encoded[name] = b
				}
			}
			b, err := DecodeBlock(c, encoded)
			if err != nil {
				t.Fatal(err)
			}
			if f, z, whole := sum.Add(b); !whole {
				from, to, ok = min(from, f), max(to, z), false
			}
		}
		if ok {
			return sum, from, to
		}
	}
	t.Fatal("the window does not settle")
	return nil, 0, 0
}

// TestReadIsBruteForce: whatever was moved up, also in the middle of a move, a window holds exactly the contributions inside its rounded edges.
func TestReadIsBruteForce(t *testing.T) {
	groups := []Group{{Channel: "voice", Queue: "a"}, {Channel: "voice", Queue: "b"}, {Channel: "email", Queue: "a", Team: "x"}}
	rapid.Check(t, func(t *rapid.T) {
		now := drawNear(t)
		k := &keeper{zone: drawZone(t), chunks: map[Chunk]map[string]*Cell{}}
		// As the engine runs: time moves on in leaps, contributions come about then or late.
		leap := rapid.SampledFrom([]int64{60_000, 3_600_000, 6 * 3_600_000, day, 20 * day}).Draw(t, "leap")
		k.boundary = now
		settled := true
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			now += rapid.Int64Range(1, leap).Draw(t, "dt")
			if settled {
				for range rapid.IntRange(0, 4).Draw(t, "n") {
					late := rapid.SampledFrom([]int64{10_000, 3_600_000, 2 * day}).Draw(t, "late")
					c := contribution{now - rapid.Int64Range(0, late).Draw(t, "by"), rapid.SampledFrom(groups).Draw(t, "group"), rapid.Int64Range(0, 100_000).Draw(t, "value")}
					k.add(c, 1)
					if rapid.IntRange(0, 4).Draw(t, "take back") == 0 {
						k.add(c, -1)
					} else {
						k.all = append(k.all, c)
					}
				}
			}
			settled = k.moveUp(now, rapid.IntRange(0, 40).Draw(t, "moves"))
		}
		by := rapid.SampledFrom([][]Dimension{nil, {DimQueue}, {DimChannel, DimTeam}}).Draw(t, "by")
		length := rapid.SampledFrom([]int64{10_000, 300_000, 3_600_000, day, 7 * day, 30 * day}).Draw(t, "length")
		to := now - rapid.SampledFrom([]int64{0, 0, 3_600_000, day, 10 * day}).Draw(t, "ago") + rapid.Int64Range(0, 20_000).Draw(t, "skew")
		from := to - rapid.Int64Range(1, length).Draw(t, "exact length")
		sum, a, z := k.read(t, by, from, to, k.boundary)
		if a > from || z < to {
			t.Fatalf("[%d, %d) was rounded inward to [%d, %d)", from, to, a, z)
		}
		want := map[Group]*Cell{}
		for _, c := range k.all {
			if c.at >= a && c.at < z && c.at >= Kept(k.boundary, k.zone) {
				g := c.group.By(by)
				if want[g] == nil {
					want[g] = &Cell{}
				}
				want[g].Add(Sample{Metric: 1, N: 1, Sum: c.value, Hist: true}, 1)
			}
		}
		for g, c := range want {
			if diff := cmp.Diff(fmt.Sprintf("%+v", c.Metric(1)), fmt.Sprintf("%+v", trimmed(sum.Cell(g).Metric(1)))); diff != "" {
				t.Fatalf("%+v in [%s, %s): %s", g, show(a, k.zone), show(z, k.zone), diff)
			}
		}
		if got := sum.Groups(); len(got) != len(want) {
			t.Fatalf("groups %v, want %d", got, len(want))
		}

		// A window is the merge of its halves, cut at an edge.
		if cut, _ := Round(a+(z-a)/2, z, k.boundary, k.zone); settled && cut > a && cut < z {
			left, la, lz := k.read(t, by, a, cut, k.boundary)
			right, ra, rz := k.read(t, by, cut, z, k.boundary)
			if la == a && lz == cut && ra == cut && rz == z {
				left.Merge(right)
				for _, g := range sum.Groups() {
					if string(left.Cell(g).Encode()) != string(sum.Cell(g).Encode()) {
						t.Fatalf("[%d, %d) is not the merge of its halves at %d", a, z, cut)
					}
				}
			}
		}
	})
}

// trimmed leaves out buckets that are back at 0.
func trimmed(a Agg) Agg {
	a.Buckets = slices.DeleteFunc(slices.Clone(a.Buckets), func(b BucketCount) bool { return b.N == 0 })
	return a
}

// TestStraddlingPane: while panes are moved up, a reader may find a coarser pane than it expects at an edge. It then takes in the whole pane.
func TestStraddlingPane(t *testing.T) {
	c := &Cell{}
	c.Add(Sample{Metric: 1, N: 1}, 1)
	b, err := DecodeBlock(Chunk{Medium, 0}, map[string][]byte{Field(1, Group{}): c.Encode(), Field(3, Group{}): c.Encode()})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct{ from, to, wantFrom, wantTo int64 }{
		{MediumPane + FinePane, 2 * MediumPane, MediumPane, 2 * MediumPane},
		{0, 2*MediumPane - FinePane, 0, 2 * MediumPane},
		{MediumPane + FinePane, 3*MediumPane + FinePane, MediumPane, 4 * MediumPane},
		{MediumPane, 2 * MediumPane, MediumPane, 2 * MediumPane},
		{2*MediumPane + FinePane, 2*MediumPane + 2*FinePane, 2*MediumPane + FinePane, 2*MediumPane + 2*FinePane}, // no pane there
	} {
		from, to, ok := NewSum(Routing, nil, w.from, w.to, time.UTC).Add(b)
		if from != w.wantFrom || to != w.wantTo || ok != (from == w.from && to == w.to) {
			t.Errorf("[%d, %d): [%d, %d) %v, want [%d, %d)", w.from, w.to, from, to, ok, w.wantFrom, w.wantTo)
		}
	}
}

func TestRound(t *testing.T) {
	zone, err := sla.LoadZone("America/Mexico_City") // UTC-6
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) int64 {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMilli()
	}
	now := at("2026-03-20 10:01:07")
	for _, c := range []struct{ name, from, to, wantFrom, wantTo string }{
		{"10 s panes", "2026-03-20 09:56:07", "2026-03-20 10:01:07", "2026-03-20 09:56:00", "2026-03-20 10:01:10"},
		{"edges stay", "2026-03-20 09:56:00", "2026-03-20 10:01:10", "2026-03-20 09:56:00", "2026-03-20 10:01:10"},
		{"from in 15 min panes", "2026-03-20 06:01:10", "2026-03-20 10:01:10", "2026-03-20 06:00:00", "2026-03-20 10:01:10"},
		{"both in 15 min panes", "2026-03-18 06:01:10", "2026-03-18 06:02:00", "2026-03-18 06:00:00", "2026-03-18 06:15:00"},
		{"15 min panes of last month", "2026-03-01 06:01:10", "2026-03-02 06:02:00", "2026-03-01 06:00:00", "2026-03-02 06:15:00"},
		{"days", "2026-02-01 06:01:10", "2026-02-02 06:02:00", "2026-02-01 00:00:00", "2026-02-03 00:00:00"},
		{"whole days and today", "2026-03-10 10:01:10", "2026-03-20 10:01:10", "2026-03-10 00:00:00", "2026-03-20 10:01:10"},
		{"whole days only", "2026-03-05 10:01:10", "2026-03-18 10:01:10", "2026-03-05 00:00:00", "2026-03-19 00:00:00"},
		{"8 d", "2026-03-12 10:01:10", "2026-03-20 10:01:10", "2026-03-12 10:00:00", "2026-03-20 10:01:10"},
	} {
		from, to := Round(at(c.from), at(c.to), now, zone)
		if from != at(c.wantFrom) || to != at(c.wantTo) {
			t.Errorf("%s: %s to %s, want %s to %s", c.name, show(from, zone), show(to, zone), c.wantFrom, c.wantTo)
		}
	}
}

func TestDistinctCellsDoNotAddUp(t *testing.T) {
	fields := map[string][]byte{}
	for i, g := range []Group{{}, {Channel: "voice"}, {Queue: "a"}, {Channel: "voice", Queue: "a"}} {
		c := &Cell{}
		c.Add(Sample{Metric: 1, N: int64(i + 1)}, 1)
		fields[Field(0, g)] = c.Encode()
	}
	b, err := DecodeBlock(Chunk{Fine, 0}, fields)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by   []Dimension
		want string
	}{
		{nil, "{Channel: Queue: Team: Agent: Topic:}=1"}, {[]Dimension{DimChannel}, "{Channel:voice Queue: Team: Agent: Topic:}=2"},
		{[]Dimension{DimQueue}, "{Channel: Queue:a Team: Agent: Topic:}=3"}, {[]Dimension{DimQueue, DimChannel}, "{Channel:voice Queue:a Team: Agent: Topic:}=4"},
	} {
		sum := NewSum(Activity, c.by, 0, MediumPane, time.UTC)
		sum.Add(b)
		var got strings.Builder
		for _, g := range sum.Groups() {
			fmt.Fprintf(&got, "%+v=%d", g, sum.Cell(g).Metric(1).N)
		}
		if got.String() != c.want {
			t.Errorf("by %v: %s, want %s", c.by, &got, c.want)
		}
	}
}

func TestDecodeBlockRefusesGarbage(t *testing.T) {
	good := &Cell{}
	good.Add(Sample{Metric: 1, N: 1}, 1)
	for name, fields := range map[string]map[string][]byte{
		"no pane":       {"": good.Encode()},
		"pane too high": {Field(90, Group{}): good.Encode()},
		"no group":      {"\x00abc": good.Encode()},
		"damaged cell":  {Field(0, Group{}): {1, 2}},
	} {
		if _, err := DecodeBlock(Chunk{Fine, 0}, fields); err == nil {
			t.Errorf("%s is decoded", name)
		}
	}
}
