package statement

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAppendString holds RFC 8785's own example (section 3.2.2.2) and strings
// that JSON libraries escape differently.
func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"€$\u000F\u000aA'\u0042\u0022\u005c\\\"/": `"€$\u000f\nA'B\"\\\\\"/"`,
		"":                    `""`,
		"<&>\u2028\u2029\x7f": "\"<&>\u2028\u2029\x7f\"",
		"\b\t\n\f\r\x00\x1f":  `"\b\t\n\f\r\u0000\u001f"`,
		"a\xffb":              "\"a\uFFFDb\"",
		"😀é":                  `"😀é"`,
	} {
		if got := string(AppendString(nil, in)); got != want {
			t.Errorf("%q gives %s, want %s", in, got, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("€$\x0f\nA'B\"\\\\\"/")
	f.Add("\xff\xfe\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		out := AppendString(nil, s)
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%q gives %s: %v", s, out, err)
		}
		if want := string([]rune(s)); back != want {
			t.Fatalf("%q reads back as %q, want %q", s, back, want)
		}
	})
}

// TestLess holds the sorting example of RFC 8785 section 3.2.3, where UTF-16
// and UTF-8 order differ.
func TestLess(t *testing.T) {
	want := []string{"\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001F600", "\ufb33"}
	got := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, func(a, b string) int {
		switch {
		case Less(a, b):
			return -1
		case Less(b, a):
			return 1
		}
		return 0
	})
	if !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestAppendTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		ns := rng.Int64() - rng.Int64()
		want := time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got := string(AppendTime(nil, ns)); got != want {
			t.Fatalf("%d gives %s, want %s", ns, got, want)
		}
	}
}

func TestWriter(t *testing.T) {
	var w Writer
	w.Begin('{')
	w.Key("a")
	w.Int(MaxInteger)
	w.Key("b")
	w.Int(-MaxInteger - 1)
	w.Key("c")
	w.Begin('[')
	w.Begin('[')
	w.End(']')
	w.Bool(true)
	w.Null()
	w.Hex([]byte{0, 0xAF})
	w.Time(1)
	w.End(']')
	w.Key("d")
	w.String("x")
	w.Key("e")
	w.Raw([]byte(`{"f":[]}`))
	w.End('}')
	const want = `{"a":9007199254740992,"b":"-9007199254740993","c":[[],true,null,"00af","1970-01-01T00:00:00.000000001Z"],"d":"x","e":{"f":[]}}`
	if string(w.Buf) != want {
		t.Errorf("found %s, want %s", w.Buf, want)
	}
}
