package resolve

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// dimension is a single way to change a plan, as its operator sees it.
type dimension struct {
	kind  Kind
	step  int64 // amounts are multiples of this
	proof int64 // an option is in conflict so much before its amount
}

// dimensions but for shifts.
var dimensions = []dimension{
	{Delay, 1e6, 10e6},
	{Advance, 1e6, 10e6},
	{Climb, 1, 20},
	{Descend, 1, 20},
	{Start, 1e6, 10e6},
	{End, 1e6, 10e6},
	{Floor, 1, 20},
	{Ceiling, 1, 20},
}

var shifts = dimension{Sideways, 10, 20}

// changeBy returns the change of a kind by an amount.
func changeBy(kind Kind, n int64, bearing int) volume.Change {
	switch kind {
	case Delay:
		return volume.Change{DelayNS: n}
	case Advance:
		return volume.Change{DelayNS: -n}
	case Climb:
		return volume.Change{LiftMM: n}
	case Descend:
		return volume.Change{LiftMM: -n}
	case Start:
		return volume.Change{Trim: volume.Trim{LaterStartNS: n}}
	case End:
		return volume.Change{Trim: volume.Trim{EarlierEndNS: n}}
	case Floor:
		return volume.Change{Trim: volume.Trim{RaiseFloorMM: n}}
	case Ceiling:
		return volume.Change{Trim: volume.Trim{LowerCeilingMM: n}}
	default:
		return volume.Change{Shift: volume.Shift{BearingDeg: bearing, DistanceMM: n}}
	}
}

// amountOf is the inverse of changeBy.
func amountOf(kind Kind, c *volume.Change) int64 {
	switch kind {
	case Delay:
		return c.DelayNS
	case Advance:
		return -c.DelayNS
	case Climb:
		return c.LiftMM
	case Descend:
		return -c.LiftMM
	case Start:
		return c.Trim.LaterStartNS
	case End:
		return c.Trim.EarlierEndNS
	case Floor:
		return c.Trim.RaiseFloorMM
	case Ceiling:
		return c.Trim.LowerCeilingMM
	default:
		return c.Shift.DistanceMM
	}
}

// priceOf is what a change costs in seconds of delay, by the weights' definition.
func priceOf(w *Weights, c *volume.Change) float64 {
	later, earlier := max(0, c.DelayNS), max(0, -c.DelayNS)
	return w.Later*float64(later)/1e9 + w.Earlier*float64(earlier)/1e9 +
		w.Lift*math.Abs(float64(c.LiftMM))/1e3 + w.Sideways*float64(c.Shift.DistanceMM)/1e3 +
		w.TrimTime*float64(c.Trim.LaterStartNS+c.Trim.EarlierEndNS)/1e9 +
		w.TrimBand*float64(c.Trim.RaiseFloorMM+c.Trim.LowerCeilingMM)/1e3
}

// limits is how far the operator lets a plan go in a dimension.
func (w *world) limit(kind Kind) int64 {
	l := &w.query.Limits
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	open, endless := false, false
	for i := range w.plan.Volumes {
		v := &w.plan.Volumes[i]
		b := v.Band
		if v.Datum.Sea {
			b = v.SeaBand
		}
		low, high = min(low, b.LowerMM), max(high, b.UpperMM)
		open = open || b.LowerMM == volume.NoFloorMM || b.UpperMM == volume.NoCeilingMM
		endless = endless || v.Window.StartNS == volume.AlwaysNS || v.Window.EndNS == volume.ForeverNS
	}
	for _, t := range w.plan.Trajectories {
		for _, p := range t.Waypoints() {
			alt := p.AltMM
			if t.Datum().Sea {
				alt = p.SeaMM
			}
			low, high = min(low, alt), max(high, alt)
		}
	}
	switch kind {
	case Delay, Advance:
		if endless {
			return 0
		}
		if kind == Delay {
			return l.LaterNS
		}
		return l.EarlierNS
	case Climb, Descend:
		if open {
			return 0
		}
		if kind == Climb {
			return min(l.UpMM, max(0, l.CeilingMM-high))
		}
		return min(l.DownMM, max(0, low-l.FloorMM))
	case Sideways:
		return l.SidewaysMM
	}
	return w.trimLimit(kind)
}

