package oracle

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// sight is the geodesic between two points of the ellipsoid.
type sight struct {
	distM float64
	errM  float64 // bound of the error of distM
	// from is the unit direction at the first point towards the second, to the
	// direction at the second away from the first, both ECEF.
	from, to geodesy.Vec
	dirErr   float64 // bound of the error of the directions, radians; above 1 when unknown
}

// nearM is the chord up to which the arc is had from the chord. The normal
// section's radius is within 0.6 % of meanRadiusM, which at nearM makes an error
// of 1e-7 m in a correction of 8e-6 m.
const (
	nearM       = 2_000
	meanRadiusM = 6_367_000
)

// look returns the geodesic from p to q, points of the ellipsoid less than
// 10,000 km apart.
//
// The inverse problem takes positions of 1e-9 degree, so for long geodesics the
// one between the rounded positions is corrected for the rounding to first
// order; the second order is below (0.2 mm)²/d.
func look(p, q geodesy.Vec) sight {
	w := q.Sub(p)
	c := w.Norm()
	if c < nearM {
		np, nq := geodesy.NormalAt(p), geodesy.NormalAt(q)
		x := c / meanRadiusM
		k := c / nearM
		s := sight{distM: c * (1 + x*x/24), errM: 5e-9 + 1.2e-7*k*k*k, dirErr: 2}
		if c > 1e-5 {
			s.from, s.to = along(w, np), along(w, nq)
			s.dirErr = 5e-9/c + 1e-9
		}
		return s
	}
	pl, ql := geodesy.FromECEF(p), geodesy.FromECEF(q)
	d, azi1, azi2 := geodesy.Inverse(pl, ql)
	from, to := heading(pl, azi1), heading(ql, azi2)
	d += q.Sub(ql.ECEF()).Dot(to) - p.Sub(pl.ECEF()).Dot(from)
	return sight{distM: d, errM: 3e-8, from: from, to: to, dirErr: 2e-4/c + 1e-9}
}

// along returns the direction of w laid into the plane with unit normal n.
func along(w, n geodesy.Vec) geodesy.Vec {
	t := w.Sub(n.Scale(w.Dot(n)))
	return t.Scale(1 / t.Norm())
}

// heading returns the unit vector at p with an azimuth in degrees.
func heading(p geodesy.LatLng, aziDeg float64) geodesy.Vec {
	f := geodesy.NewFrame(p)
	s, c := math.Sincos(aziDeg * math.Pi / 180)
	return f.East.Scale(s).Add(f.North.Scale(c))
}

// curve is a geodesic that a point runs along at a constant rate, or a point
// that stays.
type curve struct {
	line  geodesy.Line
	rest  geodesy.Vec // where it stays when rate is 0
	rateM float64     // metres for one unit of the parameter
}

// edgeBetween returns the geodesic from p to q by arc length in metres, and its
// length.
func edgeBetween(p, q geodesy.LatLng) (curve, float64) {
	l := geodesy.LineBetween(p, q)
	if l.DistanceM() == 0 {
		return curve{rest: p.ECEF()}, 0
	}
	return curve{line: l, rateM: 1}, l.DistanceM()
}

// at returns the place at parameter u.
func (c *curve) at(u float64) geodesy.Vec {
	if c.rateM == 0 {
		return c.rest
	}
	return c.line.ECEF(u * c.rateM)
}

// tangent returns the unit tangent at parameter u, good to 1e-9.
func (c *curve) tangent(u float64) geodesy.Vec {
	if c.rateM == 0 {
		return geodesy.Vec{}
	}
	const stepM = 10
	s := u * c.rateM
	w := c.line.ECEF(s + stepM).Sub(c.line.ECEF(s - stepM))
	return w.Scale(1 / w.Norm())
}

// slope is the distance of two moving points at one pair of parameters, and how
// it changes.
type slope struct {
	distM, errM float64
	du, dw      float64 // derivatives in metres per metre of arc
	// leftU and leftW are how far the second point moves to the left of the
	// direction of sight, seen from the first, for a metre of arc.
	leftU, leftW float64
	dirErr       float64
}

func slopeAt(a, b *curve, u, w float64) slope {
	s := look(a.at(u), b.at(w))
	out := slope{distM: s.distM, errM: s.errM, dirErr: s.dirErr}
	if s.dirErr < 1 {
		p, q := a.tangent(u), b.tangent(w)
		out.du, out.dw = -s.from.Dot(p), s.to.Dot(q)
		out.leftU = -geodesy.NormalAt(a.at(u)).Cross(s.from).Dot(p)
		out.leftW = geodesy.NormalAt(b.at(w)).Cross(s.to).Dot(q)
		out.dirErr += 1e-9
	}
	return out
}

// dip bounds by how much the distance may fall below its tangent plane anywhere
// within reachM metres of arc length (root of the sum of both squares) of a
// point where it is distM. It is infinite when the bound does not hold.
func dip(distM, reachM float64) float64 {
	x := (distM + 1.5*reachM) / (2 * geodesy.PolarRadiusM)
	if x > 0.8 {
		return math.Inf(1)
	}
	return math.Tan(x) / geodesy.PolarRadiusM * reachM * reachM / 2
}
