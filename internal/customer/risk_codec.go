package customer

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// What most customers have none of is written behind a bit each. The lowest ones are those of the reasons that hold.
const (
	hasRhythm = 1 << (len(risks{}.held) + iota)
	hasVotes
	hasEnding
	hasLook
)

func (r *risks) encode(w *pack.Writer) {
	var has byte
	for i, h := range r.held {
		if h.since != 0 {
			has |= 1 << i
		}
	}
	for i, on := range [...]bool{r.rhythm.last.at != 0, len(r.votes) > 0, r.ending.last.at != 0, r.look != 0} {
		if on {
			has |= hasRhythm << i
		}
	}
	w.Byte(has)
	for _, h := range r.held {
		if h.since != 0 {
			w.Int(h.since)
			w.Byte(byte(h.channel))
			w.String(h.queue)
		}
	}
	if has&hasRhythm != 0 {
		encodePoint(w, r.rhythm.last)
		w.Uint(uint64(r.rhythm.n))
		for _, gap := range r.rhythm.gaps[:r.rhythm.n] {
			w.Int(gap)
		}
	}
	if has&hasVotes != 0 {
		w.Uint(uint64(len(r.votes)))
		for i := range r.votes {
			v := &r.votes[i]
			w.Byte(byte(v.kind))
			encodePoint(w, v.point())
			w.Int(v.given)
			w.Int(v.before)
		}
	}
	if e := &r.ending; has&hasEnding != 0 {
		encodePoint(w, e.last)
		w.Int(e.since)
		w.Int(e.mood)
		w.Bool(e.abandoned)
		w.Bool(e.left)
	}
	if has&hasLook != 0 {
		w.Int(r.look)
	}
}

func (r *risks) decode(in *pack.Reader) {
	has := in.Byte()
	for i := range r.held {
		if has&(1<<i) != 0 {
			r.held[i] = stance{in.Int(), event.Channel(in.Byte()), in.String()}
		}
	}
	if has&hasRhythm != 0 {
		r.rhythm.last = decodePoint(in)
		for n := min(in.Len(), maxGaps); r.rhythm.n < n; r.rhythm.n++ {
			r.rhythm.gaps[r.rhythm.n] = in.Int()
		}
	}
	if has&hasVotes != 0 {
		for n := in.Len(); n > 0; n-- {
			v := vote{kind: min(voteKind(in.Byte()), relationalVote)}
			p := decodePoint(in)
			v.at, v.channel, v.queue, v.given, v.before = p.at, p.channel, p.queue, in.Int(), in.Int()
			r.votes = append(r.votes, v)
		}
	}
	if has&hasEnding != 0 {
		r.ending = ending{decodePoint(in), in.Int(), in.Int(), in.Bool(), in.Bool()}
	}
	if has&hasLook != 0 {
		r.look = in.Int()
	}
}
