package oracle

// How customers sound: rule 12.4.
func init() {
	add(KPI{ID: "sentiment_balance", Default: []string{"default"}, Definitions: only(Formula{Metrics: []int{26, 27, 28},
		Read: func(s Sums) Reading { return balanceOf(s.N(27)-s.N(28), s.N(26)) }})})
}
