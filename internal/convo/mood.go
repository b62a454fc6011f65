package convo

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

// mood is how the customer sounds over the episode. It is only in residues: a run has its scores beside it.
type mood struct {
	Scores []sound      // of messages that are forgotten
	Group  window.Group // where the last of them counts
}

// sound is one score, where its message stands.
type sound struct{ at, value int64 }

// maxSounds bounds the scores of an episode that its mood is made of.
const maxSounds = 200

// low and high are where a message begins to count as negative and as positive, in millionths.
const low, high = -200_000, 200_000

// clone leaves the scores out: a run has them beside it.
func (x mood) clone() mood { return mood{Group: x.Group} }

func (x *mood) encode(w *pack.Writer) {
	w.Uint(uint64(len(x.Scores)))
	if len(x.Scores) == 0 {
		return
	}
	base := int64(0)
	for _, s := range x.Scores {
		w.Int(s.at - base)
		w.Int(s.value)
		base = s.at
	}
	encodeGroup(w, x.Group)
}

func (x *mood) decode(r *pack.Reader) {
	n, base := r.Len(), int64(0)
	if n == 0 {
		return
	}
	for ; n > 0; n-- {
		base += r.Int()
		x.Scores = append(x.Scores, sound{base, r.Int()})
	}
	x.Group = decodeGroup(r)
}

// mention is an entry that a score may be for, or from.
type mention struct {
	subject uint32
	entry   int
}

// listen lists the messages and scores among the entries, when there are scores at all.
func (r *run) listen() {
	i := 0
	for i < len(r.entries) && !r.entries[i].Scored && r.entries[i].Kind != kindScore {
		i++
	}
	if i == len(r.entries) {
		return
	}
	for i := range r.entries {
		if e := &r.entries[i]; e.Kind == kindScore || e.Kind.message() {
			r.mentions = append(r.mentions, mention{e.Subject, i})
		}
	}
}

// verdict is what all scores of one message id come to: entries by their number, -1 for none.
type verdict struct {
	place int // where the score counts
	by    int // the score that holds
	first int // the first score
}

// verdict finds the one score of a message id. It stands at the message, in whichever episode that is; without a message at the first score of its own. Those of
// their own win over the one that came with the message, and the last over earlier ones. Scores of our own messages count nowhere.
func (r *run) verdict(subject uint32) verdict {
	v, alone, own, ours := verdict{-1, -1, -1}, -1, -1, false
	for _, m := range r.mentions {
		if m.subject != subject {
			continue
		}
		e := &r.entries[m.entry]
		switch {
		case e.Kind == kindScore:
			if alone < 0 {
				alone = m.entry
			}
			v.by = m.entry
		case e.Receipt && r.seen(e):
			continue
		case e.Kind != kindInbound:
			ours = true
			continue
		default:
			if v.place < 0 {
				v.place = m.entry
			}
			if !e.Scored {
				continue
			}
			if own < 0 {
				own = m.entry
			}
		}
		if v.first < 0 {
			v.first = m.entry
		}
	}
	if v.by < 0 {
		v.by = own
	}
	if v.place < 0 && !ours {
		v.place = alone
	}
	return v
}

// scored counts the score of a message where it stands. Triggers hear of it with the first that is told.
func (r *run) scored(e *Entry) {
	if len(r.mentions) == 0 {
		return
	}
	v := r.verdict(e.Subject)
	if v.by < 0 || v.place < 0 {
		return
	}
	place, by := &r.entries[v.place], &r.entries[v.by]
	if e == &r.entries[v.first] && place.Kind == kindInbound && !place.Seen {
		r.sounds(e.At, e.Value)
	}
	if e != place {
		return
	}
	r.emit(Scored, e.At, by.Value)
	if by.Tone != nil {
		r.emit(Toned, e.At, by.Tone.Frustration).Class = uint32(by.Tone.Urgency)
	}
	if len(r.scores) < maxSounds {
		r.scores = append(r.scores, sound{e.At, by.Value})
	}
}

// flushMood emits what the episode adds up to so far: what was said last weighs most, and how the last third sounds against the first.
func (r *run) flushMood() {
	n := len(r.scores)
	if n == 0 {
		return
	}
	r.moved(Mood, r.mood(), 0)
	if n < 3 {
		return
	}
	third := n / 3
	var start, end int64
	for i := range third {
		start += r.scores[i].value
		end += r.scores[n-1-i].value
	}
	if n >= 6 {
		r.moved(MoodTrend, divide(end-start, 2*int64(third)), 0)
	}
	if start <= low*int64(third) {
		recovered := uint32(0)
		if end >= high*int64(third) {
			recovered = 1
		}
		r.moved(LowStart, 0, recovered)
	}
}

// mood is the average of the scores so far, of which there are some: the last weighs most.
func (r *run) mood() int64 {
	var sum, weights int64
	for i, s := range r.scores {
		sum += int64(i+1) * s.value
		weights += int64(i + 1)
	}
	return divide(sum, weights)
}

// tellMood adds to a fact how the customer sounds, where that is negative: the rest does not matter beyond the conversation.
func (r *run) tellMood(f *event.Fact) {
	n := len(r.scores)
	if n == 0 {
		return
	}
	if m := r.mood(); m <= low {
		f.Mood, f.MoodAt = m, r.scores[n-1].at
	}
}

// moved emits a moment of the mood at the last score.
func (r *run) moved(k MomentKind, value int64, class uint32) {
	at := r.scores[len(r.scores)-1].at
	if len(r.scores) == r.heardOf {
		r.emitFinal(k, at, value, r.Mood.Group).Class = class
		return
	}
	r.emit(k, at, value).Class = class
}

// divide rounds half away from zero.
func divide(a, b int64) int64 {
	if a < 0 {
		return -divide(-a, b)
	}
	return (2*a + b) / (2 * b)
}

// settleScores makes the scores of messages that are about to be forgotten final: without its message a score would count elsewhere. A score that came before a
// message that is not forgotten is told by the message from here on.
func (s *State) settleScores(cut int) {
	r := &run{entries: s.entries}
	r.listen()
	of := make([]verdict, len(r.mentions))
	gone := map[uint32]bool{}
	for i, m := range r.mentions {
		of[i] = r.verdict(m.subject)
		gone[m.subject] = gone[m.subject] || m.entry < cut
	}
	for i, m := range r.mentions {
		e, v := &s.entries[m.entry], of[i]
		switch {
		case m.entry < cut || !gone[m.subject] || v.by < 0:
		case v.place >= cut:
			if m.entry == v.place && v.first < cut {
				e.Seen = true
				if v.by < cut {
					e.Scored, e.Value, e.Tone = true, s.entries[v.by].Value, s.entries[v.by].Tone
				}
			}
		case e.Kind == kindScore:
			e.Kind = kindOther
		default:
			e.Scored = false
		}
	}
}
