package resolve

import (
	"errors"
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// ErrNotIntent is the cause when what is to be cleared is a constraint.
var ErrNotIntent = errors.New("a constraint is not cleared: found a zone, expected a plan")

// finder is the work on one plan.
type finder struct {
	s     *Surroundings
	plan  Plan
	q     *Query
	own   *volume.Entity
	parts []volume.Part

	minAltMM, maxAltMM int64 // of the plan, as Limits count; unbounded ones left out
	startNS            int64

	tried   map[Kind]error // why changes of a kind could not be made
	crowded *bool          // pairs left some out
}

// newFinder validates plan and query. Errors are *conflict.InputError, or wrap
// ErrQuery.
func newFinder(s *Surroundings, p Plan, q *Query) (*finder, error) {
	if err := q.validate(); err != nil {
		return nil, err
	}
	if p.Entity.Kind != volume.Intent {
		return nil, &conflict.InputError{ID: p.Entity.ID, Err: ErrNotIntent}
	}
	if err := conflict.Validate(p.Entity); err != nil {
		return nil, err
	}
	if err := s.refuseBare(p.Entity); err != nil {
		return nil, err
	}
	if p.Remake == nil {
		p.Remake = func(c *volume.Change) (*volume.Entity, error) { return c.Apply(p.Entity) }
	}
	f := &finder{s: s, plan: p, q: q, own: p.Entity, parts: partsOf(p.Entity), tried: map[Kind]error{}, crowded: new(bool)}
	f.measure()
	return f, nil
}

// refuseBare refuses a plan that some other could never conflict with, as both
// are lines without extent: it must not read as clear.
func (s *Surroundings) refuseBare(e *volume.Entity) error {
	bare := false
	for _, t := range e.Trajectories {
		b := t.Buffers()
		bare = bare || b.LateralMM == 0 || b.VerticalMM == 0
	}
	if !bare {
		return nil
	}
	for i, other := range s.entities {
		if err := conflict.Comparable(e, other, s.minima(i)); err != nil {
			return err
		}
	}
	return nil
}

// measure finds the range of altitudes and the start of the plan.
func (f *finder) measure() {
	f.minAltMM, f.maxAltMM = math.MaxInt64, math.MinInt64
	f.startNS = volume.ForeverNS
	for i := range f.own.Volumes {
		v := &f.own.Volumes[i]
		band := v.Band
		if v.Datum.Sea {
			band = v.SeaBand
		}
		if band.LowerMM > volume.NoFloorMM {
			f.minAltMM = min(f.minAltMM, band.LowerMM)
		}
		if band.UpperMM < volume.NoCeilingMM {
			f.maxAltMM = max(f.maxAltMM, band.UpperMM)
		}
		f.startNS = min(f.startNS, v.Window.StartNS)
	}
	for _, t := range f.own.Trajectories {
		for _, p := range t.Waypoints() {
			alt := p.AltMM
			if t.Datum().Sea {
				alt = p.SeaMM
			}
			f.minAltMM, f.maxAltMM = min(f.minAltMM, alt), max(f.maxAltMM, alt)
		}
		f.startNS = min(f.startNS, t.Window().StartNS)
	}
}

// lifts returns the least and greatest lift that the limits allow.
func (f *finder) lifts() (lo, hi int64) {
	l := &f.q.Limits
	lo, hi = -l.DownMM, l.UpMM
	if f.minAltMM != math.MaxInt64 && l.FloorMM > volume.NoFloorMM {
		lo = max(lo, min(0, l.FloorMM-f.minAltMM))
	}
	if f.maxAltMM != math.MinInt64 && l.CeilingMM < volume.NoCeilingMM {
		hi = min(hi, max(0, l.CeilingMM-f.maxAltMM))
	}
	for i := range f.own.Volumes {
		// Raising what has no floor, or lowering what has no ceiling, is nothing.
		if b := f.own.Volumes[i].Band; b.LowerMM <= volume.NoFloorMM || b.UpperMM >= volume.NoCeilingMM {
			return 0, 0
		}
	}
	return lo, hi
}

// timeless tells whether a volume has no start or no end, so that moving it in
// time is nothing.
func (f *finder) timeless() bool {
	for i := range f.own.Volumes {
		if v := f.own.Volumes[i].Window; v.StartNS <= volume.AlwaysNS || v.EndNS >= volume.ForeverNS {
			return true
		}
	}
	return false
}

// delays returns the least and greatest delay that the limits allow.
func (f *finder) delays() (lo, hi int64) {
	if f.timeless() {
		return 0, 0
	}
	return -f.q.Limits.EarlierNS, f.q.Limits.LaterNS
}

// pair is a part of the plan and one it may come near.
type pair struct {
	mine  int // into the plan's parts
	other neighbour
}

// maxPairs bounds the pairs of parts that are looked at together.
const maxPairs = 500_000

// ErrCrowded is the cause when too much comes near a plan.
var ErrCrowded = fmt.Errorf("more than %d pairs of parts come near within the limits: narrow the limits, or divide the plan", maxPairs)

// checkCrowd returns ErrCrowded if pairs had to leave some out.
func (f *finder) checkCrowd() error {
	if *f.crowded {
		return &conflict.InputError{ID: f.own.ID, Err: ErrCrowded}
	}
	return nil
}

// pairs returns what the plan's parts may come near within a margin, without
// what it may enter. Too many are none, and checkCrowd fails from then on.
func (f *finder) pairs(m margin) []pair { return f.pairsOf(f.parts, m) }

// pairsOf is pairs for the parts of the plan as changed.
func (f *finder) pairsOf(parts []volume.Part, m margin) []pair {
	var out []pair
	var near []neighbour
	for i := range parts {
		near = f.s.nearby(near[:0], f.s.boxes(parts[i:i+1], m)...)
		for _, n := range near {
			if !f.s.free[n.of] {
				out = append(out, pair{i, n})
			}
		}
		if len(out) > maxPairs {
			*f.crowded = true
			return nil
		}
	}
	return out
}

// owned is a span with the entity that it comes from.
type owned struct {
	volume.Span
	of int
}

// spansOf gathers the spans of all pairs with their owners.
func (f *finder) spansOf(pairs []pair, parts []volume.Part, find func(dst []volume.Span, a, b volume.Part, need volume.Need) []volume.Span) []owned {
	var out []owned
	var spans []volume.Span
	for _, p := range pairs {
		spans = find(spans[:0], parts[p.mine], p.other.part, f.s.need(p.other.of))
		for _, s := range spans {
			out = append(out, owned{s, p.other.of})
		}
	}
	return out
}

// unionOf returns the spans without their owners.
func unionOf(all []owned) spanSet {
	spans := make([]volume.Span, len(all))
	for i, s := range all {
		spans[i] = s.Span
	}
	return normalise(spans)
}

// remake returns the plan as changed, or nil when it cannot be made so: the
// reason is kept under the kind of change.
func (f *finder) remake(kind Kind, c *volume.Change) *volume.Entity {
	e, err := f.plan.Remake(c)
	if err == nil {
		err = conflict.Validate(e)
	}
	if err != nil {
		if f.tried[kind] == nil {
			f.tried[kind] = fmt.Errorf("the plan cannot be changed so: %w", err)
		}
		return nil
	}
	return e
}

// accept returns the plan as changed when the decision finds it clear, else
// nil.
func (f *finder) accept(kind Kind, c *volume.Change) (*volume.Entity, error) {
	e := f.remake(kind, c)
	if e == nil {
		return nil, nil
	}
	ok, err := f.s.clear(e)
	if !ok || err != nil {
		return nil, err
	}
	return e, nil
}

// ref returns what entities are called.
func (s *Surroundings) ref(of int) conflict.Ref {
	e := s.entities[of]
	return conflict.Ref{ID: e.ID, Version: e.Version, Party: e.Party, Name: e.Name, Kind: e.Kind, Type: e.Type}
}