// trimLimit is three quarters of what a plan of volumes of one window, or one
// band, has.
func (w *world) trimLimit(kind Kind) int64 {
	if !w.query.Limits.Trim || len(w.plan.Trajectories) > 0 {
		return 0
	}
	first := &w.plan.Volumes[0]
	for i := range w.plan.Volumes {
		v := &w.plan.Volumes[i]
		if kind == Start || kind == End {
			if v.Window != first.Window || v.Window.StartNS == volume.AlwaysNS || v.Window.EndNS == volume.ForeverNS {
				return 0
			}
		} else if v.Band != first.Band || v.SeaBand != first.SeaBand || v.Datum.Sea != first.Datum.Sea ||
			v.Band.LowerMM == volume.NoFloorMM || v.Band.UpperMM == volume.NoCeilingMM {
			return 0
		}
	}
	if kind == Start || kind == End {
		return (first.Window.EndNS - first.Window.StartNS) / 4 * 3
	}
	if first.Datum.Sea {
		return (first.SeaBand.UpperMM - first.SeaBand.LowerMM) / 4 * 3
	}
	return (first.Band.UpperMM - first.Band.LowerMM) / 4 * 3
}

// apply returns the plan as changed.
func (w *world) apply(t *testing.T, c volume.Change) *volume.Entity {
	t.Helper()
	e, err := c.Apply(w.plan)
	if err != nil {
		t.Fatalf("seed %d: %+v: %v", w.seed, c, err)
	}
	return e
}

// clearAt tells whether the plan changed by an amount is clear of all.
func (w *world) clearAt(t *testing.T, kind Kind, n int64, bearing int) bool {
	t.Helper()
	c := changeBy(kind, n, bearing)
	e, err := c.Apply(w.plan)
	return err == nil && w.clear(t, e)
}

// TestOptionsAreExact holds the options to the decision: every option is clear
// of everything, near or far, it is in conflict 10 ms or 2 cm before, and costs
// what the weights say. There is one of each kind, or it is blocked.
func TestOptionsAreExact(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 1200)
	count := map[Kind]int{}
	blocked, clear := 0, 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		w.checkConflicts(t, a)
		if len(a.Conflicts) == 0 {
			clear++
		}
		for i := range a.Options {
			count[a.Options[i].Kind]++
			w.checkOption(t, a, &a.Options[i])
		}
		blocked += len(a.Blocked)
		w.checkComplete(t, a)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d worlds, %d clear as declared, options %v, %d blocked", n, clear, count, blocked)
	for _, d := range append(dimensions, shifts, dimension{kind: Combined}) {
		if count[d.kind] < int(n/400) {
			t.Errorf("only %d options of kind %s: the test tries too little", count[d.kind], d.kind)
		}
	}
}

// checkConflicts compares what the answer says of the declared plan with the
// decision.
func (w *world) checkConflicts(t *testing.T, a *Answer) {
	t.Helper()
	blocking, entered := w.hits(t, w.plan)
	if got := otherIDs(a.Conflicts); !sameIDs(got, blocking) {
		t.Errorf("seed %d: conflicts with %v, want %v", w.seed, got, blocking)
	}
	if got := conditionIDs(a.Conditions); !sameIDs(got, entered) {
		t.Errorf("seed %d: enters %v, want %v", w.seed, got, entered)
	}
	if len(blocking) == 0 && len(a.Options)+len(a.Blocked) > 0 {
		t.Errorf("seed %d: a clear plan has %d options, %d kinds blocked", w.seed, len(a.Options), len(a.Blocked))
	}
}

func otherIDs(all []conflict.Verdict) (ids []string) {
	for i := range all {
		id := all[i].A.ID
		if id == "plan" {
			id = all[i].B.ID
		}
		ids = append(ids, id)
	}
	return ids
}

func conditionIDs(all []Condition) (ids []string) {
	for i := range all {
		ids = append(ids, all[i].Of.ID)
	}
	return ids
}

func refIDs(all []conflict.Ref) (ids []string) {
	for i := range all {
		ids = append(ids, all[i].ID)
	}
	return ids
}

// sameIDs tells whether got, which is in order of id, has the ids of want.
func sameIDs(got, want []string) bool {
	want = slices.Clone(want)
	slices.Sort(want)
	return slices.Equal(got, want)
}

