package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CheckText reports the first place of a JSON text that stands for no character:
// bytes that are not UTF-8, and escapes of half a surrogate pair. Canonical takes
// both for U+FFFD, so that what is signed would not be what was said.
func CheckText(text []byte) error {
	if !utf8.Valid(text) {
		at := 0
		for {
			r, n := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && n <= 1 {
				return fmt.Errorf("byte %d: found 0x%02x, expected UTF-8", at, text[at])
			}
			at += n
		}
	}
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\\')
		if next < 0 {
			return nil
		}
		at += next
		switch unit := codeUnit(text[at:]); {
		case unit < 0:
			at += 2
			if at > len(text) {
				return nil
			}
		case unit >= 0xdc00 && unit <= 0xdfff:
			return halfPair(at, unit)
		case unit >= 0xd800 && unit <= 0xdbff:
			if low := codeUnit(text[at+6:]); low < 0xdc00 || low > 0xdfff {
				return halfPair(at, unit)
			}
			at += 12
		default:
			at += 6
		}
	}
}

func halfPair(at int, unit int64) error {
	return fmt.Errorf("byte %d: found \\u%04x, half of a surrogate pair, expected both", at, unit)
}

// codeUnit returns the code unit of the escape \uXXXX that a text begins with; -1
// when it begins with none.
func codeUnit(text []byte) int64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int64(unit)
}

// worded says what encoding/json does not like in the terms of JSON: its own
// words name types of Go.
func worded(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		place := ""
		if kind.Field != "" {
			place = kind.Field + ": "
		}
		found, _, _ := strings.Cut(kind.Value, " ")
		return fmt.Errorf("%sfound %s, expected %s", place, article(found), wanted(kind.Type))
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d: %w", syntax.Offset, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("found the end, expected a value")
	}
	return err
}

func article(value string) string {
	switch value {
	case "bool":
		return "true or false"
	case "array", "object":
		return "an " + value
	}
	return "a " + value
}

// wanted is what a value has to be to be read into a type.
func wanted(t reflect.Type) string {
	if readsItself(t) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "an integer"
}
