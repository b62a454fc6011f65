package kpi

import (
	"math/rand/v2"
	"testing"

	"github.com/vigia-cx/vigia/internal/window"
)

// cellOf is the content of a pane of one group in which n moments of every kind happened.
func cellOf(n int) *window.Cell {
	r := rand.New(rand.NewPCG(1, 2))
	c := &window.Cell{}
	for range n {
		for _, m := range everyMoment() {
			if m.Value == 7 { // a duration: 10 s to 3 h
				m.Value = 10_000 << r.Int64N(11)
			}
			Observe(m, false, func(f window.Family, _ window.Group, s window.Sample) {
				if f == window.Routing {
					c.Add(s, 1)
				}
			})
		}
	}
	return c
}

// TestBytesOfACell tells what a pane of one group takes with every KPI counted in it: what storage is planned by.
func TestBytesOfACell(t *testing.T) {
	for _, c := range []struct{ n, most int }{{1, 4_000}, {20, 8_000}} {
		got := len(cellOf(c.n).Encode())
		t.Logf("%d bytes a cell with %d moments of every kind", got, c.n)
		if got > c.most {
			t.Errorf("a cell with %d moments of every kind takes %d bytes, more than %d", c.n, got, c.most)
		}
	}
	typical := &window.Cell{}
	for _, m := range everyMoment() {
		if m.Kind <= 12 { // a conversation that begins, is answered, promised, resolved and handled
			Observe(m, false, func(f window.Family, _ window.Group, s window.Sample) { typical.Add(s, 1) })
		}
	}
	t.Logf("%d bytes a cell of a quiet quarter of an hour", len(typical.Encode()))
}
