package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const supposeFlightFolder = "altitude and speed along the path interpolated between the alt: and speed: areas of its folder, each weighted by the inverse of its distance"

// maxFlightFolderM bounds how far a path of a flight folder may lead from its
// start, within which distances are measured on a plane.
const maxFlightFolderM = 100_000

// maxWeighed bounds the work of all flight folders of a file: distances from
// points of paths to sides of areas.
const maxWeighed = 200_000_000

// flightArea is an `alt:` or `speed:` area of a flight folder.
type flightArea struct {
	ring  []geodesy.LatLng
	value float64 // metres or metres per second
	east  []float64
	north []float64
}

// flightFolder reads a Folder named `flight: NAME` as Network Remote ID test
// data has it: one LineString is the path over the ground, polygons named
// `alt: WORDS` say by the altitude of their first position how high it is
// flown there, and polygons named `speed: WORDS (N)` say at how many metres
// per second.
func (r *kmlReader) flightFolder(n *xmlNode, name string, when *kmlTime) error {
	f := flightReader{kmlReader: r, folder: n, item: Item{Place: placemarkPlace(n), Name: tidy(name)}}
	if err := f.collect(); err != nil {
		return err
	}
	f.describe(n.childText("description"))
	if f.path == nil {
		return unsupported(n.file, f.item.Place, "a flight folder without a path", "one placemark with a LineString")
	}
	points, speeds, err := f.densify()
	if err != nil {
		return err
	}
	if err := f.time(points, speeds, when); err != nil {
		return err
	}
	f.item.Routes = []Route{{Place: f.path.place(), Points: points}}
	return r.parts.add(f.item, &properties{})
}

type flightReader struct {
	*kmlReader
	folder *xmlNode
	item   Item
	path   *xmlNode // the LineString
	line   []kmlPoint
	mode   altitudeMode // of the alt: areas, or of the line when there are none
	alts   []flightArea
	speeds []flightArea
}

