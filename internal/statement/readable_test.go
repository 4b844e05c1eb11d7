package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// colour is one of a closed list, and its zero is none of them.
type colour uint8

var colours = []string{"", "red", "green"}

func (c colour) MarshalText() ([]byte, error) { return []byte(colours[c]), nil }

func (c *colour) UnmarshalText(text []byte) error {
	for i, name := range colours[1:] {
		if name == string(text) {
			*c = colour(i + 1)
			return nil
		}
	}
	return errors.New("no colour")
}

// word is written as any string, and read as one of two.
type word string

func (w *word) UnmarshalText(text []byte) error {
	if string(text) != "aye" && string(text) != "no" {
		return errors.New("no word")
	}
	*w = word(text)
	return nil
}

// forgetful reads what it wrote, and makes something else of it.
type forgetful int

func (f forgetful) MarshalJSON() ([]byte, error)     { return json.Marshal([]int{int(f)}) }
func (f *forgetful) UnmarshalJSON(text []byte) error { return json.Unmarshal([]byte("7"), (*int)(f)) }

type kept struct {
	NamedInner
	Colour  colour             `json:"colour,omitzero"`
	Always  colour             `json:"always"`
	Word    word               `json:"word,omitempty"`
	Odd     *forgetful         `json:"odd,omitempty"`
	At      Instant            `json:"at"`
	Until   *Instant           `json:"until"`
	Narrow  int8               `json:"narrow"`
	Count   uint16             `json:"count"`
	Raw     json.RawMessage    `json:"raw,omitempty"`
	List    []colour           `json:"list"`
	Pair    [2]string          `json:"pair"`
	ByName  map[string]*colour `json:"by_name,omitempty"`
	Next    *kept              `json:"next,omitempty"`
	Sure    bool               `json:"sure"`
	Float   float64            `json:"float,omitempty"`
	Any     any                `json:"any,omitempty"`
	Bytes   []byte             `json:"bytes,omitempty"`
	Numbers map[int]string     `json:"numbers,omitempty"`
	Quoted  int                `json:"quoted,omitempty,string"`
}

func anyKept(t *rapid.T, depth int) *kept {
	some := func() bool { return rapid.IntRange(0, 3).Draw(t, "some") == 0 }
	one := rapid.Custom(func(t *rapid.T) colour {
		return colour(rapid.SampledFrom([]int{0, 1, 1, 1, 2, 2, 2}).Draw(t, "colour"))
	})
	k := &kept{
		Colour: one.Draw(t, "colour"), Always: one.Draw(t, "always"), Word: word(rapid.SampledFrom([]string{"", "aye", "no", "perhaps"}).Draw(t, "word")),
		At: Instant(rapid.Int64().Draw(t, "at")), Narrow: rapid.Int8().Draw(t, "narrow"), Count: rapid.Uint16().Draw(t, "count"),
		List: rapid.SliceOfN(one, -1, 2).Draw(t, "list"), Pair: [2]string{rapid.String().Draw(t, "pair"), "\"\\\n<é😀"}, Sure: some(),
	}
	if some() {
		k.Until = &k.At
		k.ByName = map[string]*colour{"ﬀ": &k.Always, "😀": nil, rapid.String().Draw(t, "name"): &k.Always}
	}
	if some() {
		k.Raw = json.RawMessage(rapid.SampledFrom([]string{"null", `{"a":[1]}`, "-3", `"x"`}).Draw(t, "raw"))
	}
	if some() {
		k.Deep = map[string][]namedLeaf{"x": {{1}}, "y": nil}
	}
	if depth < 3 && some() {
		k.Next = anyKept(t, depth+1)
	}
	return k
}

// Of what is written, Readable lets through what Reread reads as it was written,
// and nothing else.
func TestReadableIsWhatRereadReads(t *testing.T) {
	good, bad := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text, err := Marshal(anyKept(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		var back kept
		again := []byte(nil)
		read := Reread(text, &back)
		if read == nil {
			if again, err = Marshal(&back); err != nil {
				t.Fatal(err)
			}
		}
		asItWas := read == nil && bytes.Equal(again, text)
		if err := Readable(text, reflect.TypeFor[*kept]()); (err == nil) != asItWas {
			t.Fatalf("%s: found %v, while reading says %v and gives\n%s", text, err, read, again)
		}
		if asItWas {
			good++
		} else {
			bad++
		}
	})
	if (good == 0 || bad == 0) && !testing.Short() {
		t.Errorf("%d read, %d not: one of the two is not tested", good, bad)
	}
}

// What is read otherwise than it was written is refused, as is what Readable does
// not know, and the place is named.
func TestReadableRefuses(t *testing.T) {
	one, seven := forgetful(1), forgetful(7)
	for want, v := range map[string]any{
		"byte 10: no colour":              kept{},
		"found [1], which is read as [7]": kept{Always: 1, Odd: &one},
		"no word":                         kept{Always: 1, Word: "perhaps"},
		"found '1', expected what is read into float64": kept{Always: 1, Float: 1},
		"expected what is read into interface {}":       kept{Always: 1, Any: "x"},
		"expected what is read into []uint8":            kept{Always: 1, Bytes: []byte("x")},
		"expected what is read into map[int]string":     kept{Always: 1, Numbers: map[int]string{1: "x"}},
		`found '"', expected what is read into int`:     kept{Always: 1, Quoted: 3},
		`found member "other", which statement.kept does not`: struct {
			Other int `json:"other"`
		}{},
		"found '[', expected what is read into statement.kept": []int{1},
	} {
		text, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := Readable(text, reflect.TypeFor[kept]()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, expected %q", text, err, want)
		}
	}
	if text, err := Marshal(kept{Always: 1, Odd: &seven}); err != nil || Readable(text, reflect.TypeFor[kept]()) != nil {
		t.Errorf("%s is read as it was written: %v", text, err)
	}
	for text, want := range map[string]string{
		`{"narrow":128}`:                "value out of range",
		`{"count":65536}`:               "value out of range",
		`{"sure":true,"narrow":1}`:      "ascending order",
		`{"sure":true} `:                "the end after the value",
		`{"sure":true`:                  "end of the object",
		`{"list":["red"`:                "end of the array",
		`{"at":"2026-03-01T16:40:00Z"}`: "which is read as",
		`{"sure":null}`:                 "read into bool",
		`{"at":}`:                       "read into statement.Instant",
		``:                              "found the end",
	} {
		if err := Readable([]byte(text), reflect.TypeFor[kept]()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, expected %q", text, err, want)
		}
	}
	if err := Readable([]byte(`{"envelope":[1],"sure":true}`), reflect.TypeFor[kept](), "envelope"); err != nil {
		t.Error(err)
	}
}

// What Readable lets through, whatever it is, Reread reads.
func FuzzReadable(f *testing.F) {
	f.Add([]byte(`{"always":"red","at":"2026-03-01T16:40:00.000000000Z","by_name":{"a":null},"list":[],"next":{"narrow":-1},"raw":[1],"word":"aye"}`))
	f.Add([]byte(`{"count":1,"deep":{"x":[{"lateral_mm":1}]},"odd":[7],"pair":["a","b"],"until":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 || Readable(text, reflect.TypeFor[kept]()) != nil {
			return
		}
		if err := Reread(text, new(kept)); err != nil {
			t.Fatalf("%s: let through, but: %v", text, err)
		}
	})
}
