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

// fleet is a random question to Joint.
type fleet struct {
	plans  []Plan
	others []*volume.Entity
	rules  Rules
	query  Query
}

const (
	fleetStartNS = 1_936_000_000_000_000_000
	minute       = 60_000_000_000
)

// inTime asks for delays up to a limit.
func inTime(laterNS int64) Query {
	return Query{
		Limits:  Limits{LaterNS: laterNS, FloorMM: volume.NoFloorMM, CeilingMM: volume.NoCeilingMM},
		Weights: DefaultWeights(),
	}
}

// randomFleet returns plans and others in one box of 2 km and 20 minutes.
func randomFleet(t *testing.T, rng *rand.Rand, plans, others int) fleet {
	t.Helper()
	home := geodesy.LatLng{LatE9: rng.Int64N(120e9) - 60e9, LngE9: rng.Int64N(360e9) - 180e9}
	f := fleet{
		rules: Rules{Minima: conflict.Minima{LateralMM: 50_000, VerticalMM: 15_000}},
		query: inTime(6 * minute),
	}
	if rng.IntN(2) == 0 {
		f.query.Limits.EarlierNS = 3 * minute
	}
	if rng.IntN(3) == 0 {
		f.rules.Minima.TimeNS = 20e9
	}
	for i := range plans {
		f.plans = append(f.plans, Plan{Entity: randomFlight(t, rng, home, fmt.Sprintf("plan-%d", i))})
	}
	for i := range others {
		e := randomFlight(t, rng, home, fmt.Sprintf("other-%d", i))
		if rng.IntN(4) == 0 {
			e.Kind, e.Type = volume.Constraint, "no_entry"
		}
		f.others = append(f.others, e)
	}
	return f
}

// randomFlight returns a route of a few legs, or a circle for some minutes.
func randomFlight(t *testing.T, rng *rand.Rand, home geodesy.LatLng, id string) *volume.Entity {
	t.Helper()
	place := func() geodesy.LatLng { return geodesy.Direct(home, 360*rng.Float64(), 1000*math.Sqrt(rng.Float64())) }
	e := &volume.Entity{ID: id, Party: "Tarrow Couriers"}
	at := fleetStartNS + rng.Int64N(8*minute)
	if rng.IntN(4) == 0 {
		circle, err := volume.NewCircle(place(), 50_000+rng.Int64N(250_000))
		if err != nil {
			t.Fatal(err)
		}
		low := 30_000 + rng.Int64N(60_000)
		e.Volumes = []volume.Volume4D{{
			Footprint: circle, Band: volume.Band{LowerMM: low, UpperMM: low + 30_000},
			Window: volume.Window{StartNS: at, EndNS: at + minute + rng.Int64N(3*minute)},
		}}
		return e
	}
	var waypoints []volume.Waypoint
	for range 3 + rng.IntN(4) {
		waypoints = append(waypoints, volume.Waypoint{At: place(), AltMM: 30_000 + rng.Int64N(60_000), TimeNS: at})
		at += 40e9 + rng.Int64N(minute)
	}
	route, err := volume.NewTrajectory(waypoints, volume.Buffers{LateralMM: 10_000, VerticalMM: 5_000})
	if err != nil {
		t.Fatal(err)
	}
	e.Trajectories = []*volume.Trajectory{route}
	return e
}

