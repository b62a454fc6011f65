// Package exporter shows what is known, to programs and people: the JSON API, the plain page and metrics of the KPIs. It is a role: it reads the state that workers keep and
// writes nothing.
//
//	Store ─▶ Reader: panes, open conversations, kept while a slot's position stands still ─▶ kpi ─▶ Handler: /api/v1/…, /, /metrics/kpi
//
// A [Reader] answers queries without HTTP; the command line and replay use it in the same process. What is not known is never shown as zero: a slot without
// state is an error ([UnknownError]), and values that miss something say so.
package exporter
