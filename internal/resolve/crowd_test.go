package resolve

import (
	"errors"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Two plans of very many legs at one place would make more pairs than memory
// holds: they are refused by name.
func TestCrowdIsRefused(t *testing.T) {
	winding := func(id string) *volume.Entity {
		var points []volume.Waypoint
		for i := range 1_200 {
			at := geodesy.LatLng{LatE9: 48e9 + int64(i%2)*1e6, LngE9: 16e9}
			points = append(points, volume.Waypoint{At: at, AltMM: 50_000, TimeNS: int64(i) * 10e9})
		}
		r, err := volume.NewTrajectory(points, volume.Buffers{LateralMM: 1, VerticalMM: 1})
		if err != nil {
			t.Fatal(err)
		}
		return &volume.Entity{ID: id, Trajectories: []*volume.Trajectory{r}}
	}
	rules := Rules{Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000}}
	s, err := NewSurroundings([]*volume.Entity{winding("B")}, rules)
	if err != nil {
		t.Fatal(err)
	}
	q := DefaultQuery(rules)
	q.Limits.LaterNS = 10 * 3600e9
	_, err = s.Options(Plan{Entity: winding("A")}, q)
	var bad *conflict.InputError
	if !errors.Is(err, ErrCrowded) || !errors.As(err, &bad) || bad.ID != "A" {
		t.Errorf("Options: %v", err)
	}
	if _, err = s.Joint([]Plan{{Entity: winding("A")}, {Entity: winding("C")}}, q); !errors.Is(err, ErrCrowded) {
		t.Errorf("Joint: %v", err)
	}
}
