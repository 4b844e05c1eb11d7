package resolve

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/volume"
)

// timing asks for the delays of plans in whole milliseconds, at the least sum of
// cost. Plans have the order of their ids, and only whole milliseconds matter:
// a span forbids those strictly inside it.
type timing struct {
	lo, hi int64 // limits of every delay
	cost   delayCost
	own    []spanSet // of each plan: its forbidden delays
	pairs  [][]link  // of each plan: the others it can come up against, sorted
	left   int       // choices that exact searches may still look at
}

// allChoices bounds the choices that all exact searches look at together, some
// seconds' worth.
const allChoices = 60_000

// link is what two plans do to each other: the forbidden differences of the
// other's delay less this one's.
type link struct {
	other int
	bans  spanSet
}

// times answers a timing.
type times struct {
	delays []int64 // nil: none were found
	bound  int64   // no delays cost less
	proven bool    // delays cost the least, or there are none
	stuck  [][]int // sets of plans that were not found delays together
}

// newTiming returns a timing of plans with forbidden delays, without pairs.
func newTiming(lo, hi int64, cost delayCost, own []spanSet) *timing {
	return &timing{lo: lo, hi: hi, cost: cost, own: own, pairs: make([][]link, len(own)), left: allChoices}
}

// couple adds what plans i < j do to each other: differences of j's delay less
// i's. Pairs must come in order of i, then j.
func (t *timing) couple(i, j int, bans spanSet) {
	t.pairs[i] = append(t.pairs[i], link{j, bans})
	t.pairs[j] = append(t.pairs[j], link{i, mirrored(bans)})
}

// between returns the forbidden differences of plan j's delay less plan i's.
func (t *timing) between(i, j int) spanSet {
	for _, l := range t.pairs[i] {
		if l.other == j {
			return l.bans
		}
	}
	return nil
}

// recouple is couple in the place of what was between two plans.
func (t *timing) recouple(i, j int, bans spanSet) {
	t.pairs[i] = slices.DeleteFunc(t.pairs[i], func(l link) bool { return l.other == j })
	t.pairs[j] = slices.DeleteFunc(t.pairs[j], func(l link) bool { return l.other == i })
	t.couple(i, j, bans)
	for _, k := range [2]int{i, j} {
		slices.SortFunc(t.pairs[k], func(a, b link) int { return cmp.Compare(a.other, b.other) })
	}
}

// mirrored returns the spans of the opposite differences.
func mirrored(spans spanSet) spanSet {
	out := make(spanSet, len(spans))
	for k, s := range spans {
		out[len(spans)-1-k] = volume.Span{Lo: -s.Hi, Hi: -s.Lo}
	}
	return out
}

// solve answers the timing, component by component.
func (t *timing) solve() times {
	out := times{delays: make([]int64, len(t.own)), proven: true}
	for _, group := range t.components() {
		var part times
		if len(group) <= maxTogether {
			part = t.together(group)
		} else {
			part = t.many(group)
		}
		out.bound += part.bound
		out.stuck = append(out.stuck, part.stuck...)
		out.proven = out.proven && part.proven
		if part.delays == nil {
			out.delays = nil
		}
		if out.delays != nil {
			for k, i := range group {
				out.delays[i] = part.delays[k]
			}
		}
	}
	return out
}

// components returns the sets of plans that come up against each other, directly
// or through others.
func (t *timing) components() [][]int {
	seen := make([]bool, len(t.own))
	var out [][]int
	for i := range t.own {
		if seen[i] {
			continue
		}
		seen[i] = true
		group := []int{i}
		for k := 0; k < len(group); k++ {
			for _, l := range t.pairs[group[k]] {
				if !seen[l.other] {
					seen[l.other] = true
					group = append(group, l.other)
				}
			}
		}
		slices.Sort(group)
		out = append(out, group)
	}
	return out
}

// together answers for a few plans, exactly.
func (t *timing) together(group []int) times {
	known := t.firstCome(group)
	best, bound, proven := t.search(group, nil, known, maxChoices)
	if best == nil {
		best = known
	}
	out := times{delays: best, bound: bound, proven: proven}
	if best == nil {
		out.stuck = t.smallestStuck(group)
	}
	return out
}

// search is exact.search for a few plans within what is left of all choices,
// but at most a limit.
func (t *timing) search(group []int, fixed, known []int64, limit int) (x []int64, bound int64, proven bool) {
	left := min(limit, t.left)
	before := left
	x, bound, proven = t.exact(group, fixed).search(known, &left)
	t.left -= before - left
	return x, bound, proven
}

// exact returns the exact question for a few plans, those of fixed, if any,
// staying at their delays.
func (t *timing) exact(group []int, fixed []int64) *exact {
	e := &exact{n: len(group), lo: t.lo, hi: t.hi, cost: t.cost}
	for k, i := range group {
		e.bans[0][k+1] = t.own[i]
		var others []volume.Span
		for _, l := range t.pairs[i] {
			m, inside := slices.BinarySearch(group, l.other)
			switch {
			case inside && m > k:
				e.bans[k+1][m+1] = l.bans
			case !inside && fixed != nil:
				others = shifted(others, l.bans, fixed[l.other])
			}
		}
		if others != nil {
			e.bans[0][k+1] = normalise(append(others, t.own[i]...))
		}
	}
	return e
}

