package plan

import (
	"archive/zip"
	"bytes"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/volume"
)

// changeKML writes a change into the placemarks that make the plan.
func changeKML(c *changer, data []byte) ([]byte, error) {
	x, err := c.xml(data)
	if err != nil {
		return nil, err
	}
	k := &kmlChange{xmlChange: x, geometries: make(map[string]*xmlNode)}
	k.collect(x.root)
	var order []*kmlPlacemark
	found := make(map[*xmlNode]*kmlPlacemark)
	add := func(place string, route int) error {
		n := k.geometries[place]
		var p *xmlNode
		for p = n; p != nil && p.name != "Placemark"; {
			p = p.parent
		}
		if p == nil {
			return c.fail("no geometry at "+place, "the document that the plan was read from")
		}
		if found[p] == nil {
			found[p] = &kmlPlacemark{kmlChange: k, node: p, routes: make(map[*xmlNode]int)}
			order = append(order, found[p])
		}
		if route >= 0 {
			found[p].routes[n] = route
		} else {
			found[p].areas = true
		}
		return nil
	}
	for i := range c.item.Volumes {
		if err := add(c.item.Volumes[i].Place, -1); err != nil {
			return nil, err
		}
	}
	for i := range c.item.Routes {
		if err := add(c.item.Routes[i].Place, i); err != nil {
			return nil, err
		}
	}
	for _, p := range order {
		if isFlightFolder(p.node.parent) {
			err = k.flightFolder(p.node.parent)
		} else {
			err = p.rewrite()
		}
		if err != nil {
			return nil, err
		}
	}
	if bytes.Contains(x.text, []byte(propDisplayOnly)) {
		c.notes.addf("what is marked display_only shows the plan as it was")
	}
	return x.document(data), nil
}

func isFlightFolder(n *xmlNode) bool {
	return n != nil && n.name == "Folder" && strings.HasPrefix(n.childText("name"), "flight:")
}

type kmlChange struct {
	*xmlChange
	geometries map[string]*xmlNode // by their places
}

func (k *kmlChange) collect(n *xmlNode) {
	switch n.name {
	case "Point", "LineString", "LinearRing", "Polygon", "Track", "MultiTrack":
		k.geometries[n.place()] = n
	}
	for _, c := range n.children {
		k.collect(c)
	}
}

// kmlPlacemark is a placemark under change.
type kmlPlacemark struct {
	*kmlChange
	node   *xmlNode
	fields *kmlSource
	routes map[*xmlNode]int // the paths by their geometries
	areas  bool             // it has such
}

func (p *kmlPlacemark) rewrite() (err error) {
	if p.fields, err = (&kmlReader{file: &File{}}).data(p.node); err != nil {
		return err
	}
	timed := p.areas // by start and end
	for n := range p.routes {
		timed = timed || n.name != "Track" && n.name != "MultiTrack"
	}
	p.limits()
	newLine := false
	for _, c := range p.node.children {
		isNew, err := p.geometry(c)
		if err != nil {
			return err
		}
		newLine = newLine || isNew
	}
	switch {
	case newLine && p.areas:
		return p.node.fail("a new path beside areas, which have the same times", "the path in a placemark of its own")
	case !newLine: // a new line has times of its own
		p.moveTimes(timed)
	}
	return nil
}

// limits moves the fields that are heights.
func (p *kmlPlacemark) limits() {
	for _, f := range []struct {
		name  string
		mm    int64
		lower bool
	}{
		{propLower, p.limitMM(false), true},
		{propUpper, p.limitMM(true), false},
		{propAltitude, p.change.LiftMM, false},
	} {
		if v, ok := p.fields.get(f.name); ok {
			if text, moved := movedLimit(v.value(), f.mm, f.lower); moved {
				p.setText(v, text)
			}
		}
	}
}

