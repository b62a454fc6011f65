// Package verify compares the state of a stack with its log: what Redis holds against what the oracle computes from the events in Kafka.
//
// The comparison is as of the positions that the state itself names. Every slot is copied at one position, then its partition of the log is read up to there, one
// partition after the other, so that the events of one are in memory at a time. The second stage is copied first: what it has heard of lies below the positions of
// the first. Nothing is changed and nothing is learnt from a fold: what is judged and what judges share the event type, and where a moment is stored.
//
// What is found is of three kinds. A difference: state and log say different things, and one of them is damaged. Undecided: they differ where the log alone does not
// say which is right (see rules 1.10, 13.6 of the definitions). Unverifiable: the log no longer reaches back so far.
package verify
