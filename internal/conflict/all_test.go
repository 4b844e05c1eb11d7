package conflict_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/deconflict/deconflict/internal/bench"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// mixedSet returns flights, circles, polygons and constraints around a place,
// crowded enough to conflict.
func mixedSet(t testing.TB, seed uint64, lat, lng float64, n int) []*volume.Entity {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	flights, err := bench.Flights(bench.FlightOptions{Seed: seed, Plans: n, Legs: 6, SideM: 6000, CeilingMM: 120_000, HorizonS: 1800})
	if err != nil {
		t.Fatal(err)
	}
	home, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	const day = 1_900_000_000_000_000_000
	for i := range n {
		c := geodesy.Direct(home, 360*rng.Float64(), 5000*rng.Float64())
		var f *volume.Footprint
		switch i % 3 {
		case 0:
			f, err = volume.NewCircle(c, 20_000+rng.Int64N(400_000))
		case 1:
			f, err = volume.NewPolygon([]geodesy.LatLng{c, geodesy.Direct(c, 80, 700*rng.Float64()+1), geodesy.Direct(c, 170, 900*rng.Float64()+1)})
		case 2:
			f, err = volume.NewCorridor([]geodesy.LatLng{c, geodesy.Direct(c, 360*rng.Float64(), 1+3000*rng.Float64())}, 30_000)
		}
		if err != nil {
			t.Fatal(err)
		}
		start := int64(day + rng.Int64N(1800e9))
		e := &volume.Entity{ID: fmt.Sprintf("V%04d", i), Volumes: []volume.Volume4D{{
			Footprint: f, Band: volume.Band{LowerMM: rng.Int64N(60_000), UpperMM: 60_001 + rng.Int64N(60_000)},
			Window: volume.Window{StartNS: start, EndNS: start + 1 + rng.Int64N(900e9)},
		}}}
		if i%5 == 0 {
			e.Kind = volume.Constraint
		}
		flights = append(flights, e)
	}
	return flights
}

// TestAllFindsWhatEveryPairSays compares All with a loop over all pairs.
func TestAllFindsWhatEveryPairSays(t *testing.T) {
	for _, place := range [][2]float64{{52.02, 8.02}, {-75, 179.98}, {89.98, 10}, {0.01, -179.99}} {
		for _, m := range []conflict.Minima{
			{LateralMM: 30_000, VerticalMM: 10_000},
			{LateralMM: 200_000, VerticalMM: 20_000, TimeNS: 30e9},
			{},
		} {
			set := mixedSet(t, uint64(m.LateralMM)+1, place[0], place[1], 90)
			if m.LateralMM == 0 {
				set = set[80:]
			}
			got, err := conflict.All(context.Background(), set, conflict.Options{Minima: m, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]conflict.Verdict{}
			pairs := 0
			for i, a := range set {
				for _, b := range set[:i] {
					if a.Kind == volume.Constraint && b.Kind == volume.Constraint {
						continue
					}
					pairs++
					v, err := conflict.Judge(a, b, m)
					if err != nil {
						t.Fatal(err)
					}
					if v.Conflict {
						want[v.A.ID+" "+v.B.ID] = v
					}
				}
			}
			if len(want) < 10 {
				t.Fatalf("only %d conflicts at %v under %+v: the test proves little", len(want), place, m)
			}
			if got.Pairs != pairs || got.Candidates < len(want) {
				t.Errorf("%d pairs and %d candidates, want %d and at least %d", got.Pairs, got.Candidates, pairs, len(want))
			}
			if len(got.Verdicts) != len(want) {
				t.Errorf("%d conflicts at %v, want %d", len(got.Verdicts), place, len(want))
			}
			for i, v := range got.Verdicts {
				w, ok := want[v.A.ID+" "+v.B.ID]
				if !ok || !reflect.DeepEqual(v, w) {
					t.Errorf("verdict %s %s differs from Judge", v.A.ID, v.B.ID)
				}
				if i > 0 && got.Verdicts[i-1].A.ID > v.A.ID {
					t.Error("verdicts are not in order")
				}
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			o := bench.DefaultFlights()
			o.Plans = n
			set, err := bench.Flights(o)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				r, err := conflict.All(context.Background(), set, conflict.Options{Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000}})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(r.Candidates), "candidates")
				b.ReportMetric(float64(len(r.Verdicts)), "conflicts")
			}
		})
	}
}

// TestAgainst holds which pairs are compared: not two constraints, and not two
// of those that the others are compared against.
func TestAgainst(t *testing.T) {
	set := mixedSet(t, 3, 52.02, 8.02, 60)
	m := conflict.Minima{LateralMM: 200_000, VerticalMM: 50_000, TimeNS: 100e9}
	against := func(e *volume.Entity) bool { return e.ID[len(e.ID)-1]%2 == 0 }
	got, err := conflict.All(context.Background(), set, conflict.Options{Minima: m, Against: against})
	if err != nil {
		t.Fatal(err)
	}
	all, err := conflict.All(context.Background(), set, conflict.Options{Minima: m})
	if err != nil {
		t.Fatal(err)
	}
	pairs := 0
	excluded := map[string]bool{}
	for i, a := range set {
		for _, b := range set[:i] {
			switch {
			case a.Kind == volume.Constraint && b.Kind == volume.Constraint:
			case against(a) && against(b):
				excluded[min(a.ID, b.ID)+" "+max(a.ID, b.ID)] = true
			default:
				pairs++
			}
		}
	}
	if got.Pairs != pairs {
		t.Errorf("%d pairs, want %d", got.Pairs, pairs)
	}
	want := 0
	for _, v := range all.Verdicts {
		if !excluded[v.A.ID+" "+v.B.ID] {
			want++
		}
	}
	if len(got.Verdicts) != want || want == len(all.Verdicts) || want == 0 {
		t.Errorf("%d conflicts, want %d of %d", len(got.Verdicts), want, len(all.Verdicts))
	}
}

