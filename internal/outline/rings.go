package outline

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// shape is the ground that a volume covers: all points within radiusM metres of
// a base, which is an area, a line or a point.
type shape struct {
	vertices []geodesy.LatLng
	closed   bool
	radiusM  float64
}

func shapeOf(v *volume.Volume4D) shape {
	f := v.Footprint
	return shape{
		vertices: f.Vertices(),
		closed:   f.Shape() == volume.Polygon,
		radiusM:  float64(f.RadiusMM()+v.Buffers.LateralMM) / 1000,
	}
}

// oneRing tells whether the shape is drawn as one ring.
func (s *shape) oneRing() bool { return s.radiusM == 0 || len(s.vertices) == 1 }

// pen draws shapes as rings of straight segments, each ring a simple closed
// path. The rings of a shape overlap; together they are the shape.
type pen struct {
	tracer
	path  []point          // the ring being made
	verts []geodesy.LatLng // vertices of rings that are not given as such
}

// rings calls visit for every ring of a shape.
func (p *pen) rings(s *shape, visit func(ring []point)) {
	if s.closed {
		visit(p.ring(s.vertices, 0))
	}
	if s.radiusM == 0 {
		return
	}
	turn := int32(0)
	var last point
	for i, v := range s.vertices {
		at := pointOf(v)
		if i > 0 {
			at.turn = turn
			at = at.after(last)
			turn = at.turn
		}
		last = at
		visit(p.circle(v, s.radiusM, turn))
		switch {
		case i+1 < len(s.vertices):
			p.strips(v, s.vertices[i+1], s.radiusM, turn, visit)
		case s.closed:
			p.strips(v, s.vertices[0], s.radiusM, turn, visit)
		}
	}
}

// ring returns the closed path of geodesics through the vertices; the segment
// from its last point to its first closes it. The first has the given turn.
func (p *pen) ring(vertices []geodesy.LatLng, turn int32) []point {
	p.path = p.path[:0]
	for i, from := range vertices {
		to := vertices[0]
		if i+1 < len(vertices) {
			to = vertices[i+1]
		}
		end := to
		// The longitude of a pole is that of the meridian on which it is reached.
		from, to = meridian(from, to), meridian(to, from)
		p.step(pointOf(from), turn)
		if inOrder(from, to) {
			p.edge(from, to)
			for _, q := range p.inner {
				p.step(q, turn)
			}
		} else {
			p.edge(to, from)
			for k := len(p.inner) - 1; k >= 0; k-- {
				p.step(p.inner[k], turn)
			}
		}
		if end != to {
			p.step(pointOf(to), turn)
		}
	}
	return p.path
}

func meridian(p, other geodesy.LatLng) geodesy.LatLng {
	if abs64(p.LatE9) == 90e9 {
		p.LngE9 = other.LngE9
	}
	return p
}

// step appends a point to the path.
func (p *pen) step(at point, turn int32) {
	if n := len(p.path); n > 0 {
		at = at.after(p.path[n-1])
	} else {
		at.turn = turn
	}
	p.path = append(p.path, at)
}

// meanRadiusM bounds the radii of curvature from below: the meridian's at the
// equator, a(1-e^2), is 6,335 km.
const meanRadiusM = 6_335_000.0

// metresPerE9 is at most the length of 1e-9 degree along a meridian, or of
// longitude at the equator: 110,567 m a degree.
const metresPerE9 = 110_567e-9

// toleranceM returns how far in metres a trace may be off within reachM metres of
// a place, on the narrower axis.
func (l level) toleranceM(at geodesy.LatLng, reachM float64) float64 {
	y, x := l.toleranceE9(at.LatE9)
	far := min(90, float64(abs64(at.LatE9))/1e9+reachM/(metresPerE9*1e9))
	_, c := geodesy.SincosDeg(far)
	// The cap of a pole is marked whole, so columns matter beyond it only.
	c = max(c, l.heightE9()*(radPerE9*(capRows-1)))
	return metresPerE9 * min(y, x*c)
}

// directions are the unit vectors (north, east) of circleParts directions.
const circleParts = 3072

var directions = func() (all [circleParts][2]float64) {
	for i := range all {
		s, c := geodesy.SincosDeg(float64(i*360) / circleParts)
		all[i] = [2]float64{c, s}
	}
	return all
}()

// corners returns how many corners, a divisor of circleParts, a polygon needs to
// stay within tolM metres of a circle, outside at its corners and inside between.
func corners(radiusM, tolM float64) int {
	need := math.Pi / 2 * math.Sqrt(radiusM/tolM)
	for n := 12; n < circleParts; n *= 2 {
		if float64(n) >= need {
			return n
		}
		if more := n / 3 * 4; float64(more) >= need && circleParts%more == 0 {
			return more
		}
	}
	return circleParts
}

