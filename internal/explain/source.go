package explain

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Span is a time [From, To), Unix ms.
type Span struct{ From, To int64 }

// Recorder is a source that remembers what it was asked for.
type Recorder struct {
	kpi.Source
	// Round widens a time to the panes that survive.
	Round func(from, to int64) (int64, int64)
	Asked []Span // as widened, each once, in the order in which it was asked for
}

func (r *Recorder) note(from, to int64) {
	if s := (Span{from, to}); !slices.Contains(r.Asked, s) {
		r.Asked = append(r.Asked, s)
	}
}

// Sum implements [kpi.Source].
func (r *Recorder) Sum(by []window.Dimension, from, to int64) *window.Sum {
	r.note(r.Round(from, to))
	return r.Source.Sum(by, from, to)
}

// Quarters implements [kpi.Source].
func (r *Recorder) Quarters(m window.Metric, by []window.Dimension, from, to int64) (map[window.Group][]int64, bool) {
	r.note(from, to)
	return r.Source.Quarters(m, by, from, to)
}
