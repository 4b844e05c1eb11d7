package f3548wire

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNesting bounds arrays and objects within each other. The deepest message
// of the standard has nine of them.
const maxNesting = 64

// scanner reads JSON (RFC 8259) once from left to right. It exists beside
// encoding/json because it tells what that cannot, repeated members and the
// place of every fault, and as it reads a request in about a third of the time
// (BenchmarkDecodeCreate). Strings without escapes are parts of the text, not
// copies.
type scanner struct {
	text  string
	at    int
	depth int
}

// syntaxError says that the text is no JSON from here on.
type syntaxError struct {
	at       int
	expected string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("expected %s at byte %d", e.expected, e.at) }

func (s *scanner) syntax(expected string) error { return &syntaxError{at: s.at, expected: expected} }

// space skips white space and returns the byte after it, 0 at the end.
func (s *scanner) space() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and the byte c, if that is next.
func (s *scanner) take(c byte) bool {
	if s.space() != c || s.at >= len(s.text) {
		return false
	}
	s.at++
	return true
}

// null skips the literal null, if that is next.
func (s *scanner) null() bool {
	if s.space() == 'n' && strings.HasPrefix(s.text[s.at:], "null") {
		s.at += len("null")
		return true
	}
	return false
}

// mismatch is the error for a value of another kind than expected.
func (s *scanner) mismatch(expected string) error {
	found := ""
	switch c := s.space(); {
	case c == '{':
		found = "an object"
	case c == '[':
		found = "an array"
	case c == '"':
		found = "a string"
	case c == '-', c >= '0' && c <= '9':
		found = "a number"
	case s.literal("true"), s.literal("false"):
		found = "true or false"
	case s.literal("null"):
		found = "null"
	default:
		return s.syntax("a value")
	}
	return &FieldError{Found: found, Expected: expected}
}

func (s *scanner) literal(word string) bool { return strings.HasPrefix(s.text[s.at:], word) }

// open enters an array or object.
func (s *scanner) open(bracket byte, expected string) error {
	if !s.take(bracket) {
		return s.mismatch(expected)
	}
	if s.depth++; s.depth > maxNesting {
		return &FieldError{Found: fmt.Sprintf("nesting deeper than %d", maxNesting), Expected: "less"}
	}
	return nil
}

// object calls member for each member of the object that is next; member must
// read the value. Its errors are placed at the member's name.
func (s *scanner) object(member func(name string) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	if s.take('}') {
		s.depth--
		return nil
	}
	for {
		if s.space() != '"' {
			return s.syntax("the name of a member")
		}
		name, err := s.string()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.syntax("a colon")
		}
		if err := member(name); err != nil {
			return Within(name, err)
		}
		if s.take(',') {
			continue
		}
		if !s.take('}') {
			return s.syntax("a comma or }")
		}
		s.depth--
		return nil
	}
}

// array calls element for each element of the array that is next; element must
// read the value. Its errors are placed at the element's position.
func (s *scanner) array(element func() error) error {
	if err := s.open('[', "an array"); err != nil {
		return err
	}
	if s.take(']') {
		s.depth--
		return nil
	}
	for i := 0; ; i++ {
		if err := element(); err != nil {
			return Within("["+strconv.Itoa(i)+"]", err)
		}
		if s.take(',') {
			continue
		}
		if !s.take(']') {
			return s.syntax("a comma or ]")
		}
		s.depth--
		return nil
	}
}

// Within places an error below a member or, as in `extents[2]`, an element of
// one. Errors that are no *FieldError stay as they are.
func Within(step string, err error) error {
	f, ok := err.(*FieldError)
	if !ok {
		return err
	}
	switch {
	case f.Path == "":
		f.Path = step
	case f.Path[0] == '[':
		f.Path = step + f.Path
	default:
		f.Path = step + "." + f.Path
	}
	return f
}

// string reads a string.
func (s *scanner) string() (string, error) {
	if s.space() != '"' {
		return "", s.mismatch("a string")
	}
	from := s.at + 1
	for i := from; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return s.text[from:i], nil
		case c == '\\':
			return s.escaped(i)
		case c < ' ':
			s.at = i
			return "", s.syntax("no control character in a string")
		}
	}
	s.at = len(s.text)
	return "", s.syntax(`a closing "`)
}

// escaped reads a string whose first escape is at i. Escapes are rare, so
// encoding/json may read them.
func (s *scanner) escaped(i int) (string, error) {
	from := s.at
	for ; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			var out string
			if err := json.Unmarshal([]byte(s.text[from:i+1]), &out); err != nil {
				return "", s.syntax("a string with valid escapes")
			}
			s.at = i + 1
			return out, nil
		}
	}
	s.at = len(s.text)
	return "", s.syntax(`a closing "`)
}

// numeral reads the text of a number.
func (s *scanner) numeral(expected string) (string, error) {
	if c := s.space(); c != '-' && (c < '0' || c > '9') {
		return "", s.mismatch(expected)
	}
	from := s.at
	if s.text[s.at] == '-' {
		s.at++
	}
	// No zero before other digits; digits on both sides of a point.
	if s.at < len(s.text) && s.text[s.at] == '0' {
		s.at++
	} else if s.digits() == 0 {
		return "", s.syntax("a digit")
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return "", s.syntax("a digit")
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return "", s.syntax("a digit")
		}
	}
	return s.text[from:s.at], nil
}

func (s *scanner) digits() (n int) {
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}

// number reads a finite number.
func (s *scanner) number() (float64, error) {
	text, err := s.numeral("a number")
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, &FieldError{Found: brief(text), Expected: "a number"}
	}
	return f, nil
}

// whole reads a number without fraction and exponent.
func (s *scanner) whole() (int64, error) {
	text, err := s.numeral("a whole number")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &FieldError{Found: brief(text), Expected: "a whole number"}
	}
	return n, nil
}

// flag reads true or false.
func (s *scanner) flag() (bool, error) {
	s.space()
	switch {
	case s.literal("true"):
		s.at += len("true")
		return true, nil
	case s.literal("false"):
		s.at += len("false")
		return false, nil
	}
	return false, s.mismatch("true or false")
}

// raw reads any value and returns its text.
func (s *scanner) raw() (string, error) {
	s.space()
	from := s.at
	if err := s.skip(); err != nil {
		return "", err
	}
	return s.text[from:s.at], nil
}

// skip reads any value. Recursion ends at maxNesting.
func (s *scanner) skip() error {
	var err error
	switch c := s.space(); c {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	case '"':
		_, err = s.string()
	case 't', 'f':
		_, err = s.flag()
	case 'n':
		if !s.null() {
			err = s.syntax("a value")
		}
	default:
		_, err = s.numeral("a value")
	}
	return err
}

// brief keeps an error from repeating a whole hostile input.
func brief(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
