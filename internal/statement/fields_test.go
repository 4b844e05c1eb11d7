package statement

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
)

func TestFields(t *testing.T) {
	object := []byte(`{"a":1,"b":"x\n\u000f","c":{"d":[true,null,-9007199254740992,[]],"e":{}},"é":"€","😀":0,"` + "\ufb33" + `":""}`)
	fields, err := Fields(object)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a=1", `b="x\n\u000f"`, `c={"d":[true,null,-9007199254740992,[]],"e":{}}`,
		`é="€"`, "😀=0", "\ufb33=\"\"",
	}
	if len(fields) != len(want) {
		t.Fatalf("found %d fields, want %d", len(fields), len(want))
	}
	for i, f := range fields {
		if got := f.Name + "=" + string(f.Value); got != want[i] {
			t.Errorf("field %d is %s, want %s", i, got, want[i])
		}
	}
	if fields, err := Fields([]byte("{}")); err != nil || len(fields) != 0 {
		t.Errorf("{} gives %v, %v", fields, err)
	}
	if fields, err := Fields([]byte(`{"a\tb":0}`)); err != nil || fields[0].Name != "a\tb" {
		t.Errorf("an escaped name gives %v, %v", fields, err)
	}
}

// TestFieldsRefuses holds one case for each way of not being canonical, and the
// words of the refusal that matter.
func TestFieldsRefuses(t *testing.T) {
	for in, want := range map[string]string{
		``:                                     "byte 0: found the end, expected an object",
		`[]`:                                   "expected an object",
		`"a"`:                                  "expected an object",
		`{"a":1} `:                             "byte 7: found ' ', expected the end",
		`{"a":1}{}`:                            "expected the end",
		` {}`:                                  "byte 0: found ' '",
		`{ "a":1}`:                             "expected a string",
		`{"a" :1}`:                             "expected a colon",
		`{"a": 1}`:                             "expected a value",
		`{"a":1 }`:                             "expected a comma",
		`{"a":1,}`:                             "expected a string",
		`{"a":}`:                               "expected a value",
		`{"a"`:                                 "expected a colon",
		`{"a":1`:                               "expected a comma",
		`{"b":1,"a":1}`:                        `found member "a" after "b"`,
		`{"a":1,"a":1}`:                        `found member "a" after "a"`,
		`{"a":{"c":1,"b":1}}`:                  `found member "b" after "c"`,
		"{\"\ufb33\":1,\"😀\":1}":               "in ascending order",
		`{"é":1,"z":1}`:                        "in ascending order",
		`{"a":1.0}`:                            "expected an integer",
		`{"a":1e3}`:                            "expected an integer",
		`{"a":01}`:                             "needless zeros",
		`{"a":-0}`:                             "needless zeros",
		`{"a":-}`:                              "expected a digit",
		`{"a":+1}`:                             "expected a value",
		`{"a":9007199254740993}`:               "at most 9007199254740992",
		`{"a":123456789012345678901234567890}`: "at most 9007199254740992",
		`{"a":"\/"}`:                           "escape",
		`{"a":"\u0041"}`:                       "escape",
		`{"a":"\u000A"}`:                       "escape",
		`{"a":"\u000a"}`:                       "escape",
		`{"a":"\u001F"}`:                       "escape",
		`{"a":"\u0020"}`:                       "escape",
		`{"a":"\ud83d\ude00"}`:                 "escape",
		`{"a":"\`:                              "escape",
		"{\"a\":\"\n\"}":                       "expected an escape",
		"{\"a\":\"\xff\"}":                     "expected UTF-8",
		`{"a":"x`:                              "expected the end of the string",
		`{"a":tru}`:                            "expected a value",
		`{"a":[1 ,2]}`:                         "expected a comma",
		`{"a":[1,]}`:                           "expected a value",
		`{"a":[}`:                              "expected a value",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "expected at most 64",
	} {
		fields, err := Fields([]byte(in))
		if err == nil {
			t.Errorf("%s gives %v, want a refusal", in, fields)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %q, want it to say %q", in, err, want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, s := range []string{"", "a", "é\n\"\\\x01😀", "\u2028"} {
		if got, err := Unquote(AppendString(nil, s)); err != nil || got != s {
			t.Errorf("%q comes back as %q, %v", s, got, err)
		}
	}
	for _, s := range []string{``, `a`, `"a`, `"a"b`, `1`} {
		if got, err := Unquote([]byte(s)); err == nil {
			t.Errorf("%s gives %q, want a refusal", s, got)
		}
	}
}

// canonical writes a decoded value anew; ok is false for numbers that have no
// canonical form here.
func canonical(w *Writer, v any) (ok bool) {
	switch v := v.(type) {
	case nil:
		w.Null()
	case bool:
		w.Bool(v)
	case string:
		w.String(v)
	case json.Number:
		n, err := v.Int64()
		if err != nil || n > MaxInteger || n < -MaxInteger {
			return false
		}
		w.Int(n)
	case []any:
		w.Begin('[')
		for _, e := range v {
			if !canonical(w, e) {
				return false
			}
		}
		w.End(']')
	case map[string]any:
		w.Begin('{')
		for _, name := range sortedNames(v) {
			w.comma()
			w.Buf = append(AppendString(w.Buf, name), ':')
			w.open = false
			if !canonical(w, v[name]) {
				return false
			}
		}
		w.End('}')
	}
	return true
}

func sortedNames(m map[string]any) []string {
	var names []string
	for name := range m {
		at := 0
		for at < len(names) && Less(names[at], name) {
			at++
		}
		names = append(names[:at], append([]string{name}, names[at:]...)...)
	}
	return names
}

// FuzzFields compares with encoding/json: what Fields accepts is what decoding
// and writing anew gives back byte for byte, and nothing else.
func FuzzFields(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[{"c":"\u0001"},-5,null],"é":"x"}`))
	f.Add([]byte(`{"a":1.5}`))
	f.Add([]byte(`{"b":1,"a":true}`))
	f.Add([]byte("{\"\xed\xa0\x80\":1}"))
	f.Fuzz(func(t *testing.T, object []byte) {
		if len(object) > 64<<10 {
			return
		}
		fields, err := Fields(object)
		var v any
		decoder := json.NewDecoder(bytes.NewReader(object))
		decoder.UseNumber()
		same := false
		if decoder.Decode(&v) == nil {
			var w Writer
			m, isObject := v.(map[string]any)
			same = isObject && canonical(&w, m) && bytes.Equal(w.Buf, object)
		}
		if err == nil && !same {
			t.Fatalf("accepted %q", object)
		}
		if err != nil && same && !strings.Contains(err.Error(), "depth") {
			t.Fatalf("refused %q: %v", object, err)
		}
		if err != nil {
			return
		}
		back := []byte{'{'}
		for i, field := range fields {
			if i > 0 {
				back = append(back, ',')
			}
			back = append(AppendString(back, field.Name), ':')
			back = append(back, field.Value...)
		}
		if back = append(back, '}'); !bytes.Equal(back, object) {
			t.Fatalf("fields of %q join to %q", object, back)
		}
	})
}

func TestSign(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	text := []byte(`{"act":"stop","by":"tarrow"}`)
	signature, err := Sign(key, text)
	if err != nil {
		t.Fatal(err)
	}
	if !Verify(public, text, signature) {
		t.Error("a good signature does not verify")
	}
	if Verify(public, []byte(`{"act":"stop","by":"varanth"}`), signature) {
		t.Error("another statement verifies")
	}
	if Verify(public, text, ed25519.Sign(key, text)) {
		t.Error("a signature without the prefix verifies")
	}
	if Verify(public[:5], text, signature) || Verify(public, text, signature[:10]) {
		t.Error("a cut key or signature verifies")
	}
	spaced := []byte(`{"act": "stop"}`)
	if _, err := Sign(key, spaced); err == nil {
		t.Error("what is not canonical was signed")
	}
	if Verify(public, spaced, ed25519.Sign(key, signed(spaced))) {
		t.Error("what is not canonical verifies")
	}
}

func BenchmarkFields(b *testing.B) {
	object := []byte(`{"a":"` + strings.Repeat("x", 600) + `","at":"2031-05-04T03:02:01.000000000Z","by":"tarrow","n":12345}`)
	b.SetBytes(int64(len(object)))
	var dst []Field
	for b.Loop() {
		var err error
		if dst, err = AppendFields(dst[:0], object); err != nil {
			b.Fatal(err)
		}
	}
}
