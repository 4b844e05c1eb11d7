package intent

import (
	"cmp"
	"fmt"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// closeBy tells whether two places are at most so far apart.
func closeBy(p, q geodesy.LatLng, mm int64) bool {
	d, _, _ := geodesy.Inverse(p, q)
	return d*1000 <= float64(mm)
}

// track returns the ground under a trajectory to half its width, nil when there
// is none.
func track(t *volume.Trajectory) *volume.Footprint {
	halfMM := max(t.Buffers().LateralMM, 1)
	var line []geodesy.LatLng
	for _, w := range t.Waypoints() {
		if len(line) == 0 || line[len(line)-1] != w.At {
			line = append(line, w.At)
		}
	}
	if len(line) == 1 {
		f, err := volume.NewCircle(line[0], halfMM)
		if err != nil {
			return nil
		}
		return f
	}
	f, err := volume.NewCorridor(line, halfMM)
	if err != nil {
		return nil
	}
	return f
}

// checkPlace compares what is declared with the named place: digits that were
// swapped move a position by kilometres, and nothing else shows it.
func (p *Plan) checkPlace() error {
	if p.Place == nil {
		return nil
	}
	named, err := p.Place.At.LatLng()
	if err != nil {
		return fmt.Errorf("place.at: %w", err)
	}
	err = cmp.Or(name("place.name", p.Place.Name, true),
		within("place.distance_mm", p.Place.DistanceMM, 0, 20_100_000_000), within("place.error_mm", p.Place.ErrorMM, 1, 1_000_000_000))
	if err != nil {
		return err
	}
	at, ok := p.firstPoint()
	if !ok {
		return nil
	}
	d, _, _ := geodesy.Inverse(named, at)
	foundMM := int64(d * 1000)
	if off := apart(foundMM, p.Place.DistanceMM); off > p.Place.ErrorMM+p.Position.ErrorMM {
		return fmt.Errorf("place: the position is %d m from %q, found %d m stated: expected these to agree within %d m; check the digits of both",
			foundMM/1000, p.Place.Name, p.Place.DistanceMM/1000, (p.Place.ErrorMM+p.Position.ErrorMM)/1000)
	}
	return nil
}

// firstPoint is the point that a place is told by: the centre or first corner of
// the first volume, or the first point of the first trajectory.
func (p *Plan) firstPoint() (geodesy.LatLng, bool) {
	e, err := p.Shape.Entity(label)
	if err != nil {
		return geodesy.LatLng{}, false
	}
	if len(e.Volumes) > 0 {
		return e.Volumes[0].Footprint.Vertices()[0], true
	}
	return e.Trajectories[0].Waypoints()[0].At, true
}
