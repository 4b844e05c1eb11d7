package plan

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// jsonChange collects the edits of a JSON document.
type jsonChange struct {
	*changer
	root  jsonValue
	edits edits
	found map[string]jsonValue
	lists map[int32][]jsonValue
}

func (c *changer) json(data []byte) (*jsonChange, error) {
	root, err := parseJSON(c.file.Name, data, c.opt.Read)
	if err != nil {
		return nil, err
	}
	return &jsonChange{changer: c, root: root, found: map[string]jsonValue{"": root}, lists: make(map[int32][]jsonValue)}, nil
}

// text returns the changed document, with the byte order mark that data has.
func (j *jsonChange) text(data []byte) []byte {
	doc := j.root.doc.data
	mark := data[:len(data)-len(doc)]
	return append(bytes.Clone(mark), j.edits.apply(doc, 0, len(doc))...)
}

// find returns the value at a place that a reader has named.
func (j *jsonChange) find(place string) (jsonValue, error) {
	if v, ok := j.found[place]; ok {
		return v, nil
	}
	lost := &Error{File: j.file.Name, Place: place, Found: "nothing", Expected: "the document that the plan was read from"}
	var out jsonValue
	if inner, ok := strings.CutSuffix(place, "]"); ok {
		at := strings.LastIndexByte(inner, '[')
		if at < 0 {
			return out, lost
		}
		parent, err := j.find(inner[:at])
		if err != nil {
			return out, err
		}
		elems, ok := j.lists[parent.at]
		if !ok {
			if elems, err = parent.array(); err != nil {
				return out, err
			}
			j.lists[parent.at] = elems
		}
		n, err := strconv.Atoi(inner[at+1:])
		if err != nil || n < 0 || n >= len(elems) {
			return out, lost
		}
		out = elems[n]
	} else {
		at := strings.LastIndexByte(place, '.')
		parent, err := j.find(place[:max(at, 0)])
		if err != nil {
			return out, err
		}
		if out, ok = member(parent, place[at+1:]); !ok {
			return out, lost
		}
	}
	j.found[place] = out
	return out, nil
}

// member returns a member of an object, null ones left out.
func member(v jsonValue, key string) (jsonValue, bool) {
	m, ok := anyMember(v, key)
	return m, ok && !m.isNull()
}

// anyMember returns a member of an object, which may be null.
func anyMember(v jsonValue, key string) (jsonValue, bool) {
	if !v.exists() || v.kind() != jsonObjectKind {
		return jsonValue{}, false
	}
	for at := v.node().first; at >= 0; at = v.doc.nodes[at].next {
		if m := (jsonValue{v.doc, at}); v.doc.keyIs(m.node(), key) {
			return m, true
		}
	}
	return jsonValue{}, false
}

// elements returns the elements of an array, none of anything else.
func elements(v jsonValue) []jsonValue {
	if !v.exists() || v.kind() != jsonArray {
		return nil
	}
	elems, _ := v.array()
	return elems
}

// extent returns where a value stands, a string with its quotes.
func (v jsonValue) extent() (from, to int) {
	n := v.node()
	switch n.kind {
	case jsonString:
		return int(n.from) - 1, int(n.to) + 1
	case jsonNull, jsonFalse, jsonTrue:
		from = v.wordFrom()
		return from, from + len(v.describe())
	}
	return int(n.from), int(n.to)
}

// wordFrom returns where null, true or false begins: after its key or the
// element before it.
func (v jsonValue) wordFrom() int {
	n, d := v.node(), v.doc
	at := 0
	switch {
	case n.parent < 0:
	case d.nodes[n.parent].kind == jsonObjectKind:
		at = int(n.keyTo) + 1
	case n.index == 0:
		at = int(d.nodes[n.parent].from) + 1
	default:
		_, at = v.previous().extent()
	}
	for bytes.IndexByte([]byte(" \t\r\n,:"), d.data[at]) >= 0 {
		at++
	}
	return at
}

