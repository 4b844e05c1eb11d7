package plan

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// openAirShape collects the geometry of one airspace.
type openAirShape struct {
	centre   *geodesy.LatLng // V X
	counter  bool            // V D=-: arcs run counterclockwise
	widthMM  int64           // V W
	ring     []geodesy.LatLng
	airway   []geodesy.LatLng
	circle   *volume.Footprint
	growthMM int64 // how far an arc may lie outside its edges
}

func (s *openAirShape) empty() bool {
	return s.circle == nil && len(s.ring) == 0 && len(s.airway) == 0
}

// Bounds of arcs.
const (
	maxArcRadiusNM = 500.0
	// arcErrorM is how far an edge may lie within its arc. Edges are shorter,
	// and the error smaller, for small arcs; for large ones maxArcEdges counts.
	arcErrorM   = 1.0
	maxArcEdges = 720
	// maxRadiusMismatch is how far the two ends of an arc may differ in their
	// distance from its centre, as a part of the larger: published centres are
	// rounded to seconds.
	maxRadiusMismatch = 0.05
)

// geometry reads a V or D record of the open airspace.
func (r *openAirReader) geometry(word, value string) error {
	s := &r.space.shape
	if word == "V" {
		return r.variable(s, value)
	}
	if s.circle != nil {
		return r.fail("the record "+word+" after a whole circle", "the next airspace")
	}
	if word != "DY" && len(s.airway) > 0 || word == "DY" && len(s.ring) > 0 {
		return r.fail("the record "+word, "no mixture of airway segments (DY) and outlines (DP, DA, DB, DC)")
	}
	if len(s.ring)+len(s.airway) > volume.MaxVertices {
		return r.fail(fmt.Sprintf("more than %d vertices", volume.MaxVertices), "fewer")
	}
	switch word {
	case "DP", "DY":
		p, rest, ok := openAirPosition(value)
		if !ok || rest != "" {
			return r.fail("the position "+quoteShort(value), expectOpenAirPosition)
		}
		if word == "DP" {
			s.ring = append(s.ring, p)
		} else {
			s.airway = append(s.airway, p)
		}
		return nil
	case "DC":
		return r.wholeCircle(s, value)
	case "DA":
		return r.bearingArc(s, value)
	default:
		return r.pointArc(s, value)
	}
}

// variable reads V X=, V D=, V W= and V Z=.
func (r *openAirReader) variable(s *openAirShape, value string) error {
	name, v, _ := strings.Cut(value, "=")
	v = strings.TrimSpace(v)
	switch strings.ToUpper(strings.TrimSpace(name)) {
	case "X":
		p, rest, ok := openAirPosition(v)
		if !ok || rest != "" {
			return r.fail("the centre "+quoteShort(v), expectOpenAirPosition)
		}
		s.centre = &p
	case "D":
		if v != "+" && v != "-" {
			return r.fail("the direction "+quoteShort(v), "+ (clockwise) or -")
		}
		s.counter = v == "-"
	case "W":
		width, ok := parseNumber(v)
		if !ok || width <= 0 || width > maxArcRadiusNM {
			return r.fail("the width "+quoteShort(v), "the width of an airway in nautical miles")
		}
		mm := int64(math.Ceil(width * geodesy.MetresPerNauticalMile * 1000))
		if s.widthMM != 0 && len(s.airway) > 0 && mm != s.widthMM {
			return r.fail("a second width within an airway", "one width an airway")
		}
		s.widthMM = mm
	case "Z", "T": // visibility by zoom, and its time: drawing
		r.drawing++
	default:
		return r.fail("the variable "+quoteShort(value), "V X=position, V D=+ or -, V W=width or V Z=zoom")
	}
	return nil
}

// radius reads a radius in nautical miles, in metres.
func (r *openAirReader) radius(value string) (float64, error) {
	nm, ok := parseNumber(strings.TrimSpace(value))
	if !ok || nm <= 0 || nm > maxArcRadiusNM {
		return 0, r.fail("the radius "+quoteShort(value), fmt.Sprintf("nautical miles, above 0 and at most %v", maxArcRadiusNM))
	}
	return nm * geodesy.MetresPerNauticalMile, nil
}

