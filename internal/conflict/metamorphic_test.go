package conflict_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/oracle"
	"github.com/deconflict/deconflict/internal/volume"
)

// The tests in this file change a pair in a way that must not change the answer,
// or must change it in a known way. The pairs are those of the oracle: all kinds,
// latitudes and sizes, half of them next to the decision boundary.

// eachPair calls check with n pairs of every cell and their verdict.
func eachPair(t *testing.T, n int, check func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict)) {
	t.Helper()
	for i, c := range oracle.Cells() {
		for k := range n {
			p := oracle.Generate(c, uint64(i%8+k))
			m := conflict.Minima{LateralMM: p.Need.LateralMM, VerticalMM: p.Need.VerticalMM, TimeNS: p.Need.TimeNS}
			v, err := conflict.Judge(p.A, p.B, m)
			if err != nil {
				t.Fatalf("%s: %v", &p, err)
			}
			check(&p, m, v)
		}
	}
}

// reshape returns a copy of an entity with every place and instant changed and
// the order of a polygon's vertices as order says.
func reshape(t *testing.T, e *volume.Entity, place func(geodesy.LatLng) geodesy.LatLng, shiftNS int64, order func([]geodesy.LatLng)) *volume.Entity {
	t.Helper()
	out := *e
	out.Volumes, out.Trajectories = nil, nil
	for _, v := range e.Volumes {
		at := slices.Clone(v.Footprint.Vertices())
		for i := range at {
			at[i] = place(at[i])
		}
		var err error
		switch v.Footprint.Shape() {
		case volume.Polygon:
			if order != nil {
				order(at)
			}
			v.Footprint, err = volume.NewPolygon(at)
		case volume.Circle:
			v.Footprint, err = volume.NewCircle(at[0], v.Footprint.RadiusMM())
		default:
			v.Footprint, err = volume.NewCorridor(at, v.Footprint.RadiusMM())
		}
		if err != nil {
			t.Fatal(err)
		}
		if v.Window.StartNS != volume.AlwaysNS {
			v.Window.StartNS += shiftNS
		}
		if v.Window.EndNS != volume.ForeverNS {
			v.Window.EndNS += shiftNS
		}
		out.Volumes = append(out.Volumes, v)
	}
	for _, u := range e.Trajectories {
		w := slices.Clone(u.Waypoints())
		for i := range w {
			w[i].At = place(w[i].At)
			w[i].TimeNS += shiftNS
		}
		tr, err := volume.NewTrajectoryOn(u.Datum(), w, u.Buffers())
		if err != nil {
			t.Fatal(err)
		}
		out.Trajectories = append(out.Trajectories, tr)
	}
	return &out
}

func stay(p geodesy.LatLng) geodesy.LatLng { return p }

// turn returns a rotation about the earth's axis by byE9 of 1e-9 degree.
func turn(byE9 int64) func(geodesy.LatLng) geodesy.LatLng {
	return func(p geodesy.LatLng) geodesy.LatLng {
		p.LngE9 = ((p.LngE9+byE9+180e9)%360e9+360e9)%360e9 - 180e9
		return p
	}
}

