package reference

import "time"

// Total is the From of a key that spans the whole log.
const Total = "total"

// BankKey names one value: a kind of period, its begin and the group.
type BankKey struct {
	// By is "hour", "day" or "total".
	By string
	// From is the begin of the period as RFC 3339 in [BankZone]; [Total] for By total.
	From string
	// Queue is the queue's name; empty for the whole tenant.
	Queue string
}

// BankCell holds the values of one period and group. A contact counts where its outcome
// stands, its handle time where the handling ended.
type BankCell struct {
	// Offered is answered + abandoned.
	Offered  int64
	Outcomes Outcomes
	// SpeedOfAnswer holds the waits of answered contacts; its mean is ASA.
	SpeedOfAnswer Durations
	// HandleTime holds the handlings that ended in this period; its mean is AHT.
	HandleTime Durations
	// AbandonRate is abandoned / offered, short abandonments included.
	AbandonRate Ratio
	// ServiceLevel is by preset, with [BankTarget] and [BankShort].
	ServiceLevel map[string]Ratio
}

// cellsOf lists every contact under each key it belongs to, then evaluates the lists.
func cellsOf(contacts []Contact, zone *time.Location) map[BankKey]BankCell {
	outcomes, endings := map[BankKey][]Contact{}, map[BankKey][]Contact{}
	keys := map[BankKey]bool{}
	for _, c := range contacts {
		for _, key := range keysOf(c.OutcomeAt, c.Queue, zone) {
			outcomes[key] = append(outcomes[key], c)
			keys[key] = true
		}
		if !c.Answered {
			continue
		}
		for _, key := range keysOf(c.EndedAt, c.Queue, zone) {
			endings[key] = append(endings[key], c)
			keys[key] = true
		}
	}
	cells := map[BankKey]BankCell{}
	for key := range keys {
		cells[key] = cellOf(outcomes[key], endings[key])
	}
	return cells
}

// keysOf lists the six keys of an instant: hour, day and total, for the queue and for
// the tenant.
func keysOf(at int64, queue string, zone *time.Location) []BankKey {
	local := time.Unix(at, 0).In(zone)
	year, month, day := local.Date()
	// The hour is cut from the instant, not built from the wall clock, for a wall clock
	// shows one hour twice when summer time ends.
	hour := local.Add(-time.Duration(local.Minute())*time.Minute - time.Duration(local.Second())*time.Second)
	midnight := time.Date(year, month, day, 0, 0, 0, 0, zone)
	var keys []BankKey
	for _, group := range []string{queue, ""} {
		keys = append(keys,
			BankKey{"hour", hour.Format(time.RFC3339), group},
			BankKey{"day", midnight.Format(time.RFC3339), group},
			BankKey{"total", Total, group})
	}
	return keys
}

func cellOf(outcomes, endings []Contact) BankCell {
	var o Outcomes
	var waits, handlings []int64
	for _, c := range outcomes {
		inTarget := c.Wait() <= BankTarget
		if c.Answered {
			waits = append(waits, c.Wait())
			o.Answered++
			o.AnsweredInTarget += one(inTarget)
			continue
		}
		o.Abandoned++
		o.AbandonedInTarget += one(inTarget)
		o.AbandonedShort += one(c.Wait() <= BankShort)
	}
	for _, c := range endings {
		handlings = append(handlings, c.Handling())
	}
	cell := BankCell{
		Offered:       int64(len(outcomes)),
		Outcomes:      o,
		SpeedOfAnswer: durationsOf(waits),
		HandleTime:    durationsOf(handlings),
		AbandonRate:   Ratio{o.Abandoned, int64(len(outcomes))},
		ServiceLevel:  map[string]Ratio{},
	}
	for _, preset := range Presets {
		// The presets are the package's own: an unknown one cannot occur.
		cell.ServiceLevel[preset], _ = ServiceLevel(preset, o)
	}
	return cell
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
