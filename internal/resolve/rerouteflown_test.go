package resolve

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const (
	second  = int64(1_000_000_000)
	morning = 1_935_885_600 * second // 2031-05-07T02:00:00Z
)

// scene is a plan of one trajectory and what it must fit into, drawn by chance.
type scene struct {
	own    *volume.Entity
	others []*volume.Entity
	rules  Rules
	q      Query
}

// drawScene returns a scene of drones or, enlarged twenty times, of aeroplanes.
func drawScene(t testing.TB, r *rand.Rand) *scene {
	t.Helper()
	scale := 1.0
	if r.IntN(3) == 0 {
		scale = 20
	}
	centre := geodesy.LatLng{LatE9: r.Int64N(140e9) - 70e9, LngE9: r.Int64N(360e9) - 180e9}
	if r.IntN(8) == 0 {
		centre.LngE9 = -180e9
	}
	at := func(east, north float64) geodesy.LatLng {
		azimuth := geodesy.Atan2(east, north) * 180 / math.Pi
		return geodesy.Direct(centre, azimuth, scale*geodesy.Hypot(east, north))
	}
	s := &scene{rules: Rules{Minima: conflict.Minima{LateralMM: int64(50e3 * scale), VerticalMM: int64(30e3)}}}
	// fly draws a flight over the middle, about when the plan is there.
	fly := func(id string, n int) *volume.Entity {
		azimuth := 360 * r.Float64()
		var w []volume.Waypoint
		speed := 8 + 15*r.Float64()
		when := morning + r.Int64N(80*second)
		x, y := 0.0, 0.0
		for i := range n {
			sin, cos := geodesy.SincosDeg(azimuth + 40*r.Float64() - 20)
			far := 2000*float64(i)/float64(n-1) - 1000
			px, py := far*sin+60*r.Float64(), far*cos+60*r.Float64()
			if i > 0 {
				when += int64(geodesy.Hypot(px-x, py-y) / speed * 1e9)
			}
			x, y = px, py
			w = append(w, volume.Waypoint{At: at(x, y), AltMM: 100_000 + r.Int64N(30)*1000, TimeNS: when})
			if r.IntN(2) == 0 && i > 0 {
				w[i].AltMM = w[i-1].AltMM
			}
		}
		tr, err := volume.NewTrajectory(w, volume.Buffers{LateralMM: int64(5e3 * scale), VerticalMM: 5e3, TimeNS: r.Int64N(2) * second})
		if err != nil {
			t.Fatal(err)
		}
		return &volume.Entity{ID: id, Trajectories: []*volume.Trajectory{tr}}
	}
	s.own = fly("OWN", 2+r.IntN(3))
	for i := range 1 + r.IntN(5) {
		id := fmt.Sprintf("O-%d", i)
		if r.IntN(2) == 0 {
			s.others = append(s.others, fly(id, 2+r.IntN(2)))
			continue
		}
		middle := [2]float64{800*r.Float64() - 400, 800*r.Float64() - 400}
		ring := []geodesy.LatLng{at(middle[0], middle[1])}
		foot, err := volume.NewCircle(ring[0], int64((20+150*r.Float64())*1000*scale))
		if r.IntN(2) == 0 {
			for range 2 {
				ring = append(ring, at(middle[0]+300*r.Float64()-150, middle[1]+300*r.Float64()-150))
			}
			foot, err = volume.NewPolygon(ring)
		}
		if err != nil {
			t.Fatal(err)
		}
		v := volume.Volume4D{Footprint: foot, Band: volume.Band{LowerMM: 0, UpperMM: 90_000 + r.Int64N(60)*1000}}
		v.Window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
		if r.IntN(3) == 0 {
			v.Window.StartNS = morning + r.Int64N(100*second)
			v.Window.EndNS = v.Window.StartNS + 20*second + r.Int64N(100*second)
		}
		s.others = append(s.others, &volume.Entity{ID: id, Kind: volume.Kind(r.IntN(2)), Type: "no_entry", Volumes: []volume.Volume4D{v}})
	}
	s.q = Query{Weights: DefaultWeights(), Limits: Limits{
		LaterNS: (10 + r.Int64N(60)) * second, EarlierNS: r.Int64N(2) * 20 * second,
		UpMM: 120_000, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM,
		DetourMM: int64(300e3 * scale),
	}}
	if r.IntN(2) == 0 {
		s.q.Vehicle.CanStop = true
	} else {
		s.q.Vehicle.TurnRadiusMM = int64((10 + 140*r.Float64()*r.Float64()) * 1000 * scale)
	}
	if r.IntN(2) == 0 {
		s.q.Vehicle.ClimbMMPS, s.q.Vehicle.DescentMMPS = 4000, 3000
		s.q.Limits.DownMM = 40_000
	}
	if r.IntN(4) == 0 {
		s.q.Vehicle.MaxSpeedMMPS = int64(12e3 * scale)
	}
	if r.IntN(4) == 0 {
		s.q.Vehicle.EnduranceNS = s.own.Trajectories[0].Window().EndNS - s.own.Trajectories[0].Window().StartNS + 20*second
	}
	return s
}

