package convo_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// aboutMood makes want look at how customers sound.
func (d *desk) aboutMood() *desk {
	return d.about(convo.Scored, convo.Mood, convo.MoodTrend, convo.LowStart, convo.Toned)
}

// The last message weighs most; the last third is compared with the first.
func TestMood(t *testing.T) {
	chat(t, plain()).about(convo.Mood).play("0s in q=sales score=300000\n 1m out agent=zoe").want("0s mood 300000 q=sales")
	// (1·-600000 + 2·0 + 3·700000) / 6; it began at -0.6 and ended at 0.7.
	chat(t, plain()).aboutMood().play("0s in score=-600000\n 1m in score=0\n 2m in score=700000").want(`
		0s   scored -600000
		1m0s scored 0
		2m0s scored 700000
		2m0s mood 250000
		2m0s low_start class=1
	`)
	// Not low enough, and not high enough, by a millionth.
	chat(t, plain()).about(convo.LowStart).play("0s in score=-199999\n 1m in score=0\n 2m in score=700000").want("")
	chat(t, plain()).about(convo.LowStart).play("0s in score=-200000\n 1m in score=0\n 2m in score=199999").want("2m0s low_start")
	chat(t, plain()).about(convo.LowStart).play("0s in score=-200000\n 1m in score=0\n 2m in score=200000").want("2m0s low_start class=1")
	// Thirds of two: -0.5 and 0.25; half of the difference. Weights 1 to 6: (-400000-1200000+0+0+1000000+1800000)/21 = 57142.86.
	chat(t, plain()).about(convo.Mood, convo.MoodTrend, convo.LowStart).play(`
		0s in score=-400000
		1m in score=-600000
		2m in score=0
		3m in score=0
		4m in score=200000
		5m in score=300000
	`).want("5m0s mood 57143\n 5m0s mood_trend 375000\n 5m0s low_start class=1")
	// Halves are rounded away from zero.
	chat(t, plain()).about(convo.MoodTrend).play("0s in score=1\n 1m in score=0\n 2m in score=0\n 3m in score=0\n 4m in score=0\n 5m in score=0").want("5m0s mood_trend 0")
	chat(t, plain()).about(convo.MoodTrend).play("0s in score=2\n 1m in score=0\n 2m in score=0\n 3m in score=0\n 4m in score=0\n 5m in score=0").want("5m0s mood_trend -1")
	chat(t, plain()).about(convo.MoodTrend).play("0s in score=0\n 1m in score=0\n 2m in score=0\n 3m in score=0\n 4m in score=0\n 5m in score=2").want("5m0s mood_trend 1")
}

// Frustration and urgency count with the score that tells them: another score that replaces it takes them along.
func TestTone(t *testing.T) {
	d := chat(t, plain()).aboutMood().play("0s in msg=a score=100000 tone=700000/200000\n 5s in msg=b score=0").want(`
		0s scored 100000
		0s toned 700000 class=200000
		5s scored 0
		5s mood 33333
	`)
	d.play("9s score msg=b score=-500000 tone=100000/900000").want(`
		0s scored 100000
		0s toned 700000 class=200000
		5s scored -500000
		5s toned 100000 class=900000
		5s mood -300000
	`)
	d.play("9s score msg=a score=100000").want(`
		0s scored 100000
		5s scored -500000
		5s toned 100000 class=900000
		5s mood -300000
	`)
}

// A score that is told after the end of its message's episode replaces the message's, and belongs to that episode.
func TestScoreAfterTheEpisode(t *testing.T) {
	whatsapp(t, plain()).aboutMood().play(`
		0s   in msg=a score=500000
		40h  in msg=b score=100000
		41h  score msg=a score=-700000
	`).want(`
		0s      scored -700000
		0s      mood -700000
		40h0m0s scored 100000
		40h0m0s mood 100000
	`)
	// It goes with that episode when that is taken back.
	whatsapp(t, plain()).aboutMood().play(`
		0s   in msg=a
		1m   spam
		40h  in msg=b score=100000
		41h  score msg=a score=-700000
	`).want("40h0m0s scored 100000\n 40h0m0s mood 100000")
}

// Scores of an episode that is spam do not count until it is reopened.
func TestMoodOfSpam(t *testing.T) {
	d := chat(t, plain()).about(convo.Mood).play("0s in score=-300000\n 1m in score=300000\n 2m spam").want("")
	d.play("3m reopened").want("1m0s mood 100000")
}

