package oracle

// Contacts: rule 12.4. Numbers are those of the table of metrics.
func init() {
	offered := []int{13, 15, 18, 20, 22, 24}
	add(KPI{ID: "contacts_offered", Default: []string{"default"}, Definitions: only(total(offered...))})
	add(KPI{ID: "contacts_answered", ByAgent: true, Default: []string{"default"}, Definitions: only(total(13))})
	add(KPI{ID: "contacts_abandoned", Default: []string{"default"}, Definitions: only(total(15))})
	add(KPI{ID: "contacts_lost", Default: []string{"default"}, Definitions: only(total(24))})
	add(KPI{ID: "abandon_rate", Default: []string{"default"}, Definitions: only(of([]int{15}, offered))})
	add(KPI{ID: "speed_of_answer", ByAgent: true, Default: []string{"default"}, Definitions: only(durations(13))})
	add(KPI{ID: "handle_time", ByAgent: true, Default: []string{"default"}, Definitions: only(durations(25))})
	level := func(part, whole, less []int) Formula {
		f := of(part, whole)
		f.Metrics = append(f.Metrics, less...)
		f.Read = func(s Sums) Reading { return shareOf(s.N(part...), s.N(whole...)-s.N(less...)) }
		return f
	}
	add(KPI{ID: "service_level", Default: []string{"vigia"}, Definitions: map[string]Formula{
		"vigia":               level([]int{14}, []int{13, 15}, []int{16}),
		"genesys-no-short":    level([]int{14}, []int{13, 15}, []int{16}),
		"genesys":             of([]int{14}, []int{13, 15}),
		"connect":             of([]int{14, 16, 17, 19, 21, 23}, offered),
		"genesys-no-abandons": of([]int{14}, []int{13}),
		"talkdesk-calls":      of([]int{14}, []int{13}),
		"genesys-flowouts":    of([]int{14}, []int{13, 15, 18, 20, 22}),
		"talkdesk-contacts":   level([]int{14}, []int{13, 15, 20}, []int{16}),
	}})
}
