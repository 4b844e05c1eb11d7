package volume

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// leafPieces is the number of pieces in a leaf of a footprint's tree, and the
// largest footprint that has none.
const leafPieces = 8

// bounds is an axis-parallel box in ECEF, metres.
type bounds struct{ lo, hi geodesy.Vec }

// node is a box around the pieces [from, to) of a footprint. Children follow:
// the left one at once, the right one at index right; a leaf has right 0.
type node struct {
	bounds
	from, to, right int32
}

// growTree returns the nodes over consecutive pieces, root first, or nothing
// for a footprint small enough to be walked.
func growTree(spots []spot, pieces int) []node {
	if pieces <= leafPieces {
		return nil
	}
	nodes := make([]node, 0, 2*pieces/leafPieces+1)
	var grow func(from, to int)
	grow = func(from, to int) {
		at := len(nodes)
		nodes = append(nodes, node{from: int32(from), to: int32(to)})
		if to-from <= leafPieces {
			b := pieceBounds(spots, from)
			for i := from + 1; i < to; i++ {
				b = b.union(pieceBounds(spots, i))
			}
			nodes[at].bounds = b
			return
		}
		half := (from + to) / 2
		grow(from, half)
		right := len(nodes)
		grow(half, to)
		nodes[at].right = int32(right)
		nodes[at].bounds = nodes[at+1].union(nodes[right].bounds)
	}
	grow(0, pieces)
	return nodes
}

// pieceBounds returns a box around piece i, its arc included.
func pieceBounds(spots []spot, i int) bounds {
	a := spots[i].p
	b := spots[0].p
	if i+1 < len(spots) {
		b = spots[i+1].p
	}
	lo, hi := lower(a, b), upper(a, b)
	w := b.Sub(a)
	// The arc rises above its chord by c²/8ρ, with ρ at least 6,335 km.
	rise := w.Dot(w) / (8 * 6_335_000)
	r := geodesy.Vec{X: rise, Y: rise, Z: rise}
	return bounds{lo.Sub(r), hi.Add(r)}
}

func (b bounds) union(c bounds) bounds {
	return bounds{lower(b.lo, c.lo), upper(b.hi, c.hi)}
}

// gap returns a lower bound of the distance between points of two boxes.
func (b *bounds) gap(c *bounds) float64 {
	x := max(0, b.lo.X-c.hi.X, c.lo.X-b.hi.X)
	y := max(0, b.lo.Y-c.hi.Y, c.lo.Y-b.hi.Y)
	z := max(0, b.lo.Z-c.hi.Z, c.lo.Z-b.hi.Z)
	return math.Sqrt(float64(x*x) + float64(y*y) + float64(z*z))
}

// root returns the root box and piece range of a footprint; a footprint
// without a tree has a box around all of it.
func (f *Footprint) root() node {
	if len(f.tree) > 0 {
		return f.tree[0]
	}
	if f.isPoint() {
		return node{bounds: bounds{f.spots[0].p, f.spots[0].p}, to: 1}
	}
	b := pieceBounds(f.spots, 0)
	for i := 1; i < f.pieces(); i++ {
		b = b.union(pieceBounds(f.spots, i))
	}
	return node{bounds: b, to: int32(f.pieces())}
}

// children returns the two children of n, and false for a leaf.
func (f *Footprint) children(at int32, n *node) (left, right int32, ok bool) {
	if n.right == 0 {
		return 0, 0, false
	}
	return at + 1, n.right, true
}

func (f *Footprint) node(at int32) node {
	if len(f.tree) == 0 {
		return f.root()
	}
	return f.tree[at]
}

// nearby calls visit for every piece range (a leaf) of f whose box is within
// limit metres of b; visit returns the limit to go on with.
func (f *Footprint) nearby(b *bounds, limit float64, visit func(from, to int) float64) {
	var walk func(at int32)
	walk = func(at int32) {
		n := f.node(at)
		if n.gap(b) > limit {
			return
		}
		if l, r, ok := f.children(at, &n); ok {
			walk(l)
			walk(r)
			return
		}
		limit = visit(int(n.from), int(n.to))
	}
	walk(0)
}

// pairsNearby calls visit for pairs of leaves of f and g whose boxes are within
// limit metres, nearer boxes first; visit returns the limit to go on with.
func pairsNearby(f, g *Footprint, limit float64, visit func(f0, f1, g0, g1 int) float64) {
	var walk func(i, j int32)
	walk = func(i, j int32) {
		n, m := f.node(i), g.node(j)
		if n.gap(&m.bounds) > limit {
			return
		}
		nl, nr, nok := f.children(i, &n)
		ml, mr, mok := g.children(j, &m)
		switch {
		case !nok && !mok:
			limit = visit(int(n.from), int(n.to), int(m.from), int(m.to))
		case nok && (!mok || n.to-n.from >= m.to-m.from):
			a, b := f.node(nl), f.node(nr)
			if b.gap(&m.bounds) < a.gap(&m.bounds) {
				nl, nr = nr, nl
			}
			walk(nl, j)
			walk(nr, j)
		default:
			a, b := g.node(ml), g.node(mr)
			if b.gap(&n.bounds) < a.gap(&n.bounds) {
				ml, mr = mr, ml
			}
			walk(i, ml)
			walk(i, mr)
		}
	}
	walk(0, 0)
}
