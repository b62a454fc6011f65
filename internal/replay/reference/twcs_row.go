package reference

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Reasons under which [Twcs] leaves a row unused, in the order in which they are tried;
// [ReasonBadRow] comes first.
const (
	// ReasonUnreadableTime marks a row whose created_at is no time.
	ReasonUnreadableTime = "unreadable time"
	// ReasonRepeatedTweet marks a row whose tweet_id an earlier readable row has.
	ReasonRepeatedTweet = "repeated tweet_id"
	// ReasonNoBrand marks every row of a thread without a brand.
	ReasonNoBrand = "no brand"
	// ReasonOtherBrand marks a reply by another brand than the thread's.
	ReasonOtherBrand = "reply of another brand"
)

// tweetTime is the layout of created_at, for example "Tue Oct 31 22:10:47 +0000 2017".
const tweetTime = "Mon Jan 02 15:04:05 -0700 2006"

var tweetColumns = []string{
	"tweet_id", "author_id", "inbound", "created_at", "text", "in_response_to_tweet_id",
}

// tweet is one readable row.
type tweet struct {
	line               int
	id, author, parent string
	inbound            bool
	at                 int64 // Unix seconds
	text               string
}

// readTweets returns the readable rows in file order and enters the others in the
// ledger. It fails on an unreadable stream or a header without the needed columns.
func readTweets(r io.Reader, ledger *Ledger) ([]tweet, error) {
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = -1
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("twcs: header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for _, name := range tweetColumns {
		if !slices.Contains(header, name) {
			return nil, fmt.Errorf("twcs: line 1 has no column %q", name)
		}
	}
	var tweets []tweet
	known := map[string]bool{}
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return tweets, nil
		}
		ledger.Rows++
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			ledger.refuse(ReasonBadRow, broken.StartLine)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("twcs: after %d rows: %w", ledger.Rows-1, err)
		}
		line, _ := reader.FieldPos(0)
		t, reason := readTweet(header, fields)
		if reason == "" && known[t.id] {
			reason = ReasonRepeatedTweet
		}
		if reason != "" {
			ledger.refuse(reason, line)
			continue
		}
		known[t.id] = true
		t.line = line
		tweets = append(tweets, t)
	}
}

func readTweet(header, fields []string) (tweet, string) {
	if len(fields) != len(header) {
		return tweet{}, ReasonBadRow
	}
	value := map[string]string{}
	for i, name := range header {
		value[name] = fields[i]
	}
	at, err := time.Parse(tweetTime, value["created_at"])
	if err != nil {
		return tweet{}, ReasonUnreadableTime
	}
	inbound := value["inbound"] == "True"
	if !inbound && value["inbound"] != "False" || value["tweet_id"] == "" || value["author_id"] == "" {
		return tweet{}, ReasonBadRow
	}
	return tweet{
		id: value["tweet_id"], author: value["author_id"], parent: value["in_response_to_tweet_id"],
		inbound: inbound, at: at.Unix(), text: value["text"],
	}, ""
}
