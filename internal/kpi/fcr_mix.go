package kpi

import (
	"math/big"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	tiers        = 4 // of complexity: not told, simple, medium, complex
	mixReference = 28 * 24 * 60 * minute
)

func tierOf(m convo.Moment) window.Metric { return window.Metric(m.Class & 3) }

func hasBits(bits uint32) func(convo.Moment) bool {
	return func(m convo.Moment) bool { return m.Class&bits == bits }
}

// tiersOf counts a metric that is kept by tier, over all of them.
func tiersOf(m window.Metric) func(*window.Cell) int64 {
	return func(c *window.Cell) int64 {
		var n int64
		for tier := range window.Metric(tiers) {
			n += c.Metric(m + tier).N
		}
		return n
	}
}

func only(m window.Metric) func(*window.Cell) int64 {
	return func(c *window.Cell) int64 { return c.Metric(m).N }
}

func rateOf(num, den func(*window.Cell) int64) func(*window.Cell) Reading {
	return func(c *window.Cell) Reading { return proportionOf(num(c), den(c)) }
}

func weightedFCR(v *View) (Reading, error) {
	var held, of, n int64
	for channel, c := range v.Parts(window.DimChannel, v.Window.From, v.Window.To) {
		for tier := range tiers {
			weight := int64(1)
			if v.Policy != nil {
				weight = v.Policy.FCRWeight(channel, tier)
			}
			all := c.Metric(mFirstContact + window.Metric(tier)).N
			held += weight * c.Metric(mFirstHeld+window.Metric(tier)).N
			of, n = of+weight*all, n+all
		}
	}
	return factorOf(held, of, n), nil
}

// mixAdjustedFCR is what the rate would be if as much came over each channel, and of each tier, as in the time before. What was not there then, or is not there now, is
// left out. The sum of fractions is exact, and then rounded to millionths.
func mixAdjustedFCR(v *View) (Reading, error) {
	before := v.Parts(window.DimChannel, v.Window.From-mixReference, v.Window.From)
	rate, reference, n := new(big.Rat), int64(0), int64(0)
	for channel, c := range v.Parts(window.DimChannel, v.Window.From, v.Window.To) {
		was := before[channel]
		if was == nil {
			continue
		}
		for tier := range window.Metric(tiers) {
			share, all := was.Metric(mFirstContact+tier).N, c.Metric(mFirstContact+tier).N
			if share <= 0 || all <= 0 {
				continue
			}
			rate.Add(rate, new(big.Rat).Mul(big.NewRat(c.Metric(mFirstHeld+tier).N, all), big.NewRat(share, 1)))
			reference, n = reference+share, n+all
		}
	}
	if reference == 0 {
		return factorOf(0, 0, 0), nil
	}
	rate.Mul(rate, big.NewRat(1e6, reference))
	return factorOf(nearest(rate), 1e6, n), nil
}

// nearest rounds a fraction that is not negative, halves upwards.
func nearest(r *big.Rat) int64 {
	twice := new(big.Int).Lsh(r.Num(), 1)
	twice.Add(twice, r.Denom())
	return twice.Quo(twice, new(big.Int).Lsh(r.Denom(), 1)).Int64()
}
