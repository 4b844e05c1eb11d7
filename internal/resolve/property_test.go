package resolve

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// eachWorld runs a property on worlds.
func eachWorld(t *testing.T, usual int, check func(w *world, a *Answer)) {
	t.Helper()
	first, n := worldsToTry(t, usual)
	conflicts := 0
	for seed := first; seed < first+n && !t.Failed(); seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		if len(a.Conflicts) > 0 {
			conflicts++
		}
		check(w, a)
	}
	if !t.Failed() && conflicts < int(n)/3 {
		t.Errorf("only %d of %d plans in conflict: the test tries too little", conflicts, n)
	}
}

// TestFarTrafficChangesNothing adds what is a month later or 1,000 km higher:
// the answer is the same to the last byte.
func TestFarTrafficChangesNothing(t *testing.T) {
	t.Parallel()
	added := 0
	eachWorld(t, 200, func(w *world, a *Answer) {
		if slices.ContainsFunc(w.plan.Volumes, func(v volume.Volume4D) bool { return lacksBound(&v) }) {
			return // nothing is far
		}
		for i, e := range slices.Clone(w.others) {
			c := volume.Change{DelayNS: 30 * 24 * 3600 * 1e9}
			if i%2 == 0 {
				c = volume.Change{LiftMM: 100_000_000}
			}
			far, err := c.Apply(e)
			if err != nil || slices.ContainsFunc(e.Volumes, func(v volume.Volume4D) bool {
				return lacksBound(&v)
			}) {
				continue
			}
			far.ID = "far" + e.ID
			added++
			w.others = append(w.others, far)
		}
		if got := w.ask(t); !reflect.DeepEqual(got, a) {
			t.Errorf("seed %d: with far traffic %+v, without %+v", w.seed, got, a)
		}
	})
	t.Logf("%d far entities", added)
}

// lacksBound tells whether a volume has no start, end, floor or ceiling.
func lacksBound(v *volume.Volume4D) bool {
	return v.Window.StartNS == volume.AlwaysNS || v.Window.EndNS == volume.ForeverNS ||
		v.Band.LowerMM == volume.NoFloorMM || v.Band.UpperMM == volume.NoCeilingMM
}

// TestOrderDoesNotMatter shuffles what a plan must fit into.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	eachWorld(t, 200, func(w *world, a *Answer) {
		w.Shuffle(len(w.others), func(i, j int) { w.others[i], w.others[j] = w.others[j], w.others[i] })
		if got := w.ask(t); !reflect.DeepEqual(got, a) {
			t.Errorf("seed %d: in another order %+v, was %+v", w.seed, got, a)
		}
	})
}

// TestManyAtOnce asks the same from eight goroutines of one Surroundings.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, 60, func(w *world, a *Answer) {
		s, err := NewSurroundings(w.others, w.rules)
		if err != nil {
			t.Fatal(err)
		}
		var all [8]*Answer
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() { all[i], _ = s.Options(Plan{Entity: w.plan}, w.query) })
		}
		group.Wait()
		for _, got := range all {
			if !reflect.DeepEqual(got, a) {
				t.Errorf("seed %d: at once %+v, alone %+v", w.seed, got, a)
			}
		}
	})
}

// TestLaterDay moves everything by a day and an odd time: the same changes at
// the same cost.
func TestLaterDay(t *testing.T) {
	t.Parallel()
	eachWorld(t, 200, func(w *world, a *Answer) {
		const day = 86_400e9 + 123_456_789
		if slices.ContainsFunc(w.plan.Volumes, func(v volume.Volume4D) bool { return v.Window.StartNS == volume.AlwaysNS }) {
			return
		}
		later := volume.Change{DelayNS: day}
		w.plan = w.apply(t, later)
		for i, e := range w.others {
			moved, err := later.Apply(e)
			if err != nil {
				t.Fatal(err)
			}
			w.others[i] = moved
		}
		got := w.ask(t)
		if x, y := pricesOf(got), pricesOf(a); !reflect.DeepEqual(x, y) {
			t.Errorf("seed %d: a day later %+v, was %+v", w.seed, x, y)
		}
		for i := range got.Windows {
			got.Windows[i].FromNS -= day
			got.Windows[i].ToNS -= day
		}
		if !slices.Equal(got.Windows, a.Windows) {
			t.Errorf("seed %d: windows a day later %v, were %v", w.seed, got.Windows, a.Windows)
		}
	})
}

