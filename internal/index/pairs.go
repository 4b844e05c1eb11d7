package index

import (
	"iter"
	"slices"
)

// Pairs calls yield with every two different ids that have overlapping boxes,
// a < b, each pair once, in ascending order of a and then of b, until yield
// returns false. It is an [iter.Seq2]:
//
//	for a, b := range snapshot.Pairs { ... }
func (s *Snapshot[ID]) Pairs(yield func(a, b ID) bool) {
	s.PairsPart(0, 1)(yield)
}

// PairsPart returns one of n parts of Pairs, for one goroutine each. Part 0 to part
// n-1, one after the other, are exactly Pairs. The parts take about the same
// time where ids say nothing of the place. It returns no pair for a part that
// is not in 0..n-1.
func (s *Snapshot[ID]) PairsPart(part, n int) iter.Seq2[ID, ID] {
	return func(yield func(a, b ID) bool) {
		if part < 0 || part >= n {
			return
		}
		all := s.sources()
		limit, limited := s.between(part, n, all)
		join := joiner[ID]{snapshot: s, yield: yield}
		stopped := false
		s.ascend(all, func(id ID, b Box) bool {
			if limited && id >= limit {
				return false
			}
			stopped = !join.add(id, b)
			return !stopped
		})
		if !stopped {
			join.flush()
		}
	}
}

// between moves the sources to the first id of a part, and returns the first
// id after it. The cuts are ids at equal steps of the largest source.
func (s *Snapshot[ID]) between(part, n int, all []source[ID]) (limit ID, limited bool) {
	largest := -1
	for i := range all {
		if largest < 0 || len(all[i].rest) > len(all[largest].rest) {
			largest = i
		}
	}
	if largest < 0 {
		return limit, false
	}
	cut := func(k int) ID {
		c := all[largest]
		c.rest = c.rest[int(int64(len(c.rest))*int64(k)/int64(n)):]
		c.load()
		return c.id
	}
	if part+1 < n {
		limit, limited = cut(part+1), true
	}
	if part > 0 {
		from := cut(part)
		for i := range all {
			all[i].seek(from)
		}
	}
	return limit, limited
}

// joiner gathers the boxes of one id after the other and finds their partners.
type joiner[ID Key] struct {
	snapshot *Snapshot[ID]
	yield    func(a, b ID) bool
	id       ID
	started  bool // id is set
	found    []ID
}

// add takes the next box in ascending order of id. It returns false when yield
// did.
func (j *joiner[ID]) add(id ID, b Box) bool {
	if j.started && id != j.id && !j.flush() {
		return false
	}
	j.id, j.started = id, true
	// The partners below id have met it already.
	had := len(j.found)
	j.found = j.snapshot.collect(j.found, b)
	kept := slices.DeleteFunc(j.found[had:], func(o ID) bool { return o <= id })
	j.found = j.found[:had+len(kept)]
	return true
}

// flush yields the pairs of the id in hand.
func (j *joiner[ID]) flush() bool {
	slices.Sort(j.found)
	for _, o := range slices.Compact(j.found) {
		if !j.yield(j.id, o) {
			return false
		}
	}
	j.found = j.found[:0]
	return true
}
