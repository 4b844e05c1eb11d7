package index

import (
	"math/bits"
	"sort"
)

// run is a packed, immutable set of entries; only the marks of death change.
//
// A slot is leaf*fanout + lane. The trees have no pointers: a tree's leaves
// lie in one stretch of leaves, the nodes of each level in one stretch of
// inner, and the children of node i of a level are nodes 16i to 16i+15 of the
// level below.
type run[ID Key] struct {
	leaves []leaf[ID]
	inner  []lanes
	trees  []tree
	byID   []uint32 // slots in ascending order of id: finds what Delete removes

	dead int // entries marked dead; for the writer only
}

// tree is one size class of a run.
type tree struct {
	bounds Box
	height int                   // levels of inner nodes; 0 is a single leaf
	start  [maxHeight + 1]uint32 // place of the first node of a level; level 0 are the leaves
	count  [maxHeight + 1]uint32 // nodes of a level
}

// maxHeight is enough for 2^32 slots: 16^8.
const maxHeight = 7

func (r *run[ID]) len() int { return len(r.byID) }

func (r *run[ID]) at(slot uint32) (*leaf[ID], uint32) {
	return &r.leaves[slot/fanout], slot % fanout
}

func (r *run[ID]) idAt(slot uint32) ID {
	l, lane := r.at(slot)
	return l.ids[lane]
}

// newRun packs items; item i of rank k belongs to ids[k], and ids are in
// ascending order. It permutes items, and starts at most as many goroutines as
// spare has room for.
func newRun[ID Key](ids []ID, items []item, spare chan struct{}) *run[ID] {
	r := &run[ID]{byID: make([]uint32, len(ids))}
	parts := byClass(items)
	leaves, inner := 0, 0
	for _, part := range parts {
		leaves += ceilDiv(len(part))
		for level := ceilDiv(len(part)); level > 1; {
			level = ceilDiv(level)
			inner += level
		}
	}
	r.leaves = make([]leaf[ID], 0, leaves)
	r.inner = make([]lanes, 0, inner)
	for _, part := range parts {
		if len(part) > 0 {
			arrange(part, topBlock(len(part)), spare)
			r.addTree(part, ids)
		}
	}
	return r
}

func ceilDiv(n int) int { return (n + fanout - 1) / fanout }

// addTree appends the leaves and nodes over arranged items.
func (r *run[ID]) addTree(items []item, ids []ID) {
	t := tree{bounds: nothing()}
	t.start[0] = uint32(len(r.leaves))
	t.count[0] = uint32(ceilDiv(len(items)))
	for len(items) > 0 {
		part := items[:min(fanout, len(items))]
		items = items[len(part):]
		r.leaves = append(r.leaves, leaf[ID]{})
		l := &r.leaves[len(r.leaves)-1]
		for i := range fanout {
			if i >= len(part) {
				l.boxes.clear(i)
				l.died[i].Store(1)
				continue
			}
			l.boxes.set(i, part[i].box)
			l.ids[i] = ids[part[i].rank]
			r.byID[part[i].rank] = uint32((len(r.leaves)-1)*fanout + i)
			t.bounds = t.bounds.cover(part[i].box)
		}
	}
	for t.count[t.height] > 1 {
		r.addLevel(&t)
	}
	r.trees = append(r.trees, t)
}

// addLevel appends the parents of a tree's uppermost level.
func (r *run[ID]) addLevel(t *tree) {
	below, first := t.count[t.height], t.start[t.height]
	parents := (below + fanout - 1) / fanout
	start := uint32(len(r.inner))
	for p := range parents {
		var n lanes
		for i := range uint32(fanout) {
			child := p*fanout + i
			switch {
			case child >= below:
				n.clear(int(i))
			case t.height == 0:
				n.set(int(i), r.leaves[first+child].boxes.bounds())
			default:
				n.set(int(i), r.inner[first+child].bounds())
			}
		}
		r.inner = append(r.inner, n)
	}
	t.height++
	t.start[t.height], t.count[t.height] = start, parents
}

// search appends the ids of the entries that overlap q and that a snapshot of
// write seq sees, in no order, with repeats.
func (r *run[ID]) search(dst []ID, q Box, p *probe, seq uint32) []ID {
	for i := range r.trees {
		if t := &r.trees[i]; t.bounds.overlaps(q) {
			dst = r.descend(dst, t, t.height, 0, p, seq)
		}
	}
	return dst
}

func (r *run[ID]) descend(dst []ID, t *tree, level int, i uint32, p *probe, seq uint32) []ID {
	if level == 0 {
		l := &r.leaves[t.start[0]+i]
		for m := l.boxes.mask(p); m != 0; m &= m - 1 {
			lane := bits.TrailingZeros32(m)
			if visible(l.died[lane].Load(), seq) {
				dst = append(dst, l.ids[lane])
			}
		}
		return dst
	}
	m := r.inner[t.start[level]+i].mask(p)
	level--
	for ; m != 0; m &= m - 1 {
		child := i*fanout + uint32(bits.TrailingZeros32(m))
		if child < t.count[level] {
			dst = r.descend(dst, t, level, child, p, seq)
		}
	}
	return dst
}

// find returns the part of byID that holds the slots of id.
func (r *run[ID]) find(id ID) []uint32 {
	from := r.firstAtLeast(id)
	to := from
	for to < len(r.byID) && r.idAt(r.byID[to]) == id {
		to++
	}
	return r.byID[from:to]
}

// firstAtLeast returns the place in byID of the first entry with an id not
// less than id.
func (r *run[ID]) firstAtLeast(id ID) int {
	return sort.Search(len(r.byID), func(i int) bool { return r.idAt(r.byID[i]) >= id })
}

// kill marks the live entries of id as removed by write seq and returns how
// many there were.
func (r *run[ID]) kill(id ID, seq uint32) int {
	n := 0
	for _, slot := range r.find(id) {
		if l, lane := r.at(slot); l.died[lane].Load() == 0 {
			l.died[lane].Store(seq)
			n++
		}
	}
	r.dead += n
	return n
}
