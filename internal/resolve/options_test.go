package resolve_test

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// entities reads the plans and zones of an example.
func entities(t *testing.T, names ...string) []*volume.Entity {
	t.Helper()
	var files []*plan.File
	for _, name := range names {
		data, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := plan.Read(name, data, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	all, err := plan.ResolveAll(files, func(*plan.File) plan.ResolveOptions {
		return plan.ResolveOptions{Ground: &geodesy.Ground{MM: 822_960, Ref: geodesy.AMSL}}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	nauticalMileMM = 1_852_000
	thousandFeetMM = 304_800
)

// answer asks for one plan among others.
func answer(t *testing.T, plan *volume.Entity, others []*volume.Entity, r resolve.Rules) *resolve.Answer {
	t.Helper()
	s, err := resolve.NewSurroundings(others, r)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Options(resolve.Plan{Entity: plan}, resolve.DefaultQuery(r))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// only returns the option of a kind of which there is one.
func only(t *testing.T, a *resolve.Answer, kind resolve.Kind) *resolve.Option {
	t.Helper()
	var got *resolve.Option
	for i := range a.Options {
		if o := &a.Options[i]; o.Kind == kind {
			if got != nil {
				t.Errorf("two options of kind %s", kind)
			}
			got = o
		}
	}
	if got == nil {
		t.Fatalf("no option of kind %s", kind)
	}
	return got
}

// TestVaranth is the morning of examples/varanth: N-204 in the way of H-17. Its
// README has the numbers, which were computed by other means.
func TestVaranth(t *testing.T) {
	rules := resolve.Rules{Minima: conflict.Minima{LateralMM: 5 * nauticalMileMM, VerticalMM: 2 * thousandFeetMM}}
	plan := entities(t, "varanth/n-204.geojson")[0]
	a := answer(t, plan, entities(t, "varanth/h-17.geojson"), rules)
	if len(a.Conflicts) != 1 || a.Conflicts[0].A.ID != "H-17" {
		t.Fatalf("conflicts %+v, want that with H-17", a.Conflicts)
	}
	was := plan.Volumes[0]

	floor := only(t, a, resolve.Floor)
	if want := (volume.Change{Trim: volume.Trim{RaiseFloorMM: 3 * thousandFeetMM}}); floor.Change.Trim != want.Trim || floor != &a.Options[0] {
		t.Errorf("first %s %+v, want the floor raised by exactly 3,000 ft, %+v", a.Options[0].Kind, floor.Change, want)
	}
	v := floor.Entity.Volumes[0]
	if v.SeaBand.LowerMM != 12*thousandFeetMM || v.SeaBand.UpperMM != 16*thousandFeetMM || v.Window != was.Window {
		t.Errorf("the floor raised: %+v during %+v, want 12,000 to 16,000 ft during %+v", v.SeaBand, v.Window, was.Window)
	}
	if c := floor.Closest; c == nil || c.VerticalSpareMM != 0 {
		t.Errorf("closest %+v, want 2,000 ft and no more", c)
	}
	if climb := only(t, a, resolve.Climb); climb.Change.LiftMM != 3*thousandFeetMM {
		t.Errorf("climb by %d mm, want 3,000 ft", climb.Change.LiftMM)
	}

	clearNS := time.Date(2031, 5, 7, 9, 21, 4, 600e6, time.UTC).UnixNano()
	start := only(t, a, resolve.Start)
	v = start.Entity.Volumes[0]
	if off := v.Window.StartNS - clearNS; off < -50e6 || off > 50e6 || v.Window.EndNS != was.Window.EndNS || v.SeaBand != was.SeaBand {
		t.Errorf("start later: %+v, %+v, want from 09:21:04.6, the rest as declared", v.Window, v.SeaBand)
	}
	delay := only(t, a, resolve.Delay)
	if delay.Change.DelayNS != start.Change.Trim.LaterStartNS {
		t.Errorf("%d ns later, the start alone %d ns", delay.Change.DelayNS, start.Change.Trim.LaterStartNS)
	}
	if want := (resolve.Window{FromNS: was.Window.StartNS + delay.Change.DelayNS, ToNS: was.Window.StartNS + 3600e9}); len(a.Windows) != 1 || a.Windows[0] != want {
		t.Errorf("windows %v, want %v", a.Windows, want)
	}
	if len(a.Blocked) != 1 || a.Blocked[0].Kind != resolve.Ceiling || a.Blocked[0].By[0].ID != "H-17" {
		t.Errorf("blocked %+v, want the ceiling by H-17", a.Blocked)
	}
	if a.Least != nil {
		t.Errorf("least violation %+v, want none", a.Least)
	}
}

// TestTarrow is the first hour of examples/tarrow: of two ways round the fire
// the one is still within 7 NM, and the other within 12 NM, which takes a call.
func TestTarrow(t *testing.T) {
	rings := entities(t, "tarrow/rings.geojson")
	near := func(v *conflict.Verdict, milesFromCentre float64) bool {
		return v.MinHorizontal != nil && math.Abs(float64(v.MinHorizontal.CentreTenthMM)/10/nauticalMileMM-milesFromCentre) < 0.0005
	}

	a := answer(t, entities(t, "tarrow/alt-a.geojson")[0], rings, resolve.Rules{})
	if len(a.Conflicts) != 1 || a.Conflicts[0].B.ID != "RING-7" || !near(&a.Conflicts[0], 6.755) {
		t.Errorf("ALT-A: conflicts %+v, want that with RING-7, 6.755 NM from the fire", a.Conflicts)
	}
	if len(a.Conditions) != 1 || a.Conditions[0].Of.ID != "RING-12" {
		t.Errorf("ALT-A: conditions %+v, want RING-12", a.Conditions)
	}
	if len(a.Options) == 0 {
		t.Error("ALT-A: no options")
	}

	b := answer(t, entities(t, "tarrow/alt-b.geojson")[0], rings, resolve.Rules{})
	if len(b.Conflicts)+len(b.Options)+len(b.Blocked) > 0 {
		t.Errorf("ALT-B: conflicts %+v, options %+v, blocked %+v, want none", b.Conflicts, b.Options, b.Blocked)
	}
	if len(b.Conditions) != 1 || b.Conditions[0].Of.ID != "RING-12" || b.Conditions[0].Of.Type != "call_first" || !near(&b.Conditions[0].Verdict, 11.990) {
		t.Errorf("ALT-B: conditions %+v, want a call for RING-12, 11.990 NM from the fire", b.Conditions)
	}
}
