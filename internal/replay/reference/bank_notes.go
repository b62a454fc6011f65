package reference

import "time"

// What [Bank] notices about rows that it uses.
const (
	// NoteRepeated marks every row whose line, date and call id another row has too.
	NoteRepeated = "line, date and call id shared with another row"
	// NoteServiceBeforeQueue marks a service that starts before the queue entry.
	NoteServiceBeforeQueue = "service starts before the queue entry"
	// NoteQueueBackwards marks an abandonment before the queue entry.
	NoteQueueBackwards = "abandoned before the queue entry"
	// NoteServiceBackwards marks a service that ends before it starts.
	NoteServiceBackwards = "service ends before it starts"
	// NoteServiceEmpty marks a service that ends in the second it starts.
	NoteServiceEmpty = "service of 0 s"
	// NoteNextDay marks a row with an instant moved to the next day.
	NoteNextDay = "runs past midnight"
	// NoteBeforeEntry marks a contact that entered the queue before its vru_entry.
	NoteBeforeEntry = "entered the queue before vru_entry"
	// NoteNoAgent marks an answered call without an agent.
	NoteNoAgent = "answered by no known agent"
	// NoteServedHangup marks an abandoned call with service columns, which are ignored.
	NoteServedHangup = "abandoned, yet with a service"
)

// note looks at a row that became a contact, so every column that it reads is readable.
func (b *BankResult) note(row bankRow, contact Contact, zone *time.Location) {
	c, _ := row.clock(zone)
	at := func(column string) int64 {
		instant, _ := c.instant(row.values[column])
		return instant
	}
	mark := func(yes bool, note string) {
		if yes {
			b.Notes[note] = append(b.Notes[note], row.line)
		}
	}
	queued := !never(row.values["q_start"])
	midnight := time.Date(c.date.Year(), c.date.Month(), c.date.Day()+1, 0, 0, 0, 0, zone).Unix()
	mark(queued && at("q_start") < at("vru_entry"), NoteBeforeEntry)
	if !contact.Answered {
		mark(at("q_start") >= midnight || at("q_exit") >= midnight, NoteNextDay)
		mark(at("q_exit") < at("q_start"), NoteQueueBackwards)
		mark(!never(row.values["ser_start"]), NoteServedHangup)
		return
	}
	mark(at("ser_start") >= midnight || at("ser_exit") >= midnight, NoteNextDay)
	mark(queued && at("ser_start") < at("q_start"), NoteServiceBeforeQueue)
	mark(at("ser_exit") < at("ser_start"), NoteServiceBackwards)
	mark(contact.Handling() == 0, NoteServiceEmpty)
	mark(contact.Agent == "", NoteNoAgent)
}

// noteRepeats lists the calls whose identity is not their own. Phantoms and broken rows
// do not count: they are no calls.
func (b *BankResult) noteRepeats(rows []bankRow) {
	unused := map[int]bool{}
	for _, lines := range b.Ledger.Unused {
		for _, line := range lines {
			unused[line] = true
		}
	}
	count := map[string]int{}
	for _, row := range rows {
		if !unused[row.line] {
			count[row.conversation()]++
		}
	}
	for _, row := range rows {
		if !unused[row.line] && count[row.conversation()] > 1 {
			b.Notes[NoteRepeated] = append(b.Notes[NoteRepeated], row.line)
		}
	}
}
