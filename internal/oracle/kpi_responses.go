package oracle

// Responses, resolutions and what was promised about them: rule 12.4.
func init() {
	add(KPI{ID: "conversations_started", Default: []string{"default"}, Definitions: only(total(1))})
	add(KPI{ID: "first_response_time", ByAgent: true, Default: []string{"default"}, Definitions: map[string]Formula{"default": durations(2), "with_receipts": durations(2, 3)}})
	add(KPI{ID: "next_response_time", ByAgent: true, Default: []string{"default"}, Definitions: map[string]Formula{"default": durations(4), "with_receipts": durations(4, 5)}})
	add(KPI{ID: "resolution_time", ByAgent: true, Default: []string{"from_creation"}, Definitions: map[string]Formula{"from_creation": durations(6)}})
	add(KPI{ID: "sla_compliance", ByAgent: true, Default: []string{FirstResponse, NextResponse, Resolving}, Definitions: map[string]Formula{
		FirstResponse: of([]int{7}, []int{7, 8}), NextResponse: of([]int{9}, []int{9, 10}), Resolving: of([]int{11}, []int{11, 12})}})
}
