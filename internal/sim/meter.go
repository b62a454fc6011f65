package sim

import (
	"math"
	"sync"
	"time"
)

// Progress is how far a load is.
type Progress struct {
	Seconds       float64 `json:"seconds"`
	Conversations int     `json:"conversations"` // begun
	Sent          int     `json:"sent"`          // events handed out
	Accepted      int     `json:"accepted"`      // events acknowledged
	Requests      int     `json:"requests"`      // acknowledged
	PerSecond     float64 `json:"accepted_per_second"`
	// P50 and P99 are how long a request took until it was acknowledged, with its retries, in ms; at most 2 % off.
	P50      float64 `json:"latency_p50_ms"`
	P99      float64 `json:"latency_p99_ms"`
	Limited  int     `json:"retries_429"`   // refused because of a rate
	Busy     int     `json:"retries_503"`   // refused because something was not available
	Unheard  int     `json:"retries_other"` // attempts without an answer, and other refusals that pass
	Finished bool    `json:"finished"`
}

// meter counts what a load does. It is safe for concurrent use.
type meter struct {
	mu      sync.Mutex
	began   time.Time
	ended   time.Time
	p       Progress
	latency [bins]int
}

// Bins are 1/32 of an octave wide and begin at a microsecond.
const (
	perOctave = 32
	bins      = 40 * perOctave
)

func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.began = time.Now()
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended, m.p.Finished = time.Now(), true
}

func (m *meter) handed(conversations int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Sent++
	m.p.Conversations = conversations
}

func (m *meter) acknowledged(events int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Accepted += events
	m.p.Requests++
	bin := int(math.Log2(max(1, float64(took.Microseconds()))) * perOctave)
	m.latency[min(bin, bins-1)]++
}

func (m *meter) refused(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch status {
	case 429:
		m.p.Limited++
	case 503:
		m.p.Busy++
	default:
		m.p.Unheard++
	}
}

func (m *meter) read() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.p
	if m.began.IsZero() {
		return p
	}
	until := m.ended
	if until.IsZero() {
		until = time.Now()
	}
	passed := until.Sub(m.began).Seconds()
	p.Seconds = math.Round(passed*1000) / 1000
	p.PerSecond = math.Round(float64(p.Accepted)/max(passed, 1e-9)*10) / 10
	p.P50, p.P99 = m.quantile(0.5), m.quantile(0.99)
	return p
}

// quantile returns a latency in ms: the middle of its bin.
func (m *meter) quantile(q float64) float64 {
	rank, seen := int(math.Ceil(q*float64(m.p.Requests))), 0
	for bin, n := range m.latency {
		if seen += n; n > 0 && seen >= rank {
			return math.Round(math.Exp2((float64(bin)+0.5)/perOctave)) / 1000
		}
	}
	return 0
}