// circle returns a ring around the circle of a radius in metres around a place,
// whose longitude has made the given turns.
func (p *pen) circle(at geodesy.LatLng, radiusM float64, turn int32) []point {
	tolM := p.level.toleranceM(at, radiusM)
	s, c := geodesy.SincosDeg(float64(at.LatE9) / 1e9)
	a := radiusM / meanRadiusM
	far := 2*float64(a*a)*a*meanRadiusM > float64(float64(c*c)*tolM)/8
	if far {
		tolM /= 4 // as its chords will be traced, which takes up the rest
	}
	n := corners(radiusM, tolM)
	// A chord of n sinks r/2 (pi/n)^2 below the arc: half of it is added.
	half := math.Pi / float64(n)
	r := radiusM * (1 + float64(0.25*float64(half*half)))
	if far {
		p.verts = p.verts[:0]
		for i := range n {
			p.verts = append(p.verts, geodesy.Direct(at, float64(i*360)/float64(n), r))
		}
		ring := p.ring(p.verts, 0)
		return nearTurn(ring, pointOf(at), turn)
	}
	w := 1 - float64(eccSq*float64(s*s))
	ratio := w / (1 - eccSq)
	across := geodesy.EquatorialRadiusM / math.Sqrt(w)
	// As in bend: half of the second derivative over the whole radius.
	perN := float64(r*ratio) / across
	perE := r / float64(across*c)
	yy := float64(1.5*eccSq) * float64(s*c) / w
	yx := float64(0.5*ratio) * float64(s*c)
	xx := s / float64(ratio*c)
	centre := pointOf(at)
	p.path = p.path[:0]
	for i := 0; i < circleParts; i += circleParts / n {
		dir := &directions[i]
		dLat, dLng := float64(perN*dir[0]), float64(perE*dir[1])
		dy := dLat - float64(yy*float64(dLat*dLat)) - float64(yx*float64(dLng*dLng))
		dx := dLng + float64(xx*float64(dLat*dLng))
		q := point{y: centre.y + dy/radPerE9, x: centre.x + dx/radPerE9, turn: turn}
		switch {
		case q.x < 0:
			q.x, q.turn = q.x+turnE9, turn-1
		case q.x >= turnE9:
			q.x, q.turn = q.x-turnE9, turn+1
		}
		p.path = append(p.path, q)
	}
	return p.path
}

// nearTurn shifts a ring by whole turns so that it starts next to a place that
// has made the given turns.
func nearTurn(ring []point, at point, turn int32) []point {
	at.turn = turn
	shift := ring[0].after(at).turn - ring[0].turn
	for i := range ring {
		ring[i].turn += shift
	}
	return ring
}

// strips visits the quadrilaterals that cover what lies beside the geodesic
// from one place to another, up to a distance in metres.
func (p *pen) strips(from, to geodesy.LatLng, radiusM float64, turn int32, visit func(ring []point)) {
	anchor := pointOf(from)
	from, to = meridian(from, to), meridian(to, from)
	if !inOrder(from, to) {
		from, to = to, from
	}
	line := geodesy.LineBetween(from, to)
	length := line.DistanceM()
	at := from
	if abs64(to.LatE9) > abs64(from.LatE9) {
		at = to
	}
	// A line beside a geodesic at distance r bends with the curvature
	// tan(r/R)/R; the pieces are so short that their chords leave it by no more
	// than a quarter of the tolerance, and shifted outward by that.
	tolM := p.level.toleranceM(at, radiusM) / 4
	sin, cos := geodesy.SincosDeg(radiusM / (radPerE9 * 1e9 * meanRadiusM))
	bendM := sin / (cos * 8 * meanRadiusM)
	n := int(min(4096, math.Ceil(length*math.Sqrt(bendM/tolM))))
	n = max(1, n)
	step := length / float64(n)
	r := radiusM + float64(float64(step*step)*bendM*1.02)
	left, right := beside(&line, 0, r)
	for i := range n {
		s := length * (float64(i+1) / float64(n))
		l, r := beside(&line, s, r)
		p.verts = append(p.verts[:0], left, l, r, right)
		visit(nearTurn(p.ring(p.verts, 0), anchor, turn))
		left, right = l, r
	}
}

// beside returns the places at a distance to the left and right of a geodesic.
func beside(line *geodesy.Line, sM, radiusM float64) (left, right geodesy.LatLng) {
	at, azi := line.LatLng(sM), line.Azimuth(sM)
	return geodesy.Direct(at, azi-90, radiusM), geodesy.Direct(at, azi+90, radiusM)
}

// closes tells whether a ring ends with the turn it started with; one that does
// not runs around a pole.
func closes(ring []point) bool {
	return ring[0].after(ring[len(ring)-1]).turn == ring[0].turn
}

// frame returns what a shape takes up when traced for the pen's level.
func (p *pen) frame(s *shape) (f frame) {
	p.rings(s, func(ring []point) {
		var own frame
		for _, q := range ring {
			own.add(q)
		}
		if !closes(ring) {
			own.closeRound()
		}
		f.join(&own)
	})
	return f
}

// guess returns a frame that is hardly larger than the shape's, without tracing it.
func (s *shape) guess() (f frame) {
	var last point
	for i, v := range s.vertices {
		at := pointOf(v)
		if i > 0 {
			at = at.after(last)
		}
		f.add(at)
		last = at
	}
	if s.closed || s.radiusM == 0 {
		return f
	}
	// A degree of latitude is at most 111,694 m, one of longitude that and the
	// cosine of the latitude.
	const perE9 = 111_694e-9
	_, c := geodesy.SincosDeg((f.y0 + f.y1 - 2*originE9) / 2e9)
	dy := s.radiusM / perE9
	dx := min(turnE9/4, dy/max(c, 1e-9))
	f.y0, f.y1, f.x0, f.x1 = f.y0-dy, f.y1+dy, f.x0-dx, f.x1+dx
	return f
}
