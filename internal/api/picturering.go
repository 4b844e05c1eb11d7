package api

import (
	"math"
	"strconv"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Shapes are drawn as rings in the plane of longitude and latitude. What is
// drawn holds the shape: it is for people to look at, and no decision rests on
// it.

// spot is a corner of a ring in 1e-9 degree. Longitudes go on over the
// antimeridian, so that neighbours are less than half a turn apart.
type spot struct{ x, y int64 }

// ring is a closed path whose first corner is not repeated: counter-clockwise
// around what it holds, clockwise around a hole.
type ring []spot

// area is a ring with its holes.
type area struct {
	outer ring
	holes []ring
}

const (
	turnE9 = 360e9
	// circleCorners are the corners of a whole circle.
	circleCorners = 64
	// beyond is how much wider than the truth something round is drawn, and
	// beyondM how much at least. A chord between corners that are drawn as a
	// straight line bends away from the geodesic: by ℓ²/8R·tan φ, within this up
	// to radii of 1,000 km and latitudes of 80 degrees. Corners are rounded to
	// roundE9.
	beyond  = 1.0015
	beyondM = 0.02
	roundE9 = 100
	// longestM is the longest straight line that stands for a geodesic, and
	// maxCuts into how many one edge is cut at most.
	longestM = 25_000
	maxCuts  = 1024
)

// tangent makes of the radius of a circle that of the corners of a polygon
// around it, with steps of so many degrees between them.
func tangent(stepDeg float64) float64 { return 1 / math.Cos(stepDeg/2*math.Pi/180) }

// areasOf draws a footprint grown by a distance.
func areasOf(f *volume.Footprint, growMM int64) []area {
	vertices := f.Vertices()
	radiusM := float64(f.RadiusMM()+growMM) / 1000
	switch {
	case len(vertices) == 1:
		return []area{{outer: circleRing(vertices[0], radiusM)}}
	case f.Shape() == volume.Polygon && growMM == 0:
		return []area{{outer: polygonRing(vertices)}}
	}
	return grown(vertices, f.Shape() == volume.Polygon, radiusM)
}

// circleRing draws a circle.
func circleRing(at geodesy.LatLng, radiusM float64) ring {
	const step = 360.0 / circleCorners
	p := pen{}
	for i := range circleCorners {
		// Counter-clockwise: azimuths fall.
		p.to(geodesy.Direct(at, 180-float64(i)*step, radiusM*tangent(step)*beyond+beyondM))
	}
	return p.close()
}

// polygonRing draws a polygon: its own corners, and more between those that are
// far apart.
func polygonRing(vertices []geodesy.LatLng) ring {
	p := pen{exact: true}
	for i, v := range vertices {
		p.edge(v, vertices[(i+1)%len(vertices)])
	}
	return p.close()
}

// pen draws a ring.
type pen struct {
	ring  ring
	exact bool // corners as they are
}

func (p *pen) to(at geodesy.LatLng) {
	s := spot{at.LngE9, at.LatE9}
	if !p.exact {
		s.x, s.y = nearest(s.x), max(-90e9, min(90e9, nearest(s.y)))
	}
	if n := len(p.ring); n > 0 {
		if s.x = beside(s.x, p.ring[n-1].x); s == p.ring[n-1] {
			return
		}
	}
	p.ring = append(p.ring, s)
}

func nearest(e9 int64) int64 {
	return int64(math.Round(float64(e9)/roundE9)) * roundE9
}

// beside moves a longitude by whole turns to within half a turn of another.
func beside(x, other int64) int64 {
	for x-other > turnE9/2 {
		x -= turnE9
	}
	for x-other <= -turnE9/2 {
		x += turnE9
	}
	return x
}

// edge draws the geodesic between two places, without the second.
func (p *pen) edge(from, to geodesy.LatLng) {
	p.to(meridian(from, to))
	line := geodesy.LineBetween(from, to)
	n := min(maxCuts, math.Ceil(line.DistanceM()/longestM))
	for i := 1.0; i < n; i++ {
		p.to(line.LatLng(line.DistanceM() * i / n))
	}
	if to.LatE9 == 90e9 || to.LatE9 == -90e9 {
		p.to(meridian(to, from))
	}
}

// meridian gives a pole the longitude of the place that it is reached from.
func meridian(p, other geodesy.LatLng) geodesy.LatLng {
	if p.LatE9 == 90e9 || p.LatE9 == -90e9 {
		p.LngE9 = other.LngE9
	}
	return p
}

// close returns the ring, counter-clockwise. One that goes round a pole gets
// there along a meridian, as maps are cut there.
func (p *pen) close() ring {
	r := p.ring
	if len(r) < 3 {
		return r
	}
	first, last := r[0], r[len(r)-1]
	if end := beside(first.x, last.x); end != first.x {
		pole := int64(90e9)
		if first.y < 0 {
			pole = -pole
		}
		r = append(r, spot{end, first.y}, spot{end, pole}, spot{first.x, pole})
	} else if first == last {
		r = r[:len(r)-1]
	}
	if r.areaE18() < 0 {
		for i, k := 0, len(r)-1; i < k; i, k = i+1, k-1 {
			r[i], r[k] = r[k], r[i]
		}
	}
	return r
}

// areaE18 is twice the area in the plane, positive when counter-clockwise.
func (r ring) areaE18() float64 {
	sum := 0.0
	for i, a := range r {
		b := r[(i+1)%len(r)]
		sum += float64(a.x-r[0].x)*float64(b.y-r[0].y) - float64(b.x-r[0].x)*float64(a.y-r[0].y)
	}
	return sum
}

// appendTo writes the ring as GeoJSON does, closed, beside a longitude.
func (r ring) appendTo(b []byte, anchor int64) []byte {
	b = append(b, '[')
	if len(r) > 0 {
		shift := beside(r[0].x, anchor) - r[0].x
		for i := range len(r) + 1 {
			if i > 0 {
				b = append(b, ',')
			}
			s := r[i%len(r)]
			b = append(append(appendDegrees(append(b, '['), s.x+shift), ','), appendDegrees(nil, s.y)...)
			b = append(b, ']')
		}
	}
	return append(b, ']')
}

// appendDegrees writes 1e-9 degrees as degrees, exactly.
func appendDegrees(b []byte, e9 int64) []byte { return appendDecimal(b, e9, 9) }

// appendDecimal writes n over 10 to the power of places, exactly.
func appendDecimal(b []byte, n int64, places int) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	unit := int64(1)
	for range places {
		unit *= 10
	}
	b = strconv.AppendInt(b, n/unit, 10)
	rest := n % unit
	if rest == 0 {
		return b
	}
	b = append(b, '.')
	for unit /= 10; rest > 0; unit /= 10 {
		b = append(b, '0'+byte(rest/unit))
		rest %= unit
	}
	return b
}
