// Package rule says when a number is bad and when it is good again: threshold, burn-rate, absence and silent-source rules as files, judged by a pure state machine.
//
// Reading order: rule.go (what a rule is), parse.go (how files are read), observe.go (numbers → true, false or unknown), step.go (inactive → pending → firing → resolved).
// cases.go and run.go test rules over an invented time line. Whoever evaluates rules (the alerter, a back-test, a test) asks [Rule.Queries] what to read, hands the answers
// to [Rule.Observe], and every observation with the state of its group to [Rule.Step]. Time is the data's: instants come with the observations.
package rule
