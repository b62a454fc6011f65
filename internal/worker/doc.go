// Package worker is the role between the log and the state: it reads records, folds them, stores what they change, and relays what they cause.
//
// Each assigned partition has an owner: one goroutine that claims the state, finds out where it stands in the log ([decide]), and follows the log from
// there, and one that relays the outbox. What keeps the numbers exact is not the assignment but the compare-and-set on the position, in the script
// that writes: an owner that is refused drops everything it believes and goes on from the stored position, forwards or back.
//
// Reading order: run.go (assignments), owner.go (one partition's life), decide.go and open.go (where to begin), follow.go (the loop), relay.go (outputs), clock.go and
// tick.go and stall.go (time), keep.go (what must never fall out of the log).
package worker