func (f *fleet) ask(t *testing.T) *JointAnswer {
	t.Helper()
	s, err := NewSurroundings(f.others, f.rules)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Joint(f.plans, f.query)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// costS returns what delays in nanoseconds cost in seconds.
func (f *fleet) costS(delays ...int64) float64 {
	sum := 0.0
	for _, ns := range delays {
		if ns < 0 {
			sum -= f.query.Weights.Earlier * float64(ns) / 1e9
		} else {
			sum += f.query.Weights.Later * float64(ns) / 1e9
		}
	}
	return sum
}

// moved returns a plan with a delay.
func (f *fleet) moved(t *testing.T, i int, delayNS int64) *volume.Entity {
	t.Helper()
	c := volume.Change{DelayNS: delayNS}
	e, err := c.Apply(f.plans[i].Entity)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decide(t *testing.T, a, b *volume.Entity, m conflict.Minima) bool {
	t.Helper()
	hit, err := conflict.Decide(a, b, m)
	if err != nil {
		t.Fatal(err)
	}
	return hit
}

// clearOfOthers tells whether a moved plan is clear of all others.
func (f *fleet) clearOfOthers(t *testing.T, e *volume.Entity) bool {
	return !slices.ContainsFunc(f.others, func(o *volume.Entity) bool { return decide(t, e, o, f.rules.Minima) })
}

// allClear tells whether the plans with their delays are clear of everything.
func (f *fleet) allClear(t *testing.T, delays []int64) bool {
	var all []*volume.Entity
	for i := range f.plans {
		e := f.moved(t, i, delays[i])
		for _, before := range all {
			if decide(t, before, e, f.rules.Minima) {
				return false
			}
		}
		if !f.clearOfOthers(t, e) {
			return false
		}
		all = append(all, e)
	}
	return true
}

// grid returns the least cost of delays that are multiples of a step, by trying
// all, or infinity.
func (f *fleet) grid(t *testing.T, step int64) float64 {
	type at struct {
		delay int64
		e     *volume.Entity
	}
	spots := make([][]at, len(f.plans))
	for i := range f.plans {
		for d := -f.query.Limits.EarlierNS / step * step; d <= f.query.Limits.LaterNS; d += step {
			if e := f.moved(t, i, d); f.clearOfOthers(t, e) {
				spots[i] = append(spots[i], at{d, e})
			}
		}
	}
	best := math.Inf(1)
	var chosen []at
	var try func(cost float64)
	try = func(cost float64) {
		if cost >= best {
			return
		}
		if len(chosen) == len(f.plans) {
			best = cost
			return
		}
		for _, s := range spots[len(chosen)] {
			if cost+f.costS(s.delay) >= best || slices.ContainsFunc(chosen, func(o at) bool { return decide(t, s.e, o.e, f.rules.Minima) }) {
				continue
			}
			chosen = append(chosen, s)
			try(cost + f.costS(s.delay))
			chosen = chosen[:len(chosen)-1]
		}
	}
	try(0)
	return best
}

// TestJointIsClearAndLeast holds answers to the decision: they are clear, and
// neither a grid of delays nor random ones that cost less are.
func TestJointIsClearAndLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 4))
	delayed, none := 0, 0
	for k := range 300 {
		f := randomFleet(t, rng, 2+rng.IntN(4), 2+rng.IntN(12))
		a := f.ask(t)
		if !a.Exact {
			t.Fatalf("scene %d: the answer for %d plans is not exact", k, len(f.plans))
		}
		delays := make([]int64, len(f.plans))
		cost := math.Inf(1)
		if a.Plans == nil {
			none++
		} else {
			for i := range a.Plans {
				delays[i] = a.Plans[i].Change.DelayNS
			}
			cost = f.costS(delays...)
			if !f.allClear(t, delays) {
				t.Fatalf("scene %d: delays %v are not clear", k, delays)
			}
			if math.Abs(float64(a.CostMS)-cost*1000) > 1 || a.BoundMS != a.CostMS {
				t.Errorf("scene %d: cost %d ms, bound %d ms, expected %.3f s", k, a.CostMS, a.BoundMS, cost)
			}
			if cost > 0 {
				delayed++
			}
			if slices.Min(delays) < -f.query.Limits.EarlierNS || slices.Max(delays) > f.query.Limits.LaterNS {
				t.Errorf("scene %d: delays %v are beyond the limits", k, delays)
			}
			if clear := cost == 0; clear != (len(a.Conflicts) == 0) {
				t.Errorf("scene %d: cost %v with %d conflicts as declared", k, cost, len(a.Conflicts))
			}
		}
		// Each end is rounded outward by less than a millisecond, and a chain has
		// at most one end a plan.
		n := float64(len(f.plans))
		slack := 0.0015 * n * n
		if best := f.grid(t, 20e9); best < cost-slack {
			t.Errorf("scene %d: a grid of delays costs %.3f s, the answer %.3f s", k, best, cost)
		}
		for range 60 {
			sample := f.sample(rng, delays)
			if f.costS(sample...) < cost-slack && f.allClear(t, sample) {
				t.Errorf("scene %d: delays %v are clear and cost %.3f s, the answer %.3f s", k, sample, f.costS(sample...), cost)
			}
		}
	}
	if delayed < 100 || none < 10 {
		t.Errorf("found %d scenes with delays and %d without any: the scenes are no longer hard", delayed, none)
	}
}

