package window

import (
	"strconv"
	"time"
)

// Tier is a width of panes. Contributions live in the finest tier that still keeps their chunk and move up by ticks.
type Tier uint8

// The tiers.
const (
	Fine   Tier = iota // 10 s panes, in chunks of 15 min, kept 2 h
	Medium             // 15 min panes, in chunks of a UTC day, kept 30 d
	Coarse             // days in the tenant's zone, in chunks of 64 days, kept 400 d
	tiers
)

// Widths and keeping times in ms.
const (
	FinePane   = 10 * 1000
	MediumPane = 15 * 60 * 1000
	day        = 24 * 60 * 60 * 1000

	fineKeep   = 2 * 60 * 60 * 1000
	mediumKeep = 30 * day
	coarseKeep = 400 * day

	coarseDays = 64 // local days a chunk
)

// MaxFineWindow is the longest window that is not made of whole tenant days.
const MaxFineWindow = 8 * day

// MediumKeep is how long panes of a quarter of an hour are kept, at least: a comparison with the same hours of the four weeks before, and the profile of a week, are made of them.
const MediumKeep = mediumKeep

// Chunk is a group of panes that live in one hash and move together. Start is the number of the chunk: fine and medium chunks count from the epoch in
// their own length, coarse chunks in 64 local days.
type Chunk struct {
	Tier  Tier
	Start int64
}

// Place is where a contribution lives: a pane of a chunk.
type Place struct {
	Chunk Chunk
	Pane  int // index within the chunk
}

// Zone is a tenant's zone, for days.
type Zone = *time.Location

// Locate says where a contribution of the instant at lives when panes have been moved up to boundary (the time of the last finished tick). ok is false when it is
// older than everything that is kept.
func Locate(at, boundary int64, zone Zone) (p Place, ok bool) {
	if c := floorDiv(at, MediumPane); (c+1)*MediumPane+fineKeep > boundary {
		return Place{Chunk{Fine, c}, int(floorMod(at, MediumPane) / FinePane)}, true
	}
	if c := floorDiv(at, day); (c+1)*day+mediumKeep > boundary {
		return Place{Chunk{Medium, c}, int(floorMod(at, day) / MediumPane)}, true
	}
	p = coarsePlace(at, zone)
	return p, !p.Chunk.Due(boundary, zone)
}

// Up returns where the pane of a place goes when its chunk moves up one tier; ok is false for the last tier, whose chunks are dropped.
func (p Place) Up(zone Zone) (Place, bool) {
	switch p.Chunk.Tier {
	case Fine:
		at := p.Chunk.Start * MediumPane
		return Place{Chunk{Medium, floorDiv(at, day)}, int(floorMod(at, day) / MediumPane)}, true
	case Medium:
		return coarsePlace(p.Chunk.Start*day+int64(p.Pane)*MediumPane, zone), true
	}
	return Place{}, false
}

// Due reports whether a tick at t moves the chunk up (or drops it, in the last tier).
func (c Chunk) Due(t int64, zone Zone) bool {
	switch c.Tier {
	case Fine:
		return (c.Start+1)*MediumPane+fineKeep <= t
	case Medium:
		return (c.Start+1)*day+mediumKeep <= t
	}
	return DayStart((c.Start+1)*coarseDays, zone)+coarseKeep <= t
}

// Span returns the instants [from, to) of a pane.
func (p Place) Span(zone Zone) (from, to int64) {
	switch p.Chunk.Tier {
	case Fine:
		from = p.Chunk.Start*MediumPane + int64(p.Pane)*FinePane
		return from, from + FinePane
	case Medium:
		from = p.Chunk.Start*day + int64(p.Pane)*MediumPane
		return from, from + MediumPane
	}
	d := p.Chunk.Start*coarseDays + int64(p.Pane)
	return DayStart(d, zone), DayStart(d+1, zone)
}

// Span returns the instants [from, to) of a chunk.
func (c Chunk) Span(zone Zone) (from, to int64) {
	from, _ = Place{c, 0}.Span(zone)
	_, to = Place{c, c.panes() - 1}.Span(zone)
	return from, to
}

func (c Chunk) panes() int {
	switch c.Tier {
	case Fine:
		return MediumPane / FinePane
	case Medium:
		return day / MediumPane
	}
	return coarseDays
}

// Key is the name of the hash that holds the chunk of one tenant and family.
func (c Chunk) Key(tenant string, f Family) string {
	return "p:" + string(f) + ":" + strconv.Itoa(int(c.Tier)) + ":" + strconv.FormatInt(c.Start, 10) + ":" + tenant
}

// Day returns the number of the local day that holds an instant: days since 1970-01-01 on the calendar of the zone.
func Day(at int64, zone Zone) int64 {
	_, offset := time.UnixMilli(at).In(zone).Zone()
	return floorDiv(at+int64(offset)*1000, day)
}

// DayStart returns the first instant of a local day (00:00, or the end of a gap that swallows it).
func DayStart(d int64, zone Zone) int64 {
	y, m, dd := time.UnixMilli(d * day).UTC().Date()
	t := time.Date(y, m, dd, 0, 0, 0, 0, zone).UnixMilli()
	// Where clocks jump over midnight, time.Date answers an instant of the day before or after the gap; walk to the first instant of the day.
	for Day(t, zone) < d {
		t += MediumPane
	}
	for Day(t-1, zone) == d {
		t -= MediumPane
	}
	return t
}

func coarsePlace(at int64, zone Zone) Place {
	d := Day(at, zone)
	return Place{Chunk{Coarse, floorDiv(d, coarseDays)}, int(floorMod(d, coarseDays))}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
