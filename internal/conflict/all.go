package conflict

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/deconflict/deconflict/internal/index"
	"github.com/deconflict/deconflict/internal/volume"
)

// ErrSameID is the cause when two entities of a set have one id.
var ErrSameID = errors.New("two entities have this id")

// Options say how All compares a set.
type Options struct {
	// Minima hold between two intents.
	Minima Minima
	// Constraints are the minima between an intent and a constraint; nil means
	// Minima.
	Constraints *Minima
	// Against tells the entities that the others are compared with, but that are
	// not compared with each other. Nil means that there are none. Two
	// constraints are never compared.
	Against func(e *volume.Entity) bool
	// Progress is called now and then with the share of work done, 0 to 1. It
	// is called by one goroutine at a time.
	Progress func(done float64)
	// Workers is the number of goroutines; 0 means one a processor.
	Workers int
}

// Result is the outcome of All.
type Result struct {
	// Verdicts are the conflicts, sorted by the ids of A and B.
	Verdicts []Verdict
	// Pairs is the number of pairs that are compared, Candidates the number of
	// those that come near enough in space and time to need the exact test.
	Pairs, Candidates int
	// InputsDigest covers all entities and minima, Digest these and every
	// verdict. They let two parties compare answers, a clear one included.
	InputsDigest, Digest [32]byte
}

