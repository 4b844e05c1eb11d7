package statement

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// checkMembers refuses a canonical value that has members which a type does not
// have under exactly that name. encoding/json takes "Body" for "body", the later
// of the two winning: two readers of one signed statement could then read two
// things. Types that read themselves are left to themselves.
//
// Where others wrote the value, it refuses Instants that are not near as well.
func checkMembers(value []byte, t reflect.Type, others bool) error {
	s := scanner{text: string(value), others: others}
	return s.names(t)
}

// names walks over a value, which is canonical, along the type that it is to be
// read into.
func (s *scanner) names(t reflect.Type) error {
	for t.Kind() == reflect.Pointer && !readsItself(t) {
		t = t.Elem()
	}
	c := s.text[s.at]
	switch kind := t.Kind(); {
	case c == '"' && s.others && (t == instantType || t == reflect.PointerTo(instantType)):
		return s.instant()
	case c != '{' && c != '[' || readsItself(t):
		return s.value(0)
	case c == '{' && kind == reflect.Struct:
		return s.memberNames(membersOf(t))
	case c == '{' && kind == reflect.Map:
		return s.inside('}', func() error {
			if _, _, err := s.string(); err != nil {
				return err
			}
			s.at++ // the colon
			return s.names(t.Elem())
		})
	case c == '[' && (kind == reflect.Slice || kind == reflect.Array):
		return s.inside(']', func() error { return s.names(t.Elem()) })
	}
	return s.value(0) // of any kind, or not of this one, which the decoder refuses
}

var instantType = reflect.TypeFor[Instant]()

// instant walks over an instant. One that is none is left to the decoder.
func (s *scanner) instant() error {
	at := s.at
	text, _, err := s.string()
	if err != nil {
		return err
	}
	var t Instant
	if t.UnmarshalText([]byte(text)) == nil && !t.near() {
		return fmt.Errorf("byte %d: found the time %q, expected a year from 1900 to 2200", at, clip(text))
	}
	return nil
}

// inside calls each at every member or element of the object or array that
// begins here and ends with end.
func (s *scanner) inside(end byte, each func() error) error {
	s.at++
	for !s.next(end) {
		s.next(',')
		if err := each(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) memberNames(known map[string]reflect.Type) error {
	return s.inside('}', func() error {
		at := s.at
		name, _, err := s.string()
		if err != nil {
			return err
		}
		t, ok := known[name]
		if !ok {
			return fmt.Errorf("byte %d: found member %q, expected %s", at, clip(name), expectedName(name, known))
		}
		s.at++ // the colon
		return s.names(t)
	})
}

func expectedName(found string, known map[string]reflect.Type) string {
	names := slices.Sorted(maps.Keys(known))
	for _, name := range names {
		if strings.EqualFold(name, found) {
			return fmt.Sprintf("%q", name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return "one of " + strings.Join(names, ", ")
}

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func readsItself(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	return t.Implements(jsonReader) || t.Implements(textReader)
}

// membersKnown holds what membersOf found, by type.
var membersKnown sync.Map

// membersOf returns the members that encoding/json knows of a struct, with what
// they are read into. Members of embedded structs are the struct's own, unless
// one nearer to it has their name.
func membersOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := membersKnown.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	members, seen := map[string]reflect.Type{}, map[reflect.Type]bool{}
	for level := []reflect.Type{t}; len(level) > 0; {
		var deeper []reflect.Type
		nearer := maps.Clone(members)
		for _, t := range level {
			if seen[t] {
				continue
			}
			seen[t] = true
			for f := range t.Fields() {
				name, embedded := memberName(f)
				if embedded != nil {
					deeper = append(deeper, embedded)
				} else if _, hidden := nearer[name]; name != "" && !hidden {
					members[name] = f.Type
				}
			}
		}
		level = deeper
	}
	membersKnown.Store(t, members)
	return members
}

// memberName returns the name of the member that a field is read from, or else
// the struct whose members it stands for; neither when it is not read.
func memberName(f reflect.StructField) (name string, embedded reflect.Type) {
	tag := f.Tag.Get("json")
	name, _, _ = strings.Cut(tag, ",")
	if tag == "-" {
		return "", nil
	}
	if f.Anonymous && name == "" {
		t := f.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() == reflect.Struct {
			return "", t
		}
	}
	if !f.IsExported() {
		return "", nil
	}
	if name == "" {
		name = f.Name
	}
	return name, nil
}
