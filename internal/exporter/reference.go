package exporter

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// referenceNumber is a number that no channel brings, as it is from an instant on.
type referenceNumber struct {
	Kind     string     `json:"kind"`
	Key      string     `json:"key,omitempty"`
	From     string     `json:"from"`
	Value    kpi.Number `json:"value"` // null for event markers
	Currency string     `json:"currency,omitempty"`
}

// reference serves GET /api/v1/reference: the numbers that were told, by kind and key, from the oldest on.
func (h *Handler) reference(w http.ResponseWriter, r *http.Request, q url.Values, t Tenant) error {
	if err := only(q, "tenant"); err != nil {
		return err
	}
	s, err := h.reader.read(r.Context(), need{tenant: t.Name, stage: stageInteractions})
	if err != nil {
		return err
	}
	numbers := []referenceNumber{}
	for name, history := range s.numbers {
		for _, p := range history {
			n := referenceNumber{Kind: name.Type.String(), Key: name.Key, From: kpi.Timestamp(p.At, s.zone), Currency: p.Currency}
			if name.Type != event.EventMarker {
				n.Value = p.Number()
			}
			numbers = append(numbers, n)
		}
	}
	slices.SortStableFunc(numbers, func(a, b referenceNumber) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	httpapi.WriteJSON(w, http.StatusOK, struct {
		Reference []referenceNumber `json:"reference"`
	}{numbers})
	return nil
}
