package event

import (
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decoder reads record values, as [Decode] does, and keeps one copy of the names that come again and again: queues, teams, agents, models. It belongs to one
// goroutine. The zero value is ready.
type Decoder struct {
	names map[string]string
}

// maxNames bounds the names kept; beyond, they are forgotten and collected anew.
const maxNames = 8192

// Decode reads a record value. Every error is an [*Error] with a typed reason; garbage never panics.
func (d *Decoder) Decode(value []byte) (Record, error) {
	if d.names == nil {
		d.names = map[string]string{}
	}
	return decodeWith(value, d)
}

func decodeWith(value []byte, d *Decoder) (Record, error) {
	if r, ok := read(value, d); ok {
		if e, isEvent := r.Body.(*Event); isEvent {
			if err := e.Validate(); err != nil {
				return Record{}, err
			}
		}
		return r, nil
	}
	return decode(value)
}

func (d *Decoder) name(b []byte) string {
	if d == nil {
		return string(b)
	}
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	if len(d.names) >= maxNames {
		clear(d.names)
	}
	s := string(b)
	d.names[s] = s
	return s
}

// What follows reads the records that make up nearly all of the log straight from the wire, a third of the price of the way over generated messages. It takes only what
// Encode writes: each field at most once, nothing unknown, nothing out of range. Everything else is left to the protobuf library, so that there is one judge of what is valid.
// FuzzDecodersAgree and TestDecodersAgree hold the two against each other.

// reader is one pass, with d nil for one record only; bad says that the record is not for it.
type reader struct {
	d   *Decoder
	bad bool
}

func read(value []byte, d *Decoder) (r Record, ok bool) {
	if len(value) > MaxRecordBytes {
		return r, false
	}
	rd := &reader{d: d}
	for f := rd.fields(value); f.next(); {
		switch f.num {
		case 1, 2, 5, 6: // one record kind
			if r.Body != nil {
				return r, false
			}
			r.Body = rd.body(f.num, f.bytes())
		case 15:
			r.Seq = rd.seq(f.bytes())
		case 16:
			r.OutputID = f.text()
		default:
			return r, false
		}
	}
	return r, !rd.bad && r.Body != nil
}

func (rd *reader) body(num protowire.Number, b []byte) RecordBody {
	switch num {
	case 1:
		return rd.event(b)
	case 2:
		var t Tick
		for f := rd.fields(b); f.next(); {
			t.At = int64(f.varint(1))
		}
		return t
	case 5:
		var w Watermark
		for f := rd.fields(b); f.next(); {
			if f.num == 1 {
				w.Partition = int32(f.varint(1))
			} else {
				w.At = int64(f.varint(2))
			}
		}
		return w
	}
	return rd.fact(b)
}

// fields walks over the fields of a message.
type fields struct {
	rd   *reader
	b    []byte
	num  protowire.Number
	typ  protowire.Type
	seen uint64
}

func (rd *reader) fields(b []byte) fields { return fields{rd: rd, b: b} }

// next goes to the next field. The caller takes its value before the next call.
func (f *fields) next() bool {
	if f.rd.bad || len(f.b) == 0 {
		return false
	}
	tag, n := protowire.ConsumeVarint(f.b)
	if n < 0 || tag>>3 == 0 || tag>>3 > 63 || f.seen&(1<<(tag>>3)) != 0 {
		return f.fail()
	}
	f.num, f.typ = protowire.Number(tag>>3), protowire.Type(tag&7)
	f.seen |= 1 << f.num
	f.b = f.b[n:]
	return true
}

func (f *fields) fail() bool {
	f.rd.bad, f.b = true, nil
	return false
}

// varint takes a number; num is the field that it must be, 0 for any.
func (f *fields) varint(num protowire.Number) uint64 {
	v, n := protowire.ConsumeVarint(f.b)
	if n < 0 || f.typ != protowire.VarintType || num != 0 && f.num != num {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) enum() int32 { return int32(f.varint(0)) }

func (f *fields) flag() bool { return f.varint(0) != 0 }

func (f *fields) double() float64 {
	v, n := protowire.ConsumeFixed64(f.b)
	if n < 0 || f.typ != protowire.Fixed64Type {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return math.Float64frombits(v)
}

func (f *fields) bytes() []byte {
	v, n := protowire.ConsumeBytes(f.b)
	if n < 0 || f.typ != protowire.BytesType {
		f.fail()
		return nil
	}
	f.b = f.b[n:]
	return v
}

// text takes a string of its own, name one that comes often.
func (f *fields) text() string {
	b := f.bytes()
	if !utf8.Valid(b) {
		f.fail()
	}
	return string(b)
}

func (f *fields) name() string {
	b := f.bytes()
	if !utf8.Valid(b) {
		f.fail()
		return ""
	}
	return f.rd.d.name(b)
}

// instant takes a google.protobuf.Timestamp that millis accepts.
func (f *fields) instant() int64 {
	seconds, nanos := f.twoNumbers()
	if seconds < minInstant/1000 || seconds > maxInstant/1000 || nanos < 0 || nanos >= 1e9 {
		f.fail()
		return 0
	}
	return seconds*1000 + int64(nanos)/1e6
}

// span takes a google.protobuf.Duration that duration accepts.
func (f *fields) span() int64 {
	seconds, nanos := f.twoNumbers()
	if seconds < 0 || seconds >= maxDuration/1000 || nanos < 0 || nanos >= 1e9 {
		f.fail()
		return 0
	}
	return seconds*1000 + int64(nanos)/1e6
}

func (f *fields) twoNumbers() (seconds int64, nanos int32) {
	for g := f.rd.fields(f.bytes()); g.next(); {
		if g.num == 1 {
			seconds = int64(g.varint(1))
		} else {
			nanos = int32(g.varint(2))
		}
	}
	return seconds, nanos
}

func (rd *reader) seq(b []byte) *Seq {
	s := &Seq{}
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			s.Topic = f.name()
		case 2:
			s.Partition = f.enum()
		case 3:
			s.LogLineage = int64(f.varint(0))
		case 4:
			s.Offset = int64(f.varint(0))
		case 5:
			s.Step = f.enum()
		case 6:
			s.Index = f.enum()
		case 7:
			s.Prev = rd.prev(f.bytes())
		default:
			f.fail()
		}
	}
	return s
}

func (rd *reader) prev(b []byte) (p PrevSeq) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			p.Offset = int64(f.varint(0))
		case 2:
			p.Step = f.enum()
		case 3:
			p.Index = f.enum()
		case 4:
			p.Restart = f.flag()
		default:
			f.fail()
		}
	}
	return p
}

