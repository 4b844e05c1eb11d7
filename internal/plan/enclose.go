package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Bounds of what is turned into enclosing polygons.
const (
	maxEncloseM = 200_000 // radius around a leg
	maxLegM     = 2_000_000
	// leastRadiusMM and leastHalfHeightMM give bare points and lines a size.
	leastRadiusMM     = 1000
	leastHalfHeightMM = 500
)

// plainVolumes returns volumes without buffers, made of polygons and circles
// alone, that together contain an entity: what F3548-21 can say. A volume
// without buffers that is a polygon or circle is returned as it is. A
// trajectory becomes volumes along its legs, each for the time that its part of
// the leg is flown; a bare line is given a metre to all sides and half a metre up
// and down. There are at most maxF3548Vertices vertices, unless one volume a leg
// has more.
func plainVolumes(e *volume.Entity) ([]volume.Volume4D, error) {
	var out []volume.Volume4D
	for i := range e.Volumes {
		list, err := plainVolume(&e.Volumes[i])
		if err != nil {
			return nil, fmt.Errorf("volume %d: %w", i+1, err)
		}
		out = append(out, list...)
	}
	spare := maxF3548Vertices
	for i := range out {
		spare -= len(out[i].Footprint.Vertices())
	}
	legs := 0
	for _, t := range e.Trajectories {
		legs += len(t.Waypoints()) - 1
	}
	parts := max(1, min(maxLegParts, spare/(4*max(1, legs))))
	for i, t := range e.Trajectories {
		list, err := plainLegs(t, parts)
		if err != nil {
			return nil, fmt.Errorf("trajectory %d: %w", i+1, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// plainVolume grows a volume by its buffers. A polygon grows to itself and the
// surroundings of its edges, a corridor to the surroundings of its legs.
func plainVolume(v *volume.Volume4D) ([]volume.Volume4D, error) {
	grown := volume.Volume4D{Band: v.Band, Window: v.Window}
	if grown.Band.LowerMM > volume.NoFloorMM {
		grown.Band.LowerMM -= v.Buffers.VerticalMM + v.Datum.ErrorMM
	}
	if grown.Band.UpperMM < volume.NoCeilingMM {
		grown.Band.UpperMM += v.Buffers.VerticalMM + v.Datum.ErrorMM
	}
	grown.Window = growWindow(v.Window, v.Buffers.TimeNS)
	with := func(f *volume.Footprint) volume.Volume4D {
		g := grown
		g.Footprint = f
		return g
	}
	f, lateralMM := v.Footprint, v.Buffers.LateralMM
	vertices := f.Vertices()
	if f.Shape() == volume.Circle {
		if lateralMM == 0 {
			return []volume.Volume4D{with(f)}, nil
		}
		circle, err := volume.NewCircle(vertices[0], f.RadiusMM()+lateralMM)
		if err != nil {
			return nil, err
		}
		return []volume.Volume4D{with(circle)}, nil
	}
	var out []volume.Volume4D
	ends := len(vertices) - 1
	if f.Shape() == volume.Polygon {
		out = append(out, with(f))
		if lateralMM == 0 {
			return out, nil
		}
		ends = len(vertices)
	}
	for i := range ends {
		leg, err := encloseLeg(vertices[i], vertices[(i+1)%len(vertices)], f.RadiusMM()+lateralMM)
		if err != nil {
			return nil, err
		}
		out = append(out, with(leg))
	}
	return out, nil
}

func growWindow(w volume.Window, byNS int64) volume.Window {
	if w.StartNS > volume.AlwaysNS {
		w.StartNS = max(volume.AlwaysNS, w.StartNS-byNS)
	}
	if w.EndNS < volume.ForeverNS {
		w.EndNS = min(volume.ForeverNS, w.EndNS+byNS)
	}
	return w
}

// A leg is cut into parts of at most legPartNS and at most maxLegParts of them,
// so that a long one does not claim its whole length for its whole time.
const (
	legPartNS   = int64(time.Minute)
	maxLegParts = 16
)

// cutLegs returns the waypoints of a trajectory with others between them, where
// legs are cut into at most maxParts parts. A waypoint between others is where
// the craft is at that instant but for the rounding to 1e-9 degree, a millimetre
// and a nanosecond, which plainLegs covers.
func cutLegs(waypoints []volume.Waypoint, maxParts int) []volume.Waypoint {
	out := make([]volume.Waypoint, 0, len(waypoints))
	for i := range len(waypoints) - 1 {
		p, q := waypoints[i], waypoints[i+1]
		out = append(out, p)
		lasts := q.TimeNS - p.TimeNS
		n := min(int64(maxParts), (lasts+legPartNS-1)/legPartNS)
		if p.At == q.At && p.AltMM == q.AltMM {
			continue // it stays: its parts would be alike
		}
		l := geodesy.LineBetween(p.At, q.At)
		for k := int64(1); k < n; k++ {
			ns := lasts / n * k
			part := float64(ns) / float64(lasts)
			out = append(out, volume.Waypoint{
				At:     l.LatLng(float64(l.DistanceM() * part)),
				AltMM:  p.AltMM + int64(math.Round(float64(part*float64(q.AltMM-p.AltMM)))),
				TimeNS: p.TimeNS + ns,
			})
		}
	}
	return append(out, waypoints[len(waypoints)-1])
}

// plainLegs returns volumes along the legs of a trajectory, at most maxParts
// a leg.
func plainLegs(t *volume.Trajectory, maxParts int) ([]volume.Volume4D, error) {
	b := t.Buffers()
	given := t.Waypoints()
	waypoints := cutLegs(given, maxParts)
	out := make([]volume.Volume4D, 0, len(waypoints)-1)
	verticalMM := max(b.VerticalMM+t.Datum().ErrorMM, leastHalfHeightMM)
	if len(waypoints) > len(given) {
		verticalMM++ // cuts are rounded to millimetres
	}
	for i := range len(waypoints) - 1 {
		p, q := waypoints[i], waypoints[i+1]
		f, err := encloseLeg(p.At, q.At, max(b.LateralMM, leastRadiusMM))
		if err != nil {
			return nil, fmt.Errorf("part %d, from %v: %w", i+1, p.At, err)
		}
		out = append(out, volume.Volume4D{
			Footprint: f,
			Band: volume.Band{
				LowerMM: min(p.AltMM, q.AltMM) - verticalMM,
				UpperMM: max(p.AltMM, q.AltMM) + verticalMM,
			},
			Window: growWindow(volume.Window{StartNS: p.TimeNS, EndNS: q.TimeNS}, b.TimeNS),
		})
	}
	return out, nil
}

// encloseLeg returns a footprint that contains all points within radiusMM of
// the geodesic from p to q: a circle when they are one place, else a polygon
// of four corners, beyond both ends by the radius and to both sides by it.
//
// Why it contains them: the radius r is widened by the fraction (r/R)^2 + 1e-5
// and 1 cm. At the ends a cap of the curve at distance r departs from the
// geodesic that touches it by less than r(r/R)^2. Along the sides the
// distance from the leg of the geodesic through two points at equal distance
// obeys x” = -Kx with the curvature K > 0, so between its ends it is nowhere
// nearer to the leg than there.
func encloseLeg(p, q geodesy.LatLng, radiusMM int64) (*volume.Footprint, error) {
	radiusM := float64(radiusMM) / 1000
	if radiusM > maxEncloseM {
		return nil, fmt.Errorf("found a leg %.0f km to either side, expected at most %d km to enclose it in a polygon", radiusM/1000, maxEncloseM/1000)
	}
	l := geodesy.LineBetween(p, q)
	if l.DistanceM() > maxLegM {
		return nil, fmt.Errorf("found a leg of %.0f km, expected at most %d km to enclose it in a polygon", l.DistanceM()/1000, maxLegM/1000)
	}
	if l.DistanceM() < 0.01 {
		return volume.NewCircle(p, radiusMM+20)
	}
	const earthM = 6.3e6 // below every radius of curvature; the least is 6335 km, along the meridian at the equator
	share := radiusM / earthM
	wideM := float64(radiusM*(1+float64(share*share)+1e-5)) + 0.01
	back, forth := l.Azimuth(0), l.Azimuth(l.DistanceM())
	start, end := geodesy.NewLine(p, back+180), geodesy.NewLine(q, forth)
	a, b := start.LatLng(wideM), end.LatLng(wideM)
	// Azimuths at the moved ends, pointing away from the leg.
	awayA, awayB := start.Azimuth(wideM), end.Azimuth(wideM)
	return volume.NewPolygon([]geodesy.LatLng{
		geodesy.Direct(a, awayA+90, wideM), geodesy.Direct(b, awayB-90, wideM),
		geodesy.Direct(b, awayB+90, wideM), geodesy.Direct(a, awayA-90, wideM),
	})
}

// outline returns a ring around a circle for drawing, of points on its rim.
func outline(centre geodesy.LatLng, radiusM float64) []geodesy.LatLng {
	const n = 72
	ring := make([]geodesy.LatLng, 0, n)
	for i := range n {
		p := geodesy.Direct(centre, 360*float64(i)/n, radiusM)
		if len(ring) == 0 || p != ring[len(ring)-1] {
			ring = append(ring, p)
		}
	}
	return ring
}
