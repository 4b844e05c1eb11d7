package resolve

import (
	"math"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestNoGridFindsCheaper looks for a smaller amount of every kind of change than
// the option has, or for any within the limits where there is none: on an even
// grid, on that of the world's ticks and levels, at random, and at both sides of
// every instant, altitude or distance at which the plan comes to be clear of
// any single one of the others. None may be clear.
func TestNoGridFindsCheaper(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 300)
	tried, kinds := 0, 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		if len(a.Conflicts) == 0 {
			continue
		}
		for _, d := range dimensions {
			if w.limit(d.kind) > 0 {
				tried += w.searchBelow(t, a, d, 0)
				kinds++
			}
		}
		if w.limit(Sideways) > 0 {
			tried += w.searchShifts(t, a)
			kinds++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d amounts of %d kinds of change tried", tried, kinds)
	if tried < 100*kinds {
		t.Errorf("%d amounts of %d kinds tried: too few", tried, kinds)
	}
}

// searchShifts is searchBelow for shifts at the bearings of the options, and at
// the main points of the compass below the least of them.
func (w *world) searchShifts(t *testing.T, a *Answer) int {
	t.Helper()
	tried := 0
	least := w.limit(Sideways)
	for i := range a.Options {
		if o := &a.Options[i]; o.Kind == Sideways {
			tried += w.searchBelow(t, a, shifts, o.Change.Shift.BearingDeg)
			least = min(least, o.Change.Shift.DistanceMM)
		}
	}
	for b := 0; b < 360; b += 45 {
		tried += w.tryAll(t, shifts, b, w.grid(t, shifts, b, least-shifts.proof, 24))
	}
	return tried
}

// searchBelow returns how many amounts below an option's it found in conflict.
func (w *world) searchBelow(t *testing.T, a *Answer, d dimension, bearing int) int {
	t.Helper()
	most := w.limit(d.kind)
	for i := range a.Options {
		o := &a.Options[i]
		if o.Kind == d.kind && o.Change.Shift.BearingDeg == bearing {
			most = amountOf(d.kind, &o.Change) - d.proof
		}
	}
	amounts := w.grid(t, d, bearing, most, 40)
	amounts = append(amounts, w.edges(t, a, d, bearing, most)...)
	return w.tryAll(t, d, bearing, amounts)
}

func (w *world) tryAll(t *testing.T, d dimension, bearing int, amounts []int64) int {
	t.Helper()
	for _, n := range amounts {
		if w.clearAt(t, d.kind, n, bearing) {
			t.Errorf("seed %d: %s by %d towards %d is clear", w.seed, d.kind, n, bearing)
		}
	}
	return len(amounts)
}

// grid returns amounts of at most most: evenly spaced, at random, and multiples
// of the world's own unit.
func (w *world) grid(t *testing.T, d dimension, bearing int, most int64, count int64) []int64 {
	t.Helper()
	var out []int64
	add := func(n int64) {
		if n = n / d.step * d.step; n > 0 && n <= most {
			out = append(out, n)
		}
	}
	for k := range count {
		add(most / count * (k + 1))
		add(1 + w.Int64N(max(1, most)))
	}
	unit := w.levelMM
	if d.step == 1e6 {
		unit = w.tickNS
	}
	for n := unit; unit > 1 && n <= most && int64(len(out)) < 6*count; n += unit {
		add(n)
	}
	return out
}

// edges returns amounts of at most most next to which the plan comes into
// conflict, or out of it, with one of the others: found by halving, by the
// decision alone. What it comes into conflict with has been considered.
func (w *world) edges(t *testing.T, a *Answer, d dimension, bearing int, most int64) []int64 {
	t.Helper()
	const samples = 16
	var out []int64
	for _, o := range w.others {
		if w.conditional(o) {
			continue
		}
		hitAt := func(n int64) bool {
			c := changeBy(d.kind, n, bearing)
			e, err := c.Apply(w.plan)
			if err != nil {
				t.Fatalf("seed %d: %+v: %v", w.seed, c, err)
			}
			hit, err := conflict.Decide(e, o, w.minimaTo(o))
			if err != nil {
				t.Fatalf("seed %d: %v", w.seed, err)
			}
			return hit
		}
		low, was := int64(0), hitAt(0)
		for k := int64(1); k <= samples; k++ {
			high := most / samples * k / d.step * d.step
			is := hitAt(high)
			if is && !slices.ContainsFunc(a.Considered, func(r conflict.Ref) bool { return r.ID == o.ID }) {
				t.Errorf("seed %d: %s by %d meets %s, which was not considered", w.seed, d.kind, high, o.ID)
			}
			if is != was {
				x, y := low, high
				for y-x > d.step {
					if mid := (x + (y-x)/2) / d.step * d.step; hitAt(mid) == was {
						x = mid
					} else {
						y = mid
					}
				}
				for _, n := range [4]int64{x - d.step, x, y, y + d.step} {
					if n > 0 && n <= most {
						out = append(out, n)
					}
				}
			}
			low, was = high, is
		}
	}
	return out
}

// TestCombinedIsTheBestOfTheGrid tries every lift and shift of the grid with
// delays on a grid of their own: where that alone would be cheaper than the
// cheapest option, the plan is in conflict. So no grid of delays, however fine,
// beats the options by more than its step.
func TestCombinedIsTheBestOfTheGrid(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 300)
	tried, won, cheapest := 0, 0, map[Kind]int{}
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		if len(a.Conflicts) == 0 {
			continue
		}
		best := math.Inf(1)
		if len(a.Options) > 0 {
			best = priceOf(&w.query.Weights, &a.Options[0].Change)
			cheapest[a.Options[0].Kind]++
		}
		for _, o := range a.Options {
			if o.Kind == Combined {
				won++
			}
		}
		tried += w.searchCombined(t, a, best)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d combinations tried, %d combined options, cheapest %v", tried, won, cheapest)
	if tried < int(n) || won < int(n)/100 {
		t.Errorf("%d combinations tried, %d combined options: too few", tried, won)
	}
}

