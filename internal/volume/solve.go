package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// This file finds, for two runs, where over a convex region of their two
// parameters they come nearest, and the extremes of a linear function over that
// part of the region in which they are nearer than a radius.
//
// In a plane the displacement between two points that each move along a
// straight line is affine in the two parameters, so its square is a convex
// quadratic and both questions have closed answers (the set nearer than a
// radius is convex). On the ellipsoid the affine model is laid at a point of
// the region with the true distance, direction and velocities there, solved,
// and laid again at the answer until it stays: at a fixed point the model's
// value and gradient are the ellipsoid's own, so the answer is.

// affine is the displacement w + x·a + y·b in a plane, metres.
type affine struct {
	wx, wy, ax, ay, bx, by float64
}

func (m *affine) at(x, y float64) (wx, wy float64) {
	return m.wx + float64(x*m.ax) + float64(y*m.bx), m.wy + float64(x*m.ay) + float64(y*m.by)
}

// length returns the length of the displacement in metres.
func (m *affine) length(x, y float64) float64 {
	wx, wy := m.at(x, y)
	return math.Sqrt(float64(wx*wx) + float64(wy*wy))
}

// determinant returns that of a and b, or 0 where they are parallel to within
// 1e-9 rad: solving with what is left would yield noise, and over 20 km such
// directions part by less than 20 µm.
func (m *affine) determinant() float64 {
	det := float64(m.ax*m.by) - float64(m.ay*m.bx)
	aa := float64(m.ax*m.ax) + float64(m.ay*m.ay)
	bb := float64(m.bx*m.bx) + float64(m.by*m.by)
	if float64(det*det) <= float64(1e-18*aa)*bb {
		return 0
	}
	return det
}

// moved bounds how far in metres the points move for steps of the parameters.
func (m *affine) moved(dx, dy float64) float64 {
	return float64(math.Abs(dx)*(math.Abs(m.ax)+math.Abs(m.ay))) + float64(math.Abs(dy)*(math.Abs(m.bx)+math.Abs(m.by)))
}

// linearise returns the model of the displacement from p to q laid at
// parameters (x, y), and the true distance there in metres.
func linearise(p, q *run, x, y float64) (m affine, distM float64) {
	sp, vp := p.at(x)
	sq, vq := q.at(y)
	distM = separation(&sp, &sq)
	e1, f1, coincide := bearings(&sp, &sq)
	if coincide { // the displacement has components of its own
		w := sq.p.Sub(sp.p)
		m.wx, m.wy = w.Dot(e1), w.Dot(sp.n.Cross(e1))
	} else {
		m.wx = distM
	}
	e2, f2 := sp.n.Cross(e1), sq.n.Cross(f1)
	m.ax, m.ay = 0-vp.Dot(e1), 0-vp.Dot(e2)
	m.bx, m.by = vq.Dot(f1), vq.Dot(f2)
	m.wx -= float64(x*m.ax) + float64(y*m.bx)
	m.wy -= float64(x*m.ay) + float64(y*m.by)
	return m, distM
}

// bearings returns the unit vectors in the tangent planes of two spots that
// point along the geodesic from the first to the second. Where they coincide any
// common direction will do.
func bearings(sp, sq *spot) (e1, f1 geodesy.Vec, coincide bool) {
	w := sq.p.Sub(sp.p)
	e1 = w.Sub(sp.n.Scale(w.Dot(sp.n)))
	f1 = w.Sub(sq.n.Scale(w.Dot(sq.n)))
	en, fn := e1.Norm(), f1.Norm()
	if en < 1e-6 || fn < 1e-6 {
		e1 = anyTangent(sp.n)
		f1 = e1.Sub(sq.n.Scale(e1.Dot(sq.n)))
		return e1, f1.Scale(1 / f1.Norm()), true
	}
	return e1.Scale(1 / en), f1.Scale(1 / fn), false
}

// anyTangent returns a unit vector perpendicular to the unit vector n.
func anyTangent(n geodesy.Vec) geodesy.Vec {
	axis := geodesy.Vec{Z: 1}
	if math.Abs(n.Z) > 0.9 {
		axis = geodesy.Vec{X: 1}
	}
	t := axis.Cross(n)
	return t.Scale(1 / t.Norm())
}

// maxCorners bounds a region: a rectangle cut by at most four half-planes and
// once more for the extremes.
const maxCorners = 12

// region is a convex polygon in the plane of two parameters. Fewer than three
// corners make it a segment or a point.
type region struct {
	n int
	x [maxCorners]float64
	y [maxCorners]float64
}

func rectangle(x0, x1, y0, y1 float64) region {
	var r region
	r.add(x0, y0)
	if x1 > x0 {
		r.add(x1, y0)
	}
	if y1 > y0 {
		r.add(x1, y1)
		if x1 > x0 {
			r.add(x0, y1)
		}
	}
	return r
}

