package plan

import (
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// kmlGeometry reads the geometries of one placemark into an Item.
type kmlGeometry struct {
	*kmlReader
	placemark *xmlNode
	props     *properties
	item      Item
	moment    *kmlTime // a TimeStamp, which cannot time an area
	points    int
}

// element reads an element of a placemark or MultiGeometry and reports whether
// it is a geometry.
func (g *kmlGeometry) element(n *xmlNode) (bool, error) {
	switch {
	case isGX(n) && n.name == "Track", isKML(n) && n.name == "Track":
		return true, g.tracks(n, []*xmlNode{n})
	case isGX(n) && n.name == "MultiTrack", isKML(n) && n.name == "MultiTrack":
		return true, g.multiTrack(n)
	case !isKML(n):
		return false, nil
	}
	switch n.name {
	case "Point":
		return true, g.point(n)
	case "LineString", "LinearRing":
		return true, g.line(n)
	case "Polygon":
		return true, g.polygon(n)
	case "Model":
		g.notes.unusedf("%s is a picture and is not used", n.path())
		return true, nil
	case "MultiGeometry":
		for _, c := range n.children {
			is, err := g.element(c)
			if err != nil {
				return true, err
			}
			if !is {
				g.notes.unusedf("%s is not used", c.path())
			}
		}
		return true, nil
	}
	return false, nil
}

// altitudeMode is how the altitudes of a geometry count.
type altitudeMode struct {
	ref     geodesy.AltitudeReference
	clamped bool // altitudes are ignored, the geometry lies on the ground
}

func kmlMode(n *xmlNode) (altitudeMode, error) {
	mode := altitudeMode{ref: geodesy.AGL, clamped: true}
	seen := false
	for _, c := range n.children {
		if c.name != "altitudeMode" {
			continue
		}
		if seen {
			return mode, c.fail("a second altitudeMode", "one")
		}
		seen = true
		switch c.value() {
		case "absolute":
			mode = altitudeMode{ref: geodesy.AMSL}
		case "relativeToGround":
			mode = altitudeMode{ref: geodesy.AGL}
		case "clampToGround":
		default:
			return mode, c.failHere("absolute, relativeToGround or clampToGround")
		}
	}
	return mode, nil
}

// kmlPoint is one position of a geometry.
type kmlPoint struct {
	at     geodesy.LatLng
	mm     int64
	hasAlt bool
}

// kmlTuple reads longitude, latitude and altitude.
func kmlTuple(fields []string) (kmlPoint, error) {
	var p kmlPoint
	if len(fields) != 2 && len(fields) != 3 {
		return p, errTuple
	}
	var v [3]float64
	for i, f := range fields {
		var ok bool
		if v[i], ok = parseNumber(f); !ok {
			return p, errTuple
		}
	}
	var err error
	if p.at, err = checkedLatLng(v[1], v[0]); err != nil {
		return p, err
	}
	if p.hasAlt = len(fields) == 3; p.hasAlt {
		if p.mm, p.hasAlt = altitudeMM(v[2]); !p.hasAlt {
			return p, errTuple
		}
	}
	return p, nil
}

var errTuple = &Error{Expected: "longitude,latitude or longitude,latitude,altitude in degrees and " + expectMetres}

// coordinates reads the <coordinates> of a geometry.
func kmlCoordinates(n *xmlNode, atLeast int) ([]kmlPoint, string, error) {
	c := n.child("coordinates")
	if c == nil {
		return nil, "", n.fail("no <coordinates>", "coordinates")
	}
	base := c.path()
	var points []kmlPoint
	for text := range strings.FieldsSeq(c.text) {
		p, err := kmlTuple(strings.Split(text, ","))
		if err != nil {
			place := base + "[" + strconv.Itoa(len(points)+1) + "] (line " + strconv.Itoa(c.line) + ")"
			if err == error(errTuple) {
				return nil, "", unsupported(n.file, place, quoteShort(text), errTuple.Expected)
			}
			return nil, "", wrap(n.file, place, err)
		}
		points = append(points, p)
		if len(points) > volume.MaxWaypoints {
			return nil, "", c.fail("more than "+strconv.Itoa(volume.MaxWaypoints)+" positions", "fewer")
		}
	}
	if len(points) < atLeast {
		return nil, "", c.fail(strconv.Itoa(len(points))+" positions", "at least "+strconv.Itoa(atLeast))
	}
	return points, base, nil
}

// point notes a Point, or reads it as a circle.
func (g *kmlGeometry) point(n *xmlNode) error {
	if g.props.radiusMM == 0 {
		g.points++
		return nil
	}
	points, _, err := kmlCoordinates(n, 1)
	if err != nil {
		return err
	}
	if len(points) > 1 {
		return n.fail("several positions in a Point", "one")
	}
	f, err := volume.NewCircle(points[0].at, g.props.radiusMM)
	if err != nil {
		return n.wrap(err)
	}
	return g.area(n, f, "a Point")
}

// area adds a footprint whose limits the properties state.
func (g *kmlGeometry) area(n *xmlNode, f *volume.Footprint, what string) error {
	no := []string{propAltitude, propAltitudeReference, propAltitudesFrom, propSpeedMPS, propTimes, propOffsetsS}
	if f.Shape() != volume.Circle {
		no = append(no, propRadiusM)
	}
	if f.Shape() != volume.Corridor {
		no = append(no, propHalfWidthM)
	}
	if err := g.props.refuse("an area from "+what, no...); err != nil {
		return err
	}
	if g.moment != nil {
		return g.moment.node.fail("a TimeStamp for an area", "a TimeSpan, as an area applies for some time")
	}
	v, err := g.props.volumeWith(n.place(), f)
	if err != nil {
		return err
	}
	g.item.Volumes = append(g.item.Volumes, v)
	return nil
}

// polygon reads an area. Its limits are the properties lower and upper, or
// those of the extruded shape: from the ground up to the polygon.
func (g *kmlGeometry) polygon(n *xmlNode) error {
	ring, points, err := kmlRing(n)
	if err != nil {
		return err
	}
	f, err := volume.NewPolygon(ring)
	if err != nil {
		return n.wrap(err)
	}
	if g.props.lower != nil || g.props.upper != nil {
		return g.area(n, f, "a Polygon")
	}
	mode, err := kmlMode(n)
	if err != nil {
		return err
	}
	extrude := false
	if e := n.child("extrude"); e != nil {
		if extrude, err = e.boolean(); err != nil {
			return err
		}
	}
	if !extrude || mode.clamped {
		return n.fail("a polygon without thickness", "fields lower and upper in its ExtendedData, or extrude with an altitudeMode of absolute or relativeToGround")
	}
	top := points[0].mm
	for _, p := range points {
		if !p.hasAlt {
			return n.fail("an extruded polygon without altitudes", "an altitude in each position")
		}
		if p.mm != points[0].mm {
			g.suppose("the sloping top of an extruded polygon taken at its highest point")
		}
		top = max(top, p.mm)
	}
	lower := Limit{Altitude: geodesy.Altitude{MM: 0, Ref: geodesy.AGL}}
	upper := Limit{Altitude: geodesy.Altitude{MM: top, Ref: mode.ref}}
	g.supposeMode(mode)
	g.props.lower, g.props.upper = &lower, &upper
	err = g.area(n, f, "a Polygon")
	g.props.lower, g.props.upper = nil, nil
	return err
}

func (g *kmlGeometry) suppose(s string) {
	for _, have := range g.item.Suppositions {
		if have == s {
			return
		}
	}
	g.item.Suppositions = append(g.item.Suppositions, s)
}

func (g *kmlGeometry) supposeMode(m altitudeMode) {
	if !m.clamped && m.ref == geodesy.AMSL {
		g.suppose("absolute altitudes of KML taken as metres above mean sea level (EGM96), as KML has it")
	}
}

// kmlRing reads the outer boundary of a polygon without repeating the first
// vertex.
func kmlRing(n *xmlNode) ([]geodesy.LatLng, []kmlPoint, error) {
	if hole := n.child("innerBoundaryIs"); hole != nil {
		return nil, nil, hole.fail("a hole in the polygon", "no holes (a footprint has none; describe the parts around the hole)")
	}
	outer := n.child("outerBoundaryIs")
	if outer == nil || outer.child("LinearRing") == nil {
		return nil, nil, n.fail("no outer boundary", "outerBoundaryIs with a LinearRing")
	}
	points, _, err := kmlCoordinates(outer.child("LinearRing"), 4)
	if err != nil {
		return nil, nil, err
	}
	last := len(points) - 1
	if points[0].at != points[last].at {
		return nil, nil, outer.fail("a ring from "+points[0].at.String()+" to "+points[last].at.String(), "a ring that ends where it begins")
	}
	ring := make([]geodesy.LatLng, last)
	for i := range ring {
		ring[i] = points[i].at
	}
	return ring, points, nil
}

// line reads a LineString: a corridor with half_width_m, else a path flown.
func (g *kmlGeometry) line(n *xmlNode) error {
	points, base, err := kmlCoordinates(n, 2)
	if err != nil {
		return err
	}
	if g.props.halfWidthMM > 0 {
		line := make([]geodesy.LatLng, len(points))
		for i, p := range points {
			line[i] = p.at
		}
		f, err := volume.NewCorridor(line, g.props.halfWidthMM)
		if err != nil {
			return n.wrap(err)
		}
		return g.area(n, f, "a LineString")
	}
	if len(g.item.Routes) > 0 {
		return n.fail("a second path in one placemark", "one path a placemark, as nothing says how they follow each other")
	}
	if err := g.props.refuse("a route (a LineString without half_width_m)", propLower, propUpper, propRadiusM); err != nil {
		return err
	}
	mode, err := kmlMode(n)
	if err != nil {
		return err
	}
	route := make([]RoutePoint, len(points))
	for i, p := range points {
		route[i] = RoutePoint{Place: base + "[" + strconv.Itoa(i+1) + "]", At: p.at}
		if route[i].Altitude, err = g.altitude(n, route[i].Place, p, mode); err != nil {
			return err
		}
	}
	if p := g.props; p.start != nil && *p.start <= volume.AlwaysNS && p.end != nil && *p.end >= volume.ForeverNS {
		p.start, p.end = nil, nil // a TimeSpan without begin and end
	}
	if route, err = g.props.timeRoute(g.file.Name, g.opt, route, &g.item); err != nil {
		return err
	}
	g.item.Routes = append(g.item.Routes, Route{Place: n.place(), Points: route, Buffers: g.props.buffers})
	return nil
}

// altitude returns the altitude of one point of a path.
func (g *kmlGeometry) altitude(n *xmlNode, place string, p kmlPoint, mode altitudeMode) (geodesy.Altitude, error) {
	props := g.props
	from, converted, err := props.src.str(propAltitudesFrom)
	if err != nil {
		return geodesy.Altitude{}, err
	}
	switch {
	case props.altitude != nil && (props.reference != "" || converted):
		return geodesy.Altitude{}, props.src.bad(propAltitude, "altitude beside altitude_reference or altitudes_from", "one of them")
	case props.altitude != nil:
		return *props.altitude, nil
	case mode.clamped && (props.reference != "" || converted):
		return geodesy.Altitude{}, n.fail("a path clamped to the ground with a property for its altitudes", "an altitudeMode of absolute or relativeToGround")
	case mode.clamped && p.mm != 0:
		// KML has it that the altitude does not count, and Google Earth writes
		// this mode unless told otherwise: nobody means a flight on the ground.
		return geodesy.Altitude{}, unsupported(n.file, place,
			"an altitude of "+formatScaled(p.mm, 3)+" m in a path that is clamped to the ground (clampToGround, the default)",
			"an altitudeMode of absolute or relativeToGround, or the field altitude")
	case mode.clamped:
		return geodesy.Altitude{Ref: geodesy.AGL}, nil
	case !p.hasAlt:
		return geodesy.Altitude{}, unsupported(n.file, place, "no altitude", "one in metres")
	case converted && (from != altitudesFromW84 || mode.ref != geodesy.AMSL || props.reference != ""):
		return geodesy.Altitude{}, props.src.bad(propAltitudesFrom, quoteShort(from), quoteShort(altitudesFromW84)+" for absolute altitudes, without altitude_reference")
	case converted:
		return geodesy.Altitude{MM: p.mm + geoidMM(p.at), Ref: geodesy.W84}, nil
	case props.reference != "":
		return geodesy.Altitude{MM: p.mm, Ref: props.reference}, nil
	}
	g.supposeMode(mode)
	return geodesy.Altitude{MM: p.mm, Ref: mode.ref}, nil
}
