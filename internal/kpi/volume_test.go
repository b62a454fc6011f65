package kpi

import (
	"fmt"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// clock counts one conversation for each quarter of an hour, in the group of all.
type clock struct{ nothing }

// Quarters implements [Source].
func (clock) Quarters(_ window.Metric, _ []window.Dimension, from, to int64) (map[window.Group][]int64, bool) {
	list := make([]int64, (to-from)/quarter)
	for i := range list {
		list[i] = 1
	}
	return map[window.Group][]int64{{}: list}, true
}

// TestWeekWhereClocksChange: a quarter that the clock skips is not there, one that it shows twice is one.
func TestWeekWhereClocksChange(t *testing.T) {
	zone, err := sla.LoadZone("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) int64 {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return x.UnixMilli()
	}
	for _, c := range []struct{ now, hole, double string }{
		{"2026-04-08 12:05", "sunday 02:15", ""},
		{"2026-11-04 12:05", "", "sunday 02:15"},
		{"2026-06-10 12:05", "", ""},
	} {
		v := &View{Frame: Frame{Window: Window{From: at(c.now) - hour, To: at(c.now), Now: at(c.now), Zone: zone}}, Source: clock{}}
		w, err := v.weekBefore()
		if err != nil {
			t.Fatal(err)
		}
		for slot := range slots {
			want := "[1 1 1 1]"
			name := slotName(slot)
			if name >= "sunday 02:00" && name < "sunday 03:00" && c.hole != "" {
				want = "[1 1 1]"
			}
			if name >= "sunday 02:00" && name < "sunday 03:00" && c.double != "" {
				want = "[1 1 1 2]"
				if got := fmt.Sprint(w.counts[slot]); got == "[1 2 1 1]" || got == "[1 1 2 1]" || got == "[2 1 1 1]" {
					want = got // whichever week it was
				}
			}
			if got := fmt.Sprint(w.counts[slot]); got != want {
				t.Errorf("%s, %s: %s, want %s", c.now, name, got, want)
			}
			if slot != slotOf(at("2026-06-01 00:00")+int64(slot)*quarter, zone) {
				t.Errorf("%s is another quarter", name)
			}
		}
	}
}

// TestRobust: golden values by hand.
func TestRobust(t *testing.T) {
	for _, c := range []struct {
		x    int64
		list []int64
		want string
	}{
		{100, []int64{40, 50, 60, 50}, "50 7.413"},    // median 50, distances 10, 0, 10, 0: MAD 5, 7.413 is above √50
		{100, []int64{50, 50, 50, 50}, "50 7.071068"}, // no spread: that of chance
		{0, []int64{0, 0}, "0 1"},
		{7, []int64{2, 5}, "3.5 2.2239"}, // median 3.5, MAD 1.5
	} {
		distance, step := robust(c.x, c.list)
		if got := fmt.Sprint(float(distance), " ", rounded(step)); got != c.want {
			t.Errorf("%d of %v: %s, want %s", c.x, c.list, got, c.want)
		}
	}
}

// TestShapes: what a KPI looks like is read off its definitions, and suits its unit.
func TestShapes(t *testing.T) {
	units := map[Shape][]Unit{
		ShapeCount: {Count}, ShapeEstimate: {Count}, ShapeDuration: {Seconds}, ShapeLongest: {Seconds}, ShapeShare: {Ratio}, ShapeBalance: {Ratio},
		ShapeAverage: {Ratio, Seconds, Count, Points}, ShapeNet: {Points}, ShapeFactor: {Factor, Ratio}, ShapeChange: {Points}, ShapeDiffer: {Ratio}, ShapeMoney: {Money, Factor},
	}
	for _, d := range catalog {
		for i := range d.Definitions {
			shape, fits := d.Definitions[i].Shape(), false
			for _, u := range units[shape] {
				fits = fits || u == d.Unit
			}
			if !fits {
				t.Errorf("%s %s is of shape %d in %q", d.ID, d.Definitions[i].ID, shape, d.Unit)
			}
		}
	}
}
