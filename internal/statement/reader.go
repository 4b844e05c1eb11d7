package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Reader reads what a Writer wrote: canonical JSON without floats, and nothing
// else. It is strict, so that each value has one form only. The first error
// stays; after it every method returns a zero value and More is false.
type Reader struct {
	buf  []byte
	pos  int
	deep []level
	err  error
}

// level is an object or array that is open.
type level struct {
	end   byte
	begun bool
	last  string // name of the last member
}

// maxDepth bounds the nesting that a Reader follows.
const maxDepth = 32

// NewReader returns a Reader of one canonical value.
func NewReader(value []byte) *Reader { return &Reader{buf: value} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Fail makes err the reader's error, unless it has one, with the place.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %w", r.pos, err)
	}
}

// Close checks that nothing is left and returns the first error.
func (r *Reader) Close() error {
	if r.err == nil && (r.pos != len(r.buf) || len(r.deep) > 0) {
		r.Fail(errors.New("expected the end of the value"))
	}
	return r.err
}

// Begin opens an object ('{') or an array ('[').
func (r *Reader) Begin(bracket byte) {
	if !r.take(bracket) {
		r.Fail(fmt.Errorf("expected %q", bracket))
		return
	}
	if len(r.deep) == maxDepth {
		r.Fail(errors.New("nested too deeply"))
		return
	}
	r.deep = append(r.deep, level{end: bracket + 2}) // '[' and ']', '{' and '}' are two apart
}

// More reports whether a member or element follows in what was opened last. When
// none does it closes it.
func (r *Reader) More() bool {
	if r.err != nil || len(r.deep) == 0 {
		return false
	}
	top := &r.deep[len(r.deep)-1]
	if r.take(top.end) {
		r.deep = r.deep[:len(r.deep)-1]
		return false
	}
	if top.begun && !r.take(',') {
		r.Fail(fmt.Errorf("expected ',' or %q", top.end))
		return false
	}
	top.begun = true
	return true
}

// Key reads the name of a member, which must come after the one before it.
func (r *Reader) Key() string {
	name := r.String()
	if r.err != nil {
		return ""
	}
	top := &r.deep[len(r.deep)-1]
	if top.last != "" && !(top.last < name) {
		r.Fail(fmt.Errorf("member %q after %q", name, top.last))
	}
	top.last = name
	if !r.take(':') {
		r.Fail(errors.New("expected ':'"))
	}
	return name
}

// String reads a string.
func (r *Reader) String() string {
	raw := r.quoted()
	for i := 1; i < len(raw)-1; i++ {
		if raw[i] == '\\' || raw[i] >= 0x80 {
			return r.unquote(raw)
		}
	}
	if len(raw) < 2 {
		return ""
	}
	return string(raw[1 : len(raw)-1])
}

// Bytes reads a string of plain ASCII without a copy.
func (r *Reader) Bytes() []byte {
	raw := r.quoted()
	if len(raw) < 2 {
		return nil
	}
	return raw[1 : len(raw)-1]
}

// quoted returns a string with its quotes.
func (r *Reader) quoted() []byte {
	if r.err != nil {
		return nil
	}
	from := r.pos
	if !r.take('"') {
		r.Fail(errors.New("expected a string"))
		return nil
	}
	for ; r.pos < len(r.buf); r.pos++ {
		switch c := r.buf[r.pos]; {
		case c == '"':
			r.pos++
			return r.buf[from:r.pos]
		case c == '\\':
			r.pos++
		case c < ' ':
			r.Fail(errors.New("control character in a string"))
			return nil
		}
	}
	r.pos = min(r.pos, len(r.buf))
	r.Fail(errors.New("string without an end"))
	return nil
}

// unquote reads a string with escapes or beyond ASCII, which must be in its
// canonical form.
func (r *Reader) unquote(raw []byte) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		r.Fail(err)
		return ""
	}
	if string(AppendString(nil, s)) != string(raw) {
		r.Fail(errors.New("string not in canonical form"))
		return ""
	}
	return s
}

// Int reads an integer.
func (r *Reader) Int() int64 {
	if r.err != nil {
		return 0
	}
	if r.pos < len(r.buf) && r.buf[r.pos] == '"' {
		return r.parse(string(r.Bytes()), true)
	}
	from := r.pos
	for r.pos < len(r.buf) && (r.buf[r.pos] == '-' || r.buf[r.pos]-'0' < 10) {
		r.pos++
	}
	return r.parse(string(r.buf[from:r.pos]), false)
}

// parse reads digits, which stand in quotes when they are above MaxInteger.
func (r *Reader) parse(digits string, quoted bool) int64 {
	n, err := strconv.ParseInt(digits, 10, 64)
	big := n > MaxInteger || n < -MaxInteger
	if err != nil || big != quoted || len(digits) > 1 && (digits[0] == '0' || digits[0] == '-' && digits[1] == '0') {
		r.Fail(errors.New("expected an integer in canonical form"))
		return 0
	}
	return n
}

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	switch {
	case r.word("true"):
		return true
	case r.word("false"):
	default:
		r.Fail(errors.New("expected true or false"))
	}
	return false
}

// Time reads an instant in nanoseconds since 1970.
func (r *Reader) Time() int64 {
	text := r.Bytes()
	if r.err != nil {
		return 0
	}
	t, err := time.Parse("2006-01-02T15:04:05.000000000Z", string(text))
	if err != nil || t.Year() < 1678 || t.Year() > 2261 { // int64 nanoseconds
		r.Fail(fmt.Errorf("%q is no time in canonical form", text))
		return 0
	}
	return t.UnixNano()
}

func (r *Reader) word(w string) bool {
	if r.err == nil && len(r.buf)-r.pos >= len(w) && string(r.buf[r.pos:r.pos+len(w)]) == w {
		r.pos += len(w)
		return true
	}
	return false
}

func (r *Reader) take(c byte) bool {
	if r.err == nil && r.pos < len(r.buf) && r.buf[r.pos] == c {
		r.pos++
		return true
	}
	return false
}