func (w *world) checkOption(t *testing.T, a *Answer, o *Option) {
	t.Helper()
	blocking, entered := w.hits(t, o.Entity)
	if len(blocking) > 0 {
		t.Errorf("seed %d: %s %+v is in conflict with %v", w.seed, o.Kind, o.Change, blocking)
	}
	if got := conditionIDs(o.Conditions); !sameIDs(got, entered) {
		t.Errorf("seed %d: %s enters %v, want %v", w.seed, o.Kind, got, entered)
	}
	if !reflect.DeepEqual(o.Entity, w.apply(t, o.Change)) {
		t.Errorf("seed %d: the entity of %s is not the change applied", w.seed, o.Kind)
	}
	if got, want := refIDs(o.Clears), otherIDs(a.Conflicts); !slices.Equal(got, want) {
		t.Errorf("seed %d: %s clears %v, want %v", w.seed, o.Kind, got, want)
	}
	if want := math.Ceil(priceOf(&w.query.Weights, &o.Change)*1000 - 1e-6); math.Abs(float64(o.CostMS)-want) > 1 {
		t.Errorf("seed %d: %s %+v costs %d ms, want %v", w.seed, o.Kind, o.Change, o.CostMS, want)
	}
	if o.Kind == Combined {
		w.checkLimits(t, o)
		w.checkRefined(t, o)
		return
	}
	bearing := o.Change.Shift.BearingDeg
	n := amountOf(o.Kind, &o.Change)
	if want := changeBy(o.Kind, n, bearing); !reflect.DeepEqual(o.Change, want) || n <= 0 || n > w.limit(o.Kind) {
		t.Errorf("seed %d: %s %+v, want a single amount of 1 to %d", w.seed, o.Kind, o.Change, w.limit(o.Kind))
	}
	for _, d := range append(dimensions, shifts) {
		if d.kind != o.Kind {
			continue
		}
		if n%d.step != 0 {
			t.Errorf("seed %d: %s %+v is not a multiple of %d", w.seed, o.Kind, o.Change, d.step)
		}
		if w.clearAt(t, o.Kind, max(0, n-d.proof), bearing) {
			t.Errorf("seed %d: %s %+v is clear %d before it", w.seed, o.Kind, o.Change, d.proof)
		}
	}
}

// checkRefined expects a combination to be in conflict 2 cm before the last part
// of it that was lowered.
func (w *world) checkRefined(t *testing.T, o *Option) {
	t.Helper()
	c := o.Change
	switch {
	case c.Shift.DistanceMM > shifts.proof:
		c.Shift.DistanceMM -= shifts.proof
	case c.Shift.DistanceMM == 0 && c.LiftMM > 20:
		c.LiftMM -= 20
	case c.Shift.DistanceMM == 0 && c.LiftMM < -20:
		c.LiftMM += 20
	default:
		return
	}
	if w.clear(t, w.apply(t, c)) {
		t.Errorf("seed %d: combined %+v is clear at %+v", w.seed, o.Change, c)
	}
}

// checkLimits holds a combination to the limits of its parts.
func (w *world) checkLimits(t *testing.T, o *Option) {
	t.Helper()
	c := o.Change
	for _, got := range [...]struct {
		kind Kind
		n    int64
	}{
		{Delay, c.DelayNS},
		{Advance, -c.DelayNS},
		{Climb, c.LiftMM},
		{Descend, -c.LiftMM},
		{Sideways, c.Shift.DistanceMM},
	} {
		if got.n > w.limit(got.kind) {
			t.Errorf("seed %d: %+v is beyond the limit of %s, %d", w.seed, c, got.kind, w.limit(got.kind))
		}
	}
}

// checkComplete finds every kind of change that has a limit among the options or
// those that are blocked.
func (w *world) checkComplete(t *testing.T, a *Answer) {
	t.Helper()
	if len(a.Conflicts) == 0 {
		return
	}
	for _, d := range append(dimensions, shifts) {
		optional := slices.ContainsFunc(a.Options, func(o Option) bool { return o.Kind == d.kind })
		blocked := slices.ContainsFunc(a.Blocked, func(b Blocked) bool { return b.Kind == d.kind })
		if asked := w.limit(d.kind) > 0; asked != (optional || blocked) || optional && blocked {
			t.Errorf("seed %d: %s with limit %d: option %v, blocked %v", w.seed, d.kind, w.limit(d.kind), optional, blocked)
		}
	}
	if !slices.IsSortedFunc(a.Options, func(x, y Option) int { return int(x.CostMS - y.CostMS) }) {
		t.Errorf("seed %d: options are not in order of cost", w.seed)
	}
	if (len(a.Options) == 0) != (a.Least != nil) {
		t.Errorf("seed %d: %d options, least violation %v", w.seed, len(a.Options), a.Least)
	}
}
