package event

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/deconflict/deconflict/internal/statement"
)

// Encode appends the event, decided at nowNS, in its canonical form. It panics
// when the event has members that no canonical form can hold: that is a fault
// of the program, which a test of each event finds.
//
// The form is what statement.Marshal makes of the struct, with the envelope. It
// is written straight, member by member in canonical order, as the one writer
// encodes each event before anybody hears of it.
func Encode(dst []byte, ev Event, nowNS int64) []byte {
	start := len(dst)
	e := encoder{dst: dst, depth: 1}
	v := reflect.ValueOf(ev).Elem()
	p := planOf(v.Type())
	if p.odd != "" {
		panic(fmt.Sprintf("event %s: %s: %s", ev.Type(), v.Type(), p.odd))
	}
	form, _ := versionOf(ev)
	e.dst = append(e.dst, '{')
	enveloped := [...]func(){
		func() { e.dst = statement.AppendTime(append(e.dst, `"at":"`...), nowNS); e.dst = append(e.dst, '"') },
		func() { e.dst = statement.AppendString(append(e.dst, `"type":`...), ev.Type()) },
		func() { e.dst = strconv.AppendInt(append(e.dst, `"v":`...), form, 10) },
	}
	next, first := 0, true
	own := func() {
		e.separate(&first)
		enveloped[next]()
		next++
	}
	for i := range p.members {
		m := &p.members[i]
		for next < len(Envelope) && statement.Less(Envelope[next], m.name) {
			own()
		}
		if next < len(Envelope) && Envelope[next] == m.name {
			panic(fmt.Sprintf("event %s: found a member %q, which is of the envelope", ev.Type(), m.name))
		}
		e.member(m, v, &first)
	}
	for next < len(Envelope) {
		own()
	}
	e.dst = append(e.dst, '}')
	if e.err == nil && e.foreign {
		e.err = statement.Check(e.dst[start:])
	}
	if e.err != nil {
		panic(fmt.Sprintf("event %s: %v", ev.Type(), e.err))
	}
	return e.dst
}

// encoder writes values in canonical form.
type encoder struct {
	dst   []byte
	err   error // the first
	depth int   // of objects and arrays that are begun
	// foreign: something was written that did not come from a plan, and may be
	// deeper than a canonical form may be.
	foreign bool
}

// write appends a value of the type that it was made for.
type write func(e *encoder, v reflect.Value)

// plan is how a struct is written.
type plan struct {
	members []member // in canonical order
	odd     string   // why it is left to encoding/json; empty: it is not
}

// member is one member of a struct, of those that it embeds too.
type member struct {
	name  string
	key   []byte // the name as it is written, with the colon
	index []int
	omit  func(reflect.Value) bool // nil: never
	write write
}

var plans sync.Map // of *plan, by reflect.Type

// planOf returns the plan of a struct type.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{}
	p.collect(t, nil)
	slices.SortFunc(p.members, func(a, b member) int {
		if statement.Less(a.name, b.name) {
			return -1
		}
		return 1
	})
	for i := 1; i < len(p.members); i++ {
		if p.members[i].name == p.members[i-1].name {
			p.odd = "two members have the name " + p.members[i].name
		}
	}
	stored, _ := plans.LoadOrStore(t, p)
	return stored.(*plan)
}

// collect adds the members of a struct at an index.
func (p *plan) collect(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		index := append(slices.Clone(at), i)
		switch {
		case tag == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			p.collect(f.Type, index)
		case f.Anonymous && (name == "" || !f.IsExported()):
			p.odd = "it embeds " + f.Name
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
				p.odd = "a member has the name " + name
			}
			m := member{name: name, key: append(statement.AppendString(nil, name), ':'), index: index, write: writeOf(f.Type)}
			for option := range strings.SplitSeq(options, ",") {
				switch {
				case option == "":
				case option == "omitempty" && m.omit == nil:
					m.omit = empty
				case option == "omitzero" && m.omit == nil && !zeroes(f.Type):
					m.omit = reflect.Value.IsZero
				default:
					p.odd = "a tag has the option " + option
				}
			}
			p.members = append(p.members, m)
		}
	}
}

// zeroes reports whether a type says itself what its zero is.
func zeroes(t reflect.Type) bool {
	_, has := reflect.PointerTo(t).MethodByName("IsZero")
	return has
}

// empty is what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (e *encoder) separate(first *bool) {
	if !*first {
		e.dst = append(e.dst, ',')
	}
	*first = false
}

