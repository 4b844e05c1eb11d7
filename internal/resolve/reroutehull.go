package resolve

import (
	"cmp"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
)

const (
	// maxHullM is how large an obstacle may be, in metres from its middle, that is
	// gone round.
	maxHullM = 1_000_000
	// earthM is a mean radius of the earth in metres, for bounds only.
	earthM = 6_371_000
)

// bearing is a direction in the plane and how far a shape reaches in it.
type bearing struct{ x, y, reach, angle float64 }

// hull returns the corners of a polygon round a volume that stays clear of it by
// the required distance: its sides touch the grown shape, in the given number of
// directions, even round about, and along the edges of its hull. It is found in
// the azimuthal equidistant projection about the middle of the shape, with a
// margin for what geodesics there differ from straight lines.
func (v *survey) hull(o *obstacle, sides int) []corner {
	f := o.volume.Footprint
	middle := middleOf(f.Vertices())
	points := make([][2]float64, len(f.Vertices()))
	extent := 0.0
	for i, p := range f.Vertices() {
		distM, azimuth, _ := geodesy.Inverse(middle, p)
		s, c := geodesy.SincosDeg(azimuth)
		points[i] = [2]float64{float64(distM * s), float64(distM * c)}
		extent = max(extent, distM)
	}
	required := v.requiredM(o.of, o.volume.Buffers, f.RadiusMM())
	extent += required
	if extent > maxHullM {
		return nil
	}
	required += v.d.leeway.besideM + float64(extent*extent/earthM*extent/earthM/2)
	directions := directionsOf(points, v.l.line.Azimuth(v.cornerAt(middle).along), sides)
	var out []corner
	for i := range directions {
		a, b := &directions[i], &directions[(i+1)%len(directions)]
		det := float64(a.x*b.y) - float64(a.y*b.x)
		if math.Abs(det) < 1e-6 {
			continue
		}
		p, q := a.reach+required, b.reach+required
		x := (float64(p*b.y) - float64(q*a.y)) / det
		y := (float64(q*a.x) - float64(p*b.x)) / det
		azimuth := geodesy.Atan2(x, y) * (180 / math.Pi)
		out = append(out, v.cornerAt(geodesy.Direct(middle, azimuth, geodesy.Hypot(x, y))))
	}
	return out
}

// middleOf returns a place amid others.
func middleOf(vertices []geodesy.LatLng) geodesy.LatLng {
	var sum geodesy.Vec
	for _, p := range vertices {
		sum = sum.Add(p.ECEF())
	}
	return geodesy.FromECEF(sum.Scale(earthM / sum.Norm()))
}

// directionsOf returns directions in order of their angle: sides of them even
// round about, the first towards azimuthDeg, and, where the shape has few
// vertices, those square to the edges of its hull.
func directionsOf(points [][2]float64, azimuthDeg float64, sides int) []bearing {
	var out []bearing
	add := func(x, y float64, edge float64) {
		b := bearing{x: x, y: y, reach: math.Inf(-1), angle: geodesy.Atan2(y, x)}
		for _, p := range points {
			b.reach = max(b.reach, float64(p[0]*x)+float64(p[1]*y))
		}
		if edge >= b.reach-float64(1e-6*math.Abs(b.reach))-1e-3 {
			out = append(out, b)
		}
	}
	for i := range sides {
		s, c := geodesy.SincosDeg(azimuthDeg + 360*float64(i)/float64(sides))
		add(s, c, math.Inf(1))
	}
	if n := len(points); n > 1 && n <= 12 {
		for i := range points {
			p, q := points[i], points[(i+1)%n]
			dx, dy := q[0]-p[0], q[1]-p[1]
			length := geodesy.Hypot(dx, dy)
			if length == 0 {
				continue
			}
			for _, side := range [2]float64{1, -1} {
				x, y := side*dy/length, -side*dx/length
				add(x, y, float64(p[0]*x)+float64(p[1]*y))
			}
		}
	}
	slices.SortFunc(out, func(a, b bearing) int { return cmp.Compare(a.angle, b.angle) })
	return slices.CompactFunc(out, func(a, b bearing) bool { return math.Abs(b.angle-a.angle) < 1e-3 })
}
