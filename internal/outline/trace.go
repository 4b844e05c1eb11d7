package outline

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// point is a place in the plane of the grid.
type point struct {
	y    float64 // 1e-9 degree above the south edge of row 0
	x    float64 // 1e-9 degree east of the antimeridian, in [0, turnE9)
	turn int32   // turns that the path made up to here
}

func pointOf(p geodesy.LatLng) point {
	x := float64(p.LngE9 + turnE9/2)
	if x >= turnE9 {
		x -= turnE9
	}
	return point{y: float64(p.LatE9 + originE9), x: x}
}

// after returns p with the turn that a path from q to p, by the shorter way
// round, ends with.
func (p point) after(q point) point {
	p.turn = q.turn
	switch d := p.x - q.x; {
	case d > turnE9/2:
		p.turn--
	case d < -turnE9/2:
		p.turn++
	}
	return p
}

// unrolled returns x counted on over turns.
func (p point) unrolled() float64 { return p.x + float64(turnE9*float64(p.turn)) }

const (
	radPerE9 = math.Pi / 180e9
	// eccSq is the square of the ellipsoid's first eccentricity.
	eccSq = geodesy.Flattening * (2 - geodesy.Flattening)
	// maxParts bounds the straight segments that one parabola is cut into.
	maxParts = 64
	// maxCuts bounds how often an edge is halved: 15,000 km to below 0.1 mm.
	maxCuts = 40
)

// tracer turns geodesics into straight segments of the plane, each within the
// tolerance of the truth on both axes. What it makes of an edge
// depends on the edge and the level alone, not on its direction.
type tracer struct {
	level level
	inner []point // the points strictly inside an edge
}

// edge sets t.inner for the geodesic from p to q, which must be in the order
// of inOrder.
func (t *tracer) edge(p, q geodesy.LatLng) {
	t.inner = t.inner[:0]
	c := bend(p, q)
	if n := t.parts(&c, p, q); n > 0 {
		t.parabola(pointOf(p), pointOf(q), &c, n)
		return
	}
	line := geodesy.LineBetween(p, q)
	t.halve(&line, p, q, 0, line.DistanceM(), maxCuts)
}

// inOrder tells whether an edge is traced from p to q, not from q to p.
func inOrder(p, q geodesy.LatLng) bool {
	return p.LatE9 < q.LatE9 || p.LatE9 == q.LatE9 && p.LngE9 <= q.LngE9
}

// halve appends the points strictly inside the piece from p to q of a geodesic,
// which runs from s0 to s1 metres.
func (t *tracer) halve(line *geodesy.Line, p, q geodesy.LatLng, s0, s1 float64, cuts int) {
	c := bend(p, q)
	if n := t.parts(&c, p, q); n > 0 || cuts == 0 {
		t.parabola(pointOf(p), pointOf(q), &c, max(n, 1))
		return
	}
	s := (s0 + s1) / 2
	m := line.LatLng(s)
	t.halve(line, p, m, s0, s, cuts-1)
	t.inner = append(t.inner, pointOf(m))
	t.halve(line, m, q, s, s1, cuts-1)
}

// curve is how a short geodesic leaves the straight segment between its ends.
type curve struct {
	y, x   float64 // in the middle, 1e-9 degree
	ty, tx float64 // bound of what the parabola through the middle leaves out
}

// bend returns the curve of a short geodesic from the equations of a geodesic
// on the ellipsoid, with m and n the radii of curvature along and across the
// meridian:
//
//	lat'' = -(n/m) sin cos lng'^2 - 3 e^2 sin cos / (1 - e^2 sin^2) lat'^2
//	lng'' = 2 (m/n) tan lat' lng'
//
// Half way a path leaves its chord by -1/8 of the second derivative. What a
// parabola leaves out is 0.008 (1/6 of the largest t(t-1/2)(t-1)) of the third,
// whose terms on a sphere are at most 5 lat' lng'^2 and 6 lng' / cos^2 for a
// speed of 1. The bounds are three times that and a little for the ellipsoid;
// TestTraceError holds them to geodesics at random.
func bend(p, q geodesy.LatLng) curve {
	dLat := float64(float64(q.LatE9-p.LatE9) * radPerE9)
	dLng := float64(float64(wrap(q.LngE9-p.LngE9)) * radPerE9)
	s, c := geodesy.SincosDeg(float64(p.LatE9+q.LatE9) / 2e9)
	if c < 1e-12 {
		return curve{ty: math.Inf(1), tx: math.Inf(1)}
	}
	w := 1 - float64(eccSq*float64(s*s))
	ratio := w / (1 - eccSq) // n/m
	sc := float64(s * c)
	y := float64(float64(ratio*sc)*float64(dLng*dLng)) + float64(float64(3*eccSq*sc)/w*float64(dLat*dLat))
	x := float64(float64(2*s) / float64(ratio*c) * float64(dLat*dLng))
	across := float64(c * dLng)
	a2 := float64(dLat*dLat) + float64(across*across)
	// Far from straight, or too near a pole for the middle to speak for the whole.
	if 16*a2 > float64(c*c) {
		return curve{ty: math.Inf(1), tx: math.Inf(1)}
	}
	// The steepest that the path gets on each axis.
	north, east := math.Abs(dLat)+float64(math.Abs(y)/2), math.Abs(dLng)+float64(math.Abs(x)/2)
	ty := float64(float64(0.12*north)*float64(east*east)) + float64(float64(0.001*a2)*math.Sqrt(a2))
	tx := float64(0.15*east) * (a2 / float64(c*c))
	return curve{
		y: y / (8 * radPerE9), x: 0 - x/(8*radPerE9),
		ty: ty / radPerE9, tx: tx / radPerE9,
	}
}

// wrap brings a difference of longitudes into [-180, 180] degrees.
func wrap(dLngE9 int64) int64 {
	switch {
	case dLngE9 > turnE9/2:
		return dLngE9 - turnE9
	case dLngE9 < -turnE9/2:
		return dLngE9 + turnE9
	}
	return dLngE9
}

// parts returns how many straight segments a piece needs, 0 when it is too long
// for a parabola. What runs in the cap of a pole needs one: the cap is marked
// whole.
func (t *tracer) parts(c *curve, p, q geodesy.LatLng) int {
	low := p.LatE9
	if abs64(q.LatE9) < abs64(p.LatE9) {
		low = q.LatE9
	}
	if (p.LatE9 > 0) == (q.LatE9 > 0) && t.level.atPole(t.level.rowOf(float64(low+originE9))) {
		return 1
	}
	tolY, tolX := t.level.toleranceE9(low)
	if c.ty > tolY/8 || c.tx > tolX/8 {
		return 0
	}
	share := max(math.Abs(c.y)/tolY, math.Abs(c.x)/tolX)
	if share > maxParts*maxParts {
		return 0
	}
	return max(1, int(math.Ceil(math.Sqrt(share))))
}

func abs64(n int64) int64 { return max(n, -n) }

// parabola appends the n-1 points strictly inside a piece.
func (t *tracer) parabola(a, b point, c *curve, n int) {
	b = b.after(a)
	dy, dx := b.y-a.y, b.unrolled()-a.unrolled()
	for i := 1; i < n; i++ {
		f := float64(i) / float64(n)
		h := float64(4 * f * (1 - f))
		p := point{y: a.y + float64(f*dy) + float64(h*c.y), x: a.x + float64(f*dx) + float64(h*c.x)}
		switch {
		case p.x < 0:
			p.x += turnE9
		case p.x >= turnE9:
			p.x -= turnE9
		}
		t.inner = append(t.inner, p)
	}
}
