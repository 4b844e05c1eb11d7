package resolve_test

import (
	"os"
	"testing"

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
	nauticalMile = 1_852_000
	foot         = 304.8
)

// TestVaranth is the morning of examples/varanth: N-204 in the way of H-17.
func TestVaranth(t *testing.T) {
	rules := resolve.Rules{Minima: conflict.Minima{LateralMM: 5 * nauticalMile, VerticalMM: 2000 * 304_800 / 1000}}
	s, err := resolve.NewSurroundings(entities(t, "varanth/h-17.geojson"), rules)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Options(resolve.Plan{Entity: entities(t, "varanth/n-204.geojson")[0]}, resolve.DefaultQuery(rules))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range a.Options {
		t.Logf("%s cost %d change %+v closest %+v", o.Kind, o.CostMS, o.Change, o.Closest != nil)
	}
	t.Logf("windows %v blocked %+v", a.Windows, a.Blocked)
}