// moveTimes moves the times of the placemark. One that has that of a container
// gets its own.
func (p *kmlPlacemark) moveTimes(timed bool) {
	ch := p.change
	startNS, endNS := ch.DelayNS+ch.Trim.LaterStartNS, ch.DelayNS-ch.Trim.EarlierEndNS
	if p.moveOwnTime(p.node, startNS, endNS) {
		timed = false
	}
	for name, ns := range map[string]int64{propStart: startNS, propEnd: endNS} {
		if v, ok := p.fields.get(name); ok {
			p.setTime(v, ns)
			timed = false
		}
	}
	if v, ok := p.fields.get(propTimes); ok && ch.DelayNS != 0 {
		w := wordsOf(p.plain(v))
		for i := range w.word {
			w.word[i], _ = movedTime(w.word[i], ch.DelayNS)
		}
		p.setText(v, strings.TrimSpace(w.join(w.word)))
	}
	if timed && (startNS != 0 || endNS != 0) {
		p.ownTime(p.node, startNS, endNS)
	}
}

// moveOwnTime moves the TimeSpan or TimeStamp of a feature, and reports whether
// it has one.
func (k *kmlChange) moveOwnTime(n *xmlNode, startNS, endNS int64) bool {
	own, err := ownTime(n)
	if err != nil || own == nil {
		return false
	}
	for _, e := range own.node.children {
		if e.name == "end" {
			k.setTime(e, endNS)
		} else {
			k.setTime(e, startNS)
		}
	}
	return true
}

// ownTime gives a feature the time of its nearest container, moved.
func (k *kmlChange) ownTime(n *xmlNode, startNS, endNS int64) {
	for c := n.parent; c != nil; c = c.parent {
		t, err := ownTime(c)
		if err != nil || t == nil {
			continue
		}
		prefix := k.prefix(n)
		inner := ""
		for _, e := range t.node.children {
			ns := startNS
			if e.name == "end" {
				ns = endNS
			}
			text, _ := movedTime(e.value(), ns)
			inner += kmlTag(prefix, e.name, text)
		}
		k.addTime(n, kmlTag(prefix, t.node.name, inner))
		return
	}
}

func kmlTag(prefix, name, text string) string {
	return "<" + prefix + name + ">" + text + "</" + prefix + name + ">"
}

// addTime puts a time into a feature, where the schema has it.
func (k *kmlChange) addTime(n *xmlNode, text string) {
	for _, c := range n.children {
		switch c.name {
		case "name", "visibility", "open", "author", "link", "address", "phoneNumber", "Snippet", "snippet", "description", "LookAt", "Camera":
			continue
		}
		k.insertBefore(c, text)
		return
	}
}

