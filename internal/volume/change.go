package volume

import (
	"fmt"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Change is what an operator may do to a plan of its own. The zero Change
// leaves it as it is. Its parts are applied in the order of the fields.
type Change struct {
	// Shift moves everything sideways, shape and times kept.
	Shift Shift
	// Paths are new paths for single trajectories, in order of their index.
	Paths []Path
	// LiftMM raises all altitudes; negative lowers them.
	LiftMM int64
	// Trim gives up part of the volumes.
	Trim Trim
	// DelayNS moves all instants later; negative earlier.
	DelayNS int64
}

// Shift is a distance in a direction: each vertex moves DistanceMM along the
// geodesic that is parallel, at the vertex, to BearingDeg at the plan's anchor
// (Anchor). BearingDeg is 0 to 359, DistanceMM 0 or more.
type Shift struct {
	BearingDeg int
	DistanceMM int64
}

// Trim gives up time or altitude of volumes: windows begin LaterStartNS later
// and end EarlierEndNS earlier, bands begin RaiseFloorMM higher and end
// LowerCeilingMM lower. All are 0 or more. It is for plans of volumes only.
type Trim struct {
	LaterStartNS, EarlierEndNS   int64
	RaiseFloorMM, LowerCeilingMM int64
}

// Path is a new path for trajectory number Trajectory. It has two points or
// more; their times increase and take the place of the old ones.
type Path struct {
	Trajectory int
	Points     []PathPoint
}

// PathPoint is a point of a new path. Kept points are waypoint After of the old
// path, moved in time; the others lie between waypoint After and the next, at
// the altitude of waypoint After. LiftMM raises either.
type PathPoint struct {
	After  int
	Kept   bool
	At     geodesy.LatLng
	LiftMM int64
	TimeNS int64
}

// ReachM returns how far in metres, in a straight line, a plan's volumes and
// paths reach from the middle between them, radii included.
func ReachM(e *Entity) float64 {
	var middles []geodesy.Vec
	var reaches []float64
	for i := range e.Volumes {
		f := e.Volumes[i].Footprint
		middles, reaches = append(middles, f.middle), append(reaches, f.reachM+metres(f.radiusMM))
	}
	for _, t := range e.Trajectories {
		middles, reaches = append(middles, t.middle), append(reaches, t.reachM)
	}
	lo, hi := middles[0], middles[0]
	for _, m := range middles {
		lo, hi = lower(lo, m), upper(hi, m)
	}
	middle, reachM := lo.Add(hi).Scale(0.5), 0.0
	for i, m := range middles {
		reachM = max(reachM, m.Sub(middle).Norm()+reaches[i])
	}
	return reachM
}

// IsZero tells whether the change leaves a plan as it is.
func (c *Change) IsZero() bool {
	return c.Shift.DistanceMM == 0 && len(c.Paths) == 0 && c.LiftMM == 0 && c.Trim == (Trim{}) && c.DelayNS == 0
}

// geoidSlope is above the steepest slope of the geoid grid, 0.00036 metres a
// metre: by so much a height above the ellipsoid can change under one above
// mean sea level that moves sideways.
const geoidSlope = 0.0004

// Apply returns the plan as changed. Heights above mean sea level keep their
// value; where the plan moves sideways their heights above the ellipsoid are
// found again at waypoints, and bounded by the slope of the geoid over
// footprints and between waypoints. Errors are *InvalidError, or tell which
// part of the change the plan cannot follow.
func (c *Change) Apply(e *Entity) (*Entity, error) {
	out := *e
	out.Volumes = make([]Volume4D, len(e.Volumes))
	out.Trajectories = make([]*Trajectory, len(e.Trajectories))
	mover, err := newMover(e, c.Shift)
	if err != nil {
		return nil, err
	}
	for i := range e.Volumes {
		v := e.Volumes[i]
		if err := mover.volume(&v); err != nil {
			return nil, err
		}
		v.change(c)
		if err := v.Validate(); err != nil {
			return nil, err
		}
		out.Volumes[i] = v
	}
	if c.Trim != (Trim{}) && len(e.Trajectories) > 0 {
		return nil, fmt.Errorf("a trim is for plans of volumes, found %d trajectories", len(e.Trajectories))
	}
	for i, t := range e.Trajectories {
		if t, err = mover.trajectory(t); err != nil {
			return nil, err
		}
		out.Trajectories[i] = t
	}
	for i := range c.Paths {
		p := &c.Paths[i]
		if p.Trajectory < 0 || p.Trajectory >= len(out.Trajectories) {
			return nil, fmt.Errorf("a path for trajectory %d, found %d trajectories", p.Trajectory, len(out.Trajectories))
		}
		if out.Trajectories[p.Trajectory], err = out.Trajectories[p.Trajectory].along(p); err != nil {
			return nil, err
		}
	}
	for i, t := range out.Trajectories {
		if out.Trajectories[i], err = t.Moved(c.DelayNS, c.LiftMM); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// change applies what is not lateral.
func (v *Volume4D) change(c *Change) {
	for _, b := range [2]*Band{&v.Band, &v.SeaBand} {
		if b == &v.SeaBand && !v.Datum.Sea {
			continue
		}
		if b.LowerMM > NoFloorMM {
			b.LowerMM += c.LiftMM + c.Trim.RaiseFloorMM
		}
		if b.UpperMM < NoCeilingMM {
			b.UpperMM += c.LiftMM - c.Trim.LowerCeilingMM
		}
	}
	if v.Window.StartNS > AlwaysNS {
		v.Window.StartNS += c.DelayNS + c.Trim.LaterStartNS
	}
	if v.Window.EndNS < ForeverNS {
		v.Window.EndNS += c.DelayNS - c.Trim.EarlierEndNS
	}
}

// Moved returns the trajectory delayNS later and liftMM higher. It shares the
// path with t. Errors are *InvalidError.
func (t *Trajectory) Moved(delayNS, liftMM int64) (*Trajectory, error) {
	if delayNS == 0 && liftMM == 0 {
		return t, nil
	}
	out := *t
	out.waypoints = make([]Waypoint, len(t.waypoints))
	for i, w := range t.waypoints {
		w.TimeNS += delayNS
		w.AltMM += liftMM
		if t.datum.Sea {
			w.SeaMM += liftMM
		}
		if err := w.validate(i); err != nil {
			return nil, err
		}
		out.waypoints[i] = w
	}
	return &out, nil
}

// along returns the trajectory on a new path.
func (t *Trajectory) along(p *Path) (*Trajectory, error) {
	waypoints := make([]Waypoint, len(p.Points))
	datum := t.datum
	for i, point := range p.Points {
		if point.After < 0 || point.After >= len(t.waypoints) {
			return nil, fmt.Errorf("a path by waypoint %d, found %d waypoints", point.After, len(t.waypoints))
		}
		w := t.waypoints[point.After]
		if !point.Kept {
			was := w.At
			w.At = point.At
			w.AltMM += datum.geoidStepMM(was, w.At)
		}
		w.AltMM += point.LiftMM
		if datum.Sea {
			w.SeaMM += point.LiftMM
		}
		w.TimeNS = point.TimeNS
		waypoints[i] = w
	}
	if datum.Sea {
		// Between new waypoints the geoid may bend as much as its slope allows.
		longest := 0.0
		for i := range waypoints[1:] {
			longest = max(longest, waypoints[i].At.ECEF().Sub(waypoints[i+1].At.ECEF()).Norm())
		}
		datum.ErrorMM += int64(float64(longest*500)*geoidSlope) + 1
	}
	return NewTrajectoryOn(datum, waypoints, t.buffers)
}

// geoidStepMM returns how much higher the geoid is at q than at p, for heights
// known above mean sea level, else 0: heights above the ellipsoid stay.
func (d Datum) geoidStepMM(p, q geodesy.LatLng) int64 {
	if !d.Sea {
		return 0
	}
	return geoidMM(q) - geoidMM(p)
}
