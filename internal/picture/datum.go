package picture

import "github.com/deconflict/deconflict/internal/volume"

// asCompared returns a conflict with the heights that were compared, and what
// they are above: mean sea level when all parts of both sides declare it, else
// the ellipsoid, with the errors of conversion in the buffers.
func asCompared(cf Conflict) (Conflict, string) {
	both, above := inOneDatum([]*volume.Entity{cf.A, cf.B})
	cf.A, cf.B = both[0], both[1]
	return cf, above
}

// inOneDatum returns entities with heights above mean sea level when all of
// them declare that, else above the ellipsoid, and the words for which it is.
func inOneDatum(entities []*volume.Entity) (turned []*volume.Entity, above string) {
	convert, above := aboveSea, "mean sea level"
	for _, e := range entities {
		if !allAboveSea(e) {
			convert, above = aboveEllipsoid, "the ellipsoid"
		}
	}
	for _, e := range entities {
		turned = append(turned, convert(e))
	}
	return turned, above
}

// inSharedDatum does the same in place, and leaves alone what has no limits of
// altitude, as they are the same in any datum.
func inSharedDatum(entities []*volume.Entity) (above string) {
	var limited []*volume.Entity
	var at []int
	for i, e := range entities {
		if !limitless(e) {
			limited, at = append(limited, e), append(at, i)
		}
	}
	limited, above = inOneDatum(limited)
	for k, i := range at {
		entities[i] = limited[k]
	}
	return above
}

func limitless(e *volume.Entity) bool {
	for i := range e.Volumes {
		if b := e.Volumes[i].Band; !unbounded(b.LowerMM) || !unbounded(b.UpperMM) {
			return false
		}
	}
	return len(e.Trajectories) == 0
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
