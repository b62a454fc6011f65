package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

// maxJSONDepth is far above what an event needs (5) and far below what costs anything.
const maxJSONDepth = 32

// jsonReader walks through a body beside the schema, so that a fault has a path. The conversion itself is protojson's, which names none (and quotes values).
type jsonReader struct {
	dec   *json.Decoder
	body  []byte
	depth int
	fault *Error // first fault of the current object; walking goes on to its end
}

func newJSONReader(body []byte) (*jsonReader, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, garbage("is not valid UTF-8; convert it at the source")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	return &jsonReader{dec: dec, body: body}, nil
}

func (r *jsonReader) takeFault() *Error {
	f := r.fault
	r.fault = nil
	return f
}

func (r *jsonReader) blame(field, detail string) {
	if r.fault == nil {
		r.fault = &Error{ReasonBadValue, field, detail}
	}
}

// token returns the next token, or io.EOF between values.
func (r *jsonReader) token() (json.Token, error) {
	t, err := r.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) && r.depth == 0 {
			return nil, io.EOF
		}
		return nil, garbage("is not valid JSON at byte %d", r.dec.InputOffset())
	}
	switch t {
	case json.Delim('{'), json.Delim('['):
		if r.depth++; r.depth > maxJSONDepth {
			return nil, garbage("is nested deeper than %d levels", maxJSONDepth)
		}
	case json.Delim('}'), json.Delim(']'):
		r.depth--
	}
	return t, nil
}

// objects calls each after the brace of every top-level object: a single one, several in a row, or the members of one array.
func (r *jsonReader) objects(each func() (more bool, err error)) error {
	inArray := false
	for first := true; ; first = false {
		t, err := r.token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case t == json.Delim('[') && first:
			inArray = true
		case t == json.Delim(']') && inArray && r.depth == 0:
			if _, err := r.token(); !errors.Is(err, io.EOF) {
				return garbage("goes on after the array, at byte %d", r.dec.InputOffset())
			}
			return nil
		case t == json.Delim('{'):
			more, err := each()
			if err != nil || !more {
				return err
			}
		default:
			return garbage("is not an object or an array of objects, at byte %d", r.dec.InputOffset())
		}
	}
}

// event walks through the event whose brace was just read and returns its bytes.
func (r *jsonReader) event() ([]byte, error) {
	start := r.dec.InputOffset() - 1
	if err := r.message("", (*vigiav1.Event)(nil).ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	return r.body[start:r.dec.InputOffset()], nil
}

// members calls each with every key of the object whose brace was just read, and whether it was there before; each consumes the value.
func (r *jsonReader) members(each func(key string, again bool) error) error {
	seen := map[string]bool{}
	for {
		t, err := r.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return nil // the closing brace
		}
		if err := each(key, seen[key]); err != nil {
			return err
		}
		seen[key] = true
	}
}

func (r *jsonReader) message(path string, md protoreflect.MessageDescriptor) error {
	seen := map[protoreflect.FieldNumber]bool{}
	oneofs := map[protoreflect.FullName]bool{}
	return r.members(func(key string, _ bool) error { // one field may have two keys
		fd := md.Fields().ByJSONName(key)
		if fd == nil {
			fd = md.Fields().ByName(protoreflect.Name(key))
		}
		if fd == nil {
			r.blame(join(path, printable(key)), "is not a field of "+string(md.FullName())+" (proto/vigia/v1/event.proto)")
			return r.skip()
		}
		name := join(path, string(fd.Name()))
		if seen[fd.Number()] {
			r.blame(name, "is given twice")
		}
		seen[fd.Number()] = true
		given, err := r.field(name, fd)
		if oneof := fd.ContainingOneof(); oneof != nil && given {
			if oneofs[oneof.FullName()] {
				r.blame(name, "is a second "+string(oneof.Name())+": set exactly one")
			}
			oneofs[oneof.FullName()] = true
		}
		return err
	})
}

// field reads the value of a field and reports whether it was other than null.
func (r *jsonReader) field(path string, fd protoreflect.FieldDescriptor) (given bool, err error) {
	t, err := r.token()
	switch {
	case err != nil || t == nil:
		return false, err
	case fd.IsMap():
		if t != json.Delim('{') {
			r.blame(path, "must be an object")
			return true, r.skipFrom(t)
		}
		return true, r.members(func(_ string, again bool) error {
			if again {
				r.blame(path, "names a key twice")
			}
			return r.element(path, fd.MapValue())
		})
	case fd.IsList():
		if t != json.Delim('[') {
			r.blame(path, "must be an array")
			return true, r.skipFrom(t)
		}
		for r.dec.More() {
			if err := r.element(path, fd); err != nil {
				return true, err
			}
		}
		_, err = r.token()
		return true, err
	}
	return true, r.value(path, fd, t)
}

