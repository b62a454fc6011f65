package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

const plain = "a-token-for-tests"

func hexOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func TestDigest(t *testing.T) {
	for _, c := range []struct {
		name  string
		token httpapi.Token
		want  string // the error, "" for none
	}{
		{"plain", httpapi.Token{Plain: plain}, ""},
		{"hashed", httpapi.Token{SHA256: hexOf(plain)}, ""},
		{"hashed in capitals", httpapi.Token{SHA256: strings.ToUpper(hexOf(plain))}, ""},
		{"as short as may be", httpapi.Token{Plain: plain[:16]}, ""},
		{"too short", httpapi.Token{Plain: plain[:15]}, "is shorter than 16 characters: make one with `openssl rand -hex 32`"},
		{"none", httpapi.Token{}, "is shorter than 16 characters: make one with `openssl rand -hex 32`"},
		{"both", httpapi.Token{Plain: plain, SHA256: hexOf(plain)}, "has both a token and its SHA-256: give one"},
		{"no hex", httpapi.Token{SHA256: plain}, "the SHA-256 must be 64 hexadecimal digits, as `printf %s TOKEN | sha256sum` prints them"},
		{"half a hash", httpapi.Token{SHA256: hexOf(plain)[:32]}, "the SHA-256 must be 64 hexadecimal digits, as `printf %s TOKEN | sha256sum` prints them"},
	} {
		sum, err := c.token.Digest()
		switch {
		case c.want == "" && c.token.Plain == plain[:16]:
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case c.want == "":
			if err != nil || hex.EncodeToString(sum[:]) != hexOf(plain) {
				t.Errorf("%s: %x, %v", c.name, sum, err)
			}
		case err == nil || err.Error() != c.want || sum != [32]byte{}:
			t.Errorf("%s: %x, %v, want %s", c.name, sum, err, c.want)
		}
	}
}

// TestTokenHides: no way to print a configuration shows a token of it.
func TestTokenHides(t *testing.T) {
	tokens := struct {
		Name   string
		Tokens []httpapi.Token
		One    *httpapi.Token
	}{"acme", []httpapi.Token{{Plain: plain}, {SHA256: hexOf(plain)}}, &httpapi.Token{Plain: plain}}
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&shown, verb+" "+verb+"\n", tokens, tokens.Tokens[0])
	}
	shown.WriteString(tokens.Tokens[0].String() + tokens.Tokens[0].GoString())
	log := slog.New(slog.NewTextHandler(&shown, nil))
	log.Info("x", "token", tokens.Tokens[0], "tokens", tokens.Tokens, "all", tokens)
	log = slog.New(slog.NewJSONHandler(&shown, nil))
	log.Info("x", "token", tokens.Tokens[0], "tokens", tokens.Tokens, "all", tokens)
	if err := json.NewEncoder(&shown).Encode(tokens); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{plain, hexOf(plain), hex.EncodeToString([]byte(plain))} {
		if strings.Contains(strings.ToLower(shown.String()), secret) {
			t.Errorf("%s is shown:\n%s", secret, shown.String())
		}
	}
}

// TestRing: a ring finds what stands for a token, as a map of lists would, in the order of adding.
func TestRing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SampledFrom([]string{"token-number-one-", "token-number-two-", "token-number-three-", "token-number-four-"})
		var ring httpapi.Ring[int]
		want := map[string][]int{}
		for i, token := range rapid.SliceOfN(some, 0, 8).Draw(rt, "tokens") {
			added := httpapi.Token{Plain: token}
			if rapid.Bool().Draw(rt, "hashed") {
				added = httpapi.Token{SHA256: hexOf(token)}
			}
			if err := ring.Add(added, i); err != nil {
				rt.Fatal(err)
			}
			want[token] = append(want[token], i)
		}
		asked := rapid.OneOf(some, rapid.String()).Draw(rt, "asked")
		if diff := cmp.Diff(want[asked], ring.Find(asked)); diff != "" {
			rt.Fatalf("%q: %s", asked, diff)
		}
	})
	var ring httpapi.Ring[int]
	if err := ring.Add(httpapi.Token{Plain: "short"}, 1); err == nil || len(ring.Find("short")) > 0 {
		t.Errorf("a token that cannot be used was added: %v", err)
	}
}
