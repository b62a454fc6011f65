package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// maxLeast is the largest number of contributions that hiding can ask for.
const maxLeast = 1_000_000

// numbers checks how the tenant wants its numbers shown.
func (k *checker) numbers(at string, t *Tenant) {
	k.known(at+".min_n", maps.Keys(t.MinN), append(kpi.IDs(), "*"))
	for _, id := range slices.Sorted(maps.Keys(t.MinN)) {
		if n := t.MinN[id]; n < 0 || n > maxLeast {
			k.add(fmt.Sprintf("%s.min_n[%q]", at, id), "%d is out of range; use 0 (hide nothing) to %d", n, maxLeast)
		}
	}
	for i, name := range t.Definitions {
		if !kpi.KnownDefinition(name) {
			k.add(fmt.Sprintf("%s.definitions[%d]", at, i), "%q is neither a preset (%s) nor a definition of a KPI; `vigia catalog` lists them", name, strings.Join(kpi.PresetNames(), ", "))
		}
	}
}
