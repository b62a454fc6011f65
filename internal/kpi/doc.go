// Package kpi says what each number means.
//
// A KPI is a [Def] in a file of its own and one line in catalog.go. What a conversation yields (a [convo.Moment]) is counted under raw metrics (metrics.go) by
// [Observe]; a definition of a KPI is a pure function of a cell of such metrics, so that one stored count serves every definition, also of windows that
// are long over. Several KPIs may read one metric: it is written once. KPIs about now are read from the open conversations instead.
//
// [Value] is the one shape in which numbers leave Vigia: API, command line and replay.
package kpi

//go:generate go test -run TestReadme -update .
