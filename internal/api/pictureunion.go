package api

import (
	"math"
	"slices"
)

// united returns the areas that a closed path goes round at least once, which
// must go round each of them counter-clockwise. A path that crosses itself is
// cut where it does, and what has nothing on one side kept. It is false when
// that does not come out, as when lines lie upon each other.
func united(r ring) ([]area, bool) {
	if len(r) < 3 {
		return nil, false
	}
	cuts := crossings(r)
	if cuts == nil {
		return []area{{outer: r}}, true
	}
	next := map[spot][]spot{}
	kept := 0
	for i := range r {
		list := append([]spot{r[i]}, cuts[i]...)
		list = append(list, r[(i+1)%len(r)])
		for k := 1; k < len(list); k++ {
			a, b := list[k-1], list[k]
			if a == b || slices.Contains(next[a], b) || !r.bounds(a, b) {
				continue
			}
			next[a] = append(next[a], b)
			kept++
		}
	}
	return linked(next, kept)
}

// crossings returns, by edge, where others cross it, in order; nil when none
// does.
func crossings(r ring) [][]spot {
	n := len(r)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	west := func(i int) int64 { return min(r[i].x, r[(i+1)%n].x) }
	slices.SortFunc(order, func(i, k int) int { return int(max(-1, min(1, west(i)-west(k)))) })
	var cuts [][]spot
	for o, i := range order {
		a, b := r[i], r[(i+1)%n]
		for _, k := range order[o+1:] {
			if west(k) > max(a.x, b.x) {
				break
			}
			c, d := r[k], r[(k+1)%n]
			if k == (i+1)%n || i == (k+1)%n || max(c.y, d.y) < min(a.y, b.y) || min(c.y, d.y) > max(a.y, b.y) {
				continue
			}
			s, ok := cross(a, b, c, d)
			if !ok {
				continue
			}
			if cuts == nil {
				cuts = make([][]spot, n)
			}
			cuts[i], cuts[k] = append(cuts[i], s), append(cuts[k], s)
		}
	}
	for i := range cuts {
		slices.SortFunc(cuts[i], func(p, q spot) int {
			return int(max(-1, min(1, gap(r[i], p)-gap(r[i], q))))
		})
	}
	return cuts
}

// gap is how far two corners of an edge are apart, for comparing.
func gap(a, b spot) int64 { return max(a.x-b.x, b.x-a.x) + max(a.y-b.y, b.y-a.y) }

// cross returns where two edges meet.
func cross(a, b, c, d spot) (spot, bool) {
	ux, uy := float64(b.x-a.x), float64(b.y-a.y)
	vx, vy := float64(d.x-c.x), float64(d.y-c.y)
	det := ux*vy - uy*vx
	if det == 0 {
		return spot{}, false
	}
	wx, wy := float64(c.x-a.x), float64(c.y-a.y)
	f, g := (wx*vy-wy*vx)/det, (wx*uy-wy*ux)/det
	if f < 0 || f > 1 || g < 0 || g > 1 {
		return spot{}, false
	}
	return spot{a.x + int64(math.Round(f*ux)), a.y + int64(math.Round(f*uy))}, true
}

// sideE9 is how far beside the middle of an edge its sides are looked at.
const sideE9 = 4

// bounds tells whether an edge has something on its left and nothing on its
// right.
func (r ring) bounds(a, b spot) bool {
	mx, my := float64(a.x+b.x)/2, float64(a.y+b.y)/2
	dx, dy := float64(b.x-a.x), float64(b.y-a.y)
	l := math.Hypot(dx, dy)
	dx, dy = dx/l*sideE9, dy/l*sideE9
	return r.winding(mx+dy, my-dx) == 0 && r.winding(mx-dy, my+dx) != 0
}

// winding is how often the ring goes round a point.
func (r ring) winding(x, y float64) int {
	w := 0
	for i, a := range r {
		b := r[(i+1)%len(r)]
		up, down := float64(a.y) <= y && float64(b.y) > y, float64(a.y) > y && float64(b.y) <= y
		if !up && !down {
			continue
		}
		if side := float64(b.x-a.x)*(y-float64(a.y)) - (x-float64(a.x))*float64(b.y-a.y); up && side > 0 {
			w++
		} else if down && side < 0 {
			w--
		}
	}
	return w
}

// linked makes rings of edges.
func linked(next map[spot][]spot, count int) ([]area, bool) {
	var outers, holes []ring
	for count > 0 {
		start, ok := first(next)
		if !ok {
			return nil, false
		}
		r := ring{start}
		at, from := start, start
		for {
			to, ok := take(next, from, at)
			if !ok {
				return nil, false
			}
			count--
			from, at = at, to
			if at == start {
				break
			}
			r = append(r, at)
		}
		switch a := r.areaE18(); {
		case a > 0:
			outers = append(outers, r)
		case a < 0:
			holes = append(holes, r)
		}
	}
	if len(outers) != 1 {
		return nil, false // of one piece, it has one edge on the outside
	}
	return []area{{outers[0], holes}}, true
}

// first returns the southernmost corner that edges begin at, so that what comes
// of them does not depend on the order of a map.
func first(next map[spot][]spot) (spot, bool) {
	var best spot
	found := false
	for s, list := range next {
		if len(list) > 0 && (!found || s.y < best.y || s.y == best.y && s.x < best.x) {
			best, found = s, true
		}
	}
	return best, found
}

// take takes the edge that goes on from a corner, the rightmost where several do:
// what touches itself stays in one piece.
func take(next map[spot][]spot, from, at spot) (spot, bool) {
	list := next[at]
	if len(list) == 0 {
		return spot{}, false
	}
	best := 0
	if len(list) > 1 && from != at {
		bestTurn := math.Inf(1)
		in := math.Atan2(float64(at.y-from.y), float64(at.x-from.x))
		for i, to := range list {
			t := math.Mod(math.Atan2(float64(to.y-at.y), float64(to.x-at.x))-in+5*math.Pi, 2*math.Pi)
			if t < bestTurn {
				best, bestTurn = i, t
			}
		}
	}
	to := list[best]
	next[at] = slices.Delete(list, best, best+1)
	return to, true
}