// judge is conflict.Judge for entities that must be valid.
func judge(t *testing.T, a, b *volume.Entity, m conflict.Minima) conflict.Verdict {
	t.Helper()
	v, err := conflict.Judge(a, b, m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sameGeometry reports where two verdicts differ by more than float64 makes when
// coordinates differ: decisions, instants by more than 1 ms, distances by more
// than 0.1 mm at spans up to 50 km, where they are stated that finely, and 1 cm
// beyond.
func sameGeometry(v, w *conflict.Verdict) error {
	if v.Conflict != w.Conflict {
		return fmt.Errorf("conflict %v becomes %v", v.Conflict, w.Conflict)
	}
	if v.WithinTolerance != w.WithinTolerance && v.LateralShortfallTenthMM > 2*v.ToleranceTenthMM {
		return fmt.Errorf("within tolerance %v becomes %v, %d short with a tolerance of %d tenths of a millimetre", v.WithinTolerance, w.WithinTolerance, v.LateralShortfallTenthMM, v.ToleranceTenthMM)
	}
	if abs(v.FromNS-w.FromNS) > 1e6 || abs(v.ToNS-w.ToNS) > 1e6 {
		return fmt.Errorf("window %d..%d becomes %d..%d", v.FromNS, v.ToNS, w.FromNS, w.ToNS)
	}
	if len(v.Parts) != len(w.Parts) {
		return fmt.Errorf("%d parts become %d", len(v.Parts), len(w.Parts))
	}
	if (v.MinHorizontal == nil) != (w.MinHorizontal == nil) || (v.MinVertical == nil) != (w.MinVertical == nil) {
		return fmt.Errorf("closest approaches %v, %v become %v, %v", v.MinHorizontal, v.MinVertical, w.MinHorizontal, w.MinVertical)
	}
	within := int64(1)
	if v.ToleranceTenthMM > 50 {
		within = 100
	}
	if v.MinHorizontal != nil && abs(v.MinHorizontal.HorizontalTenthMM-w.MinHorizontal.HorizontalTenthMM) > within {
		return fmt.Errorf("closest approach %+v becomes %+v", *v.MinHorizontal, *w.MinHorizontal)
	}
	if v.MinVertical != nil && abs(v.MinVertical.VerticalMM-w.MinVertical.VerticalMM) > 1 {
		return fmt.Errorf("least vertical gap %+v becomes %+v", *v.MinVertical, *w.MinVertical)
	}
	return nil
}

func abs(n int64) int64 { return max(n, -n) }

func TestTurnAboutTheAxis(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	eachPair(t, 2, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		by := turn(rng.Int64N(360e9))
		w := judge(t, reshape(t, p.A, by, 0, nil), reshape(t, p.B, by, 0, nil), m)
		if err := sameGeometry(&v, &w); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	})
}

// TestMirrorInTheEquator exchanges north and south.
func TestMirrorInTheEquator(t *testing.T) {
	mirror := func(p geodesy.LatLng) geodesy.LatLng { return geodesy.LatLng{LatE9: -p.LatE9, LngE9: p.LngE9} }
	eachPair(t, 1, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		w := judge(t, reshape(t, p.A, mirror, 0, nil), reshape(t, p.B, mirror, 0, nil), m)
		if err := sameGeometry(&v, &w); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	})
}

// TestShiftInTime expects the same verdict but for its instants.
func TestShiftInTime(t *testing.T) {
	const shift = -86_400_123_000_000
	eachPair(t, 2, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		w := judge(t, reshape(t, p.A, stay, shift, nil), reshape(t, p.B, stay, shift, nil), m)
		if v.Conflict {
			for _, ns := range []*int64{&w.FromNS, &w.ToNS} {
				*ns -= shift
			}
		}
		later := func(a *conflict.Approach) {
			if a != nil {
				a.TimeNS -= shift
				a.OtherNS -= shift
			}
		}
		later(w.MinHorizontal)
		later(w.MinVertical)
		for i := range w.Parts {
			w.Parts[i].FromNS -= shift
			w.Parts[i].ToNS -= shift
			later(&w.Parts[i].Closest)
		}
		w.InputsDigest, w.Digest = v.InputsDigest, v.Digest
		if forever(p.A) || forever(p.B) {
			return // a bound that does not move
		}
		if !reflect.DeepEqual(v, w) {
			t.Errorf("%s:\n%+v becomes\n%+v", p, v, w)
		}
	})
}

func forever(e *volume.Entity) bool {
	return slices.ContainsFunc(e.Volumes, func(v volume.Volume4D) bool {
		return v.Window.StartNS == volume.AlwaysNS || v.Window.EndNS == volume.ForeverNS
	})
}

// endless tells whether some volume has no bound in time or height.
func endless(e *volume.Entity) bool {
	return forever(e) || slices.ContainsFunc(e.Volumes, func(v volume.Volume4D) bool {
		return v.Band.LowerMM == volume.NoFloorMM || v.Band.UpperMM == volume.NoCeilingMM
	})
}

// TestSwap expects the very same verdict, digests included.
func TestSwap(t *testing.T) {
	eachPair(t, 2, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		if w := judge(t, p.B, p.A, m); !reflect.DeepEqual(v, w) {
			t.Errorf("%s:\n%+v becomes\n%+v", p, v, w)
		}
	})
}

// TestRename exchanges which of the two is A. The answer has its sides
// exchanged.
func TestRename(t *testing.T) {
	eachPair(t, 1, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		a, b := *p.A, *p.B
		a.ID, b.ID = b.ID, a.ID
		w := judge(t, &a, &b, m)
		if err := sameGeometry(&v, &w); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	})
}

