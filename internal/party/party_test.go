package party

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	for id, want := range map[ID]bool{
		"uss1":                                   true,
		"a":                                      true,
		"urn:uss:1/north~!":                      true,
		ID(strings.Repeat("x", MaxIDBytes)):      true,
		ID(strings.Repeat("x", MaxIDBytes+1)):    false,
		"":                                       false,
		"two words":                              false,
		"tab\t":                                  false,
		"line\n":                                 false,
		"nul\x00":                                false,
		"del\x7f":                                false,
		"caf\u00e9":                              false,
		"\xff":                                   false,
		ID("uss1" + "\u202e" + "reads-backward"): false,
	} {
		if got := id.Valid(); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
}

// A key and a signature have one form each: who could write a key in another way
// would sign as two.
func TestAKeyHasOneForm(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	text := []byte(`{"act":"a"}`)
	s, err := Sign(private, text)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Good(text) {
		t.Fatal("a good signature is not")
	}
	for _, other := range []string{"\n", "\r\n", "=", " "} {
		for _, bad := range []Signature{
			{s.Key + Key(other), s.Signature},
			{Key(other) + s.Key, s.Signature},
			{s.Key[:9] + Key(other) + s.Key[9:], s.Signature},
			{s.Key, s.Signature + other},
			{s.Key, s.Signature[:9] + other + s.Signature[9:]},
		} {
			if bad.Good(text) {
				t.Errorf("%q, %q is good as well", bad.Key, bad.Signature)
			}
			if _, ok := bad.Key.Public(); ok && bad.Key != s.Key {
				t.Errorf("%q is a key", bad.Key)
			}
		}
	}
}
