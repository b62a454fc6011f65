package mapping_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// What is wrong with a mapping is said with file, line, column and the place.
func TestMappingErrors(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"unknown key", minimal + "colour: red\n", "my.yaml:8:1: unknown field \"colour\""},
		{"unknown key in an event", strings.Replace(minimal, "at: at}", "at: at, quue: x}", 1), "my.yaml:7:"},
		{"unknown key in a column", minimal + "columns: {x: {colum: y}}\n", "my.yaml:8:"},
		{"repeated key", minimal + "zone: UTC\nzone: UTC\n", "my.yaml:9:1: "},
		{"not YAML", "a: [", "my.yaml:1:"},
		{"empty", "", "my.yaml: the mapping is empty"},
		{"only a comment", "# hello\n", "my.yaml"},
		{"list for a text", strings.Replace(minimal, "tenant: acme", "tenant: [acme]", 1), "my.yaml:3:9: a text is expected here"},
		{"no name", strings.Replace(minimal, "name: minimal", "name: \"\"", 1), "give the mapping a name"},
		{"no tenant", strings.Replace(minimal, "tenant: acme", "", 1), "tenant is missing"},
		{"no conversation", strings.Replace(minimal, "conversation: \"{id}\"", "", 1), "conversation is missing"},
		{"no rows", strings.Replace(minimal, "rows: [{events: [{message: inbound, at: at}]}]", "", 1), "rows is missing"},
		{"bad channel", strings.Replace(minimal, "channel: ticket", "channel: pigeon", 1), "my.yaml:4:10: channel \"pigeon\" is not one of whatsapp"},
		{"bad zone", minimal + "zone: Mexico\n", "my.yaml:8:7: zone \"Mexico\" is unknown"},
		{"bad encoding", minimal + "encoding: ebcdic\n", "encoding \"ebcdic\" is unknown; write utf-8 or windows-1252"},
		{"bad delimiter", minimal + "delimiter: two\n", "write comma, semicolon, tab, pipe or one ASCII character"},
		{"bad layout", strings.Replace(minimal, "rfc3339", "\"yyyy-QQ\"", 1), "the letter \"Q\" means nothing"},
		{"layout without a day", strings.Replace(minimal, "rfc3339", "\"HH:mm\"", 1), "lacks a year, a month or a day"},
		{"no layout", strings.Replace(minimal, ", layout: rfc3339", "", 1), "time at: say how it is written"},
		{"unknown time", strings.Replace(minimal, "at: at}", "at: then}", 1), "at: there is no time \"then\" under times; it has: at"},
		{"time as text", strings.Replace(minimal, "at: at}", "at: at, id: \"{at}\"}", 1), "\"at\" is a time; name the column it comes from"},
		{"open brace", strings.Replace(minimal, "{id}", "{id", 1), "an opening brace that is never closed"},
		{"two kinds", strings.Replace(minimal, "at: at}", "at: at, call: queued}", 1), "exactly one of call, message"},
		{"bad phase", strings.Replace(minimal, "message: inbound", "call: rang", 1), "call \"rang\" is not one of started, queued"},
		{"no at", strings.Replace(minimal, ", at: at}", "}", 1), "at is missing"},
		{"bad duration", strings.Replace(minimal, "message: inbound", "call: ended, talk: \"{id}\"", 1), "write a value and what it is counted in"},
		{"circle of times", strings.Replace(minimal, "layout: rfc3339", "layout: rfc3339, follows: at", 1), "in a circle"},
		{"single =", strings.Replace(minimal, "[{events", "[{when: id = \"1\", events", 1), "\"=\" is no comparison"},
		{"time with text", strings.Replace(minimal, "[{events", "[{when: at == \"1\", events", 1), "a time can only be compared with a time"},
		{"condition left over", strings.Replace(minimal, "[{events", "[{when: id is empty id, events", 1), "\"id\" is left over"},
		{"brackets", strings.Replace(minimal, "[{events", "[{when: (id is empty, events", 1), "a closing bracket is missing"},
		{"deep condition", strings.Replace(minimal, "[{events", "[{when: "+strings.Repeat("not ", 200)+"id is empty, events", 1), "more than 100 brackets"},
		{"skip and events", strings.Replace(minimal, "[{events", "[{skip: x, events", 1), "not both"},
		{"name not in the header list", minimal + "header: [id]\n", "column \"at\" is not in the header list; it has: id"},
		{"name without a header", minimal + "header: false\n", "the file has no header, so column"},
		{"column and time share a name", minimal + "columns: {at: when}\n", "\"at\" is both a column and a time"},
		{"threads and calls", minimal + "threads: {id: id, parent: id, at: at}\ncalls: {begin: id is empty}\n", "keep one"},
		{"brand without ours", minimal + "threads: {id: id, parent: id, at: at, brand: {author: id}}\n", "threads.brand needs ours"},
		{"nth in the conversation", strings.Replace(minimal, "{id}", "{nth}", 1), "{nth} counts within a conversation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mapping.Parse("my.yaml", []byte(c.yaml))
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "my.yaml") {
				t.Errorf("got:\n%v\nwant it to contain:\n%s", err, c.want)
			}
		})
	}
}

