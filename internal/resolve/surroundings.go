// Package resolve finds the smallest changes that clear a plan of everything it
// must keep away from: later or earlier, higher or lower, to the side, less time
// or altitude, another path, or several of these. Only the plan's own operator
// has to do anything.
//
// What a change forbids is found exactly, as intervals (volume.DelaySpans and
// its like); whether a changed plan is clear is said by package conflict alone,
// which also decides whether it is accepted.
package resolve

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/volume"
)

// Rules say what separates a plan from the others.
type Rules struct {
	// Minima hold towards other intents.
	Minima conflict.Minima
	// Constraints are the minima towards constraints; nil means Minima.
	Constraints *conflict.Minima
	// MinimaFor are those towards one entity, where each other party agreed to
	// others. Nil means Minima and Constraints.
	MinimaFor func(e *volume.Entity) conflict.Minima
	// Conditional tells the constraints that the plan may enter on a condition:
	// a call, or taking note. Nil means those of type call_first and advisory.
	Conditional func(e *volume.Entity) bool
}

// Surroundings are what plans must fit into. They are immutable and safe for
// concurrent use.
type Surroundings struct {
	rules    Rules
	entities []*volume.Entity                   // in order of id
	subjects []atomic.Pointer[conflict.Subject] // made when first asked for
	minimas  []conflict.Minima                  // by entity
	free     []bool                             // by entity: conditional
	parts    []neighbour
	index    *index.Snapshot[uint32] // numbers into parts
}

// neighbour is a part of an entity that a plan may come near.
type neighbour struct {
	of   int // into Surroundings.entities
	part volume.Part
}

// NewSurroundings indexes the entities around. Their ids are unique. Errors are
// *conflict.InputError.
func NewSurroundings(others []*volume.Entity, r Rules) (*Surroundings, error) {
	if r.Constraints == nil {
		r.Constraints = &r.Minima
	}
	if r.Conditional == nil {
		r.Conditional = func(e *volume.Entity) bool { return e.Type == "call_first" || e.Type == "advisory" }
	}
	if err := cmp.Or(r.Minima.Validate(), r.Constraints.Validate()); err != nil {
		return nil, err
	}
	s := &Surroundings{rules: r, entities: slices.Clone(others)}
	slices.SortFunc(s.entities, func(a, b *volume.Entity) int { return cmp.Compare(a.ID, b.ID) })
	s.subjects = make([]atomic.Pointer[conflict.Subject], len(s.entities))
	s.minimas, s.free = make([]conflict.Minima, len(s.entities)), make([]bool, len(s.entities))
	var entries []index.Entry[uint32]
	var extents []volume.Extent
	for i, e := range s.entities {
		if i > 0 && s.entities[i-1].ID == e.ID {
			return nil, &conflict.InputError{ID: e.ID, Err: conflict.ErrSameID}
		}
		s.minimas[i] = s.agreed(e)
		if err := cmp.Or(conflict.Validate(e), s.minimas[i].Validate()); err != nil {
			return nil, err
		}
		s.free[i] = e.Kind == volume.Constraint && r.Conditional(e)
		need := s.need(i)
		for _, p := range partsOf(e) {
			extents = extentsOf(extents[:0], p, need)
			for _, x := range extents {
				entries = append(entries, index.Entry[uint32]{ID: uint32(len(s.parts)), Box: conflict.Box(x)})
			}
			s.parts = append(s.parts, neighbour{i, p})
		}
	}
	s.index = index.Build(entries).Snapshot()
	return s, nil
}

// partsOf returns the volumes and legs of an entity.
func partsOf(e *volume.Entity) []volume.Part {
	var out []volume.Part
	for i := range e.Volumes {
		out = append(out, volume.Part{Volume: &e.Volumes[i]})
	}
	for _, t := range e.Trajectories {
		for leg := range t.Legs() {
			out = append(out, volume.Part{Route: t, Leg: leg})
		}
	}
	return out
}

func extentsOf(dst []volume.Extent, p volume.Part, need volume.Need) []volume.Extent {
	if p.Volume != nil {
		return p.Volume.Extents(dst, need)
	}
	return p.Route.LegExtents(dst, p.Leg, need)
}

// agreed returns the minima between a plan and an entity.
func (s *Surroundings) agreed(e *volume.Entity) conflict.Minima {
	if s.rules.MinimaFor != nil {
		return s.rules.MinimaFor(e)
	}
	if e.Kind == volume.Constraint {
		return *s.rules.Constraints
	}
	return s.rules.Minima
}

// minima returns those between a plan and entity number of.
func (s *Surroundings) minima(of int) conflict.Minima { return s.minimas[of] }

// need is minima as package volume takes it.
func (s *Surroundings) need(of int) volume.Need {
	m := s.minima(of)
	return volume.Need{LateralMM: m.LateralMM, VerticalMM: m.VerticalMM, TimeNS: m.TimeNS}
}

