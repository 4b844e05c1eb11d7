package oracle

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// planeM is the reach of a ring up to which the azimuths under which a point
// sees it are had from the tangent plane at the point.
const planeM = 5_000

// area is the inside of a polygon's ring.
type area struct {
	ring    []geodesy.LatLng
	corners []geodesy.Vec
	bounds  *chain
	reachM  float64 // of the vertices from the first
}

// areaOf returns the area of a polygon, or nil for other shapes.
func areaOf(f *volume.Footprint, bounds *chain) *area {
	if f.Shape() != volume.Polygon {
		return nil
	}
	a := &area{ring: f.Vertices(), bounds: bounds}
	for _, v := range a.ring {
		p := v.ECEF()
		a.corners = append(a.corners, p)
		a.reachM = max(a.reachM, p.Sub(a.corners[0]).Norm())
	}
	return a
}

// doubtM is how far from the ring a point must be for holds to be trusted.
func (a *area) doubtM() float64 {
	if a.reachM < planeM {
		return 5e-8
	}
	return 3e-4 // the point is rounded to 1e-9 degree
}

// holds tells whether the ring winds around p: the sum of the angles under which
// p sees the edges, each the difference of the azimuths of its ends, is a full
// turn inside and nothing outside. The point must be farther than doubtM from
// the ring.
func (a *area) holds(p geodesy.Vec) bool {
	// Points of an area are no farther from a vertex than other vertices are,
	// but for the bulge of edges; beyond that the antipode could be inside.
	if p.Sub(a.corners[0]).Norm() > 1.2*a.reachM+1 {
		return false
	}
	azimuth := a.azimuths(p)
	sum := 0.0
	last := azimuth(len(a.ring) - 1)
	for i := range a.ring {
		next := azimuth(i)
		sum += math.Remainder(next-last, 2*math.Pi)
		last = next
	}
	return math.Abs(sum) > math.Pi
}

// azimuths returns the function that gives the azimuth of vertex i at p.
func (a *area) azimuths(p geodesy.Vec) func(i int) float64 {
	at := geodesy.FromECEF(p)
	if a.reachM < planeM {
		f := geodesy.NewFrame(at)
		f.Origin = p
		return func(i int) float64 {
			e, n, _ := f.ENU(a.corners[i])
			return math.Atan2(e, n)
		}
	}
	return func(i int) float64 {
		_, azi, _ := geodesy.Inverse(at, a.ring[i])
		return azi * math.Pi / 180
	}
}

// depth returns how far inside the area p is, in metres; negative outside.
func (a *area) depth(p geodesy.Vec) float64 {
	point := newChain([]strand{{curve: curve{rest: p}}})
	d, _ := nearest([]*node{{ca: point, cb: a.bounds}}, func(lo, hi float64) bool { return hi-lo < 1e-8+1e-3*lo })
	if a.holds(p) {
		return d.Lo
	}
	return -d.Lo
}

// common tries points inside a, halfway between a vertex and the middle of
// another edge, and tells whether one is deeper than thresholdM in both areas.
func (b *area) common(a *area, thresholdM float64) bool {
	n := len(a.ring)
	for i := range min(n, 100) {
		opposite := &a.bounds.strands[(i+n/2)%n]
		middle := opposite.line.LatLng((opposite.lo + opposite.hi) / 2)
		l := geodesy.LineBetween(a.ring[i], middle)
		p := l.ECEF(l.DistanceM() / 2)
		if a.depth(p) > thresholdM && b.depth(p) > thresholdM {
			return true
		}
	}
	return false
}

// overlap looks for a point of b deeper than doubtM that is inside a or on its
// ring and tells whether there is one.
func (b *area) overlap(a *area) bool {
	type part struct {
		s      *strand
		lo, hi float64
		most   float64
	}
	var parts []part
	thresholdM := 4 * b.doubtM()
	found := b.common(a, thresholdM)
	try := func(s *strand, lo, hi float64) {
		d := b.depth(s.at((lo + hi) / 2))
		found = found || d > thresholdM
		if most := d + (hi-lo)/2; most > thresholdM {
			parts = append(parts, part{s, lo, hi, most})
		}
	}
	for i := range a.bounds.strands {
		s := &a.bounds.strands[i]
		try(s, s.lo, s.hi)
	}
	for range 3000 {
		if found || len(parts) == 0 {
			return found
		}
		best := 0
		for i := range parts {
			if parts[i].most > parts[best].most {
				best = i
			}
		}
		p := parts[best]
		parts[best] = parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		mid := (p.lo + p.hi) / 2
		try(p.s, p.lo, mid)
		try(p.s, mid, p.hi)
	}
	return found
}
