// Package replay sends the logs of other systems through the real engine and prints what it computes, by period and group.
//
// A mapping (package mapping) turns files into events. They go the way of live events: ingest, Kafka, worker, Redis, in one process ([Run] starts the embedded
// engine, or uses topics and keys of its own on real servers). Only time is the data's: replay writes the ticks, and the worker writes none.
//
// Panes grow coarser with age, so the values of a period are read as late as possible before that costs resolution (harvest.go), and longer periods are added up from
// cells, never from values. Reading order: run.go, engine.go, ship.go, harvest.go, report.go.
package replay
