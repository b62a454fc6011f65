package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// mostEventBytes bounds one line, and one array, of events.
const mostEventBytes = 64 << 20

// ReadEvents reads events as POST /ingest/v1/events takes them (one JSON object a line, or one array), for a tenant, and completes them as the intake does: ids, customers,
// conversations of channels without threads. It returns them in the order of their instants. The error names input and line.
func ReadEvents(tenant string, inputs []mapping.Input) ([]*event.Event, error) {
	key := sha256.Sum256([]byte(tenant)) // nothing leaves this process: the pseudonyms hide nothing from anybody and only have to be the same every time
	hide, err := event.NewPseudonymizer(tenant, key[:], '0')
	if err != nil {
		return nil, err
	}
	var out []*event.Event
	for _, in := range inputs {
		sheets, err := decodeSheets(in, tenant, hide)
		if err != nil {
			return nil, err
		}
		for _, s := range sheets {
			if s.err != nil {
				return nil, s.err
			}
			out = append(out, s.events...)
		}
	}
	slices.SortStableFunc(out, func(a, b *event.Event) int { return cmp.Compare(a.At, b.At) })
	return out, nil
}

// sheet is some lines that are decoded together: JSON takes longer to decode than all else here, so every processor gets some.
type sheet struct {
	text   []byte
	lines  []sheetLine
	events []*event.Event
	err    error // of its first line that cannot be used
}

type sheetLine struct{ number, end int }

// sheetBytes is about how much text a sheet has.
const sheetBytes = 256 << 10

// decodeSheets reads an input; a line that cannot be used ends its sheet, and what stands behind it does not matter.
func decodeSheets(in mapping.Input, tenant string, hide event.Pseudonymizer) ([]*sheet, error) {
	var sheets []*sheet
	var decoding errgroup.Group
	decoding.SetLimit(runtime.GOMAXPROCS(0))
	open := &sheet{}
	send := func() {
		s := open
		open = &sheet{}
		sheets = append(sheets, s)
		decoding.Go(func() error {
			s.decode(in.Name, tenant, hide)
			return nil
		})
	}
	err := eachLine(in.R, func(line int, body []byte) error {
		open.text = append(open.text, body...)
		open.lines = append(open.lines, sheetLine{line, len(open.text)})
		if len(open.text) >= sheetBytes {
			send()
		}
		return nil
	})
	if len(open.lines) > 0 {
		send()
	}
	return sheets, errors.Join(err, decoding.Wait())
}

func (s *sheet) decode(name, tenant string, hide event.Pseudonymizer) {
	start := 0
	for _, l := range s.lines {
		events, err := event.DecodeJSON(s.text[start:l.end])
		for _, e := range events {
			var ready *event.Event
			if err != nil {
				break
			}
			if ready, err = complete(e, tenant, hide); err == nil {
				s.events = append(s.events, ready)
			}
		}
		if err != nil {
			s.err = fmt.Errorf("%s:%d: %w", name, l.number, err)
			return
		}
		start = l.end
	}
	s.text, s.lines = nil, nil
}

// complete prepares an event as the intake does; without a time of its own it has none here.
func complete(e *event.Event, tenant string, hide event.Pseudonymizer) (*event.Event, error) {
	in := *e
	in.Tenant = tenant
	in.Source.Connector = cmp.Or(in.Source.Connector, "http")
	in.ReceivedAt = cmp.Or(in.ReceivedAt, in.At)
	in.At = cmp.Or(in.At, in.ReceivedAt)
	if in.At == 0 {
		return nil, errors.New("an event has neither occurred_at nor received_at: a log needs the time of each")
	}
	out, _, err := event.Pseudonymise(&in, hide, event.SourceRules{DeclaredConnector: true, DeclaredAccount: true, PlainConversations: true, KeepOrderHints: true})
	if err != nil {
		return nil, err
	}
	if out.Quality == event.QualityUnknown {
		out.Quality = event.QualitySubsecond
	}
	return out, out.Validate()
}

// eachLine calls f for each line that is not blank, or once for a whole array.
func eachLine(r io.Reader, f func(line int, body []byte) error) error {
	b := bufio.NewReaderSize(r, 1<<16)
	line := 1
	for {
		c, err := b.ReadByte()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			if err := b.UnreadByte(); err != nil {
				return err
			}
			if c == '[' {
				return wholeArray(b, line, f)
			}
			break
		}
		if c == '\n' {
			line++
		}
	}
	s := bufio.NewScanner(b)
	s.Buffer(make([]byte, 1<<16), mostEventBytes)
	for ; s.Scan(); line++ {
		if body := bytes.TrimSpace(s.Bytes()); len(body) > 0 {
			if err := f(line, body); err != nil {
				return err
			}
		}
	}
	return s.Err()
}

func wholeArray(r io.Reader, line int, f func(line int, body []byte) error) error {
	body, err := io.ReadAll(io.LimitReader(r, mostEventBytes+1))
	if err != nil {
		return err
	}
	if len(body) > mostEventBytes {
		return fmt.Errorf("an array of more than %d MiB: write one event a line", mostEventBytes>>20)
	}
	return f(line, body)
}
