package statement

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		`{"b": 1, "a": [ true, null, "x\u0041\/" ]}`: `{"a":[true,null,"xA/"],"b":1}`,
		`{"\ufb33":"","😀":0,"é":1e0}`:                "",
		`{"\ufb33":"","😀":0,"é":1}`:                  `{"é":1,"😀":0,"` + "\ufb33" + `":""}`,
		` "<&>" `:                                    `"<&>"`,
		`-0`:                                         `0`,
		`9007199254740992`:                           `9007199254740992`,
		`9007199254740993`:                           "",
		`1.5`:                                        "",
		`{"a":1,"a":2}`:                              "",
		`{"a":1,"\u0061":1}`:                         "",
		`{} {}`:                                      "",
		`[1,]`:                                       "",
		``:                                           "",
		strings.Repeat("[", MaxDepth+1):              "",
		strings.Repeat("[", 70) + strings.Repeat("]", 70): "",
	} {
		got, err := Canonical([]byte(text))
		if slow, failure := canonicalByTokens([]byte(text)); (err == nil) != (failure == nil) || !bytes.Equal(got, slow) {
			t.Errorf("%s: %s, %v; by tokens %s, %v", text, got, err, slow, failure)
		}
		if (err == nil) != (want != "") || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
		if err == nil {
			if err := Check(got); err != nil {
				t.Errorf("%s is not canonical: %v", got, err)
			}
		}
	}
}

// What is canonical stays as it is, whatever it is; what is refused is refused.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":{"c":[]}}`, `"\ud800"`, `[1e3]`, `{"a":1,"a":1}`, "\"\xff\"", `[-0, 1, "\u003c"]`, `{"b":0,"a":[{}, {"d" : null,"c":true}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		once, err := Canonical(text)
		if slow, failure := canonicalByTokens(text); (err == nil) != (failure == nil) || !bytes.Equal(once, slow) {
			t.Fatalf("%q gives %q, %v; by tokens %q, %v", text, once, err, slow, failure)
		}
		if err != nil {
			return
		}
		if err := Check(once); err != nil {
			t.Fatalf("%q gives %q: %v", text, once, err)
		}
		if twice, err := Canonical(once); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q becomes %q, %v", once, twice, err)
		}
		var a, b any
		if json.Unmarshal(text, &a) == nil && json.Unmarshal(once, &b) == nil {
			x, _ := json.Marshal(withoutSign(a))
			y, _ := json.Marshal(b)
			if !bytes.Equal(x, y) {
				t.Fatalf("%q means %s, its canonical form %s", text, x, y)
			}
		}
	})
}

// withoutSign returns a decoded value with 0 in the place of -0, which no integer
// is.
func withoutSign(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 0
	case []any:
		for i := range v {
			v[i] = withoutSign(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withoutSign(v[name])
		}
	}
	return v
}

func TestUnmarshalKnowsAllMembers(t *testing.T) {
	var v struct {
		A int `json:"a"`
	}
	if err := Unmarshal([]byte(`{"a":1}`), &v); err != nil || v.A != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	for _, text := range []string{`{"a":1,"b":2}`, `{"a": 1}`, `{"a":1}x`} {
		if err := Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

func TestInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Int64Range(-2e18, 7e18).Draw(t, "ns")
		data, err := Marshal(Instant(ns))
		if err != nil {
			t.Fatal(err)
		}
		var back Instant
		if err := json.Unmarshal(data, &back); err != nil || int64(back) != ns {
			t.Fatalf("%s becomes %d, %v", data, back, err)
		}
		elsewhere := time.Unix(0, ns).In(time.FixedZone("", 3*3600)).Format(time.RFC3339Nano)
		if err := back.UnmarshalText([]byte(elsewhere)); err != nil || int64(back) != ns {
			t.Fatalf("%s becomes %d, %v", elsewhere, back, err)
		}
	})
	var at Instant
	for _, text := range []string{"", "2026-03-01", "2026-03-01T16:40:00", "0001-01-01T00:00:00Z", "2300-01-01T00:00:00Z"} {
		if err := at.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	text := []byte(`{"statement":{"id":"7-12","act":"channel.send","node":"node.example","party":"north","at":"2030-03-17T17:46:40.000000000Z",` +
		`"body":{"to":{"party":"south","position":"watch"},"type":"WARN","fields":[{"name":"position","position":{"lat_e9":1250000000,"lng_e9":32500000000}}],` +
		`"language":"en","text":"Two aircraft closing on the valley from the north, lights on."}},"signatures":[]}`)
	for name, f := range map[string]func([]byte) ([]byte, error){"rewritten": Canonical, "by tokens": canonicalByTokens} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
