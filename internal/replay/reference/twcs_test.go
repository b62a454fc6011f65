package reference

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tweetFile writes rows given as "id author in|out mm:ss parent text"; "-" is no parent.
func tweetFile(rows ...string) string {
	var b strings.Builder
	b.WriteString("tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n")
	for _, row := range rows {
		f := strings.SplitN(row, " ", 6)
		if len(f) != 6 {
			b.WriteString(row + "\n")
			continue
		}
		inbound := map[string]string{"in": "True", "out": "False"}[f[2]]
		fmt.Fprintf(&b, "%s,%s,%s,Tue Oct 31 22:%s +0000 2017,%q,,%s\n", f[0], f[1], inbound, f[3], f[5], strings.Trim(f[4], "-"))
	}
	return b.String()
}

func twcs(t *testing.T, text string) TwcsResult {
	t.Helper()
	result, err := Twcs(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Ledger.Check(); err != nil {
		t.Error(err)
	}
	return result
}

func TestTwcs(t *testing.T) {
	none := Durations{}
	for name, test := range map[string]struct {
		rows   []string
		brands map[string]Brand
		unused map[string][]int
		notes  Notes
	}{
		"turns; parents after their children": {
			rows: []string{
				"5 acme out 00:50 4 later", // next: 00:40 to 00:50
				"4 11 in 00:40 3 again",
				"3 acme out 00:30 2 yes", // first: 00:00 to 00:30, the oldest message counts
				"2 11 in 00:10 1 hello?",
				"1 11 in 00:00 - hello",
				"6 acme out 00:55 5 and", // answers nothing
				"7 11 in 01:00 6 thanks", // never answered
			},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{30}}, Durations{[]int64{10}}}},
		},
		"several customers share a thread": {
			rows:   []string{"1 11 in 00:00 - a", "2 12 in 00:05 1 b", "3 acme out 00:09 2 c", "4 acme out 00:20 1 d"},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{9}}, none}},
		},
		"begun by the brand": {
			rows:   []string{"1 acme out 00:00 99 sale", "2 11 in 00:10 1 when?", "3 acme out 00:40 2 now"},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{30}}, none}},
			notes:  Notes{NoteBrandBegan: {2}},
		},
		"same second: the customer comes first": {
			rows:   []string{"2 acme out 00:00 1 auto", "1 11 in 00:00 - hi"},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{0}}, none}},
			notes:  Notes{NoteSameSecond: {2}},
		},
		"brand by the first handle that is one": {
			rows: []string{"1 acme out 00:00 - sale", "2 11 in 00:10 - @12 @Acme @acme @zeta hi", "3 zeta out 00:00 - x"},
			brands: map[string]Brand{
				"acme": {2, none, none},
				"zeta": {1, none, none},
			},
			notes: Notes{NoteBrandBegan: {2, 4}},
		},
		"no brand": {
			rows:   []string{"1 acme out 00:00 - sale", "2 11 in 00:10 - @ACME hi", "3 11 in 00:20 2 @acme hello"},
			brands: map[string]Brand{"acme": {1, none, none}},
			unused: map[string][]int{ReasonNoBrand: {3, 4}},
			notes:  Notes{NoteBrandBegan: {2}, NoteBrandOtherCase: {3}},
		},
		"reply of another brand": {
			rows: []string{
				"1 11 in 00:00 - @zeta @acme", "2 zeta out 00:20 1 not first in time", "3 acme out 00:10 1 first",
				"4 11 in 00:30 3 and?", "5 zeta out 00:31 4 me", "6 acme out 00:50 4 so",
			},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{10}}, Durations{[]int64{20}}}},
			unused: map[string][]int{ReasonOtherBrand: {3, 6}},
		},
		"unreadable and repeated rows": {
			rows: []string{
				"1,,,,,,", "1 11 in 00:00 - hi", "1 acme out 00:05 - again", "2 acme out 00:10 1 yes",
				"3,11,,Tue Oct 31 22:00:00 +0000 2017,x,,", "4,5", "6,11,True,\"x\"y,,",
			},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{10}}, none}},
			unused: map[string][]int{
				ReasonUnreadableTime: {2}, ReasonRepeatedTweet: {4}, ReasonBadRow: {6, 7, 8},
			},
		},
		"replies in a circle": {
			rows:   []string{"3 acme out 00:30 2 c", "1 11 in 00:00 2 a", "2 11 in 00:10 1 b"},
			brands: map[string]Brand{"acme": {1, Durations{[]int64{30}}, none}},
			notes:  Notes{NoteCycle: {3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := twcs(t, tweetFile(test.rows...))
			want := TwcsResult{Brands: test.brands, Notes: test.notes, Ledger: Ledger{Unused: test.unused}}
			got := TwcsResult{Brands: result.Brands, Ledger: Ledger{Unused: result.Ledger.Unused}}
			if len(result.Notes) > 0 {
				got.Notes = result.Notes
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTwcsLineOfLongRow names rows that hold line breaks by their first line.
func TestTwcsLineOfLongRow(t *testing.T) {
	text := tweetFile("1 11 in 00:00 - hi") +
		"2,acme,False,Tue Oct 31 22:01:00 +0000 2017,\"two\nlines\",,1\n3,acme,False,never,x,,1\n"
	result := twcs(t, text)
	if diff := cmp.Diff(map[string][]int{ReasonUnreadableTime: {5}}, result.Ledger.Unused); diff != "" {
		t.Error(diff)
	}
	if len(result.Responses) != 1 || result.Responses[0].AnsweredLine != 3 {
		t.Errorf("responses %+v, want one, answered in line 3", result.Responses)
	}
}

func TestTwcsHeader(t *testing.T) {
	for _, text := range []string{"", "a,b\n", "PK\x03\x04"} {
		if _, err := Twcs(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
