package oracle

import "slices"

// What customers answer: rule 15.
func init() {
	// points are the metrics of points of a scale, by their place on it.
	points := func(s int, places ...int) []int {
		var out []int
		for _, k := range places {
			out = append(out, 1000+16*s+k)
		}
		return out
	}
	all := func(s int) []int {
		var out []int
		for k := range int(scales[s].max-scales[s].min) + 1 {
			out = append(out, 1000+16*s+k)
		}
		return out
	}
	// share is that of the points of a scale; the mean is that of its scores.
	share := func(s int, places ...int) Formula {
		return spread(meant(of(points(s, places...), all(s)), 100+s), s)
	}
	balance := func(s int, up, down []int) Formula {
		whole := all(s)
		f := Formula{Metrics: whole, Read: func(s Sums) Reading { return balanceOf(s.N(up...)-s.N(down...), s.N(whole...)) }}
		return spread(meant(f, 100+s), s)
	}
	thumbs := of(append(points(0, 1), points(1, 1)...), append(all(0), all(1)...))
	read := thumbs.Read
	thumbs.Read = func(s Sums) Reading {
		r := read(s)
		r.Bins = []int64{s.N(1000, 1016), s.N(1001, 1017)}
		return r
	}
	add(KPI{ID: "csat", ByAgent: true, Default: []string{"thumbs", "1-3", "1-5", "1-7", "1-10", "0-10"}, Definitions: map[string]Formula{
		"thumbs": thumbs,
		"1-3":    share(2, 2), "1-5": share(3, 3, 4), "1-7": share(4, 5, 6), "1-10": share(5, 7, 8, 9), "1-10-strict": share(5, 8, 9), "0-10": share(6, 8, 9, 10),
	}})
	add(KPI{ID: "ces", ByAgent: true, Default: []string{"easy", "net", "easy-1-5", "net-1-5"}, Definitions: map[string]Formula{
		"easy": share(8, 4, 5, 6), "net": balance(8, points(8, 5, 6), points(8, 0, 1, 2)),
		"easy-1-5": share(7, 3, 4), "net-1-5": balance(7, points(7, 4), points(7, 0, 1)),
	}})
	// conversions are those of the requests that are counted from a metric on, by how far they came.
	conversions := func(no func(i int) int) map[string]Formula {
		out := map[string]Formula{"sent": of([]int{no(3)}, []int{no(0)}), "delivered": of([]int{no(4)}, []int{no(1)}), "seen": of([]int{no(5)}, []int{no(2)})}
		out["best"] = Formula{Metrics: []int{no(0), no(1), no(2), no(3), no(4), no(5)}, Read: func(s Sums) Reading {
			for _, name := range []string{"seen", "delivered", "sent"} {
				if r := out[name].Read(s); r.Known {
					r.Basis = name
					return r
				}
			}
			return Reading{}
		}}
		return out
	}
	definitions := conversions(func(i int) int { return 60 + i })
	for w, name := range widgets {
		definitions["widget-"+name] = conversions(func(i int) int { return 700 + 16*i + w + 1 })["best"]
	}
	for w, name := range askedAt {
		definitions["moment-"+name] = conversions(func(i int) int { return 800 + 16*i + w + 1 })["best"]
	}
	add(KPI{ID: "feedback_conversion", Default: []string{"best"}, Definitions: definitions})
}

// spread adds how many there are of each point of a scale.
func spread(f Formula, scale int) Formula {
	read := f.Read
	f.Read = func(s Sums) Reading {
		r := read(s)
		r.Lowest = scales[scale].min
		for k := range int(scales[scale].max-scales[scale].min) + 1 {
			r.Bins = append(r.Bins, s.N(1000+16*scale+k))
		}
		return r
	}
	return f
}

// meant adds the mean of the values of a metric, in millionths.
func meant(f Formula, no int) Formula {
	read := f.Read
	f.Metrics = append(slices.Clone(f.Metrics), no)
	f.Read = func(s Sums) Reading {
		r := read(s)
		if r.Known {
			r.HasMean, r.Mean = true, averageOf(s[no], 1_000_000).Value
		}
		return r
	}
	return f
}