// All compares a set of entities and returns the verdicts of those pairs that
// conflict. The result does not depend on the order of the set or the number
// of workers.
func All(ctx context.Context, entities []*volume.Entity, opt Options) (Result, error) {
	set, err := newSet(entities, &opt)
	if err != nil {
		return Result{}, err
	}
	out := Result{Pairs: set.pairs()}
	if err := set.checkPairs(); err != nil {
		return Result{}, err
	}
	snapshot := set.index().Snapshot()
	parts := opt.Workers * partsAWorker
	var next, done, candidates atomic.Int64
	var mu sync.Mutex // guards out.Verdicts, firstErr and Progress
	var firstErr error
	var group sync.WaitGroup
	for range opt.Workers {
		group.Go(func() {
			for {
				part := int(next.Add(1)) - 1
				if part >= parts || ctx.Err() != nil {
					return
				}
				n, found, err := set.part(ctx, snapshot.PairsPart(part, parts))
				candidates.Add(int64(n))
				mu.Lock()
				out.Verdicts = append(out.Verdicts, found...)
				if err != nil && firstErr == nil {
					firstErr = err
				}
				if opt.Progress != nil {
					opt.Progress(float64(done.Add(1)) / float64(parts))
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if firstErr == nil {
		firstErr = ctx.Err()
	}
	if firstErr != nil {
		return Result{}, firstErr
	}
	out.Candidates = int(candidates.Load())
	slices.SortFunc(out.Verdicts, func(v, w Verdict) int {
		return cmp.Or(cmp.Compare(v.A.ID, w.A.ID), cmp.Compare(v.B.ID, w.B.ID))
	})
	out.InputsDigest = set.inputsDigest()
	out.Digest = resultDigest(&out)
	return out, nil
}

// partsAWorker is how many pieces of work each worker gets, so that progress
// moves and an uneven set still fills all processors.
const partsAWorker = 64

// set is a validated set of entities in order of id.
type set struct {
	entities []*volume.Entity
	subjects []*Subject
	class    []class
	opt      *Options
}

// class says with whom an entity is compared.
type class struct{ constraint, against bool }

// with tells whether entities of two classes are compared.
func (c class) with(d class) bool {
	return !(c.constraint && d.constraint) && !(c.against && d.against)
}

// minima returns those of a pair.
func (s *set) minima(i, j int) *Minima {
	if s.class[i].constraint || s.class[j].constraint {
		return s.opt.Constraints
	}
	return &s.opt.Minima
}

// checkPairs refuses the first pair, in order of ids, that the minima cannot
// judge, whether or not it comes near: that it does not is no answer.
func (s *set) checkPairs() error {
	for i, a := range s.entities {
		if !s.mayFail(i) {
			continue
		}
		for j := i + 1; j < len(s.entities); j++ {
			if !s.mayFail(j) || !s.class[i].with(s.class[j]) {
				continue
			}
			if err := checkPair(a, s.entities[j], *s.minima(i, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayFail tells whether checkPair may refuse an entity with some other: it has
// a trajectory without width or height of its own, or one of very many legs.
func (s *set) mayFail(i int) bool {
	for _, t := range s.entities[i].Trajectories {
		b := t.Buffers()
		bare := b.LateralMM == 0 && min(s.opt.Minima.LateralMM, s.opt.Constraints.LateralMM) == 0 ||
			b.VerticalMM == 0 && min(s.opt.Minima.VerticalMM, s.opt.Constraints.VerticalMM) == 0
		if bare || t.Legs() > 1000 {
			return true
		}
	}
	return false
}

// pairs returns the number of pairs that are compared.
func (s *set) pairs() int {
	var constraints, against, both int
	for _, c := range s.class {
		if c.constraint {
			constraints++
		}
		if c.against {
			against++
		}
		if c.constraint && c.against {
			both++
		}
	}
	among := func(n int) int { return n * (n - 1) / 2 }
	return among(len(s.class)) - among(constraints) - among(against) + among(both)
}

func newSet(entities []*volume.Entity, opt *Options) (*set, error) {
	if opt.Constraints == nil {
		opt.Constraints = &opt.Minima
	}
	for _, m := range [2]*Minima{&opt.Minima, opt.Constraints} {
		if err := m.Validate(); err != nil {
			return nil, err
		}
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	s := &set{entities: slices.Clone(entities), opt: opt}
	slices.SortFunc(s.entities, func(a, b *volume.Entity) int { return cmp.Compare(a.ID, b.ID) })
	s.subjects = make([]*Subject, len(s.entities))
	s.class = make([]class, len(s.entities))
	for i, e := range s.entities {
		var err error
		if s.subjects[i], err = Prepare(e); err != nil {
			return nil, err
		}
		if i > 0 && s.entities[i-1].ID == e.ID {
			return nil, &InputError{ID: e.ID, Err: ErrSameID}
		}
		s.class[i] = class{constraint: e.Kind == volume.Constraint, against: opt.Against != nil && opt.Against(e)}
	}
	return s, nil
}

// index returns the boxes of all parts under the number of their entity.
func (s *set) index() *index.Index[uint32] {
	var entries []index.Entry[uint32]
	var extents []volume.Extent
	m, c := s.opt.Minima.need(), s.opt.Constraints.need()
	need := volume.Need{
		LateralMM:  max(m.LateralMM, c.LateralMM),
		VerticalMM: max(m.VerticalMM, c.VerticalMM),
		TimeNS:     max(m.TimeNS, c.TimeNS),
	}
	for i, e := range s.entities {
		extents = extents[:0]
		for k := range e.Volumes {
			extents = e.Volumes[k].Extents(extents, need)
		}
		for _, t := range e.Trajectories {
			for k := range t.Legs() {
				extents = t.LegExtents(extents, k, need)
			}
		}
		for _, x := range extents {
			entries = append(entries, index.Entry[uint32]{ID: uint32(i), Box: Box(x)})
		}
	}
	return index.Build(entries)
}

// part judges the candidate pairs of one part of the join.
func (s *set) part(ctx context.Context, pairs func(func(i, j uint32) bool)) (candidates int, found []Verdict, err error) {
	for i, j := range pairs {
		if !s.class[i].with(s.class[j]) {
			continue
		}
		a, b := s.entities[i], s.entities[j]
		candidates++
		if candidates%1024 == 0 && ctx.Err() != nil {
			return candidates, nil, ctx.Err()
		}
		m := *s.minima(int(i), int(j))
		if decide(a, b, m.need()) {
			found = append(found, judge(a, b, s.subjects[i].digest, s.subjects[j].digest, m))
		}
	}
	return candidates, found, nil
}