// sample returns random delays, half of the time near those given.
func (f *fleet) sample(rng *rand.Rand, near []int64) []int64 {
	lo, hi := -f.query.Limits.EarlierNS, f.query.Limits.LaterNS
	out := slices.Clone(near)
	for i := range out {
		switch rng.IntN(4) {
		case 0:
			out[i] = lo + rng.Int64N(hi-lo+1)
		case 1:
			out[i] -= out[i] / 8 * rng.Int64N(8)
		case 2:
			out[i] = min(hi, max(lo, out[i]+rng.Int64N(20e9)-10e9))
		}
	}
	return out
}

// delaysOf returns the delays that an answer asks for.
func delaysOf(a *JointAnswer) (delays []int64) {
	for _, p := range a.Plans {
		delays = append(delays, p.Change.DelayNS)
	}
	return delays
}

// TestJointStaysTheSame: the order in which plans and others are given, and
// traffic far away or at another time, make no difference; less traffic never
// costs more.
func TestJointStaysTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range 60 {
		f := randomFleet(t, rng, 2+rng.IntN(6), 2+rng.IntN(8))
		want := f.ask(t)

		g := f
		g.plans, g.others = slices.Clone(f.plans), slices.Clone(f.others)
		rng.Shuffle(len(g.plans), func(i, j int) { g.plans[i], g.plans[j] = g.plans[j], g.plans[i] })
		rng.Shuffle(len(g.others), func(i, j int) { g.others[i], g.others[j] = g.others[j], g.others[i] })
		if got := g.ask(t); !reflect.DeepEqual(got, want) {
			t.Fatalf("scene %d: found %v in another order, expected %v", k, delaysOf(got), delaysOf(want))
		}

		far := f.others[0]
		later := volume.Change{DelayNS: 24 * 60 * minute}
		aside := volume.Change{Shift: volume.Shift{BearingDeg: 40, DistanceMM: 30_000_000}}
		for i, c := range []volume.Change{later, aside} {
			e, err := c.Apply(far)
			if err != nil {
				t.Fatal(err)
			}
			e.ID = fmt.Sprintf("far-%d", i)
			g.others = append(g.others, e)
		}
		if got := g.ask(t); !reflect.DeepEqual(got, want) {
			t.Fatalf("scene %d: found %v with traffic far away, expected %v", k, delaysOf(got), delaysOf(want))
		}

		g.plans = slices.Clone(f.plans)
		renewed := *f.plans[0].Entity
		renewed.Version = "2"
		g.plans[0].Entity = &renewed
		for i, p := range g.ask(t).Plans {
			if p.Digest == want.Plans[i].Digest {
				t.Errorf("scene %d: plan %d has the same digest with another version of the first", k, i)
			}
		}

		g.plans, g.others = f.plans, f.others[1:]
		got := g.ask(t)
		if want.Plans != nil && want.Exact && got.Exact && (got.Plans == nil || got.CostMS > want.CostMS) {
			t.Errorf("scene %d: costs %d ms with less traffic, expected at most %d", k, got.CostMS, want.CostMS)
		}
	}
}

// TestJointOfOne: plans that never meet get what each gets alone, which for one
// plan is the cheaper of the options to be later and earlier.
func TestJointOfOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for k := range 40 {
		var all fleet
		sum := int64(0)
		found := true
		for i := range 3 {
			f := randomFleet(t, rng, 1, 8)
			if i > 0 {
				f.query, f.rules = all.query, all.rules
			}
			f.query.NoReroute = true
			f.plans[0].Entity.ID = fmt.Sprintf("plan-%d", i)
			for n, e := range f.others {
				e.ID = fmt.Sprintf("other-%d-%d", i, n)
			}
			got := f.ask(t)
			checkAlone(t, &f, got)
			sum += got.CostMS
			found = found && got.Plans != nil
			all.plans, all.others = append(all.plans, f.plans...), append(all.others, f.others...)
			all.query, all.rules = f.query, f.rules
		}
		got := all.ask(t)
		if (got.Plans != nil) != found || found && max(got.CostMS-sum, sum-got.CostMS) > 3 {
			t.Errorf("scene %d: found %v at %d ms together, %d ms one by one", k, delaysOf(got), got.CostMS, sum)
		}
	}
}

