package resolve

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/volume"
)

// TestWindowsAreExact tries starts within the limits at random, next to the ends
// of the windows, at the world's ticks and next to where the plan comes to be
// clear of any one of the others: in a window it is clear, outside it is in
// conflict, but for what rounding to a millisecond leaves.
func TestWindowsAreExact(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 500)
	inside, outside, windows := 0, 0, 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		windows += len(a.Windows)
		in, out := w.checkWindows(t, a)
		inside, outside = inside+in, outside+out
		if t.Failed() {
			return
		}
	}
	t.Logf("%d windows, %d starts tried in them, %d outside", windows, inside, outside)
	if windows < int(n)/4 || inside < 10*int(n) || outside < 10*int(n) {
		t.Errorf("%d windows, %d starts inside, %d outside: too few", windows, inside, outside)
	}
}

// checkWindows returns how many starts it tried in windows and outside.
func (w *world) checkWindows(t *testing.T, a *Answer) (inside, outside int) {
	t.Helper()
	lo, hi := -w.limit(Advance), w.limit(Delay)
	w.checkForm(t, a, lo, hi)
	if lo == hi {
		return 0, 0
	}
	const ms = 1_000_000
	starts := []int64{lo, 0, hi}
	for range 20 {
		starts = append(starts, lo+w.Int64N(hi-lo+1))
	}
	for _, v := range a.Windows {
		from, to := v.FromNS-a.StartNS, v.ToNS-a.StartNS
		starts = append(starts, from, to, from-ms, to+ms, from-2*ms, to+2*ms, from+w.Int64N(to-from+1))
	}
	for _, d := range dimensions[:2] {
		sign := int64(1)
		if d.kind == Advance {
			sign = -1
		}
		for _, n := range w.edges(t, a, d, 0, w.limit(d.kind)) {
			starts = append(starts, sign*n)
		}
		for n := w.tickNS; w.tickNS > 1 && n <= min(w.limit(d.kind), 100*w.tickNS); n += w.tickNS {
			starts = append(starts, sign*n)
		}
	}
	for _, n := range starts {
		if n < lo || n > hi {
			continue
		}
		held := slices.ContainsFunc(a.Windows, func(v Window) bool { return v.FromNS <= a.StartNS+n && a.StartNS+n <= v.ToNS })
		edge := slices.ContainsFunc(a.Windows, func(v Window) bool { return v.FromNS-ms < a.StartNS+n && a.StartNS+n < v.ToNS+ms })
		if edge && !held {
			continue
		}
		if held {
			inside++
		} else {
			outside++
		}
		if got := w.clear(t, w.apply(t, volume.Change{DelayNS: n})); got != held && (held || n%ms == 0) {
			t.Errorf("seed %d: %d ns later: clear %v, in a window %v of %v from %d", w.seed, n, got, held, a.Windows, a.StartNS)
		}
	}
	return inside, outside
}

// checkForm holds windows to their order, the limits and the millisecond.
func (w *world) checkForm(t *testing.T, a *Answer, lo, hi int64) {
	t.Helper()
	last := int64(volume.AlwaysNS)
	for _, v := range a.Windows {
		from, to := v.FromNS-a.StartNS, v.ToNS-a.StartNS
		if from < lo || to > hi || from > to || from%1e6 != 0 || to%1e6 != 0 || v.FromNS < last {
			t.Errorf("seed %d: window of delays %d to %d within %d to %d after %d", w.seed, from, to, lo, hi, last)
		}
		last = v.ToNS
	}
	declared := slices.ContainsFunc(a.Windows, func(v Window) bool { return v.FromNS <= a.StartNS && a.StartNS <= v.ToNS })
	if lo < hi && declared != (len(a.Conflicts) == 0) {
		t.Errorf("seed %d: %d conflicts, start %d in a window %v of %v", w.seed, len(a.Conflicts), a.StartNS, declared, a.Windows)
	}
}

// TestHairInConflict asks for plans that are in conflict by a nanosecond or a
// millimetre: the least change clears them.
func TestHairInConflict(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 500)
	asked := map[Kind]int{}
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		declared := w.plan
		for i := range a.Options {
			o := &a.Options[i]
			for _, d := range dimensions {
				if d.kind == o.Kind {
					asked[d.kind]++
					w.plan = declared
					w.checkHair(t, d, o)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("asked %v", asked)
	for _, d := range dimensions {
		if asked[d.kind] < int(n/400) {
			t.Errorf("%s asked %d times: too few", d.kind, asked[d.kind])
		}
	}
}

// TestHairAside asks for plans that are in conflict by a millimetre sideways:
// they are not sent to the other side, nor told that nothing helps.
func TestHairAside(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 500)
	asked := 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		i := slices.IndexFunc(a.Options, func(o Option) bool { return o.Kind == Sideways })
		// The error of heights above the sea grows on the way.
		if i < 0 || w.sea > 0 {
			continue
		}
		s := a.Options[i].Change.Shift
		high, low := s.DistanceMM, max(0, s.DistanceMM-shifts.proof)
		for high-low > 1 {
			if mid := low + (high-low)/2; w.clearAt(t, Sideways, mid, s.BearingDeg) {
				high = mid
			} else {
				low = mid
			}
		}
		w.plan = w.apply(t, changeBy(Sideways, low, s.BearingDeg))
		w.query.Limits = Limits{SidewaysMM: w.query.Limits.SidewaysMM, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM}
		a = w.ask(t)
		if len(a.Conflicts) == 0 { // places are rounded
			continue
		}
		asked++
		if len(a.Options) == 0 || a.Options[0].Change.Shift.DistanceMM > 1_000 && w.query.Limits.SidewaysMM > 1_000 {
			t.Fatalf("seed %d: options %+v where a millimetre after %+v would do", seed, a.Options, s)
		}
	}
	t.Logf("asked %d times", asked)
	if asked < int(n)/10 {
		t.Errorf("asked %d times: too few", asked)
	}
}

// checkHair moves the plan next to where option o has it, and asks again.
func (w *world) checkHair(t *testing.T, d dimension, o *Option) {
	t.Helper()
	high := amountOf(d.kind, &o.Change)
	low := max(0, high-d.proof)
	for high-low > 1 {
		if mid := low + (high-low)/2; w.clearAt(t, d.kind, mid, 0) {
			high = mid
		} else {
			low = mid
		}
	}
	w.plan = w.apply(t, changeBy(d.kind, low, 0))
	if w.limit(d.kind) <= 2*d.proof || !w.clearAt(t, d.kind, d.step, 0) {
		return
	}
	a := w.ask(t)
	for i := range a.Options {
		if o := &a.Options[i]; o.Kind == d.kind {
			if n := amountOf(d.kind, &o.Change); n > d.proof {
				t.Errorf("seed %d: %s by %d where %d after %d would do", w.seed, d.kind, n, d.step, low)
			}
			return
		}
	}
	t.Errorf("seed %d: no %s where %d after %d would do", w.seed, d.kind, d.step, low)
}
