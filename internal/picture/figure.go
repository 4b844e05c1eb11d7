package picture

import (
	"math"
	"sort"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// plane maps positions to metres east (x) and north (y) of a centre: distance
// and bearing from the centre are true (azimuthal equidistant), so shapes are
// right to the eye over any area worth drawing, at the poles and on the
// antimeridian too.
type plane struct{ centre geodesy.LatLng }

func (p plane) project(at geodesy.LatLng) point {
	d, azi, _ := geodesy.Inverse(p.centre, at)
	s, c := geodesy.SincosDeg(azi)
	return point{d * s, d * c}
}

// geodesic projects the geodesic from a to b, a itself left out, in steps fine
// enough to look curved where it is.
func (p plane) geodesic(a, b geodesy.LatLng) []point {
	line := geodesy.LineBetween(a, b)
	n := int(math.Min(64, 1+line.DistanceM()/20_000))
	out := make([]point, 0, n)
	for i := 1; i < n; i++ {
		out = append(out, p.project(line.LatLng(line.DistanceM()*float64(i)/float64(n))))
	}
	return append(out, p.project(b))
}

func (p plane) polyline(vs []geodesy.LatLng, closed bool) []point {
	if len(vs) == 0 {
		return nil
	}
	out := []point{p.project(vs[0])}
	for i := 1; i < len(vs); i++ {
		out = append(out, p.geodesic(vs[i-1], vs[i])...)
	}
	if closed {
		out = append(out, p.geodesic(vs[len(vs)-1], vs[0])...)
	}
	return out
}

// figure is one volume or trajectory, projected.
type figure struct {
	side     int // 0 for A, 1 for B
	colour   string
	struck   bool  // in conflict
	near     bool  // of what is only near, drawn less pale than other parts that are not struck
	from, to int64 // violation, when struck
	shape    volume.Shape
	base     []point // ring, line or single centre
	radiusM  float64 // of a circle or corridor, without buffers
	bufferM  float64

	volume *volume.Volume4D // nil for a trajectory
	route  []volume.Waypoint
	stops  []point      // the waypoints, projected
	legs   map[int]bool // legs in conflict
	buffer volume.Buffers
}

func (f *figure) isRoute() bool { return f.volume == nil }

// reachM is how far the grown shape extends from its base.
func (f *figure) reachM() float64 { return f.radiusM + f.bufferM }

func (f *figure) bounds() box {
	b := emptyBox()
	for _, p := range f.base {
		b.include(p, f.reachM())
	}
	return b
}

// maxQuiet bounds how many parts of an entity that take no part in the conflict
// are drawn with it.
const maxQuiet = 40

// figures projects the parts of both entities, those in conflict first.
func figures(c Conflict, p plane) []*figure {
	var out []*figure
	for side, e := range []*volume.Entity{c.A, c.B} {
		for _, f := range figuresOf(e, side, []*conflict.Verdict{c.Verdict}, p) {
			f.colour = sideColour(c, side)
			out = append(out, f)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].struck && !out[j].struck })
	return out
}

// figuresOf projects the parts of the entity that is on one side of verdicts,
// those in conflict and a bounded number of others.
func figuresOf(e *volume.Entity, side int, verdicts []*conflict.Verdict, p plane) []*figure {
	var out []*figure
	struck := map[conflict.PartRef]*figure{}
	for _, v := range verdicts {
		for i := range v.Parts {
			part := &v.Parts[i]
			ref := part.A
			if side == 1 {
				ref = part.B
			}
			key := ref
			if ref.Kind == conflict.LegPart {
				key.Index = 0 // one figure a trajectory
			}
			f := struck[key]
			if f == nil {
				if f = newFigure(e, ref, p); f == nil {
					continue
				}
				f.side, f.struck, f.from, f.to = side, true, part.FromNS, part.ToNS
				struck[key] = f
				out = append(out, f)
			}
			f.from, f.to = min(f.from, part.FromNS), max(f.to, part.ToNS)
			if f.legs != nil {
				f.legs[ref.Index] = true
			}
		}
	}
	quiet := 0
	add := func(key conflict.PartRef) {
		if struck[key] != nil || quiet >= maxQuiet {
			return
		}
		if f := newFigure(e, key, p); f != nil {
			quiet++
			f.side = side
			out = append(out, f)
		}
	}
	for i := range e.Volumes {
		add(conflict.PartRef{Kind: conflict.VolumePart, Index: i})
	}
	for i := range e.Trajectories {
		add(conflict.PartRef{Kind: conflict.LegPart, Route: i})
	}
	return out
}

// newFigure projects one part of an entity; nil when there is no such part.
func newFigure(e *volume.Entity, ref conflict.PartRef, p plane) *figure {
	switch ref.Kind {
	case conflict.VolumePart:
		if ref.Index < 0 || ref.Index >= len(e.Volumes) || e.Volumes[ref.Index].Footprint == nil {
			return nil
		}
		v := &e.Volumes[ref.Index]
		fp := v.Footprint
		return &figure{
			shape: fp.Shape(), volume: v, buffer: v.Buffers,
			base:    p.polyline(fp.Vertices(), fp.Shape() == volume.Polygon),
			radiusM: float64(fp.RadiusMM()) / 1000,
			bufferM: float64(v.Buffers.LateralMM) / 1000,
		}
	case conflict.LegPart:
		if ref.Route < 0 || ref.Route >= len(e.Trajectories) {
			return nil
		}
		t := e.Trajectories[ref.Route]
		f := &figure{
			shape: volume.Corridor, route: t.Waypoints(), buffer: t.Buffers(),
			bufferM: float64(t.Buffers().LateralMM) / 1000, legs: map[int]bool{},
		}
		at := make([]geodesy.LatLng, len(f.route))
		for i, w := range f.route {
			at[i] = w.At
			f.stops = append(f.stops, p.project(w.At))
		}
		f.base = p.polyline(at, false)
		return f
	}
	return nil
}

// positionAt projects where a trajectory is at an instant; false outside it.
func (f *figure) positionAt(ns int64, p plane) (point, bool) {
	for i := 0; i+1 < len(f.route); i++ {
		a, b := f.route[i], f.route[i+1]
		if ns < a.TimeNS || ns > b.TimeNS {
			continue
		}
		share := 0.0
		if b.TimeNS > a.TimeNS {
			share = float64(ns-a.TimeNS) / float64(b.TimeNS-a.TimeNS)
		}
		line := geodesy.LineBetween(a.At, b.At)
		return p.project(line.LatLng(line.DistanceM() * share)), true
	}
	return point{}, false
}

// stretch projects the path of a trajectory between two instants, cut to the
// time it covers.
func (f *figure) stretch(fromNS, toNS int64, p plane) []point {
	if len(f.route) == 0 {
		return nil
	}
	fromNS = max(fromNS, f.route[0].TimeNS)
	toNS = min(toNS, f.route[len(f.route)-1].TimeNS)
	const steps = 48
	var out []point
	for i := 0; i <= steps && fromNS <= toNS; i++ {
		at, ok := f.positionAt(fromNS+int64(float64(toNS-fromNS)*float64(i)/steps), p)
		if ok {
			out = append(out, at)
		}
	}
	return out
}