// The place in the mapping is shown with a caret.
func TestCaret(t *testing.T) {
	_, err := mapping.Parse("my.yaml", []byte(minimal+"colour: red\n"))
	if err == nil || !strings.Contains(err.Error(), ">  8 | colour: red\n       ^") {
		t.Errorf("%v", err)
	}
}

// What is wrong with a file is said in one plain sentence that names it and says what to do.
func TestInputErrors(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(bytes.Repeat([]byte("id,at\na,2026-01-01T10:00:00Z\n"), 5000)) // into memory: cannot fail
	_ = z.Close()
	good := "id,at\na,2026-01-01T10:00:00Z\n"
	for _, c := range []struct{ name, yaml, text, want string }{
		{"wrong column", strings.Replace(minimal, "{id}", "{nr}", 1), good, "my.yaml:6:15: column \"nr\" is not in f.csv; it has: \"id\", \"at\""},
		{"wrong column in a condition", strings.Replace(minimal, "[{events", "[{when: nr is empty, events", 1), good, "my.yaml:7:15: column \"nr\" is not in f.csv; it has: \"id\", \"at\""},
		{"wrong number", minimal + "columns: {x: 3}\n", good, "my.yaml:8:14: column 3 is not in f.csv, whose first row has 2"},
		{"wrong delimiter", minimal + "delimiter: tab\n", good, "the delimiter is probably wrong: try delimiter: comma"},
		{"no header", minimal, "a,2026-01-01T10:00:00Z\n", "if the file has no header line, write header: [names…]"},
		{"column twice", minimal, "id,at,id\na,2026-01-01T10:00:00Z,b\n", "column \"id\" is there twice in f.csv (columns 1 and 3)"},
		{"empty", minimal, "", "f.csv is empty"},
		{"empty gzip", minimal, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00", "f.csv is empty"},
		{"cut gzip", minimal, zipped.String()[:zipped.Len()/2], "f.csv ends in the middle of its compressed data"},
		{"damaged gzip", minimal, zipped.String()[:zipped.Len()-8] + "abcdefgh", "f.csv is damaged"},
		{"xlsx", minimal, "PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "f.csv is an Excel workbook (xlsx), not a text file: open it, save the sheet as CSV"},
		{"zip", minimal, "PK\x03\x04\x14\x00\x06\x00calls.csv", "f.csv is a ZIP archive: unpack it"},
		{"pdf", minimal, "%PDF-1.7\n", "f.csv is a PDF document: export the data as CSV"},
		{"xls", minimal, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "f.csv is an old Excel"},
		{"UTF-16", minimal, "\xff\xfei\x00d\x00", "f.csv is UTF-16 text: save it as UTF-8"},
		{"UTF-16 without a mark", minimal, "i\x00d\x00,\x00a\x00t\x00", "f.csv looks like UTF-16 text"},
		{"binary", minimal, "id,at\nabcdefghijklmnop\x00", "f.csv is not a text file (it has zero bytes)"},
		{"open quote", minimal, "id,at\n\"a,2026-01-01T10:00:00Z\n", "f.csv: the quote opened in line 2 is never closed"},
		{"long line", minimal, "id,at\n" + strings.Repeat("x", 2<<20), "f.csv: line 2 is longer than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.yaml).Read(context.Background(), []mapping.Input{{Name: "f.csv", R: strings.NewReader(c.text)}}, mapping.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got:\n%v\nwant it to contain:\n%s", err, c.want)
			}
		})
	}
}

func TestHeaderOnly(t *testing.T) {
	if res := read(t, parse(t, minimal), "id,at\n"); res.Ledger.Rows != 0 || len(res.Events) != 0 || res.First != 0 {
		t.Errorf("%+v", res)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := parse(t, minimal).Read(ctx, []mapping.Input{{Name: "f", R: strings.NewReader("id,at\na,b\n")}}, mapping.Options{}); err != context.Canceled {
		t.Errorf("%v", err)
	}
}

func TestLoad(t *testing.T) {
	for _, name := range mapping.Names() {
		if m := load(t, name); m.Name() != name {
			t.Errorf("the shipped mapping %s calls itself %s", name, m.Name())
		}
	}
	if _, err := mapping.Load("nosuch"); err == nil || !strings.Contains(err.Error(), "name one of anonymous-bank, asterisk-queue-log, events, twcs") {
		t.Errorf("%v", err)
	}
	if _, err := mapping.Load("./nosuch.yaml"); err == nil {
		t.Error("a file that is not there was loaded")
	}
}
