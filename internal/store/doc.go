// Package store keeps the state of a partition in Redis: claim it, load it, apply to it exactly once, read it, relay its outbox.
//
// A [Slot] is one topic partition of one stage. Its state is a set of hashes with opaque values, an outbox, and one
// meta hash that holds the [Position] (the next record to fold), the epoch of the owner, and what the state depends
// on (partition count, partitioner, schema). All keys of a slot share one hash tag, so that every script is atomic on a
// single node and in a cluster, and so that any copy of Redis, of any instant, holds a prefix of the applies.
//
// The rules, in the order in which they matter:
//
//   - [Store.Apply] changes state only if the stored position equals the one the fold began at. The comparison and
//     the writes are one script. A refusal carries the stored position and the caller moves there, forwards or back.
//   - "Already applied" is success, because the client resends a script whose reply was lost.
//   - Positions and epochs are compared as decimal strings: Lua numbers are doubles.
//   - Scripts check everything first and write the position last. Redis does not roll back a script that fails.
//   - The store knows no KPI, and Lua does no arithmetic on values.
//   - Every data key carries the number of its space. A rebuild begins a new space, so that it can never meet a value,
//     or an owner, of the old one.
//
// The same scripts run on Redis 6.2 and later, on Valkey, and on the in-process server of [StartEmbedded].
package store
