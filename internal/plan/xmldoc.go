package plan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxXMLElements bounds the number of elements of one document, and with it
// the memory of the parsed form (about 200 bytes an element).
const maxXMLElements = 2 << 20

// Bounds of attributes, which every lookup goes through.
const (
	maxXMLAttributes = 64 // of one element
	maxXMLNamespaces = 64 // declared around one element
)

// xmlNode is one element of a parsed document.
type xmlNode struct {
	file     string
	parent   *xmlNode
	space    string // namespace; the bare prefix when the file does not declare it
	name     string // local name
	attrs    []xml.Attr
	text     string // character data directly inside, joined
	children []*xmlNode
	line     int
	nth      int  // counted from 1 among the siblings of its name
	many     bool // has later siblings of its name; kept on the first of them
	declares int  // namespaces declared by it
}

// parseXML parses the whole of data as one XML document, strictly: UTF-8 only,
// well formed, no DOCTYPE and so no entities beyond the five of XML itself,
// nesting at most opt.MaxDepth, at most maxXMLElements elements. Every error
// is an *Error that names the line or the element.
func parseXML(file string, data []byte, opt Options) (*xmlNode, error) {
	data, err := textBytes(file, data)
	if err != nil {
		return nil, err
	}
	p := xmlParser{file: file, dec: xml.NewDecoder(bytes.NewReader(data)), maxDepth: opt.maxDepth()}
	p.dec.CharsetReader = func(charset string, text io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "us-ascii") {
			return text, nil
		}
		return nil, &Error{File: file, Found: "the encoding " + quoteShort(charset), Expected: "UTF-8"}
	}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.root, nil
}

type xmlParser struct {
	file     string
	dec      *xml.Decoder
	maxDepth int

	root  *xmlNode
	open  *xmlNode
	depth int
	count int
	scope int                    // namespaces declared by the open elements
	text  []*strings.Builder     // character data of the open elements
	names []map[string]*siblings // children of the open elements by name
}

// siblings are the children of one name of an open element.
type siblings struct {
	first *xmlNode
	count int
}

func (p *xmlParser) parse() error {
	for {
		tok, err := p.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p.syntax(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if err := p.start(t); err != nil {
				return err
			}
		case xml.EndElement:
			if err := p.end(t); err != nil {
				return err
			}
		case xml.CharData:
			if p.open != nil {
				p.text[p.depth-1].Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return p.fail(quoteShort(string(bytes.TrimSpace(t)))+" outside the root element", "XML")
			}
		case xml.Directive:
			return p.fail("a document type declaration (DOCTYPE)", "a document without one")
		}
	}
	switch {
	case p.open != nil:
		return p.fail("the end of the file inside "+p.open.path(), "</"+p.open.name+">")
	case p.root == nil:
		return p.fail("no element", "an XML document")
	}
	return nil
}

func (p *xmlParser) start(t xml.StartElement) error {
	p.count++
	if p.count > maxXMLElements {
		return p.fail(fmt.Sprintf("more than %d elements", maxXMLElements), "fewer")
	}
	if p.depth >= p.maxDepth {
		return p.fail(fmt.Sprintf("nesting deeper than %d", p.maxDepth), "less")
	}
	if p.root != nil && p.open == nil {
		return p.fail("a second root element <"+cutRunes(t.Name.Local, 40)+">", "one")
	}
	line, _ := p.dec.InputPos()
	n := &xmlNode{file: p.file, parent: p.open, name: t.Name.Local, line: line}
	if err := p.attributes(n, t.Attr); err != nil {
		return err
	}
	n.attrs = xml.CopyToken(t).(xml.StartElement).Attr
	n.space = n.namespace(t.Name.Space)
	if p.open != nil {
		p.open.children = append(p.open.children, n)
		same := p.names[p.depth-1][n.name]
		if same == nil {
			same = &siblings{first: n}
			p.names[p.depth-1][n.name] = same
		}
		same.count++
		n.nth = same.count
		same.first.many = same.count > 1
	} else {
		p.root = n
	}
	p.open = n
	p.depth++
	if len(p.text) < p.depth {
		p.text = append(p.text, &strings.Builder{})
		p.names = append(p.names, make(map[string]*siblings))
	}
	p.text[p.depth-1].Reset()
	clear(p.names[p.depth-1])
	return nil
}

// attributes refuses repeated attributes and too many of them.
func (p *xmlParser) attributes(n *xmlNode, attrs []xml.Attr) error {
	tag := "<" + cutRunes(n.name, 40) + ">"
	if len(attrs) > maxXMLAttributes {
		return p.fail(fmt.Sprintf("more than %d attributes in %s", maxXMLAttributes, tag), "fewer")
	}
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if a.Name == b.Name {
				return p.fail("the attribute "+quoteShort(a.Name.Local)+" twice in "+tag, "once")
			}
		}
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			n.declares++
		}
	}
	if p.scope += n.declares; p.scope > maxXMLNamespaces {
		return p.fail(fmt.Sprintf("more than %d namespaces declared around %s", maxXMLNamespaces, tag), "fewer")
	}
	return nil
}