// collect finds the path and the areas.
func (f *flightReader) collect() error {
	for _, c := range f.folder.children {
		if !isKML(c) || c.name != "Placemark" {
			if kmlBearsOnNothing(c.name) || !isKML(c) {
				continue
			}
			return c.fail("<"+cutRunes(c.name, 40)+"> in a flight folder", "placemarks only")
		}
		name := c.childText("name")
		var err error
		switch {
		case c.child("LineString") != nil:
			if f.path != nil {
				return c.fail("a second path in a flight folder", "one")
			}
			f.path = c.child("LineString")
			f.line, _, err = kmlCoordinates(f.path, 2)
		case strings.HasPrefix(name, "alt:"):
			err = f.altArea(c)
		case strings.HasPrefix(name, "speed:"):
			err = f.speedArea(c, name)
		case c.child("Point") != nil:
			f.item.noteUnused(quoteShort(name) + " is a point, not flown")
		default:
			err = c.fail("a placemark named "+quoteShort(name)+" in a flight folder", "a path, a point, or polygons named `alt: ...` and `speed: ... (N)`")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func flightPolygon(c *xmlNode) (*xmlNode, []geodesy.LatLng, []kmlPoint, error) {
	polygon := c.child("Polygon")
	if polygon == nil {
		return nil, nil, nil, c.fail("no polygon", "a Polygon")
	}
	ring, points, err := kmlRing(polygon)
	return polygon, ring, points, err
}

func (f *flightReader) altArea(c *xmlNode) error {
	polygon, ring, points, err := flightPolygon(c)
	if err != nil {
		return err
	}
	mode, err := kmlMode(polygon)
	if err != nil {
		return err
	}
	switch {
	case mode.clamped || !points[0].hasAlt:
		return polygon.fail("an alt: area without an altitude", "an altitudeMode of absolute or relativeToGround and an altitude in its first position")
	case len(f.alts) > 0 && mode != f.mode:
		return polygon.fail("an altitudeMode other than in the alt: areas before", "one altitudeMode in all")
	}
	f.mode = mode
	f.alts = append(f.alts, flightArea{ring: ring, value: float64(points[0].mm) / 1000})
	return nil
}

func (f *flightReader) speedArea(c *xmlNode, name string) error {
	_, ring, _, err := flightPolygon(c)
	if err != nil {
		return err
	}
	from, to := strings.LastIndexByte(name, '('), strings.LastIndexByte(name, ')')
	if from < 0 || to < from {
		return c.fail("the name "+quoteShort(name), "a speed in brackets, such as `speed: Enroute (30)`")
	}
	speed, ok := parseNumber(strings.TrimSpace(name[from+1 : to]))
	if !ok || !plausibleSpeed(speed) {
		return c.fail("the speed "+quoteShort(name[from+1:to]), expectSpeed)
	}
	f.speeds = append(f.speeds, flightArea{ring: ring, value: speed})
	return nil
}

// describe takes the party from the lines `key: value` of the description and
// notes the rest.
func (f *flightReader) describe(text string) {
	operator := ""
	for line := range strings.SplitSeq(text, "\n") {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case found && key == "operator_id":
			f.item.Party = tidy(value)
		case found && key == "operator_name":
			operator = tidy(value)
		}
		if line = strings.TrimSpace(line); line != "" && len(f.item.Notes) < maxNotes {
			f.item.Notes = append(f.item.Notes, shorten(line))
		}
	}
	if f.item.Party == "" {
		f.item.Party = operator
	}
}

// flightStepS is how far apart in seconds, about, the points of a flight
// folder's path are.
const flightStepS = 1

// densify cuts the path into steps of about a second and gives each point its
// altitude and speed. Speeds are nil when there are no areas for them.
func (f *flightReader) densify() ([]RoutePoint, []float64, error) {
	frame := geodesy.NewFrame(f.line[0].at)
	sides := 0
	for _, areas := range [][]flightArea{f.alts, f.speeds} {
		for i := range areas {
			areas[i].project(frame)
			sides += len(areas[i].ring)
		}
	}
	if len(f.alts) > 0 {
		f.item.Suppositions = append(f.item.Suppositions, supposeFlightFolder)
		if f.mode.ref == geodesy.AMSL {
			f.item.Suppositions = append(f.item.Suppositions, "absolute altitudes of KML taken as metres above mean sea level (EGM96), as KML has it")
		}
	} else if err := f.lineAltitudes(); err != nil {
		return nil, nil, err
	}
	var points []RoutePoint
	var speeds []float64
	add := func(at geodesy.LatLng, mm int64) error {
		e, n, _ := frame.ENU(at.ECEF())
		if geodesy.Hypot(e, n) > maxFlightFolderM {
			return f.path.fail("a path of a flight folder more than 100 km from its start", "a shorter one")
		}
		if f.weighed += sides; f.weighed > maxWeighed {
			return f.path.fail("flight folders with too many corners of areas for the length of their paths", "fewer or shorter ones")
		}
		if len(f.alts) > 0 {
			mm = int64(math.Round(float64(between(f.alts, e, n) * 1000)))
		}
		speed := 0.0
		if len(f.speeds) > 0 {
			speed = between(f.speeds, e, n)
			speeds = append(speeds, speed)
		}
		points = append(points, RoutePoint{
			Place: f.path.path(), At: at, Altitude: geodesy.Altitude{MM: mm, Ref: f.mode.ref},
		})
		if len(points) > volume.MaxWaypoints {
			return f.path.fail(fmt.Sprintf("a path of more than %d seconds", volume.MaxWaypoints), "a shorter one")
		}
		return nil
	}
	if err := add(f.line[0].at, f.line[0].mm); err != nil {
		return nil, nil, err
	}
	for i := 1; i < len(f.line); i++ {
		a, b := f.line[i-1], f.line[i]
		if a.at == b.at {
			continue // a step upwards in the drawing
		}
		l := geodesy.LineBetween(a.at, b.at)
		for s := 0.0; ; {
			step := l.DistanceM() // one step when altitudes are those of the line
			if len(f.alts) > 0 || len(f.speeds) > 0 {
				step = 10
				if len(speeds) > 0 {
					step = max(1, speeds[len(speeds)-1]*flightStepS)
				}
			}
			if s += step; s >= l.DistanceM() {
				break
			}
			part := s / l.DistanceM()
			mm := a.mm + int64(math.Round(float64(float64(b.mm-a.mm)*part)))
			if err := add(l.LatLng(s), mm); err != nil {
				return nil, nil, err
			}
		}
		if err := add(b.at, b.mm); err != nil {
			return nil, nil, err
		}
	}
	return dropRepeatsWith(points, speeds)
}

// lineAltitudes checks that the path itself says how high it is flown.
func (f *flightReader) lineAltitudes() error {
	var err error
	if f.mode, err = kmlMode(f.path); err != nil {
		return err
	}
	for _, p := range f.line {
		if f.mode.clamped || !p.hasAlt {
			return f.path.fail("a path without altitudes and no `alt:` areas", "`alt:` areas, or an altitudeMode and altitudes of the path")
		}
	}
	if f.mode.ref == geodesy.AMSL {
		f.item.Suppositions = append(f.item.Suppositions, "absolute altitudes of KML taken as metres above mean sea level (EGM96), as KML has it")
	}
	return nil
}

// dropRepeatsWith drops points at the place of the one before, with their
// speeds.
func dropRepeatsWith(points []RoutePoint, speeds []float64) ([]RoutePoint, []float64, error) {
	n := 0
	for i := range points {
		if n > 0 && points[i].At == points[n-1].At {
			continue
		}
		points[n] = points[i]
		if speeds != nil {
			speeds[n] = speeds[i]
		}
		n++
	}
	if speeds != nil {
		speeds = speeds[:n]
	}
	return points[:n], speeds, nil
}

// time gives the points their times: each step at the mean of the speeds at
// its ends.
func (f *flightReader) time(points []RoutePoint, speeds []float64, when *kmlTime) error {
	var departure time.Time
	if when != nil && when.startNS > volume.AlwaysNS {
		departure = timeOfNS(when.startNS)
	}
	if speeds == nil {
		if !plausibleSpeed(f.opt.SpeedMPS) {
			return f.folder.fail("no `speed:` areas", "areas named such as `speed: Enroute (30)`, or a speed for all files (--speed)")
		}
		offsets, err := offsetsBySpeed(f.file.Name, points, f.opt.SpeedMPS)
		if err != nil {
			return err
		}
		setTimes(points, departure, offsets)
		return nil
	}
	offsets := make([]time.Duration, len(points))
	seconds := 0.0
	for i := 1; i < len(points); i++ {
		d, _, _ := geodesy.Inverse(points[i-1].At, points[i].At)
		seconds += 2 * d / (speeds[i-1] + speeds[i])
		if seconds > maxFlight.Seconds() {
			return f.path.fail("a flight of more than "+strconv.Itoa(int(maxFlight.Hours()/24))+" days", "a shorter one")
		}
		offsets[i] = time.Duration(math.Round(float64(seconds * 1e9)))
	}
	setTimes(points, departure, offsets)
	return nil
}

func (a *flightArea) project(frame geodesy.Frame) {
	a.east, a.north = make([]float64, len(a.ring)), make([]float64, len(a.ring))
	for i, v := range a.ring {
		a.east[i], a.north[i], _ = frame.ENU(v.ECEF())
	}
}

// between returns the value at a place: that of an area that contains it or is
// within a decimetre, else the mean of all areas weighted by the inverse of
// their distances.
func between(areas []flightArea, e, n float64) float64 {
	nearest, nearestM := 0, math.Inf(1)
	sum, weights := 0.0, 0.0
	for i := range areas {
		d := areas[i].distanceM(e, n)
		if d < nearestM {
			nearest, nearestM = i, d
		}
		if d > 0 {
			sum += areas[i].value / d
			weights += 1 / d
		}
	}
	if nearestM < 0.1 {
		return areas[nearest].value
	}
	return sum / weights
}

// distanceM returns the distance of a place to an area on the plane, 0 inside.
func (a *flightArea) distanceM(e, n float64) float64 {
	best := math.Inf(1)
	inside := false
	for i := range a.east {
		j := (i + 1) % len(a.east)
		ux, uy := a.east[j]-a.east[i], a.north[j]-a.north[i]
		px, py := e-a.east[i], n-a.north[i]
		cross := float64(ux*py) - float64(uy*px)
		if (a.north[i] > n) != (a.north[j] > n) && (cross > 0) == (uy > 0) {
			inside = !inside
		}
		length2 := float64(ux*ux) + float64(uy*uy)
		t := 0.0
		if length2 > 0 {
			t = min(1, max(0, (float64(ux*px)+float64(uy*py))/length2))
		}
		best = min(best, geodesy.Hypot(px-float64(t*ux), py-float64(t*uy)))
	}
	if inside {
		return 0
	}
	return best
}
