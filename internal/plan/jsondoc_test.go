package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseJSONRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // parts of the message
	}{
		{"empty", ``, []string{"line 1", "the end of the file", "a value"}},
		{"cut object", "{\"a\": {\"b\": [1,\n2", []string{"line 2", "in a.b", "end of the file"}},
		{"cut string", `{"a": "bc`, []string{"without end"}},
		{"duplicate key", "{\"a\": {\"k\": 1,\n\"k\": 2}}", []string{"a: ", `"k" a second time (line 2)`}},
		{"duplicate key by escape", `{"k": 1, "\u006b": 2}`, []string{"a second time"}},
		{"NaN", `[NaN]`, []string{`"NaN"`, "a value"}},
		{"Infinity", `[-Infinity]`, []string{`"-Infinity"`, "a number"}},
		{"leading zero", `[01]`, []string{`"01"`}},
		{"bare point", `[1.]`, []string{`"1."`}},
		{"plus", `[+1]`, []string{`"+1"`}},
		{"trailing comma", `[1,]`, []string{"a value"}},
		{"trailing text", `{} {}`, []string{"end of the document"}},
		{"control character", "[\"a\tb\"]", []string{"escapes"}},
		{"bad escape", `["\q"]`, []string{"escapes"}},
		{"cut escape", `["\u12`, []string{"escapes"}},
		{"comment", `{/* no */}`, []string{"a key in double quotes"}},
		{"UTF-16", "\xff\xfe{\x00}\x00", []string{"UTF-16"}},
		{"UTF-16 without mark", "\x00{\x00}", []string{"UTF-16"}},
		{"Latin-1", "{\"name\":\n \"Z\xfcrich\"}", []string{"line 2", "0xfc", "UTF-8"}},
		{"deep", strings.Repeat("[", 100_000), []string{"nesting deeper than 64"}},
		{"deep objects", strings.Repeat(`{"a":`, 100_000), []string{"nesting deeper than 64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseJSON("f.json", []byte(c.text), Options{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an *Error", err)
			}
			for _, w := range append(c.want, "f.json") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func TestJSONPlacesAndValues(t *testing.T) {
	const text = "\ufeff" + `{"features": [{}, {"properties": {"lower": "x", "a.b": true, "n": 1e999, "i": 3.5, "t": "2026-03-01 10:00"}}]}`
	root, err := parseJSON("f.json", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	top, err := root.object()
	if err != nil {
		t.Fatal(err)
	}
	list, err := top.need("features", "an array")
	if err != nil {
		t.Fatal(err)
	}
	elems, err := list.array()
	if err != nil || len(elems) != 2 {
		t.Fatalf("%d elements, %v", len(elems), err)
	}
	feature, err := elems[1].object()
	if err != nil {
		t.Fatal(err)
	}
	v, _ := feature.get("properties")
	props, err := v.object()
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error, want string) {
		t.Helper()
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	get := func(k string) jsonValue { v, _ := props.get(k); return v }
	_, err = get("lower").number()
	check(err, `f.json: features[1].properties.lower: found "x", expected a number`)
	_, err = get("n").number()
	check(err, `f.json: features[1].properties.n: found 1e999, expected a number of at most 1.8e308`)
	_, err = get("i").integer()
	check(err, `f.json: features[1].properties.i: found 3.5, expected a whole number`)
	_, err = get("t").time()
	check(err, `f.json: features[1].properties.t: found "2026-03-01 10:00", expected `+expectTime)
	check(props.refuseUnread("no such field"), `f.json: features[1].properties."a.b": found true, expected no such field`)
	_, err = props.need("upper", "an altitude")
	check(err, `f.json: features[1].properties.upper: found nothing, expected an altitude`)
}

// rebuild turns a parsed document into what encoding/json makes of it.
func rebuild(t *testing.T, v jsonValue) any {
	switch v.kind() {
	case jsonNull:
		return nil
	case jsonTrue, jsonFalse:
		b, _ := v.boolean()
		return b
	case jsonString:
		s, _ := v.text()
		return s
	case jsonNumber:
		s, _ := v.literal()
		return json.Number(s)
	case jsonArray:
		elems, _ := v.array()
		out := make([]any, len(elems))
		for i, e := range elems {
			out[i] = rebuild(t, e)
		}
		return out
	default:
		o, err := v.object()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		for _, m := range o.members {
			out[o.keyOf(m)] = rebuild(t, m)
		}
		return out
	}
}

// FuzzParseJSON compares the parser with encoding/json: what it accepts must
// mean the same there; what it refuses must be refused there too, or be one
// of the things refused on purpose.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{"a": [1, -2.5e3, "x\u00e9\ud83d\ude00\ud83d", null, true, false, {}, []], "b": {"c": ""}}`,
		`[1,2`, `{"a":1,"a":2}`, ` 0 `, `"\\\"\/\b\f\n\r\t"`, "\"\u2028\"", `[[[[]]]]`, `-0`, `1E+2`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		v, err := parseJSON("f.json", data, Options{})
		text := bytes.TrimPrefix(data, []byte("\ufeff"))
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var want any
		wantErr := dec.Decode(&want)
		if !json.Valid(text) {
			wantErr = errors.New("not valid")
		}
		if err == nil {
			if wantErr != nil {
				t.Fatalf("accepted %q, encoding/json says %v", data, wantErr)
			}
			if got := rebuild(t, v); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
				t.Fatalf("%q: got %#v, want %#v", data, got, want)
			}
			return
		}
		if wantErr == nil {
			for _, allowed := range []string{"a second time", "UTF-", "nesting deeper"} {
				if strings.Contains(err.Error(), allowed) {
					return
				}
			}
			t.Fatalf("refused %q: %v", data, err)
		}
	})
}
