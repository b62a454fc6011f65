package oracle

// What people do: rule 14.
func init() {
	resolution := catalog["resolution_time"]
	resolution.Definitions["open_segments"], resolution.Definitions["last_segment"] = durations(33), durations(34)
	kept := catalog["sla_compliance"]
	kept.Definitions[PeriodicUpdate], kept.Definitions[PausableUpdate] = of([]int{45}, []int{45, 46}), of([]int{47}, []int{47, 48})
	single := func(id string, f Formula) {
		add(KPI{ID: id, ByAgent: true, Default: []string{"default"}, Definitions: only(f)})
	}
	single("requester_wait_time", durations(35))
	single("agent_work_time", durations(36))
	add(KPI{ID: "update_time", ByAgent: true, Default: []string{"periodic"}, Definitions: map[string]Formula{"periodic": durations(43), "pausable": durations(44)}})
	single("reopen_rate", of([]int{32}, []int{31}))
	single("transfer_rate", of([]int{39}, []int{38}))
	single("replies_to_resolution", average(37, 1))
	single("talk_time", durations(40))
	single("hold_time", durations(41))
	single("wrap_up_time", durations(42))
	add(KPI{ID: "short_abandon_rate", Default: []string{"default"}, Definitions: only(of([]int{16}, []int{15}))})
	add(KPI{ID: "average_abandon_time", Default: []string{"default"}, Definitions: only(average(15, 1000))})
	add(KPI{ID: "callbacks", Default: []string{"default"}, Definitions: only(total(22))})
}

// average is the mean of the values of a metric in another unit.
func average(no int, unit int64) Formula {
	return Formula{Metrics: []int{no}, Read: func(s Sums) Reading { return averageOf(s[no], unit) }}
}

func averageOf(list []Moment, unit int64) Reading {
	r := Reading{N: int64(len(list)), Denominator: int64(len(list))}
	for _, m := range list {
		r.Numerator += m.Value
	}
	if r.N > 0 {
		r.Known, r.Value = true, float64(r.Numerator)/float64(r.N*unit)
	}
	return r
}