// previous returns the sibling before a value that is not the first.
func (v jsonValue) previous() jsonValue {
	at := v.doc.nodes[v.node().parent].first
	for v.doc.nodes[at].next != v.at {
		at = v.doc.nodes[at].next
	}
	return jsonValue{v.doc, at}
}

// set replaces a value by a JSON text.
func (j *jsonChange) set(v jsonValue, text string) {
	from, to := v.extent()
	j.edits.replace(from, to, text)
}

// rename replaces a member of an object, key and value.
func (j *jsonChange) rename(v jsonValue, key, text string) {
	_, to := v.extent()
	j.edits.replace(int(v.node().keyFrom)-1, to, strconv.Quote(key)+": "+text)
}

// add adds a member at the end of an object.
func (j *jsonChange) add(object jsonValue, key, text string) {
	n := object.node()
	at, separator := int(n.from)+1, ""
	if n.count > 0 {
		last := jsonValue{object.doc, n.first}
		for last.node().next >= 0 {
			last = jsonValue{object.doc, last.node().next}
		}
		_, at = last.extent()
		separator = ", "
		if n.count > 1 { // as the members before it are set apart
			_, before := last.previous().extent()
			separator = string(object.doc.data[before : last.node().keyFrom-1])
		}
	}
	j.edits.replace(at, at, separator+strconv.Quote(key)+": "+text)
}

// remove removes a member of an object. No two neighbours may be removed.
func (j *jsonChange) remove(v jsonValue) {
	n := v.node()
	from := int(n.keyFrom) - 1
	_, to := v.extent()
	switch {
	case n.index > 0:
		_, from = v.previous().extent()
	case n.next >= 0:
		to = int(v.doc.nodes[n.next].keyFrom) - 1
	}
	j.edits.replace(from, to, "")
}

// setTime moves a text that is an instant.
func (j *jsonChange) setTime(v jsonValue, ns int64) {
	if v.kind() != jsonString {
		return
	}
	if text, ok := movedTime(v.doc.text(v.node()), ns); ok {
		j.set(v, strconv.Quote(text))
	}
}

// setMetres moves a number of metres.
func (j *jsonChange) setMetres(v jsonValue, mm int64) {
	literal, err := v.literal()
	if err != nil {
		return
	}
	if text, ok := movedMetres(literal, mm); ok {
		j.set(v, text)
	}
}

// position reads two numbers as a position.
func position(lat, lng jsonValue) (geodesy.LatLng, bool) {
	var deg [2]float64
	for i, v := range [2]jsonValue{lat, lng} {
		var err error
		if deg[i], err = v.number(); err != nil {
			return geodesy.LatLng{}, false
		}
	}
	at, err := geodesy.NewLatLng(deg[0], deg[1])
	return at, err == nil
}

// setPosition writes a position unless it is there already. It reports whether
// the two values are a position.
func (j *jsonChange) setPosition(lat, lng jsonValue, to geodesy.LatLng) bool {
	was, ok := position(lat, lng)
	if ok && was != to {
		j.set(lat, degreesText(to.LatE9))
		j.set(lng, degreesText(to.LngE9))
	}
	return ok
}

// movePosition shifts a position sideways.
func (j *jsonChange) movePosition(lat, lng jsonValue) {
	if j.move == nil {
		return
	}
	if was, ok := position(lat, lng); ok {
		j.setPosition(lat, lng, j.move(was))
	}
}

// arrayText returns the text of an array with other elements, set apart as its
// own.
func arrayText(array jsonValue, texts []string) string {
	elems := elements(array)
	extents := make([][2]int, len(elems))
	for i, e := range elems {
		extents[i][0], extents[i][1] = e.extent()
	}
	from, to := array.extent()
	return listOf(array.doc.data, from, to, extents, ", ").join(texts)
}

// put sets a member of an object, or adds it.
func (j *jsonChange) put(object jsonValue, key, text string) {
	if v, ok := anyMember(object, key); ok {
		j.set(v, text)
		return
	}
	j.add(object, key, text)
}
