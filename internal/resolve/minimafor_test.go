package resolve_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestMinimaForEach: what was agreed with one party holds towards that one. The
// toy, one minimum for all, asks too much of the one or too little of the other.
func TestMinimaForEach(t *testing.T) {
	plan := entities(t, "varanth/n-204.geojson")[0]
	h17 := entities(t, "varanth/h-17.geojson")[0]
	other := *h17
	other.ID = "unagreed" // flies the same, by another party
	agreed := conflict.Minima{LateralMM: 5 * nauticalMileMM, VerticalMM: 2 * thousandFeetMM}
	alone := answer(t, plan, []*volume.Entity{h17}, resolve.Rules{Minima: agreed})
	each := resolve.Rules{Minima: agreed, MinimaFor: func(e *volume.Entity) conflict.Minima {
		if e.ID == h17.ID {
			return agreed
		}
		return conflict.Minima{}
	}}
	both := answer(t, plan, []*volume.Entity{h17, &other}, each)
	if !slices.Equal(both.Windows, alone.Windows) || len(both.Options) != len(alone.Options) {
		t.Errorf("windows %v and %d options with one that nothing is agreed with, want %v and %d as without", both.Windows, len(both.Options), alone.Windows, len(alone.Options))
	}
	for i := range both.Options {
		if !reflect.DeepEqual(both.Options[i].Change, alone.Options[i].Change) {
			t.Errorf("option %d is %+v, want %+v", i, both.Options[i].Change, alone.Options[i].Change)
		}
	}
	lesser := answer(t, plan, []*volume.Entity{&other}, each)
	toy := answer(t, plan, []*volume.Entity{&other}, resolve.Rules{Minima: agreed})
	if a, b := only(t, lesser, resolve.Floor).Change.Trim.RaiseFloorMM, only(t, toy, resolve.Floor).Change.Trim.RaiseFloorMM; a != b-2*thousandFeetMM {
		t.Errorf("the floor is raised by %d mm where nothing is agreed, want 2,000 ft less than the toy's %d", a, b)
	}
	if lesser.Digest == toy.Digest {
		t.Error("the digest does not cover the minima towards each")
	}
	each.MinimaFor = func(*volume.Entity) conflict.Minima { return conflict.Minima{LateralMM: -1} }
	if _, err := resolve.NewSurroundings([]*volume.Entity{h17}, each); err == nil {
		t.Error("minima below zero are taken")
	}
}
