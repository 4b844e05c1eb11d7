package plan

import (
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// changeGeoJSON writes a change into the features that make the plan.
func changeGeoJSON(c *changer, data []byte) ([]byte, error) {
	j, err := c.json(data)
	if err != nil {
		return nil, err
	}
	g := geoJSONChange{jsonChange: j}
	done := make(map[string]bool)
	for i := range c.item.Volumes {
		if place := featurePlace(c.item.Volumes[i].Place); !done[place] {
			done[place] = true
			if err := g.feature(place, -1); err != nil {
				return nil, err
			}
		}
	}
	for i := range c.item.Routes { // each is a feature of its own
		if err := g.feature(featurePlace(c.item.Routes[i].Place), i); err != nil {
			return nil, err
		}
	}
	g.dropBox(j.root)
	return j.text(data), nil
}

// featurePlace returns the place of the feature that a place within its
// geometry belongs to.
func featurePlace(place string) string {
	before, _, _ := strings.Cut(place, "geometry.coordinates")
	return strings.TrimSuffix(before, ".")
}

type geoJSONChange struct{ *jsonChange }

// feature changes one feature: a path with the given number, or areas for -1.
func (g *geoJSONChange) feature(place string, route int) error {
	feature, err := g.find(place)
	if err != nil {
		return err
	}
	geometry, _ := member(feature, "geometry")
	coordinates, _ := member(geometry, "coordinates")
	props, _ := member(feature, "properties")
	g.dropBox(feature)
	g.dropBox(geometry)
	if route >= 0 {
		if points, isNew := g.path(route); isNew {
			return g.newPath(feature, props, coordinates, route, points)
		}
		if v, ok := member(props, propAltitude); ok {
			g.moveLimit(v, g.change.LiftMM, false)
		}
	}
	for key, upper := range map[string]bool{propLower: false, propUpper: true} {
		if v, ok := member(props, key); ok {
			g.moveLimit(v, g.limitMM(upper), !upper)
		}
	}
	g.moveTimes(props, route >= 0)
	g.movePositions(coordinates, route >= 0)
	return nil
}

// moveTimes moves start, end and times.
func (g *geoJSONChange) moveTimes(props jsonValue, route bool) {
	ch := g.change
	for _, m := range []struct {
		key  string
		trim int64
	}{{propStart, ch.Trim.LaterStartNS}, {propEnd, -ch.Trim.EarlierEndNS}} {
		if v, ok := member(props, m.key); ok {
			g.setTime(v, ch.DelayNS+m.trim)
		}
	}
	if times, ok := member(props, propTimes); ok && route {
		for _, v := range elements(times) {
			g.setTime(v, ch.DelayNS)
		}
	}
}

func (g *geoJSONChange) moveLimit(v jsonValue, mm int64, lower bool) {
	if v.kind() != jsonString {
		return
	}
	if text, ok := movedLimit(v.doc.text(v.node()), mm, lower); ok {
		g.set(v, strconv.Quote(text))
	}
}

// movePositions moves all positions within coordinates. Third coordinates of
// areas say nothing and stay.
func (g *geoJSONChange) movePositions(v jsonValue, lift bool) {
	elems := elements(v)
	if len(elems) >= 2 && elems[0].kind() == jsonNumber {
		g.movePosition(elems[1], elems[0])
		if lift && len(elems) == 3 {
			g.setMetres(elems[2], g.change.LiftMM)
		}
		return
	}
	for _, e := range elems {
		g.movePositions(e, lift)
	}
}

// dropBox removes a bbox that no longer holds.
func (g *geoJSONChange) dropBox(v jsonValue) {
	box, ok := member(v, "bbox")
	sideways := g.move != nil || len(g.change.Paths) > 0
	if !ok || !sideways && (g.change.LiftMM == 0 || len(elements(box)) < 6) {
		return
	}
	g.remove(box)
	g.notes.addf("%s is left out: it no longer holds", box.place())
}

// newPath writes a path with other points. One that is timed by a speed gets
// the time of each point, as the new path has it.
func (g *geoJSONChange) newPath(feature, props, coordinates jsonValue, route int, points []changedPoint) error {
	positions := elements(coordinates)
	// Positions that repeat the one before may have been dropped in reading.
	old := make([]int, len(g.item.Routes[route].Points))
	for i, p := range g.item.Routes[route].Points {
		v, err := g.find(p.Place)
		if err != nil {
			return err
		}
		old[i] = int(v.node().index)
	}
	heights := len(elements(positions[0])) == 3
	altitude, one := member(props, propAltitude)
	switch {
	case one && g.oneAltitude(route, points):
		g.moveLimit(altitude, g.change.LiftMM, false)
	case one:
		heights = true
		ref := strconv.Quote(referenceName(points[0].altitude.Ref))
		g.rename(altitude, propAltitudeReference, ref)
	}
	texts := make([]string, len(points))
	for i, p := range points {
		texts[i] = g.positionText(positions[old[p.of]], p, heights)
	}
	g.set(coordinates, arrayText(coordinates, texts))
	g.timePath(feature, props, old, points)
	return nil
}

func referenceName(ref geodesy.AltitudeReference) string {
	if ref == geodesy.Pressure {
		return "QNE"
	}
	return string(ref)
}

// positionText writes a point like a position of the file.
func (g *geoJSONChange) positionText(like jsonValue, p changedPoint, heights bool) string {
	numbers := elements(like)
	e := jsonChange{}
	e.setPosition(numbers[1], numbers[0], p.at)
	if heights && len(numbers) == 3 {
		literal, _ := numbers[2].literal()
		if mm, ok := scaleDecimal(literal, 3); !ok || mm != p.altitude.MM {
			e.set(numbers[2], formatScaled(p.altitude.MM, 3))
		}
	}
	if heights && len(numbers) == 2 {
		_, end := numbers[1].extent()
		_, first := numbers[0].extent()
		second, _ := numbers[1].extent()
		e.edits.replace(end, end, string(like.doc.data[first:second])+formatScaled(p.altitude.MM, 3))
	}
	from, to := like.extent()
	return string(e.edits.apply(like.doc.data, from, to))
}

// timePath writes the times of a new path: where the file times it otherwise, as
// seconds since its start.
func (g *geoJSONChange) timePath(feature, props jsonValue, old []int, points []changedPoint) {
	if times, ok := member(props, propTimes); ok {
		was := elements(times)
		texts := make([]string, len(points))
		for i, p := range points {
			like := was[old[p.of]]
			texts[i] = strconv.Quote(timeLike(like.doc.text(like.node()), timeOfNS(p.timeNS)))
		}
		g.set(times, arrayText(times, texts))
		return
	}
	var departure time.Time
	start, hasStart := member(props, propStart)
	if hasStart {
		departure, _ = start.time()
	}
	offsets, at := g.offsets(points, departure)
	if hasStart && !at.Equal(departure) {
		g.set(start, strconv.Quote(timeLike(start.doc.text(start.node()), at)))
	}
	text := "[" + strings.Join(offsets, ", ") + "]"
	if v, ok := member(props, propOffsetsS); ok {
		g.set(v, arrayText(v, offsets))
		return
	}
	for _, key := range []string{propSpeedMPS, propEnd} {
		if v, ok := member(props, key); ok {
			g.rename(v, propOffsetsS, text)
			return
		}
	}
	if props.exists() && props.kind() == jsonObjectKind {
		g.put(props, propOffsetsS, text)
	} else {
		g.put(feature, "properties", "{"+strconv.Quote(propOffsetsS)+": "+text+"}")
	}
}
