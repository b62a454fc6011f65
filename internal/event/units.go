package event

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Instants before 1990 are faults of a source (1970), those beyond 2200 overflow later arithmetic.
const (
	minInstant = 631152000000
	maxInstant = 7258118400000
)

func millis(field string, t *timestamppb.Timestamp) (int64, error) {
	if t == nil {
		return 0, nil
	}
	// A time that is there and wrong (1970) must not be taken for one that is absent.
	if t.Seconds < minInstant/1000 || t.Seconds > maxInstant/1000 || t.Nanos < 0 || t.Nanos >= 1e9 {
		return 0, &Error{ReasonBadTime, field, "lies before the year 1990 or after 2200: check the unit (seconds or milliseconds) and the time zone at the source"}
	}
	return t.Seconds*1000 + int64(t.Nanos)/1e6, nil
}

// stamp is the inverse of millis: 0 is absent.
func stamp(ms int64) *timestamppb.Timestamp {
	if ms == 0 {
		return nil
	}
	return timestamppb.New(time.UnixMilli(ms))
}

// enum narrows an enum of the wire. Numbers that no version can know end as 255, never as another value.
func enum[T ~uint8, N ~int32](n N) T {
	if n < 0 || n > math.MaxUint8 {
		return T(math.MaxUint8)
	}
	return T(n)
}

// NotReported is the value of a duration the source did not report.
const NotReported = -1

const maxDuration = 366 * 86400 * 1000 // ms

func duration(field string, d *durationpb.Duration) (int64, error) {
	if d == nil {
		return NotReported, nil
	}
	ms := d.Seconds*1000 + int64(d.Nanos)/1e6
	if d.Seconds < 0 || d.Nanos < 0 || d.Seconds >= maxDuration/1000 || d.Nanos >= 1e9 {
		return 0, &Error{ReasonBadValue, field, "must be between 0 and 366 days"}
	}
	return ms, nil
}

func span(ms int64) *durationpb.Duration {
	if ms < 0 {
		return nil
	}
	return durationpb.New(time.Duration(ms) * time.Millisecond)
}

func millionths(field string, f, lo, hi float64) (int64, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) || f < lo || f > hi {
		return 0, &Error{ReasonBadValue, field, fmt.Sprintf("must be a finite number from %g to %g", lo, hi)}
	}
	return int64(math.Round(f * 1e6)), nil
}

// Billionths reads the decimal number that a double stands for, 0 to 9e9, as the log keeps it.
func Billionths(f float64) (int64, error) { return billionths("value", f) }

// billionths reads the decimal number that a double stands for: 0.1 is 100,000,000, not what lies nearest to it. What is written with up to 15 digits comes back as it was.
func billionths(field string, f float64) (int64, error) {
	whole, part, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
	n, err := strconv.ParseInt(whole+(part + "000000000")[:9], 10, 64)
	if err != nil || f < 0 || f > 9e9 {
		return 0, &Error{ReasonBadValue, field, "must be a finite number from 0 to 9e9"}
	}
	return n, nil
}

// decimal is the inverse of billionths.
func decimal(billionths int64) float64 {
	f, err := strconv.ParseFloat(fmt.Sprintf("%d.%09d", billionths/1e9, billionths%1e9), 64)
	if err != nil {
		panic(fmt.Sprintf("event: BUG: %d billionths: %v", billionths, err))
	}
	return f
}

func ratio(millionths int64) float64 { return float64(millionths) / 1e6 }
