// Package digest makes the summary of a week or a month that people read: what was measured, what changed more than chance brings, who did best and worst, what was broken. It is pure:
// the API's answers go in, a document comes out.
//
//	answers ─▶ Make ─▶ Digest (JSON) ─▶ Markdown, HTML in es, pt, en
//
// Nothing is said that no answer says: every number stands with what it rests on and what it is compared with, only differences that the answers call significant are called changes, and
// what is hidden, missing or not known is said to be.
package digest
