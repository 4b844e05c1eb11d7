package plan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// xmlExtent is where an element stands: its start tag, its content, its end tag.
type xmlExtent struct {
	from, inner, innerEnd, to int
}

// xmlChange collects the edits of an XML document.
type xmlChange struct {
	*changer
	text    []byte // without byte order mark
	root    *xmlNode
	extents map[*xmlNode]xmlExtent
	edits   edits
}

// xml parses a document that the reader has accepted, and finds where its
// elements are.
func (c *changer) xml(data []byte) (*xmlChange, error) {
	root, err := parseXML(c.file.Name, data, c.opt.Read)
	if err != nil {
		return nil, err
	}
	text, err := textBytes(c.file.Name, data)
	if err != nil {
		return nil, err
	}
	x := &xmlChange{changer: c, text: text, root: root, extents: make(map[*xmlNode]xmlExtent)}
	var order []*xmlNode // as the tags come
	var walk func(n *xmlNode)
	walk = func(n *xmlNode) { // nesting is bounded by the parser
		order = append(order, n)
		for _, child := range n.children {
			walk(child)
		}
	}
	walk(root)
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil }
	var open []*xmlNode
	for {
		from := int(dec.InputOffset())
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return x, nil
		}
		if err != nil {
			return nil, wrap(c.file.Name, "", err)
		}
		switch tok.(type) {
		case xml.StartElement:
			open, order = append(open, order[0]), order[1:]
			x.extents[open[len(open)-1]] = xmlExtent{from: from, inner: int(dec.InputOffset())}
		case xml.EndElement:
			n := open[len(open)-1]
			open = open[:len(open)-1]
			e := x.extents[n]
			e.innerEnd, e.to = from, int(dec.InputOffset())
			x.extents[n] = e
		}
	}
}

// document returns the changed document, with the byte order mark that data has.
func (x *xmlChange) document(data []byte) []byte {
	mark := data[:len(data)-len(x.text)]
	return append(bytes.Clone(mark), x.edits.apply(x.text, 0, len(x.text))...)
}

// prefix returns the namespace prefix of an element with its colon.
func (x *xmlChange) prefix(n *xmlNode) string {
	e := x.extents[n]
	tag := x.text[e.from+1 : e.inner]
	if end := bytes.IndexAny(tag, " \t\r\n/>"); end >= 0 {
		tag = tag[:end]
	}
	if colon := bytes.IndexByte(tag, ':'); colon >= 0 {
		return string(tag[:colon+1])
	}
	return ""
}

// setText replaces the content of an element by text that needs no escapes. It
// keeps the white space around.
func (x *xmlChange) setText(n *xmlNode, text string) {
	e := x.extents[n]
	inner := string(x.text[e.inner:e.innerEnd])
	head := len(inner) - len(strings.TrimLeftFunc(inner, unicode.IsSpace))
	tail := len(strings.TrimRightFunc(inner, unicode.IsSpace))
	if strings.TrimSpace(x.plain(n)) == text {
		return
	}
	x.edits.replace(e.inner+head, e.inner+max(head, tail), text)
}

// plain returns the content of an element as it stands, or only its text where
// that has references or is broken by a comment.
func (x *xmlChange) plain(n *xmlNode) string {
	e := x.extents[n]
	inner := string(x.text[e.inner:e.innerEnd])
	if slices.Equal(strings.Fields(withoutComments(inner)), strings.Fields(n.text)) {
		return inner
	}
	return n.text
}

// withoutComments puts spaces in the place of comments.
func withoutComments(text string) string {
	if !strings.Contains(text, "<!--") {
		return text
	}
	out := []byte(text)
	for at := 0; ; {
		from := strings.Index(text[at:], "<!--")
		if from < 0 {
			return string(out)
		}
		from += at
		to := strings.Index(text[from:], "-->")
		if to < 0 {
			return string(out)
		}
		at = from + to + len("-->")
		for i := from; i < at; i++ {
			out[i] = ' '
		}
	}
}

// setTime moves the instant that an element holds.
func (x *xmlChange) setTime(n *xmlNode, ns int64) {
	if text, ok := movedTime(n.value(), ns); ok {
		x.setText(n, text)
	}
}

// remove removes an element and the white space before it.
func (x *xmlChange) remove(n *xmlNode) {
	e := x.extents[n]
	from := e.from
	for from > 0 && unicode.IsSpace(rune(x.text[from-1])) {
		from--
	}
	x.edits.replace(from, e.to, "")
}

// indent returns the white space before an element.
func (x *xmlChange) indent(n *xmlNode) string {
	to := x.extents[n].from
	from := to
	for from > 0 && unicode.IsSpace(rune(x.text[from-1])) {
		from--
	}
	return string(x.text[from:to])
}

// insertAfter puts a text after an element, set apart as the element is.
func (x *xmlChange) insertAfter(n *xmlNode, text string) {
	to := x.extents[n].to
	x.edits.replace(to, to, x.indent(n)+text)
}

// insertBefore puts a text before an element, set apart as the element is.
func (x *xmlChange) insertBefore(n *xmlNode, text string) {
	from := x.extents[n].from
	x.edits.replace(from, from, text+x.indent(n))
}

// setAttributes gives attributes without prefix new values, which need no
// escapes.
func (x *xmlChange) setAttributes(n *xmlNode, values map[string]string) {
	e := x.extents[n]
	tag := string(x.text[e.from:e.inner])
	// After the name, attributes are NAME = "VALUE" or 'VALUE'.
	at := strings.IndexAny(tag, " \t\r\n/>")
	for at >= 0 {
		equals := strings.IndexByte(tag[at:], '=')
		if equals < 0 {
			return
		}
		name := strings.TrimSpace(tag[at : at+equals])
		quote := at + equals + strings.IndexAny(tag[at+equals:], `"'`)
		if quote < at+equals {
			return
		}
		end := quote + 1 + strings.IndexByte(tag[quote+1:], tag[quote])
		if value, ok := values[name]; ok {
			x.edits.replace(e.from+quote+1, e.from+end, value)
		}
		at = end + 1
	}
}

// words are the words of a text and the white space around them.
type words struct {
	list
	word []string
}

func wordsOf(text string) words {
	var w words
	var extents [][2]int
	at := 0
	plain := withoutComments(text)
	for field := range strings.FieldsSeq(plain) {
		at += strings.Index(plain[at:], field)
		extents = append(extents, [2]int{at, at + len(field)})
		w.word = append(w.word, field)
		at += len(field)
	}
	if len(extents) > 0 {
		w.list = listOf([]byte(text), 0, len(text), extents, " ")
	}
	return w
}

// writeDegrees writes a position into the texts of its longitude and latitude, unless
// they say so already.
func writeDegrees(lng, lat *string, was, to geodesy.LatLng) {
	if was != to {
		*lng, *lat = degreesText(to.LngE9), degreesText(to.LatE9)
	}
}
