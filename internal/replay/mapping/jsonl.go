package mapping

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/vigia-cx/vigia/internal/event"
)

// jsonl reads canonical events, one JSON object a line, and returns how many lines there are. What a live connector would fill in is filled in here.
func (rd *reading) jsonl(ctx context.Context, in Input, name string, offset int) (lines int, err error) {
	text, err := open(in, encodingUTF8)
	if err != nil {
		return 0, err
	}
	if head, _ := text.Peek(256); !bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		return 0, fmt.Errorf("%s does not begin with a JSON object: the mapping %q reads events, one JSON object a line; for a table name another mapping (`vigia mapping init FILE` writes one)", in.Name, rd.m.name)
	}
	rows := &rowReader{name: in.Name, r: text}
	r := &row{m: rd.m}
	for ; !rd.full(); rd.ledger.Rows++ {
		if rd.ledger.Rows%1024 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		raw, err := rows.readLine()
		for err == nil && len(bytes.TrimSpace(raw)) == 0 {
			raw, err = rows.readLine()
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		r.line, r.hint = Line{name, rows.line}, decimal(offset+rows.line)
		rd.book(r, rd.useJSON(r, raw))
	}
	return rows.line, nil
}

// compose names the conversation of a channel that has no ids for it by account and customer, as ingest does.
func compose(e *event.Event) {
	switch e.Channel {
	case event.WhatsApp, event.Messenger, event.Instagram, event.Telegram, event.SMS:
	default:
		if !e.Threadless {
			return
		}
	}
	who := e.Customer
	if who == "" && len(e.Identities) > 0 {
		who = e.Identities[0].Value
	}
	if e.Conversation == "" && who != "" {
		e.Conversation, e.Threadless = e.Source.Account+"/"+who, true
	}
}

func (rd *reading) useJSON(r *row, raw []byte) error {
	events, err := event.DecodeJSON(raw)
	if err != nil {
		return refused(err)
	}
	sum := sha256.Sum256(raw)
	digest := [16]byte(sum[:16])
	for i, e := range events {
		if e.Tenant == "" {
			e.Tenant = rd.m.tenant.text(r)
		}
		if e.Source.Connector == "" {
			e.Source.Connector = "replay"
		}
		if e.Source.Account == "" {
			e.Source.Account = rd.m.name
		}
		if e.Quality == event.QualityUnknown {
			e.Quality = event.QualitySubsecond
		}
		// The log's clock was another one when this was recorded, so the receipt is the event's own time unless the line says better.
		if e.ReceivedAt == 0 {
			e.ReceivedAt = e.At
		}
		if e.OrderHint == "" {
			e.OrderHint = r.hint
		}
		compose(e)
		if e.ID == "" {
			key := e.Source.NativeID
			if key == "" {
				key = fmt.Sprintf("%x/%d/%d", digest, rd.seen[digest], i)
			}
			e.ID = event.DeriveID(e.Tenant, e.Source.Connector, e.Source.Account, key)
		}
		if err := e.Validate(); err != nil {
			return refused(err)
		}
	}
	rd.seen[digest]++
	rd.events = append(rd.events, events...)
	return nil
}
