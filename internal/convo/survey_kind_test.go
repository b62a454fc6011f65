package convo_test

import (
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

// TestRelationalSurveys: a survey is about a contact when its conversation has one, now or before; the second stage keeps the others apart.
func TestRelationalSurveys(t *testing.T) {
	for lines, inbound := range map[string]bool{
		"0s in who=ana\n 3m rated of=nps:0-10 score=9":                                         true,
		"0s rated of=nps:0-10 score=9 who=ana":                                                 false,
		"0s out who=ana agent=zoe\n 3m rated of=nps:0-10 score=9":                              false,
		"0s rated of=nps:0-10 score=9 who=ana\n 3m in":                                         true,
		"0s in who=ana\n 5h out agent=zoe\n 70h out agent=zoe\n 71h rated of=nps:0-10 score=9": true, // the episode before
	} {
		d := surveys(t, event.WhatsApp).play(lines)
		newest := map[string]event.Fact{}
		for _, f := range d.facts {
			newest[f.Subject] = f
		}
		n := 0
		for subject, f := range newest {
			if strings.Contains(subject, "#s") && !f.Retracted {
				if n++; f.Inbound != inbound {
					t.Errorf("%q: inbound is %v, want %v", lines, f.Inbound, inbound)
				}
			}
		}
		if n != 1 {
			t.Errorf("%q: %d answers are told, want 1", lines, n)
		}
	}
}