// flightFolder changes a flight folder: its path and the areas that say how high
// and how fast it is flown.
func (k *kmlChange) flightFolder(folder *xmlNode) error {
	if len(k.change.Paths) > 0 {
		return k.fail("a new path for a flight folder, whose points are made from its areas", "another change, or the flight as a path of its own")
	}
	if !k.moveOwnTime(folder, k.change.DelayNS, k.change.DelayNS) && k.change.DelayNS != 0 {
		k.ownTime(folder, k.change.DelayNS, k.change.DelayNS)
	}
	for _, n := range folder.children {
		if n.name != "Placemark" {
			continue
		}
		p := &kmlPlacemark{kmlChange: k, node: n, fields: &kmlSource{used: make(map[string]bool)}}
		for _, g := range n.children {
			if g.name == "LineString" || g.name == "Polygon" {
				if err := p.coordinates(g, k.change.LiftMM); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// departure returns when a path begins that is not timed point by point; zero
// without a clock.
func (p *kmlPlacemark) departure(route int) time.Time {
	first := p.item.Routes[route].Points[0].Time
	if first.IsZero() {
		return first
	}
	if v, ok := p.fields.get(propOffsetsS); ok {
		if w := strings.Fields(v.value()); len(w) > 0 {
			ns, _ := scaleDecimal(w[0], 9)
			first = first.Add(-time.Duration(ns))
		}
	}
	return first
}

// timeLine writes the times of a new path of a LineString: where the file times
// it otherwise, as seconds since its start.
func (p *kmlPlacemark) timeLine(route int, old []int, points []changedPoint) {
	texts := make([]string, len(points))
	if v, ok := p.fields.get(propTimes); ok {
		w := wordsOf(p.plain(v))
		for i, q := range points {
			texts[i] = timeLike(w.word[old[q.of]], timeOfNS(q.timeNS))
		}
		p.setText(v, strings.TrimSpace(w.join(texts)))
		return
	}
	departure := p.departure(route)
	texts, start := p.offsets(points, departure)
	if !departure.IsZero() {
		p.startAt(start)
	}
	for _, name := range []string{propEnd, propSpeedMPS} {
		if v, ok := p.fields.data[name]; ok {
			if v.name == "value" {
				v = v.parent
			}
			p.remove(v)
		}
	}
	if v, ok := p.fields.data[propOffsetsS]; ok && v.value() != "" {
		p.setText(v, strings.TrimSpace(wordsOf(p.plain(v)).join(texts)))
		return
	}
	p.addField(propOffsetsS, strings.Join(texts, " "))
}

// startAt makes an instant the start of a path, and leaves no end.
func (p *kmlPlacemark) startAt(start time.Time) {
	field, hasField := p.fields.get(propStart)
	if hasField {
		p.setText(field, timeLike(field.value(), start))
	}
	own, _ := ownTime(p.node)
	when := start.Format(time.RFC3339Nano)
	prefix := p.prefix(p.node)
	stamp := kmlTag(prefix, "TimeStamp", kmlTag(prefix, "when", when))
	switch {
	case own == nil && !hasField:
		p.addTime(p.node, stamp)
	case own == nil:
	case own.moment:
		p.setText(own.node.child("when"), timeLike(own.node.childText("when"), start))
	case own.startNS > volume.AlwaysNS || own.endNS < volume.ForeverNS:
		e := p.extents[own.node]
		p.edits.replace(e.from, e.to, stamp)
	}
}

// addField adds a field of ExtendedData.
func (p *kmlPlacemark) addField(name, value string) {
	prefix := p.prefix(p.node)
	text := "<" + prefix + `Data name="` + name + `">` + kmlTag(prefix, "value", value) + "</" + prefix + "Data>"
	ext := p.node.child("ExtendedData")
	if ext != nil && len(ext.children) > 0 {
		p.insertAfter(ext.children[len(ext.children)-1], text)
		return
	}
	text = kmlTag(prefix, "ExtendedData", text)
	if ext != nil {
		e := p.extents[ext]
		p.edits.replace(e.from, e.to, text)
		return
	}
	for g := range p.routes {
		for g.parent != p.node {
			g = g.parent
		}
		p.insertBefore(g, text)
		return
	}
}

// changeKMZ writes a change into the main document of an archive. All other
// entries stay as they are.
func changeKMZ(c *changer, data []byte) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, wrap(c.file.Name, "", err)
	}
	main := mainDocument(archive.File)
	if main == nil {
		return nil, c.fail("an archive without a .kml file", "doc.kml")
	}
	text, err := unpack(c.file.Name, main, c.opt.Read)
	if err != nil {
		return nil, err
	}
	if text, err = changeKML(c, text); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range archive.File {
		if f != main {
			err = w.Copy(f)
		} else {
			err = writeEntry(w, f.FileHeader, text)
		}
		if err != nil {
			return nil, wrap(c.file.Name, f.Name, err)
		}
	}
	if err := w.SetComment(archive.Comment); err != nil {
		return nil, wrap(c.file.Name, "", err)
	}
	if err := w.Close(); err != nil {
		return nil, wrap(c.file.Name, "", err)
	}
	return out.Bytes(), nil
}

func writeEntry(w *zip.Writer, like zip.FileHeader, text []byte) error {
	e, err := w.CreateHeader(&zip.FileHeader{Name: like.Name, Comment: like.Comment, Method: like.Method, Modified: like.Modified, ExternalAttrs: like.ExternalAttrs, CreatorVersion: like.CreatorVersion})
	if err != nil {
		return err
	}
	_, err = e.Write(text)
	return err
}