func (e *encoder) member(m *member, v reflect.Value, first *bool) {
	f := v.FieldByIndex(m.index)
	if m.omit != nil && m.omit(f) {
		return
	}
	e.separate(first)
	e.dst = append(e.dst, m.key...)
	m.write(e, f)
}

// begin begins an object or an array; false when it is too deep.
func (e *encoder) begin(c byte) bool {
	if e.depth == statement.MaxDepth {
		e.fail(fmt.Errorf("found depth %d, expected at most %d", e.depth+1, statement.MaxDepth))
		return false
	}
	e.depth++
	e.dst = append(e.dst, c)
	return true
}

func (e *encoder) end(c byte) {
	e.depth--
	e.dst = append(e.dst, c)
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

var (
	instantType = reflect.TypeFor[statement.Instant]()
	rawType     = reflect.TypeFor[json.RawMessage]()
	jsonType    = reflect.TypeFor[json.Marshaler]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
)

// writeOf returns how values of a type are written.
func writeOf(t reflect.Type) write {
	switch {
	case t == instantType:
		return writeInstant
	case t == rawType:
		return writeRaw
	case t.Kind() == reflect.Pointer:
		return writePointer(writeLater(t.Elem()))
	case reflect.PointerTo(t).Implements(jsonType):
		return writeOther
	case t.Implements(textType) && t.Kind() != reflect.Interface:
		return writeText
	case reflect.PointerTo(t).Implements(textType):
		return writeOther
	}
	switch t.Kind() {
	case reflect.Bool:
		return writeBool
	case reflect.String:
		return writeString
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return writeInt
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return writeSlice(writeLater(t.Elem()))
		}
	case reflect.Struct:
		return writeStruct
	}
	return writeOther
}

// writeLater is writeOf, asked for when it is first needed: a type may hold
// values of itself.
func writeLater(t reflect.Type) write {
	get := sync.OnceValue(func() write { return writeOf(t) })
	return func(e *encoder, v reflect.Value) { get()(e, v) }
}

func writeInstant(e *encoder, v reflect.Value) {
	e.dst = append(statement.AppendTime(append(e.dst, '"'), v.Int()), '"')
}

func writeRaw(e *encoder, v reflect.Value) {
	if v.IsNil() {
		e.dst = append(e.dst, "null"...)
		return
	}
	e.canonical(v.Bytes())
}

// canonical writes JSON in canonical form.
func (e *encoder) canonical(text []byte) {
	e.foreign = true
	text, err := statement.Canonical(text)
	if err != nil {
		e.fail(err)
		return
	}
	e.dst = append(e.dst, text...)
}

// writeOther leaves a value to encoding/json.
func writeOther(e *encoder, v reflect.Value) {
	if v.CanAddr() {
		v = v.Addr()
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		e.fail(err)
		return
	}
	e.canonical(text)
}

func writeText(e *encoder, v reflect.Value) {
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		e.fail(err)
		return
	}
	e.dst = statement.AppendString(e.dst, string(text))
}

func writeBool(e *encoder, v reflect.Value) {
	if v.Bool() {
		e.dst = append(e.dst, "true"...)
	} else {
		e.dst = append(e.dst, "false"...)
	}
}

func writeString(e *encoder, v reflect.Value) { e.dst = statement.AppendString(e.dst, v.String()) }

func writeInt(e *encoder, v reflect.Value) {
	n := v.Int()
	if n > statement.MaxInteger || n < -statement.MaxInteger {
		e.fail(fmt.Errorf("found the number %d, expected an integer of magnitude at most %d", n, int64(statement.MaxInteger)))
		return
	}
	e.dst = strconv.AppendInt(e.dst, n, 10)
}

func writePointer(elem write) write {
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.dst = append(e.dst, "null"...)
			return
		}
		elem(e, v.Elem())
	}
}

func writeSlice(elem write) write {
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.dst = append(e.dst, "null"...)
			return
		}
		if !e.begin('[') {
			return
		}
		for i, first := 0, true; i < v.Len(); i++ {
			e.separate(&first)
			elem(e, v.Index(i))
		}
		e.end(']')
	}
}

func writeStruct(e *encoder, v reflect.Value) {
	p := planOf(v.Type())
	if p.odd != "" {
		writeOther(e, v)
		return
	}
	if !e.begin('{') {
		return
	}
	first := true
	for i := range p.members {
		e.member(&p.members[i], v, &first)
	}
	e.end('}')
}