// widest returns the largest of all minima in each dimension.
func (s *Surroundings) widest() volume.Need {
	m, c := s.rules.Minima, s.rules.Constraints
	n := volume.Need{
		LateralMM:  max(m.LateralMM, c.LateralMM),
		VerticalMM: max(m.VerticalMM, c.VerticalMM),
		TimeNS:     max(m.TimeNS, c.TimeNS),
	}
	for i := range s.minimas {
		m := &s.minimas[i]
		n.LateralMM, n.VerticalMM, n.TimeNS = max(n.LateralMM, m.LateralMM), max(n.VerticalMM, m.VerticalMM), max(n.TimeNS, m.TimeNS)
	}
	return n
}

// conditional tells whether entity number of may be entered.
func (s *Surroundings) conditional(of int) bool { return s.free[of] }

// nearby appends the parts whose boxes meet one of the boxes, each once, in
// order of entity and part.
func (s *Surroundings) nearby(dst []neighbour, boxes ...index.Box) []neighbour {
	var found []uint32
	for _, b := range boxes {
		found = s.index.Search(found, b)
	}
	slices.Sort(found)
	for _, n := range slices.Compact(found) {
		dst = append(dst, s.parts[n])
	}
	return dst
}

// margin is by how much a plan's boxes are grown to hold what a search may do.
type margin struct {
	earlierNS, laterNS int64
	downMM, upMM       int64
	sidewaysMM         int64
}

// boxes returns the boxes of parts grown by a margin.
func (s *Surroundings) boxes(parts []volume.Part, m margin) []index.Box {
	need := s.widest()
	// LegExtents and Extents grow by half of the lateral need.
	need.LateralMM += 2 * m.sidewaysMM
	var out []index.Box
	var extents []volume.Extent
	for _, p := range parts {
		extents = extentsOf(extents[:0], p, need)
		for _, x := range extents {
			x.Band.LowerMM, x.Band.UpperMM = x.Band.LowerMM-m.downMM, x.Band.UpperMM+m.upMM
			x.Window.StartNS, x.Window.EndNS = x.Window.StartNS-m.earlierNS, x.Window.EndNS+m.laterNS
			out = append(out, conflict.Box(x))
		}
	}
	return out
}

// around returns the numbers of the entities near a plan, in order.
func (s *Surroundings) around(e *volume.Entity, m margin) []int {
	var out []int
	for _, n := range s.nearby(nil, s.boxes(partsOf(e), m)...) {
		if len(out) == 0 || out[len(out)-1] != n.of {
			out = append(out, n.of)
		}
	}
	return out
}

// clear tells whether a plan is clear of everything it may not enter: the
// decision itself. Errors are *conflict.InputError.
func (s *Surroundings) clear(e *volume.Entity) (bool, error) {
	blocker, err := s.firstConflict(e)
	return blocker < 0, err
}

// firstConflict returns the number of the first entity, in order of id, that a
// plan conflicts with and may not enter, or -1.
func (s *Surroundings) firstConflict(e *volume.Entity) (int, error) {
	for _, of := range s.around(e, margin{}) {
		if s.free[of] {
			continue
		}
		hit, err := conflict.Decide(e, s.entities[of], s.minima(of))
		if err != nil {
			return -1, err
		}
		if hit {
			return of, nil
		}
	}
	return -1, nil
}

// subject returns entity number of with its digest.
func (s *Surroundings) subject(of int) (*conflict.Subject, error) {
	if u := s.subjects[of].Load(); u != nil {
		return u, nil
	}
	u, err := conflict.Prepare(s.entities[of])
	if err == nil {
		s.subjects[of].Store(u)
	}
	return u, err
}

// spanSet is a union of open spans: sorted, disjoint, none empty.
type spanSet []volume.Span

// normalise sorts spans in place and joins those that overlap. Spans that only
// touch stay apart, as the move between them is free.
func normalise(spans []volume.Span) spanSet {
	slices.SortFunc(spans, func(a, b volume.Span) int { return cmp.Or(cmp.Compare(a.Lo, b.Lo), cmp.Compare(a.Hi, b.Hi)) })
	out := spans[:0]
	for _, s := range spans {
		if s.Lo >= s.Hi {
			continue
		}
		if n := len(out); n > 0 && s.Lo < out[n-1].Hi {
			out[n-1].Hi = max(out[n-1].Hi, s.Hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// at returns the number of the span that holds n, or -1.
func (u spanSet) at(n int64) int {
	i, _ := slices.BinarySearchFunc(u, n, func(s volume.Span, n int64) int {
		if s.Hi <= n {
			return -1
		}
		return 1
	})
	if i < len(u) && u[i].Lo < n {
		return i
	}
	return -1
}

// from returns the least free move that is n or more.
func (u spanSet) from(n int64) int64 {
	for i := u.at(n); i >= 0 && i < len(u) && u[i].Lo < n; i++ {
		n = u[i].Hi
	}
	return n
}

// upTo returns the greatest free move that is n or less.
func (u spanSet) upTo(n int64) int64 {
	for i := u.at(n); i >= 0 && u[i].Hi > n; i-- {
		n = u[i].Lo
	}
	return n
}

// everything is a span that holds all moves.
var everything = volume.Span{Lo: math.MinInt64 / 4, Hi: math.MaxInt64 / 4}
