package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// planarSpanM is the span up to which a tangent plane decides pairs that are
// not close to the boundary: its error is below 1.2e-14·D³ m, 0.19 mm there,
// against a tolerance of 0.25 mm.
const planarSpanM = 2_500

// planarSpots is the largest base that the planar path takes.
const planarSpots = 32

// flat is a base in a tangent plane, metres east and north of its origin.
type flat struct {
	n              int
	closed         bool
	x, y           [planarSpots + 1]float64 // closed: the first again at the end
	x0, x1, y0, y1 float64
}

func (t *flat) project(f *Footprint, frame *geodesy.Frame) {
	t.n, t.closed = len(f.spots), f.closed
	for i := range f.spots {
		d := f.spots[i].p.Sub(frame.Origin)
		x, y := d.Dot(frame.East), d.Dot(frame.North)
		if i == 0 {
			t.x0, t.x1, t.y0, t.y1 = x, x, y, y
		}
		t.x[i], t.y[i] = x, y
		t.x0, t.x1 = min(t.x0, x), max(t.x1, x)
		t.y0, t.y1 = min(t.y0, y), max(t.y1, y)
	}
	if t.closed {
		t.x[t.n], t.y[t.n] = t.x[0], t.y[0]
	}
}

func (t *flat) pieces() int {
	if t.closed {
		return t.n
	}
	return max(1, t.n-1) // a point is one piece of no length
}

func (t *flat) ends(i int) (ax, ay, bx, by float64) {
	if t.n == 1 {
		return t.x[0], t.y[0], t.x[0], t.y[0]
	}
	return t.x[i], t.y[i], t.x[i+1], t.y[i+1]
}

// judgePlanar decides clear-cut small pairs in a plane: it costs a tenth of the
// exact path and settles nearly all pairs of drone plans. It leaves every pair
// within a few tolerances of the boundary, so it never disagrees with judge.
func judgePlanar(f, g *Footprint, radiusM, spanM, tolM float64) (conflict, decided bool) {
	if spanM > planarSpanM || len(f.spots) > planarSpots || len(g.spots) > planarSpots {
		return false, false
	}
	var p, q flat
	p.project(f, &f.frame)
	q.project(g, &f.frame)
	clearM := radiusM + float64(3*tolM)
	if p.x0-q.x1 > clearM || q.x0-p.x1 > clearM || p.y0-q.y1 > clearM || q.y0-p.y1 > clearM {
		return false, true
	}
	best := math.Inf(1)
	for i := range p.pieces() {
		ax, ay, bx, by := p.ends(i)
		if min(ax, bx)-q.x1 > clearM || q.x0-max(ax, bx) > clearM ||
			min(ay, by)-q.y1 > clearM || q.y0-max(ay, by) > clearM {
			continue
		}
		for j := range q.pieces() {
			cx, cy, dx, dy := q.ends(j)
			if min(ax, bx)-max(cx, dx) > clearM || min(cx, dx)-max(ax, bx) > clearM ||
				min(ay, by)-max(cy, dy) > clearM || min(cy, dy)-max(ay, by) > clearM {
				continue
			}
			ux, uy, vx, vy := bx-ax, by-ay, dx-cx, dy-cy
			c := float64(ux*(cy-ay)) - float64(uy*(cx-ax))
			d := float64(ux*(dy-ay)) - float64(uy*(dx-ax))
			a := float64(vx*(ay-cy)) - float64(vy*(ax-cx))
			b := float64(vx*(by-cy)) - float64(vy*(bx-cx))
			if c > 0 != (d > 0) && a > 0 != (b > 0) {
				m := 3 * tolM
				uu, vv := float64(ux*ux)+float64(uy*uy), float64(vx*vx)+float64(vy*vy)
				e, h := min(math.Abs(c), math.Abs(d)), min(math.Abs(a), math.Abs(b))
				if radiusM > 3*tolM || float64(e*e) > float64(m*m)*uu && float64(h*h) > float64(m*m)*vv {
					return true, true
				}
				return false, false
			}
			best = min(best,
				flatDistance2(ax, ay, cx, cy, vx, vy), flatDistance2(bx, by, cx, cy, vx, vy),
				flatDistance2(cx, cy, ax, ay, ux, uy), flatDistance2(dx, dy, ax, ay, ux, uy))
		}
	}
	if radiusM > 0 && best < float64(radiusM*radiusM) && radiusM > 3*tolM {
		return true, true
	}
	if best <= float64(clearM*clearM) {
		return false, false
	}
	return q.closed && q.holds(p.x[0], p.y[0]) || p.closed && p.holds(q.x[0], q.y[0]), true
}

// flatDistance2 returns the squared distance from (px, py) to the segment that
// starts at (ax, ay) and runs by (ux, uy).
func flatDistance2(px, py, ax, ay, ux, uy float64) float64 {
	wx, wy := px-ax, py-ay
	uu := float64(ux*ux) + float64(uy*uy)
	if uu > 0 {
		f := min(1, max(0, (float64(wx*ux)+float64(wy*uy))/uu))
		wx -= float64(f * ux)
		wy -= float64(f * uy)
	}
	return float64(wx*wx) + float64(wy*wy)
}

// holds tells whether the point is inside the ring, by crossings of a ray.
func (t *flat) holds(px, py float64) bool {
	in := false
	for i := range t.n {
		ax, ay, bx, by := t.x[i]-px, t.y[i]-py, t.x[i+1]-px, t.y[i+1]-py
		if (ay > 0) != (by > 0) {
			side := float64(ax*by) - float64(bx*ay)
			if (side > 0) == (by > ay) {
				in = !in
			}
		}
	}
	return in
}
