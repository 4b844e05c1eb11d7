package declared

import (
	"fmt"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Of returns the form in which an entity is declared: Entity makes the same
// volumes and trajectories of it. Heights that are known above mean sea level
// are declared so. An entity without limit in time cannot be declared.
func Of(e *volume.Entity) (Shape, error) {
	var s Shape
	for i := range e.Volumes {
		v := &e.Volumes[i]
		if v.Window.StartNS <= volume.AlwaysNS || v.Window.EndNS >= volume.ForeverNS {
			return Shape{}, fmt.Errorf("volume %d of %s: found no start or no end, expected both", i, e.ID)
		}
		s.Volumes = append(s.Volumes, volumeOf(v))
	}
	for _, t := range e.Trajectories {
		s.Trajectories = append(s.Trajectories, trajectoryOf(t))
	}
	return s, s.size()
}

// FootprintOf returns the form in which a footprint is declared.
func FootprintOf(f *volume.Footprint) Footprint {
	points := make([]Point, len(f.Vertices()))
	for i, v := range f.Vertices() {
		points[i] = PointOf(v)
	}
	switch f.Shape() {
	case volume.Circle:
		return Footprint{Circle: &Circle{Centre: points[0], RadiusMM: f.RadiusMM()}}
	case volume.Corridor:
		return Footprint{Corridor: &Corridor{Line: points, HalfWidthMM: f.RadiusMM()}}
	}
	return Footprint{Polygon: points}
}

func volumeOf(v *volume.Volume4D) Volume {
	band, ref, vErrorMM := v.Band, geodesy.W84, v.Buffers.VerticalMM
	if v.Datum.Sea {
		band, ref = v.SeaBand, geodesy.AMSL
	} else {
		vErrorMM += v.Datum.ErrorMM
	}
	out := Volume{
		Footprint: FootprintOf(v.Footprint),
		Start:     statement.Instant(v.Window.StartNS), End: statement.Instant(v.Window.EndNS),
		HErrorMM: v.Buffers.LateralMM, VErrorMM: vErrorMM, TErrorNS: v.Buffers.TimeNS,
	}
	if band.LowerMM > volume.NoFloorMM {
		out.Lower = &Altitude{MM: band.LowerMM, Reference: string(ref)}
	}
	if band.UpperMM < volume.NoCeilingMM {
		out.Upper = &Altitude{MM: band.UpperMM, Reference: string(ref)}
	}
	return out
}

func trajectoryOf(t *volume.Trajectory) Trajectory {
	b := t.Buffers()
	out := Trajectory{HalfWidthMM: b.LateralMM, VErrorMM: b.VerticalMM, TErrorNS: b.TimeNS}
	sea := t.Datum().Sea
	if !sea {
		out.VErrorMM += t.Datum().ErrorMM
	}
	for _, w := range t.Waypoints() {
		alt := Altitude{MM: w.AltMM, Reference: string(geodesy.W84)}
		if sea {
			alt = Altitude{MM: w.SeaMM, Reference: string(geodesy.AMSL)}
		}
		out.Points = append(out.Points, TimedPoint{w.At.LatE9, w.At.LngE9, alt, statement.Instant(w.TimeNS)})
	}
	return out
}

// Plain returns volumes without buffers, made of polygons and circles alone,
// that together contain an entity: the form that F3548-21 knows.
func Plain(e *volume.Entity) ([]volume.Volume4D, error) { return plan.Plain(e) }
