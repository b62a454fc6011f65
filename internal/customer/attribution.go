package customer

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// direct is the channel of orders that no contact came before.
const direct = "direct"

// halfLife is how long before an order a contact has half the weight, ms.
const halfLife = 7 * day

// touch is the begin of a contact that may have led to an order.
type touch struct {
	at      int64
	channel event.Channel
}

func (a touch) compare(b touch) int {
	return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.channel.String(), b.channel.String()))
}

// touch tells whether a contact may lead to orders.
func (c *contact) touch() (touch, bool) {
	switch c.Channel {
	case event.Commerce, event.Survey, event.Task:
		return touch{}, false
	}
	return touch{c.StartedAt, c.Channel}, c.inbound()
}

// remember keeps the touch of a contact that is about to be forgotten.
func (v *value) remember(c *contact, t int64) {
	x, ok := c.touch()
	if !ok || v.lookback == 0 || x.at+v.lookback+factKeep < t {
		return
	}
	if i, found := slices.BinarySearchFunc(v.touches, x, touch.compare); !found {
		v.touches = slices.Insert(v.touches, i, x)
	}
}

// allTouches are those known, ascending, each once.
func (s *State) allTouches() []touch {
	all := slices.Clone(s.value.touches)
	for i := range s.facts {
		if x, ok := s.facts[i].touch(); ok {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, touch.compare)
	return slices.Compact(all)
}

// shares are the touches that have a share in an order.
func (v *value) shares(touches []touch, at int64) []touch {
	if v.lookback == 0 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(touches, at-v.lookback, func(x touch, at int64) int { return cmp.Compare(x.at, at) })
	to, _ := slices.BinarySearchFunc(touches, at+1, func(x touch, at int64) int { return cmp.Compare(x.at, at) })
	if to-from <= maxTouches {
		return slices.Clone(touches[from:to])
	}
	return append([]touch{touches[from]}, touches[to-maxTouches+1:to]...)
}

// attribute divides an order among channels, by every model.
func attribute(out []convo.Moment, at, amount int64, currency uint16, via []touch) []convo.Moment {
	tell := func(model uint32, channel string, amount int64) {
		out = append(out, convo.Moment{Kind: convo.Attributed, At: at, Group: window.Group{Channel: channel}, Value: amount, Class: model + uint32(currency)})
	}
	channels := make([]string, 0, 4) // ascending
	for _, x := range via {
		if i, found := slices.BinarySearch(channels, x.channel.String()); !found {
			channels = slices.Insert(channels, i, x.channel.String())
		}
	}
	if len(channels) == 0 {
		channels = append(channels, direct)
	}
	weights := make([]uint64, len(channels))
	for model := uint32(0); model < convo.EndOfModel; model += convo.ToLast {
		if len(channels) == 1 {
			tell(model, channels[0], amount)
			continue
		}
		clear(weights)
		for i, x := range via {
			k, _ := slices.BinarySearch(channels, x.channel.String())
			weights[k] += weight(model, i, len(via), at-x.at)
		}
		for k, share := range divide(uint64(amount), weights) {
			if share > 0 {
				tell(model, channels[k], int64(share))
			}
		}
	}
	return out
}

// weight is that of the i-th of n touches, some time before the order.
func weight(model uint32, i, n int, before int64) uint64 {
	first, last := i == 0, i == n-1
	switch {
	case model == convo.ToFirst && !first, model == convo.ToLast && !last:
		return 0
	case model == convo.ToEnds && n > 2 && (first || last):
		return 2 * uint64(n-2) // all between them share half as much
	case model == convo.ToRecent:
		return max(1, uint64(math.Round(1e6*math.Exp2(-float64(max(0, before))/halfLife))))
	}
	return 1
}

// divide cuts an amount into whole parts by weights, by the largest remainder; of equal ones the first.
func divide(amount uint64, weights []uint64) []uint64 {
	var total uint64
	for _, w := range weights {
		total += w
	}
	shares, rests, left := make([]uint64, len(weights)), make([]uint64, len(weights)), amount
	order := make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(amount, w)
		shares[i], rests[i] = bits.Div64(hi, lo, total)
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(rests[a], rests[b]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}
