package plan

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonParser builds the nodes of a document. It keeps its own stack, so that
// nesting costs no goroutine stack.
type jsonParser struct {
	doc      *jsonDoc
	pos      int
	maxDepth int
	stack    []jsonFrame
}

// jsonFrame is an array or object that is still open.
type jsonFrame struct {
	node int32
	last int32               // last child so far, -1 when there is none
	keys map[string]struct{} // keys of an object so far
}

func (p *jsonParser) parse() error {
	key := jsonNode{}
	for {
		// Here a value starts.
		p.space()
		closed, err := p.value(key)
		if err != nil {
			return err
		}
		for closed {
			if len(p.stack) == 0 {
				p.space()
				if p.pos < len(p.doc.data) {
					return p.syntax("the end of the document")
				}
				return nil
			}
			if closed, err = p.afterValue(); err != nil {
				return err
			}
		}
		if key, closed, err = p.beforeValue(); err != nil {
			return err
		}
		if closed {
			return p.syntax("a value")
		}
	}
}

// value reads a scalar or opens an array or object. It reports whether the
// value is complete; an empty array or object is.
func (p *jsonParser) value(n jsonNode) (closed bool, err error) {
	d := p.doc
	if p.pos >= len(d.data) {
		return false, p.syntax("a value")
	}
	n.next, n.first = -1, -1
	start := p.pos
	switch c := d.data[p.pos]; {
	case c == '{' || c == '[':
		return p.open(n, c)
	case c == '"':
		n.kind = jsonString
		if n.from, n.to, n.escaped, err = p.str(); err != nil {
			return false, err
		}
	case c == '-' || c >= '0' && c <= '9':
		n.kind = jsonNumber
		if !p.number() {
			p.pos = start
			return false, p.syntax("a number")
		}
		n.from, n.to = int32(start), int32(p.pos)
	case p.word("null"):
		n.kind = jsonNull
	case p.word("true"):
		n.kind = jsonTrue
	case p.word("false"):
		n.kind = jsonFalse
	default:
		return false, p.syntax("a value")
	}
	_, err = p.add(n)
	return true, err
}

func (p *jsonParser) open(n jsonNode, c byte) (closed bool, err error) {
	if len(p.stack) >= p.maxDepth {
		return false, &Error{
			File: p.doc.file, Place: p.line(p.pos),
			Found: fmt.Sprintf("nesting deeper than %d", p.maxDepth), Expected: "less",
		}
	}
	n.kind = jsonArray
	if c == '{' {
		n.kind = jsonObjectKind
	}
	n.from = int32(p.pos)
	at, err := p.add(n)
	if err != nil {
		return false, err
	}
	p.pos++
	p.space()
	if p.pos < len(p.doc.data) && p.doc.data[p.pos] == c+2 { // ']' is '['+2, '}' is '{'+2
		p.pos++
		p.doc.nodes[at].to = int32(p.pos)
		return true, nil
	}
	p.stack = append(p.stack, jsonFrame{node: at, last: -1})
	return false, nil
}

// add appends a node and hooks it to its open parent.
func (p *jsonParser) add(n jsonNode) (int32, error) {
	d := p.doc
	if len(d.nodes) >= maxJSONValues {
		return 0, &Error{File: d.file, Found: fmt.Sprintf("more than %d values", maxJSONValues), Expected: "fewer"}
	}
	at := int32(len(d.nodes))
	n.parent = -1
	if len(p.stack) > 0 {
		f := &p.stack[len(p.stack)-1]
		n.parent = f.node
		parent := &d.nodes[f.node]
		n.index = parent.count
		parent.count++
		if f.last < 0 {
			parent.first = at
		} else {
			d.nodes[f.last].next = at
		}
		f.last = at
	}
	d.nodes = append(d.nodes, n)
	return at, nil
}

// afterValue reads what follows a value in the open array or object, and
// reports whether that closed it.
func (p *jsonParser) afterValue() (closed bool, err error) {
	f := &p.stack[len(p.stack)-1]
	closer, expected := byte(']'), "`,` or `]`"
	if p.doc.nodes[f.node].kind == jsonObjectKind {
		closer, expected = '}', "`,` or `}`"
	}
	p.space()
	if p.pos < len(p.doc.data) {
		switch p.doc.data[p.pos] {
		case ',':
			p.pos++
			return false, nil
		case closer:
			p.pos++
			p.doc.nodes[f.node].to = int32(p.pos)
			p.stack = p.stack[:len(p.stack)-1]
			return true, nil
		}
	}
	return false, p.syntax(expected)
}

