// Package convo is the states of one conversation and what changed.
//
// A conversation keeps the entries of its horizon (one record's time, kind, id, policy version) and a residue: what the entries before them left. Nothing is
// counted incrementally: with every event the entries are run through the machine again, and the difference to what was emitted before goes out. So late,
// repeated and reordered events need no special cases, and the final numbers do not depend on the order of arrival.
//
//	event ──▶ Entry ──▶ sorted entries ──▶ machine ──▶ moments, promises, contact ──▶ difference ──▶ KPIs, signals, facts
//	                     residue ─────────────┘
package convo
