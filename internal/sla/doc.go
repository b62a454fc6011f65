// Package sla knows promises and business calendars: when is this due?
//
// It has three parts, each usable without the others:
//
//   - a [Calendar] turns opening hours in a zone into business time on the
//     line of instants: [Calendar.Elapsed], [Calendar.Add];
//   - [Elapsed] and [Due] do the same with pauses taken out;
//   - a [Policy] is one tenant's compiled rules: which promises a conversation
//     gets ([Policy.Match]) and the limits that the folds need.
//
// The package is pure: no clock, no I/O, no goroutine. A policy travels in the
// log as JSON ([Policy.JSON]) and every worker compiles it with [DecodePolicy],
// so the same record gives the same due times on every machine: zone rules and
// holiday rules come from the binary, never from the host (see [LoadZone]).
//
// Instants are Unix milliseconds and durations are milliseconds, both int64.
package sla
