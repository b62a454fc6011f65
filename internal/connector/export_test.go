package connector

// What tests look at.
const (
	MaxLarge  = maxLarge
	SmallBody = smallBody
)

// InFlight returns how many deliveries wait for the log.
func (k *Hooks) InFlight() int { return len(k.inFlight) }

// Places returns how many deliveries may wait for the log.
func (k *Hooks) Places() int { return cap(k.inFlight) }

// Large returns how many large bodies of strangers are being read.
func (k *Hooks) Large() int { return len(k.large) }
