package reference

import "strings"

// refuseThread enters all rows of a thread without a brand in the ledger.
func (r *TwcsResult) refuseThread(t thread, brands map[string]bool) {
	for _, message := range t.tweets {
		r.Ledger.refuse(ReasonNoBrand, message.line)
	}
	for _, found := range handle.FindAllStringSubmatch(t.root.text, -1) {
		for brand := range brands {
			if strings.EqualFold(brand, found[1]) {
				r.Notes[NoteBrandOtherCase] = append(r.Notes[NoteBrandOtherCase], t.root.line)
				return
			}
		}
	}
}

// sum lists the seconds of every brand's responses.
func (r *TwcsResult) sum(started map[string]int64) {
	first, next := map[string][]int64{}, map[string][]int64{}
	for _, response := range r.Responses {
		seconds := response.AnsweredAt - response.AskedAt
		if response.First {
			first[response.Brand] = append(first[response.Brand], seconds)
		} else {
			next[response.Brand] = append(next[response.Brand], seconds)
		}
	}
	for brand, threads := range started {
		r.Brands[brand] = Brand{
			ConversationsStarted: threads,
			FirstResponse:        durationsOf(first[brand]),
			NextResponse:         durationsOf(next[brand]),
		}
	}
}
