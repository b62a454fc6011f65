package alerter

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

// BenchmarkSignal folds a breach, plans its notice and lays out what is stored, beside 100,000 incidents that are open.
func BenchmarkSignal(b *testing.B) {
	d := plain(nil)
	now := noon
	prev := event.PrevSeq{Offset: -1}
	at := int64(0)
	next := func() {
		d.fold(0, relayed(0, at, fmt.Sprint(at), prev, promise(fmt.Sprint("c", at), 1, event.SignalBreach)), now)
		prev = event.PrevSeq{Offset: at}
		at++
		d.advance(now)
		for _, a := range d.launch {
			d.compose(a, func(*Tenant, string) string { return "" })
			d.finish(answer{attempt: a}, now)
		}
		d.launch = nil
	}
	for range 100_000 {
		next()
	}
	d.writes()
	for b.Loop() {
		next()
		d.writes()
	}
}
