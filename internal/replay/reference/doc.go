// Package reference computes phone and messaging KPIs straight from the rows of
// two public data sets, by the plain definition: read, sort, list, count. It is the
// independent judge that replay is compared with, so it imports the standard library
// only, shares no code with the engine, and prefers the obvious to the fast: no
// panes, no ticks, no incremental state, no buckets.
//
// [Bank] reads the call log of a bank, one call a row; [Twcs] reads customer-service
// conversations of a social network, one message a row. Instants are Unix seconds
// and durations whole seconds, as in the data; every sum is exact and every
// percentile is the nearest rank of the sorted values.
//
// Line numbers are physical lines of the file, the header being line 1. A row that
// spans several lines is named by its first.
package reference
