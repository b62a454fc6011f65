package verify

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Kind is what differs.
type Kind string

// The kinds.
const (
	Pane         Kind = "pane"         // numbers of a pane cell
	Directory    Kind = "directory"    // a chunk of panes that readers do not find, or that is gone
	Conversation Kind = "conversation" // the state of one
	Event        Kind = "event"        // an event that the state of its conversation does not know, or that the log does not
	Customer     Kind = "customer"     // the state of one
	Agent        Kind = "agent"        // what readers are shown of one
	Position     Kind = "position"     // which records the state has applied
	Clock        Kind = "time"         // the time that a partition has reached
	Open         Kind = "open"         // the list of open conversations, with the promises that run
	Breach       Kind = "breach"       // signals about promises
	Number       Kind = "number"       // a number that no channel brings
	Damaged      Kind = "damaged"      // a value that cannot be read
)

// Difference is one place where state and log differ.
type Difference struct {
	Kind      Kind   `json:"kind"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    *int64 `json:"offset,omitempty"` // in the topic
	Tenant    string `json:"tenant,omitempty"`
	// Key and Field say where it stands in the slot's part of Redis, after the prefix and the space.
	Key   string `json:"key,omitempty"`
	Field string `json:"field,omitempty"`
	Pane  *Where `json:"pane,omitempty"`
	State string `json:"state"` // what Redis says
	Log   string `json:"log"`   // what follows from the log
	// Conversations and Customers are behind it, ascending.
	Conversations []string `json:"conversations,omitempty"`
	Customers     []string `json:"customers,omitempty"`
	// Why is why it is undecided.
	Why string `json:"why,omitempty"`
}

// Where names a cell of a pane.
type Where struct {
	From    time.Time         `json:"from"`
	To      time.Time         `json:"to"`
	By      string            `json:"by"` // the family: routing, agent, topic, work or customers
	Group   map[string]string `json:"group"`
	Metrics []int             `json:"metrics"` // that differ, by their numbers in the definitions
	KPIs    []string          `json:"kpis"`    // that rest on them
}

// AsOf is what was compared of a partition.
type AsOf struct {
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`    // of the next record to apply
	LogStart  int64     `json:"log_start"` // first offset that the log still has
	Records   int64     `json:"records"`   // of the log below the offset
	Older     int64     `json:"older"`     // records that were applied and are no longer in the log
	Time      time.Time `json:"time"`      // that the partition has reached
	// From is the instant before which the log says nothing, zero when it reaches back to the begin of the state.
	From time.Time `json:"from,omitzero"`

	skipped int64 // records of the log that it has not applied
}

// Compared counts what was compared.
type Compared struct {
	Records       int64 `json:"records"`
	Cells         int   `json:"cells"`
	Conversations int   `json:"conversations"`
	Customers     int   `json:"customers"`
	Agents        int   `json:"agents"`
	Open          int   `json:"open"`
	Breaches      int   `json:"breaches"`
	Numbers       int   `json:"numbers"`
}

// Unverifiable counts what the log says nothing about.
type Unverifiable struct {
	Cells         int `json:"cells"`         // of panes that end before the log begins
	Conversations int `json:"conversations"` // that the log has no event of
	Breaches      int `json:"breaches"`
}

// Report is what a comparison has found.
type Report struct {
	AsOf         []AsOf       `json:"as_of"`
	Compared     Compared     `json:"compared"`
	Unverifiable Unverifiable `json:"unverifiable"`
	Differences  []Difference `json:"differences"`
	Undecided    []Difference `json:"undecided"`
}

// Equal reports whether no difference was found.
func (r *Report) Equal() bool { return len(r.Differences) == 0 }

func (r *Report) add(d Difference) {
	if d.Why != "" {
		r.Undecided = append(r.Undecided, d)
		return
	}
	r.Differences = append(r.Differences, d)
}

// order puts what explains the rest first: positions, then events and conversations, then numbers.
func (r *Report) order() {
	rank := map[Kind]int{Position: 0, Clock: 1, Damaged: 2, Event: 3, Conversation: 4, Customer: 5, Directory: 6, Pane: 7, Open: 8, Agent: 9, Breach: 10, Number: 11}
	for _, list := range [][]Difference{r.Differences, r.Undecided} {
		slices.SortStableFunc(list, func(a, b Difference) int {
			return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), strings.Compare(a.Tenant, b.Tenant),
				strings.Compare(a.Key, b.Key), strings.Compare(a.Field, b.Field))
		})
	}
}
