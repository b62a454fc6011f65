package reference

import (
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // the zone must not depend on the machine
)

// BankZone is the zone in which the call log tells time and in which its days and
// hours begin.
const BankZone = "Asia/Jerusalem"

// Phone defaults, in seconds. Both bounds are inclusive: a wait of exactly the target
// is in target, an abandonment after exactly the short threshold is short.
const (
	BankTarget = 20
	BankShort  = 5
)

// Contact is one entry into a queue and how it ended. All instants are Unix seconds.
type Contact struct {
	// Line is the row in the file; Conversation is line, date and call id.
	Line         int
	Conversation string
	// Queue is the row's type. Agent is empty when unknown or abandoned.
	Queue, Agent string
	// Answered tells an answered contact from an abandoned one.
	Answered bool
	// EnteredAt is when the contact entered the queue, OutcomeAt when it was answered or
	// abandoned, and EndedAt when its handling ended (zero for an abandoned one).
	EnteredAt, OutcomeAt, EndedAt int64
}

// Wait is the seconds from entering the queue to the outcome, at least 0.
func (c Contact) Wait() int64 { return c.OutcomeAt - c.EnteredAt }

// Handling is the seconds from the answer to the end, at least 0; 0 when abandoned.
func (c Contact) Handling() int64 {
	if !c.Answered {
		return 0
	}
	return c.EndedAt - c.OutcomeAt
}

// BankResult is the whole computation over one call log.
type BankResult struct {
	Ledger Ledger
	// Contacts are in file order.
	Contacts []Contact
	// IVRHangups are the lines of calls that hung up before any queue. They are used
	// rows, and offered to no queue.
	IVRHangups []int
	// Cells holds every period and group that has at least one contribution.
	Cells map[BankKey]BankCell
	Notes Notes
}

// Bank computes the phone KPIs of a tab-separated call log (plain text: the caller
// unzips), row by row:
//
//   - A PHANTOM row is no call.
//   - AGENT is answered at ser_start and ended at ser_exit; it entered the queue at
//     q_start, or at ser_start when it never queued. Without ser_start it is unused.
//   - HANG with a q_start is abandoned at q_exit, whatever the service columns say;
//     without one the caller hung up in the IVR and was offered to no queue.
//
// Where a row runs backwards, the outcome stays where the log has it and the other
// instant moves to it: a service before the queue entry waited 0 s, and so did an
// abandonment before it; a service that ends before it starts lasted 0 s. Rows are told
// apart by their line only: when several share line, date and call id, the conversation
// is the same and each row is a further queue entry of it, so each counts as a contact
// (no rule calls such a row unused). [BankResult.Notes] lists all of these.
//
// Bank fails on an unreadable stream and on a header without the needed columns; a bad
// row is only an entry in the ledger.
func Bank(r io.Reader) (BankResult, error) {
	zone, err := time.LoadLocation(BankZone)
	if err != nil {
		return BankResult{}, fmt.Errorf("bank: %w", err)
	}
	rows, err := readBank(r)
	if err != nil {
		return BankResult{}, err
	}
	result := BankResult{Ledger: Ledger{Rows: len(rows)}, Notes: Notes{}}
	for _, row := range rows {
		result.add(row, zone)
	}
	result.Ledger.sort()
	result.noteRepeats(rows)
	result.Cells = cellsOf(result.Contacts, zone)
	return result, nil
}

func (b *BankResult) add(row bankRow, zone *time.Location) {
	contact, reason := row.contact(zone)
	switch {
	case reason != "":
		b.Ledger.refuse(reason, row.line)
		return
	case contact == nil:
		b.IVRHangups = append(b.IVRHangups, row.line)
	default:
		b.note(row, *contact, zone)
		b.Contacts = append(b.Contacts, *contact)
	}
	b.Ledger.Used++
}

// contact is nil without a reason for a call that hung up in the IVR.
func (row bankRow) contact(zone *time.Location) (*Contact, string) {
	v := row.values
	if v == nil {
		return nil, ReasonBadRow
	}
	if v["outcome"] == "PHANTOM" {
		return nil, ReasonPhantom
	}
	c, err := row.clock(zone)
	if err != nil || v["type"] == "" {
		return nil, ReasonBadRow
	}
	contact := &Contact{
		Line:         row.line,
		Conversation: row.conversation(),
		Queue:        v["type"],
	}
	switch outcome, queued := v["outcome"], !never(v["q_start"]); {
	case outcome == "AGENT":
		return row.answered(contact, c, queued)
	case outcome == "HANG" && queued:
		return row.abandoned(contact, c)
	case outcome == "HANG":
		if _, err := c.instant(v["vru_exit"]); err != nil {
			return nil, ReasonBadRow
		}
		return nil, ""
	default:
		return nil, ReasonBadRow
	}
}

// conversation is the identity of a call: line, date and call id.
func (row bankRow) conversation() string {
	return row.values["vru+line"] + "/" + row.values["date"] + "/" + row.values["call_id"]
}

func (row bankRow) answered(contact *Contact, c clock, queued bool) (*Contact, string) {
	if never(row.values["ser_start"]) {
		return nil, ReasonNoServiceStart
	}
	start, err1 := c.instant(row.values["ser_start"])
	exit, err2 := c.instant(row.values["ser_exit"])
	entered, err3 := start, error(nil)
	if queued {
		entered, err3 = c.instant(row.values["q_start"])
	}
	if errors.Join(err1, err2, err3) != nil {
		return nil, ReasonBadRow
	}
	contact.Answered = true
	contact.EnteredAt, contact.OutcomeAt, contact.EndedAt = min(entered, start), start, max(start, exit)
	if row.values["server"] != "NO_SERVER" {
		contact.Agent = row.values["server"]
	}
	return contact, ""
}

func (row bankRow) abandoned(contact *Contact, c clock) (*Contact, string) {
	entered, err1 := c.instant(row.values["q_start"])
	exit, err2 := c.instant(row.values["q_exit"])
	if errors.Join(err1, err2) != nil {
		return nil, ReasonBadRow
	}
	contact.EnteredAt, contact.OutcomeAt = min(entered, exit), exit
	return contact, ""
}
