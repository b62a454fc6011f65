package oracle

// Bots: rule 17.
func init() {
	add(KPI{ID: "bot_handoff_rate", Default: []string{"all"}, Definitions: map[string]Formula{"all": of([]int{81}, []int{80}), "out_of_hours": of([]int{82}, []int{80})}})
	add(KPI{ID: "bot_handoff_time", Default: []string{"default"}, Definitions: only(durations(83))})
}
