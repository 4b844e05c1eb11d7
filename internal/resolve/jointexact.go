package resolve

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"github.com/deconflict/deconflict/internal/volume"
)

// This file finds the best delays of a few plans that share an airspace. What
// one plan does against fixed traffic forbids open intervals of its delay; what
// two plans do to each other depends on the difference of their delays alone.
// With an instant 0 that stands still, both are open intervals of differences.
//
// To stay out of one interval a difference is at most its lower end or at least
// its upper end, and the search branches on that. What has been decided so far
// is a system of difference constraints, over which the sum of costs, convex in
// each delay, is least where no set of plans moved together makes it less
// (Murota, Discrete Convex Analysis, theorem 7.14: such a sum is L♮-convex).
// That least sum bounds whatever is decided later.

// maxTogether is the number of plans up to which their delays are searched for
// exactly: the sets of plans that could move together number two to that power.
const maxTogether = 8

// maxChoices bounds how many choices an exact search may look at, and so its
// memory: less than a kilobyte each.
const maxChoices = 20_000

// delayCost is the cost of a delay: so much per millisecond later and earlier,
// in thousandths of the cost of a millisecond of delay of weight 1.
type delayCost struct{ later, earlier int64 }

func (c delayCost) of(ms int64) int64 {
	if ms < 0 {
		return -ms * c.earlier
	}
	return ms * c.later
}

// exact asks for the delays of n plans, in whole milliseconds. Index 0 of its
// arrays is the instant that stands still; plans are numbered from 1.
type exact struct {
	n      int
	lo, hi int64 // limits of every delay
	cost   delayCost
	// bans[i][j], for i < j, are the forbidden differences of j's delay less
	// i's, in milliseconds.
	bans [maxTogether + 1][maxTogether + 1]spanSet
}

// choice is what has been decided: most[i][j] is the most by which j's delay may
// exceed i's. x is the least of the cheapest delays that obey it; they may
// still lie in bans.
type choice struct {
	most [maxTogether + 1][maxTogether + 1]int64
	x    [maxTogether + 1]int64
	cost int64
}

// compare orders choices by cost, then by delays in the order of plans.
func (c *choice) compare(d *choice) int {
	return cmp.Or(cmp.Compare(c.cost, d.cost), slices.Compare(c.x[:], d.x[:]))
}

// queue is a heap of choices, the cheapest first.
type queue []*choice

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*choice)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// search returns the cheapest delays, of equally cheap ones those that come
// first in order, and a bound: none cost less. Nil means that there are none, or
// none better than known. known are delays that obey everything, or nil. The
// result is proven unless more choices than left would have to be looked at;
// then the bound is what is proven. What was looked at is taken off left.
func (e *exact) search(known []int64, left *int) (x []int64, bound int64, proven bool) {
	var best *choice
	if known != nil {
		best = &choice{}
		copy(best.x[1:], known)
		for _, ms := range known {
			best.cost += e.cost.of(ms)
		}
	}
	seeded := best
	var open queue
	offer := func(c *choice) {
		if !e.propagate(c) {
			return
		}
		e.relax(c)
		if best == nil || c.compare(best) < 0 {
			heap.Push(&open, c)
		}
	}
	offer(e.root())
	for len(open) > 0 {
		c := heap.Pop(&open).(*choice)
		if best != nil && c.compare(best) >= 0 {
			break
		}
		i, j, ban, banned := e.deepest(c)
		if !banned {
			best = c
			break
		}
		if *left <= 0 {
			return answerOf(e, best, seeded), c.cost, false
		}
		*left--
		below := *c
		if below.tighten(i, j, ban.Lo) {
			offer(&below)
		}
		if c.tighten(j, i, -ban.Hi) {
			offer(c)
		}
	}
	if best == nil {
		return nil, 0, true
	}
	return answerOf(e, best, seeded), best.cost, true
}

// answerOf returns the delays of the best choice, or nil if it is the seed.
func answerOf(e *exact, best, seeded *choice) []int64 {
	if best == seeded {
		return nil
	}
	return slices.Clone(best.x[1 : e.n+1])
}

// root is the choice in which nothing has been decided but the limits.
func (e *exact) root() *choice {
	c := new(choice)
	for i := 1; i <= e.n; i++ {
		for j := 1; j <= e.n; j++ {
			if i != j {
				c.most[i][j] = e.hi - e.lo
			}
		}
		c.most[0][i], c.most[i][0] = e.hi, -e.lo
	}
	return c
}

// tighten demands that j's delay exceeds i's by at most v, and tells whether
// that can be. most stays closed: no detour over a third plan is tighter.
func (c *choice) tighten(i, j int, v int64) bool {
	if v >= c.most[i][j] {
		return true
	}
	if v+c.most[j][i] < 0 {
		return false
	}
	for a := range c.most {
		for b := range c.most {
			c.most[a][b] = min(c.most[a][b], c.most[a][i]+v+c.most[j][b])
		}
	}
	return true
}