// checkFlown verifies that a re-route is what the query allows, from its points
// alone, and returns its cost.
func checkFlown(t *testing.T, s *scene, r *Rerouted) float64 {
	t.Helper()
	for _, o := range s.others {
		if hit, err := conflict.Decide(r.Entity, o, s.rules.Minima); hit || err != nil {
			t.Fatalf("in conflict with %s: %v", o.ID, err)
		}
	}
	points, old := r.Change.Paths[0].Points, s.own.Trajectories[0].Waypoints()
	now := r.Entity.Trajectories[0].Waypoints()
	if len(now) != len(points) {
		t.Fatalf("%d points, %d waypoints", len(points), len(now))
	}
	v, l := &s.q.Vehicle, &s.q.Limits
	declared := func(i int) bool {
		return points[i].Kept && points[i+1].Kept && points[i+1].After == points[i].After+1
	}
	next, length, lift, level := 0, 0.0, 0.0, 0.0
	var used float64
	for i, p := range points {
		if p.Kept && p.After == next {
			if p.LiftMM != 0 || now[i].At != old[next].At || now[i].AltMM != old[next].AltMM {
				t.Fatalf("waypoint %d moved: %+v", next, p)
			}
			next++
		}
		was := level
		level = 0
		if !p.Kept {
			a, b := old[p.After], old[p.After+1]
			if low, high := min(a.AltMM, b.AltMM), max(a.AltMM, b.AltMM); now[i].AltMM < low-l.DownMM || now[i].AltMM > high+l.UpMM {
				t.Fatalf("altitude %d beside %d to %d", now[i].AltMM, low, high)
			}
			along, azimuth, _ := geodesy.Inverse(a.At, p.At)
			whole, straight, _ := geodesy.Inverse(a.At, b.At)
			_, c := geodesy.SincosDeg(azimuth - straight)
			level = float64(now[i].AltMM-a.AltMM)/1000 - max(0, min(1, along*c/whole))*float64(b.AltMM-a.AltMM)/1000
		}
		if i == 0 {
			continue
		}
		lengthM, _, _ := geodesy.Inverse(now[i-1].At, now[i].At)
		takes := float64(now[i].TimeNS-now[i-1].TimeNS) / 1e9
		length += lengthM
		lift += lengthM * math.Abs(level+was) / 2
		leg := points[i-1].After
		rise := float64(now[i].AltMM - now[i-1].AltMM)
		if lengthM == 0 {
			if !v.CanStop {
				t.Fatalf("a craft that cannot stop waits for %g s", takes)
			}
			continue
		}
		whole, _, _ := geodesy.Inverse(old[leg].At, old[leg+1].At)
		was2 := float64(old[leg+1].TimeNS-old[leg].TimeNS) / 1e9
		want := lengthM * was2 / whole
		if v.MaxSpeedMMPS > 0 && !declared(i-1) {
			want = max(want, lengthM*1000/float64(v.MaxSpeedMMPS))
		}
		if takes < want-1e-6 || takes > want+0.00101 {
			t.Fatalf("%g m in %g s, expected %g s", lengthM, takes, want)
		}
		own := float64(old[leg+1].AltMM-old[leg].AltMM) / was2
		if rise > max(float64(v.ClimbMMPS), own)*takes+3 || -rise > max(float64(v.DescentMMPS), -own)*takes+3 {
			t.Fatalf("%g mm in %g s", rise, takes)
		}
		if v.TurnRadiusMM > 0 && i+1 < len(now) {
			// The turn at the end of this leg, and what the one before has used.
			_, _, arrives := geodesy.Inverse(now[i-1].At, now[i].At)
			ahead, on, _ := geodesy.Inverse(now[i].At, now[i+1].At)
			half := math.Abs(math.Remainder(on-arrives, 360)) / 2 * math.Pi / 180
			room := float64(v.TurnRadiusMM) / 1000 * math.Tan(half)
			if !(declared(i-1) && declared(i)) && (room > lengthM-used+0.01 || room > ahead+0.01) {
				t.Fatalf("a turn of %g degrees takes %g m, %g and %g m are there", half*360/math.Pi, room, lengthM-used, ahead)
			}
			used = min(room, ahead)
		}
	}
	if next != len(old) {
		t.Fatalf("%d waypoints of %d are kept", next, len(old))
	}
	total := 0.0
	for i := range old[1:] {
		d, _, _ := geodesy.Inverse(old[i].At, old[i+1].At)
		total += d
	}
	first, last, due := now[0].TimeNS, now[len(now)-1].TimeNS, old[len(old)-1].TimeNS
	if length > total+float64(l.DetourMM)/1000+0.01 {
		t.Fatalf("%g m flown, %g declared", length, total)
	}
	if v.EnduranceNS > 0 && last-first > v.EnduranceNS {
		t.Fatalf("aloft for %d", last-first)
	}
	if last > due+l.LaterNS {
		t.Fatalf("arrives at %d, declared %d", last, due)
	}
	if first < old[0].TimeNS-l.EarlierNS || first > old[0].TimeNS+l.LaterNS {
		t.Fatalf("start at %d, declared %d", first, old[0].TimeNS)
	}
	off := float64(last-due) / 1e9
	return max(s.q.Weights.Later*off, -s.q.Weights.Earlier*off) + s.q.Weights.Detour*(length-total) + s.q.Weights.Lift*lift/total
}

