package plan

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxJSONValues bounds the number of values of one document, and with it the
// memory of the parsed form (about 40 bytes a value).
const maxJSONValues = 8 << 20

// jsonKind is the kind of a JSON value.
type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonFalse
	jsonTrue
	jsonNumber
	jsonString
	jsonArray
	jsonObjectKind
)

// jsonNode is one value of a parsed document. Nodes lie in one slice in the
// order of the text and hold offsets, so that a document of millions of
// numbers costs neither pointers nor copies.
type jsonNode struct {
	parent           int32 // -1 for the root
	next             int32 // next sibling, -1 for the last
	first            int32 // first child, -1 when there is none
	count            int32 // number of children
	index            int32 // position among the siblings
	from, to         int32 // the text: of a string without quotes, of an array or object with brackets
	keyFrom, keyTo   int32 // the key within an object, without quotes
	kind             jsonKind
	escaped, escaKey bool // the text, the key hold backslash escapes
}

// jsonDoc is a parsed document.
type jsonDoc struct {
	file  string
	data  []byte
	nodes []jsonNode
}

// jsonValue is one value of a document at its place. The zero value stands
// for a value that is not there.
type jsonValue struct {
	doc *jsonDoc
	at  int32
}

// parseJSON parses the whole of data as one JSON text (RFC 8259), strictly:
// UTF-8 only (a byte order mark is skipped), no duplicate keys, no text after
// the value, nesting at most opt.MaxDepth, at most maxJSONValues values.
// Every error is an *Error that names the place, or the line for syntax.
func parseJSON(file string, data []byte, opt Options) (jsonValue, error) {
	data, err := textBytes(file, data)
	if err != nil {
		return jsonValue{}, err
	}
	if int64(len(data)) > math.MaxInt32 {
		return jsonValue{}, &Error{File: file, Found: "more than 2 GiB of JSON", Expected: "less"}
	}
	// A value follows the start, a comma or an opening bracket.
	values := 1 + bytes.Count(data, []byte{','}) + bytes.Count(data, []byte{'['}) + bytes.Count(data, []byte{'{'})
	doc := &jsonDoc{file: file, data: data, nodes: make([]jsonNode, 0, min(values, maxJSONValues))}
	p := jsonParser{doc: doc, maxDepth: opt.maxDepth()}
	if err := p.parse(); err != nil {
		return jsonValue{}, err
	}
	return jsonValue{doc: p.doc}, nil
}

func (v jsonValue) node() *jsonNode { return &v.doc.nodes[v.at] }

// exists tells whether there is a value at all; null exists.
func (v jsonValue) exists() bool { return v.doc != nil }

// kind returns the kind of an existing value.
func (v jsonValue) kind() jsonKind { return v.node().kind }

// isNull tells whether the value is absent or null.
func (v jsonValue) isNull() bool { return v.doc == nil || v.kind() == jsonNull }

// place names the value within the document, such as
// `features[3].properties.lower`; it is empty for the whole document.
func (v jsonValue) place() string {
	var parts []string
	for at := v.at; at >= 0; {
		n := &v.doc.nodes[at]
		if n.parent < 0 {
			break
		}
		if v.doc.nodes[n.parent].kind == jsonArray {
			parts = append(parts, "["+strconv.Itoa(int(n.index))+"]")
		} else {
			parts = append(parts, "."+placeKey(v.doc.key(n)))
		}
		at = n.parent
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return strings.TrimPrefix(b.String(), ".")
}

// placeKey quotes keys that would make a place hard to read.
func placeKey(key string) string {
	if key == "" || len(key) > 60 {
		return quoteShort(key)
	}
	for _, r := range key {
		if r <= ' ' || r == '.' || r == '[' || r == '"' || r == utf8.RuneError || !strconv.IsPrint(r) {
			return quoteShort(key)
		}
	}
	return key
}

// raw returns the text of an array or object.
func (v jsonValue) raw() []byte {
	n := v.node()
	return v.doc.data[n.from:n.to]
}

// fail is the error for a value that cannot be used.
func (v jsonValue) fail(found, expected string) error {
	return &Error{File: v.doc.file, Place: v.place(), Found: found, Expected: expected}
}

// failHere is fail with a description of the value itself as what was found.
func (v jsonValue) failHere(expected string) error { return v.fail(v.describe(), expected) }

// wrap places a cause at the value; nil stays nil.
func (v jsonValue) wrap(err error) error {
	if err == nil {
		return nil
	}
	return &Error{File: v.doc.file, Place: v.place(), Err: err}
}

// describe says in words what the value is: `"abc"`, `12`, `an array of 3`.
func (v jsonValue) describe() string {
	n := v.node()
	switch n.kind {
	case jsonNull:
		return "null"
	case jsonFalse:
		return "false"
	case jsonTrue:
		return "true"
	case jsonNumber:
		return shorten(string(v.doc.data[n.from:n.to]))
	case jsonString:
		return quoteShort(v.doc.text(n))
	case jsonArray:
		return "an array of " + strconv.Itoa(int(n.count))
	default:
		return "an object"
	}
}

// text returns a string.
func (v jsonValue) text() (string, error) {
	n := v.node()
	if n.kind != jsonString {
		return "", v.failHere("a string")
	}
	return v.doc.text(n), nil
}

// boolean returns true or false.
func (v jsonValue) boolean() (bool, error) {
	switch v.kind() {
	case jsonTrue:
		return true, nil
	case jsonFalse:
		return false, nil
	default:
		return false, v.failHere("true or false")
	}
}

// literal returns a number as it stands in the text.
func (v jsonValue) literal() (string, error) {
	n := v.node()
	if n.kind != jsonNumber {
		return "", v.failHere("a number")
	}
	return string(v.doc.data[n.from:n.to]), nil
}

// number returns a finite number.
func (v jsonValue) number() (float64, error) {
	s, err := v.literal()
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, v.failHere("a number of at most 1.8e308")
	}
	return f, nil
}

