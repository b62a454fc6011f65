package fold

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/pack"
)

const minuteMs = 60 * 1000

// agenda says which subject must be looked at when. Entries lie in hashes of one minute; a directory holds a bit for each minute that has or had entries.
// Entries are moved lazily: one that turns out too early is simply looked at and put off.
type agenda struct {
	slot    *Slot
	hours   map[int64]uint64           // hour → minutes that have a hash; nil until loaded
	minutes map[int64]map[string]int64 // minutes in use, whole
}

type entry struct {
	key string
	at  int64
}

func (a *agenda) directory() map[int64]uint64 {
	if a.hours == nil {
		a.hours = map[int64]uint64{}
		for field, b := range a.slot.get(Ref{keyAgenda, ""}).Fields {
			hour, err := strconv.ParseInt(field, 10, 64)
			if r := pack.NewReader(b); err == nil {
				a.hours[hour] = r.Uint()
			}
		}
	}
	return a.hours
}

func (a *agenda) mark(minute int64, on bool) {
	hour, bit := floorDiv(minute, 60), uint64(1)<<(minute-floorDiv(minute, 60)*60)
	dir := a.directory()
	was := dir[hour]
	now := was &^ bit
	if on {
		now = was | bit
	}
	if now == was {
		return
	}
	if now == 0 {
		delete(dir, hour)
		a.slot.write(keyAgenda, strconv.FormatInt(hour, 10), nil)
		return
	}
	dir[hour] = now
	w := &pack.Writer{}
	w.Uint(now)
	a.slot.write(keyAgenda, strconv.FormatInt(hour, 10), w.Bytes())
}

func minuteKey(minute int64) string { return prefixAgenda + strconv.FormatInt(minute, 10) }

func (a *agenda) insert(key string, at int64) {
	m := floorDiv(at, minuteMs)
	a.mark(m, true)
	w := &pack.Writer{}
	w.Int(at)
	a.slot.write(minuteKey(m), key, w.Bytes())
	if b, ok := a.minutes[m]; ok {
		b[key] = at
	}
}

func (a *agenda) remove(key string, at int64) {
	m := floorDiv(at, minuteMs)
	a.slot.write(minuteKey(m), key, nil)
	if b, ok := a.minutes[m]; ok {
		delete(b, key)
	}
}

// firstMinute returns the first marked minute not before from.
func (a *agenda) firstMinute(from int64) (int64, bool) {
	best, found := int64(0), false
	fromHour := floorDiv(from, 60)
	for hour, set := range a.directory() {
		if hour < fromHour || found && hour > floorDiv(best, 60) {
			continue
		}
		if hour == fromHour {
			set &^= uint64(1)<<(from-fromHour*60) - 1
		}
		if set == 0 {
			continue
		}
		m := hour*60 + int64(bits.TrailingZeros64(set))
		if !found || m < best {
			best, found = m, true
		}
	}
	return best, found
}

const firstOfAll = -1 << 40

func (a *agenda) minute(m int64) map[string]int64 {
	if b, ok := a.minutes[m]; ok {
		return b
	}
	b := map[string]int64{}
	for key, blob := range a.slot.get(Ref{minuteKey(m), ""}).Fields {
		b[key] = pack.NewReader(blob).Int()
	}
	if a.minutes == nil || len(a.minutes) > 16 {
		a.minutes = map[int64]map[string]int64{}
	}
	if a.slot.err == nil {
		a.minutes[m] = b
	}
	return b
}

// due takes up to n entries that are due at t out of the agenda, in order of time and key.
func (a *agenda) due(t int64, n int) []entry {
	for {
		m, ok := a.firstMinute(firstOfAll)
		if !ok || m*minuteMs > t || a.slot.err != nil {
			return nil
		}
		b := a.minute(m)
		var out []entry
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if b[key] <= t {
				out = append(out, entry{key, b[key]})
			}
		}
		slices.SortStableFunc(out, func(x, y entry) int {
			if x.at < y.at {
				return -1
			}
			if x.at > y.at {
				return 1
			}
			return 0
		})
		if v := &a.slot.cfg.variant; v.shuffle != 0 {
			slices.SortFunc(out, func(x, y entry) int { return cmp.Compare(v.rank(x.key), v.rank(y.key)) })
		}
		if len(out) > n {
			out = out[:n]
		}
		for _, e := range out {
			a.remove(e.key, e.at)
		}
		if len(b) == 0 {
			a.mark(m, false)
			delete(a.minutes, m)
		}
		if len(out) > 0 {
			return out
		}
		if len(b) > 0 {
			return nil // the rest of this minute is still to come
		}
	}
}

// next returns the earliest instant in the agenda, 0 when it is empty.
func (a *agenda) next() int64 {
	for from := int64(firstOfAll); ; {
		m, ok := a.firstMinute(from)
		if !ok || a.slot.err != nil {
			return 0
		}
		var first int64
		for _, at := range a.minute(m) {
			if first == 0 || at < first {
				first = at
			}
		}
		if first != 0 {
			return first
		}
		from = m + 1
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// NextDeadline returns the earliest instant at which something is due, 0 when nothing is.
func (s *Slot) NextDeadline() (int64, error) {
	at := s.agenda.next()
	return at, s.err
}
