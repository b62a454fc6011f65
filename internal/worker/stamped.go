package worker

// Stamped reports whether a slot's fingerprint is that of a record, which the slot applied last. known is false while it names none.
func Stamped(mark string, offset int64, value []byte) (same, known bool) {
	hash := parseStamp(mark).hash
	return hash == fingerprint(offset, value), hash != ""
}
