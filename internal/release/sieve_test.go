package release

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sieves are all patterns that texts are screened by.
func sieves() []sieve {
	all := []sieve{harmless, titled, named}
	for _, d := range denied {
		all = append(all, d.pattern)
	}
	return all
}

// passes fails when a text has a match that the words of its pattern would have
// kept from being found.
func passes(t interface{ Fatalf(string, ...any) }, text string) {
	for _, s := range sieves() {
		if s.MatchString(text) && !s.mayMatch(sifted(text)) {
			t.Fatalf("%q matches %v, but has none of %q", text, s.Regexp, s.words)
		}
	}
}

// Every pattern has words, and none of them keeps a match from being found: in
// texts made of the words themselves, with endings, in any case, with letters that
// only a fold makes equal.
func TestSieveLosesNothing(t *testing.T) {
	var parts []string
	for _, s := range sieves() {
		if len(s.words) == 0 {
			t.Errorf("no words are known of %v", s.Regexp)
		}
		parts = append(parts, s.words...)
	}
	parts = append(parts, "s", "ed", "ing", " ", " ", " at ", " of the ", ". ", "Ä", "\u212a", "\u017f", "named Orla", " O'Neil", "4", "based", "our", "is", "my name is", "Capt")
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(parts), 1, 8).Draw(r, "parts") {
			if rapid.Bool().Draw(r, "small") {
				p = strings.ToLower(p)
			}
			b.WriteString(p)
		}
		passes(r, b.String())
	})
	for _, text := range []string{"troops", "heart attack", "Mr. Orla", "a man named Orla", "\u212aapt Orla", "the mi\u017f\u017fion is", "M\u017f Orla"} {
		passes(t, text)
	}
}

func BenchmarkScreen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if found := Screen("Two aircraft closing on the valley from the north, lights on."); found != nil {
			b.Fatal(found)
		}
	}
}
