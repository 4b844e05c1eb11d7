package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Anchor is the place of a plan at which the bearing of a Shift counts: the
// first vertex of its first volume, else its first waypoint.
func Anchor(e *Entity) geodesy.LatLng {
	if len(e.Volumes) > 0 {
		return e.Volumes[0].Footprint.vertices[0]
	}
	return e.Trajectories[0].waypoints[0].At
}

// mover moves positions sideways.
type mover struct {
	distanceM float64
	direction geodesy.Vec // at the anchor
}

func newMover(e *Entity, s Shift) (mover, error) {
	if s.DistanceMM == 0 {
		return mover{}, nil
	}
	return s.mover(Anchor(e))
}

func (s Shift) mover(anchor geodesy.LatLng) (mover, error) {
	if s.BearingDeg < 0 || s.BearingDeg > 359 || s.DistanceMM < 0 || s.DistanceMM > MaxBufferMM {
		return mover{}, invalid(OutOfRange, -1, "a shift is by 0 to 2,000 km towards 0 to 359 degrees, found %s m towards %d", metresText(s.DistanceMM), s.BearingDeg)
	}
	return mover{metres(s.DistanceMM), direction(anchor, s.BearingDeg)}, nil
}

// From returns what the shift does to a position of a plan with the given
// anchor. Errors are *InvalidError.
func (s Shift) From(anchor geodesy.LatLng) (func(geodesy.LatLng) geodesy.LatLng, error) {
	m, err := s.mover(anchor)
	if err != nil {
		return nil, err
	}
	return m.place, nil
}

// direction returns the unit vector at a place towards a bearing.
func direction(at geodesy.LatLng, bearingDeg int) geodesy.Vec {
	east, north := compass(at)
	s, c := geodesy.SincosDeg(float64(bearingDeg))
	return east.Scale(s).Add(north.Scale(c))
}

// compass returns the unit vectors towards east and north at a place.
func compass(at geodesy.LatLng) (east, north geodesy.Vec) {
	s, c := geodesy.SincosDeg(float64(at.LngE9) / 1e9)
	east = geodesy.Vec{X: 0 - s, Y: c}
	return east, at.Normal().Cross(east)
}

// place moves a position.
func (m *mover) place(p geodesy.LatLng) geodesy.LatLng {
	east, north := compass(p)
	azimuth := geodesy.Atan2(m.direction.Dot(east), m.direction.Dot(north)) * (180 / math.Pi)
	return geodesy.Direct(p, azimuth, m.distanceM)
}

func (m *mover) volume(v *Volume4D) error {
	if m.distanceM == 0 {
		return nil
	}
	f := v.Footprint
	moved := make([]geodesy.LatLng, len(f.vertices))
	for i, p := range f.vertices {
		moved[i] = m.place(p)
	}
	var err error
	switch f.shape {
	case Circle:
		v.Footprint, err = NewCircle(moved[0], f.radiusMM)
	case Corridor:
		v.Footprint, err = NewCorridor(moved, f.radiusMM)
	default:
		v.Footprint, err = NewPolygon(moved)
	}
	if v.Datum.Sea {
		allow := int64(float64(m.distanceM*1000)*geoidSlope) + 1
		if v.Band.LowerMM > NoFloorMM {
			v.Band.LowerMM -= allow
		}
		if v.Band.UpperMM < NoCeilingMM {
			v.Band.UpperMM += allow
		}
	}
	return err
}

func (m *mover) trajectory(t *Trajectory) (*Trajectory, error) {
	if m.distanceM == 0 {
		return t, nil
	}
	waypoints := make([]Waypoint, len(t.waypoints))
	for i, w := range t.waypoints {
		was := w.At
		w.At = m.place(was)
		w.AltMM += t.datum.geoidStepMM(was, w.At)
		waypoints[i] = w
	}
	datum := t.datum
	if datum.Sea {
		datum.ErrorMM += int64(float64(m.distanceM*2000)*geoidSlope) + 1
	}
	return NewTrajectoryOn(datum, waypoints, t.buffers)
}

// geoidMM returns the height of the geoid in millimetres.
func geoidMM(p geodesy.LatLng) int64 {
	return int64(math.Round(float64(geodesy.GeoidHeightM(p) * 1000)))
}
