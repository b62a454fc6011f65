// Package app builds, starts and stops an installation in one process: the log and the state (embedded, or clients of real servers), the roles that are asked for, and
// the HTTP listeners in front of them: one for senders and readers, one for operators.
//
// Start goes up in the order of the data (servers, policies, worker, connector, listener), Stop comes down in the reverse: no new requests, then what is at hand is
// finished and relayed, then everything is flushed and closed. Every step down has a name and a bound.
package app