// TestResultDigests holds that the digests of a whole comparison do not depend
// on order or workers, and change with every input.
func TestResultDigests(t *testing.T) {
	all := func(set []*volume.Entity, o conflict.Options) conflict.Result {
		t.Helper()
		r, err := conflict.All(context.Background(), set, o)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	o := conflict.Options{Minima: conflict.Minima{LateralMM: 30_000, VerticalMM: 10_000}}
	set := mixedSet(t, 9, 52.02, 8.02, 40)
	first := all(set, o)
	turned := append(append([]*volume.Entity(nil), set[20:]...), set[:20]...)
	o.Workers = 1
	if again := all(turned, o); again.InputsDigest != first.InputsDigest || again.Digest != first.Digest {
		t.Error("the order of the set or the workers change a digest")
	}
	zone := o
	zone.Constraints = &conflict.Minima{LateralMM: 1}
	against := o
	against.Against = func(e *volume.Entity) bool { return e.ID == "V0001" }
	for what, r := range map[string]conflict.Result{
		"one entity less": all(set[1:], o), "minima of constraints": all(set, zone), "an entity only compared against": all(set, against),
	} {
		if r.InputsDigest == first.InputsDigest || r.Digest == first.Digest {
			t.Errorf("%s: a digest did not change", what)
		}
	}
	set[3].Suppositions = []string{"start given"}
	if r := all(set, o); r.InputsDigest == first.InputsDigest {
		t.Error("a supposition does not change the digest of the inputs")
	}
}

// TestAllRefusesAlways holds that what cannot be judged is refused wherever it
// is, and always by the same error.
func TestAllRefusesAlways(t *testing.T) {
	set := mixedSet(t, 3, 52.02, 8.02, 40)
	for i := range 2 {
		far, err := geodesy.NewLatLng(-40+float64(i)*30, 100)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := volume.NewTrajectory([]volume.Waypoint{{At: far}, {At: geodesy.Direct(far, 0, 100), TimeNS: 1e9}}, volume.Buffers{VerticalMM: 1})
		if err != nil {
			t.Fatal(err)
		}
		set = append(set, &volume.Entity{ID: fmt.Sprintf("bare%d", i), Trajectories: []*volume.Trajectory{tr}})
	}
	want := ""
	for range 20 {
		_, err := conflict.All(context.Background(), set, conflict.Options{})
		var bad *conflict.InputError
		if !errors.As(err, &bad) || !errors.Is(err, conflict.ErrBare) {
			t.Fatalf("error %v, want %v", err, conflict.ErrBare)
		}
		if want == "" {
			want = bad.ID
		}
		if bad.ID != want || bad.ID != "bare0, bare1" {
			t.Fatalf("refused %s, want bare0, bare1", bad.ID)
		}
	}
	_, err := conflict.Prepare(&volume.Entity{ID: "a", Trajectories: []*volume.Trajectory{nil}})
	if err == nil {
		t.Error("an entity with a missing trajectory is accepted")
	}
}

// TestCandidatesCoverTheTolerance holds two long strips whose ends are 33 mm
// apart: within the tolerance of so long a pair, and so a conflict for All as
// for Judge.
func TestCandidatesCoverTheTolerance(t *testing.T) {
	strip := func(id string, west geodesy.LatLng) *volume.Entity {
		const n = 2400
		var ring []geodesy.LatLng
		for side := range 2 {
			for i := range n + 1 {
				k := i
				if side == 1 {
					k = n - i
				}
				p := geodesy.Direct(west, 90, float64(k)*113)
				ring = append(ring, geodesy.Direct(p, 0, float64(side)*10))
			}
		}
		f, err := volume.NewPolygon(ring)
		if err != nil {
			t.Fatal(err)
		}
		return &volume.Entity{ID: id, Volumes: []volume.Volume4D{{
			Footprint: f, Band: volume.Band{UpperMM: 1}, Window: volume.Window{EndNS: 1},
		}}}
	}
	west, err := geodesy.NewLatLng(0, 10)
	if err != nil {
		t.Fatal(err)
	}
	a := strip("a", west)
	b := strip("b", geodesy.Direct(west, 90, 2400*113+0.033))
	v, err := conflict.Judge(a, b, conflict.Minima{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := conflict.All(context.Background(), []*volume.Entity{a, b}, conflict.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !v.Conflict || !v.WithinTolerance || len(r.Verdicts) != 1 {
		t.Errorf("Judge: conflict %v, within tolerance %v; All: %d conflicts", v.Conflict, v.WithinTolerance, len(r.Verdicts))
	}
}
