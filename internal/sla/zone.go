package sla

import (
	"archive/zip"
	_ "embed" // the zone rules below
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	_ "time/tzdata" // for packages that only show times and use time.LoadLocation on a host without zone files
)

// ZoneRules names the release of the IANA Time Zone Database that LoadZone uses.
const ZoneRules = "2025c"

// zoneinfo is lib/time/zoneinfo.zip of the Go distribution, unchanged (IANA
// data, public domain). Replacing it can change due times and day boundaries
// of the past, so it is a change of the state schema, not a routine update.
//
//go:embed zoneinfo.zip
var zoneinfo string

// LoadZone returns the rules of an IANA zone, such as "America/Mexico_City",
// from the copy inside the binary.
//
// Folds must use it instead of time.LoadLocation, which prefers the host's
// files: two workers on hosts with different tzdata would compute different
// states from the same log. "" and "Local" are refused for the same reason.
func LoadZone(name string) (*time.Location, error) {
	switch name {
	case "":
		return nil, errors.New(`zone is empty; name an IANA zone such as "America/Mexico_City" or "UTC"`)
	case "Local":
		return nil, errors.New(`zone "Local" depends on the machine; name an IANA zone such as "America/Mexico_City" or "UTC"`)
	case "UTC":
		return time.UTC, nil
	}
	r, err := zip.NewReader(strings.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		return nil, fmt.Errorf("embedded zone rules: %w", err)
	}
	for _, f := range r.File {
		if f.Name != name || f.FileInfo().IsDir() {
			continue
		}
		return readZone(f)
	}
	return nil, fmt.Errorf("zone %q is unknown; name an IANA zone such as \"America/Mexico_City\" or \"UTC\" (upper and lower case matter)", name)
}

func readZone(f *zip.File) (*time.Location, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("embedded zone %q: %w", f.Name, err)
	}
	defer rc.Close() // a reader over memory: nothing to lose
	data, err := io.ReadAll(rc)
	if err != nil {
		return nil, fmt.Errorf("embedded zone %q: %w", f.Name, err)
	}
	loc, err := time.LoadLocationFromTZData(f.Name, data)
	if err != nil {
		return nil, fmt.Errorf("embedded zone %q: %w", f.Name, err)
	}
	return loc, nil
}
