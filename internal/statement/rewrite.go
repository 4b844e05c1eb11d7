package statement

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// rewriter is Canonical for JSON as programs write it, several times as fast as
// the tokens of a decoder: every event and statement of a node goes through it.
// What it does not like, it leaves to those, which also find the words for what
// is wrong.
type rewriter struct {
	text []byte
	at   int
	dst  []byte
}

// rewrite returns the canonical form of a text, or false when that needs a closer
// look.
func rewrite(text []byte) ([]byte, bool) {
	r := rewriter{text: text, dst: make([]byte, 0, len(text))}
	if !r.value(0) {
		return nil, false
	}
	r.space()
	return r.dst, r.at == len(text)
}

func (r *rewriter) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows; 0 at the end.
func (r *rewriter) next() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *rewriter) value(depth int) bool {
	switch c := r.next(); {
	case c == '"':
		_, ok := r.string()
		return ok
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return false
		}
		r.at++
		if c == '{' {
			return r.object(depth + 1)
		}
		return r.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if rest := r.text[r.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			r.at += len(word)
			r.dst = append(r.dst, word...)
			return true
		}
	}
	return false
}

func (r *rewriter) array(depth int) bool {
	r.dst = append(r.dst, '[')
	if r.next() == ']' {
		r.at++
		r.dst = append(r.dst, ']')
		return true
	}
	for {
		if !r.value(depth) {
			return false
		}
		c := r.next()
		r.at++
		switch c {
		case ',':
			r.dst = append(r.dst, ',')
		case ']':
			r.dst = append(r.dst, ']')
			return true
		default:
			return false
		}
	}
}

// span is where a member stands in what was written: its name, then its value.
type span struct {
	name     string
	from, to int
}

// object writes members as they come, and puts them in order afterwards if they
// were not.
func (r *rewriter) object(depth int) bool {
	r.dst = append(r.dst, '{')
	start := len(r.dst)
	if r.next() == '}' {
		r.at++
		r.dst = append(r.dst, '}')
		return true
	}
	var room [24]span
	members, sorted := room[:0], true
	for {
		if r.next() != '"' {
			return false
		}
		from := len(r.dst)
		name, ok := r.string()
		if !ok || r.next() != ':' {
			return false
		}
		r.at++
		r.dst = append(r.dst, ':')
		if !r.value(depth) {
			return false
		}
		if n := len(members); n > 0 && !Less(members[n-1].name, name) {
			sorted = false
		}
		members = append(members, span{name, from, len(r.dst)})
		c := r.next()
		r.at++
		switch c {
		case ',':
			r.dst = append(r.dst, ',')
		case '}':
			r.dst = append(r.dst, '}')
			return sorted || r.sort(members, start)
		default:
			return false
		}
	}
}

// sort puts the members of the object that was written last in order; false when
// one was given twice.
func (r *rewriter) sort(members []span, start int) bool {
	slices.SortFunc(members, func(a, b span) int {
		switch {
		case Less(a.name, b.name):
			return -1
		case Less(b.name, a.name):
			return 1
		}
		return 0
	})
	written := append([]byte(nil), r.dst[start:]...)
	r.dst = r.dst[:start]
	for i, m := range members {
		if i > 0 {
			if members[i-1].name == m.name {
				return false
			}
			r.dst = append(r.dst, ',')
		}
		r.dst = append(r.dst, written[m.from-start:m.to-start]...)
	}
	r.dst = append(r.dst, '}')
	return true
}

// string writes a string and returns it.
func (r *rewriter) string() (string, bool) {
	from, plain := r.at, true
	for i := from + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			quoted := r.text[from:r.at]
			inner := quoted[1 : len(quoted)-1]
			if plain && (ascii(inner) || utf8.Valid(inner)) {
				r.dst = append(r.dst, quoted...)
				return string(inner), true
			}
			var s string
			if json.Unmarshal(quoted, &s) != nil {
				return "", false
			}
			r.dst = AppendString(r.dst, s)
			return s, true
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func ascii(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// number writes an integer that has no fraction and no exponent.
func (r *rewriter) number() bool {
	from := r.at
	if r.text[r.at] == '-' {
		r.at++
	}
	digits := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	if n := r.at - digits; n == 0 || n > 1 && r.text[digits] == '0' {
		return false
	}
	n, err := strconv.ParseInt(string(r.text[from:r.at]), 10, 64)
	if err != nil || n > MaxInteger || n < -MaxInteger {
		return false
	}
	r.dst = strconv.AppendInt(r.dst, n, 10)
	return true
}
