package resolve

import (
	"github.com/deconflict/deconflict/internal/volume"
)

// line is one kind of change by an amount of 0 or more.
type line struct {
	kind  Kind
	limit int64
	// Amounts are multiples of step, and the least one found is shown to be
	// needed: an amount less by proof is in conflict.
	step, proof int64
	spans       []owned // amounts that are in conflict
	guess       int64   // see sideways.guess; 0: not made yet
	change      func(n int64) volume.Change
	cost        func(n int64) float64 // in seconds of delay
}

// Steps and proofs of amounts: time in nanoseconds, lengths in millimetres.
const (
	timeStep, timeProof         = 1e6, 10e6
	liftStep, liftProof         = 1, 20
	sidewaysStep, sidewaysProof = 10, 20
)

// up rounds an amount up to a multiple of the step.
func (l *line) up(n int64) int64 { return (n + l.step - 1) / l.step * l.step }

// found is a change that the decision accepts: the least amount of a line.
type found struct {
	kind   Kind
	n      int64
	change volume.Change
	entity *volume.Entity
	cost   float64
}

// least returns the least amount of the line that the decision accepts, or nil.
// The spans say where to look; the decision, on the plan as it would be declared,
// says what is clear.
func (f *finder) least(l *line) (*found, error) {
	spans := unionOf(l.spans)
	// A plan may be in conflict by less than the spans are off.
	for n := l.up(max(1, spans.from(0))); n <= l.limit; {
		if i := spans.at(n); i >= 0 { // rounding up has led into the next one
			n = l.up(spans[i].Hi)
			continue
		}
		// An area holds the plan whole between its edges.
		i, until := spans.after(n), l.limit+1
		if i < len(spans) {
			until = min(until, spans[i].Lo+1)
		}
		got, err := f.acceptAt(l, n, until)
		if err != nil {
			return nil, err
		}
		if got != nil {
			return f.tighten(l, got)
		}
		if i == len(spans) {
			return nil, nil
		}
		n = l.up(spans[i].Hi)
	}
	return nil, nil
}

// after returns the number of the first span that begins at n or later.
func (u spanSet) after(n int64) int {
	i := 0
	for i < len(u) && u[i].Lo < n {
		i++
	}
	return i
}

// raises is how often an amount that should be clear is raised, by steps that
// double: spans sideways are off by decimetres where legs are long, and by more
// where heights above the sea meet heights above the ellipsoid, whose error
// grows on the way.
const raises = 24

// acceptAt returns the amount n, or one greater but less than until, if the
// decision accepts it.
func (f *finder) acceptAt(l *line, n, until int64) (*found, error) {
	for k := range raises {
		at := n + (int64(1)<<k-1)*l.step
		if at >= until {
			return nil, nil
		}
		got, err := f.try(l, at)
		if got != nil || err != nil {
			return got, err
		}
	}
	return nil, nil
}

// try returns the amount n if the decision accepts it.
func (f *finder) try(l *line, n int64) (*found, error) {
	c := l.change(n)
	e, err := f.accept(l.kind, &c)
	if e == nil || err != nil {
		return nil, err
	}
	return &found{kind: l.kind, n: n, change: c, entity: e, cost: l.cost(n)}, nil
}

// tighten lowers an accepted amount until one less by the line's proof is in
// conflict.
func (f *finder) tighten(l *line, got *found) (*found, error) {
	for width := l.proof; ; width *= 2 {
		low := max(0, got.n-width)
		if low > 0 {
			less, err := f.try(l, low)
			if err != nil {
				return nil, err
			}
			if less != nil {
				got = less
				continue
			}
		}
		return f.between(l, low, got)
	}
}

// between halves the way from an amount in conflict to an accepted one until
// they are a proof apart.
func (f *finder) between(l *line, low int64, got *found) (*found, error) {
	for got.n-low > l.proof {
		mid := l.up(low + (got.n-low)/2)
		if mid >= got.n {
			break
		}
		less, err := f.try(l, mid)
		if err != nil {
			return nil, err
		}
		if less != nil {
			got = less
		} else {
			low = mid
		}
	}
	return got, nil
}

// oneWay returns the spans of amounts in one direction: those above 0, or for
// moves against the spans' direction, those below mirrored.
func oneWay(all []owned, against bool) []owned {
	out := make([]owned, 0, len(all))
	for _, s := range all {
		if against {
			s.Lo, s.Hi = -s.Hi, -s.Lo
		}
		if s.Hi > 0 {
			out = append(out, s)
		}
	}
	return out
}

// delaySpans returns the delays in conflict within the limits.
func (f *finder) delaySpans() []owned {
	lo, hi := f.delays()
	within := volume.Span{Lo: lo, Hi: hi}
	return f.spansOf(f.pairs(margin{earlierNS: -lo, laterNS: hi}), f.parts, func(dst []volume.Span, a, b volume.Part, need volume.Need) []volume.Span {
		return volume.DelaySpans(dst, a, b, need, within)
	})
}

// timeLines returns the lines of moving the plan in time.
func (f *finder) timeLines(spans []owned) []*line {
	lo, hi := f.delays()
	w := &f.q.Weights
	return []*line{
		{
			kind: Delay, limit: hi, step: timeStep, proof: timeProof, spans: oneWay(spans, false),
			change: func(n int64) volume.Change { return volume.Change{DelayNS: n} },
			cost:   func(n int64) float64 { return float64(w.Later * seconds(n)) },
		},
		{
			kind: Advance, limit: -lo, step: timeStep, proof: timeProof, spans: oneWay(spans, true),
			change: func(n int64) volume.Change { return volume.Change{DelayNS: -n} },
			cost:   func(n int64) float64 { return float64(w.Earlier * seconds(n)) },
		},
	}
}

// liftLines returns the lines of moving the plan up and down.
func (f *finder) liftLines() []*line {
	lo, hi := f.lifts()
	spans := f.spansOf(f.pairs(margin{downMM: -lo, upMM: hi}), f.parts, volume.LiftSpans)
	cost := func(n int64) float64 { return float64(f.q.Weights.Lift * metres(n)) }
	return []*line{
		{
			kind: Climb, limit: hi, step: liftStep, proof: liftProof, spans: oneWay(spans, false), cost: cost,
			change: func(n int64) volume.Change { return volume.Change{LiftMM: n} },
		},
		{
			kind: Descend, limit: -lo, step: liftStep, proof: liftProof, spans: oneWay(spans, true), cost: cost,
			change: func(n int64) volume.Change { return volume.Change{LiftMM: -n} },
		},
	}
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

func metres(mm int64) float64 { return float64(mm) / 1000 }
