package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// style of a line on a screen that has styles.
type style string

const (
	plain style = ""
	bold  style = "1;31"
	faint style = "2"
)

// screen is where the demonstration speaks: lines that stay, and below them on a terminal a footer that is drawn anew. It is safe for concurrent use.
type screen struct {
	mu     sync.Mutex
	w      io.Writer
	live   bool // a terminal that can be drawn on
	color  bool
	bottom []string
}

// newScreen speaks on stdout. On a terminal, what others write to stderr goes through it too, or it would be drawn over.
func newScreen(e *env) *screen {
	s := &screen{w: e.stdout, live: terminal(e.stdout) && e.getenv("TERM") != "dumb", color: e.color(e.stdout)}
	if s.live && terminal(e.stderr) {
		e.stderr = &lineWriter{to: s}
	}
	return s
}

func (s *screen) paint(st style, text string) string {
	if !s.color || st == plain {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// line prints a line that stays.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintln(s.w, text)
	s.draw()
}

// footer replaces the lines at the bottom. Where nothing can be drawn it shows nothing.
func (s *screen) footer(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.bottom = lines
	s.draw()
}

func (s *screen) erase() {
	if s.live && len(s.bottom) > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", len(s.bottom))
	}
}

func (s *screen) draw() {
	if s.live && len(s.bottom) > 0 {
		fmt.Fprintln(s.w, strings.Join(s.bottom, "\n"))
	}
}

// lineWriter passes whole lines on to a screen.
type lineWriter struct {
	to  *screen
	mu  sync.Mutex
	buf []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = append(w.buf, b...)
	for {
		line, rest, whole := bytes.Cut(w.buf, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		w.to.line(string(line))
		w.buf = rest
	}
}
