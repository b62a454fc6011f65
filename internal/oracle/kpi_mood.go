package oracle

// How customers sound: rule 16.
func init() {
	single := func(id string, f Formula) { add(KPI{ID: id, Default: []string{"default"}, Definitions: only(f)}) }
	add(KPI{ID: "sentiment_score", Default: []string{"conversations"}, Definitions: map[string]Formula{"conversations": average(70, 1_000_000), "messages": average(26, 1_000_000)}})
	single("sentiment_trend", average(71, 1_000_000))
	single("sentiment_recovery", of([]int{73}, []int{72}))
	single("frustration_rate", meant(of([]int{75}, []int{74}), 74))
	single("urgency_rate", meant(of([]int{77}, []int{76}), 76))
}
