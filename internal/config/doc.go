// Package config reads the one configuration file into typed, checked values.
//
// The file is YAML and strict: a key that is not known, a value of the wrong shape or a name that is given twice is an error with the line and a caret, and all
// errors are reported at once. `${NAME}` in a value is replaced by the environment variable ("$${" is a literal "${"), after the YAML was read, so that a variable
// can never add keys. Every secret has a twin whose name ends in `_file`, relative to the folder of the configuration; files are read once, at start, and end at the
// last line break. Secrets print as <secret>, and no error shows one.
package config
