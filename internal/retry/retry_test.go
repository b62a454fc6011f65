package retry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/retry"
)

// TestPause: pauses grow to 5 s, give or take half, and begin anew after Reset.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.NewPause()
		for range 2 {
			for _, about := range []time.Duration{100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000} {
				about *= time.Millisecond
				began := time.Now()
				if !p.Wait(t.Context()) {
					t.Fatal("nothing ended and the wait did")
				}
				if d := time.Since(began); d < about/2 || d > about*3/2+time.Millisecond {
					t.Errorf("waited %v, want about %v", d, about)
				}
			}
			p.Reset()
		}
	})
}

// TestEnd: a wait ends with its context, at that instant.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		if retry.Sleep(ctx, time.Hour) {
			t.Error("an hour has passed")
		}
		if p := retry.NewPause(); p.Wait(ctx) {
			t.Error("waited although nobody waits")
		}
		if d := time.Since(began); d != 10*time.Millisecond {
			t.Errorf("that took %v", d)
		}
		if !retry.Sleep(t.Context(), time.Hour) || time.Since(began) != time.Hour+10*time.Millisecond {
			t.Error("no hour has passed")
		}
	})
}

func TestJitter(t *testing.T) {
	const d = time.Second
	least, most := d*2, time.Duration(0)
	for range 1000 {
		j := retry.Jitter(d)
		least, most = min(least, j), max(most, j)
	}
	if least < d/2 || least > d*6/10 || most < d*14/10 || most > d*3/2 {
		t.Errorf("between %v and %v, want 0.5 s to 1.5 s", least, most)
	}
}