// integer returns a whole number; 3.0 and 3e2 are whole numbers too.
func (v jsonValue) integer() (int64, error) {
	s, err := v.literal()
	if err != nil {
		return 0, err
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= 1<<53 || f != math.Trunc(f) {
		return 0, v.failHere("a whole number")
	}
	return int64(f), nil
}

// time returns an RFC 3339 date and time with an offset.
func (v jsonValue) time() (time.Time, error) {
	s, err := v.text()
	if err != nil {
		return time.Time{}, v.failHere(expectTime)
	}
	t, err := parseTime(s)
	if err != nil {
		return time.Time{}, v.failHere(expectTime)
	}
	return t, nil
}

// array returns the elements of an array.
func (v jsonValue) array() ([]jsonValue, error) {
	n := v.node()
	if n.kind != jsonArray {
		return nil, v.failHere("an array")
	}
	out := make([]jsonValue, 0, n.count)
	for at := n.first; at >= 0; at = v.doc.nodes[at].next {
		out = append(out, jsonValue{v.doc, at})
	}
	return out, nil
}

// numbers returns an array of at least min and at most max finite numbers.
func (v jsonValue) numbers(minLen, maxLen int) ([]float64, error) {
	elems, err := v.array()
	if err != nil {
		return nil, err
	}
	if len(elems) < minLen || len(elems) > maxLen {
		return nil, v.failHere("an array of " + rangeText(minLen, maxLen) + " numbers")
	}
	out := make([]float64, len(elems))
	for i, e := range elems {
		if out[i], err = e.number(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// object returns the members of an object.
func (v jsonValue) object() (*jsonObject, error) {
	n := v.node()
	if n.kind != jsonObjectKind {
		return nil, v.failHere("an object")
	}
	o := &jsonObject{jsonValue: v, read: make([]bool, n.count), members: make([]jsonValue, 0, n.count)}
	for at := n.first; at >= 0; at = v.doc.nodes[at].next {
		o.members = append(o.members, jsonValue{v.doc, at})
	}
	return o, nil
}

// jsonObject is an object that remembers which members were asked for, so
// that what nobody read can be refused or noted and is never just dropped.
type jsonObject struct {
	jsonValue
	members []jsonValue
	read    []bool
}

// get returns a member and marks it as read. A null member exists.
func (o *jsonObject) get(key string) (jsonValue, bool) {
	for i, m := range o.members {
		if o.doc.keyIs(m.node(), key) {
			o.read[i] = true
			return m, true
		}
	}
	return jsonValue{}, false
}

// optional is get, with null treated as absent.
func (o *jsonObject) optional(key string) (jsonValue, bool) {
	v, ok := o.get(key)
	if !ok || v.isNull() {
		return jsonValue{}, false
	}
	return v, true
}

// need is get for a member that must be there.
func (o *jsonObject) need(key, expected string) (jsonValue, error) {
	v, ok := o.get(key)
	if !ok {
		return jsonValue{}, o.missing(key, expected)
	}
	return v, nil
}

// missing is the error for a member that is not there.
func (o *jsonObject) missing(key, expected string) error {
	place := placeKey(key)
	if p := o.place(); p != "" {
		place = p + "." + place
	}
	return &Error{File: o.doc.file, Place: place, Found: "nothing", Expected: expected}
}

// keyOf returns the key of a member.
func (o *jsonObject) keyOf(m jsonValue) string { return o.doc.key(m.node()) }

// ignore marks members as read that bear on nothing.
func (o *jsonObject) ignore(keys ...string) {
	for _, k := range keys {
		o.get(k)
	}
}

// unread returns the members nobody asked for, in the order of the text.
func (o *jsonObject) unread() []jsonValue {
	var out []jsonValue
	for i, m := range o.members {
		if !o.read[i] {
			out = append(out, m)
		}
	}
	return out
}

// refuseUnread is the error for the first member nobody asked for, or nil.
// The expectation completes "expected ", for example `no such field of a circle`.
func (o *jsonObject) refuseUnread(expected string) error {
	for _, m := range o.unread() {
		return m.failHere(expected)
	}
	return nil
}

// maxNotes bounds the notes about what one object holds and nobody uses.
const maxNotes = 20

// noteUnread returns one note a member nobody asked for: `place is not used: value`.
func (o *jsonObject) noteUnread() []string {
	var notes []string
	for _, m := range o.unread() {
		if len(notes) == maxNotes {
			notes = append(notes, "more members of "+placeOr(o.place(), "the document")+" are not used")
			break
		}
		notes = append(notes, m.place()+" is not used: "+m.describe())
	}
	return notes
}

func (d *jsonDoc) key(n *jsonNode) string {
	return unescapeJSON(d.data[n.keyFrom:n.keyTo], n.escaKey)
}

// keyIs compares a key without copying it.
func (d *jsonDoc) keyIs(n *jsonNode, key string) bool {
	if n.escaKey {
		return d.key(n) == key
	}
	return string(d.data[n.keyFrom:n.keyTo]) == key
}

func (d *jsonDoc) text(n *jsonNode) string {
	return unescapeJSON(d.data[n.from:n.to], n.escaped)
}
