package oracle

import (
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// strand is a part of a curve, between two parameters.
type strand struct {
	curve
	lo, hi float64
	index  int // of the edge or leg it is part of
}

// ball is a ball in space that holds the strands [from, to).
type ball struct {
	from, to    int
	left, right int // children, 0 for a leaf
	middle      geodesy.Vec
	reachM      float64
}

// chain is a list of strands with a tree of balls over it.
type chain struct {
	strands []strand
	balls   []ball // root first
}

func newChain(strands []strand) *chain {
	c := &chain{strands: strands}
	c.grow(0, len(strands))
	return c
}

func (c *chain) grow(from, to int) int {
	at := len(c.balls)
	c.balls = append(c.balls, ball{from: from, to: to})
	if to-from == 1 {
		s := &c.strands[from]
		c.balls[at].middle = s.at((s.lo + s.hi) / 2)
		c.balls[at].reachM = (s.hi - s.lo) / 2 * s.rateM
		return at
	}
	mid := (from + to) / 2
	l := c.grow(from, mid)
	r := c.grow(mid, to)
	b := &c.balls[at]
	b.left, b.right = l, r
	b.middle = c.balls[l].middle.Add(c.balls[r].middle).Scale(0.5)
	for _, k := range [2]int{l, r} {
		b.reachM = max(b.reachM, c.balls[k].middle.Sub(b.middle).Norm()+c.balls[k].reachM)
	}
	return at
}

// outline returns the base of a footprint: a point, or its edges.
func outline(f *volume.Footprint) *chain {
	v := f.Vertices()
	if len(v) == 1 {
		return newChain([]strand{{curve: curve{rest: v[0].ECEF()}}})
	}
	n := len(v) - 1
	if f.Shape() == volume.Polygon {
		n++
	}
	strands := make([]strand, n)
	for i := range n {
		c, length := edgeBetween(v[i], v[(i+1)%len(v)])
		strands[i] = strand{curve: c, hi: length, index: i}
	}
	return newChain(strands)
}

// flown returns the geodesic of a leg with the parameter in seconds since its
// start.
func flown(from, to volume.Waypoint) curve {
	c, length := edgeBetween(from.At, to.At)
	if c.rateM != 0 {
		c.rateM = length / (float64(to.TimeNS-from.TimeNS) / 1e9)
	}
	return c
}
