package f3548wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
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

// Decode reads one JSON value into a message of this package. It bounds
// neither size nor nesting (encoding/json stops at 10,000 levels). Errors are
// *FieldError with the path of the member, list positions included.
func Decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return &FieldError{Path: pathAt(data, typ.Offset), Found: article(typ.Value), Expected: typeWords(typ)}
	}
	var syn *json.SyntaxError
	if errors.As(err, &syn) {
		before := data[:min(int(syn.Offset), len(data))]
		return &FieldError{
			Path:  "line " + strconv.Itoa(1+bytes.Count(before, []byte("\n"))),
			Found: "broken JSON", Expected: "JSON", Err: errors.New(syn.Error()),
		}
	}
	return &FieldError{Err: err}
}

func typeWords(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "string":
		return "a string"
	case "float64":
		return "a number"
	case "int64":
		return "a whole number"
	case "slice":
		return "an array"
	case "struct":
		return "an object"
	}
	return "a " + e.Type.String()
}

// pathAt names the member whose value ends at an offset of valid JSON.
func pathAt(data []byte, offset int64) string {
	type level struct {
		array bool
		n     int
		key   string
		isKey bool // the next string is a key
	}
	var stack []level
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	path := func() string {
		var b strings.Builder
		for _, l := range stack {
			switch {
			case l.array:
				b.WriteString("[" + strconv.Itoa(l.n) + "]")
			case b.Len() > 0:
				b.WriteString("." + l.key)
			default:
				b.WriteString(l.key)
			}
		}
		return b.String()
	}
	done := func() { // a value of the innermost level is complete
		if len(stack) == 0 {
			return
		}
		top := &stack[len(stack)-1]
		top.n++
		top.isKey = !top.array
	}
	for {
		tok, err := dec.Token()
		if err != nil {
			return ""
		}
		switch t := tok.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				// A type error at an opening bracket is reported there.
				if dec.InputOffset() >= offset {
					return path()
				}
				stack = append(stack, level{array: t == '[', isKey: t == '{'})
				continue
			}
			stack = stack[:len(stack)-1]
		case string:
			if n := len(stack); n > 0 && stack[n-1].isKey {
				stack[n-1].key, stack[n-1].isKey = t, false
				continue
			}
		}
		if dec.InputOffset() >= offset {
			return path()
		}
		done()
	}
}

// article puts a or an before the kind of a JSON value.
func article(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "number "):
		return strings.TrimPrefix(kind, "number ")
	case kind == "array", kind == "object":
		return "an " + kind
	}
	return "a " + kind
}
