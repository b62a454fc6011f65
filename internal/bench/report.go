package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// report collects figures: several values of each.
type report struct {
	names  []string
	units  map[string]string
	values map[string][]float64
}

func newReport() *report {
	return &report{units: map[string]string{}, values: map[string][]float64{}}
}

// add notes one value of a figure.
func (r *report) add(name, unit string, value float64) {
	if _, ok := r.units[name]; !ok {
		r.names = append(r.names, name)
		r.units[name] = unit
	}
	r.values[name] = append(r.values[name], value)
}

// median of a copy; the mean of the two in the middle when there is no middle.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// quantile by the nearest rank.
func quantile(values []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

// table prints medians with their extremes.
func (r *report) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "figure\tmedian\tmin\tmax\tn\tunit\t")
	for _, name := range r.names {
		v := r.values[name]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t\n", name, number(median(v)), number(slices.Min(v)), number(slices.Max(v)), len(v), r.units[name])
	}
	return t.Flush()
}

// number prints what can be told apart: three digits that count.
func number(v float64) string {
	switch {
	case v >= 1000:
		text := strconv.FormatInt(int64(v+0.5), 10)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// lines writes one JSON object a line: the median under the figure's name, the extremes under .min and .max.
func (r *report) lines(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	e := json.NewEncoder(f)
	for _, name := range r.names {
		v := r.values[name]
		for _, x := range []struct {
			suffix string
			value  float64
		}{{"", median(v)}, {".min", slices.Min(v)}, {".max", slices.Max(v)}} {
			err = errors.Join(err, e.Encode(struct {
				Name  string  `json:"name"`
				Value float64 `json:"value"`
				Unit  string  `json:"unit"`
			}{name + x.suffix, x.value, r.units[name]}))
		}
	}
	return errors.Join(err, f.Close())
}

// machine describes where the figures were measured.
func machine(redis, kafka string) string {
	words := map[string]string{"cpu": "unknown processor", "memory": ""}
	for _, f := range []struct{ name, file, key string }{{"cpu", "/proc/cpuinfo", "model name"}, {"memory", "/proc/meminfo", "MemTotal"}} {
		text, err := os.ReadFile(f.file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == f.key {
				words[f.name] = strings.TrimSpace(value)
				break
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(words)) {
		words[k] = strings.Join(strings.Fields(words[k]), " ")
	}
	return fmt.Sprintf("machine: %d × %s, memory %s, %s/%s, %s, Redis %s, Kafka at %s", runtime.NumCPU(), words["cpu"], words["memory"], runtime.GOOS, runtime.GOARCH,
		runtime.Version(), redis, kafka)
}

// load returns the load average of the last minute, "unknown" where there is none.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
