package fold

import "maps"

// Memory is the state of a slot in this process: key → field → value. It is for those who fold a log to look at what comes out, and belongs to one goroutine.
type Memory map[string]map[string][]byte

// Load is a [Load]; it never fails.
func (m Memory) Load(refs []Ref) ([]Value, error) {
	out := make([]Value, len(refs))
	for i, r := range refs {
		fields := m[r.Key]
		if r.Field == "" {
			out[i] = Value{Fields: maps.Clone(fields), Found: len(fields) > 0}
		} else if b, ok := fields[r.Field]; ok {
			out[i] = Value{Blob: b, Found: true}
		}
	}
	return out, nil
}

// Apply takes in what a commit writes.
func (m Memory) Apply(c Commit) {
	for _, w := range c.Writes {
		switch {
		case w.Field == "":
			delete(m, w.Key)
		case w.Value == nil:
			delete(m[w.Key], w.Field)
			if len(m[w.Key]) == 0 {
				delete(m, w.Key)
			}
		default:
			if m[w.Key] == nil {
				m[w.Key] = map[string][]byte{}
			}
			m[w.Key][w.Field] = w.Value
		}
	}
}
