package notify

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestReadme: README.md documents every field of a webhook, every type and every key of the configuration.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[payload]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "type" && !strings.Contains(readme, "\n| `"+name+"` |") {
			t.Errorf("the field %s of a webhook is not documented", name)
		}
	}
	for kind := range words["en"] {
		if name, ok := strings.CutPrefix(kind, "kind."); ok && !strings.Contains(readme, "\n| `"+name+"` |") {
			t.Errorf("the type %s is not documented", name)
		}
	}
	for _, sink := range (&Config{}).sinks() {
		if !strings.Contains(readme, "\n"+sink.name+":") {
			t.Errorf("the receiver %s is not documented", sink.name)
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(sink.config).Elem()) {
			if name := field.Tag.Get("yaml"); !strings.HasSuffix(name, "_file") && !strings.Contains(readme, name+":") {
				t.Errorf("the key %s.%s is not documented", sink.name, name)
			}
		}
	}
}