// Every re-route is clear by the decision, and obeys every bound of the query.
// What is far away makes no difference, nor does the order of the others.
func TestReroutesCanBeFlown(t *testing.T) {
	r := rand.New(rand.NewPCG(44, 7))
	blocked, found, waits, levels := 0, 0, 0, 0
	for range 300 {
		s := drawScene(t, r)
		around, err := NewSurroundings(s.others, s.rules)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := around.clear(s.own); ok || err != nil {
			continue
		}
		blocked++
		got, err := around.Reroute(&Plan{Entity: s.own}, &s.q)
		if err != nil && !errors.Is(err, ErrNoPath) {
			t.Fatal(err)
		}
		if got == nil {
			continue
		}
		found++
		if cost := checkFlown(t, s, got); math.Abs(cost-got.CostS) > 1e-3 {
			t.Fatalf("said %g, flown %g: %+v", got.CostS, cost, got.Change)
		}
		points := got.Change.Paths[0].Points
		for i, p := range points {
			if i > 0 && p.At == points[i-1].At && p.Kept == points[i-1].Kept && p.After == points[i-1].After {
				waits++
			}
			if !p.Kept {
				w := s.own.Trajectories[0].Waypoints()
				rise := w[p.After+1].AltMM - w[p.After].AltMM
				if p.LiftMM < min(0, rise) || p.LiftMM > max(0, rise) {
					levels++
				}
			}
		}
		if found%4 > 0 {
			continue
		}
		far := drawScene(t, r).others
		for i := range far {
			far[i].ID = fmt.Sprintf("FAR-%d", i)
		}
		all := append(far, s.others...)
		slices.Reverse(all)
		if around, err = NewSurroundings(all, s.rules); err != nil {
			t.Fatal(err)
		}
		again, err := around.Reroute(&Plan{Entity: s.own}, &s.q)
		if err != nil || !reflect.DeepEqual(again.Change, got.Change) {
			t.Fatalf("found %+v with others far away, else %+v (%v)", again, got, err)
		}
	}
	if found < blocked/2 || found < 100 || waits == 0 || levels == 0 {
		t.Errorf("%d blocked, %d found, %d waits, %d levels: expected more", blocked, found, waits, levels)
	}
}
