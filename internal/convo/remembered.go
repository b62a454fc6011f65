package convo

// Remembered are the events that the conversation still knows one by one, by the hash of their ids: all that it took within its horizon.
func (s *State) Remembered() []uint64 {
	out := make([]uint64, len(s.entries))
	for i := range s.entries {
		out[i] = s.entries[i].ID
	}
	return out
}

// First is the instant of the first event that the conversation took since it is remembered, Unix ms.
func (s *State) First() int64 { return s.first }