// beforeValue reads the key of the next member when an object is open.
func (p *jsonParser) beforeValue() (key jsonNode, closed bool, err error) {
	if len(p.stack) == 0 {
		return key, true, nil
	}
	f := &p.stack[len(p.stack)-1]
	if p.doc.nodes[f.node].kind != jsonObjectKind {
		return key, false, nil
	}
	p.space()
	if p.pos >= len(p.doc.data) || p.doc.data[p.pos] != '"' {
		return key, false, p.syntax("a key in double quotes")
	}
	start := p.pos
	if key.keyFrom, key.keyTo, key.escaKey, err = p.str(); err != nil {
		return key, false, err
	}
	name := p.doc.key(&key)
	if f.keys == nil {
		f.keys = make(map[string]struct{})
	}
	if _, dup := f.keys[name]; dup {
		parent := jsonValue{p.doc, f.node}
		return key, false, &Error{
			File: p.doc.file, Place: parent.place(),
			Found:    "the key " + quoteShort(name) + " a second time (" + p.line(start) + ")",
			Expected: "each key once",
		}
	}
	f.keys[name] = struct{}{}
	p.space()
	if p.pos >= len(p.doc.data) || p.doc.data[p.pos] != ':' {
		return key, false, p.syntax("`:`")
	}
	p.pos++
	return key, false, nil
}

func (p *jsonParser) space() {
	for p.pos < len(p.doc.data) {
		switch p.doc.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *jsonParser) word(w string) bool {
	if !bytes.HasPrefix(p.doc.data[p.pos:], []byte(w)) {
		return false
	}
	p.pos += len(w)
	return true
}

// number skips one number by the grammar of RFC 8259 section 6.
func (p *jsonParser) number() bool {
	data := p.doc.data
	digits := func() bool {
		from := p.pos
		for p.pos < len(data) && data[p.pos] >= '0' && data[p.pos] <= '9' {
			p.pos++
		}
		return p.pos > from
	}
	if data[p.pos] == '-' {
		p.pos++
	}
	whole := p.pos
	if !digits() || data[whole] == '0' && p.pos > whole+1 {
		return false
	}
	if p.pos < len(data) && data[p.pos] == '.' {
		p.pos++
		if !digits() {
			return false
		}
	}
	if p.pos < len(data) && (data[p.pos] == 'e' || data[p.pos] == 'E') {
		p.pos++
		if p.pos < len(data) && (data[p.pos] == '+' || data[p.pos] == '-') {
			p.pos++
		}
		return digits()
	}
	return true
}

// str skips one string and returns the offsets of its inside.
func (p *jsonParser) str() (from, to int32, escaped bool, err error) {
	data := p.doc.data
	start := p.pos
	p.pos++
	from = int32(p.pos)
	for p.pos < len(data) {
		switch c := data[p.pos]; {
		case c == '"':
			to = int32(p.pos)
			p.pos++
			return from, to, escaped, nil
		case c == '\\':
			escaped = true
			if !p.escape() {
				return 0, 0, false, p.syntax("one of the escapes of RFC 8259")
			}
		case c < ' ':
			return 0, 0, false, p.syntax("control characters written as escapes")
		default:
			p.pos++
		}
	}
	p.pos = start
	return 0, 0, false, &Error{File: p.doc.file, Place: p.line(start), Found: "a string without end", Expected: "a closing quote"}
}

func (p *jsonParser) escape() bool {
	data := p.doc.data
	if p.pos+1 >= len(data) {
		return false
	}
	switch data[p.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.pos += 2
		return true
	case 'u':
		if p.pos+6 > len(data) {
			return false
		}
		if _, err := strconv.ParseUint(string(data[p.pos+2:p.pos+6]), 16, 16); err != nil {
			return false
		}
		p.pos += 6
		return true
	default:
		return false
	}
}

// unescapeJSON resolves the escapes of a string that the parser accepted. A
// lone half of a surrogate pair becomes U+FFFD.
func unescapeJSON(raw []byte, escaped bool) string {
	if !escaped {
		return string(raw)
	}
	unit := func(i int) rune {
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return utf8.RuneError
		}
		u, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		if err != nil {
			return utf8.RuneError
		}
		return rune(u)
	}
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			i++
			continue
		}
		if raw[i+1] != 'u' {
			b.WriteByte(jsonEscapes[raw[i+1]])
			i += 2
			continue
		}
		r := unit(i)
		i += 6
		if utf16.IsSurrogate(r) {
			if pair := utf16.DecodeRune(r, unit(i)); pair != utf8.RuneError {
				r = pair
				i += 6
			} else {
				r = utf8.RuneError
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// syntax is the error for a text that stops being JSON at the current place.
func (p *jsonParser) syntax(expected string) error {
	found := "the end of the file"
	if p.pos < len(p.doc.data) {
		rest := p.doc.data[p.pos:]
		if i := bytes.IndexAny(rest[:min(len(rest), 40)], " \t\r\n,:]}"); i > 0 {
			rest = rest[:i]
		}
		found = quoteShort(string(rest[:min(len(rest), 40)]))
	}
	place := p.line(p.pos)
	if len(p.stack) > 0 {
		if in := (jsonValue{p.doc, p.stack[len(p.stack)-1].node}).place(); in != "" {
			place += ", in " + in
		}
	}
	return &Error{File: p.doc.file, Place: place, Found: found, Expected: expected}
}

// line names the line of an offset.
func (p *jsonParser) line(offset int) string {
	return "line " + strconv.Itoa(1+bytes.Count(p.doc.data[:offset], []byte{'\n'}))
}
