// Package volume holds the shapes that intents and constraints occupy and
// measures pairs of them exactly: footprints, altitude bands, time windows and
// trajectories on the WGS84 ellipsoid.
//
// Every footprint is a base (an area, a point or a line made of geodesics) and
// a radius: a circle is a point and its radius, a corridor a line and its half
// width. Lateral distance between two footprints is the distance between their
// bases less both radii, so that nothing round is ever turned into a polygon.
//
// All arithmetic is float64 without fusing or library transcendentals, so that
// results have the same bits on every architecture.
package volume

import (
	"fmt"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Limits of what is accepted.
const (
	// MaxVertices is the largest number of vertices of a footprint
	// (F3548-21 OPIN0020 allows 10,000 over all volumes of an intent).
	MaxVertices = 10_000
	// MaxReachM is how far in metres a polygon may reach, in a straight line,
	// from the middle of the box around it, and the largest radius. It keeps
	// "the smaller of the two areas" and the inside test free of antipodes.
	MaxReachM = 5_000_000
	// maxSpots bounds the spots that a footprint's long edges are cut into.
	maxSpots = 100_000
	// MaxEdgeM is the longest geodesic edge or leg in metres. Near half the
	// circumference the shortest geodesic is no longer unique.
	MaxEdgeM = 15_000_000
)

// Shape tells how a footprint was declared.
type Shape uint8

// Shapes.
const (
	Polygon Shape = iota
	Circle
	Corridor
)

func (s Shape) String() string {
	return [...]string{"polygon", "circle", "corridor"}[s]
}

// Reason says why a shape is invalid.
type Reason string

// Reasons.
const (
	TooFewVertices    Reason = "too_few_vertices"
	TooManyVertices   Reason = "too_many_vertices"
	DuplicateVertex   Reason = "duplicate_vertex"
	SelfCrossing      Reason = "self_crossing"
	ZeroArea          Reason = "zero_area"
	BadPosition       Reason = "bad_position"
	TooLarge          Reason = "too_large"
	NoRadius          Reason = "radius_not_positive"
	LowerNotBelow     Reason = "lower_not_below_upper"
	EndNotAfterStart  Reason = "end_not_after_start"
	TimeNotIncreasing Reason = "time_not_increasing"
	NegativeBuffer    Reason = "negative_buffer"
	OutOfRange        Reason = "out_of_range"
	NoFootprint       Reason = "no_footprint"
)

// InvalidError says that a shape cannot be used, and why.
type InvalidError struct {
	Reason Reason
	At     int    // index of the offending vertex, edge or waypoint; -1 when the whole is meant
	Detail string // for people: what was found and what is expected
}

func (e *InvalidError) Error() string {
	if e.At >= 0 {
		return fmt.Sprintf("%s at %d: %s", e.Reason, e.At, e.Detail)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Detail)
}

func invalid(r Reason, at int, format string, args ...any) error {
	return &InvalidError{Reason: r, At: at, Detail: fmt.Sprintf(format, args...)}
}

// Footprint is a horizontal shape on the ellipsoid. It is immutable and safe
// for concurrent use.
type Footprint struct {
	shape    Shape
	vertices []geodesy.LatLng
	radiusMM int64

	spots  []spot // the base, with edges cut to at most maxPieceM
	closed bool   // a ring: a piece runs from the last spot to the first
	frame  geodesy.Frame
	tree   []node // over pieces; empty for small footprints
	middle geodesy.Vec
	reachM float64 // no point of the base is farther than this from middle, in a straight line
}

// NewPolygon returns the smaller of the two areas bounded by the geodesic ring
// through the vertices, given without repeating the first. The order may run
// either way. Errors are *InvalidError.
func NewPolygon(ring []geodesy.LatLng) (*Footprint, error) {
	if len(ring) < 3 {
		return nil, invalid(TooFewVertices, -1, "a polygon needs at least 3 vertices, found %d", len(ring))
	}
	f, err := newFootprint(Polygon, ring, 0, true)
	if err != nil {
		return nil, err
	}
	if err := f.checkRing(); err != nil {
		return nil, err
	}
	return f, nil
}

// NewCircle returns all points within radiusMM millimetres of the centre along
// the ellipsoid. Errors are *InvalidError.
func NewCircle(centre geodesy.LatLng, radiusMM int64) (*Footprint, error) {
	return newRound(Circle, []geodesy.LatLng{centre}, radiusMM)
}

// NewCorridor returns all points within halfWidthMM millimetres of the geodesic
// polyline through the given points. Errors are *InvalidError.
func NewCorridor(line []geodesy.LatLng, halfWidthMM int64) (*Footprint, error) {
	if len(line) < 2 {
		return nil, invalid(TooFewVertices, -1, "a corridor needs at least 2 points, found %d", len(line))
	}
	return newRound(Corridor, line, halfWidthMM)
}

func newRound(s Shape, line []geodesy.LatLng, radiusMM int64) (*Footprint, error) {
	if radiusMM <= 0 {
		return nil, invalid(NoRadius, -1, "the radius or half width of a %s must be more than 0, found %s m", s, metresText(radiusMM))
	}
	if radiusMM > MaxReachM*1000 {
		return nil, invalid(TooLarge, -1, "the radius or half width of a %s is at most %d km, found %s m", s, MaxReachM/1000, metresText(radiusMM))
	}
	return newFootprint(s, line, radiusMM, false)
}

func newFootprint(s Shape, vertices []geodesy.LatLng, radiusMM int64, closed bool) (*Footprint, error) {
	if len(vertices) > MaxVertices {
		return nil, invalid(TooManyVertices, -1, "a %s has at most %d vertices, found %d", s, MaxVertices, len(vertices))
	}
	f := &Footprint{shape: s, vertices: append([]geodesy.LatLng(nil), vertices...), radiusMM: radiusMM, closed: closed}
	for i, v := range vertices {
		if err := checkPosition(v, i); err != nil {
			return nil, err
		}
		f.vertices[i] = canonical(v)
	}
	var err error
	if f.spots, err = cutLine(f.vertices, closed); err != nil {
		return nil, err
	}
	f.frame = geodesy.NewFrame(f.vertices[0])
	f.middle, f.reachM = ball(f.spots)
	f.tree = growTree(f.spots, f.pieces())
	if closed && f.reachM > MaxReachM {
		return nil, invalid(TooLarge, -1, "a polygon reaches at most %d km from its middle, found %.0f km", MaxReachM/1000, f.reachM/1000)
	}
	return f, nil
}

func checkPosition(p geodesy.LatLng, at int) error {
	if p.LatE9 < -90e9 || p.LatE9 > 90e9 || p.LngE9 < -180e9 || p.LngE9 > 180e9 {
		return invalid(BadPosition, at, "latitude is within 90 and longitude within 180 degrees, found %d, %d (1e-9 degree)", p.LatE9, p.LngE9)
	}
	return nil
}

// canonical spells the antimeridian as 180 W, so that one place has one form.
func canonical(p geodesy.LatLng) geodesy.LatLng {
	if p.LngE9 == 180e9 {
		p.LngE9 = -180e9
	}
	return p
}

// Shape returns how the footprint was declared.
func (f *Footprint) Shape() Shape { return f.shape }

// Vertices returns the ring, the line or the centre as declared. The caller
// must not change it.
func (f *Footprint) Vertices() []geodesy.LatLng { return f.vertices }

// RadiusMM returns the radius of a circle or the half width of a corridor in
// millimetres; 0 for a polygon.
func (f *Footprint) RadiusMM() int64 { return f.radiusMM }

// pieces returns the number of pieces between spots.
func (f *Footprint) pieces() int {
	if f.closed {
		return len(f.spots)
	}
	return len(f.spots) - 1
}

// piece returns the ends of piece i.
func (f *Footprint) piece(i int) (a, b *spot) {
	j := i + 1
	if j == len(f.spots) {
		j = 0
	}
	return &f.spots[i], &f.spots[j]
}

// isPoint tells whether the base is a single point.
func (f *Footprint) isPoint() bool { return len(f.spots) == 1 }

// Validate checks the band, the window, the buffers and that there is a
// footprint. Errors are *InvalidError.
func (v *Volume4D) Validate() error {
	switch {
	case v.Footprint == nil:
		return invalid(NoFootprint, -1, "a volume needs a footprint")
	case v.Band.LowerMM >= v.Band.UpperMM:
		return invalid(LowerNotBelow, -1, "the lower altitude must be below the upper, found %s m and %s m", metresText(v.Band.LowerMM), metresText(v.Band.UpperMM))
	case v.Band.LowerMM < NoFloorMM || v.Band.UpperMM > NoCeilingMM:
		return invalid(OutOfRange, -1, "altitudes %s m to %s m are out of range", metresText(v.Band.LowerMM), metresText(v.Band.UpperMM))
	case v.Datum.Sea && v.SeaBand.LowerMM >= v.SeaBand.UpperMM:
		return invalid(LowerNotBelow, -1, "the lower altitude must be below the upper, found %s m and %s m above mean sea level", metresText(v.SeaBand.LowerMM), metresText(v.SeaBand.UpperMM))
	case v.SeaBand.LowerMM < NoFloorMM || v.SeaBand.UpperMM > NoCeilingMM:
		return invalid(OutOfRange, -1, "altitudes %s m to %s m above mean sea level are out of range", metresText(v.SeaBand.LowerMM), metresText(v.SeaBand.UpperMM))
	case v.Window.StartNS >= v.Window.EndNS:
		return invalid(EndNotAfterStart, -1, "the end must be after the start, found %s and %s", instantText(v.Window.StartNS), instantText(v.Window.EndNS))
	case v.Window.StartNS < AlwaysNS || v.Window.EndNS > ForeverNS:
		return invalid(OutOfRange, -1, "times %s to %s are out of range", instantText(v.Window.StartNS), instantText(v.Window.EndNS))
	}
	if err := v.Datum.validate(); err != nil {
		return err
	}
	return v.Buffers.validate()
}

// instantText writes an instant for people.
func instantText(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func (d Datum) validate() error {
	if d.ErrorMM < 0 || d.ErrorMM > MaxBufferMM {
		return invalid(OutOfRange, -1, "the error of heights is 0 or more and at most 2,000 km, found %s m", metresText(d.ErrorMM))
	}
	return nil
}

// outOfRange tells whether a trajectory's altitude is beyond all use.
func outOfRange(mm int64) bool { return mm < -geodesy.MaxAltitudeMM || mm > geodesy.MaxAltitudeMM }

// Limits of buffers and minima, far beyond use, that keep sums within int64
// and distances within the earth.
const (
	MaxBufferMM = 2_000_000_000                   // 2,000 km in millimetres
	MaxBufferNS = 400 * 24 * 3600 * 1_000_000_000 // 400 days in nanoseconds
)

func (b Buffers) validate() error {
	if b.LateralMM < 0 || b.VerticalMM < 0 || b.TimeNS < 0 {
		return invalid(NegativeBuffer, -1, "buffers are 0 or more, found lateral %s m, vertical %s m, time %s", metresText(b.LateralMM), metresText(b.VerticalMM), time.Duration(b.TimeNS))
	}
	if b.LateralMM > MaxBufferMM || b.VerticalMM > MaxBufferMM || b.TimeNS > MaxBufferNS {
		return invalid(OutOfRange, -1, "buffers are at most 2,000 km and 400 days, found lateral %s m, vertical %s m, time %s", metresText(b.LateralMM), metresText(b.VerticalMM), time.Duration(b.TimeNS))
	}
	return nil
}

// metresText writes millimetres as metres, without an exponent.
func metresText(mm int64) string { return strconv.FormatFloat(metres(mm), 'f', -1, 64) }

// metres returns millimetres as metres.
func metres(mm int64) float64 { return float64(mm) / 1000 }

// radiusM returns radius and lateral buffer of a volume in metres.
func (v *Volume4D) radiusM() float64 {
	return metres(v.Footprint.radiusMM + v.Buffers.LateralMM)
}

// toleranceFor returns the lateral tolerance in metres for a pair that spans
// spanM metres: footprints plus required separation. Half of it covers every
// numeric error with room to spare, so that adding it can only over-report, by
// at most 1 mm per 5 km.
func toleranceFor(spanM float64) float64 {
	return float64(1e-7 * max(spanM, 1))
}

// windowLimit returns the distance below which instants count as violation, for
// a pair whose least distance is distM. Where the conflict is firm only the
// numeric error is added to the radius, not the whole tolerance: tracks that
// graze it stay within the tolerance for long. The error is below 1e-9 of the
// span (TestPieceInterpolation, TestSeparation); 5e-9 and 10 nm cover it.
func windowLimit(distM, radiusM, tolM float64) float64 {
	if distM < radiusM-tolM {
		return radiusM + float64(tolM*0.05) + 1e-8
	}
	return radiusM + tolM
}
