package plan

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// complexItem reads an item that stands for many commands.
func (p *planReader) complexItem(o *jsonObject) error {
	v, err := o.need("complexItemType", "the type of the complex item")
	if err != nil {
		return err
	}
	kind, err := v.text()
	if err != nil {
		return err
	}
	o.ignore("type")
	switch kind {
	case "survey", "CorridorScan":
		return p.transects(o)
	case "StructureScan":
		return p.structure(o)
	case "fwLandingPattern":
		return p.landingPattern(o, cmdLand)
	case "vtolLandingPattern":
		return p.landingPattern(o, cmdVTOLLand)
	}
	return v.failHere("survey, CorridorScan, StructureScan, fwLandingPattern or vtolLandingPattern")
}

// transects reads a survey or corridor scan. What is flown are the commands
// that the item holds; what is drawn must be part of it.
func (p *planReader) transects(o *jsonObject) error {
	v, err := o.need("TransectStyleComplexItem", "the commands flown")
	if err != nil {
		return err
	}
	t, err := v.object()
	if err != nil {
		return err
	}
	if err := needVersion(t, 1, 2); err != nil {
		return err
	}
	list, err := t.need("Items", "the commands flown")
	if err != nil {
		return err
	}
	items, err := list.array()
	if err != nil {
		return err
	}
	first := len(p.commands)
	for _, it := range items {
		so, err := it.object()
		if err != nil {
			return err
		}
		if kind, ok := so.optional("type"); ok {
			if err := oneOf(kind, "SimpleItem"); err != nil {
				return err
			}
		}
		c, err := p.simpleItem(so)
		if err != nil {
			return err
		}
		if err := p.add(it, *c); err != nil {
			return err
		}
	}
	if len(p.commands) == first {
		return list.failHere("at least one command")
	}
	if err := p.checkDrawn(t, p.commands[first:]); err != nil {
		return err
	}
	t.ignore("CameraCalc", "CameraShots", "CameraTriggerInTurnAround", "FollowTerrain", "HoverAndCapture",
		"Refly90Degrees", "TurnAroundDistance", "TerrainAdjustMaxClimbRate", "TerrainAdjustMaxDescentRate",
		"TerrainAdjustTolerance", "TerrainFlightSpeed")
	o.ignore("version", "angle", "entryLocation", "flyAlternateTransects", "polygon", "splitConcavePolygons",
		"CorridorWidth", "EntryPoint", "polyline")
	for _, n := range append(t.noteUnread(), o.noteUnread()...) {
		p.notes.unusedf("%s", n)
	}
	return nil
}

// maxDrawnErrorM is how far a drawn point may be from the command that flies it.
const maxDrawnErrorM = 0.05

// checkDrawn refuses a survey whose drawn points are not flown, in their order.
func (p *planReader) checkDrawn(t *jsonObject, flown []missionCommand) error {
	v, err := t.need("VisualTransectPoints", "the points drawn")
	if err != nil {
		return err
	}
	points, err := v.array()
	if err != nil {
		return err
	}
	next := 0
	for _, e := range points {
		at, _, err := p.coordinate(e)
		if err != nil {
			return err
		}
		for found := false; !found; next++ {
			if next == len(flown) {
				return e.fail("a drawn point "+at.String()+" that no command flies to in this order", "a survey whose commands fly what it draws")
			}
			lat, lng := flown[next].params[4], flown[next].params[5]
			if _, placed := frames[flown[next].frame]; !placed {
				continue
			}
			q, err := geodesy.NewLatLng(lat, lng)
			if err != nil {
				continue // not a place; flying refuses it if it must be one
			}
			d, _, _ := geodesy.Inverse(at, q)
			found = d <= maxDrawnErrorM
		}
	}
	return nil
}

// structureScan is a structure and how it is flown around: on the polygon at
// the camera's distance, in layers, up or down.
type structureScan struct {
	polygon               jsonValue
	ring                  []geodesy.LatLng // the structure
	distanceM, frontalM   float64
	bottomM, topM, enterM float64 // above home
	layers                int
	fromTop               bool

	outline []geodesy.LatLng // what is flown
	strayMM int64            // how far the outline may be from QGroundControl's
}

// structure reads a structure scan and makes the commands that QGroundControl
// makes of it on loading: in at the first vertex at the entrance altitude, once
// around the outline a layer, and out where it came in.
func (p *planReader) structure(o *jsonObject) error {
	s, err := p.readStructure(o)
	if err != nil {
		return err
	}
	if err := s.offset(); err != nil {
		return err
	}
	place := o.place()
	corners := s.layers*(len(s.outline)+1) + 2
	ahead := 2 * s.strayMM * int64(corners)
	waypoint := func(at geodesy.LatLng, altM float64) error {
		lat, lng := at.Degrees()
		c := missionCommand{
			place: place, field: func(string) string { return place },
			command: cmdWaypoint, frame: 3, strayMM: s.strayMM, aheadMM: ahead,
			params: [7]float64{0, 0, 0, math.NaN(), lat, lng, altM},
		}
		ahead = 0
		return p.add(o.jsonValue, c)
	}
	if err := waypoint(s.outline[0], s.enterM); err != nil {
		return err
	}
	altM, stepM := s.bottomM+s.frontalM/2, s.frontalM
	if s.fromTop {
		altM, stepM = s.topM-s.frontalM/2, -s.frontalM
	}
	for range s.layers {
		for i := range len(s.outline) + 1 {
			if err := waypoint(s.outline[i%len(s.outline)], altM); err != nil {
				return err
			}
		}
		altM += stepM
	}
	p.suppose.addf("the structure scan at %s is flown as QGroundControl does on loading it, entered at its first corner; "+
		"its outline is known to within %s m", place, formatScaled(s.strayMM, 3))
	return waypoint(s.outline[0], s.enterM)
}