func (r *openAirReader) needCentre(s *openAirShape) error {
	if s.centre == nil {
		return r.fail("an arc or circle without a centre", "V X= before it in the same airspace")
	}
	return nil
}

func (r *openAirReader) wholeCircle(s *openAirShape, value string) error {
	if err := r.needCentre(s); err != nil {
		return err
	}
	if len(s.ring) > 0 {
		return r.fail("a circle (DC) within an outline", "a circle alone")
	}
	radiusM, err := r.radius(value)
	if err != nil {
		return err
	}
	return s.setCircle(r, radiusM)
}

func (s *openAirShape) setCircle(r *openAirReader, radiusM float64) (err error) {
	s.circle, err = volume.NewCircle(*s.centre, int64(math.Ceil(radiusM*1000)))
	return wrap(r.file.Name, fmt.Sprintf("line %d", r.line), err)
}

// bearingArc reads DA radius, start, end: bearings in degrees from the centre.
func (r *openAirReader) bearingArc(s *openAirShape, value string) error {
	if err := r.needCentre(s); err != nil {
		return err
	}
	parts := strings.Split(value, ",")
	if len(parts) != 3 {
		return r.fail("the arc "+quoteShort(value), "radius, start bearing, end bearing")
	}
	radiusM, err := r.radius(parts[0])
	if err != nil {
		return err
	}
	var bearing [2]float64
	for i := range bearing {
		var ok bool
		if bearing[i], ok = parseNumber(strings.TrimSpace(parts[i+1])); !ok || math.Abs(bearing[i]) > 360 {
			return r.fail("the bearing "+quoteShort(parts[i+1]), "degrees up to 360")
		}
	}
	if math.Abs(bearing[0]-bearing[1]) == 360 && len(s.ring) == 0 {
		return s.setCircle(r, radiusM)
	}
	if bearing[0] == bearing[1] {
		return r.fail("an arc whose bearings are equal", "different bearings")
	}
	s.arc(arc{centre: *s.centre, fromM: radiusM, toM: radiusM, fromDeg: bearing[0], sweepDeg: s.sweep(bearing[0], bearing[1])}, nil, nil)
	return nil
}

// pointArc reads DB start, end: positions on the arc.
func (r *openAirReader) pointArc(s *openAirShape, value string) error {
	if err := r.needCentre(s); err != nil {
		return err
	}
	p, rest, ok := openAirPosition(value)
	if !ok {
		return r.fail("the arc "+quoteShort(value), "two positions: "+expectOpenAirPosition)
	}
	q, rest, ok := openAirPosition(strings.TrimLeft(rest, ", \t"))
	if !ok || rest != "" {
		return r.fail("the arc "+quoteShort(value), "two positions: "+expectOpenAirPosition)
	}
	fromM, fromDeg, _ := geodesy.Inverse(*s.centre, p)
	toM, toDeg, _ := geodesy.Inverse(*s.centre, q)
	larger := math.Max(fromM, toM)
	switch {
	case p == q:
		return r.fail("an arc whose ends are equal", "different ends")
	case !(larger > 0 && larger <= maxArcRadiusNM*geodesy.MetresPerNauticalMile):
		return r.fail(fmt.Sprintf("an arc of radius %.0f m", larger), fmt.Sprintf("a radius above 0 and of at most %v NM", maxArcRadiusNM))
	case math.Abs(fromM-toM) > maxRadiusMismatch*larger:
		return r.fail(fmt.Sprintf("an arc from %.0f m to %.0f m from its centre", fromM, toM), "ends equally far from the centre, within 5 %")
	}
	s.arc(arc{centre: *s.centre, fromM: fromM, toM: toM, fromDeg: fromDeg, sweepDeg: s.sweep(fromDeg, toDeg)}, &p, &q)
	return nil
}

// sweep returns the signed angle of an arc between two bearings, clockwise
// positive, in the current direction.
func (s *openAirShape) sweep(from, to float64) float64 {
	d := math.Mod(to-from, 360)
	switch {
	case s.counter && d >= 0:
		d -= 360
	case !s.counter && d <= 0:
		d += 360
	}
	return d
}

// arc is part of a circle, or where its ends differ in radius, the band
// between the two radii, of which it runs from one to the other.
type arc struct {
	centre            geodesy.LatLng
	fromM, toM        float64
	fromDeg, sweepDeg float64
}

