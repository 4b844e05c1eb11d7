package resolve

import (
	"cmp"
	"slices"
)

// Limits of the search over more plans than can be searched exactly.
const (
	// maxRounds bounds the rounds of improvement.
	maxRounds = 4
	// roundChoices bounds one exact search of a round.
	roundChoices = 500
)

// many answers for more plans than together does: the best of several orders,
// then rounds in which a few plans at a time are timed anew, exactly, while the
// others stay. Plans are split into sets of a few, each searched exactly without
// the others; what these cost together is a bound, as what is left out forbids
// only more.
func (t *timing) many(group []int) times {
	var out times
	alone := make(map[int]int64, len(group))
	for _, i := range group {
		ms, ok := t.leastClear(t.own[i])
		if !ok {
			out.stuck = append(out.stuck, []int{i})
		}
		alone[i] = ms
	}
	if out.stuck != nil {
		out.proven = true
		return out
	}
	for _, some := range t.split(group, alone) {
		best, bound, proven := t.search(some, nil, nil, maxChoices)
		out.bound += bound
		if best == nil && proven {
			out.stuck, out.bound, out.proven = t.smallestStuck(some), 0, true
			return out
		}
	}
	x := t.firstCome(group)
	if x == nil {
		out.stuck = [][]int{group}
		return out
	}
	fixed := make([]int64, len(t.own))
	for k, i := range group {
		fixed[i] = x[k]
	}
	t.improve(group, alone, fixed)
	for k, i := range group {
		x[k] = fixed[i]
	}
	out.delays, out.proven = x, t.sum(x) == out.bound
	return out
}

// split returns a group in sets of at most maxTogether plans. A set grows by the
// first plan that is in conflict with one of it when each has the delay that it
// has alone, else by the first that one of it can come up against.
func (t *timing) split(group []int, alone map[int]int64) [][]int {
	left := make(map[int]bool, len(group))
	for _, i := range group {
		left[i] = true
	}
	var out [][]int
	for _, first := range group {
		if !left[first] {
			continue
		}
		set := []int{first}
		delete(left, first)
		for len(set) < maxTogether {
			next := t.nextOf(set, left, alone)
			if next < 0 {
				break
			}
			set = append(set, next)
			delete(left, next)
		}
		slices.Sort(set)
		out = append(out, set)
	}
	return out
}

// nextOf returns the plan by which split lets a set grow, or -1.
func (t *timing) nextOf(set []int, left map[int]bool, alone map[int]int64) int {
	next, conflicting := -1, false
	for _, i := range set {
		for _, l := range t.pairs[i] {
			if !left[l.other] {
				continue
			}
			banned := l.bans.at(alone[l.other]-alone[i]) >= 0
			if next < 0 || banned && !conflicting || banned == conflicting && l.other < next {
				next, conflicting = l.other, banned
			}
		}
	}
	return next
}

// improve times a few plans at a time anew while that makes the sum less: each
// plan that has more delay than it would have alone, with those in its way.
func (t *timing) improve(group []int, alone map[int]int64, delays []int64) {
	excess := func(i int) int64 { return t.cost.of(delays[i]) - t.cost.of(alone[i]) }
	for range maxRounds {
		better := false
		order := slices.Clone(group)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(excess(b), excess(a)) })
		for _, i := range order {
			if excess(i) <= 0 {
				continue
			}
			some := t.inTheWay(i, alone[i], delays)
			known := make([]int64, len(some))
			for k, j := range some {
				known[k] = delays[j]
			}
			found, _, _ := t.search(some, delays, known, roundChoices)
			for k := range found {
				better = true
				delays[some[k]] = found[k]
			}
		}
		if !better {
			return
		}
	}
}

// inTheWay returns a plan with a few others: first those that forbid the
// delay that it would have alone, then those whose own delay is longest.
func (t *timing) inTheWay(i int, wanted int64, delays []int64) []int {
	links := slices.Clone(t.pairs[i])
	slices.SortStableFunc(links, func(a, b link) int {
		x := a.bans.at(delays[a.other]-wanted) >= 0
		y := b.bans.at(delays[b.other]-wanted) >= 0
		if x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(t.cost.of(delays[b.other]), t.cost.of(delays[a.other]))
	})
	some := []int{i}
	for _, l := range links[:min(len(links), maxTogether-1)] {
		some = append(some, l.other)
	}
	slices.Sort(some)
	return some
}