func (p *planReader) readStructure(o *jsonObject) (*structureScan, error) {
	s := &structureScan{}
	if err := needVersion(o, 3); err != nil {
		return nil, err
	}
	camera, err := o.need("CameraCalc", "the distance and footprint of the camera")
	if err != nil {
		return nil, err
	}
	cam, err := camera.object()
	if err != nil {
		return nil, err
	}
	layers := 0.0
	for _, f := range []struct {
		in       *jsonObject
		key      string
		lo, hi   float64
		into     *float64
		expected string
	}{
		{cam, "DistanceToSurface", 0.01, 10_000, &s.distanceM, "metres, above 0 and at most 10 km"},
		{cam, "AdjustedFootprintFrontal", 0.01, 10_000, &s.frontalM, "metres, above 0 and at most 10 km"},
		{o, "ScanBottomAlt", -10_000, 100_000, &s.bottomM, "metres above home"},
		{o, "StructureHeight", -10_000, 100_000, &s.topM, "metres above home"},
		{o, "EntranceAltitude", -10_000, 100_000, &s.enterM, "metres above home"},
		{o, "Layers", 1, 10_000, &layers, "a number of layers, at most 10000"},
	} {
		v, err := f.in.need(f.key, f.expected)
		if err != nil {
			return nil, err
		}
		n, err := v.number()
		if err != nil {
			return nil, err
		}
		if !(n >= f.lo && n <= f.hi) {
			return nil, v.failHere(f.expected)
		}
		*f.into = n
	}
	s.layers = int(layers)
	if want := max(int(math.Ceil(math.Max(s.topM-s.bottomM, 0)/s.frontalM)), 1); float64(want) != layers {
		v, _ := o.get("Layers")
		return nil, v.failHere(fmt.Sprintf("%d, which heights and footprint make", want))
	}
	top, err := o.need("StartFromTop", "true or false")
	if err != nil {
		return nil, err
	}
	if s.fromTop, err = top.boolean(); err != nil {
		return nil, err
	}
	if s.polygon, err = o.need("polygon", "the outline of the structure"); err != nil {
		return nil, err
	}
	if s.ring, err = p.planRing(s.polygon); err != nil {
		return nil, err
	}
	o.ignore("GimbalPitch")
	return s, o.refuseUnread("no such field of a StructureScan")
}

// maxStructureM bounds a structure: its outline is drawn on a plane.
const maxStructureM = 10_000.0

// offset draws the outline that is flown: the polygon whose edges lie outside
// those of the structure by the distance, with corners where they meet.
func (s *structureScan) offset() error {
	frame := geodesy.NewFrame(s.ring[0])
	n := len(s.ring)
	type point struct{ e, n float64 }
	plane := make([]point, n)
	for i, p := range s.ring {
		plane[i].e, plane[i].n, _ = frame.ENU(p.ECEF())
		if d, _, _ := geodesy.Inverse(s.ring[0], p); d > maxStructureM {
			return s.polygon.fail(fmt.Sprintf("a structure of more than %v m", maxStructureM), "a smaller one")
		}
	}
	area := 0.0
	outward := make([]point, n) // unit normals, edge i from vertex i to i+1
	for i, a := range plane {
		b := plane[(i+1)%n]
		area += a.e*b.n - b.e*a.n
		l := math.Hypot(b.e-a.e, b.n-a.n)
		if l == 0 {
			return s.polygon.fail("two equal corners in a row", "different corners")
		}
		outward[i] = point{-(b.n - a.n) / l, (b.e - a.e) / l}
	}
	if area >= 0 {
		return s.polygon.fail("corners in counterclockwise order", "clockwise order, as QGroundControl writes them")
	}
	for i := range plane {
		a, b := outward[(i+n-1)%n], outward[i]
		k := 1 + a.e*b.e + a.n*b.n
		if k < 1e-3 {
			return s.polygon.fail("a corner sharper than 2 degrees", "a blunter one")
		}
		e, nn := s.distanceM*(a.e+b.e)/k, s.distanceM*(a.n+b.n)/k
		v := s.ring[i].ECEF().Add(frame.East.Scale(e)).Add(frame.North.Scale(nn))
		s.outline = append(s.outline, geodesy.FromECEF(v))
		// Versions of QGroundControl draw on a sphere, whose distances differ
		// from ours by up to 0.6 % and whose angles by up to 0.006 rad; a sharp
		// corner multiplies that by its length over the distance.
		moved := math.Hypot(e, nn)
		stray := int64(math.Ceil(10*moved*(1+moved/s.distanceM))) + 10
		s.strayMM = max(s.strayMM, stray)
	}
	return nil
}

