package statement

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how many objects and arrays a canonical value may hold inside
// each other.
const MaxDepth = 64

// Field is one top-level member of a canonical object.
type Field struct {
	Name  string // decoded
	Value []byte // canonical JSON, a part of the object it was split from
}

// Fields splits one canonical JSON object into its top-level members, in order.
// What is not canonical at any depth is refused: white space, members out of
// order or repeated, numbers that are not integers within MaxInteger, escapes
// other than RFC 8785's, bytes that are not UTF-8, depth above MaxDepth. The
// error names the byte. Values alias object.
func Fields(object []byte) ([]Field, error) { return AppendFields(nil, object) }

// AppendFields is Fields appending to dst, for callers that split many objects.
func AppendFields(dst []Field, object []byte) ([]Field, error) {
	// One copy as a string lets all names share memory.
	s := scanner{text: string(object)}
	if !s.next('{') {
		return dst, s.fault("an object")
	}
	dst, err := s.members(dst, object, 1)
	if err != nil {
		return dst, err
	}
	if s.at != len(s.text) {
		return dst, s.fault("the end after the object")
	}
	return dst, nil
}

// Check reports whether value is one canonical JSON value, and if not, why.
func Check(value []byte) error {
	s := scanner{text: string(value)}
	if err := s.value(0); err != nil {
		return err
	}
	if s.at != len(s.text) {
		return s.fault("the end after the value")
	}
	return nil
}

// Elements splits one canonical JSON array into its elements, in order. They
// alias array.
func Elements(array []byte) ([][]byte, error) {
	s := scanner{text: string(array)}
	if !s.next('[') {
		return nil, s.fault("an array")
	}
	var list [][]byte
	err := s.elements(1, func(from, to int) { list = append(list, array[from:to:to]) })
	if err == nil && s.at != len(s.text) {
		err = s.fault("the end after the array")
	}
	return list, err
}

// Unquote decodes a canonical JSON string.
func Unquote(value []byte) (string, error) {
	s := scanner{text: string(value)}
	name, _, err := s.string()
	if err == nil && s.at != len(s.text) {
		err = s.fault("the end after the string")
	}
	return name, err
}

// scanner walks over canonical JSON.
type scanner struct {
	text   string
	at     int
	others bool // wrote the text: see checkMembers
}

func (s *scanner) fault(expected string) error {
	found := "the end"
	if s.at < len(s.text) {
		r, _ := utf8.DecodeRuneInString(s.text[s.at:])
		found = fmt.Sprintf("%q", r)
	}
	return fmt.Errorf("byte %d: found %s, expected %s", s.at, found, expected)
}

func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// members walks over an object behind its brace. It appends the members to dst
// when object, which holds the same bytes as text, is given.
func (s *scanner) members(dst []Field, object []byte, depth int) ([]Field, error) {
	if s.next('}') {
		return dst, nil
	}
	var last string
	var lastPlain bool
	for first := true; ; first = false {
		at := s.at
		name, plain, err := s.string()
		if err != nil {
			return dst, err
		}
		// Among plain ASCII the order of UTF-16 code units is that of bytes.
		if !first && (plain && lastPlain && last >= name || !(plain && lastPlain) && !Less(last, name)) {
			return dst, fmt.Errorf("byte %d: found member %q after %q, expected members in ascending order, each once", at, name, last)
		}
		last, lastPlain = name, plain
		if !s.next(':') {
			return dst, s.fault("a colon")
		}
		from := s.at
		if err := s.value(depth); err != nil {
			return dst, err
		}
		if object != nil {
			dst = append(dst, Field{name, object[from:s.at:s.at]})
		}
		switch {
		case s.next(','):
		case s.next('}'):
			return dst, nil
		default:
			return dst, s.fault("a comma or the end of the object")
		}
	}
}

func (s *scanner) value(depth int) error {
	if s.at == len(s.text) {
		return s.fault("a value")
	}
	switch c := s.text[s.at]; {
	case c == '"':
		_, _, err := s.string()
		return err
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return fmt.Errorf("byte %d: found depth %d, expected at most %d", s.at, depth+1, MaxDepth)
		}
		s.at++
		if c == '{' {
			_, err := s.members(nil, nil, depth+1)
			return err
		}
		return s.elements(depth+1, nil)
	case c == '-' || c >= '0' && c <= '9':
		return s.integer()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return nil
		}
	}
	return s.fault("a value")
}

