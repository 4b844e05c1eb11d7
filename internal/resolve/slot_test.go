package resolve

import (
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// cylinder is a circle of 100 m at one place.
func cylinder(t *testing.T, id string, lowerM, upperM, fromMin, toMin int64) *volume.Entity {
	t.Helper()
	f, err := volume.NewCircle(geodesy.LatLng{LatE9: 12e9, LngE9: -30e9}, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: id, Volumes: []volume.Volume4D{{
		Footprint: f,
		Band:      volume.Band{LowerMM: lowerM * 1000, UpperMM: upperM * 1000},
		Window:    volume.Window{StartNS: worldStartNS + fromMin*60e9, EndNS: worldStartNS + toMin*60e9},
	}}}
}

// TestSlotThatFitsExactly has a plan between two others that leave it just the
// room that it takes with the minima: not a millimetre, not a nanosecond more.
func TestSlotThatFitsExactly(t *testing.T) {
	t.Parallel()
	rules := Rules{Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 10_000, TimeNS: 5 * 60e9}}
	ask := func(others ...*volume.Entity) *Answer {
		s, err := NewSurroundings(others, rules)
		if err != nil {
			t.Fatal(err)
		}
		q := DefaultQuery(rules)
		a, err := s.Options(Plan{Entity: cylinder(t, "plan", 0, 10, 0, 10)}, q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	high := ask(cylinder(t, "below", 0, 30, 0, 60), cylinder(t, "above", 60, 90, 0, 60))
	if got := leastOf(high, Climb); got != 40_000 {
		t.Errorf("climb by %d mm, want 40 m", got)
	}
	late := ask(cylinder(t, "before", 0, 30, 0, 20), cylinder(t, "after", 0, 30, 40, 59))
	if got := leastOf(late, Delay); got != 25*60e9 {
		t.Errorf("delay by %d ns, want 25 minutes", got)
	}
	at := late.StartNS + 25*60e9
	if want := (Window{at, at}); len(late.Windows) != 1 || late.Windows[0] != want {
		t.Errorf("windows %v, want %v", late.Windows, want)
	}
}
