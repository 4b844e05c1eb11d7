package resolve

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/volume"
)

// maxSteps bounds the steps of a combination in one direction.
const maxSteps = 100

// combinedBearings is how many directions combinations try.
const combinedBearings = 3

// node is a lift and a shift, with what they cost in seconds of delay.
type node struct {
	lift  int64
	shift volume.Shift
	cost  float64
}

// nodes returns the grid of lifts and shifts in order of cost.
func (f *finder) nodes(bearings []int) []node {
	l, w := &f.q.Limits, &f.q.Weights
	lo, hi := f.lifts()
	var lifts []int64
	step := gridStep(l.LiftStepMM, max(hi, -lo))
	for h := lo / step * step; h <= hi; h += step {
		lifts = append(lifts, h)
	}
	shifts := []volume.Shift{{}}
	step = gridStep(l.SidewaysStepMM, l.SidewaysMM)
	for _, b := range bearings {
		for d := step; d <= l.SidewaysMM; d += step {
			shifts = append(shifts, volume.Shift{BearingDeg: b, DistanceMM: d})
		}
	}
	var out []node
	for _, h := range lifts {
		for _, s := range shifts {
			if h != 0 || s.DistanceMM != 0 {
				out = append(out, node{h, s, float64(w.Lift*metres(max(h, -h))) + float64(w.Sideways*metres(s.DistanceMM))})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b node) int { return cmp.Compare(a.cost, b.cost) })
	return out
}

// gridStep returns the step of a grid: the one asked for, or an eighth of the
// limit; never so small that the grid has more than maxSteps.
func gridStep(step, limit int64) int64 {
	if step == 0 {
		step = limit / 8
	}
	return max(step, limit/maxSteps, 1)
}

// combined returns the cheapest change of a lift and a shift of the grid and any
// delay, if it costs less than below, or nil. It takes the grid in order of cost
// until that alone costs what the best does, so it is the optimum over the grid
// and all delays.
func (f *finder) combined(bearings []int, below float64) (*found, error) {
	w := &f.q.Weights
	lo, hi := f.delays()
	var best *found
	for _, n := range f.nodes(bearings) {
		left := below - n.cost
		if left <= 0 {
			break
		}
		// Only delays that leave it cheaper are of interest.
		within := volume.Span{Lo: -affordable(-lo, w.Earlier, left), Hi: affordable(hi, w.Later, left)}
		// What is tried is the plan as it would be declared: the spans of another
		// one would send the decision to amounts that are not clear.
		e := f.remake(Combined, &volume.Change{Shift: n.shift, LiftMM: n.lift})
		if e == nil {
			continue // it cannot be there, whatever the delay
		}
		parts := partsOf(e)
		near := f.pairsOf(parts, margin{earlierNS: -within.Lo, laterNS: within.Hi})
		spans := f.spansOf(near, parts, func(dst []volume.Span, a, b volume.Part, need volume.Need) []volume.Span {
			return volume.DelaySpans(dst, a, b, need, within)
		})
		for _, line := range f.timeLines(spans) {
			c := volume.Change{Shift: n.shift, LiftMM: n.lift}
			line.limit = within.Hi
			if line.kind == Advance {
				line.limit = -within.Lo
			}
			line.kind = Combined
			delay, cost := line.change, line.cost
			line.change = func(ns int64) volume.Change {
				c.DelayNS = delay(ns).DelayNS
				return c
			}
			line.cost = func(ns int64) float64 { return n.cost + cost(ns) }
			got, err := f.leastOrNone(line)
			if err != nil {
				return nil, err
			}
			if got != nil && got.cost < below {
				best, below = got, got.cost
			}
		}
	}
	return best, nil
}

// leastOrNone is least for a line on which 0 may be clear as well.
func (f *finder) leastOrNone(l *line) (*found, error) {
	if unionOf(l.spans).at(0) < 0 {
		if got, err := f.try(l, 0); got != nil || err != nil {
			return got, err
		}
	}
	return f.least(l)
}

// affordable returns how much time a cost buys, up to a limit in nanoseconds.
func affordable(limit int64, weight, cost float64) int64 {
	if ns := float64(cost * 1e9); ns < float64(weight*float64(limit)) {
		return int64(ns / weight)
	}
	return limit
}

// refine lowers the lift of a combination, then its shift, to the least that the
// rest of it needs: the grid has them in steps only.
func (f *finder) refine(best *found) (*found, error) {
	var err error
	if lift := best.change.LiftMM; lift != 0 {
		rest := best.change
		rest.LiftMM = 0
		if g := f.onTop(&rest); g != nil {
			way, sign := g.liftLines()[0], int64(1)
			if lift < 0 {
				way, sign = g.liftLines()[1], -1
			}
			best, err = f.lower(best, way, sign*lift, func(n int64) volume.Change {
				c := rest
				c.LiftMM = sign * n
				return c
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if shift := best.change.Shift; shift.DistanceMM != 0 {
		rest := best.change
		rest.Shift = volume.Shift{}
		if g := f.onTop(&rest); g != nil {
			return f.lower(best, g.newSideways().line(shift.BearingDeg), shift.DistanceMM, func(n int64) volume.Change {
				c := rest
				c.Shift = volume.Shift{BearingDeg: shift.BearingDeg, DistanceMM: n}
				return c
			})
		}
	}
	return best, nil
}

// onTop returns a finder for the plan with a change, or nil if it cannot be
// changed so.
func (f *finder) onTop(c *volume.Change) *finder {
	e := f.remake(Combined, c)
	if e == nil {
		return nil
	}
	g := *f
	g.own, g.parts = e, partsOf(e)
	g.measure()
	return &g
}

// lower returns best with the amount n of it, which is on a line, as small as the
// decision accepts; change makes the whole of it.
func (f *finder) lower(best *found, l *line, n int64, change func(n int64) volume.Change) (*found, error) {
	cost, rest := l.cost, best.cost-l.cost(n)
	l.kind, l.limit, l.change = Combined, n, change
	l.cost = func(n int64) float64 { return rest + cost(n) }
	got, err := f.leastOrNone(l)
	if got == nil && err == nil { // the spans end beyond n, as they may be off
		got, err = f.tighten(l, &found{kind: Combined, n: n, change: best.change, entity: best.entity, cost: best.cost})
	}
	if got == nil || got.cost >= best.cost {
		return best, err
	}
	return got, err
}