// elements walks over an array behind its bracket and tells where each element
// begins and ends.
func (s *scanner) elements(depth int, found func(from, to int)) error {
	if s.next(']') {
		return nil
	}
	for {
		from := s.at
		if err := s.value(depth); err != nil {
			return err
		}
		if found != nil {
			found(from, s.at)
		}
		switch {
		case s.next(','):
		case s.next(']'):
			return nil
		default:
			return s.fault("a comma or the end of the array")
		}
	}
}

func (s *scanner) integer() error {
	from := s.at
	negative := s.next('-')
	digits := s.at
	var n int64
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		if s.at-digits < 18 {
			n = 10*n + int64(s.text[s.at]-'0')
		}
		s.at++
	}
	length := s.at - digits
	number := s.text[from:min(s.at, from+40)]
	switch {
	case length == 0:
		return s.fault("a digit")
	case length > 1 && s.text[digits] == '0' || negative && n == 0:
		return fmt.Errorf("byte %d: found the number %s, expected it without needless zeros or signs", from, number)
	case length > 17 || n > MaxInteger:
		return fmt.Errorf("byte %d: found the number %s, expected a magnitude of at most %d, or a string", from, number, int64(MaxInteger))
	case s.at < len(s.text) && strings.IndexByte(".eE", s.text[s.at]) >= 0:
		return s.fault("an integer")
	}
	return nil
}

// asItIs are the ASCII characters that stand for themselves in a string.
var asItIs = func() (set [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// string walks over a string and decodes it; plain tells that it is ASCII
// without escapes.
func (s *scanner) string() (decoded string, plain bool, err error) {
	if !s.next('"') {
		return "", false, s.fault("a string")
	}
	from := s.at
	plain, escaped := true, false
	for s.at < len(s.text) {
		for s.at < len(s.text) && asItIs[s.text[s.at]] {
			s.at++
		}
		if s.at == len(s.text) {
			break
		}
		switch c := s.text[s.at]; {
		case c == '"':
			decoded = s.text[from:s.at]
			s.at++
			if escaped {
				decoded = unescape(s.text[from-1 : s.at])
			}
			return decoded, plain, nil
		case c < ' ':
			return "", false, s.fault("an escape in its place")
		case c == '\\':
			plain, escaped = false, true
			if err := s.escape(); err != nil {
				return "", false, err
			}
		default:
			plain = false
			r, n := utf8.DecodeRuneInString(s.text[s.at:])
			if r == utf8.RuneError && n == 1 {
				return "", false, fmt.Errorf("byte %d: found 0x%02x, expected UTF-8", s.at, c)
			}
			s.at += n
		}
	}
	return "", false, s.fault("the end of the string")
}

// unescape decodes a string that was found to be canonical.
func unescape(quoted string) (s string) {
	if err := json.Unmarshal([]byte(quoted), &s); err != nil {
		panic(err) // canonical strings are JSON strings
	}
	return s
}

// escape walks over one escape. RFC 8785 section 3.2.2.2 leaves one way to
// write each character.
func (s *scanner) escape() error {
	rest := s.text[s.at:]
	if len(rest) >= 2 && strings.IndexByte(`"\btnfr`, rest[1]) >= 0 {
		s.at += 2
		return nil
	}
	if len(rest) >= 6 && strings.HasPrefix(rest, `\u00`) {
		var code byte
		switch hi, lo := rest[4], rest[5]; {
		case hi != '0' && hi != '1':
			code = ' '
		case lo >= '0' && lo <= '9':
			code = (hi-'0')<<4 | (lo - '0')
		case lo >= 'a' && lo <= 'f':
			code = (hi-'0')<<4 | (lo - 'a' + 10)
		default:
			code = ' '
		}
		if code < ' ' && strings.IndexByte("\b\t\n\f\r", code) < 0 {
			s.at += 6
			return nil
		}
	}
	return fmt.Errorf("byte %d: found the escape %q, expected the one of RFC 8785 or the character itself", s.at, rest[:min(6, len(rest))])
}