// priced is an option without what names things.
type priced struct {
	Kind   Kind
	Change volume.Change
	CostMS int64
}

func pricesOf(a *Answer) (out []priced) {
	for i := range a.Options {
		o := &a.Options[i]
		out = append(out, priced{o.Kind, o.Change, o.CostMS})
	}
	return out
}

// TestNamesDoNotMatter gives everything other ids, so that pairs are decided the
// other way round: amounts differ by less than the proof.
func TestNamesDoNotMatter(t *testing.T) {
	t.Parallel()
	eachWorld(t, 200, func(w *world, a *Answer) {
		for i, e := range w.others {
			renamed := *e
			renamed.ID = string([]byte{'a' + 'q' - e.ID[0]}) + e.ID[1:]
			w.others[i] = &renamed
		}
		got := w.ask(t)
		for _, d := range dimensions {
			w.compare(t, d, "renamed", leastOf(a, d.kind), leastOf(got, d.kind), true)
		}
		if x, y := leastOf(a, Sideways), leastOf(got, Sideways); w.sea == 0 && math.Abs(float64(x-y)) > 20 {
			t.Errorf("seed %d: sideways by %d renamed, %d before", w.seed, y, x)
		}
	})
}

// noAmount stands for a kind of change that clears nothing.
const noAmount = int64(math.MaxInt64)

// leastOf returns the amount of the first option of a kind, or noAmount.
func leastOf(a *Answer, kind Kind) int64 {
	for i := range a.Options {
		if o := &a.Options[i]; o.Kind == kind {
			return amountOf(kind, &o.Change)
		}
	}
	return noAmount
}

// compare expects an amount after not to be less than before, or with both, to
// be the same, but for the proof.
func (w *world) compare(t *testing.T, d dimension, what string, before, after int64, both bool) {
	t.Helper()
	if after < before-d.proof || both && before < after-d.proof {
		t.Errorf("seed %d: %s %s by %d, was %d", w.seed, what, d.kind, after, before)
	}
}

// TestTrafficNeverHelps adds others to the picture: no kind of change comes to
// need less, none that was blocked clears, and no shift towards any bearing is
// less. So taking others away never makes anything need more.
func TestTrafficNeverHelps(t *testing.T) {
	t.Parallel()
	eachWorld(t, 200, func(w *world, a *Answer) {
		if len(a.Conflicts) == 0 {
			return
		}
		bearing := w.IntN(360)
		aside := w.aside(t, bearing)
		w.others = append(w.others, w.entity("added", 2), w.entity("zone", 1))
		got := w.ask(t)
		for _, d := range dimensions {
			w.compare(t, d, "with more traffic", leastOf(a, d.kind), leastOf(got, d.kind), false)
		}
		w.compare(t, shifts, "with more traffic", aside, w.aside(t, bearing), false)
		// Combinations at bearings that do not depend on where conflicts are, and
		// before they are refined.
		worse := w.combination(t, bearing)
		w.others = w.others[:len(w.others)-2]
		best := w.combination(t, bearing)
		if worse < best-0.01*(w.query.Weights.Later+w.query.Weights.Earlier)-0.001 {
			t.Errorf("seed %d: with more traffic the best combination costs %v s, was %v s", w.seed, worse, best)
		}
	})
}

// aside returns the least shift towards a bearing, or noAmount.
func (w *world) aside(t *testing.T, bearing int) int64 {
	t.Helper()
	f := w.finder(t)
	got, err := f.least(f.newSideways().line(bearing))
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		return noAmount
	}
	return got.n
}

