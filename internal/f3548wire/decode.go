package f3548wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldError says that one member of a message cannot be used.
type FieldError struct {
	Path     string // such as `details.volumes[2].volume.altitude_lower.units`; empty for the whole
	Found    string
	Expected string
	Err      error // cause, may be nil
}

func (e *FieldError) Error() string {
	var parts []string
	if e.Found != "" {
		parts = append(parts, "found "+e.Found)
	}
	if e.Expected != "" {
		parts = append(parts, "expected "+e.Expected)
	}
	s := strings.Join(parts, ", ")
	if e.Err != nil {
		if s != "" {
			s += ": "
		}
		s += e.Err.Error()
	}
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	return s
}

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Message is what Decode reads: a pointer to a struct of this package.
type Message interface {
	read(*scanner) error
}

// Decode reads one JSON value into a message. Names count as they are written;
// a name of the message may stand once; null means absent; other names are
// skipped, as the standard demands. Arrays and objects nest at most 64 deep; the
// size is the caller's to bound. Errors are *FieldError with the path of the
// member, list positions included.
//
// Strings of the message share the memory of one copy of data. Clone what is
// kept for long.
func Decode(data []byte, into Message) error {
	s := scanner{text: string(data)}
	if !utf8.ValidString(s.text) {
		return &FieldError{Path: "line " + strconv.Itoa(lineOf(s.text, invalidAt(s.text))), Found: "bytes that are not UTF-8", Expected: "JSON in UTF-8"}
	}
	err := into.read(&s)
	if err == nil && (s.space() != 0 || s.at < len(s.text)) {
		err = s.syntax("the end")
	}
	var broken *syntaxError
	if errors.As(err, &broken) {
		found := "broken JSON"
		if s.text == "" {
			found = "nothing"
		}
		return &FieldError{
			Path:  "line " + strconv.Itoa(lineOf(s.text, broken.at)),
			Found: found, Expected: fmt.Sprintf("%s at byte %d", broken.expected, broken.at),
		}
	}
	return err
}

func lineOf(text string, at int) int { return 1 + strings.Count(text[:min(at, len(text))], "\n") }

func invalidAt(text string) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// field reads one member of a message T.
type field[T any] struct {
	name string
	read func(*scanner, *T) error
}

// fields are the members of a message, at most 64.
type fields[T any] []field[T]

func (f fields[T]) read(s *scanner, into *T) error {
	var seen uint64
	return s.object(func(name string) error {
		for i := range f {
			if f[i].name != name {
				continue
			}
			if seen&(1<<i) != 0 {
				return &FieldError{Found: "the member twice", Expected: "once"}
			}
			seen |= 1 << i
			if s.null() {
				return nil
			}
			return f[i].read(s, into)
		}
		return s.skip()
	})
}

func textField[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(s *scanner, m *T) (err error) {
		*at(m), err = s.string()
		return err
	}}
}

// optionalField reads a string of which absent and empty differ.
func optionalField[T any](name string, at func(*T) **string) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		text, err := s.string()
		*at(m) = &text
		return err
	}}
}

func numberField[T any](name string, at func(*T) **float64) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		f, err := s.number()
		*at(m) = &f
		return err
	}}
}

func wholeField[T any](name string, at func(*T) **int64) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		n, err := s.whole()
		*at(m) = &n
		return err
	}}
}

func flagField[T any](name string, at func(*T) *bool) field[T] {
	return field[T]{name, func(s *scanner, m *T) (err error) {
		*at(m), err = s.flag()
		return err
	}}
}

func rawField[T any](name string, at func(*T) *json.RawMessage) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		text, err := s.raw()
		*at(m) = json.RawMessage(text)
		return err
	}}
}

// message reads a member that is a message itself.
func messageField[T, U any](name string, at func(*T) **U, members fields[U]) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		u := new(U)
		*at(m) = u
		return members.read(s, u)
	}}
}

// list reads a member that is an array.
func listField[T, U any](name string, at func(*T) *[]U, element func(*scanner, *U) error) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		into := at(m)
		*into = []U{}
		return s.array(func() error {
			*into = append(*into, *new(U))
			return element(s, &(*into)[len(*into)-1])
		})
	}}
}

func stringElement(s *scanner, into *string) (err error) {
	*into, err = s.string()
	return err
}
