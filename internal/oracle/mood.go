package oracle

import "github.com/vigia-cx/vigia/internal/event"

// The moments of rule 16; a tone is two of them.
const (
	Mood        Kind = "mood"
	MoodTrend   Kind = "mood trend"
	LowStart    Kind = "low start"
	Recovered   Kind = "recovered"
	Frustration Kind = "frustration"
	Urgency     Kind = "urgency"
)

const (
	maxSounds = 200
	low       = -200_000
	high      = 200_000
)

// sound is one scored of an episode. Its group stands once its event is final.
type sound struct {
	at, value int64
	group     *Group
}

// sounds is a score at its place.
func (l *life) sounds(at int64, s event.Sentiment) {
	if ep := &l.ep; len(ep.sounds) < maxSounds {
		ep.sounds = append(ep.sounds, sound{at: at, value: s.Polarity})
	}
	if s.Tone != nil {
		l.countAll(Moment{Kind: Frustration, At: at, Value: s.Tone.Frustration}, false)
		l.countAll(Moment{Kind: Urgency, At: at, Value: s.Tone.Urgency}, false)
	}
}

// moods are what the scores of the episode at hand add up to.
func (l *life) moods() []found {
	list := l.ep.sounds
	n := len(list)
	if n == 0 {
		return nil
	}
	last := list[n-1]
	var out []found
	add := func(k Kind, value int64) {
		out = append(out, l.fixed(Moment{Kind: k, At: last.at, Value: value}, last.group))
	}
	var weighted, weights int64
	for i, s := range list {
		weighted += int64(i+1) * s.value
		weights += int64(i + 1)
	}
	add(Mood, rounded(weighted, weights))
	k := int64(n / 3)
	if k == 0 {
		return out
	}
	var start, end int64 // k times the means
	for i := range int(k) {
		start += list[i].value
		end += list[n-1-i].value
	}
	if n >= 6 {
		add(MoodTrend, rounded(end-start, 2*k))
	}
	if start <= low*k {
		add(LowStart, 0)
		if end >= high*k {
			add(Recovered, 0)
		}
	}
	return out
}

// rounded is a / b to the nearest integer, half away from zero; b is above 0.
func rounded(a, b int64) int64 {
	if a < 0 {
		return -rounded(-a, b)
	}
	return (2*a + b) / (2 * b)
}

// fixed is a moment of the episode at hand, in its group if it stands, else in that by all events without an agent.
func (l *life) fixed(m Moment, group *Group) found {
	f := found{Moment: m, by: l.at, episode: l.ep.n, all: group == nil}
	if group != nil {
		f.Group, f.settled = *group, true
	}
	return f
}

// settledGroup is where what became final at an instant counts for good.
func (l *life) settledGroup(at int64) *Group {
	g := l.groupAt(at).withoutAgent()
	g.Topic = l.topicAt(at)
	return &g
}

// settleMoods gives what became final its group for good; now is the life with all events.
func (l *life) settleMoods(now *life) {
	for i := range l.ep.sounds {
		if s := &l.ep.sounds[i]; s.group == nil {
			s.group = now.settledGroup(s.at)
		}
	}
	if b := &l.ep.way; b.met && b.group == nil {
		b.group = now.settledGroup(b.first)
	}
}