// checkAlone holds the answer for one plan to its options.
func checkAlone(t *testing.T, f *fleet, got *JointAnswer) {
	t.Helper()
	s, err := NewSurroundings(f.others, f.rules)
	if err != nil {
		t.Fatal(err)
	}
	options, err := s.Options(f.plans[0], f.query)
	if err != nil {
		t.Fatal(err)
	}
	best := int64(math.MaxInt64)
	if len(options.Conflicts) == 0 {
		best = 0
	}
	for _, o := range options.Options {
		if o.Kind == Delay || o.Kind == Advance {
			best = min(best, o.CostMS)
		}
	}
	if got.Plans == nil && best != math.MaxInt64 || got.Plans != nil && got.CostMS != best {
		t.Errorf("found %v at %d ms, the cheapest option in time costs %d ms", delaysOf(got), got.CostMS, best)
	}
}

// TestJointOfMany: more plans than are searched exactly still come out clear,
// and the bound holds.
func TestJointOfMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	for k := range 15 {
		f := randomFleet(t, rng, 8+rng.IntN(12), 4)
		f.query.Limits.LaterNS = 20 * minute
		a := f.ask(t)
		if a.Plans == nil {
			if len(a.Blocked) == 0 {
				t.Errorf("scene %d: no delays and nothing blocked", k)
			}
			continue
		}
		byID := map[string]int64{}
		for _, p := range a.Plans {
			byID[p.Entity.ID] = p.Change.DelayNS
		}
		delays := make([]int64, len(f.plans))
		for i, p := range f.plans {
			delays[i] = byID[p.Entity.ID]
		}
		if !f.allClear(t, delays) {
			t.Errorf("scene %d: delays %v are not clear", k, delays)
		}
		if a.BoundMS > a.CostMS || a.Exact != (a.BoundMS == a.CostMS) {
			t.Errorf("scene %d: cost %d ms, bound %d ms, exact %t", k, a.CostMS, a.BoundMS, a.Exact)
		}
	}
}

// hour is a plan or zone over one place for an hour.
func hour(t *testing.T, id string, startNS int64) *volume.Entity {
	t.Helper()
	circle, err := volume.NewCircle(geodesy.LatLng{LatE9: 11e9, LngE9: -38e9}, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	return &volume.Entity{ID: id, Volumes: []volume.Volume4D{{
		Footprint: circle, Band: volume.Band{LowerMM: 0, UpperMM: 100_000},
		Window: volume.Window{StartNS: startNS, EndNS: startNS + 60*minute},
	}}}
}

func TestJointSaysWhoBlocks(t *testing.T) {
	zone := hour(t, "zone", fleetStartNS-60*minute)
	zone.Kind, zone.Type = volume.Constraint, "no_entry"
	zone.Volumes[0].Window.EndNS = volume.ForeverNS
	f := fleet{query: inTime(20 * minute)}
	f.plans = []Plan{{Entity: hour(t, "b", fleetStartNS)}, {Entity: hour(t, "a", fleetStartNS)}}

	got := f.ask(t)
	if got.Plans != nil || !got.Exact || len(got.Blocked) != 1 || !slices.Equal(got.Blocked[0].Plans, []string{"a", "b"}) || got.Blocked[0].By != nil {
		t.Errorf("found %+v, expected a and b in each other's way", got)
	}
	f.query.Limits.LaterNS = 60 * minute
	if got = f.ask(t); !slices.Equal(delaysOf(got), []int64{0, 60 * minute}) {
		t.Errorf("found %v, expected b an hour later", delaysOf(got))
	}
	f.query.Limits.EarlierNS = 60 * minute
	f.query.Weights.Earlier = 1
	if got = f.ask(t); !slices.Equal(delaysOf(got), []int64{-60 * minute, 0}) {
		t.Errorf("found %v, expected a an hour earlier: of answers that cost the same, the first", delaysOf(got))
	}
	f.others = []*volume.Entity{zone}
	got = f.ask(t)
	if len(got.Blocked) != 2 || !got.Exact || !slices.Equal(got.Blocked[0].Plans, []string{"a"}) || len(got.Blocked[0].By) != 1 || got.Blocked[0].By[0].ID != "zone" {
		t.Errorf("found %+v, expected each plan blocked by the zone", got.Blocked)
	}
	if len(got.Conflicts) != 3 || len(got.Considered) != 1 {
		t.Errorf("found %d conflicts and %d considered, expected 3 and 1", len(got.Conflicts), len(got.Considered))
	}
	zone.Type = "call_first"
	got = f.ask(t)
	if !slices.Equal(delaysOf(got), []int64{-60 * minute, 0}) || len(got.Plans[0].Conditions) != 1 || len(got.Plans[1].Conditions) != 1 {
		t.Errorf("found %v, expected the zone as a condition of both", delaysOf(got))
	}
}

// TestJointThroughFiles: a file that keeps whole seconds, or no times, changes
// what can be had, and the answer is still clear.
func TestJointThroughFiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 4))
	refuse := errors.New("the file has no times")
	for range 20 {
		f := randomFleet(t, rng, 3, 6)
		for i := range f.plans {
			own := f.plans[i].Entity
			f.plans[i].Remake = func(c *volume.Change) (*volume.Entity, error) {
				whole := volume.Change{DelayNS: floorTo(c.DelayNS, 1e9)}
				return whole.Apply(own)
			}
		}
		for i, p := range f.ask(t).Plans {
			if !f.clearOfOthers(t, p.Entity) {
				t.Errorf("plan %d with its delay of %d ns is not clear as the file has it", i, p.Change.DelayNS)
			}
		}
	}
	f := fleet{query: inTime(70 * minute)}
	f.plans = []Plan{{Entity: hour(t, "a", fleetStartNS)}, {Entity: hour(t, "b", fleetStartNS)}}
	f.plans[1].Remake = func(*volume.Change) (*volume.Entity, error) { return nil, refuse }
	if got := f.ask(t); !slices.Equal(delaysOf(got), []int64{60 * minute, 0}) {
		t.Errorf("found %v, expected a an hour later, as b cannot move", delaysOf(got))
	}
	f.plans[0].Remake = f.plans[1].Remake
	if got := f.ask(t); got.Plans != nil || len(got.Blocked) != 1 || !errors.Is(got.Blocked[0].Why, refuse) {
		t.Errorf("found %+v, expected that neither can move", got)
	}
}

