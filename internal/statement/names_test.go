package statement

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

type NamedInner struct {
	Deep map[string][]namedLeaf `json:"deep,omitempty"`
}

type namedLeaf struct {
	Lateral int `json:"lateral_mm"`
}

type namedBase struct {
	Shared int `json:"shared"`
	Hidden int `json:"body"` // the outer one wins
}

type named struct {
	namedBase
	*NamedInner
	Body   namedLeaf       `json:"body"`
	Next   *named          `json:"next,omitempty"`
	List   [2]namedLeaf    `json:"list"`
	At     Instant         `json:"at"`
	Raw    json.RawMessage `json:"raw"`
	Any    any             `json:"any"`
	Silent int             `json:"-"`
	Plain  bool
	_      int // encoding/json does not see it either
}

// lenient reads as encoding/json does when it is asked to refuse unknown members.
func lenient(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// A member name in another letter case is another name. The first assertion of
// each case is that the standard decoder takes one for the other.
func TestUnmarshalTakesNamesExactly(t *testing.T) {
	for text, expected := range map[string]string{
		`{"Body":{"lateral_mm":1}}`:                          `found member "Body", expected "body"`,
		`{"body":{"Lateral_mm":1}}`:                          `found member "Lateral_mm", expected "lateral_mm"`,
		`{"Shared":1}`:                                       `expected "shared"`,
		`{"body":{"lateral_mm":5},"next":{"BODY":{}}}`:       `found member "BODY"`,
		`{"deep":{"x":[{"lateral_mm":1},{"LATERAL_MM":2}]}}`: `found member "LATERAL_MM"`,
		`{"list":[{},{"lateral_mM":1}]}`:                     `found member "lateral_mM"`,
		`{"plain":true}`:                                     `expected "Plain"`,
		"{\"\u017fhared\":1}":                                `expected "shared"`, // a long s folds to s
		"{\"next\":{\"ra\u0077\":1,\"\u017fhared\":1}}":      `expected "shared"`,
	} {
		var v named
		if err := lenient([]byte(text), &v); err != nil {
			t.Errorf("%s: encoding/json refuses it too: %v", text, err)
		}
		if err := Unmarshal([]byte(text), &v); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: %v, expected %s", text, err, expected)
		}
	}
}

func TestUnmarshalTakesWhatIsNamedRight(t *testing.T) {
	const text = `{"Plain":true,"any":{"Body":[{"BODY":1}]},"at":"2026-03-01T16:40:00.000000000Z",` +
		`"body":{"lateral_mm":7},"deep":{"Any":[{"lateral_mm":1},null],"any":[]},"list":[{"lateral_mm":2},{}],` +
		`"next":{"body":{},"next":null},"raw":{"Raw":[]},"shared":3}`
	var v named
	if err := Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if v.Body.Lateral != 7 || v.Hidden != 0 || v.Shared != 3 || len(v.Deep) != 2 || v.List[0].Lateral != 2 || v.Next == nil || !v.Plain {
		t.Errorf("read %+v", v)
	}
	for _, text := range []string{`{"Silent":1}`, `{"secret":1}`, `{"namedBase":{}}`, `{"other":1}`, `{"-":1}`} {
		if err := Unmarshal([]byte(text), &v); err == nil || !strings.Contains(err.Error(), "expected one of Plain, any, at, ") {
			t.Errorf("%s: %v", text, err)
		}
	}
	var none struct{}
	if err := Unmarshal([]byte(`{"a":1}`), &none); err == nil || !strings.HasSuffix(err.Error(), "expected none") {
		t.Errorf("an empty struct: %v", err)
	}
}

// What is taken is what encoding/json takes, less names in another case; what is
// written is read back.
func FuzzUnmarshalNames(f *testing.F) {
	f.Add([]byte(`{"Plain":true,"body":{"lateral_mm":7},"deep":{"x":[{"lateral_mm":1}]},"list":[{},{}],"next":{"shared":3}}`))
	f.Add([]byte(`{"next":{"BODY":{}},"raw":[{"A":1}]}`))
	f.Add([]byte(`{"deep":[{}],"list":{}}`))
	f.Add([]byte(`[{"a":1}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		canonical, err := Canonical(text)
		if err != nil {
			return
		}
		var ours, theirs named
		if err := Unmarshal(canonical, &ours); err != nil {
			return
		}
		if err := lenient(canonical, &theirs); err != nil {
			t.Fatalf("%s: taken, but encoding/json says %v", canonical, err)
		}
		folded := bytes.Replace(canonical, []byte(`"body":`), []byte(`"Body":`), 1)
		if again, err := Canonical(folded); err == nil && !bytes.Equal(folded, canonical) && ours.Raw == nil && ours.Any == nil && ours.NamedInner == nil && ours.Next == nil {
			if err := Unmarshal(again, &ours); err == nil {
				t.Fatalf("%s: taken", again)
			}
		}
		written, err := Marshal(theirs)
		if err != nil {
			return // of a kind that has no canonical form
		}
		var back named
		if err := Unmarshal(written, &back); err != nil {
			t.Fatalf("%s, as it is written: %v", written, err)
		}
	})
}
