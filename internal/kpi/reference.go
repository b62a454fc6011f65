package kpi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// ReferenceName names a number that no channel brings.
type ReferenceName struct {
	Type event.ReferenceType
	Key  string
}

// Field is the name as it is stored under.
func (n ReferenceName) Field() string { return n.Type.String() + "\x1f" + n.Key }

// ParseReferenceName reads what Field wrote.
func ParseReferenceName(field string) (ReferenceName, bool) {
	name, key, _ := strings.Cut(field, "\x1f")
	t, ok := event.ParseReferenceType(name)
	return ReferenceName{t, key}, ok
}

// ReferencePoint is what a number is from an instant (Unix ms) on.
type ReferencePoint struct {
	At       int64
	Value    int64 // billionths
	Currency string
}

// Number prints the value, exactly and without trailing zeros.
func (p ReferencePoint) Number() Number {
	whole, part := strconv.FormatInt(p.Value/1e9, 10), fmt.Sprintf("%09d", p.Value%1e9)
	if part = strings.TrimRight(part, "0"); part != "" {
		whole += "." + part
	}
	return Number(whole)
}

// History is what a number was, ascending by instant.
type History []ReferencePoint

// maxHistory bounds what is remembered of one number: daily values of more than a year.
const maxHistory = 400

// Set enters a point; one of the same instant is replaced. The oldest goes when there are too many.
func (h History) Set(p ReferencePoint) History {
	i, found := slices.BinarySearchFunc(h, p.At, func(o ReferencePoint, at int64) int { return cmp.Compare(o.At, at) })
	if found {
		h = slices.Clone(h)
		h[i] = p
		return h
	}
	h = slices.Insert(slices.Clone(h), i, p)
	return h[max(0, len(h)-maxHistory):]
}

// At returns what holds at an instant; ok is false before the first point.
func (h History) At(at int64) (p ReferencePoint, ok bool) {
	i, found := slices.BinarySearchFunc(h, at, func(o ReferencePoint, at int64) int { return cmp.Compare(o.At, at) })
	if !found {
		i--
	}
	if i < 0 {
		return p, false
	}
	return h[i], true
}

// Encode writes the history.
func (h History) Encode() []byte {
	w := &pack.Writer{}
	w.Uint(uint64(len(h)))
	for _, p := range h {
		w.Int(p.At)
		w.Int(p.Value)
		w.String(p.Currency)
	}
	return w.Bytes()
}

// DecodeHistory reads what Encode wrote; nothing is an empty history.
func DecodeHistory(b []byte) (History, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := pack.NewReader(b)
	var h History
	for n := r.Len(); n > 0; n-- {
		h = append(h, ReferencePoint{r.Int(), r.Int(), r.String()})
	}
	if r.More() {
		return nil, pack.ErrDamaged
	}
	return h, r.Err()
}

// References are the numbers of a tenant.
type References map[ReferenceName]History

// At returns what a number is at an instant.
func (r References) At(t event.ReferenceType, key string, at int64) (ReferencePoint, bool) {
	return r[ReferenceName{t, key}].At(at)
}
