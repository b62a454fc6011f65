package replay

import (
	"bytes"
	"context"
	"maps"

	"github.com/vigia-cx/vigia/internal/window"
)

// verify compares what was read of each day by shorter periods with what the day has now. Something that happened more than 30 days earlier can still be taken back (a
// ticket that is reopened was not resolved); by then only the day of it is known, so the periods of such a day are marked incomplete.
func (h *harvest) verify(ctx context.Context) error {
	kept := window.Kept(h.e.now(), h.zone)
	days := map[bucketKey][]*bucket{}
	for _, b := range h.buckets {
		if from, _ := Day.period(b.from, h.zone); from >= kept {
			key := bucketKey{b.tenant, from}
			days[key] = append(days[key], b)
		}
	}
	for key, parts := range days {
		_, to := Day.period(key.from, h.zone)
		for _, s := range h.stages {
			whole, err := h.e.reader.Sums(ctx, key.tenant, s.customers, s.families, h.dims, key.from, to, false)
			if err != nil {
				return err
			}
			for family, sum := range whole.Of {
				added := window.NewSum(family, h.dims, key.from, to, h.zone)
				for _, b := range parts {
					if part := b.of[home{s.customers, family}]; part != nil {
						added.Merge(part)
					}
				}
				if equal(sum, added) {
					continue
				}
				for _, b := range parts {
					b.complete = false
				}
			}
		}
	}
	return nil
}

// equal reports whether two sums hold the same cells.
func equal(a, b *window.Sum) bool {
	cells := func(s *window.Sum) map[window.Group][]byte {
		out := map[window.Group][]byte{}
		for _, g := range s.Groups() {
			out[g] = s.Cell(g).Encode()
		}
		return out
	}
	return maps.EqualFunc(cells(a), cells(b), bytes.Equal)
}
