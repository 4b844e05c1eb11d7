package resolve_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// pathQuery is a query for new paths of a plan.
func pathQuery(laterNS, longerMM int64) resolve.Query {
	return resolve.Query{Weights: resolve.DefaultWeights(), Limits: resolve.Limits{
		LaterNS: laterNS, DetourMM: longerMM, UpMM: 500_000, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM,
	}}
}

// lengthM returns the length of a path in metres.
func lengthM(e *volume.Entity) float64 {
	sum := 0.0
	w := e.Trajectories[0].Waypoints()
	for i := range w[1:] {
		d, _, _ := geodesy.Inverse(w[i].At, w[i+1].At)
		sum += d
	}
	return sum
}

// In the Tarrow example the training flight CG-7 must stay out of the 7 NM ring
// round a fire. A string pulled tight round the ring is as long as two tangents
// and an arc, in the plane; no path is shorter, but for the curve of the earth.
func TestRerouteRoundTheFire(t *testing.T) {
	zones := entities(t, "tarrow/rings.geojson")
	s, err := resolve.NewSurroundings(zones, resolve.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	own := entities(t, "tarrow/cg-7.geojson")[0]
	q := pathQuery(3600e9, detourMM)
	r, err := s.Reroute(&resolve.Plan{Entity: own}, &q)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	for _, zone := range zones {
		hit, err := conflict.Decide(r.Entity, zone, conflict.Minima{})
		if err != nil || hit != (zone.ID == "RING-12") {
			t.Errorf("%s: %t, %v", zone.ID, hit, err)
		}
	}
	fire := geodesy.LatLng{LatE9: -45_200_000_000, LngE9: -130_400_000_000}
	w := own.Trajectories[0].Waypoints()
	a, p, _ := geodesy.Inverse(fire, w[0].At)
	b, o, _ := geodesy.Inverse(fire, w[1].At)
	const ring = 12_965.0 // the radius and the buffer of the craft
	angle := math.Abs(math.Remainder(p-o, 360)) * math.Pi / 180
	tight := math.Sqrt(a*a-ring*ring) + math.Sqrt(b*b-ring*ring) + ring*(angle-math.Acos(ring/a)-math.Acos(ring/b))
	if l := lengthM(r.Entity); l < tight*0.9999 || l > tight*1.003 {
		t.Errorf("%g m, the shortest has %g m", l, tight)
	}
	corner := geodesy.LatLng{LatE9: -45_000_000_000, LngE9: -130_100_000_000}
	one, _, _ := geodesy.Inverse(w[0].At, corner)
	two, _, _ := geodesy.Inverse(corner, w[1].At)
	if l := lengthM(r.Entity); l > one+two {
		t.Errorf("%g m is longer than by way of %v", l, corner)
	}
	if now := r.Entity.Trajectories[0].Window(); now.StartNS != w[0].TimeNS {
		t.Errorf("starts at %d, declared %d", now.StartNS, w[0].TimeNS)
	}
}

const (
	noonNS   = 1_935_921_600_000_000_000
	detourMM = 74_080_000 // 40 NM
)

// flight returns a flight along the equator at 100 m, with waypoints every so
// many millionths of a degree, a minute apart.
func flight(t *testing.T, steps ...int64) *volume.Entity {
	t.Helper()
	w := []volume.Waypoint{{AltMM: 100_000, TimeNS: noonNS}}
	for i, s := range steps {
		next := w[i]
		next.At.LngE9 += s * 1000
		next.TimeNS += 60e9
		w = append(w, next)
	}
	tr, err := volume.NewTrajectory(w, volume.Buffers{LateralMM: 5_000, VerticalMM: 5_000})
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: "OWN", Trajectories: []*volume.Trajectory{tr}}
}

// wall returns a strip 100 km long across the equator, 100 m wide, around a
// longitude in millionths of a degree.
func wall(t *testing.T, id string, at, fromNS, toNS, upperMM int64) *volume.Entity {
	t.Helper()
	f, err := volume.NewCorridor([]geodesy.LatLng{{LatE9: -450e6, LngE9: at * 1000}, {LatE9: 450e6, LngE9: at * 1000}}, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: id, Kind: volume.Constraint, Type: "no_entry", Volumes: []volume.Volume4D{{
		Footprint: f, Band: volume.Band{LowerMM: 0, UpperMM: upperMM}, Window: volume.Window{StartNS: fromNS, EndNS: toNS},
	}}}
}