func (r *jsonReader) element(path string, fd protoreflect.FieldDescriptor) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t == nil {
		r.blame(path, "must not contain null")
		return nil
	}
	return r.value(path, fd, t)
}

var durationForm = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,9})?s$`)

// value checks one value whose first token is t.
func (r *jsonReader) value(path string, fd protoreflect.FieldDescriptor, t json.Token) error {
	want, ok := "", false
	s, isString := t.(string)
	n, isNumber := t.(json.Number)
	digits := s + n.String() // numbers may come as strings
	switch kind := fd.Kind(); kind {
	case protoreflect.MessageKind:
		switch fd.Message().FullName() {
		case "google.protobuf.Timestamp":
			_, err := time.Parse(time.RFC3339Nano, s)
			want, ok = "must be an RFC 3339 time in a string, as 2026-01-31T12:00:00Z", isString && err == nil
		case "google.protobuf.Duration":
			want, ok = `must be seconds in a string, as "12.5s"`, isString && durationForm.MatchString(s)
		default:
			if t == json.Delim('{') {
				return r.message(path, fd.Message())
			}
			want = "must be an object"
		}
	case protoreflect.StringKind:
		want, ok = "must be a string", isString
	case protoreflect.BoolKind:
		_, ok = t.(bool)
		want = "must be true or false"
	case protoreflect.EnumKind:
		_, err := strconv.ParseInt(n.String(), 10, 32)
		ok = isString && fd.Enum().Values().ByName(protoreflect.Name(s)) != nil || isNumber && err == nil
		want = "is not one of " + enumNames(fd.Enum())
	case protoreflect.DoubleKind:
		_, err := strconv.ParseFloat(digits, 64)
		want, ok = "must be a finite number", (isString || isNumber) && err == nil
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		bits := map[protoreflect.Kind]int{protoreflect.Uint32Kind: 32, protoreflect.Uint64Kind: 64}[kind]
		_, err := strconv.ParseUint(digits, 10, bits)
		want, ok = "must be a whole number from 0", (isString || isNumber) && err == nil
	default:
		_, err := strconv.ParseInt(digits, 10, 64)
		want, ok = "must be a whole number", (isString || isNumber) && err == nil
	}
	if !ok {
		r.blame(path, want)
		return r.skipFrom(t)
	}
	return nil
}

func (r *jsonReader) skip() error {
	t, err := r.token()
	if err != nil {
		return err
	}
	return r.skipFrom(t)
}

// skipFrom reads to the end of the value that begins with t.
func (r *jsonReader) skipFrom(t json.Token) error {
	if t != json.Delim('{') && t != json.Delim('[') {
		return nil
	}
	for end := r.depth - 1; r.depth > end; {
		if _, err := r.token(); err != nil {
			return err
		}
	}
	return nil
}

// cloudEvent reads the envelope whose brace was just read. Extension attributes are ignored.
func (r *jsonReader) cloudEvent() (CloudEvent, error) {
	var ce CloudEvent
	attributes := map[string]*string{"specversion": &ce.SpecVersion, "id": &ce.ID, "source": &ce.Source, "type": &ce.Type, "time": &ce.Time,
		"datacontenttype": &ce.ContentType}
	err := r.members(func(key string, again bool) error {
		if again {
			r.blame("cloudevent", "names an attribute twice")
		}
		if key != "data" && key != "data_base64" && attributes[key] == nil {
			return r.skip()
		}
		t, err := r.token()
		if err != nil || t == nil {
			return err
		}
		s, isString := t.(string)
		switch {
		case (key == "data" || key == "data_base64") && ce.Data != nil:
			r.blame("cloudevent.data", "is given twice, as data and as data_base64")
			return r.skipFrom(t)
		case key == "data":
			if t != json.Delim('{') {
				r.blame("cloudevent.data", "must be an object; send protobuf as data_base64")
				return r.skipFrom(t)
			}
			ce.Data, err = r.event()
			return err
		case !isString:
			r.blame("cloudevent."+key, "must be a string")
			return r.skipFrom(t)
		case key == "data_base64":
			if ce.Data, err = base64.StdEncoding.DecodeString(s); err != nil {
				r.blame("cloudevent.data_base64", "is not base64")
			}
		default:
			*attributes[key] = s
		}
		return nil
	})
	if media, _, err := mime.ParseMediaType(ce.ContentType); err == nil {
		ce.ContentType = media
	}
	return ce, err
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// printable keeps a name of a field that a client sent only when it looks like one.
func printable(name string) string {
	if len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return "?"
	}
	return name
}

func enumNames(ed protoreflect.EnumDescriptor) string {
	var names []string
	for i := 1; i < ed.Values().Len(); i++ {
		names = append(names, string(ed.Values().Get(i).Name()))
	}
	return strings.Join(names, ", ")
}
