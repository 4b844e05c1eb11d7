package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// maxPieceM is the longest piece of a geodesic that is handled in local terms.
// Over 20 km the interpolation of run.at leaves the true geodesic by about 10 µm
// (TestPieceInterpolation), against a tolerance of 2 mm.
const maxPieceM = 20_000

// maxChordM is the longest chord for which separation trusts its series; over
// it the geodesic inverse problem is solved.
const maxChordM = 300_000

// spot is a point of the ellipsoid and the outward unit normal there.
type spot struct{ p, n geodesy.Vec }

func spotOf(ll geodesy.LatLng) spot { return spot{ll.ECEF(), ll.Normal()} }

func spotAt(surface geodesy.Vec) spot { return spot{surface, geodesy.NormalAt(surface)} }

// separation returns the geodesic distance in metres between two spots.
//
// Along a chord of length c the normals turn by the angle that the arc spans,
// so k = (Δn·w)/c² is the curvature of the normal section, symmetric in both
// ends, and the arc is (2/k)·asin(kc/2). What that leaves out is the change of
// curvature along the arc, below 1e-4 m at 300 km (TestSeparation).
func separation(a, b *spot) float64 {
	w := b.p.Sub(a.p)
	c2 := w.Dot(w)
	if c2 == 0 {
		return 0
	}
	c := math.Sqrt(c2)
	if c > maxChordM {
		d, _, _ := geodesy.Inverse(geodesy.FromECEF(a.p), geodesy.FromECEF(b.p))
		return d
	}
	k := b.n.Sub(a.n).Dot(w) / c2
	x := float64(float64(k*k) * c2)
	// asin series: 1 + x/24 + 3x²/640 + 5x³/7168.
	s := float64(x*(5.0/7168)) + 3.0/640
	s = float64(x*s) + 1.0/24
	return c + float64(c*float64(x*s))
}

// cutLine returns the spots of a geodesic polyline or ring with every edge cut
// to pieces of at most maxPieceM. The points of an edge do not depend on the
// direction in which it is given, so that two shapes that share an edge share
// its spots bit for bit.
func cutLine(vertices []geodesy.LatLng, closed bool) ([]spot, error) {
	spots := make([]spot, 0, len(vertices))
	for i, v := range vertices {
		spots = append(spots, spotOf(v))
		next := i + 1
		if next == len(vertices) {
			if !closed {
				break
			}
			next = 0
		}
		inner, err := cutEdge(v, vertices[next], i, maxSpots-len(spots))
		if err != nil {
			return nil, err
		}
		spots = append(spots, inner...)
	}
	return spots, nil
}

// cutEdge returns the spots strictly inside the edge from p to q, at most room.
func cutEdge(p, q geodesy.LatLng, at, room int) ([]spot, error) {
	a, b := p.ECEF(), q.ECEF()
	chord := b.Sub(a).Norm()
	if chord == 0 {
		return nil, invalid(DuplicateVertex, at, "the next vertex is the same point %s", p)
	}
	if chord < maxPieceM*0.999 {
		return nil, nil
	}
	swapped := q.LatE9 < p.LatE9 || q.LatE9 == p.LatE9 && q.LngE9 < p.LngE9
	if swapped {
		p, q = q, p
	}
	line := geodesy.LineBetween(p, q)
	length := line.DistanceM()
	if length > MaxEdgeM {
		return nil, invalid(TooLarge, at, "an edge is at most %d km long, found %.0f km", MaxEdgeM/1000, length/1000)
	}
	n := int(math.Ceil(length / maxPieceM))
	if n > room {
		return nil, invalid(TooManyVertices, at, "its edges together are too long: they make more than %d pieces of %d km", maxSpots, maxPieceM/1000)
	}
	inner := make([]spot, n-1)
	for k := range inner {
		s := spotAt(line.ECEF(length * (float64(k+1) / float64(n))))
		if swapped {
			inner[n-2-k] = s
		} else {
			inner[k] = s
		}
	}
	return inner, nil
}