func (p *xmlParser) end(t xml.EndElement) error {
	if p.open == nil || p.open.name != t.Name.Local || p.open.space != p.open.namespace(t.Name.Space) {
		expected := "no closing tag"
		if p.open != nil {
			expected = "</" + cutRunes(p.open.name, 40) + ">"
		}
		return p.fail("</"+cutRunes(t.Name.Local, 40)+">", expected)
	}
	p.open.text = p.text[p.depth-1].String()
	p.scope -= p.open.declares
	p.open = p.open.parent
	p.depth--
	return nil
}

func (p *xmlParser) fail(found, expected string) error {
	line, _ := p.dec.InputPos()
	return &Error{File: p.file, Place: "line " + strconv.Itoa(line), Found: found, Expected: expected}
}

func (p *xmlParser) syntax(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var syn *xml.SyntaxError
	if errors.As(err, &syn) {
		if p.open != nil && strings.Contains(syn.Msg, "unexpected EOF") {
			return p.fail("the end of the file inside "+p.open.path(), "</"+p.open.name+">")
		}
		return &Error{File: p.file, Place: "line " + strconv.Itoa(syn.Line), Found: "broken XML (" + shorten(syn.Msg) + ")", Expected: "well-formed XML"}
	}
	return p.fail("broken XML ("+shorten(err.Error())+")", "well-formed XML")
}

// namespace resolves a prefix by the declarations of the element and those
// around it. A prefix that nobody declared stands for itself: many tools
// forget to declare gx.
func (n *xmlNode) namespace(prefix string) string {
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace"
	}
	for e := n; e != nil; e = e.parent {
		if e.declares == 0 {
			continue
		}
		for _, a := range e.attrs {
			if prefix == "" && a.Name.Space == "" && a.Name.Local == "xmlns" || prefix != "" && a.Name.Space == "xmlns" && a.Name.Local == prefix {
				return a.Value
			}
		}
	}
	return prefix
}

// path names the element within the document, such as `kml/Document/Placemark[2]`.
// Siblings of one name are counted from 1; a lone one has no number.
func (n *xmlNode) path() string {
	var parts []string
	for e := n; e != nil; e = e.parent {
		part := cutRunes(e.name, 40)
		if e.nth > 1 || e.many {
			part += "[" + strconv.Itoa(e.nth) + "]"
		}
		parts = append(parts, part)
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "/")
}

// place is path with the line.
func (n *xmlNode) place() string { return n.path() + " (line " + strconv.Itoa(n.line) + ")" }

// fail is the error for an element that cannot be used.
func (n *xmlNode) fail(found, expected string) error {
	return &Error{File: n.file, Place: n.place(), Found: found, Expected: expected}
}

// failHere is fail with the element's text as what was found.
func (n *xmlNode) failHere(expected string) error {
	if n.value() == "" {
		return n.fail("no text", expected)
	}
	return n.fail(quoteShort(n.value()), expected)
}

// wrap places a cause at the element; nil stays nil.
func (n *xmlNode) wrap(err error) error {
	if err == nil {
		return nil
	}
	return &Error{File: n.file, Place: n.place(), Err: err}
}

// value is the text inside, without white space around it.
func (n *xmlNode) value() string { return strings.TrimSpace(n.text) }

// attr returns an attribute that has no prefix.
func (n *xmlNode) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// child returns the first child of a name, or nil.
func (n *xmlNode) child(name string) *xmlNode {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// childText returns the text of the first child of a name; empty without one.
func (n *xmlNode) childText(name string) string {
	if c := n.child(name); c != nil {
		return c.value()
	}
	return ""
}

// number reads the text as a finite decimal number.
func (n *xmlNode) number() (float64, error) {
	f, ok := parseNumber(n.value())
	if !ok {
		return 0, n.failHere("a number")
	}
	return f, nil
}

// boolean reads an xsd:boolean.
func (n *xmlNode) boolean() (bool, error) {
	switch n.value() {
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	}
	return false, n.failHere("0 or 1")
}

// time reads a date and time with offset.
func (n *xmlNode) time() (time.Time, error) {
	t, err := parseTime(n.value())
	if err != nil {
		return time.Time{}, n.failHere(expectTime)
	}
	return t, nil
}

// parseNumber reads a finite decimal number; unlike strconv.ParseFloat it
// takes no hexadecimal, no underscores, no NaN and no infinity.
func parseNumber(s string) (float64, bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0)
}