// When messages are forgotten their scores go on telling the mood, as they were counted: also those of scores that came later.
func TestMoodOutlivesMessages(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).aboutMood().play(`
		0s   in msg=a score=-900000
		1m   in msg=b q=sales score=0
		59m  score msg=a score=300000
		61m  tick
		62m  in msg=c score=600000
		63m  score msg=a score=-1000000
	`)
	// The last score finds no message any more, so that it stands for itself.
	d.want(`
		0s      scored 300000 q=sales
		1m0s    scored 0 q=sales
		1h2m0s  scored 600000 q=sales
		1h3m0s  scored -1000000 q=sales
		1h3m0s  mood -190000 q=sales
	`)
	d.play("200m tick\n 201m in msg=d q=help score=1000000").want(`
		0s      scored 300000 q=sales
		1m0s    scored 0 q=sales
		1h2m0s  scored 600000 q=sales
		1h3m0s  scored -1000000 q=sales
		3h21m0s scored 1000000 q=help
		3h21m0s mood 206667 q=help
	`)
	d.play("202m spam").want(`
		0s      scored 300000 q=sales
		1m0s    scored 0 q=sales
		1h2m0s  scored 600000 q=sales
		1h3m0s  scored -1000000 q=sales
	`)
}

// A score may be told before its message: then the message keeps it when the score is forgotten.
func TestScoreBeforeItsMessage(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).aboutMood().play("0s opened\n 1s score msg=a score=400000\n 30m in msg=a score=100000").want("30m0s scored 400000\n 30m0s mood 400000")
	d.play("62m tick\n 63m note").want("30m0s scored 400000\n 30m0s mood 400000")
	d.play("64m spam").want("")
}

// The group of a mood is final with its message; that of later messages is not.
func TestMoodKeepsItsGroup(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).about(convo.Mood).play("0s in score=100000\n 50m note q=sales\n 70m tick").want("0s mood 100000 q=sales")
	d.play("49m note q=help").want("0s mood 100000 q=sales")
	d.play("71m in q=help score=400000").want("1h11m0s mood 300000 q=help")
}

// An episode's mood is made of its first 200 scores.
func TestMoodIsBounded(t *testing.T) {
	var script strings.Builder
	for i := range 230 {
		score := 100_000
		if i >= 200 {
			score = -1_000_000
		}
		fmt.Fprintf(&script, "%dm in score=%d\n", i, score)
	}
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	script.WriteString("6h tick\n")
	chat(t, spec).about(convo.Mood, convo.MoodTrend).play(script.String()).want("3h19m0s mood 100000\n 3h19m0s mood_trend 0")
}

// TestMoodInAnyOrder: whatever comes first, the scores of a conversation come to the same, and to what the rule says of the list of them.
func TestMoodInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "messages")
		var script []string
		values := make([]int64, n)
		for i := range n {
			own := rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "own")
			values[i] = own
			script = append(script, fmt.Sprintf("%dm in msg=m%d score=%d", i, i, own))
			for again := range rapid.IntRange(0, 2).Draw(rt, "scored again") {
				// Some come days later, some before the message.
				at := rapid.SampledFrom([]int{-600, 0, 1, 5, 3000}).Draw(rt, "at")*10 + again
				script = append(script, fmt.Sprintf("%dm score msg=m%d score=%d", i+at, i, rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "score")))
			}
			values[i] = lastScore(script, i, own)
		}
		var sum, weights int64
		for i, v := range values {
			sum += int64(i+1) * v
			weights += int64(i + 1)
		}
		want := fmt.Sprintf("%dm0s mood %d", n-1, roundAway(sum, weights))
		if n == 1 {
			want = fmt.Sprintf("0s mood %d", values[0])
		}
		spec := plain()
		spec.Horizon, spec.EpisodeGap = map[string]string{"*": "744h"}, "700h"
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp}).Draw(rt, "channel")
		d := newDesk(rt, ch, spec).about(convo.Mood)
		d.play(strings.Join(rapid.Permutation(script).Draw(rt, "order"), "\n")).want(want)
	})
}

// lastScore is the score of a message that is last by time, its own when there is no other.
func lastScore(script []string, i int, own int64) int64 {
	last, value := int64(-1<<62), own
	for _, line := range script {
		var at, score int64
		var msg int
		if n, _ := fmt.Sscanf(line, "%dm score msg=m%d score=%d", &at, &msg, &score); n == 3 && msg == i && at >= last {
			last, value = at, score
		}
	}
	return value
}

func roundAway(a, b int64) int64 {
	if a < 0 {
		return -roundAway(-a, b)
	}
	return (a + b/2) / b
}
