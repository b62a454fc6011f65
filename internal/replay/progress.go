package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// progress says how far a replay is: a bar on a terminal, else a line of JSON now and then.
type progress struct {
	total int64
	sent  atomic.Int64 // events
	stop  chan struct{}
	done  sync.WaitGroup
}

// line is a line of progress.
type line struct {
	Events   int64   `json:"events"` // applied
	Of       int64   `json:"of"`
	ElapsedS float64 `json:"elapsed_s"`
	AsOf     string  `json:"as_of"` // time of the data
}

// watch begins to tell. applied returns how many events have been applied of those sent, and the time of the data.
func watch(w io.Writer, terminal bool, total int, applied func(sent int64) (int64, string)) *progress {
	p := &progress{total: int64(total), stop: make(chan struct{})}
	began := time.Now()
	every := lineEvery
	tell := func(n int64, asOf string) {
		// A struct of numbers and a text cannot fail to encode, and words that cannot be written are no reason to stop.
		b, _ := json.Marshal(line{n, p.total, float64(time.Since(began).Milliseconds()) / 1000, asOf})
		_, _ = fmt.Fprintf(w, "%s\n", b)
	}
	var bar *progressbar.ProgressBar
	if terminal {
		every = barEvery
		bar = progressbar.NewOptions64(p.total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("replaying"), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("events"), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
		tell = func(n int64, _ string) { _ = bar.Set64(n) }
	}
	p.done.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				tell(applied(p.sent.Load()))
			case <-p.stop:
				if bar != nil {
					_ = bar.Finish()
				}
				return
			}
		}
	})
	return p
}

func (p *progress) shipped(n int) { p.sent.Add(int64(n)) }

func (p *progress) close() {
	close(p.stop)
	p.done.Wait()
}
