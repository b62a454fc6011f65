// Package mapping turns files that other systems wrote (call logs, ticket and message exports) into events.
//
// A [Mapping] is a YAML file that says how a file is written (delimiter, encoding, columns, dates) and which events each row stands for. README.md
// beside this file is the reference of that language; the mappings in builtin/ are its examples. [Mapping.Read] is deterministic: the same files
// give the same events with the same ids in the same order. Every row is accounted for: it yields events or stands in the [Ledger] under a reason.
package mapping
