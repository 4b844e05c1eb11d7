package index

import "sync/atomic"

// fanout is the number of children of a node and of entries in a leaf.
const fanout = 16

// lanes holds the boxes of a node's children.
type lanes [fanout]lane

// lane is a box; notHi is ^Hi, so that "overlaps" is the same on both sides: a
// sum below zero.
type lane struct{ lo, notHi [axes]int32 }

// probe is a query in the form that lanes are compared with: a child overlaps
// where lo + notHi < 0 and notHi + lo < 0 on every axis (x <= y is x + ^y < 0).
// The sums are made in 64 bits, so that they hold at MinCoord and MaxCoord.
type probe struct{ lo, notHi [axes]int64 }

func probeOf(q Box) probe {
	var p probe
	for a := range axes {
		p.lo[a], p.notHi[a] = int64(q.Lo[a]), int64(^q.Hi[a])
	}
	return p
}

// mask returns the children that overlap the probe, child i as bit i.
//
// There is no branch on data: which of sixteen boxes overlaps on which axis
// cannot be predicted, and a wrong guess costs more than eight sums. The
// sixteen lanes are written out because two thirds of a query are spent here,
// and the compiler makes a loop over them half as slow again: it computes each
// address anew.
func (n *lanes) mask(p *probe) uint32 {
	lo0, lo1, lo2, lo3 := p.lo[0], p.lo[1], p.lo[2], p.lo[3]
	hi0, hi1, hi2, hi3 := p.notHi[0], p.notHi[1], p.notHi[2], p.notHi[3]
	return n[0].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<0 |
		n[1].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<1 |
		n[2].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<2 |
		n[3].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<3 |
		n[4].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<4 |
		n[5].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<5 |
		n[6].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<6 |
		n[7].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<7 |
		n[8].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<8 |
		n[9].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<9 |
		n[10].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<10 |
		n[11].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<11 |
		n[12].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<12 |
		n[13].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<13 |
		n[14].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<14 |
		n[15].meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3)<<15
}

// meets returns 1 if the lane overlaps.
func (c *lane) meets(lo0, lo1, lo2, lo3, hi0, hi1, hi2, hi3 int64) uint32 {
	x := (int64(c.lo[0]) + hi0) & (int64(c.notHi[0]) + lo0) &
		(int64(c.lo[1]) + hi1) & (int64(c.notHi[1]) + lo1) &
		(int64(c.lo[2]) + hi2) & (int64(c.notHi[2]) + lo2) &
		(int64(c.lo[3]) + hi3) & (int64(c.notHi[3]) + lo3)
	return uint32(uint64(x) >> 63)
}

func (n *lanes) set(i int, b Box) {
	for a := range axes {
		n[i].lo[a], n[i].notHi[a] = b.Lo[a], ^b.Hi[a]
	}
}

func (n *lanes) box(i int) Box {
	var b Box
	for a := range axes {
		b.Lo[a], b.Hi[a] = n[i].lo[a], ^n[i].notHi[a]
	}
	return b
}

// bounds returns the smallest box around all children.
func (n *lanes) bounds() Box {
	b := nothing()
	for i := range fanout {
		b = b.cover(n.box(i))
	}
	return b
}

// clear makes lane i match nothing but a query that is unbounded both ways on
// every axis; see padding in leaf and the child count in tree for that one.
func (n *lanes) clear(i int) { n.set(i, nothing()) }

// leaf holds sixteen entries. All is immutable but died.
//
// died is 0 while the entry lives, then the number of the write that removed
// it: a snapshot taken before that write still sees the entry. A lane without
// an entry died at write 1, before the first snapshot.
type leaf[ID Key] struct {
	boxes lanes
	died  [fanout]atomic.Uint32
	ids   [fanout]ID
}

// visible reports whether an entry that died at write died, or 0, is seen by
// a snapshot made by write seq.
func visible(died, seq uint32) bool { return died == 0 || died > seq }
