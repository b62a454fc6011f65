package sla

import (
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func fcrPolicy(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	spec := DefaultPolicy("t", "UTC")
	if err := yaml.UnmarshalWithOptions([]byte(text), &spec.FCR, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return CompilePolicy(spec, 1)
}

func TestFCR(t *testing.T) {
	p, err := fcrPolicy(t, "{}")
	if err != nil {
		t.Fatal(err)
	}
	for hours, channels := range map[int64][]string{
		24:  {"whatsapp", "messenger", "instagram", "telegram", "sms", "web_chat", "in_app"},
		72:  {"social", "ticket"},
		168: {"email", "voice", "video", "task", "survey", "commerce", "other", ""},
	} {
		for _, channel := range channels {
			if got := p.FCRWindowMs(channel); got != hours*hour {
				t.Errorf("window of %q: %d ms, want %d h", channel, got, hours)
			}
		}
	}
	if p.FCRLongestMs() != 168*hour || p.FCRMatchesAny() || !p.FirstLevel("") || p.FCRWeight("voice", 3) != 1 || strings.Contains(string(p.JSON()), "fcr") {
		t.Errorf("defaults: %s", p.JSON())
	}
	p, err = fcrPolicy(t, `{window: {voice: 30d, "*": 2d}, match: any, not_first_level: [tax, fraud, tax], weights: {voice: 3, complex: 5, simple: 0}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := []int64{p.FCRWindowMs("voice"), p.FCRWindowMs("email"), p.FCRWindowMs("ticket"), p.FCRLongestMs()}; !slices.Equal(got, []int64{720 * hour, 48 * hour, 72 * hour, 720 * hour}) {
		t.Errorf("windows %v", got)
	}
	if !p.FCRMatchesAny() || p.FirstLevel("tax") || p.FirstLevel("fraud") || !p.FirstLevel("bill") || !p.FirstLevel("") {
		t.Error("match and topics")
	}
	if got := []int64{p.FCRWeight("voice", 0), p.FCRWeight("voice", 3), p.FCRWeight("email", 3), p.FCRWeight("email", 2), p.FCRWeight("voice", 1)}; !slices.Equal(got, []int64{3, 15, 5, 1, 0}) {
		t.Errorf("weights %v", got)
	}
	// The order of topics is nothing, and the policy travels.
	other, err := fcrPolicy(t, `{window: {"*": 2d, voice: 30d}, match: any, not_first_level: [fraud, tax], weights: {simple: 0, voice: 3, complex: 5}}`)
	if err != nil || other.Hash != p.Hash {
		t.Errorf("hash %v, %v", other, err)
	}
	if q, err := DecodePolicy(p.JSON(), 1); err != nil || q.Hash != p.Hash || q.FirstLevel("tax") || q.FCRWeight("voice", 3) != 15 {
		t.Errorf("decoded %v, %v", q, err)
	}
	_, err = fcrPolicy(t, `{window: {voice: 31d, email: soon, "*": 0s}, match: case, not_first_level: ["", tax], weights: {voice: -1, simple: 1001}}`)
	want := `policy of tenant "t": fcr: window "*": "0s" is out of range; use 1m0s to 720h0m0s
policy of tenant "t": fcr: window "email": "soon" is not a duration; write it like "30s", "15m" or "1h30m"
policy of tenant "t": fcr: window "voice": "31d" is out of range; use 1m0s to 720h0m0s
policy of tenant "t": fcr: match: "case" is unknown; use "topic" or "any"
policy of tenant "t": fcr: not_first_level: a topic is empty; name it, or take it out
policy of tenant "t": fcr: weights "simple": 1001 is out of range; use 0 to 1000
policy of tenant "t": fcr: weights "voice": -1 is out of range; use 0 to 1000`
	if err == nil || err.Error() != want {
		t.Errorf("faults:\n%v\nwant:\n%s", err, want)
	}
}
