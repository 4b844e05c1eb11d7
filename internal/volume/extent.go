package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Extent is a box in latitude, longitude, altitude and time that holds a part
// and everything within a margin of it. Angles are 1e-9 degree with LngE9Lo <=
// LngE9Hi; what crosses the antimeridian has two extents.
type Extent struct {
	LatE9Lo, LatE9Hi int64
	LngE9Lo, LngE9Hi int64
	Band             Band
	Window           Window
}

// Extents appends the extents of a volume grown by its buffers and half of a
// pair's need, so that two parts that can conflict have extents that overlap.
func (v *Volume4D) Extents(dst []Extent, need Need) []Extent {
	f := v.Footprint
	margin := v.radiusM() + metres(half(need.LateralMM))
	grow := v.Buffers.VerticalMM + half(need.VerticalMM) + v.Datum.reachMM(margin)
	band := Band{v.Band.LowerMM - grow, v.Band.UpperMM + grow}
	window := Window{
		v.Window.StartNS - v.Buffers.TimeNS - half(need.TimeNS),
		v.Window.EndNS + v.Buffers.TimeNS + half(need.TimeNS),
	}
	a := newArea()
	for i := range f.spots {
		a.add(&f.spots[i])
	}
	for i := range f.pieces() {
		p, q := f.piece(i)
		a.bulge(p, q)
	}
	if f.closed {
		a.closeRing(f)
	}
	return a.extents(dst, margin, f.reachM, band, window)
}

// half returns half of n, rounded up.
func half(n int64) int64 { return (n + 1) / 2 }

// LegExtents appends the extents of leg i of the trajectory, as
// Volume4D.Extents does.
func (t *Trajectory) LegExtents(dst []Extent, i int, need Need) []Extent {
	w, v := t.waypoints[i], t.waypoints[i+1]
	margin := metres(t.buffers.LateralMM + half(need.LateralMM))
	grow := t.buffers.VerticalMM + half(need.VerticalMM) + t.datum.reachMM(margin)
	slack := t.buffers.TimeNS + half(need.TimeNS)
	band := Band{min(w.AltMM, v.AltMM) - grow, max(w.AltMM, v.AltMM) + grow}
	window := Window{w.TimeNS - slack, v.TimeNS + slack}
	a := newArea()
	for k := t.starts[i]; k < t.starts[i+1]; k++ {
		r := &t.runs[k]
		a.add(&r.a)
		a.add(&r.b)
		a.bulge(&r.a, &r.b)
	}
	return a.extents(dst, margin, t.reachM, band, window)
}

// Legs returns the number of legs.
func (t *Trajectory) Legs() int { return len(t.waypoints) - 1 }

// area gathers the range of latitudes and longitudes of a path. Longitudes are
// unrolled along the path, so that a path over the antimeridian is one range.
type area struct {
	lat0, lat1 float64 // degrees
	lng0, lng1 float64 // degrees, unrolled
	last       float64 // longitude of the last spot, unrolled
	rises      float64 // how far arcs bulge over their ends, metres
	any, round bool    // round: all longitudes
}

func newArea() *area { return &area{} }

func (a *area) add(s *spot) {
	lat, lng := geodesy.FromECEF(s.p).Degrees()
	if !a.any {
		a.lat0, a.lat1, a.lng0, a.lng1, a.last, a.any = lat, lat, lng, lng, lng, true
		return
	}
	step := lng - a.last
	switch {
	case step > 180:
		step -= 360
	case step < -180:
		step += 360
	}
	a.last += step
	a.lat0, a.lat1 = min(a.lat0, lat), max(a.lat1, lat)
	a.lng0, a.lng1 = min(a.lng0, a.last), max(a.lng1, a.last)
}

// bulge notes how far the arc between two spots may leave the range of its
// ends: towards the pole a geodesic rises over its chord in the map by
// (ℓ²/8R)·tan φ; next to the pole, where that is no bound, by half its length.
func (a *area) bulge(p, q *spot) {
	l := q.p.Sub(p.p).Norm()
	c := min(cosLat(p.n), cosLat(q.n))
	rise := l / 2
	if c > 0.01 {
		rise = min(rise, float64(l*l)/(c*4*6_335_000))
	}
	a.rises = max(a.rises, rise)
}

// cosLat returns the cosine of the latitude whose normal is n.
func cosLat(n geodesy.Vec) float64 { return geodesy.Hypot(n.X, n.Y) }

// closeRing takes a ring that runs round a pole to include it.
func (a *area) closeRing(f *Footprint) {
	for _, lat := range [2]int64{90e9, -90e9} {
		pole := spotOf(geodesy.LatLng{LatE9: lat})
		if f.holds(&pole) {
			a.round = true
			if lat > 0 {
				a.lat1 = 90
			} else {
				a.lat0 = -90
			}
		}
	}
}

// extents appends the one or two boxes of the area grown by marginM and the
// part's share of the pair's tolerance: in conflict a pair spans at most twice
// what both reach, margins included, and the tolerance is 1e-7 of that.
func (a *area) extents(dst []Extent, marginM, reachM float64, band Band, window Window) []Extent {
	// One degree of latitude is at least 110,567 m on the ellipsoid (at the
	// equator); 1e-9 relative and 1 cm more cover rounding.
	const metresPerDegree = 110_567
	grow := float64((marginM+a.rises)*(1+1e-6)) + float64((reachM+marginM)*5e-7) + 0.01
	dLat := grow / metresPerDegree
	e := Extent{Band: band, Window: window}
	south, north := a.lat0-dLat, a.lat1+dLat
	lng0, lng1 := a.lng0, a.lng1
	// Along a parallel a metre spans more longitude towards the pole; near it
	// every longitude.
	far := max(-south, north)
	if far >= 89.9 {
		a.round = true
	} else {
		_, c := geodesy.SincosDeg(far)
		dLng := float64(grow / (metresPerDegree * c) * 1.01)
		lng0, lng1 = lng0-dLng, lng1+dLng
	}
	e.LatE9Lo = int64(math.Floor(float64(max(south, -90) * 1e9)))
	e.LatE9Hi = int64(math.Ceil(float64(min(north, 90) * 1e9)))
	if a.round || lng1-lng0 >= 360 {
		e.LngE9Lo, e.LngE9Hi = -180e9, 180e9
		return append(dst, e)
	}
	for lng0 < -180 {
		lng0, lng1 = lng0+360, lng1+360
	}
	for lng0 >= 180 {
		lng0, lng1 = lng0-360, lng1-360
	}
	e.LngE9Lo = int64(math.Floor(float64(lng0 * 1e9)))
	if lng1 < 180 {
		e.LngE9Hi = int64(math.Ceil(float64(lng1 * 1e9)))
		return append(dst, e)
	}
	e.LngE9Hi = 180e9
	dst = append(dst, e)
	e.LngE9Lo, e.LngE9Hi = -180e9, int64(math.Ceil(float64((lng1-360)*1e9)))
	return append(dst, e)
}