// combination returns what the best combination with shifts towards a bearing
// costs.
func (w *world) combination(t *testing.T, bearing int) float64 {
	t.Helper()
	got, err := w.finder(t).combined([]int{bearing}, math.Inf(1))
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		return math.Inf(1)
	}
	return got.cost
}

// TestLeastViolation recomputes the least violation: its conflicts are those of
// the plan so changed, and no greater share of the separation is missing than
// of the plan as declared.
func TestLeastViolation(t *testing.T) {
	t.Parallel()
	seen, moved := 0, 0
	eachWorld(t, 200, func(w *world, a *Answer) {
		if w.IntN(2) == 0 { // leave little room
			l := &w.query.Limits
			l.EarlierNS, l.LaterNS, l.UpMM, l.DownMM, l.SidewaysMM = l.EarlierNS/8, l.LaterNS/8, l.UpMM/8, l.DownMM/8, l.SidewaysMM/8
			a = w.ask(t)
		}
		if a.Least == nil {
			return
		}
		seen++
		if !a.Least.Change.IsZero() {
			moved++
		}
		e := w.apply(t, a.Least.Change)
		blocking, _ := w.hits(t, e)
		if got := otherIDs(a.Least.Conflicts); !sameIDs(got, blocking) || len(got) == 0 {
			t.Errorf("seed %d: the least violation is of %v, want %v", w.seed, got, blocking)
		}
		for i := range a.Least.Conflicts {
			v := &a.Least.Conflicts[i]
			j := slices.IndexFunc(w.others, func(o *volume.Entity) bool { return o.ID == v.A.ID || o.ID == v.B.ID })
			want, err := conflict.Judge(e, w.others[j], w.minimaTo(w.others[j]))
			if err != nil || !reflect.DeepEqual(*v, want) {
				t.Errorf("seed %d: verdict %+v, want %+v, %v", w.seed, *v, want, err)
			}
		}
		if share, declared := lostShare(a.Least.Conflicts), lostShare(a.Conflicts); a.Least.Share != share || share > declared {
			t.Errorf("seed %d: share %v, recomputed %v, as declared %v", w.seed, a.Least.Share, share, declared)
		}
		w.checkLimits(t, &Option{Change: a.Least.Change})
	})
	t.Logf("%d least violations, %d by a change", seen, moved)
	if seen < 10 || moved == 0 {
		t.Errorf("%d least violations, %d by a change: too few", seen, moved)
	}
}

// lostShare is the share of the separation that is missing, by its definition: of
// each conflict in the better of both ways, of all conflicts the worst.
func lostShare(all []conflict.Verdict) float64 {
	worst := 0.0
	for i := range all {
		v := &all[i]
		var shares []float64
		if m := v.Minima.LateralMM; m > 0 && v.MinHorizontal != nil {
			shares = append(shares, max(0, float64(m*10-v.MinHorizontal.HorizontalTenthMM)/float64(m*10)))
		}
		if m := v.Minima.VerticalMM; m > 0 && v.MinVertical != nil {
			shares = append(shares, max(0, float64(m-v.MinVertical.VerticalMM)/float64(m)))
		}
		if len(shares) == 0 {
			shares = []float64{1}
		}
		worst = max(worst, slices.Min(shares))
	}
	return worst
}