// planRing reads corners, latitude first.
func (p *planReader) planRing(v jsonValue) ([]geodesy.LatLng, error) {
	elems, err := v.array()
	if err != nil {
		return nil, err
	}
	if len(elems) < 3 || len(elems) > 10_000 {
		return nil, v.failHere("3 to 10000 corners")
	}
	ring := make([]geodesy.LatLng, len(elems))
	for i, e := range elems {
		if ring[i], _, err = p.coordinate(e); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// landingPattern reads a fixed-wing or VTOL landing: an approach point, circled
// or flown to, and the landing.
func (p *planReader) landingPattern(o *jsonObject, landing int) error {
	if err := needVersion(o, 1, 2); err != nil {
		return err
	}
	frame, err := p.landingFrame(o)
	if err != nil {
		return err
	}
	approach, ok := o.optional("landingApproachCoordinate")
	if old, both := o.optional("loiterCoordinate"); !ok {
		approach, ok = old, both
	} else if both {
		return old.failHere("no loiterCoordinate beside landingApproachCoordinate")
	}
	if !ok {
		return o.missing("landingApproachCoordinate", "latitude, longitude and altitude")
	}
	touchdown, err := o.need("landCoordinate", "latitude, longitude and altitude")
	if err != nil {
		return err
	}
	circles, err := optionalBool(o, "useLoiterToAlt", true)
	if err != nil {
		return err
	}
	clockwise, err := optionalBool(o, "loiterClockwise", true)
	if err != nil {
		return err
	}
	radius := 0.0
	if v, ok := o.optional("loiterRadius"); ok {
		if radius, err = v.number(); err != nil {
			return err
		}
	}
	if !clockwise {
		radius = -radius
	}
	changes, err := optionalBool(o, "useDoChangeSpeed", false)
	if err != nil {
		return err
	}
	if changes {
		v, err := o.need("finalApproachSpeed", expectSpeed)
		if err != nil {
			return err
		}
		mps, err := v.number()
		if err != nil {
			return err
		}
		if err := p.generated(o, v, cmdChangeSpeed, frameMission, [7]float64{0, mps, -1}); err != nil {
			return err
		}
	}
	command, params := cmdWaypoint, [7]float64{}
	if circles {
		command, params = cmdLoiterToAlt, [7]float64{1, radius, 0, 1}
	}
	for _, leg := range []struct {
		v       jsonValue
		command int
		params  [7]float64
	}{{approach, command, params}, {touchdown, landing, [7]float64{}}} {
		at, alt, err := p.coordinate(leg.v)
		if err != nil {
			return err
		}
		if alt == nil {
			return leg.v.failHere("latitude, longitude and altitude")
		}
		leg.params[4], leg.params[5] = at.Degrees()
		leg.params[6] = float64(*alt) / 1000
		if err := p.generated(o, leg.v, leg.command, frame, leg.params); err != nil {
			return err
		}
	}
	o.ignore("finalApproachSpeed", "stopTakingPhotos", "stopVideoPhotos", "valueSetIsDistance")
	return o.refuseUnread("no such field of a landing pattern")
}

// generated adds a command that an item stands for.
func (p *planReader) generated(o *jsonObject, at jsonValue, command, frame int, params [7]float64) error {
	place := at.place()
	return p.add(o.jsonValue, missionCommand{
		place: o.place(), field: func(string) string { return place },
		command: command, frame: frame, params: params,
	})
}

// landingFrame tells whether the altitudes of a landing pattern are above home
// or above mean sea level.
func (p *planReader) landingFrame(o *jsonObject) (int, error) {
	relative, err := optionalBool(o, "altitudesAreRelative", true)
	if err != nil {
		return 0, err
	}
	_, stated := o.get("altitudesAreRelative")
	loiter, err := optionalBool(o, "loiterAltitudeRelative", relative)
	if err != nil {
		return 0, err
	}
	land, err := optionalBool(o, "landAltitudeRelative", relative)
	if err != nil {
		return 0, err
	}
	_, old := o.get("loiterAltitudeRelative")
	if !stated && !old {
		return 0, o.missing("altitudesAreRelative", "true or false")
	}
	if loiter != land || stated && loiter != relative {
		return 0, o.fail("altitudes of which one is above home and one above mean sea level", "one reference for both")
	}
	if loiter {
		return 3, nil
	}
	return 0, nil
}

// optionalBool reads a member that may be missing.
func optionalBool(o *jsonObject, key string, otherwise bool) (bool, error) {
	v, ok := o.optional(key)
	if !ok {
		return otherwise, nil
	}
	return v.boolean()
}
