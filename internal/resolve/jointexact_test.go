package resolve

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/volume"
)

// randomTiming returns a timing of n plans with a few spans each, in a range so
// small that ends meet, or so large that they hardly do.
func randomTiming(rng *rand.Rand, n int) *timing {
	// The exhaustive search of four or five must stay small.
	reach := []int64{8, 25, 3_600_000}[rng.IntN(3)]
	if n > 3 {
		reach = []int64{8, 16}[rng.IntN(5-n+1)]
	}
	lo := int64(0)
	if rng.IntN(2) == 0 {
		lo = -rng.Int64N(reach)
	}
	hi := rng.Int64N(reach)
	spans := func(most int, width int64) spanSet {
		var out []volume.Span
		for range rng.IntN(most + 1) {
			at := rng.Int64N(2*width) - width
			out = append(out, volume.Span{Lo: at, Hi: at + 1 + rng.Int64N(width/2)})
		}
		return normalise(out)
	}
	own := make([]spanSet, n)
	for i := range own {
		own[i] = spans(2, reach)
	}
	cost := delayCost{later: rng.Int64N(3) * 1000, earlier: rng.Int64N(4) * 1000}
	if n > 3 {
		cost = delayCost{later: 1 + rng.Int64N(3), earlier: 1 + rng.Int64N(3)}
	}
	tm := newTiming(lo, hi, cost, own)
	for i := range n {
		for j := i + 1; j < n; j++ {
			if bans := spans(2, reach); len(bans) > 0 {
				tm.couple(i, j, bans)
			}
		}
	}
	return tm
}

// obeys tells whether delays of the first plans keep out of every span.
func (t *timing) obeys(x []int64) bool {
	for i, ms := range x {
		if ms < t.lo || ms > t.hi || banned(t.own[i], ms) {
			return false
		}
		for _, l := range t.pairs[i] {
			if l.other < len(x) && banned(l.bans, x[l.other]-ms) {
				return false
			}
		}
	}
	return true
}

func banned(spans spanSet, v int64) bool {
	return slices.ContainsFunc(spans, func(s volume.Span) bool { return s.Lo < v && v < s.Hi })
}

// candidates returns, for each plan, every delay of an optimum: 0, a limit, an
// end of an own span, or such a delay of another plan and, along a chain of
// different plans, an end of a span of each two of them.
func candidates(t *timing) [][]int64 {
	found := make([]map[int64]bool, len(t.own))
	for i := range found {
		found[i] = map[int64]bool{}
	}
	used := make([]bool, len(t.own))
	var follow func(i int, ms int64)
	follow = func(i int, ms int64) {
		if ms < t.lo || ms > t.hi || banned(t.own[i], ms) {
			return
		}
		found[i][ms] = true
		used[i] = true
		for _, l := range t.pairs[i] {
			if used[l.other] {
				continue
			}
			for _, s := range l.bans {
				follow(l.other, ms+s.Lo)
				follow(l.other, ms+s.Hi)
			}
		}
		used[i] = false
	}
	for i := range t.own {
		for _, ms := range []int64{0, t.lo, t.hi} {
			follow(i, ms)
		}
		for _, s := range t.own[i] {
			follow(i, s.Lo)
			follow(i, s.Hi)
		}
	}
	out := make([][]int64, len(found))
	for i, set := range found {
		for ms := range set {
			out[i] = append(out[i], ms)
		}
		slices.SortFunc(out[i], func(a, b int64) int { return cmp.Compare(t.cost.of(a), t.cost.of(b)) })
	}
	return out
}

// exhaustive returns the best of all tuples of candidates.
func exhaustive(t *timing) []int64 {
	all := candidates(t)
	var best []int64
	var try func(x []int64)
	try = func(x []int64) {
		if best != nil && t.sum(x) > t.sum(best) || !t.obeys(x) {
			return
		}
		if len(x) == len(t.own) {
			if best == nil || t.compare(x, best) < 0 {
				best = slices.Clone(x)
			}
			return
		}
		for _, ms := range all[len(x)] {
			try(append(x, ms))
		}
	}
	try(make([]int64, 0, len(t.own)))
	return best
}

// Exact search equals exhaustive search, ties included.
func TestJointEqualsExhaustive(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	stuck, delayed := 0, 0
	for k := range 10_000 {
		tm := randomTiming(rng, 2+rng.IntN(4))
		want := exhaustive(tm)
		got := tm.solve()
		if !got.proven || !slices.Equal(got.delays, want) {
			t.Fatalf("case %d: found %v (proven %t), expected %v\n%+v", k, got.delays, got.proven, want, tm)
		}
		if want == nil {
			stuck++
			continue
		}
		if got.bound != tm.sum(want) {
			t.Fatalf("case %d: bound %d, expected the cost %d", k, got.bound, tm.sum(want))
		}
		if got.bound > 0 {
			delayed++
		}
	}
	if stuck < 500 || delayed < 4000 {
		t.Errorf("found %d cases without delays and %d with a cost: the cases are no longer hard", stuck, delayed)
	}
}

// TestJointOfManyIsBounded joins two questions by pairs that cannot come up
// against each other within the limits, so that they are answered as one of too
// many plans, whose optimum is known.
func TestJointOfManyIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 5))
	found, exact := 0, 0
	var cost, least int64
	for k := range 400 {
		a, b := randomTiming(rng, 5), randomTiming(rng, 5)
		b.lo, b.hi, b.cost = a.lo, a.hi, a.cost
		alone := []spanSet{nil} // one more, that meets nobody
		all := newTiming(a.lo, a.hi, a.cost, slices.Concat(a.own, b.own, alone))
		for n, part := range []*timing{a, b} {
			for i := range part.own {
				for _, l := range part.pairs[i] {
					if l.other > i {
						all.couple(5*n+i, 5*n+l.other, l.bans)
					}
				}
			}
		}
		never := spanSet{{Lo: a.hi - a.lo, Hi: a.hi - a.lo + 10}}
		for i := range 9 {
			if all.between(i, i+1) == nil {
				all.couple(i, i+1, never)
			}
		}
		want, rest := exhaustive(a), exhaustive(b)
		got := all.solve()
		if want == nil || rest == nil {
			if got.delays != nil || len(got.stuck) == 0 {
				t.Fatalf("case %d: found %v stuck %v, expected none", k, got.delays, got.stuck)
			}
			continue
		}
		optimum := a.sum(want) + b.sum(rest)
		if got.bound > optimum {
			t.Fatalf("case %d: bound %d above the optimum %d", k, got.bound, optimum)
		}
		if got.delays == nil {
			if got.proven {
				t.Fatalf("case %d: proven to have no delays, found %v and %v", k, want, rest)
			}
			continue
		}
		if !all.obeys(got.delays) || all.sum(got.delays) < optimum || got.proven != (all.sum(got.delays) == got.bound) {
			t.Fatalf("case %d: found %v at %d (proven %t), expected %v and %v at %d", k, got.delays, all.sum(got.delays), got.proven, want, rest, optimum)
		}
		found++
		if got.proven {
			exact++
		}
		cost, least = cost+all.sum(got.delays), least+optimum
	}
	t.Logf("%d answers, %d of them exact; cost %d, optimum %d", found, exact, cost, least)
	if found < 100 || float64(cost) > 1.02*float64(least) {
		t.Errorf("found %d answers at %d, expected 100 or more within 2 %% of %d", found, cost, least)
	}
}
