package party

import (
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