// arc appends an arc to the ring as vertices on it, and takes note of how far
// the arc can lie from the edges between them. Where the exact ends are given,
// they stand for the computed ones.
func (s *openAirShape) arc(a arc, first, last *geodesy.LatLng) {
	radiusM := math.Max(a.fromM, a.toM)
	// An edge that spans the angle t at the centre lies within its arc by
	// r(1-cos(t/2)), at most, on the plane; by less on the sphere.
	stepRad := 2 * math.Acos(math.Max(1-arcErrorM/radiusM, math.Cos(math.Pi/8)))
	n := int(math.Ceil(math.Abs(a.sweepDeg) * math.Pi / 180 / stepRad))
	n = min(max(n, 2), maxArcEdges)
	for i := range n + 1 {
		f := float64(i) / float64(n)
		p := geodesy.Direct(a.centre, a.fromDeg+f*a.sweepDeg, a.fromM+f*(a.toM-a.fromM))
		if i == 0 && first != nil {
			p = *first
		}
		if i == n && last != nil {
			p = *last
		}
		s.ring = append(s.ring, p)
	}
	half := math.Abs(a.sweepDeg) * math.Pi / 360 / float64(n)
	// One per cent covers the ellipsoid's departure from a sphere, 2 mm the
	// rounding of positions.
	sagittaM := 1.01 * radiusM * (1 - math.Cos(half))
	growth := int64(math.Ceil((sagittaM+math.Abs(a.fromM-a.toM))*1000)) + 2
	s.growthMM = max(s.growthMM, growth)
}

// footprint returns the shape and by how much it must be grown to hold every
// arc.
func (s *openAirShape) footprint(notes *remarks) (f *volume.Footprint, growthMM int64, err error) {
	switch {
	case s.circle != nil:
		return s.circle, 0, nil
	case len(s.airway) > 0:
		if s.widthMM == 0 {
			return nil, 0, errors.New("an airway (DY) without a width (V W=)")
		}
		f, err = volume.NewCorridor(withoutRepeats(s.airway, notes), (s.widthMM+1)/2)
		return f, 0, err
	}
	ring := withoutRepeats(s.ring, notes)
	for len(ring) > 1 && ring[len(ring)-1] == ring[0] {
		ring = ring[:len(ring)-1]
	}
	f, err = volume.NewPolygon(ring)
	return f, s.growthMM, err
}

const expectOpenAirPosition = "a position such as 54:25:00 N 010:40:00 E or 54:25.5N 010:40.2E"

// openAirPosition reads a latitude and a longitude from the front of s and
// returns what follows.
func openAirPosition(s string) (p geodesy.LatLng, rest string, ok bool) {
	lat, rest, ok := openAirAngle(s, "NS", 90)
	if !ok {
		return p, s, false
	}
	// Some writers put a comma between the two.
	lng, rest, ok := openAirAngle(strings.TrimLeft(rest, ", \t"), "EW", 180)
	if !ok {
		return p, s, false
	}
	p, err := geodesy.NewLatLng(lat, lng)
	return p, strings.TrimSpace(rest), err == nil
}

// openAirAngle reads d:m:s, d:m or d, each with an optional fraction in the
// last part, followed by a letter of the hemisphere.
func openAirAngle(s, hemispheres string, limit float64) (deg float64, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(strings.ToUpper(s), hemispheres)
	if end < 0 {
		return 0, s, false
	}
	parts := strings.Split(strings.TrimSpace(s[:end]), ":")
	if len(parts) > 3 {
		return 0, s, false
	}
	scale := 1.0
	for i, part := range parts {
		v, ok := parseNumber(part)
		whole := strings.Trim(part, "0123456789") == ""
		fraction := strings.Trim(part, "0123456789.") == ""
		if !ok || !fraction || !whole && i < len(parts)-1 || i > 0 && v >= 60 {
			return 0, s, false
		}
		deg += v / scale
		scale *= 60
	}
	if deg > limit {
		return 0, s, false
	}
	if c := s[end] &^ 0x20; c == 'S' || c == 'W' {
		deg = -deg
	}
	return deg, s[end+1:], true
}
