package release

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// sieve is a pattern with words of which every match holds one. Most texts hold
// none, and looking for words is a hundred times as quick as trying a pattern at
// each place.
type sieve struct {
	*regexp.Regexp
	words []string // in the form of sifted; none: every text has to be tried
}

// sieved compiles a pattern that matches only where one of the alternatives does.
// It panics when one is no pattern: they are constant.
func sieved(pattern string, alternatives ...string) sieve {
	s := sieve{Regexp: regexp.MustCompile(pattern)}
	// Each is parsed alone: together, what they begin with would be split off, and
	// little left that is rare.
	for _, a := range alternatives {
		parsed, err := syntax.Parse(a, syntax.Perl)
		if err != nil {
			panic(err)
		}
		words := needed(parsed)
		if words == nil {
			return sieve{Regexp: s.Regexp}
		}
		for _, w := range words {
			s.words = append(s.words, sifted(w))
		}
	}
	return s
}

// mayMatch reports whether the pattern can match a text, given as sifted.
func (s sieve) mayMatch(text string) bool {
	return len(s.words) == 0 || slices.ContainsFunc(s.words, func(w string) bool { return strings.Contains(text, w) })
}

// sifted returns a text with each letter as the first of those that differ from
// it by case alone, whichever way.
func sifted(text string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' && r != 'k' && r != 's' { // those two have a third form
			return r - 'a' + 'A'
		}
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}

// needed returns words of which every match of an expression holds one; nil when
// it does not know any.
func needed(e *syntax.Regexp) []string {
	switch e.Op {
	case syntax.OpLiteral:
		return []string{string(e.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(e.Sub[0])
	case syntax.OpAlternate:
		var all []string
		for _, sub := range e.Sub {
			words := needed(sub)
			if words == nil {
				return nil
			}
			all = append(all, words...)
		}
		return all
	case syntax.OpConcat:
		// The part whose shortest word is longest is the rarest.
		var best []string
		for _, sub := range e.Sub {
			if words := needed(sub); words != nil && (best == nil || shortest(words) > shortest(best)) {
				best = words
			}
		}
		return best
	}
	return nil
}

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}
