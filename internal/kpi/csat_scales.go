package kpi

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// satisfiedFrom defines satisfaction as the points from one on of a scale.
func satisfiedFrom(id string, lowest, highest, from int64) Definition {
	scale, ok := convo.ScaleOf(event.CSAT, lowest*1e6, highest*1e6)
	if !ok {
		panic("kpi: no scale " + id)
	}
	points := fmt.Sprintf("%d–%d", from, highest)
	if from == highest {
		points = fmt.Sprint(from)
	}
	return Definition{
		ID: id, Optional: true,
		Read: func(c *window.Cell) Reading {
			s := scoresOf(c, scale)
			return s.beside(proportionOf(s.between(from, highest), s.n))
		},
		Explain: Text{
			EN: fmt.Sprintf("Answers of %s, of all on the scale %d–%d.", points, lowest, highest),
			ES: fmt.Sprintf("Respuestas de %s, de todas en la escala %d–%d.", points, lowest, highest),
			PT: fmt.Sprintf("Respostas de %s, de todas na escala %d–%d.", points, lowest, highest),
		},
	}
}

// thumbsUp reads the two scales of two points. They have no mean: a thumb is no number.
func thumbsUp(c *window.Cell) Reading {
	var down, up int64
	for lowest := range int64(2) {
		scale, _ := convo.ScaleOf(event.CSAT, lowest*1e6, (lowest+1)*1e6)
		s := scoresOf(c, scale)
		down, up = down+s.given[0], up+s.given[1]
	}
	r := proportionOf(up, down+up)
	if r.n > 0 {
		r.bins = []Bin{{Score: "0", N: down}, {Score: "1", N: up}}
	}
	return r
}
