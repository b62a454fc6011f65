package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

type cogDataquery = variants.Dataquery

// schemaVersion is one that old Grafanas read as it is and new ones migrate: since the next one, data sources are objects.
const schemaVersion = 27

// legible prints a board so that Grafana 7.5 shows it as well as the newest: data sources are the name of the variable, which newer versions turn into references, and
// keys that only newer versions know are harmless.
func legible(d dashboard.Dashboard) ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var strict dashboard.Dashboard
	// The error may be a typed nil that says nothing.
	if err := strict.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return nil, fmt.Errorf("does not follow the schema: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	tree["schemaVersion"] = schemaVersion
	named(tree)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(tree); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// named replaces references to the data source of the variable by its name.
func named(node any) {
	switch n := node.(type) {
	case map[string]any:
		for key, v := range n {
			if ref, ok := v.(map[string]any); ok && key == "datasource" && ref["uid"] == "$datasource" {
				n[key] = "$datasource"
				continue
			}
			named(v)
		}
	case []any:
		for _, v := range n {
			named(v)
		}
	}
}
