package statement

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Readable reports why Reread would not read a value of a type back as it was
// written, beside being canonical; nil: it would. It reads only what reads
// itself, which may refuse what it wrote or make something else of it, and
// compares the rest with the type: at a small part of what Reread costs. What it
// does not know it refuses.
//
// Members of the outermost object with a name in beside are somebody else's.
func Readable(value []byte, t reflect.Type, beside ...string) error {
	s := scanner{text: string(value)}
	f := formOf(t)
	var err error
	if c := s.peek(); c == '{' && f.members != nil {
		err = s.readableMembers(f, 1, beside)
	} else {
		err = s.readable(f, 0)
	}
	if err == nil && s.at != len(s.text) {
		err = s.fault("the end after the value")
	}
	return err
}

type memberForm struct {
	name string
	form *form
}

// form is what can be read into a type.
type form struct {
	t       reflect.Type
	begins  string       // with which bytes a value begins; null aside
	null    bool         // it may be null
	members []memberForm // by name, in canonical order
	elem    *form        // of arrays, slices and maps
	itself  bool         // it reads itself
}

var (
	formsMu sync.RWMutex
	forms   = map[reflect.Type]*form{}
)

func formOf(t reflect.Type) *form {
	formsMu.RLock()
	f := forms[t]
	formsMu.RUnlock()
	if f == nil {
		formsMu.Lock()
		defer formsMu.Unlock()
		f = newForm(t)
	}
	return f
}

var rawType = reflect.TypeFor[json.RawMessage]()

// newForm needs the lock, until all that the form holds is complete.
func newForm(t reflect.Type) *form {
	if f := forms[t]; f != nil {
		return f
	}
	f := &form{t: t}
	forms[t] = f // before what it holds, which may hold it
	const anything = "{[\"-0123456789tf"
	switch kind := t.Kind(); {
	case t == rawType:
		f.begins, f.null = anything, true
	case kind == reflect.Pointer:
		*f = *newForm(t.Elem())
		f.null = true
	case readsItself(t):
		f.begins, f.itself = anything, true
	case kind == reflect.Struct:
		of := membersOf(t)
		f.begins, f.members = "{", make([]memberForm, len(of))
		names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
			if Less(a, b) {
				return -1
			}
			return 1
		})
		for i, name := range names {
			f.members[i] = memberForm{name, newForm(of[name])}
		}
	case kind == reflect.Map:
		if t.Key().Kind() == reflect.String && !readsItself(t.Key()) {
			f.begins, f.null, f.elem = "{", true, newForm(t.Elem())
		}
	case kind == reflect.Array, kind == reflect.Slice && (t.Elem().Kind() != reflect.Uint8 || readsItself(t.Elem())):
		f.begins, f.null, f.elem = "[", kind == reflect.Slice, newForm(t.Elem())
	case kind == reflect.String:
		f.begins = `"`
	case kind == reflect.Bool:
		f.begins = "tf"
	case kind >= reflect.Int && kind <= reflect.Int64:
		f.begins = "-0123456789"
	case kind >= reflect.Uint && kind <= reflect.Uint64:
		f.begins = "0123456789"
	}
	return f
}

// peek returns the byte that comes next; 0 at the end.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) readable(f *form, depth int) error {
	from, c := s.at, s.peek()
	switch {
	case c == 'n' && f.null:
		return s.value(depth)
	case c == 0 || strings.IndexByte(f.begins, c) < 0:
		return s.fault("what is read into " + f.t.String())
	case f.itself:
		if err := s.value(depth); err != nil {
			return err
		}
		return readItself(f.t, s.text[from:s.at], from)
	case f.elem == nil && f.members == nil:
		if err := s.value(depth); err != nil {
			return err
		}
		return fitsInto(f.t, s.text[from:s.at], from)
	case depth == MaxDepth:
		return fmt.Errorf("byte %d: found depth %d, expected at most %d", s.at, depth+1, MaxDepth)
	case c == '{':
		return s.readableMembers(f, depth+1, nil)
	}
	s.at++
	if s.next(']') {
		return nil
	}
	for {
		if err := s.readable(f.elem, depth+1); err != nil {
			return err
		}
		if s.next(']') {
			return nil
		}
		if !s.next(',') {
			return s.fault("a comma or the end of the array")
		}
	}
}

