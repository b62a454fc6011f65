// Package document reads strict YAML: one document, keys that are known and stand once, values and where they stand. It goes on after a mistake, so that one run finds all of
// them, and shows each with its line and a caret.
//
// It is pure: no I/O, no clock, no goroutines. What a value means is up to the packages that read with it: internal/config and internal/rule.
package document