// TestOrderOfVertices turns polygons inside out and begins them elsewhere.
func TestOrderOfVertices(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	order := func(at []geodesy.LatLng) {
		n := 1 + rng.IntN(len(at)-1)
		rolled := slices.Concat(at[n:], at[:n])
		if rng.IntN(2) == 0 {
			slices.Reverse(rolled)
		}
		copy(at, rolled)
	}
	eachPair(t, 2, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		if p.Cell.A != oracle.Polygon {
			return
		}
		w := judge(t, reshape(t, p.A, stay, 0, order), reshape(t, p.B, stay, 0, order), m)
		if err := sameGeometry(&v, &w); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	})
}

// TestSplitLeg splits a leg of every flight in two at an instant at which its
// height is a whole number of millimetres. The new waypoint is rounded to 1e-9
// degree, so the answer may change by what 0.3 mm of separation change it.
func TestSplitLeg(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	split := 0
	eachPair(t, 3, func(p *oracle.Pair, m conflict.Minima, v conflict.Verdict) {
		if m.LateralMM < 2 || m.LateralMM == volume.MaxBufferMM {
			return
		}
		a, okA := splitLeg(t, rng, p.A)
		b, okB := splitLeg(t, rng, p.B)
		if !okA && !okB {
			return
		}
		split++
		w := judge(t, a, b, m)
		less, more := m, m
		less.LateralMM--
		more.LateralMM++
		tight, wide := judge(t, p.A, p.B, less), judge(t, p.A, p.B, more)
		if w.Conflict && !wide.Conflict || !w.Conflict && tight.Conflict {
			t.Errorf("%s: conflict %v becomes %v", p, v.Conflict, w.Conflict)
		}
		if w.Conflict && wide.Conflict && (w.FromNS < wide.FromNS-2e6 || w.ToNS > wide.ToNS+2e6) ||
			tight.Conflict && w.Conflict && (w.FromNS > tight.FromNS+2e6 || w.ToNS < tight.ToNS-2e6) {
			t.Errorf("%s: window %d..%d becomes %d..%d", p, v.FromNS, v.ToNS, w.FromNS, w.ToNS)
		}
		if (v.MinHorizontal == nil) != (w.MinHorizontal == nil) {
			t.Errorf("%s: closest approach %v becomes %v", p, v.MinHorizontal, w.MinHorizontal)
		} else if v.MinHorizontal != nil && abs(v.MinHorizontal.HorizontalTenthMM-w.MinHorizontal.HorizontalTenthMM) > 100 {
			t.Errorf("%s: closest approach %+v becomes %+v", p, v.MinHorizontal, w.MinHorizontal)
		}
	})
	if split < 200 {
		t.Errorf("only %d pairs had a leg that could be split", split)
	}
}

func splitLeg(t *testing.T, rng *rand.Rand, e *volume.Entity) (*volume.Entity, bool) {
	if len(e.Trajectories) == 0 {
		return e, false
	}
	u := e.Trajectories[0]
	w := u.Waypoints()
	i := rng.IntN(len(w) - 1)
	p, q := w[i], w[i+1]
	// Parts of the leg in which time and both heights are whole numbers.
	n := gcd(gcd(q.TimeNS-p.TimeNS, q.AltMM-p.AltMM), q.SeaMM-p.SeaMM)
	if n < 2 {
		return e, false
	}
	k := 1 + rng.Int64N(n-1)
	at := volume.Waypoint{
		At: p.At, AltMM: p.AltMM + (q.AltMM-p.AltMM)/n*k, SeaMM: p.SeaMM + (q.SeaMM-p.SeaMM)/n*k,
		TimeNS: p.TimeNS + (q.TimeNS-p.TimeNS)/n*k,
	}
	if p.At != q.At {
		l := geodesy.LineBetween(p.At, q.At)
		at.At = l.LatLng(l.DistanceM() * float64(k) / float64(n))
	}
	tr, err := volume.NewTrajectoryOn(u.Datum(), slices.Insert(slices.Clone(w), i+1, at), u.Buffers())
	if err != nil {
		t.Fatal(err)
	}
	out := *e
	out.Trajectories = []*volume.Trajectory{tr}
	return &out, true
}