func (rd *reader) fact(b []byte) Fact {
	var t Fact
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			t.Tenant = f.name()
		case 2:
			t.Customer = f.text()
		case 3:
			t.Subject = f.text()
		case 4:
			t.Revision = f.varint(0)
		case 5:
			t.Retracted = f.flag()
		case 6:
			t.Channel = enum[Channel](f.enum())
		case 7:
			t.Queue = f.name()
		case 8:
			t.StartedAt = int64(f.varint(0))
		case 9:
			t.ActiveAt = f.numbers()
		case 10:
			t.Open = f.flag()
		case 11:
			t.EndedAt = int64(f.varint(0))
		case 16:
			t.Team = f.name()
		case 17:
			t.Agent = f.name()
		case 18:
			t.Topic = f.name()
		case 19:
			t.Complexity = uint8(min(uint32(f.varint(0)), 3))
		case 20:
			t.ResolvedAt = int64(f.varint(0))
		case 21:
			t.Reopened = f.flag()
		case 22:
			t.Transferred = f.flag()
		case 23:
			t.Agents = uint32(f.varint(0))
		case 24:
			t.PeopleAt = int64(f.varint(0))
		case 25:
			t.Bot = f.flag()
		case 26:
			t.Inbound = f.flag()
		case 27:
			t.Contained = f.flag()
		case 28:
			t.Confirmed = f.flag()
		case 29:
			t.Answers = append(t.Answers, rd.answer(f.bytes()))
			f.seen &^= 1 << 29 // a field for each
		case 30:
			t.PromptedAt = f.numbers()
		case 40:
			t.Mood = int64(f.varint(0))
		case 41:
			t.MoodAt = int64(f.varint(0))
		case 42:
			t.AbandonedAt = int64(f.varint(0))
		case 43:
			t.Broken = f.flag()
		case 31:
			t.Exchanges = append(t.Exchanges, rd.exchange(f.bytes()))
			f.seen &^= 1 << 31 // a field for each
		case 32:
			t.Sales = append(t.Sales, rd.sale(f.bytes()))
			f.seen &^= 1 << 32 // a field for each
		default:
			f.fail()
		}
	}
	return t
}

func (rd *reader) answer(b []byte) (a Answer) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			a.At = int64(f.varint(0))
		case 2:
			a.Instrument = enum[Instrument](f.enum())
		case 3:
			a.Score = int64(f.varint(0))
		case 4:
			a.ScaleMin = int64(f.varint(0))
		case 5:
			a.ScaleMax = int64(f.varint(0))
		default:
			f.fail()
		}
	}
	return a
}

func (rd *reader) exchange(b []byte) (x Exchange) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			x.Heard = int64(f.varint(0))
		case 2:
			x.From = int64(f.varint(0))
		case 3:
			x.To = int64(f.varint(0))
		case 4:
			x.Back = int64(f.varint(0))
		default:
			f.fail()
		}
	}
	return x
}

func (rd *reader) sale(b []byte) (s Sale) {
	for f := rd.fields(b); f.next(); {
		switch f.num {
		case 1:
			s.At = int64(f.varint(0))
		case 2:
			s.Type = enum[PurchaseType](f.enum())
		case 3:
			s.Order = f.varint(0)
		case 4:
			s.Amount = int64(f.varint(0))
		case 5:
			s.Currency = uint16(min(uint32(f.varint(0)), NoCurrency))
		default:
			f.fail()
		}
	}
	return s
}

// numbers takes a packed list that is not empty.
func (f *fields) numbers() []int64 {
	b := f.bytes()
	if len(b) == 0 {
		f.fail()
		return nil
	}
	count := 0
	for _, c := range b {
		if c < 0x80 {
			count++
		}
	}
	out := make([]int64, 0, count)
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			f.fail()
			return nil
		}
		out, b = append(out, int64(v)), b[n:]
	}
	return out
}