func (r *region) add(x, y float64) {
	if r.n < maxCorners {
		r.x[r.n], r.y[r.n] = x, y
		r.n++
	}
}

// cut keeps the part of the region where a·x + b·y <= c.
func (r *region) cut(a, b, c float64) {
	var v [maxCorners]float64
	for i := range r.n {
		v[i] = float64(a*r.x[i]) + float64(b*r.y[i]) - c
	}
	r.keep(&v)
}

// keep keeps the part of the region where a linear function that is v[i] at
// corner i is at most 0.
func (r *region) keep(v *[maxCorners]float64) {
	if r.n == 0 {
		return
	}
	var out region
	px, py, pv := r.x[r.n-1], r.y[r.n-1], v[r.n-1]
	for i := range r.n {
		qx, qy, qv := r.x[i], r.y[i], v[i]
		if (pv < 0 && qv > 0 || pv > 0 && qv < 0) && (r.n > 2 || i > 0) {
			f := pv / (pv - qv)
			out.add(px+float64(f*(qx-px)), py+float64(f*(qy-py)))
		}
		if qv <= 0 {
			out.add(qx, qy)
		}
		px, py, pv = qx, qy, qv
	}
	*r = out
}

// middle returns the mean of the corners.
func (r *region) middle() (x, y float64) {
	for i := range r.n {
		x += r.x[i]
		y += r.y[i]
	}
	k := float64(r.n)
	return x / k, y / k
}

// contains tells whether (x, y) is in the region or on its edge.
func (r *region) contains(x, y float64) bool {
	if r.n < 3 || !(math.Abs(x) <= math.MaxFloat64 && math.Abs(y) <= math.MaxFloat64) {
		return false
	}
	px, py := r.x[r.n-1], r.y[r.n-1]
	turn := 0.0
	for i := range r.n {
		qx, qy := r.x[i], r.y[i]
		t := float64((qx-px)*(y-py)) - float64((qy-py)*(x-px))
		if t != 0 {
			if turn != 0 && (t > 0) != (turn > 0) {
				return false
			}
			turn = t
		}
		px, py = qx, qy
	}
	return true
}

// edge returns the ends of edge i; a point has one edge of no length.
func (r *region) edge(i int) (x0, y0, x1, y1 float64) {
	j := i + 1
	if j == r.n {
		j = 0
	}
	return r.x[i], r.y[i], r.x[j], r.y[j]
}

func (r *region) edges() int {
	if r.n == 2 {
		return 1
	}
	return r.n
}

// nearest returns the parameters in the region at which the model is shortest,
// and its length in metres. The region must not be empty.
func (r *region) nearest(m *affine) (x, y, distM float64) {
	if r.n >= 3 {
		// The stationary point of |w + xa + yb|² solves w + xa + yb = 0 unless
		// a and b are parallel, when an edge has the least value as well.
		if det := m.determinant(); det != 0 {
			x = (float64(m.by*(0-m.wx)) + float64(m.bx*m.wy)) / det
			y = (float64(m.ay*m.wx) - float64(m.ax*m.wy)) / det
			if r.contains(x, y) && m.length(x, y) < stepM {
				return x, y, 0
			}
		}
	}
	best := math.Inf(1)
	for i := range r.edges() {
		x0, y0, x1, y1 := r.edge(i)
		ux, uy := m.at(x0, y0)
		vx, vy := m.at(x1, y1)
		f := nearestFraction(ux, uy, vx-ux, vy-uy)
		ux += float64(f * (vx - ux))
		uy += float64(f * (vy - uy))
		if d2 := float64(ux*ux) + float64(uy*uy); d2 < best {
			best = d2
			x, y = x0+float64(f*(x1-x0)), y0+float64(f*(y1-y0))
		}
	}
	return x, y, math.Sqrt(best)
}

// nearestFraction returns where on the segment from u to u+d, as a fraction,
// the origin is nearest.
func nearestFraction(ux, uy, dx, dy float64) float64 {
	dd := float64(dx*dx) + float64(dy*dy)
	if dd == 0 {
		return 0
	}
	return min(1, max(0, (0-(float64(ux*dx)+float64(uy*dy)))/dd))
}

// insideFractions returns the part of the segment from u to u+d that is within
// radius of the origin, as fractions; ok is false when there is none.
func insideFractions(ux, uy, dx, dy, radius float64) (f0, f1 float64, ok bool) {
	dd := float64(dx*dx) + float64(dy*dy)
	uu := float64(ux*ux) + float64(uy*uy) - float64(radius*radius)
	if dd == 0 {
		return 0, 1, uu <= 0
	}
	ud := float64(ux*dx) + float64(uy*dy)
	disc := float64(ud*ud) - float64(dd*uu)
	if disc < 0 {
		return 0, 0, false
	}
	s := math.Sqrt(disc)
	f0, f1 = (0-ud-s)/dd, (s-ud)/dd
	f0, f1 = max(f0, 0), min(f1, 1)
	return f0, f1, f0 <= f1
}

