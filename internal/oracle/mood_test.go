package oracle

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

func TestRoundedIsHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct{ a, b, want int64 }{{1, 2, 1}, {-1, 2, -1}, {1, 3, 0}, {2, 3, 1}, {-5, 2, -3}, {0, 7, 0}} {
		if got := rounded(c.a, c.b); got != c.want {
			t.Errorf("%d / %d is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestPointOfAScoreIsTheNearestHalvesUpwards(t *testing.T) {
	s := scale{event.CSAT, 1, 5}
	for score, want := range map[int64]int64{1_000_000: 0, 1_499_999: 0, 1_500_000: 1, 4_500_000: 4, 5_000_000: 4} {
		if got := s.point(score); got != want {
			t.Errorf("%d is point %d, want %d", score, got, want)
		}
	}
}

// An episode that begins badly and ends well recovers; with six scores its trend is known.
func TestMoodsOfAnEpisode(t *testing.T) {
	l := &life{}
	for i, v := range []int64{-200_000, -200_000, 0, 0, 200_000, 200_000} {
		l.sounds(int64(i), event.Sentiment{Polarity: v})
	}
	want := map[Kind]int64{Mood: 76_190, MoodTrend: 200_000, LowStart: 0, Recovered: 0} // (−1 − 2 + 5 + 6) · 0.2 / 21
	got := l.moods()
	if len(got) != len(want) {
		t.Fatalf("%d moments, want %d", len(got), len(want))
	}
	for _, f := range got {
		if v, ok := want[f.Kind]; !ok || v != f.Value || f.At != 5 {
			t.Errorf("%s %d at %d, want %d at 5", f.Kind, f.Value, f.At, v)
		}
	}
}