// TestJointOfTimeless: a plan without an end stays, and others wait for it.
func TestJointOfTimeless(t *testing.T) {
	f := fleet{query: inTime(70 * minute)}
	f.query.Limits.EarlierNS = 70 * minute
	f.plans = []Plan{{Entity: hour(t, "a", fleetStartNS)}, {Entity: hour(t, "b", fleetStartNS)}}
	f.plans[0].Entity.Volumes[0].Window.EndNS = volume.ForeverNS
	if got := f.ask(t); !slices.Equal(delaysOf(got), []int64{0, -60 * minute}) {
		t.Errorf("found %v, expected b an hour earlier", delaysOf(got))
	}
}

// TestWholeMilliseconds: spans are rounded outward, and what the decision found
// clear as declared stays.
func TestWholeMilliseconds(t *testing.T) {
	for _, c := range []struct {
		lo, hi int64 // ns
		clear  bool
		want   spanSet
	}{
		{-2_000_000, 3_000_000, false, spanSet{{Lo: -2, Hi: 3}}},
		{-2_000_001, 2_999_999, false, spanSet{{Lo: -3, Hi: 3}}},
		{1, 2_999_999, false, spanSet{{Lo: 0, Hi: 3}}},
		{-2_000_000, 400, true, spanSet{{Lo: -2, Hi: 0}, {Lo: 0, Hi: 1}}},
		{-2_000_000, -400, true, spanSet{{Lo: -2, Hi: 0}}},
	} {
		got := wholeMilliseconds([]owned{{Span: volume.Span{Lo: c.lo, Hi: c.hi}}}, c.clear)
		if !slices.Equal(got, c.want) {
			t.Errorf("(%d, %d) ns, clear %t: found %v, expected %v", c.lo, c.hi, c.clear, got, c.want)
		}
	}
}

func TestJointRefuses(t *testing.T) {
	s, err := NewSurroundings(nil, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	a := Plan{Entity: hour(t, "a", fleetStartNS)}
	heavy, odd := inTime(maxDelayNS), inTime(minute)
	heavy.Weights.Later, odd.Weights.Later = 1e6, math.NaN()
	for _, c := range []struct {
		name  string
		plans []Plan
		query Query
		want  error
	}{
		{"no plans", nil, inTime(minute), ErrQuery},
		{"too many plans", make([]Plan, MaxJointPlans+1), inTime(minute), ErrQuery},
		{"one id twice", []Plan{a, a}, inTime(minute), conflict.ErrSameID},
		{"weights beyond use", []Plan{a}, heavy, ErrQuery},
		{"a weight that is no number", []Plan{a}, odd, ErrQuery},
	} {
		if _, err := s.Joint(c.plans, c.query); !errors.Is(err, c.want) {
			t.Errorf("%s: found %v, expected %v", c.name, err, c.want)
		}
	}
}
