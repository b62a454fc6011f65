package exporter

import (
	"fmt"
	"io"
	"math"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

func TestHistograms(t *testing.T) {
	w := newWorld(t)
	w.count(convo.FirstResponse, 0, 1024, 1025, 5_000, 20_000, 65_536, 65_537, 200_000_000)
	h := newHandler(t, w)
	find := func(query string) *dto.Histogram {
		r := scrapeOf(h, query, "Authorization", "Bearer "+acmeToken, "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
		dec := expfmt.NewDecoder(r.Body, expfmt.ResponseFormat(r.Header()))
		for {
			var mf dto.MetricFamily
			if err := dec.Decode(&mf); err == io.EOF {
				return nil
			} else if err != nil {
				t.Fatal(err)
			}
			if mf.GetName() == "vigia_kpi_first_response_time_seconds" {
				if mf.GetType() != dto.MetricType_GAUGE_HISTOGRAM {
					t.Errorf("type %v", mf.GetType())
				}
				return mf.Metric[0].Histogram
			}
		}
	}
	got := find("")
	counts := map[string]uint64{}
	for _, b := range got.GetBucket() {
		counts[fmt.Sprint(b.GetUpperBound())] = b.GetCumulativeCount()
	}
	for le, want := range map[string]uint64{"1.024": 2, "2.048": 3, "8.192": 4, "32.768": 5, "65.536": 6, "131.072": 7, "134217.728": 7} {
		if counts[le] != want {
			t.Errorf("le=%s: %d, want %d", le, counts[le], want)
		}
	}
	if got.GetSampleCount() != 8 || got.GetSampleSum() != 200_158.122 || len(got.PositiveSpan) != 0 {
		t.Errorf("%v", got)
	}
	got = find("?histogram=native")
	total, n := int64(got.GetZeroCount()), int64(0)
	for _, d := range got.PositiveDelta {
		n += d
		total += n
	}
	if len(got.Bucket) != 0 || got.GetSchema() != nativeSchema || total != 8 || got.GetZeroCount() != 1 {
		t.Errorf("native: %v", got)
	}
	if got = find("?histogram=both"); len(got.Bucket) == 0 || len(got.PositiveSpan) == 0 {
		t.Errorf("both: %v", got)
	}
	if got = find("?histogram=none"); got != nil {
		t.Errorf("none: %v", got)
	}
}

// TestNativeIndex: index i holds (2^((i-1)/4), 2^(i/4)].
func TestNativeIndex(t *testing.T) {
	for i := -40; i <= 80; i++ {
		bound := math.Exp2(float64(i) / 4)
		if got := nativeIndex(bound * 0.999); got != i {
			t.Errorf("below 2^(%d/4): %d", i, got)
		}
		if got := nativeIndex(bound * 1.001); got != i+1 {
			t.Errorf("above 2^(%d/4): %d", i, got)
		}
	}
}

// TestHistogramBoundsAreEdges: a classic bucket is exact because it ends where a kept one does.
func TestHistogramBoundsAreEdges(t *testing.T) {
	for _, ms := range classicBounds {
		if _, upper := window.Bounds(window.Bucket(ms)); upper != ms {
			t.Errorf("%d ms lies inside of a bucket that ends at %d", ms, upper)
		}
	}
	for _, id := range histogramKPIs {
		d, err := kpi.ByID(id)
		if err != nil {
			t.Fatal(err)
		}
		spreadOf(d)
	}
}
