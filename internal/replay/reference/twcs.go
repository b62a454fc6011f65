package reference

import (
	"cmp"
	"io"
	"regexp"
	"slices"
)

// Response is one answered turn of a thread. Instants are Unix seconds.
type Response struct {
	Brand string
	// Conversation is the tweet_id of the thread's root.
	Conversation string
	// First tells the thread's first answered turn from later ones.
	First bool
	// AskedLine and AskedAt are the oldest unanswered customer message, AnsweredLine and
	// AnsweredAt the reply to it.
	AskedLine, AnsweredLine int
	AskedAt, AnsweredAt     int64
}

// Brand holds the values of one brand over the whole file.
type Brand struct {
	// ConversationsStarted counts the brand's threads, those that the brand itself began
	// and those without any customer message included.
	ConversationsStarted int64
	// FirstResponse and NextResponse hold seconds; turns without a reply are in neither.
	FirstResponse, NextResponse Durations
}

// TwcsResult is the whole computation over one file of tweets.
type TwcsResult struct {
	Ledger Ledger
	// Responses are ordered by thread (the line of its root) and then by time.
	Responses []Response
	// Brands is by the brand's author_id.
	Brands map[string]Brand
	Notes  Notes
}

// What [Twcs] notices about rows that it uses or refuses.
const (
	// NoteBrandOtherCase marks the root of a thread without a brand whose text names one
	// of the file's brands, only in other letter case.
	NoteBrandOtherCase = "no brand, but one is named in another letter case"
	// NoteCycle marks a row whose parents lead back to itself.
	NoteCycle = "replies in a circle"
	// NoteBrandBegan marks the first row of a thread that a brand's message begins.
	NoteBrandBegan = "thread begun by the brand"
	// NoteSameSecond marks a reply in the very second of the message it answers.
	NoteSameSecond = "answered within the second"
)

// Twcs computes response times from a CSV file of tweets (plain text: the caller
// unzips).
//
// Rows that cannot be read and repeated ids leave first and are then nobody's parent. A
// thread is all tweets that lead to the same root by in_response_to_tweet_id, as long as
// the parent is in the file, before or after its child. (Replies in a circle have no
// root; the one of them that stands first in the file serves.) The thread's brand is the author
// of its earliest inbound False tweet; without one, the first @handle of the root's text
// that is letter for letter the author of any inbound False tweet in the file. Replies of
// other brands leave next.
//
// In a thread, messages stand in the order of time, then customer before reply, then
// line. A turn is the oldest unanswered customer message and the next reply; the first
// answered turn is the first response, the later ones are next responses. A reply
// without an unanswered message answers nothing.
//
// Twcs fails on an unreadable stream and on a header without the needed columns.
func Twcs(r io.Reader) (TwcsResult, error) {
	result := TwcsResult{Brands: map[string]Brand{}, Notes: Notes{}}
	tweets, err := readTweets(r, &result.Ledger)
	if err != nil {
		return TwcsResult{}, err
	}
	brands := map[string]bool{}
	for _, t := range tweets {
		if !t.inbound {
			brands[t.author] = true
		}
	}
	started := map[string]int64{}
	for _, thread := range result.threads(tweets) {
		brand := thread.brand(brands)
		if brand == "" {
			result.refuseThread(thread, brands)
			continue
		}
		started[brand]++
		result.addThread(thread, brand)
	}
	result.Ledger.sort()
	result.sum(started)
	return result, nil
}

// thread is a root and all tweets that lead to it, the root included, in the order of
// time, customer before reply, line.
type thread struct {
	root   tweet
	tweets []tweet
}

// threads are ordered by the line of their root.
func (r *TwcsResult) threads(tweets []tweet) []thread {
	byID := map[string]tweet{}
	for _, t := range tweets {
		byID[t.id] = t
	}
	members := map[string][]tweet{}
	for _, t := range tweets {
		root := rootOf(t, byID)
		members[root.id] = append(members[root.id], t)
		if root.id == t.id && byID[t.parent].id != "" {
			r.Notes[NoteCycle] = append(r.Notes[NoteCycle], t.line)
		}
	}
	var threads []thread
	for _, root := range tweets {
		if in := members[root.id]; in != nil {
			slices.SortFunc(in, byTime)
			threads = append(threads, thread{root: root, tweets: in})
		}
	}
	return threads
}

// rootOf follows the parents while they are in the file.
func rootOf(t tweet, byID map[string]tweet) tweet {
	seen := map[string]bool{}
	for {
		seen[t.id] = true
		parent, ok := byID[t.parent]
		if !ok {
			return t
		}
		if seen[parent.id] {
			return firstOfCircle(parent, byID)
		}
		t = parent
	}
}

// firstOfCircle goes once round a circle of replies.
func firstOfCircle(start tweet, byID map[string]tweet) tweet {
	first := start
	for t := byID[start.parent]; t.id != start.id; t = byID[t.parent] {
		if t.line < first.line {
			first = t
		}
	}
	return first
}

func byTime(a, b tweet) int {
	rank := func(t tweet) int64 { return one(!t.inbound) }
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.line, b.line))
}

var handle = regexp.MustCompile(`@(\w+)`)

// brand is empty when the thread has none. Brands is every brand of the file.
func (t thread) brand(brands map[string]bool) string {
	for _, tweet := range t.tweets {
		if !tweet.inbound {
			return tweet.author
		}
	}
	for _, found := range handle.FindAllStringSubmatch(t.root.text, -1) {
		if brands[found[1]] {
			return found[1]
		}
	}
	return ""
}

// addThread finds the turns of a thread that has a brand.
func (r *TwcsResult) addThread(t thread, brand string) {
	var asked *tweet // the oldest unanswered customer message
	first := true
	for i, message := range t.tweets {
		switch {
		case !message.inbound && message.author != brand:
			r.Ledger.refuse(ReasonOtherBrand, message.line)
			continue
		case message.inbound && asked == nil:
			asked = &t.tweets[i]
		case !message.inbound && asked != nil:
			r.Responses = append(r.Responses, Response{
				Brand: brand, Conversation: t.root.id, First: first,
				AskedLine: asked.line, AskedAt: asked.at,
				AnsweredLine: message.line, AnsweredAt: message.at,
			})
			if message.at == asked.at {
				r.Notes[NoteSameSecond] = append(r.Notes[NoteSameSecond], message.line)
			}
			asked, first = nil, false
		}
		r.Ledger.Used++
	}
	if begin := t.tweets[0]; !begin.inbound {
		r.Notes[NoteBrandBegan] = append(r.Notes[NoteBrandBegan], begin.line)
	}
}
