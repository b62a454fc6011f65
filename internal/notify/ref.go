package notify

import "context"

// Referrer is a [Notifier] whose destination keeps what it was told as something that can be changed later: a message, a task, a ticket. What it is called there is its reference.
//
// The alerter stores one reference for each incident and receiver, gives it back with the next notice of the same incident, and stores what comes back. So an incident has one
// task that is brought up to date, not one task a notice.
type Referrer interface {
	Notifier
	// NotifyRef tells n, changing what ref names if ref is not empty. It returns the reference to store, at most 200 characters without secrets. A reference that comes together
	// with an error is to be stored too: the destination has the thing, but not yet as it should be.
	//
	// With an empty ref, destinations that can be asked for an incident are asked before anything is made there, for an earlier attempt may have arrived although its answer was
	// lost. Notify is NotifyRef with an empty ref.
	NotifyRef(ctx context.Context, n Notice, ref string) (string, error)
}