// ball returns a point and a straight-line distance within which all spots, and
// the pieces between them, lie.
func ball(spots []spot) (middle geodesy.Vec, reachM float64) {
	lo, hi := spots[0].p, spots[0].p
	for i := range spots {
		lo, hi = lower(lo, spots[i].p), upper(hi, spots[i].p)
	}
	middle = lo.Add(hi).Scale(0.5)
	r2 := 0.0
	for i := range spots {
		w := spots[i].p.Sub(middle)
		r2 = max(r2, w.Dot(w))
	}
	reachM = math.Sqrt(r2)
	if len(spots) > 1 {
		// A piece bulges above its chord by less than 8 m at 20 km.
		reachM += min(8, float64(reachM*0.001))
	}
	return middle, reachM
}

func lower(a, b geodesy.Vec) geodesy.Vec {
	return geodesy.Vec{X: min(a.X, b.X), Y: min(a.Y, b.Y), Z: min(a.Z, b.Z)}
}

func upper(a, b geodesy.Vec) geodesy.Vec {
	return geodesy.Vec{X: max(a.X, b.X), Y: max(a.Y, b.Y), Z: max(a.Z, b.Z)}
}

// run is a geodesic piece traversed at constant speed while a parameter goes
// from x0 to x1: seconds for a craft, the fraction 0 to 1 for an edge. A run
// whose ends are the same point stands still.
type run struct {
	a, b   spot
	x0, x1 float64
	lenM   float64
}

func newRun(a, b spot, x0, x1 float64) run {
	return run{a: a, b: b, x0: x0, x1: x1, lenM: separation(&a, &b)}
}

// pointRun returns a run that stays at s.
func pointRun(s spot) run { return run{a: s, b: s, x0: 0, x1: 0} }

// at returns the spot at parameter x, and the velocity there: metres of arc per
// unit of x along the tangent.
func (r *run) at(x float64) (s spot, velocity geodesy.Vec) {
	if r.lenM == 0 {
		return r.a, geodesy.Vec{}
	}
	dx := r.x1 - r.x0
	f := (x - r.x0) / dx
	chord := r.b.p.Sub(r.a.p)
	turn := r.b.n.Sub(r.a.n)
	switch f {
	case 0:
		s = r.a
	case 1:
		s = r.b
	default:
		s = onPiece(&r.a, chord, turn, f)
	}
	// The tangent is the chord's direction laid into the tangent plane.
	t := chord.Sub(s.n.Scale(chord.Dot(s.n)))
	return s, t.Scale(r.lenM / dx / t.Norm())
}

// onPiece returns the spot at fraction f of the arc over a chord that starts at
// a, with the normals turning by turn over the whole.
func onPiece(a *spot, chord, turn geodesy.Vec, f float64) spot {
	// Equal steps of arc are not equal steps of chord: with θ the angle of the
	// arc, u = f-1/2 and k = u(1-4u²)θ², an arc point stands over the chord
	// fraction f + k/24, and the normal through it meets the chord k/8 before.
	u := f - 0.5
	g := f - float64(float64(u*(1-float64(4*float64(u*u))))*(turn.Dot(turn)/12))
	return onEllipsoid(a.p.Add(chord.Scale(g)), a.n.Add(turn.Scale(g)))
}

// onEllipsoid lifts a point c, up to some metres below the surface, along the
// direction n to the ellipsoid x²/a²+y²/a²+z²/b² = 1.
func onEllipsoid(c, n geodesy.Vec) spot {
	// With F the defect, F + h·g1 + h²·g2 = 0; one fixed-point step after the
	// linear one leaves less than a nanometre for a chord of 20 km.
	const ia2 = 1 / (geodesy.EquatorialRadiusM * geodesy.EquatorialRadiusM)
	const ib2 = 1 / (geodesy.PolarRadiusM * geodesy.PolarRadiusM)
	gx, gy, gz := float64(c.X*ia2), float64(c.Y*ia2), float64(c.Z*ib2)
	defect := float64(gx*c.X) + float64(gy*c.Y) + float64(gz*c.Z) - 1
	g1 := 2 * (float64(gx*n.X) + float64(gy*n.Y) + float64(gz*n.Z))
	g2 := float64((float64(n.X*n.X)+float64(n.Y*n.Y))*ia2) + float64(float64(n.Z*n.Z)*ib2)
	h := 0 - defect/g1
	h = 0 - (defect+float64(float64(h*h)*g2))/g1
	return spotAt(c.Add(n.Scale(h)))
}
