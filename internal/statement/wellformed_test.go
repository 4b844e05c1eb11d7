package statement

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What CheckText takes is what a decoder reads without putting U+FFFD in the
// place of anything, and nothing else.
func TestCheckTextTakesWhatIsReadAsItIs(t *testing.T) {
	pieces := []string{
		"x", "é", "😀", `\\`, `\"`, `\n`, `\u0041`, `\\u`, `\\ud800`, `\ud83d\ude00`, `\uD83D\uDE00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\ud83d\n`, `\ud83d\\ude00`,
		"\xff", "\xc3", "\xed\xa0\xbd", "\xf0\x9f\x98",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := `"` + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(t, "pieces"), "") + `"`
		var s string
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		err := CheckText([]byte(text))
		if garbled := strings.ContainsRune(s, '\ufffd'); garbled != (err != nil) {
			t.Fatalf("%q is read as %q: %v", text, s, err)
		}
	})
	if err := CheckText([]byte("\"\ufffd\\ufffd\"")); err != nil {
		t.Error(err)
	}
}

func FuzzCheckText(f *testing.F) {
	for _, s := range []string{`"\ud83d`, `\`, `\u`, `\ud83d\`, "\xff", `{"a":"\ud83d\ude00"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 || !json.Valid(text) {
			_ = CheckText(text)
			return
		}
		out, err := Canonical(text)
		if err != nil || CheckText(text) != nil {
			return
		}
		if said := strings.Count(string(text), "\ufffd") + strings.Count(strings.ToLower(string(text)), `\ufffd`); strings.Count(string(out), "\ufffd") > said {
			t.Errorf("%q is taken and becomes %q", text, out)
		}
	})
}

// Who sends a value of the wrong kind is told so in words of JSON.
func TestUnmarshalSpeaksOfJSON(t *testing.T) {
	var v struct {
		To struct {
			Names []string `json:"names"`
			Count int64    `json:"count"`
			At    Instant  `json:"at"`
			Sure  bool     `json:"sure"`
		} `json:"to"`
	}
	for text, want := range map[string]string{
		`[]`:                      "found an array, expected an object",
		`{"to":"x"}`:              "to: found a string, expected an object",
		`{"to":{"names":1}}`:      "to.names: found a number, expected an array",
		`{"to":{"names":[true]}}`: "to.names: found true or false, expected a string",
		`{"to":{"count":"1"}}`:    "to.count: found a string, expected an integer",
		`{"to":{"at":{}}}`:        "to.at: found an object, expected a string",
		`{"to":{"sure":1}}`:       "to.sure: found a number, expected true or false",
	} {
		if err := Unmarshal([]byte(text), &v); err == nil || err.Error() != want {
			t.Errorf("%s: found %v, expected %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		``:    "found the end, expected a value",
		`{"a`: "found the end, expected a value",
		`nul`: "found the end, expected a value",
	} {
		if _, err := Canonical([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: found %v, expected %q", text, err, want)
		}
	}
}