// searchCombined tries the combinations cheaper than best.
func (w *world) searchCombined(t *testing.T, a *Answer, best float64) int {
	t.Helper()
	const delays = 12
	tried := 0
	l := &w.query.Limits
	var lifts, times []int64
	step := max(l.LiftStepMM, max(w.limit(Climb), w.limit(Descend))/100)
	for h := -w.limit(Descend) / step * step; h <= w.limit(Climb); h += step {
		lifts = append(lifts, h)
	}
	for k := range int64(delays + 1) {
		times = append(times, w.limit(Delay)/delays*k/1e6*1e6)
		if k > 0 {
			times = append(times, -w.limit(Advance)/delays*k/1e6*1e6)
		}
	}
	for k := int64(1); k < 20 && w.tickNS > 1; k++ {
		if n := k * w.tickNS; n <= w.limit(Delay) {
			times = append(times, n)
		}
		if n := k * w.tickNS; n <= w.limit(Advance) {
			times = append(times, -n)
		}
	}
	sides := []volume.Shift{{}}
	step = max(l.SidewaysStepMM, l.SidewaysMM/100)
	for _, b := range w.bearings(t, a) {
		for d := step; d <= l.SidewaysMM; d += step {
			sides = append(sides, volume.Shift{BearingDeg: b, DistanceMM: d})
		}
	}
	for _, h := range lifts {
		for _, s := range sides {
			for _, ns := range times {
				c := volume.Change{Shift: s, LiftMM: h, DelayNS: ns}
				// What is cheaper by less than the proof may be clear.
				slack := 0.01 * (w.query.Weights.Later + w.query.Weights.Earlier)
				if h == 0 && s.DistanceMM == 0 || priceOf(&w.query.Weights, &c) > best-slack-1e-6 {
					continue
				}
				tried++
				e, err := c.Apply(w.plan)
				if err == nil && w.clear(t, e) {
					t.Errorf("seed %d: %+v is clear for %v s, the best option costs %v s", w.seed, c, priceOf(&w.query.Weights, &c), best)
				}
			}
		}
	}
	return tried
}

// bearings returns those at which combinations are looked for.
func (w *world) bearings(t *testing.T, a *Answer) []int {
	t.Helper()
	all, _, err := w.finder(t).findSideways(&Answer{Conflicts: slices.Clone(a.Conflicts)})
	if err != nil {
		t.Fatal(err)
	}
	return all[:min(len(all), combinedBearings)]
}

// TestBearingsAreGood compares the shift found with the least over all 360
// bearings. The search tries some only: it may miss one shift in a hundred, and
// nine in ten are within a hundredth of the least.
func TestBearingsAreGood(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 200)
	found, missed, good := 0, 0, 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		if len(a.Conflicts) == 0 || w.limit(Sideways) == 0 {
			continue
		}
		best, got := w.leastAside(t), leastOf(a, Sideways)
		switch {
		case best == noAmount:
		case got == noAmount:
			missed++
		default:
			found++
			if float64(got) <= float64(best)*1.01+20 {
				good++
			}
		}
	}
	t.Logf("%d shifts, %d missed, %d within a hundredth of the least", found, missed, good)
	if found < int(n)/10 || missed*100 > found || good*10 < found*9 {
		t.Errorf("%d shifts, %d missed, %d within a hundredth of the least", found, missed, good)
	}
}

// leastAside returns the least shift towards any bearing, or noAmount.
func (w *world) leastAside(t *testing.T) int64 {
	t.Helper()
	every := make([]int, 360)
	for b := range every {
		every[b] = b
	}
	got, err := w.finder(t).newSideways().cheapest(every, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		return noAmount
	}
	return got.n
}
