package mapping

import "strings"

// message is a row of a message export, kept until its thread is known.
type message struct {
	cells   []string
	place   []int // cell of each field, in the file it comes from
	line    Line
	hint    string
	id      string
	parent  string
	at      int64
	refused string // why it yields no event; a refused row still links its answers to its parent
}

// thread is what the messages of one root share.
type thread struct {
	brand   string
	brandAt int64 // time of the message that brand was taken from
}

// link finds the root of each message: its parent is followed while it is in the input. Messages that answer each other in a circle have the
// smallest of their ids as root.
func link(all []message) map[string]string {
	parents := make(map[string]string, len(all))
	for i := range all {
		m := &all[i]
		// A repeated id never replaces the first row that can be used.
		if _, ok := parents[m.id]; m.id != "" && (!ok || m.refused == "") {
			parents[m.id] = m.parent
		}
	}
	roots := make(map[string]string, len(parents))
	var path []string
	for i := range all {
		path = path[:0]
		onPath := map[string]bool{}
		id := all[i].id
		for {
			if root, ok := roots[id]; ok {
				id = root
				break
			}
			if onPath[id] {
				id = smallest(path[indexOf(path, id):])
				break
			}
			path = append(path, id)
			onPath[id] = true
			parent := parents[id]
			if _, ok := parents[parent]; !ok || parent == "" {
				break
			}
			id = parent
		}
		for _, p := range path {
			roots[p] = id
		}
	}
	return roots
}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return 0
}

func smallest(ids []string) string {
	least := ids[0]
	for _, id := range ids[1:] {
		if len(id) < len(least) || len(id) == len(least) && id < least {
			least = id
		}
	}
	return least
}

// firstBrand returns the first @handle of a text that is one of the brands, exactly as written, or "".
func firstBrand(text string, brands map[string]bool) string {
	for i := 0; i < len(text); i++ {
		if text[i] != '@' || i > 0 && isHandleByte(text[i-1]) {
			continue
		}
		n := i + 1
		for n < len(text) && isHandleByte(text[n]) {
			n++
		}
		if handle := text[i+1 : n]; brands[handle] {
			return handle
		}
	}
	return ""
}

func isHandleByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// brandsOf finds the brand of every thread: the author of its earliest message of ours, else the first brand that the root's text names.
func (m *Mapping) brandsOf(r *row, all []message, roots map[string]string) map[string]thread {
	t := m.threads
	out := map[string]thread{}
	brands := map[string]bool{}
	texts := map[string]string{}
	for i := range all {
		msg := &all[i]
		r.again(msg)
		if root := roots[msg.id]; t.text >= 0 && root == msg.id && texts[root] == "" {
			texts[root] = r.text(t.text)
		}
		if msg.refused != "" {
			continue
		}
		ours, err := t.ours(r)
		if err != nil || !ours {
			continue // a condition that cannot be judged refuses the row later, by the rules
		}
		author := r.text(t.author)
		if author == "" {
			continue
		}
		brands[author] = true
		root := roots[msg.id]
		// Rows come in the order of the input, so equal times leave the earlier line its place.
		if had, ok := out[root]; !ok || msg.at < had.brandAt {
			out[root] = thread{author, msg.at}
		}
	}
	for root, text := range texts {
		if _, ok := out[root]; ok {
			continue
		}
		if brand := firstBrand(strings.TrimSpace(text), brands); brand != "" {
			out[root] = thread{brand: brand}
		}
	}
	return out
}
