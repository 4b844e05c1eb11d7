package volume

import (
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// touchM is the distance in metres at which two edges of one ring count as
// touching.
const touchM = 1e-6

// checkRing refuses rings that repeat a vertex, have no area, or cross or touch
// themselves.
func (f *Footprint) checkRing() error {
	if at, ok := f.repeatedVertex(); ok {
		return invalid(DuplicateVertex, at, "vertex %s occurs twice", f.vertices[at])
	}
	if f.onOneLine() {
		return invalid(ZeroArea, -1, "the ring encloses no area: its vertices lie on one line")
	}
	if i, j, ok := f.selfContact(); ok {
		return invalid(SelfCrossing, f.edgeOf(i), "edges %d and %d of the ring cross or touch", f.edgeOf(i), f.edgeOf(j))
	}
	return nil
}

func (f *Footprint) repeatedVertex() (at int, ok bool) {
	seen := make(map[geodesy.Vec]bool, len(f.vertices))
	for i := range f.vertices {
		p := f.vertices[i].ECEF()
		if seen[p] {
			return i, true
		}
		seen[p] = true
	}
	return 0, false
}

// onOneLine tells whether all spots lie on the geodesic through the first and
// the one farthest from it.
func (f *Footprint) onOneLine() bool {
	first, far, best := &f.spots[0], 0, 0.0
	for i := range f.spots {
		w := f.spots[i].p.Sub(first.p)
		if d2 := w.Dot(w); d2 > best {
			far, best = i, d2
		}
	}
	end := &f.spots[far]
	length := math.Sqrt(best)
	for i := range f.spots {
		if math.Abs(orient(first, end, &f.spots[i])) > touchM*length {
			return false
		}
	}
	return true
}

// selfContact returns two pieces of the ring that are not neighbours and cross
// or touch, or neighbours that fold back onto each other.
func (f *Footprint) selfContact() (i, j int, ok bool) {
	n := f.pieces()
	order := make([]int, n)
	boxes := make([]bounds, n)
	for i := range order {
		order[i] = i
		boxes[i] = pieceBounds(f.spots, i)
	}
	axis := widest(boxes)
	slices.SortFunc(order, func(i, j int) int {
		switch a, b := axis(boxes[i].lo), axis(boxes[j].lo); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return i - j
	})
	for k, i := range order {
		for _, j := range order[k+1:] {
			if axis(boxes[j].lo) > axis(boxes[i].hi)+touchM {
				break
			}
			if boxes[i].gap(&boxes[j]) <= touchM && f.contact(min(i, j), max(i, j)) {
				return min(i, j), max(i, j), true
			}
		}
	}
	return 0, 0, false
}

// widest returns the axis along which boxes spread most.
func widest(boxes []bounds) func(geodesy.Vec) float64 {
	b := boxes[0]
	for i := range boxes {
		b = b.union(boxes[i])
	}
	x, y, z := b.hi.X-b.lo.X, b.hi.Y-b.lo.Y, b.hi.Z-b.lo.Z
	switch {
	case x >= y && x >= z:
		return func(v geodesy.Vec) float64 { return v.X }
	case y >= z:
		return func(v geodesy.Vec) float64 { return v.Y }
	}
	return func(v geodesy.Vec) float64 { return v.Z }
}

// contact tells whether pieces i < j of the ring cross or touch other than at
// the spot that neighbours share.
func (f *Footprint) contact(i, j int) bool {
	a, b := f.piece(i)
	c, d := f.piece(j)
	near := func(p, q, r *spot) bool {
		dist, _ := toPiece(p, q, r)
		return dist <= touchM
	}
	switch {
	case j == i+1: // b is c
		return near(d, a, b) || near(a, c, d)
	case i == 0 && j == f.pieces()-1: // a is d
		return near(c, a, b) || near(b, c, d)
	}
	if apartBy(a, b, c, d, touchM) || apartBy(c, d, a, b, touchM) {
		return false
	}
	if cross, _ := crossing(a, b, c, d, 0); cross {
		return true
	}
	return near(a, c, d) || near(b, c, d) || near(c, a, b) || near(d, a, b)
}

// edgeOf returns the index of the declared edge that piece i is part of.
func (f *Footprint) edgeOf(i int) int {
	edge := -1
	at := 0
	for v := range f.vertices {
		p := f.vertices[v].ECEF()
		for at <= i && f.spots[at].p != p {
			at++
		}
		if at > i {
			break
		}
		edge = v
	}
	return max(edge, 0)
}
