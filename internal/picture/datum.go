package picture

import "github.com/deconflict/deconflict/internal/volume"

// asCompared returns a conflict with the heights that were compared, and what
// they are above: mean sea level when all parts of both sides declare it, else
// the ellipsoid, with the errors of conversion in the buffers.
func asCompared(cf Conflict) (Conflict, string) {
	if allAboveSea(cf.A) && allAboveSea(cf.B) {
		cf.A, cf.B = aboveSea(cf.A), aboveSea(cf.B)
		return cf, "mean sea level"
	}
	cf.A, cf.B = aboveEllipsoid(cf.A), aboveEllipsoid(cf.B)
	return cf, "the ellipsoid"
}

func allAboveSea(e *volume.Entity) bool {
	for i := range e.Volumes {
		if !e.Volumes[i].Datum.Sea {
			return false
		}
	}
	for _, t := range e.Trajectories {
		if !t.Datum().Sea {
			return false
		}
	}
	return true
}

// aboveSea returns an entity whose heights are those above mean sea level.
func aboveSea(e *volume.Entity) *volume.Entity {
	return withHeights(e, func(v *volume.Volume4D) { v.Band = v.SeaBand },
		func(_ volume.Datum, w []volume.Waypoint, _ *volume.Buffers) {
			for i := range w {
				w[i].AltMM = w[i].SeaMM
			}
		})
}

// aboveEllipsoid returns an entity whose vertical buffers hold the errors of
// conversion.
func aboveEllipsoid(e *volume.Entity) *volume.Entity {
	return withHeights(e, func(v *volume.Volume4D) { v.Buffers.VerticalMM += v.Datum.ErrorMM },
		func(d volume.Datum, _ []volume.Waypoint, b *volume.Buffers) { b.VerticalMM += d.ErrorMM })
}

// withHeights copies an entity and changes the heights of the copy's parts. A
// trajectory that is no longer valid is left as it was.
func withHeights(e *volume.Entity, change func(*volume.Volume4D), turn func(volume.Datum, []volume.Waypoint, *volume.Buffers)) *volume.Entity {
	out := *e
	out.Volumes = append([]volume.Volume4D(nil), e.Volumes...)
	for i := range out.Volumes {
		change(&out.Volumes[i])
	}
	out.Trajectories = make([]*volume.Trajectory, len(e.Trajectories))
	for i, t := range e.Trajectories {
		w, b := append([]volume.Waypoint(nil), t.Waypoints()...), t.Buffers()
		turn(t.Datum(), w, &b)
		out.Trajectories[i] = t
		if changed, err := volume.NewTrajectory(w, b); err == nil {
			out.Trajectories[i] = changed
		}
	}
	return &out
}