func gcd(a, b int64) int64 {
	a, b = abs(a), abs(b)
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// crowd returns the entities of pairs of one decade in one band, all brought to
// one longitude so that they meet.
func crowd(t *testing.T, band oracle.Band, decade int, n int) []*volume.Entity {
	t.Helper()
	var out []*volume.Entity
	for _, c := range oracle.Cells() {
		if c.Band != band || c.Decade != decade {
			continue
		}
		for k := range n {
			p := oracle.Generate(c, uint64(k))
			for i, e := range []*volume.Entity{p.A, p.B} {
				lng := int64(0)
				switch {
				case len(e.Volumes) > 0:
					lng = e.Volumes[0].Footprint.Vertices()[0].LngE9
				default:
					lng = e.Trajectories[0].Waypoints()[0].At.LngE9
				}
				home := int64(179.9e9) // near the antimeridian, to meet across it
				e = reshape(t, e, turn(home-lng), 0, nil)
				e.ID = fmt.Sprintf("%s-%d-%d", c, k, i)
				out = append(out, e)
			}
		}
	}
	return out
}

// TestOrderOfTheSet compares a crowd in any order, by any number of workers.
func TestOrderOfTheSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	set := crowd(t, oracle.North85, 5, 3)
	first := all(t, set, 1)
	if len(first.Verdicts) < 50 {
		t.Fatalf("%d conflicts prove little", len(first.Verdicts))
	}
	for workers := 1; workers <= 4; workers++ {
		rng.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
		if again := all(t, set, workers); !reflect.DeepEqual(first, again) {
			t.Errorf("%d workers, another order: %d conflicts of %d candidates become %d of %d", workers,
				len(first.Verdicts), first.Candidates, len(again.Verdicts), again.Candidates)
		}
	}
}