// readableMembers walks over the object that begins here.
func (s *scanner) readableMembers(f *form, depth int, beside []string) error {
	s.at++
	if s.next('}') {
		return nil
	}
	begin := s.at
	last, lastPlain, next := "", true, 0
	for {
		at := s.at
		name, plain, err := s.string()
		if err != nil {
			return err
		}
		// Among plain ASCII the order of UTF-16 code units is that of bytes.
		if at != begin && (plain && lastPlain && last >= name || !(plain && lastPlain) && !Less(last, name)) {
			return fmt.Errorf("byte %d: found member %q after %q, expected members in ascending order, each once", at, name, last)
		}
		last, lastPlain = name, plain
		if !s.next(':') {
			return s.fault("a colon")
		}
		// Those of the type that come before are left out.
		for i := next; i < len(f.members); i++ {
			if f.members[i].name == name {
				next = i
				break
			}
		}
		switch {
		case slices.Contains(beside, name):
			err = s.value(depth)
		case f.elem != nil:
			err = s.readable(f.elem, depth)
		case next < len(f.members) && f.members[next].name == name:
			err = s.readable(f.members[next].form, depth)
		default:
			return fmt.Errorf("byte %d: found member %q, which %s does not have", at, clip(name), f.t)
		}
		if err != nil {
			return err
		}
		if s.next('}') {
			return nil
		}
		if !s.next(',') {
			return s.fault("a comma or the end of the object")
		}
	}
}

// readItself reads a value of a type that reads itself, and writes it again.
func readItself(t reflect.Type, text string, at int) error {
	if t == instantType { // what most are, without the detours
		var room [len(`"2006-01-02T15:04:05.000000000Z"`)]byte
		if i, err := parseInstant(strings.Trim(text, `"`)); err == nil && string(append(AppendTime(append(room[:0], '"'), int64(i)), '"')) == text {
			return nil
		}
	}
	v := reflect.New(t)
	again, err := reread(v, text)
	if err == nil && string(again) != text {
		err = fmt.Errorf("found %s, which is read as %s", clip(text), clip(string(again)))
	}
	if err != nil {
		return fmt.Errorf("byte %d: %w", at, err)
	}
	return nil
}

// reread reads a value as encoding/json would, but for its detours, and returns
// what is written of it then.
func reread(v reflect.Value, text string) ([]byte, error) {
	r, isText := v.Interface().(encoding.TextUnmarshaler)
	if _, isJSON := v.Interface().(json.Unmarshaler); isJSON || !isText {
		if err := json.Unmarshal([]byte(text), v.Interface()); err != nil {
			return nil, err
		}
		return Marshal(v.Interface())
	}
	if text[0] != '"' {
		return nil, fmt.Errorf("found %s, expected a string", clip(text))
	}
	inner := []byte(text[1 : len(text)-1])
	if slices.Contains(inner, '\\') {
		inner = []byte(unescape(text))
	}
	if err := r.UnmarshalText(inner); err != nil {
		return nil, err
	}
	again := make([]byte, 0, len(text))
	switch w, writes := v.Interface().(encoding.TextMarshaler); {
	case writes:
		written, err := w.MarshalText()
		return AppendString(again, string(written)), err
	case v.Elem().Kind() == reflect.String:
		return AppendString(again, v.Elem().String()), nil
	}
	return Marshal(v.Interface())
}

// fitsInto reports why a number is too large for a type.
func fitsInto(t reflect.Type, text string, at int) error {
	var err error
	switch kind := t.Kind(); {
	case t == rawType:
	case kind >= reflect.Int && kind <= reflect.Int64:
		_, err = strconv.ParseInt(text, 10, t.Bits())
	case kind >= reflect.Uint && kind <= reflect.Uint64:
		_, err = strconv.ParseUint(text, 10, t.Bits())
	}
	if err != nil {
		return fmt.Errorf("byte %d: %w", at, err)
	}
	return nil
}