// least returns the parameters of the region, within radius of the origin in
// the model, at which cx·x + cy·y is least; ok is false when no part of the
// region is that near.
func (r *region) least(m *affine, radius, cx, cy float64) (x, y float64, ok bool) {
	best := math.Inf(1)
	try := func(px, py float64) {
		if v := float64(cx*px) + float64(cy*py); v < best {
			best, x, y, ok = v, px, py, true
		}
	}
	for i := range r.edges() {
		x0, y0, x1, y1 := r.edge(i)
		ux, uy := m.at(x0, y0)
		vx, vy := m.at(x1, y1)
		if f0, f1, in := insideFractions(ux, uy, vx-ux, vy-uy, radius); in {
			try(x0+float64(f0*(x1-x0)), y0+float64(f0*(y1-y0)))
			try(x0+float64(f1*(x1-x0)), y0+float64(f1*(y1-y0)))
		}
	}
	if r.n < 3 {
		return x, y, ok
	}
	// Where the disc lies within the region the extreme is on its rim: in terms
	// of the displacement d = w + xa + yb the function is g·d plus a constant.
	det := m.determinant()
	if det == 0 {
		return x, y, ok
	}
	gx := (float64(cx*m.by) - float64(cy*m.ay)) / det
	gy := (float64(cy*m.ax) - float64(cx*m.bx)) / det
	g := math.Sqrt(float64(gx*gx) + float64(gy*gy))
	if g == 0 {
		return x, y, ok
	}
	dx := 0 - float64(radius*(gx/g)) - m.wx
	dy := 0 - float64(radius*(gy/g)) - m.wy
	px := (float64(m.by*dx) - float64(m.bx*dy)) / det
	py := (float64(m.ax*dy) - float64(m.ay*dx)) / det
	if r.contains(px, py) && m.length(px, py) < radius+stepM {
		try(px, py)
	}
	return x, y, ok
}

// maxRounds bounds the fixed-point loops. Each round gains several digits at
// spans of hundreds of kilometres; the loops stop when an answer stays.
const maxRounds = 12

// stepM is the movement in metres below which an answer is taken to stay.
// Distances are stationary there, so what is left is far below a micrometre.
const stepM = 1e-6

// encounter is two runs, the region of their parameters that is allowed, and
// the latest model.
type encounter struct {
	p, q   *run
	region region
	model  affine
	x, y   float64 // where the runs come nearest
	distM  float64
	// settledM is the movement in metres below which extremes are taken to stay:
	// stepM where it is 0. What is found then comes of a model laid no farther
	// away, so the error is of the order of its square over the radius.
	settledM float64
}

// first lays the model in the middle of the region and solves it once.
// It returns the bound in metres of the answer's error.
func (e *encounter) first() (errM float64) {
	x, y := e.region.middle()
	e.model, _ = linearise(e.p, e.q, x, y)
	e.x, e.y, e.distM = e.region.nearest(&e.model)
	// Moved by u along the runs at a distance d the plane is off by about
	// u²(u+d)/2R² on a sphere; 2.5e-14 per m² doubles 1/2R². Beyond 1,000 km the
	// direction of the chord leaves that of the geodesic by more than that
	// covers, by less than a third of the pair's tolerance.
	u := e.p.lenM + e.q.lenM
	return float64(float64(2.5e-14*float64(u*u)) * (u + e.distM))
}

// within returns e with its region cut to a·x + b·y <= c.
func (e *encounter) within(a, b, c float64) *encounter {
	cut := *e
	cut.region.cut(a, b, c)
	return &cut
}

// refine finds the true nearest parameters and distance. Of the points visited
// the nearest counts, so that a step that leads away does no harm.
func (e *encounter) refine() {
	x, y := e.x, e.y
	e.distM = math.Inf(1)
	for range maxRounds {
		m, d := linearise(e.p, e.q, x, y)
		if d < e.distM {
			e.x, e.y, e.distM, e.model = x, y, d, m
		}
		nx, ny, _ := e.region.nearest(&m)
		moved := m.moved(nx-x, ny-y)
		if moved < stepM {
			return
		}
		x, y = nx, ny
	}
}

// least returns the parameters, nearer than radius, at which cx·x + cy·y is
// least; ok is false when the region holds none. It starts from the nearest
// point, so refine comes before it.
func (e *encounter) least(radius, cx, cy float64) (x, y float64, ok bool) {
	x, y = e.x, e.y
	m := e.model
	settledM := max(stepM, e.settledM)
	for range maxRounds {
		nx, ny, in := e.region.least(&m, radius, cx, cy)
		if !in {
			return x, y, ok
		}
		moved := m.moved(nx-x, ny-y)
		x, y, ok = nx, ny, true
		if moved < settledM {
			return x, y, true
		}
		m, _ = linearise(e.p, e.q, x, y)
	}
	return x, y, ok
}