// Two walls that cannot be gone round: the first rises for good soon after the
// flight could pass, the second comes down later. Only a craft that can stop
// gets through, by a wait in between.
func TestOnlyAHoverClearsTheWalls(t *testing.T) {
	own := flight(t, 9_000, 9_000) // 1 km a minute, twice
	walls := []*volume.Entity{
		wall(t, "EAST", 13_500, noonNS-3600e9, noonNS+300e9, 1_000_000),
		wall(t, "WEST", 4_500, noonNS+60e9, noonNS+36_000e9, 1_000_000),
	}
	s, err := resolve.NewSurroundings(walls, resolve.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	q := pathQuery(600e9, 2_000_000)
	if r, err := s.Reroute(&resolve.Plan{Entity: own}, &q); r != nil || err != nil {
		t.Fatalf("a craft that cannot stop gets through: %+v, %v", r, err)
	}
	q.Vehicle.CanStop = true
	r, err := s.Reroute(&resolve.Plan{Entity: own}, &q)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	w := r.Entity.Trajectories[0].Waypoints()
	longest := int64(0)
	for i := range w[1:] {
		if w[i].At == w[i+1].At {
			longest = max(longest, w[i+1].TimeNS-w[i].TimeNS)
		}
	}
	// The second wall is met 55 m before its middle: 26.7 s after waypoint 1. The
	// first must be passed by 12:01:00, 33.4 s after the start.
	if start := w[0].TimeNS; start <= noonNS+26e9 || start > noonNS+27e9 || longest < 186e9 || longest > 187e9 {
		t.Errorf("a start after %d ms and a wait of %d ms", (start-noonNS)/1e6, longest/1e6)
	}
	q.Vehicle.EnduranceNS = 200e9
	if r, err := s.Reroute(&resolve.Plan{Entity: own}, &q); r != nil || err != nil {
		t.Errorf("found %+v, %v, with 200 s of endurance", r, err)
	}
}

// Over a wall that cannot be gone round a craft climbs as far as it must, and as
// late as it can.
func TestRerouteOverAWall(t *testing.T) {
	own := flight(t, 18_000)
	s, err := resolve.NewSurroundings([]*volume.Entity{wall(t, "WALL", 9_000, volume.AlwaysNS, volume.ForeverNS, 120_000)},
		resolve.Rules{Minima: conflict.Minima{VerticalMM: 10_000}})
	if err != nil {
		t.Fatal(err)
	}
	q := pathQuery(600e9, 2_000_000)
	if r, err := s.Reroute(&resolve.Plan{Entity: own}, &q); r != nil || err != nil {
		t.Fatalf("found %+v, %v, without a rate of climb", r, err)
	}
	q.Vehicle.ClimbMMPS, q.Vehicle.DescentMMPS = 5_000, 2_500
	r, err := s.Reroute(&resolve.Plan{Entity: own}, &q)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	top := int64(0)
	for _, w := range r.Entity.Trajectories[0].Waypoints() {
		top = max(top, w.AltMM)
	}
	// 120 m, the minimum of 10 m and the buffer of 5 m; a multiple of 10 cm.
	if top != 135_000 {
		t.Errorf("climbs to %d mm, expected 135,000 mm", top)
	}
	// 35 m up take 7 s, 35 m down 14 s, at 33.4 m/s, and the wall 110 m: 0.5 s a
	// metre of mean height over 2 km.
	if want := 0.5 * 35 * (110 + 33.4*21/2) / 2003; math.Abs(r.CostS-want) > 0.1 {
		t.Errorf("costs %g s, expected %g s", r.CostS, want)
	}
	q.Limits.CeilingMM = 134_999
	if r, err := s.Reroute(&resolve.Plan{Entity: own}, &q); r != nil || err != nil {
		t.Errorf("found %+v, %v, with a lower ceiling", r, err)
	}
	q.Limits.CeilingMM, q.Limits.UpMM = volume.NoCeilingMM, 34_999
	if r, err := s.Reroute(&resolve.Plan{Entity: own}, &q); r != nil || err != nil {
		t.Errorf("found %+v, %v, with a lower limit", r, err)
	}
}

// What no single new path can clear is refused with the reason.
func TestNoPathToChange(t *testing.T) {
	own := flight(t, 9_000, 9_000)
	q := pathQuery(600e9, 2_000_000)
	for name, c := range map[string]struct {
		at   int64
		plan *volume.Entity
	}{
		"a waypoint in the way": {9_000, own},
		"the goal in the way":   {18_000, own},
		"two paths in the way":  {4_500, &volume.Entity{ID: "OWN", Trajectories: []*volume.Trajectory{own.Trajectories[0], own.Trajectories[0]}}},
		"no path in the way":    {40_000, own},
		"volumes in the way": {4_500, &volume.Entity{
			ID: "OWN", Trajectories: own.Trajectories,
			Volumes: wall(t, "", 4_500, noonNS, noonNS+60e9, 200_000).Volumes,
		}},
	} {
		s, err := resolve.NewSurroundings([]*volume.Entity{wall(t, "WALL", c.at, noonNS-3600e9, noonNS+36_000e9, 1_000_000)}, resolve.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.Reroute(&resolve.Plan{Entity: c.plan}, &q); r != nil || !errors.Is(err, resolve.ErrNoPath) {
			t.Errorf("%s: found %+v, %v", name, r, err)
		}
	}
}

// A path that its file cannot hold, or that it rounds into the zone, is no answer.
func TestRerouteIsDeclaredByItsFile(t *testing.T) {
	zones := entities(t, "tarrow/rings.geojson")
	s, err := resolve.NewSurroundings(zones, resolve.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	own := entities(t, "tarrow/cg-7.geojson")[0]
	q := pathQuery(3600e9, detourMM)
	full := errors.New("the file holds no more waypoints")
	r, err := s.Reroute(&resolve.Plan{Entity: own, Remake: func(*volume.Change) (*volume.Entity, error) { return nil, full }}, &q)
	if r != nil || !errors.Is(err, full) {
		t.Errorf("found %+v, %v", r, err)
	}
	r, err = s.Reroute(&resolve.Plan{Entity: own, Remake: func(*volume.Change) (*volume.Entity, error) { return own, nil }}, &q)
	if r != nil || err != nil {
		t.Errorf("found %+v, %v, for a plan that stays as it is", r, err)
	}
	rounded := func(e *volume.Entity, unitE9, unitNS int64) resolve.Plan {
		return resolve.Plan{Entity: e, Remake: func(c *volume.Change) (*volume.Entity, error) {
			points := slices.Clone(c.Paths[0].Points)
			for i := range points {
				p := &points[i]
				p.At.LatE9 -= p.At.LatE9 % unitE9
				p.At.LngE9 -= p.At.LngE9 % unitE9
				p.TimeNS -= p.TimeNS % unitNS
			}
			return (&volume.Change{Paths: []volume.Path{{Points: points}}}).Apply(e)
		}}
	}
	// A file that holds positions to 1e-5 degree, a metre.
	p := rounded(own, 10_000, 1)
	if r, err = s.Reroute(&p, &q); err != nil || r == nil {
		t.Errorf("found %+v, %v, for a plan rounded to a metre", r, err)
	}
	// One that holds times to a second, with a wall that comes down between two.
	own = flight(t, 18_000)
	if s, err = resolve.NewSurroundings([]*volume.Entity{wall(t, "WALL", 9_000, noonNS-3600e9, noonNS+100_990_000_000, 1_000_000)}, resolve.Rules{}); err != nil {
		t.Fatal(err)
	}
	p = rounded(own, 1, 1_000_000_000)
	q = pathQuery(600e9, 1)
	if r, err = s.Reroute(&p, &q); err != nil || r == nil {
		t.Errorf("found %+v, %v, for a plan rounded to a second", r, err)
	}
}