// TestClosest looks for anything that an option comes closer to than it says:
// among all others, by the verdicts.
func TestClosest(t *testing.T) {
	t.Parallel()
	seen := 0
	eachWorld(t, 100, func(w *world, a *Answer) {
		for i := range a.Options {
			o := &a.Options[i]
			stated := math.Inf(1)
			if o.Closest != nil {
				seen++
				stated = spareShare(&o.Closest.Verdict)
				c := o.Closest
				j := slices.IndexFunc(w.others, func(e *volume.Entity) bool { return e.ID == c.Verdict.A.ID || e.ID == c.Verdict.B.ID })
				if want, err := conflict.Judge(o.Entity, w.others[j], w.minimaTo(w.others[j])); err != nil || !reflect.DeepEqual(c.Verdict, want) {
					t.Errorf("seed %d: %s closest verdict %+v, want %+v", w.seed, o.Kind, c.Verdict, want)
				}
			}
			for _, e := range w.others {
				if w.conditional(e) {
					continue
				}
				v, err := conflict.Judge(o.Entity, e, w.minimaTo(e))
				if err != nil {
					t.Fatal(err)
				}
				if got := spareShare(&v); got < min(stated, 1)-1e-9 {
					t.Errorf("seed %d: %s keeps %v of the minima more from %s, states %v", w.seed, o.Kind, got, e.ID, stated)
				}
			}
		}
	})
	t.Logf("%d closest", seen)
}

// spareShare is how much more than the minima a clear pair keeps, as a share of them
// and of 1 m at least.
func spareShare(v *conflict.Verdict) float64 {
	least := math.Inf(1)
	if a := v.MinHorizontal; a != nil {
		least = float64(max(0, a.HorizontalTenthMM/10-v.Minima.LateralMM)) / float64(max(1000, v.Minima.LateralMM))
	}
	if a := v.MinVertical; a != nil {
		least = min(least, float64(max(0, a.VerticalMM-v.Minima.VerticalMM))/float64(max(1000, v.Minima.VerticalMM)))
	}
	return least
}

// TestOddPlaces asks across the antimeridian and over a pole for what is asked
// in the middle of nowhere: a quarter turn about the axis changes no amount by
// more than the rounding of positions.
func TestOddPlaces(t *testing.T) {
	t.Parallel()
	eachWorld(t, 100, func(w *world, a *Answer) {
		if w.sea > 0 {
			return // the geoid is not round
		}
		w.plan = turnedEast(t, w.plan)
		for i, e := range w.others {
			w.others[i] = turnedEast(t, e)
		}
		got := w.ask(t)
		for _, d := range dimensions {
			if x, y := leastOf(a, d.kind), leastOf(got, d.kind); (x == noAmount) != (y == noAmount) || x != noAmount && math.Abs(float64(x-y)) > 2*float64(d.proof) {
				t.Errorf("seed %d: %s by %d, a quarter turn on by %d", w.seed, d.kind, x, y)
			}
		}
	})
}

// turnedEast returns an entity a quarter turn to the east.
func turnedEast(t *testing.T, e *volume.Entity) *volume.Entity {
	t.Helper()
	out := *e
	out.Volumes, out.Trajectories = nil, nil
	turn := func(p geodesy.LatLng) geodesy.LatLng {
		if p.LngE9 += 90e9; p.LngE9 > 180e9 {
			p.LngE9 -= 360e9
		}
		return p
	}
	for _, v := range e.Volumes {
		var at []geodesy.LatLng
		for _, p := range v.Footprint.Vertices() {
			at = append(at, turn(p))
		}
		var err error
		switch v.Footprint.Shape() {
		case volume.Circle:
			v.Footprint, err = volume.NewCircle(at[0], v.Footprint.RadiusMM())
		case volume.Corridor:
			v.Footprint, err = volume.NewCorridor(at, v.Footprint.RadiusMM())
		default:
			v.Footprint, err = volume.NewPolygon(at)
		}
		if err != nil {
			t.Fatal(err)
		}
		out.Volumes = append(out.Volumes, v)
	}
	for _, r := range e.Trajectories {
		points := slices.Clone(r.Waypoints())
		for i := range points {
			points[i].At = turn(points[i].At)
		}
		r, err := volume.NewTrajectoryOn(r.Datum(), points, r.Buffers())
		if err != nil {
			t.Fatal(err)
		}
		out.Trajectories = append(out.Trajectories, r)
	}
	return &out
}
