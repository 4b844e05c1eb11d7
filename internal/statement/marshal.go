package statement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Marshal returns the canonical form of what encoding/json makes of v. It
// refuses numbers that are not integers within MaxInteger.
func Marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return Canonical(text)
}

// Unmarshal reads a canonical value into v, which points to where it goes.
// Members that v does not have under exactly that name are refused: who signs a
// form that a reader knows in part only would be bound to what the other never
// saw.
//
// It takes Instants of the years 1900 to 2200.
func Unmarshal(value []byte, v any) error { return unmarshal(value, v, true) }

// Reread is Unmarshal for what this program wrote. It takes every Instant: one
// that was computed from those of others may lie outside their years.
func Reread(value []byte, v any) error { return unmarshal(value, v, false) }

func unmarshal(value []byte, v any, others bool) error {
	if err := Check(value); err != nil {
		return err
	}
	if err := checkMembers(value, reflect.TypeOf(v), others); err != nil {
		return err
	}
	return worded(json.Unmarshal(value, v))
}

// Canonical rewrites one JSON value in its canonical form: members in order,
// white space gone, strings in their shortest form. It refuses members given
// twice, numbers that are not integers within MaxInteger, depth above MaxDepth,
// and anything behind the value.
func Canonical(text []byte) ([]byte, error) {
	if out, ok := rewrite(text); ok {
		return out, nil
	}
	return canonicalByTokens(text)
}

// canonicalByTokens is Canonical by the decoder of the standard library.
func canonicalByTokens(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	c := canonizer{d}
	out, err := c.value(make([]byte, 0, len(text)), 0)
	if err != nil {
		return nil, worded(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("byte %d: expected the end after the value", d.InputOffset())
	}
	return out, nil
}

// canonizer rewrites the tokens of a decoder.
type canonizer struct{ *json.Decoder }

func (c canonizer) value(dst []byte, depth int) ([]byte, error) {
	token, err := c.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == MaxDepth {
			return nil, fmt.Errorf("byte %d: found depth %d, expected at most %d", c.InputOffset(), depth+1, MaxDepth)
		}
		if t == '{' {
			return c.object(dst, depth+1)
		}
		return c.array(dst, depth+1)
	case json.Number:
		n, err := strconv.ParseInt(t.String(), 10, 64)
		if err != nil || n > MaxInteger || n < -MaxInteger {
			return nil, fmt.Errorf("byte %d: found the number %s, expected an integer of magnitude at most %d", c.InputOffset(), clip(t.String()), int64(MaxInteger))
		}
		return strconv.AppendInt(dst, n, 10), nil
	case string:
		return AppendString(dst, t), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	}
	return append(dst, "null"...), nil
}

func (c canonizer) array(dst []byte, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for first := true; c.More(); first = false {
		if !first {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = c.value(dst, depth); err != nil {
			return nil, err
		}
	}
	_, err := c.Token()
	return append(dst, ']'), err
}

func (c canonizer) object(dst []byte, depth int) ([]byte, error) {
	var members []Field
	for c.More() {
		name, err := c.Token()
		if err != nil {
			return nil, err
		}
		value, err := c.value(nil, depth)
		if err != nil {
			return nil, err
		}
		members = append(members, Field{name.(string), value})
	}
	if _, err := c.Token(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(members, func(a, b Field) int {
		if Less(a.Name, b.Name) {
			return -1
		}
		if Less(b.Name, a.Name) {
			return 1
		}
		return 0
	})
	return AppendObject(dst, members)
}

// AppendObject appends an object of members that are in canonical order. It
// refuses a name given twice.
func AppendObject(dst []byte, members []Field) ([]byte, error) {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].Name == m.Name {
				return nil, fmt.Errorf("found member %q twice, expected each once", clip(m.Name))
			}
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.Name), ':')
		dst = append(dst, m.Value...)
	}
	return append(dst, '}'), nil
}

// clip keeps an error from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// Instant is a time in nanoseconds since 1970, in JSON an RFC 3339 string: with
// nine decimals and Z when written, with any offset when read.
type Instant int64

// String returns the instant as it stands in a canonical form.
func (t Instant) String() string { return string(AppendTime(nil, int64(t))) }

// MarshalText implements encoding.TextMarshaler.
func (t Instant) MarshalText() ([]byte, error) { return AppendTime(nil, int64(t)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Instant) UnmarshalText(text []byte) error {
	at, err := parseInstant(string(text))
	if err == nil {
		*t = at
	}
	return err
}

func parseInstant(text string) (Instant, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("found the time %q, expected RFC 3339 with an offset, as 2026-03-01T16:40:00Z", clip(text))
	}
	if !time.Unix(0, at.UnixNano()).Equal(at) {
		return 0, fmt.Errorf("found the time %q, expected a year from 1678 to 2261", clip(text))
	}
	return Instant(at.UnixNano()), nil
}

// near reports whether the instant is of the years that others may say.
func (t Instant) near() bool {
	y := time.Unix(0, int64(t)).UTC().Year()
	return y >= 1900 && y <= 2200
}