func all(t *testing.T, set []*volume.Entity, workers int) conflict.Result {
	t.Helper()
	r, err := conflict.All(context.Background(), set, conflict.Options{Minima: crowdMinima, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var crowdMinima = conflict.Minima{LateralMM: 1_000_000, VerticalMM: 30_000, TimeNS: 10e9}

// TestAllMissesNothing compares All with every pair of crowds of all latitudes
// and sizes, over poles and the antimeridian: boxes must hold what they stand
// for.
func TestAllMissesNothing(t *testing.T) {
	total := 0
	for _, band := range []oracle.Band{oracle.Equator, oracle.North52, oracle.North85, oracle.Pole} {
		for decade := 1; decade < oracle.Decades; decade++ {
			set := crowd(t, band, decade, 2)
			found := map[[2]string]bool{}
			for _, v := range all(t, set, 2).Verdicts {
				found[[2]string{v.A.ID, v.B.ID}] = true
			}
			total += len(found)
			for i, a := range set {
				for _, b := range set[:i] {
					d, err := conflict.Decide(a, b, crowdMinima)
					if err != nil {
						t.Fatal(err)
					}
					ids := [2]string{min(a.ID, b.ID), max(a.ID, b.ID)}
					if d != found[ids] {
						t.Errorf("%v: All says %v, Decide %v", ids, found[ids], d)
					}
				}
			}
		}
	}
	if total < 300 {
		t.Errorf("%d conflicts prove little", total)
	}
}

// TestAllLooksInsideRings holds small circles anywhere inside rings around a
// pole, over the antimeridian and elsewhere to be found.
func TestAllLooksInsideRings(t *testing.T) {
	for _, home := range []geodesy.LatLng{{LatE9: 90e9}, {LatE9: -90e9, LngE9: 77e9}, {LatE9: 89.99e9, LngE9: 12e9}, {LatE9: -60e9, LngE9: -180e9}, {}} {
		for decade := 2; decade < oracle.Decades; decade++ {
			size := math.Pow(10, float64(decade))
			ring := make([]geodesy.LatLng, 7)
			for i := range ring {
				ring[i] = geodesy.Direct(home, 360*float64(i)/float64(len(ring)), size)
			}
			f, err := volume.NewPolygon(ring)
			if err != nil {
				t.Fatal(err)
			}
			set := []*volume.Entity{still("ring", f)}
			for k := range 20 {
				f, err := volume.NewCircle(geodesy.Direct(home, 18*float64(k), 0.04*float64(k)*size), 1)
				if err != nil {
					t.Fatal(err)
				}
				set = append(set, still(fmt.Sprint(k), f))
			}
			r, err := conflict.All(context.Background(), set, conflict.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Verdicts) != 20 {
				t.Errorf("%v, %g m: %d of 20 circles found in the ring", home, size, len(r.Verdicts))
			}
		}
	}
}

// still returns an entity of one volume from 0 to 100 mm for a second.
func still(id string, f *volume.Footprint) *volume.Entity {
	return &volume.Entity{ID: id, Volumes: []volume.Volume4D{{
		Footprint: f, Band: volume.Band{UpperMM: 100}, Window: volume.Window{EndNS: 1e9},
	}}}
}

// TestFarTraffic adds entities on the other side of the earth, far above and
// long after, and expects the same verdicts.
func TestFarTraffic(t *testing.T) {
	set := slices.DeleteFunc(crowd(t, oracle.North52, 3, 3), endless)
	first := all(t, set, 2)
	if len(first.Verdicts) < 20 {
		t.Fatalf("%d conflicts prove little", len(first.Verdicts))
	}
	crowded := slices.Clone(set)
	for i, e := range set[:len(set)/2] {
		away := reshape(t, e, func(p geodesy.LatLng) geodesy.LatLng {
			return turn(180e9)(geodesy.LatLng{LatE9: -p.LatE9, LngE9: p.LngE9})
		}, 0, nil)
		later := reshape(t, e, stay, 30*86_400e9, nil)
		higher := *e
		higher.Volumes = slices.Clone(e.Volumes)
		for k := range higher.Volumes {
			b := &higher.Volumes[k]
			b.Band = volume.Band{LowerMM: b.Band.LowerMM + 1e8, UpperMM: b.Band.UpperMM + 1e8}
			b.Datum = volume.Datum{}
		}
		for k, x := range []*volume.Entity{away, later, &higher} {
			if k == 2 && len(x.Volumes) == 0 {
				continue
			}
			x.ID = fmt.Sprintf("%s far %d %d", e.ID, i, k)
			x.Kind = volume.Constraint // so that they count against the others alone
			crowded = append(crowded, x)
		}
	}
	if again := all(t, crowded, 2); !reflect.DeepEqual(first.Verdicts, again.Verdicts) {
		t.Errorf("%d conflicts become %d", len(first.Verdicts), len(again.Verdicts))
	}
}

// TestNeighbours holds areas that share an edge, a part of one or a corner clear
// of each other, and areas that share a boundary but overlap in conflict, at any
// latitude and size.
func TestNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for decade := range oracle.Decades {
		for _, lat := range []float64{0, 30, -52, 70, 85, 89.9} {
			size := math.Pow(10, float64(decade))
			lng := rng.Float64()*360 - 180
			if decade%2 == 0 {
				lng = 180
			}
			home, err := geodesy.NewLatLng(lat, lng)
			if err != nil {
				t.Fatal(err)
			}
			at := func(azi, d float64) geodesy.LatLng { return geodesy.Direct(home, azi, d*size) }
			// p and q have an edge in common; the rest lies on either side.
			p, q := at(20, 1), at(200, 1)
			left, right, beyond := at(290, 1), at(110, 1.3), at(20, 1.8)
			inner := at(290, 0.4)
			for _, c := range []struct {
				name     string
				a, b     []geodesy.LatLng
				conflict bool
			}{
				{"a common edge", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{q, p, right}, false},
				{"a common edge, both the same way round", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{p, q, right}, false},
				{"a common corner", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{p, beyond, at(60, 1.6)}, false},
				{"the same area", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{left, p, q}, true},
				{"one within the other, on a common edge", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{q, inner, p}, true},
				{"one within the other, at a common corner", []geodesy.LatLng{p, q, left}, []geodesy.LatLng{p, inner, at(290, 0.5)}, true},
				{"a notch filled exactly", []geodesy.LatLng{left, p, inner, q}, []geodesy.LatLng{p, right, q, inner}, false},
			} {
				f, err := volume.NewPolygon(c.a)
				if err != nil {
					t.Fatalf("%s, %v, %g m: %v", c.name, home, size, err)
				}
				g, err := volume.NewPolygon(c.b)
				if err != nil {
					t.Fatalf("%s, %v, %g m: %v", c.name, home, size, err)
				}
				a, b := still("a", f), still("b", g)
				v := judge(t, a, b, conflict.Minima{})
				d, err := conflict.Decide(a, b, conflict.Minima{})
				if v.Conflict != c.conflict || v.WithinTolerance || d != v.Conflict || err != nil {
					t.Errorf("%s, %v, %g m: conflict %v, within tolerance %v, Decide %v, %v, want %v", c.name, home, size, v.Conflict, v.WithinTolerance, d, err, c.conflict)
				}
			}
		}
	}
}
