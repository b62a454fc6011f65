// Package bus is the Kafka log: publish to it, fetch batches from it, share its
// partitions between members of a group, and start one inside the process.
//
// The bus moves bytes. It knows keys, offsets and headers, and nothing of what the
// values mean.
//
// Two ways in, two guarantees:
//
//   - [Client.Publish] spreads messages over the partitions of a topic by key and
//     returns when every replica in sync has them. Many callers share its batches.
//   - [Client.Produce] appends to one partition in one request. A caller that keeps one
//     request in flight keeps its order, which an outbox relay needs.
//
// Both are at least once: after an error that says nothing about the outcome (a time-out,
// a broken connection) the messages may be in the log, so readers deduplicate by the ids
// inside the values.
//
// One way out: [Client.Join] says which partitions are ours and until when,
// [Client.Fetch] reads one of them from any offset. Where to start reading is not the
// group's business but that of the state that the records were folded into; the group's
// committed offsets ([Client.Commit]) are a mark that others may read.
//
// The client library is segmentio/kafka-go. Its Reader is never used: it jumps over
// expired records without an error and keeps serving records of partitions that it has
// lost. Limits that follow from the library: no idempotent producer; records of aborted
// transactions are delivered like any others, so transactional producers upstream are not
// supported (their control markers are dropped); rebalances are eager.
//
// [StartEmbedded] runs franz-go's kfake in this process, on loopback or on a [Virtual]
// network, in memory or with a data directory. The same conformance suite
// (package bustest) passes on it and on Apache Kafka.
package bus
