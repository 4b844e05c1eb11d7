package plan

import (
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// geometry changes an element of a placemark, and reports whether it is a line
// on a new path.
func (p *kmlPlacemark) geometry(n *xmlNode) (newLine bool, err error) {
	route, flown := p.routes[n]
	switch n.name {
	case "MultiGeometry", "MultiTrack":
		if flown {
			return false, p.tracks(n, route)
		}
		for _, c := range n.children {
			isNew, err := p.geometry(c)
			if err != nil {
				return false, err
			}
			newLine = newLine || isNew
		}
		return newLine, nil
	case "Track":
		if !flown {
			return false, nil
		}
		return false, p.tracks(n, route)
	case "LineString", "LinearRing":
		if !flown {
			return false, p.coordinates(n, p.limitMM(true))
		}
		if points, isNew := p.path(route); isNew {
			return true, p.newLine(n, route, points)
		}
		return false, p.coordinates(n, p.change.LiftMM)
	case "Point", "Polygon":
		return false, p.coordinates(n, p.limitMM(true))
	}
	return false, nil
}

// coordinates moves the positions of a geometry, and their altitudes by
// millimetres. Those that are clamped to the ground have none.
func (p *kmlPlacemark) coordinates(n *xmlNode, mm int64) error {
	mode, err := kmlMode(n)
	if err != nil {
		return err
	}
	if _, flown := p.routes[n]; flown {
		if err := p.refuseClamped(n, mode, mm != 0); err != nil {
			return err
		}
	}
	line := n
	if n.name == "Polygon" {
		line = n.child("outerBoundaryIs").child("LinearRing")
	}
	text := line.child("coordinates")
	if text == nil {
		return nil
	}
	w := wordsOf(p.plain(text))
	for i, word := range w.word {
		fields := strings.Split(word, ",")
		at, err := kmlTuple(fields)
		if err != nil {
			return err
		}
		to := p.moved(at.at)
		rise := mm
		if mode.clamped {
			rise = 0
		}
		p.tuple(fields, at, to, at.mm+rise+p.geoidStep(at.at, to))
		w.word[i] = strings.Join(fields, ",")
	}
	p.setText(text, strings.TrimSpace(w.join(w.word)))
	return nil
}

// refuseClamped is the error for a path on the ground that is to change height.
func (p *kmlPlacemark) refuseClamped(n *xmlNode, mode altitudeMode, rises bool) error {
	if mode.clamped && rises && !p.fields.has(propAltitude) {
		return n.fail("another height for a path that is clamped to the ground", "an altitudeMode of absolute or relativeToGround, or the field altitude")
	}
	return nil
}

// geoidStep returns what is added to an altitude at a new place: altitudes that
// were counted from the ellipsoid are written less the geoid there.
func (p *kmlPlacemark) geoidStep(was, to geodesy.LatLng) int64 {
	if !p.fields.has(propAltitudesFrom) {
		return 0
	}
	return geoidMM(was) - geoidMM(to)
}

// tuple writes a position and its altitude, if it has one, into the texts of
// longitude, latitude and altitude. What is the same stays.
func (p *kmlPlacemark) tuple(fields []string, was kmlPoint, to geodesy.LatLng, mm int64) {
	writeDegrees(&fields[0], &fields[1], was.at, to)
	if was.hasAlt && was.mm != mm {
		fields[2] = formatScaled(mm, 3)
	}
}

// heightOf returns the altitude of a point in the terms of the file, given the
// position that it is written like.
func (p *kmlPlacemark) heightOf(q changedPoint, like kmlPoint, mode altitudeMode) int64 {
	switch {
	case mode.clamped:
		return like.mm
	case p.fields.has(propAltitude): // for drawing
		return like.mm + p.change.LiftMM
	case p.fields.has(propAltitudesFrom):
		return q.altitude.MM - geoidMM(q.at)
	}
	return q.altitude.MM
}

// checkHeights refuses points whose heights the placemark cannot say.
func (p *kmlPlacemark) checkHeights(n *xmlNode, mode altitudeMode, route int, points []changedPoint) error {
	if !p.oneAltitude(route, points) && p.fields.has(propAltitude) {
		return n.fail("a new path with heights of its own beside the field altitude", "altitudes in the coordinates")
	}
	return p.refuseClamped(n, mode, p.change.LiftMM != 0 || !p.oneAltitude(route, points))
}

// newLine writes a LineString with other points.
func (p *kmlPlacemark) newLine(n *xmlNode, route int, points []changedPoint) error {
	mode, err := kmlMode(n)
	if err != nil {
		return err
	}
	if err := p.checkHeights(n, mode, route, points); err != nil {
		return err
	}
	text := n.child("coordinates")
	w := wordsOf(p.plain(text))
	// Positions that repeat the one before may have been dropped in reading.
	old := make([]int, len(p.item.Routes[route].Points))
	for i, q := range p.item.Routes[route].Points {
		place := q.Place
		number, err := strconv.Atoi(place[strings.LastIndexByte(place, '[')+1 : len(place)-1])
		if err != nil || number > len(w.word) {
			return n.fail("no position "+place, "the document that the plan was read from")
		}
		old[i] = number - 1
	}
	texts := make([]string, len(points))
	for i, q := range points {
		fields := strings.Split(w.word[old[q.of]], ",")
		like, err := kmlTuple(fields)
		if err != nil {
			return err
		}
		p.tuple(fields, like, q.at, p.heightOf(q, like, mode))
		texts[i] = strings.Join(fields, ",")
	}
	p.setText(text, strings.TrimSpace(w.join(texts)))
	p.timeLine(route, old, points)
	return nil
}

// tracks changes one path that runs through several tracks.
func (p *kmlPlacemark) tracks(n *xmlNode, route int) error {
	list := []*xmlNode{n}
	if n.name == "MultiTrack" {
		list = n.children
	}
	var whens, coords []*xmlNode
	var modes []altitudeMode
	for _, t := range list {
		if t.name != "Track" {
			continue
		}
		mode, err := kmlMode(t)
		if err != nil {
			return err
		}
		for _, c := range t.children {
			switch c.name {
			case "when":
				whens = append(whens, c)
			case "coord":
				coords = append(coords, c)
				modes = append(modes, mode)
			}
		}
	}
	points, isNew := p.path(route)
	kept := make([]bool, len(coords))
	for _, q := range points {
		coord, when := coords[q.of], whens[q.of]
		if err := p.checkHeights(coord, modes[q.of], route, points); err != nil {
			return err
		}
		w := wordsOf(p.plain(coord))
		like, err := kmlTuple(w.word)
		if err != nil {
			return coord.wrap(err)
		}
		p.tuple(w.word, like, q.at, p.heightOf(q, like, modes[q.of]))
		text := strings.TrimSpace(w.join(w.word))
		instant, _ := movedTime(when.value(), p.change.DelayNS)
		if isNew {
			instant = timeLike(when.value(), timeOfNS(q.timeNS))
		}
		if q.kept && !kept[q.of] {
			kept[q.of] = true
			p.setText(coord, text)
			p.setText(when, instant)
			continue
		}
		p.insertAfter(coord, p.like(coord, text))
		p.insertAfter(when, p.like(when, instant))
	}
	for i := range coords {
		if !kept[i] {
			p.remove(coords[i])
			p.remove(whens[i])
		}
	}
	return nil
}

// like writes an element of the name that another has.
func (p *kmlPlacemark) like(n *xmlNode, text string) string { return kmlTag(p.prefix(n), n.name, text) }
