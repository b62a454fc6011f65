package bus

import (
	"fmt"
	"strings"
	"testing"
)

// TestScramVectors is the example of RFC 7677, section 3.
func TestScramVectors(t *testing.T) {
	s := newScram(ScramSHA256, "user", "pencil")
	s.nonce = func() string { return "rOprNGfwEbeRWgbNEkqO" }
	exchange, first, err := s.Start(t.Context())
	if err != nil || string(first) != "n,,n=user,r=rOprNGfwEbeRWgbNEkqO" {
		t.Fatalf("%s %v", first, err)
	}
	done, answer, err := exchange.Next(t.Context(), []byte("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
	const want = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	if done || err != nil || string(answer) != want {
		t.Fatalf("%v %s %v", done, answer, err)
	}
	if done, _, err = exchange.Next(t.Context(), []byte("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); !done || err != nil {
		t.Errorf("%v %v", done, err)
	}
}

// TestScramRefuses: a broker that does not know the password, or that would weaken the exchange, is not trusted.
func TestScramRefuses(t *testing.T) {
	for _, c := range []struct{ first, last, want string }{
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "right broker"},
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "v=", "right broker"},
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "", "right broker"},
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "e=other-error", "other-error"},
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", "", "iterations"},
		{"r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999", "", "iterations"},
		{"r=NONCE,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "", "nonce"},
		{"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "", "nonce"},
		{"r=NONCEx,s=,i=4096", "", "salt"},
		{"", "", "salt"},
		{"e=unknown-user", "", "unknown-user"},
	} {
		s := newScram(ScramSHA512, "a=b,c", "secret-password")
		s.nonce = func() string { return "NONCE" }
		exchange, first, err := s.Start(t.Context())
		if err != nil || string(first) != "n,,n=a=3Db=2Cc,r=NONCE" {
			t.Fatalf("%s %v", first, err)
		}
		_, _, err = exchange.Next(t.Context(), []byte(c.first))
		if err == nil {
			_, _, err = exchange.Next(t.Context(), []byte(c.last))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q, %q: %v, want %q", c.first, c.last, err, c.want)
		}
	}
}

// FuzzScram: whatever a broker answers, we end with an error or an answer, and never believe it without its proof.
func FuzzScram(f *testing.F) {
	f.Add("r=NONCEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "v=AAAA")
	f.Add("e=x", "")
	f.Fuzz(func(t *testing.T, first, last string) {
		if strings.Contains(first, "i=1000000") || len(scramFields(first)["i"]) > 4 {
			return // right, but slow
		}
		s := newScram(ScramSHA256, "user", "pencil")
		s.nonce = func() string { return "NONCE" }
		exchange, _, err := s.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if done, _, err := exchange.Next(t.Context(), []byte(first)); done || err != nil {
			if done {
				t.Error("believed without a proof")
			}
			return
		}
		if done, _, err := exchange.Next(t.Context(), []byte(last)); done || err == nil {
			t.Error("believed without a proof")
		}
	})
}

func TestSASLHidesThePassword(t *testing.T) {
	s := SASL{Mechanism: Plain, Username: "vigia", Password: "hunter2"}
	if text := fmt.Sprintf("%v %+v %#v %s", s, s, s, Config{SASL: s}.SASL); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
	for _, bad := range []SASL{{Mechanism: "gssapi", Username: "u", Password: "p"}, {Mechanism: Plain, Username: "u"}, {Mechanism: ScramSHA256, Password: "p"}} {
		if err := (Config{Brokers: []string{"a:1"}, SASL: bad}).Validate(); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
