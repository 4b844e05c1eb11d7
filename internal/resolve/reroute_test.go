package resolve_test

import (
	"math"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// In the Tarrow example the training flight CG-7 must stay out of the 7 NM ring
// round a fire.
func TestRerouteRoundTheFire(t *testing.T) {
	rules := resolve.Rules{}
	s, err := resolve.NewSurroundings(entities(t, "tarrow/rings.geojson"), rules)
	if err != nil {
		t.Fatal(err)
	}
	own := entities(t, "tarrow/cg-7.geojson")[0]
	q := resolve.Query{Weights: resolve.DefaultWeights(), Limits: resolve.Limits{
		LaterNS: 3600e9, DetourMM: 40 * nauticalMile, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM,
	}}
	r, err := s.Reroute(&resolve.Plan{Entity: own}, &q)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	fire := geodesy.LatLng{LatE9: -45_200_000_000, LngE9: -130_400_000_000}
	for _, w := range r.Entity.Trajectories[0].Waypoints() {
		d, _, _ := geodesy.Inverse(w.At, fire)
		t.Logf("%v %d %.3f NM", w.At, w.TimeNS, d/1852)
	}
	t.Logf("cost %g nodes %d labels %d", r.CostS, r.Nodes, r.Labels)
	for _, zone := range entities(t, "tarrow/rings.geojson") {
		v, err := conflict.Judge(r.Entity, zone, rules.Minima)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s %t", zone.ID, v.Conflict)
		if zone.ID == "RING-7" && v.Conflict {
			t.Errorf("in the ring of 7 NM: %+v", v.MinHorizontal)
		}
	}
	_ = math.Inf
}
