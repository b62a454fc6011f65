// Package oracletest folds logs with the engine and computes them again with the oracle: whatever the two say must be equal.
package oracletest