// maxPropagations bounds the rounds of propagate, which may stop at any time.
const maxPropagations = 32

// propagate draws limits of differences in to where no ban holds them. It tells
// whether anything is left.
func (e *exact) propagate(c *choice) bool {
	if e.lo > e.hi {
		return false
	}
	for range maxPropagations {
		moved := false
		for i := 0; i < e.n; i++ {
			for j := i + 1; j <= e.n; j++ {
				bans := e.bans[i][j]
				if k := bans.at(-c.most[j][i]); k >= 0 {
					if moved = true; !c.tighten(j, i, -bans[k].Hi) {
						return false
					}
				}
				if k := bans.at(c.most[i][j]); k >= 0 {
					if moved = true; !c.tighten(i, j, bans[k].Lo) {
						return false
					}
				}
			}
		}
		if !moved {
			break
		}
	}
	return true
}

// deepest returns the ban that the delays of a choice lie deepest in.
func (e *exact) deepest(c *choice) (first, second int, ban volume.Span, banned bool) {
	depth := int64(0)
	for i := 0; i < e.n; i++ {
		for j := i + 1; j <= e.n; j++ {
			d := c.x[j] - c.x[i]
			k := e.bans[i][j].at(d)
			if k < 0 {
				continue
			}
			b := e.bans[i][j][k]
			if in := min(d-b.Lo, b.Hi-d); in > depth {
				depth, first, second, ban, banned = in, i, j, b, true
			}
		}
	}
	return first, second, ban, banned
}

// relax sets the least of the cheapest delays that a choice allows. It begins
// with the delays that it has, raised to what is allowed, or else with the least
// that are, and moves that set of plans together that saves most,
// as far as it saves as much, until none saves anything; then those that save
// nothing go back as far as they can.
func (e *exact) relax(c *choice) {
	was := c.x
	for i := range was {
		for j, x := range was {
			c.x[i] = max(c.x[i], x-c.most[i][j])
		}
	}
	if c.x[0] > 0 {
		c.x[0] = 0
		for i := 1; i <= e.n; i++ {
			c.x[i] = -c.most[i][0]
		}
	}
	for e.move(c, 1) || e.move(c, -1) {
	}
	c.cost = 0
	for _, ms := range c.x[1 : e.n+1] {
		c.cost += e.cost.of(ms)
	}
}

// move moves the best set of plans later (way 1) or earlier (way -1) and tells
// whether there was one. Earlier need not be cheaper, later must.
func (e *exact) move(c *choice, way int64) bool {
	// Whoever moves takes along those that it would come up against; nobody
	// moves against instant 0.
	var drags, slope [maxTogether + 1]int64
	for i := 1; i <= e.n; i++ {
		for j := 0; j <= e.n; j++ {
			if i != j && c.room(i, j, way) == 0 {
				drags[i] |= 1 << j
			}
		}
		slope[i] = e.cost.slope(c.x[i], way)
	}
	best, most := 0, int64(0)
	var sums [2 << maxTogether]int64
	var dragged [2 << maxTogether]int64
	for set := 2; set < 2<<e.n; set += 2 {
		i := bits.TrailingZeros(uint(set))
		rest := set & (set - 1)
		sums[set], dragged[set] = sums[rest]+slope[i], dragged[rest]|drags[i]
		if sum := sums[set]; dragged[set]&^int64(set) == 0 && (best == 0 && (sum < 0 || sum == 0 && way < 0) || sum < most) {
			best, most = set, sum
		}
	}
	if best == 0 {
		return false
	}
	step := e.hi - e.lo
	for i := 1; i <= e.n; i++ {
		if best>>i&1 == 0 {
			continue
		}
		for j := 0; j <= e.n; j++ {
			if best>>j&1 == 0 {
				step = min(step, c.room(i, j, way))
			}
		}
		if c.x[i]*way < 0 { // at 0 the slope changes
			step = min(step, -c.x[i]*way)
		}
	}
	for i := 1; i <= e.n; i++ {
		if best>>i&1 == 1 {
			c.x[i] += step * way
		}
	}
	return true
}

// room returns how far i may move until it comes up against j.
func (c *choice) room(i, j int, way int64) int64 {
	if way > 0 {
		return c.most[j][i] - (c.x[i] - c.x[j])
	}
	return c.most[i][j] - (c.x[j] - c.x[i])
}

// slope returns what a millisecond later (way 1) or earlier (way -1) costs.
func (c delayCost) slope(ms, way int64) int64 {
	switch {
	case way > 0 && ms >= 0:
		return c.later
	case way > 0:
		return -c.earlier
	case ms > 0:
		return -c.later
	default:
		return c.earlier
	}
}