// shifted appends a plan's delays that another with the given delay forbids;
// bans are the other's delay less the plan's.
func shifted(dst, bans []volume.Span, delay int64) []volume.Span {
	for _, s := range bans {
		dst = append(dst, volume.Span{Lo: delay - s.Hi, Hi: delay - s.Lo})
	}
	return dst
}

// smallestStuck returns every plan of a group that finds no delay alone or, if
// each does, the first of the smallest sets that find none together.
func (t *timing) smallestStuck(group []int) [][]int {
	var out [][]int
	for size := 1; size < len(group) && out == nil; size++ {
		for set := 1; set < 1<<len(group); set++ {
			var some []int
			for k, i := range group {
				if set>>k&1 == 1 {
					some = append(some, i)
				}
			}
			if len(some) != size || size > 1 && out != nil {
				continue
			}
			if best, _, proven := t.search(some, nil, nil, roundChoices); best == nil && proven {
				out = append(out, some)
			}
		}
	}
	if out == nil {
		out = [][]int{group}
	}
	return out
}

// leastClear returns the cheapest delay outside a plan's forbidden ones, the
// earlier of two.
func (t *timing) leastClear(bans spanSet) (ms int64, ok bool) {
	later, earlier := bans.from(0), bans.upTo(0)
	switch {
	case later > t.hi && earlier < t.lo:
		return 0, false
	case later > t.hi || earlier >= t.lo && t.cost.of(earlier) <= t.cost.of(later):
		return earlier, true
	}
	return later, true
}

// firstCome returns delays of a group's plans found one after the other, the
// cheapest of several orders, or nil if no order finds any.
func (t *timing) firstCome(group []int) []int64 {
	var best []int64
	for _, order := range t.orders(group) {
		if x := t.inOrder(group, order); x != nil && (best == nil || t.compare(x, best) < 0) {
			best = x
		}
	}
	return best
}

// compare orders delays by cost, then by delays.
func (t *timing) compare(x, y []int64) int {
	return cmp.Or(cmp.Compare(t.sum(x), t.sum(y)), slices.Compare(x, y))
}

func (t *timing) sum(delays []int64) int64 {
	sum := int64(0)
	for _, ms := range delays {
		sum += t.cost.of(ms)
	}
	return sum
}

// orders returns the orders in which plans of a group take their turns: of
// their ids and backwards, those first that most delays are forbidden to, those
// first that come up against most others, and those first that have to wait
// longest for themselves.
func (t *timing) orders(group []int) [][]int {
	by := func(rank func(i int) int64) []int {
		order := slices.Clone(group)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(b), rank(a)) })
		return order
	}
	backwards := slices.Clone(group)
	slices.Reverse(backwards)
	return [][]int{
		group,
		backwards,
		by(func(i int) int64 { return t.lengthOf(t.own[i], t.lo, t.hi) }),
		by(func(i int) int64 {
			sum := int64(0)
			for _, l := range t.pairs[i] {
				sum += t.lengthOf(l.bans, t.lo-t.hi, t.hi-t.lo)
			}
			return sum
		}),
		by(func(i int) int64 {
			ms, _ := t.leastClear(t.own[i])
			return t.cost.of(ms)
		}),
	}
}

// lengthOf returns how much of the values from lo to hi is forbidden.
func (t *timing) lengthOf(bans spanSet, lo, hi int64) int64 {
	sum := int64(0)
	for _, s := range bans {
		sum += max(0, min(s.Hi, hi)-max(s.Lo, lo))
	}
	return sum
}

// maxTurns bounds how often inOrder begins anew.
const maxTurns = 32

// inOrder gives each plan in turn the cheapest delay that those before it leave.
// One that is left none goes first the next time.
func (t *timing) inOrder(group, order []int) []int64 {
	order = slices.Clone(order)
	at := make(map[int]int64, len(group))
	for range min(len(group), maxTurns) {
		clear(at)
		late := -1
		for k, i := range order {
			bans := []volume.Span(slices.Clone(t.own[i]))
			for _, l := range t.pairs[i] {
				if ms, placed := at[l.other]; placed {
					bans = shifted(bans, l.bans, ms)
				}
			}
			ms, ok := t.leastClear(normalise(bans))
			if !ok {
				late = k
				break
			}
			at[i] = ms
		}
		if late < 0 {
			x := make([]int64, len(group))
			for k, i := range group {
				x[k] = at[i]
			}
			return x
		}
		if late == 0 {
			return nil
		}
		i := order[late]
		copy(order[1:late+1], order[:late])
		order[0] = i
	}
	return nil
}
